# What a stored picture tells of itself, and the order in which pictures stand.

import datetime
import io
import os
import shutil

import pytest
from PIL import Image
from PIL.ExifTags import IFD, Base

from tests.support.board import until
from tests.support.cloud import keep, names_in, picture, running
from tests.support.page import photo
from tools.cloud.service import accounts as accounts_file
from tools.cloud.service.pictures import Details, details
from tools.cloud.service.store import Store

MOMENT = datetime.datetime(2026, 11, 24, 16, 5, 12)


def told(tmp_path, data):
    path = tmp_path / "picture.jpg"
    path.write_bytes(data)
    return details(path)


@pytest.mark.parametrize(
    ("offset", "hours"), [("+00:00", 0), ("+01:00", 1), ("-05:30", -5.5), ("Z", 0)]
)
def test_capture_time_with_its_zone(offset, hours, tmp_path):
    found = told(tmp_path, photo((40, 30), captured_at=MOMENT, offset=offset, cause="pir"))
    zone = datetime.timezone(datetime.timedelta(hours=hours))
    assert found == Details(40, 30, MOMENT.replace(tzinfo=zone), "pir")


@pytest.mark.parametrize("offset", [None, "", "   :  ", "+1", "nonsense"])
def test_capture_time_without_a_zone(offset, tmp_path):
    assert told(tmp_path, photo(captured_at=MOMENT, offset=offset)).captured_at == MOMENT


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP", "BMP"])
def test_a_picture_that_tells_nothing(form, tmp_path):
    assert told(tmp_path, picture(form)) == Details(64, 48)


@pytest.mark.parametrize("data", [b"", b"<script>", picture()[:10]])
def test_what_is_no_picture_tells_nothing(data, tmp_path):
    assert told(tmp_path, data) == Details()


@pytest.mark.parametrize(
    ("cause", "expected"),
    [("  two\nlines\0\x1b[31m ", "two lines [31m"), ("x" * 100, "x" * 60 + "..."), ("", "")],
)
def test_a_cause_is_one_short_line(cause, expected, tmp_path):
    assert told(tmp_path, photo(cause=cause)).cause == expected


@pytest.mark.parametrize(
    ("notes", "expected"),
    [
        (b"ASCII\0\0\0" + b"2/5 low\n", "pir 2/5 low"),
        (b"ASCII\0\0\0", "pir"),
        (b"UNICODE\0" + b"2\0", "pir"),
        (b"", "pir"),
    ],
)
def test_a_comment_is_noted_behind_the_cause(notes, expected, tmp_path):
    assert told(tmp_path, photo(cause="pir", notes=notes)).cause == expected


@pytest.mark.parametrize("when", ["0000:00:00 00:00:00", "    :  :     :  :  ", "2026", 7])
def test_a_capture_time_that_is_none(when, tmp_path):
    exif = Image.Exif()
    exif.get_ifd(IFD.Exif)[Base.DateTimeOriginal] = when
    file = io.BytesIO()
    Image.new("RGB", (8, 6)).save(file, "JPEG", exif=exif)
    assert told(tmp_path, file.getvalue()).captured_at is None


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_exif_that_is_broken_anywhere(tmp_path):
    """Each byte of it set to 0xff in turn: never an exception, always the size."""
    data = photo(captured_at=MOMENT, offset="+00:00", cause="pir")
    start = data.index(b"Exif") + 6
    for place in range(start, data.index(b"\xff\xdb")):
        broken = bytearray(data)
        broken[place] = 0xFF
        found = told(tmp_path, bytes(broken))
        assert (found.width, found.height) == (64, 48)


def test_the_last_to_arrive_is_the_newest_though_the_clock_went_back(tmp_path):
    now = [2_000_000_000_000_000_000]
    store = Store(tmp_path, now=lambda: now[0])
    first = keep(store)
    now[0] //= 2
    second = keep(store)
    assert names_in(store) == [second, first]
    later = Store(tmp_path, now=lambda: 1_500_000_000_000_000_000)
    assert keep(later).endswith("-000003.jpg")


def test_watchers_hear_of_a_picture_once_it_is_there(tmp_path):
    store = Store(tmp_path)
    seen = []
    store.index.projects.replace(accounts_file.default())
    store.index.watch(lambda: seen.append(len(names_in(store))))
    keep(store)
    until(lambda: seen[-1:] == [1])


def test_a_picture_taken_away_by_hand_is_left_out(tmp_path):
    with running(tmp_path) as cloud:
        names = [cloud.upload(picture()).json()["image_url"].rpartition("/")[2] for _ in range(2)]
        os.remove(tmp_path / "images" / names[0])
        text = cloud.get("/").text
        assert names[1] in text
        assert names[0] not in text
        shutil.rmtree(tmp_path / "images")
        assert "No pictures yet" in cloud.get("/").text
        assert cloud.upload(picture()).json()["errcode"] == 5001
    store = Store(tmp_path)
    assert not store.has(names[0])
    pictures = store.index.pictures
    assert pictures.get("../attributes.json") is None
    assert pictures.get("99999999T999999.000000Z-2a97516c-000001.jpg") is None
