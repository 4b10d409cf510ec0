# Pictures elsewhere than in a folder, several instances on one index, and what fails of them.

import logging

import pytest

from tests.host.cloud.test_page_wire import events, shown
from tests.support import s3server
from tests.support.cloud import LABEL, TOKEN, UPLOAD, picture, running, settled
from tools.cloud.index import Index
from tools.cloud.objects import Objects, SettingError, StorageError
from tools.cloud.service.pictures import UnjudgedError
from tools.cloud.service.store import Store


@pytest.fixture
def elsewhere(s3):
    """Objects in a bucket of an S3 server."""
    options = {**s3server.KEY, "endpoint_url": s3}
    return Objects("s3://" + s3server.bucket(s3), options=options)


class Failing:
    """Objects that raise `error` for each picture."""

    shown = "file:///nowhere"
    together = 1

    def __init__(self, error):
        self.error = error

    def put_all(self, pictures):
        return [self.error for _ in pictures]

    def path(self, name):
        return None


def index(folder):
    return Index(f"sqlite:///{folder}/index.db")


def test_pictures_in_object_storage_are_shown_through_the_receiver(tmp_path, elsewhere):
    store = Store(index=index(tmp_path), objects=elsewhere)
    with running(tmp_path, store=store) as cloud:
        url = cloud.upload(picture("PNG")).json()["image_url"]
        assert url.startswith(cloud.url + "/images/")
        name = url.rpartition("/")[2]
        assert elsewhere.get(name) == picture("PNG")
        answer = cloud.get("/images/" + name)
        assert (answer.content, answer.headers["Content-Type"]) == (picture("PNG"), "image/png")
        assert name in cloud.get("/").text
        elsewhere.delete(name)
        assert cloud.get("/images/" + name).json()["errcode"] == 4041
    assert not (tmp_path / "images").exists()


def test_the_url_is_the_storages_own_where_that_is_wanted(tmp_path, s3):
    options = {**s3server.KEY, "endpoint_url": s3}
    bucket = s3server.bucket(s3)
    base = f"{s3}/{bucket}/"
    objects = Objects("s3://" + bucket, options=options, urls="public", public_base=base)
    with running(tmp_path, store=Store(index=index(tmp_path), objects=objects)) as cloud:
        url = cloud.upload(picture()).json()["image_url"]
        assert url.startswith(base)
        assert cloud.attributes().json()["attributes"] == {"image": url}


@pytest.mark.parametrize(
    ("error", "errcode"),
    [
        (StorageError("s3://pictures: it is full"), 5001),
        (SettingError("s3://pictures: there is no such bucket"), 1023),
    ],
)
def test_what_the_storage_does_not_take_is_not_stored(error, errcode, tmp_path, caplog):
    store = Store(index=index(tmp_path), objects=Failing(error))
    with running(tmp_path, store=store) as cloud:
        assert cloud.upload(picture()).json()["errcode"] == errcode
        assert cloud.attributes().json()["attributes"] == {}
        assert "No pictures yet" in cloud.get("/").text
    assert f"Demo camera: errcode {errcode}: {error}" in caplog.text


def test_5001_where_nobody_can_judge(tmp_path):
    async def judge(data):
        raise UnjudgedError("a process ended")

    with running(tmp_path, judge=judge) as cloud:
        assert cloud.upload(picture()).json()["errcode"] == 5001
        assert cloud.last()["stored"] is None


def test_pages_say_when_the_index_cannot_be_read(tmp_path, caplog):
    store = Store(tmp_path)
    with running(tmp_path, store=store) as cloud, caplog.at_level(logging.CRITICAL):
        for path in ("/", "/cameras", f"/camera/{LABEL}", "/page/older"):
            assert cloud.get(path).status_code == 200
        store.index._database.write(
            lambda connection: connection.exec_driver_sql("ALTER TABLE devices RENAME TO gone")
        )
        for path in ("/", "/cameras", f"/camera/{LABEL}", "/page/older"):
            answer = cloud.get(path)
            assert answer.status_code == 503
            assert answer.text.startswith("What is kept here cannot be read at the moment.")
        assert cloud.upload(picture()).json()["errcode"] == 5001
        assert cloud.attributes().json()["errcode"] == 5001


def test_two_instances_agree(tmp_path):
    with (
        running(tmp_path, interval=10) as one,
        running(tmp_path, interval=10) as other,
        events(other) as stream,
    ):
        url = one.upload(picture()).json()["image_url"]
        _, told = stream.next("pictures")
        assert shown(told) == [url.rpartition("/")[2]]
        assert other.upload(picture()).json()["errcode"] == 4291
        assert other.attributes().json()["attributes"] == {"image": url}


def test_accounts_of_the_index_are_changed_while_it_runs(tmp_path):
    store = Store(tmp_path)
    projects = store.index.projects
    key = projects.add_project("garden", "home")
    token = projects.add_device("garden", "Garden", {"image": "picture-url"})
    path = UPLOAD.replace(TOKEN, token)
    with running(tmp_path, store=store, commands=True) as cloud:
        known = {"Project_Key": key, "Region": "home"}
        assert cloud.upload(picture(), path, **known).json()["result"] == 1
        (device,) = projects.devices()
        assert f'href="/camera/{device.label}"' in cloud.get("/").text
        again = projects.rotate_token(device.label)
        assert cloud.upload(picture(), path, **known).json()["errcode"] == 1480
        path = path.replace(token, again)
        assert cloud.upload(picture(), path, **known).json()["result"] == 1
        assert cloud.get("/camera/" + again).json()["errcode"] == 4041
        settled(lambda: len(cloud.lines) >= 5)
        text = "\n".join(cloud.lines)
        assert " Garden" in text and token not in text and key not in text
