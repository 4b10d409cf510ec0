# Anything at all as configuration, picture or answer: only the documented errors.

import json
import types

from hypothesis import given, settings
from hypothesis import strategies as st

from thingscam.config import config
from thingscam.http import HttpError
from thingscam.http.response import Response
from thingscam.image import checks

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
NAMES = ("wifi", "cloud", "camera", "trigger", "outbox", "power", "log", "endpoint", "quality")


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES) | st.text(), ANY_JSON))
def test_any_object_as_configuration(data):
    try:
        config.parse(json.dumps(data).encode())
    except config.ConfigError as e:
        str(e).encode()


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_as_configuration(raw):
    try:
        config.parse(raw)
    except config.ConfigError as e:
        str(e).encode()


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=600), st.sampled_from((b"", b"\xff\xd8\xff", b"GIF89a", b"BM")))
def test_any_bytes_as_picture(data, head):
    try:
        assert checks.check(head + data) in ("jpeg", "png", "gif", "webp", "bmp")
    except checks.ImageError:
        pass


@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from(
        (b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    ),
    st.binary(max_size=400),
    st.integers(1, 50),
)
def test_any_bytes_as_response(head, data, step):
    data = head + data
    pieces = [data[i : i + step] for i in range(0, len(data), step)]
    try:
        connection = types.SimpleNamespace(receive=lambda: pieces.pop(0) if pieces else b"")
        found = Response(connection).read()
        assert 100 <= found.status_code <= 999
        assert len(found.content) <= 4096
    except HttpError:
        pass
