# The stand-in's rules: every errcode, what wins of several, sizes, formats, the rate limit.

import gzip
import io
import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.support.cloud import (
    HEADERS,
    KEY,
    TOKEN,
    UPLOAD,
    connect,
    demo_accounts,
    exchange,
    head,
    picture,
    picture_of,
    received,
    running,
)
from tools.cloud.service import wire
from tools.cloud.service.pictures import PictureError, judge
from tools.cloud.service.rules import ERRCODES

AUTHENTICATION = "Upload authentication failed"
REPORT = "Device Attribute report failed"
FREQUENCY = "Request frequency is too high, please wait for a moment."

# Copied from the service's documentation by hand, so that a slip in the code's table shows.
DOCUMENTED = {
    4001: (400, "Missing Region header"),
    4002: (400, "Missing Project-Key header"),
    4003: (400, "Request body must be image binary data"),
    4004: (400, "Invalid image format"),
    4005: (413, "Image size exceeds limit"),
    4006: (400, "Missing Content-Type: application/octet-stream header"),
    1022: (400, AUTHENTICATION),
    1480: (400, AUTHENTICATION),
    1424: (400, AUTHENTICATION),
    1470: (400, AUTHENTICATION),
    1471: (400, AUTHENTICATION),
    1023: (400, AUTHENTICATION),
    4008: (400, "Region not found"),
    4009: (400, REPORT),
    401: (400, REPORT),
    451: (400, REPORT),
    402: (400, REPORT),
    403: (400, REPORT),
    413: (400, REPORT),
    4041: (404, "The requested endpoint does not exist"),
    4291: (429, FREQUENCY),
    4292: (429, FREQUENCY),
    5001: (500, "Internal server error"),
}


class Attempt:
    """An upload request that would succeed, and the account behind it, to be spoiled."""

    def __init__(self):
        self.accounts = demo_accounts()
        self.project = self.accounts["projects"][KEY]
        self.device = self.project["devices"][TOKEN]
        self.path = UPLOAD
        self.headers = dict(HEADERS)
        self.body = picture()
        self.sent_before = False

    def send(self, folder):
        """Run a server for it, send it and return the answer."""
        with running(folder, self.accounts, interval=10) as cloud:
            if self.sent_before:
                assert cloud.upload(b"x").json()["errcode"] == 4004
            return cloud.upload(self.body, self.path, headers=self.headers)


def _wrong_path(attempt):
    attempt.path += "s"


def _no_type(attempt):
    attempt.headers["Content-Type"] = "image/jpeg"


def _no_region(attempt):
    attempt.headers["Region"] = None


def _no_key(attempt):
    attempt.headers["Project-Key"] = None


def _unknown_region(attempt):
    attempt.headers["Region"] = "nowhere"


def _unknown_key(attempt):
    attempt.headers["Project-Key"] = "other-key"


def _disabled(attempt):
    attempt.device["enabled"] = False


def _unbound(attempt):
    attempt.device["device_type"] = None


def _undefined(attempt):
    if attempt.device["device_type"]:
        attempt.device["device_type"] = {"other": "picture-url"}


def _wrong_data_type(attempt):
    if attempt.device["device_type"]:
        attempt.device["device_type"] = {"image": "number"}


def _no_storage(attempt):
    attempt.project["storage"] = False


def _too_soon(attempt):
    attempt.sent_before = True


def _too_large(attempt):
    attempt.body = picture_of(512001) if attempt.body else attempt.body


def _empty(attempt):
    attempt.body = b""


def _no_picture(attempt):
    attempt.body = attempt.body[::-1]


def _quota(attempt):
    attempt.device["report_error"] = 413


IN_ORDER = [
    (4041, _wrong_path),
    (4006, _no_type),
    (4001, _no_region),
    (4002, _no_key),
    (4008, _unknown_region),
    (1022, _unknown_key),
    (1480, _disabled),
    (1424, _unbound),
    (1470, _undefined),
    (1471, _wrong_data_type),
    (1023, _no_storage),
    (4291, _too_soon),
    (4005, _too_large),
    (4003, _empty),
    (4004, _no_picture),
    (413, _quota),
]
# One request cannot be both: the same header, identifier or body, wrong in two ways.
IMPOSSIBLE = {(4001, 4008), (4002, 1022), (1470, 1471), (4005, 4003)}
# For these a first request cannot have been accepted by the same account.
NEVER_ACCEPTED = {1480, 1424, 1470, 1471, 1023}


