# One upload from a file in as little heap as it takes: micropython least.py NAME URL CA PATH
#
# NAME: ours (PATH is an outbox) or stock (PATH is a picture); with "-" in place of the URL
# nothing but the imports and the configuration. Imports nothing else: it would be compiled there.
# Prints true when it worked.

import gc
import sys

_CONFIG = (
    '{"cloud": {"endpoint": "%s", "access_token": "demo-camera", "identifier": "image", '
    '"project_key": "demo-project-key", "region": "demo"}}'
)


def ours(url, ca, path):
    """The outbox's oldest picture."""
    from thingscam.cloud.uploader import Uploader
    from thingscam.config import config
    from thingscam.http.session import Session
    from thingscam.outbox.policy import Outbox

    settings = config.parse((_CONFIG % url.replace("-", "http://none")).encode())
    gc.collect()
    if url == "-":
        return
    session = Session(ca if url.startswith("https:") else None)
    file = Outbox(path, 1 << 20).oldest().open()
    Uploader(settings, session).upload(file)


def stock(url, _ca, path):
    """The file, read first."""
    import requests

    gc.collect()
    if url == "-":
        return
    headers = {"Content-Type": "application/octet-stream", "Region": "demo", "Project-Key": "key"}
    with open(path, "rb") as file:
        data = file.read()
    url += "/device/v1/demo-camera/image/image"
    answer = requests.post(url, data=data, headers=headers)
    assert answer.json()["result"] == 1
    answer.close()


gc.threshold(16384)  # as main.py has it while it imports
{"ours": ours, "stock": stock}[sys.argv[1]](*sys.argv[2:])
print("true")
