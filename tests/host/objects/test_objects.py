# Pictures by URL: what holds for a folder, S3 (moto's and SeaweedFS's), OSS and memory alike.

import concurrent.futures
import contextlib
import uuid

import pytest

from tests.support import ossserver, s3server, seaweedfs
from tools.cloud.objects import Objects, SettingError

NAME = "20260131T235959.123456Z-1a2b3c4d-000042.jpg"
KINDS = ["folder", "s3", pytest.param("seaweedfs", marks=seaweedfs.needed), "oss", "memory"]
ODD = "a b/中文%20+é&=~'(1)"  # what a prefix may be


def name(number):
    return f"20260131T235959.123456Z-1a2b3c4d-{number:06d}.jpg"


@pytest.fixture(params=KINDS)
def make(request, tmp_path):
    """A function that makes Objects at a prefix, all of them in the same place."""
    with contextlib.ExitStack() as stack:
        if request.param == "folder":
            root, options = tmp_path.as_uri(), {}
        elif request.param == "s3":
            url = request.getfixturevalue("s3")
            root = "s3://" + s3server.bucket(url)
            options = {**s3server.KEY, "endpoint_url": url}
        elif request.param == "seaweedfs":
            url = request.getfixturevalue("weed")
            root = f"s3://{seaweedfs.BUCKET}/{uuid.uuid4()}"
            options = {**seaweedfs.KEY, "endpoint_url": url}
        elif request.param == "oss":
            oss = stack.enter_context(ossserver.running())
            root, options = "oss://pictures", {**ossserver.OPTIONS, "endpoint": oss.url}
        else:
            root, options = f"memory://{uuid.uuid4()}", {}

        def made(prefix="prefix", **more):
            if request.param == "folder":
                return Objects((tmp_path / prefix).as_uri(), **more)
            return Objects(f"{root}/{prefix}", options=options, **more)

        yield made


def test_a_picture_comes_back_as_it_was(make):
    objects = make()
    data = bytes(range(256)) * 200
    objects.put(NAME, data, "image/jpeg")
    assert objects.get(NAME) == data
    assert [found[:2] for found in objects.names()] == [(NAME, len(data))]
    objects.put(NAME, b"another", "image/jpeg")
    assert make().get(NAME) == b"another"
    assert [found[:2] for found in objects.names()] == [(NAME, 7)]  # no listing is remembered
    objects.probe()


def test_many_are_put_at_once(make):
    objects = make()
    pictures = [(name(number), bytes([number]) * 5000, "image/jpeg") for number in range(9)]
    assert objects.put_all(pictures) == [None] * 9
    for each, data, _ in pictures:
        assert objects.get(each) == data
    with pytest.raises(ValueError, match="not a picture's name"):
        objects.put_all([(name(10), b"", "image/jpeg"), ("../x", b"", "image/jpeg")])
    assert len(list(objects.names())) == 9


def test_the_time_of_change_is_told(make, tmp_path):
    objects = make()
    objects.put(NAME, b"x", "image/jpeg")
    ((_, _, modified),) = objects.names()
    assert modified > 1_300_000_000


def test_what_is_not_there(make):
    objects = make()
    assert list(objects.names()) == []
    with pytest.raises(FileNotFoundError):
        objects.get(NAME)
    objects.delete(NAME)
    objects.put(NAME, b"x", "image/jpeg")
    objects.delete(NAME)
    with pytest.raises(FileNotFoundError):
        objects.get(NAME)
    assert objects.path(NAME) is None
    assert list(objects.names()) == []


def test_an_odd_prefix(make):
    objects = make(ODD)
    objects.put(NAME, b"odd", "image/jpeg")
    assert objects.get(NAME) == b"odd"
    assert [found[0] for found in objects.names()] == [NAME]
    assert list(make("a b/中文%20 é&=~'(1)").names()) == []
    objects.delete(NAME)
    assert list(objects.names()) == []


def test_another_prefix_is_another_place(make):
    pictures, other, inner = make("pictures"), make("pictures2"), make("pictures/inner")
    for number, objects in enumerate((pictures, other, inner), 1):
        objects.put(name(number), bytes(number), "image/jpeg")
    assert [found[0] for found in pictures.names()] == [name(1)]
    assert [found[0] for found in other.names()] == [name(2)]
    pictures.delete(name(2))
    assert other.get(name(2)) == bytes(2)


@pytest.mark.parametrize(
    "bad",
    [
        "",
        ".",
        "..",
        "../" + NAME,
        "x/" + NAME,
        NAME + ".part",
        NAME + "\n",
        "/etc/hostname",
        "a\0",
    ],
)
def test_names_that_lead_elsewhere(make, bad):
    objects = make()
    objects.put(NAME, b"x", "image/jpeg")
    for step in (lambda: objects.put(bad, b"", "image/jpeg"), lambda: objects.delete(bad)):
        with pytest.raises(ValueError, match="not a picture's name"):
            step()
    with pytest.raises(ValueError, match="not a picture's name"):
        objects.url(bad)
    with pytest.raises(FileNotFoundError):
        objects.get(bad)
    assert objects.path(bad) is None
    assert [found[0] for found in objects.names()] == [NAME]


def test_many_threads_at_once(make):
    objects = make()
    data = {name(number): bytes([number]) * 50_000 for number in range(40)}

    def step(item):
        objects.put(*item, "image/jpeg")
        return objects.get(item[0])

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert list(pool.map(step, data.items())) == list(data.values())
    assert {found[0]: found[1] for found in objects.names()} == dict.fromkeys(data, 50_000)


def test_urls_through_the_receiver_and_public_ones(make):
    assert make().url(NAME) is None
    for base in ("https://example.com/a%20b", "https://example.com/a%20b/"):
        objects = make(urls="public", public_base=base)
        assert objects.url(NAME) == "https://example.com/a%20b/" + NAME


@pytest.mark.parametrize("base", [None, "", "example.com", "ftp://example.com", "https://"])
def test_a_public_base_that_is_no_url(make, base):
    with pytest.raises(SettingError, match="base of the pictures' public URLs"):
        make(urls="public", public_base=base)


def test_an_unknown_kind_of_url(make):
    with pytest.raises(SettingError, match="'open' is none of receiver, public, signed"):
        make(urls="open")