def assert_refused(answer, errcode):
    status, message = DOCUMENTED[errcode]
    assert answer.json() == {"result": 0, "errcode": errcode, "message": message}
    assert answer.status_code == status
    assert answer.headers["Content-Type"].startswith("application/json")


def test_the_table_is_the_documentations():
    assert ERRCODES == DOCUMENTED


@pytest.mark.parametrize(("errcode", "spoil"), IN_ORDER)
def test_each_mistake_alone(errcode, spoil, tmp_path):
    attempt = Attempt()
    spoil(attempt)
    assert_refused(attempt.send(tmp_path), errcode)


@pytest.mark.parametrize("errcode", [4009, 401, 451, 402, 403, 413])
def test_attribute_report_errors_keep_the_picture_but_not_the_attribute(errcode, tmp_path):
    attempt = Attempt()
    attempt.device["report_error"] = errcode
    assert_refused(attempt.send(tmp_path), errcode)
    (stored,) = (tmp_path / "images").iterdir()
    assert stored.read_bytes() == attempt.body
    with running(tmp_path, attempt.accounts) as cloud:
        answer = cloud.get(f"/device/v1/{TOKEN}/attributes", headers={"Project-Key": KEY})
        assert answer.json() == {"result": 1, "attributes": {}}


PAIRS = [
    pytest.param(first, second, id=f"{first[0]}-{second[0]}")
    for first, second in itertools.combinations(IN_ORDER, 2)
    if (first[0], second[0]) not in IMPOSSIBLE
    and not (first[0] in NEVER_ACCEPTED and second[0] == 4291)
]


@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_of_two_mistakes_the_first_in_order_wins(first, second, tmp_path):
    attempt = Attempt()
    first[1](attempt)
    second[1](attempt)
    assert_refused(attempt.send(tmp_path), first[0])


@pytest.mark.parametrize(
    ("errcode", "spoil"), [row for row in IN_ORDER if row[0] in NEVER_ACCEPTED]
)
def test_mistakes_in_the_account_are_told_before_the_rate_limit(errcode, spoil, tmp_path):
    attempt = Attempt()
    with running(tmp_path, attempt.accounts, interval=10) as cloud:
        assert cloud.upload(attempt.body).json()["result"] == 1  # it was right until now
    with running(tmp_path, attempt.accounts, interval=10) as cloud:
        assert_refused(cloud.upload(attempt.body), 4291)
    spoil(attempt)
    assert_refused(attempt.send(tmp_path), errcode)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", UPLOAD),
        ("PUT", UPLOAD),
        ("HEAD", UPLOAD),
        ("POST", UPLOAD + "/"),
        ("POST", "/device/v1//image/image"),
        ("POST", f"/device/v1/{TOKEN}/image"),
        ("POST", f"/device/v2/{TOKEN}/image/image"),
        ("POST", "/"),
        ("GET", "/nothing"),
        ("GET", "/device/v1/x/attributes/more"),
        ("GET", "/_faults"),
        ("POST", "/_faults"),
        ("GET", "/_requests"),
    ],
)
def test_4041_for_other_paths_methods_and_a_control_endpoint_that_is_off(method, path, tmp_path):
    with running(tmp_path, faults=False) as cloud:
        answer = cloud.upload(picture(), path, method)
        if method == "HEAD":
            assert answer.status_code == 404
        else:
            assert_refused(answer, 4041)


@pytest.mark.parametrize(
    "value",
    [
        "application/octet-stream",
        "Application/Octet-Stream",
        "application/octet-stream; charset=binary",
        "application/octet-stream ;x=y",
    ],
)
def test_content_types_that_are_right(value, tmp_path):
    with running(tmp_path) as cloud:
        assert cloud.upload(picture(), Content_Type=value).json()["result"] == 1


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "application/octet-streams",
        "application/json",
        "image/jpeg",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded; application/octet-stream",
    ],
)
def test_content_types_that_are_wrong(value, tmp_path):
    with running(tmp_path) as cloud:
        assert_refused(cloud.upload(picture(), Content_Type=value), 4006)


def test_headers_that_are_no_text_name_nothing(tmp_path):
    with running(tmp_path) as cloud:
        assert_refused(cloud.upload(picture(), Region=b"\xff\xfe"), 4008)
        assert_refused(cloud.upload(picture(), Project_Key=b"\xff\xfe"), 1022)


