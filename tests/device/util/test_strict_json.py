# strict_json.loads(): JSON ends where JSON ends, whatever the parser of the version thinks.

import json

from support import OldJson, raises
from thingscam.util import strict_json as jsons

WHOLE = (
    b'{"a": 1, "b": [1, -2.5, 1e3, true, false, null, {}, [], ""], "c": {"d": "e"}}',
    b" [ ] \r\n",
    b"[[[]], {}]",
    b'"a \\"quoted\\" and a \\\\"',
    b'["\\\\", "\\\\\\"]", "[{,:", "\xc3\xa9"]',
    b"5",
    b"null",
)


def test_reads_what_is_json():
    for raw in WHOLE:
        assert jsons.loads(raw) == json.loads(raw), raw


def test_a_text_cut_short_is_none_whatever_the_version():
    with OldJson() as old:
        assert jsons.json is not json and old is None
        assert jsons.json.loads(b'{"a": 1') == {"a": 1}, "no judge that is too kind"
        for raw in WHOLE[:5]:
            raw = raw.strip()
            for size in range(len(raw)):
                raises(ValueError, jsons.loads, raw[:size])


def test_what_micropython_lets_pass_is_none():
    for raw, at in (
        (b'{"a": 1}\0{', 8),
        (b'{"a" 1}', 5),
        (b'{"a": 1 "b": 2}', 8),
        (b'{"a": 1, }', 9),
        (b"[1, ]", 4),
        (b"[1 2]", 3),
        (b"[,]", 1),
        (b",,{}", 0),
        (b"[1}", 2),
        (b'{"a": 1]', 7),
        (b'{"a": {"b"}, "c": 1}', 10),
        (b"{1: 2}", 1),
        (b"{null: 2}", 1),
        (b'{"a":: 2}', 5),
        (b"{} {}", 3),
        (b"]", 0),
        (b"['a']", 1),
        (b"[NaN]", 1),
        (b"\xef\xbb\xbf{}", 0),
    ):
        e = raises(jsons.JsonError, jsons.loads, raw)
        assert e.at == at, (raw, e.at)
    for raw in (b"[tru]", b"[1-2]", b"[-]", b"[1true]", b"[true1]", b"[0x1]", b"[1e]", b"--1"):
        raises(ValueError, jsons.loads, raw)
    raises(UnicodeError, jsons.loads, b'["\xff"]')


def test_nesting_has_an_end():
    deep = b"[" * 24 + b"]" * 24
    assert jsons.loads(deep) is not None
    for raw in (b"[" + deep + b"]", b"[" * 16000, b'{"a":' * 3000, b'[{"":' * 3000):
        raises(jsons.JsonError, jsons.loads, raw)
