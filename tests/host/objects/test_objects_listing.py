# Listings of object storage: streamed, and nothing but pictures in them.

import concurrent.futures
import tracemalloc

import pytest
import requests

from tests.support import ossserver, s3server
from tools.cloud.objects import Objects
from tools.cloud.objects import s3 as s3_storage

MANY = 3000
PAGE, PAGES = 50, 120  # three of them


def name(number):
    return f"20260131T235959.123456Z-1a2b3c4d-{number:06d}.jpg"


STRANGE = [name(1) + ".part", "readme.txt", "sub/" + name(2), "probe-1-2.part", name(3).upper()]


def test_s3_lists_page_by_page(s3, monkeypatch):
    monkeypatch.setattr(s3_storage, "PAGE", PAGE)
    bucket = s3server.bucket(s3)
    keys = ["pictures/" + key for key in [*map(name, range(PAGES)), *STRANGE]]
    with requests.Session() as session, concurrent.futures.ThreadPoolExecutor(4) as pool:
        puts = pool.map(
            lambda key: session.put(f"{s3}/{bucket}/{key}", data=b"xy", timeout=60).status_code,
            [*keys, "pictures2/" + name(0), name(0)],
        )
        assert set(puts) == {200}
    objects = Objects(f"s3://{bucket}/pictures", options={**s3server.KEY, "endpoint_url": s3})
    _check(objects, PAGES)
    root = Objects(f"s3://{bucket}", options={**s3server.KEY, "endpoint_url": s3})
    assert [found[0] for found in root.names()] == [name(0)]


def test_oss_lists_page_by_page():
    with ossserver.running() as oss:
        kept = oss.buckets["pictures"]
        for key in [*map(name, range(MANY)), *STRANGE]:
            kept["pictures/" + key] = b"xy", {}
        kept["pictures2/" + name(0)] = kept[name(0)] = b"xy", {}
        options = {**ossserver.OPTIONS, "endpoint": oss.url}
        objects = Objects("oss://pictures/pictures", options=options)
        _check(objects)
        root = Objects("oss://pictures", options=options)
        assert [found[0] for found in root.names()] == [name(0)]
        oss.requests.clear()
        listing = objects.names()
        next(listing)
        assert len(oss.requests) == 1  # the next page is asked for when it is wanted


def test_a_folder_lists_nothing_but_pictures(tmp_path):
    (tmp_path / "sub").mkdir()
    for key in [*map(name, range(MANY)), *STRANGE]:
        (tmp_path / key).write_bytes(b"xy")
    (tmp_path / name(MANY)).mkdir()
    objects = Objects(tmp_path.as_uri())
    _check(objects)
    tracemalloc.start()
    assert sum(1 for _ in objects.names()) == MANY
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000  # the names alone would be 200,000 bytes


def _check(objects, count=MANY):
    found = list(objects.names())
    assert sorted(one[0] for one in found) == [name(number) for number in range(count)]
    assert {one[1] for one in found} == {2}


@pytest.mark.parametrize("prefix", ["", "pictures"])
def test_an_empty_bucket(s3, prefix):
    bucket = s3server.bucket(s3)
    objects = Objects(f"s3://{bucket}/{prefix}", options={**s3server.KEY, "endpoint_url": s3})
    assert list(objects.names()) == []
    objects.probe()