def test_empty_headers_are_missing(tmp_path):
    with running(tmp_path) as cloud:
        assert_refused(cloud.upload(picture(), Region=""), 4001)
        assert_refused(cloud.upload(picture(), Project_Key=""), 4002)


def test_a_project_is_known_in_its_own_region_only(tmp_path):
    accounts = demo_accounts()
    accounts["projects"]["far-key"] = {"region": "far", "devices": {}}
    with running(tmp_path, accounts) as cloud:
        assert_refused(cloud.upload(picture(), Region="far"), 1022)


def test_a_device_of_another_project_is_unknown(tmp_path):
    accounts = demo_accounts()
    accounts["projects"]["other-key"] = {"region": "demo", "devices": {}}
    with running(tmp_path, accounts) as cloud:
        assert_refused(cloud.upload(picture(), Project_Key="other-key"), 1480)


@pytest.mark.parametrize(
    ("body", "errcode"),
    [
        (b"\xff", 4004),
        (picture_of(511999), None),
        (picture_of(512000), None),
        (picture_of(512001), 4005),
    ],
    ids=["1", "511999", "512000", "512001"],
)
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_sizes(body, errcode, chunked, tmp_path):
    with running(tmp_path) as cloud:
        answer = cloud.upload(iter([body]) if chunked else body)
        if errcode:
            assert_refused(answer, errcode)
        else:
            assert answer.json()["result"] == 1


def test_too_large_is_told_before_the_body_is_sent(tmp_path):
    with running(tmp_path) as cloud, connect(cloud) as connection:
        connection.sendall(head(512001))
        assert b'"errcode": 4005' in connection.recv(65536)


CHUNKED = head(headers={**HEADERS, "Transfer-Encoding": "chunked", "Connection": "close"})


def test_4003_for_no_chunks_at_all(tmp_path):
    with running(tmp_path) as cloud:
        found, _ = exchange(cloud, CHUNKED + b"0\r\n\r\n")
        assert b'"errcode": 4003' in found


@pytest.mark.parametrize("begun", [head(5) + b"four", CHUNKED + b"4\r\nfour\r\n"])
def test_4003_for_a_body_that_stops_coming(begun, tmp_path, monkeypatch):
    monkeypatch.setattr(wire, "BODY_SECONDS", 0.1)
    monkeypatch.setattr(wire, "DRAIN_SECONDS", 0.1)
    with running(tmp_path) as cloud, connect(cloud) as connection:
        connection.sendall(begun)
        found, end = received(connection)
        assert b'"errcode": 4003' in found
        assert end == "closed"


def test_4003_for_broken_chunks(tmp_path, monkeypatch):
    monkeypatch.setattr(wire, "BODY_SECONDS", 0.2)
    monkeypatch.setattr(wire, "DRAIN_SECONDS", 0.1)
    with running(tmp_path) as cloud, connect(cloud) as connection:
        connection.sendall(CHUNKED + b"4\r\nfour\r\n")
        cloud.last(until="bytes")  # else aiohttp refuses the request as a whole
        connection.sendall(b"zz\r\n")
        found, _ = received(connection)
        assert b'"errcode": 4003' in found


def test_4003_for_a_request_without_any_length(tmp_path):
    with running(tmp_path) as cloud:
        found, _ = exchange(cloud, head(headers={**HEADERS, "Connection": "close"}))
        assert b'"errcode": 4003' in found


FORMATS = {"JPEG": "jpg", "PNG": "png", "GIF": "gif", "WEBP": "webp", "BMP": "bmp"}


