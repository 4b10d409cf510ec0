# The README's program and those in examples/, run as they stand.

import json
import os
import sys

from test_sender import Post

from fakeboard import on_board
from fakecamera import Settings
from support import KEY, TOKEN, Script, env, http, new_folder, photo, raises
from thingscam import sender
from thingscam.camera import CameraError, drivers
from thingscam.camera.camera import Camera
from thingscam.cloud.uploader import UploadError


def example(name):
    """Import an example anew."""
    folder = env("ROOT") + "/examples"
    sys.path.append(folder)
    try:
        sys.modules.pop(name, None)
        return __import__(name)
    finally:
        sys.path.remove(folder)


def test_the_program_of_the_readme_prints_a_url():
    with open(env("ROOT") + "/README.md") as file:
        program = file.read().split("```python\n")[1].split("```")[0]
    cloud = {"endpoint": env("SERVICE_TLS"), "access_token": TOKEN, "identifier": "image"}
    cloud.update(project_key=KEY, region="demo")
    with open(env("FILES") + "/service_tls/ca.der", "rb") as file:
        files = {"ca.der": file.read(), "picture.jpg": photo()}
    files["config.json"] = json.dumps({"cloud": cloud}).encode()
    folder, before = new_folder(), os.getcwd()
    for name in files:
        with open(folder + "/" + name, "wb") as file:
            file.write(files[name])
    printed = []
    os.chdir(folder)
    try:
        exec(program, {"print": lambda *values: printed.append(values)})
    finally:
        os.chdir(before)
    ((url,),) = printed
    assert url.startswith(env("SERVICE_TLS") + "/images/"), url


@on_board
def test_pictures_go_to_another_service(esp):
    stock = sender.Uploader
    answers = (http(201, '{"url": "http://x/1.jpg"}'), http(403, ""), http(415, ""), http(500, ""))
    answers += (http(201, "{"),)
    turns = [step for text in answers for step in (["head"], ["body"], ["send", text])]
    script = Script(turns)
    example("another_service").use()
    try:
        post = Post(script.url)
    finally:
        sender.Uploader = stock
    assert post.outbox.put(photo("one"), None, "pir")
    post.sender.send_kept()
    assert len(post.outbox) == 0 and "-> http://x/1.jpg " in post.notes.lines[0]
    refusals = [raises(UploadError, post.upload, photo()) for _ in range(4)]
    assert [e.action for e in refusals] == ["stop", "drop", "retry", "retry"]
    (seen,) = script.report()
    assert seen["head"].startswith("POST /pictures HTTP/1.1\r\n")
    assert "Authorization: Bearer " + TOKEN in seen["head"]


def test_pictures_come_from_a_camera_of_ones_own():
    stock = drivers.start
    driver = example("camera_driver")
    driver.use()
    try:
        raises(CameraError, Camera, Settings(), 500000)
        driver.FOLDER = new_folder()
        for number in range(4):
            with open("{}/{}.jpg".format(driver.FOLDER, number), "wb") as file:
                file.write(photo(str(number)))
        camera = Camera(Settings(warmup=0), 500000)
        # One is thrown away at the start, for most drivers hold an old one.
        assert bytes(camera.capture()) == photo("1")
        camera.close()
        assert bytes(camera.capture()) == photo("1")
        # It has no sensor to set.
        settings = Settings(warmup=0)
        settings.sensor = {"vflip": True}
        camera = Camera(settings, 500000)
        assert camera.refused == ["vflip"] and bytes(camera.capture()) == photo("1")
    finally:
        drivers.start = stock