@pytest.mark.parametrize("form", FORMATS)
def test_formats_are_accepted_whole_and_refused_cut_short(form, tmp_path):
    whole = picture(form)
    with running(tmp_path) as cloud:
        answer = cloud.upload(whole)
        assert answer.status_code == 200
        assert answer.json()["result"] == 1
        assert answer.json()["image_url"].endswith("." + FORMATS[form])
        for part in (whole[: len(whole) // 2], whole[:-100], whole[:20], whole[1:]):
            assert_refused(cloud.upload(part), 4004)


def test_a_jpeg_cut_just_before_its_end_marker_is_refused(tmp_path):
    with running(tmp_path) as cloud:
        assert_refused(cloud.upload(picture()[:-2]), 4004)


def test_a_png_with_one_bit_wrong_is_refused(tmp_path):
    broken = bytearray(picture("PNG"))
    broken[len(broken) // 2] ^= 1
    with running(tmp_path) as cloud:
        assert_refused(cloud.upload(bytes(broken)), 4004)


def test_a_png_with_a_wrong_checksum_is_refused(tmp_path):
    broken = bytearray(picture("PNG"))
    broken[-13] ^= 1  # of the pixels: the last chunk, of 12 bytes, comes behind it
    with running(tmp_path) as cloud:
        assert_refused(cloud.upload(bytes(broken)), 4004)


def test_a_compressed_body_is_judged_as_it_was_sent(tmp_path):
    with running(tmp_path) as cloud:
        answer = cloud.upload(gzip.compress(picture()), Content_Encoding="gzip")
        assert_refused(answer, 4004)


@pytest.mark.parametrize("form", ["TIFF", "ICO", "PPM", "PCX"])
def test_other_formats_are_refused(form, tmp_path):
    with running(tmp_path) as cloud:
        assert_refused(cloud.upload(picture(form)), 4004)


def test_a_decompression_bomb_is_refused():
    # A BMP head that claims 30000 x 30000 pixels, and PNG likewise with few bytes behind.
    bomb = bytearray(picture("PNG"))
    bomb[16:24] = (30000).to_bytes(4, "big") * 2
    with pytest.raises(PictureError):
        judge(bytes(bomb))
    flat = _flat_png(9000, 9000)
    assert len(flat) < 512000
    with pytest.raises(PictureError, match="pixels"):
        judge(flat)


def _flat_png(width, height):
    file = io.BytesIO()
    Image.new("1", (width, height)).save(file, "PNG")
    return file.getvalue()


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_broken_bytes_are_judged_never_crash(data):
    form = data.draw(st.sampled_from(sorted(FORMATS)))
    broken = bytearray(picture(form, (16, 12)))
    for _ in range(data.draw(st.integers(1, 8))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    del broken[data.draw(st.integers(1, len(broken))) :]
    try:
        assert judge(bytes(broken)).width > 0
    except PictureError:
        pass


def test_random_bytes_are_no_picture(tmp_path):
    with running(tmp_path) as cloud:
        assert_refused(cloud.upload(random.Random(2).randbytes(5000)), 4004)


def test_one_request_per_interval_and_device(tmp_path):
    accounts = demo_accounts()
    devices = accounts["projects"][KEY]["devices"]
    devices["other-camera"] = devices[TOKEN]
    with running(tmp_path, accounts, interval=10) as cloud:
        assert cloud.upload(picture()).json()["result"] == 1
        cloud.clock.now += 9.999
        assert_refused(cloud.upload(picture()), 4291)
        other = cloud.upload(picture(), UPLOAD.replace(TOKEN, "other-camera"))
        assert other.json()["result"] == 1
        # The refused request opened no window of its own.
        cloud.clock.now += 0.001
        assert cloud.upload(picture()).json()["result"] == 1
        assert_refused(cloud.upload(picture()), 4291)


@pytest.mark.parametrize(("body", "errcode"), [(b"", 4003), (b"x", 4004), (b"x" * 512001, 4005)])
def test_a_request_refused_for_its_body_has_opened_the_window(body, errcode, tmp_path):
    with running(tmp_path, interval=10) as cloud:
        assert_refused(cloud.upload(body), errcode)
        assert_refused(cloud.upload(picture()), 4291)


def test_a_request_refused_for_its_head_has_not(tmp_path):
    with running(tmp_path, interval=10) as cloud:
        assert_refused(cloud.upload(picture(), Region=None), 4001)
        assert_refused(cloud.upload(picture(), Project_Key="x"), 1022)
        assert cloud.upload(picture()).json()["result"] == 1


def test_interval_0_sets_no_pace(tmp_path):
    with running(tmp_path, interval=0) as cloud:
        assert [cloud.upload(picture()).status_code for _ in range(3)] == [200, 200, 200]


@pytest.mark.parametrize("errcode", sorted(DOCUMENTED))
def test_every_errcode_can_be_asked_for_as_a_fault(errcode, tmp_path):
    with running(tmp_path) as cloud:
        cloud.fault({"errcode": errcode})
        assert_refused(cloud.upload(picture()), errcode)
        assert cloud.upload(picture()).json()["result"] == 1


def test_5001_when_the_disk_fails(tmp_path):
    with running(tmp_path) as cloud:
        (tmp_path / "images").rmdir()
        assert_refused(cloud.upload(picture()), 5001)
