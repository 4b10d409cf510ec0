# redact: a secret is found whole, cut short, and in other spellings; nothing else is touched.

import binascii
import json

from support import raises, ticks_diff, ticks_ms
from thingscam.config import config
from thingscam.util import redact as masks

TOKEN = "t0ken-of-the-gate"
SECRETS = (
    TOKEN,
    "Pa$$ w\xf6rd\u4e2d'\"\\/x",
    "caf\xe9+caf\xe9",
    "k3y0",
    "a<b>&\"c'd\n",
    "\U0001f4f7-of-\u4e2d\u56fd",
)
SECRETS += ("\u043f\u0430\u0440\u043e\u043b\u044c\xb0", "abc")


# How a secret can be spelled, one way after the other: what each changes, and into what.
HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"}


def swap(text, pairs):
    return "".join(pairs.get(char, char) for char in text)


def percent(text, form="%{:02X}"):
    return "".join(form.format(byte) for byte in text.encode())


def units(text, form="\\u{:04X}"):
    # In UTF-16, as JSON has it.
    found = ""
    for char in text:
        code = ord(char) - 0x10000
        pair = (ord(char),) if code < 0 else (0xD800 + (code >> 10), 0xDC00 + (code & 0x3FF))
        found += "".join(form.format(unit) for unit in pair)
    return found


def base64(text, before=b""):
    return binascii.b2a_base64(before + text.encode()).decode().strip()


WAYS = (
    lambda text: text,
    repr,
    lambda text: repr(text.encode()),
    json.dumps,
    units,
    percent,
    lambda text: percent(text).lower(),
    lambda text: percent(text, "\\x{:02x}"),
    lambda text: "".join("\\U{:08x}".format(ord(char)) for char in text),
    lambda text: "".join("&#{};".format(ord(char)) for char in text),
    lambda text: "".join("&#X{:x};".format(ord(char)) for char in text),
    lambda text: swap(text, HTML),
    lambda text: swap(swap(text, HTML), HTML),
    lambda text: percent(percent(text)),
    lambda text: percent(percent(percent(text))),
    lambda text: percent(json.dumps(text)),
    lambda text: json.dumps(json.dumps(swap(text, HTML))),
    lambda text: json.dumps(percent(text)),
    lambda text: text.replace(" ", "+").replace("/", "%2f"),
    lambda text: swap(text, {"\n": "\\n", "/": "\\/"}),
    lambda text: binascii.hexlify(text.encode()).decode(),
    lambda text: binascii.hexlify(text.encode()).decode().upper(),
)


HEX = len(WAYS) - 2


def test_whole():
    assert masks.mask("a t0ken-of-the-gate.", SECRETS) == "a ***."
    assert masks.mask("t0ken-of-the-gatet0ken-of-the-gate", SECRETS) == "******"
    for secret in SECRETS[:-1]:
        assert masks.mask("x" + secret + "y", SECRETS) == "x***y", secret
    assert masks.mask("abc", SECRETS) == "abc", "three letters are in many words"
    assert masks.mask("", SECRETS) == ""
    assert masks.mask("nothing", ()) == "nothing"
    for secrets in (("t0ken", "t0ken-and-more"), ("t0ken-and-more", "t0ken")):
        assert masks.mask("t0ken t0ken-and-more", secrets) == "*** ***"
    # Two that overlap are one.
    assert masks.mask("<t0ken-of-the-gate-left>", (TOKEN, "the-gate-left")) == "<***>"


def test_in_part():
    for begin in range(len(TOKEN)):
        for end in range(begin + 1, len(TOKEN) + 1):
            part = TOKEN[begin:end]
            found = "***" if len(part) >= 8 else part
            for spell, ends in ((str, "''"), (percent, "''"), (units, "..")):
                text = ends[0] + spell(part) + ends[1]
                assert (
                    masks.mask(text, SECRETS)
                    == ends[0] + ("***" if len(part) >= 8 else spell(part)) + ends[1]
                ), (text, found)
    assert masks.mask("k3y", SECRETS) == "k3y"
    # What only begins alike is as a secret cut short.
    assert masks.mask("t0ken-of-a", SECRETS) == "***a"


def test_spelled_otherwise():
    for secret in SECRETS[:-1]:
        for i, way in enumerate(WAYS):
            for text in (
                secret,
                secret.upper() if i < HEX and len(secret.encode()) == len(secret) else secret,
            ):
                spelled = way(text)
                found = masks.mask("<" + spelled + ">", SECRETS)
                inner = found.strip("<>b'\"")
                for end in ("%22", "\\", '"'):  # of a text in a text
                    inner = inner.replace(end, "")
                assert inner == "***", (secret, i, spelled, found)
        # Whatever stands before and behind it, and the ends of which base64 mixes with it.
        for before in (b"", b"u", b"me", b"me:", b"user"):
            for behind in ("", "!", "!!"):
                spelled = base64(secret + behind, before)
                for way in (str, percent, lambda t: t.replace("+", "-").replace("/", "_")):
                    found = masks.mask("<" + way(spelled) + ">", SECRETS)
                    assert "***" in found, (secret, spelled)
                    left = len(before) * 4 // 3 + 2 + len(behind) * 4 // 3 + 4
                    assert len(found) - 5 <= left * (3 if way is percent else 1), (secret, found)
    assert masks.mask("t0ken-of\\u002dthe", SECRETS) == "***"
    for text in ("100 % of \\ it", "50 %; \\x4 \\u00 &amp; &#; &none; %4", "%" * 50, "\\" * 9):
        assert masks.mask(text, SECRETS) == text
    assert masks.mask("%" + TOKEN + "\\" + TOKEN, SECRETS)[:4] == "%***"
    # As they stand in a text, these are spelled already.
    for secret in ("100%41bcd", "a\\x41\\x42cd", "salt&amp;pepper", "%%%25\\\\%"):
        for way in WAYS:
            assert "***" in masks.mask(way(secret), (secret,)), (secret, way(secret))


def test_a_strangers_text_costs_little():
    # A board is some 30 times slower than a computer, and the log goes through here.
    texts = [
        "%",
        "\\",
        "&",
        "%25",
        "\\u0041",
        "&amp;",
        "&#x",
        "t%",
        "\\ud83d",
        "%ef",
        "n-of",
        "\u4e2d",
    ]
    for text in texts:
        text = (text * 600)[:600]
        took = []
        # Of a busy computer's times the least is what it costs.
        while min(took, default=20) >= 20 and len(took) < 30:
            begin = ticks_ms()
            masks.mask(text, SECRETS)
            took.append(ticks_diff(ticks_ms(), begin))
        assert min(took) < 20, (text, took)


def test_a_configuration_hides_its_own():
    data = {"cloud": {"access_token": TOKEN, TOKEN: 1}, "wifi": [{"password": "a long word"}]}
    e = raises(config.ConfigError, config.parse, json.dumps(data).encode())
    assert "t0k" not in str(e).replace("'t0k...'", "")
    assert masks.mask("{} {}".format(TOKEN, "a long word")) == "*** ***"


def test_half_a_character_in_a_secret_is_a_mistake_as_any_other():
    data = {"wifi": [{"ssid": "home", "password": "HALF-of-one"}], "a\\%": "HALF-of-one"}
    raw = json.dumps(data).replace("HALF", "\\ud83d").encode()
    e = raises(config.ConfigError, config.parse, raw)
    assert "wifi[0].password: holds half a character" in str(e)
    assert "-of-one" not in str(e) and masks.mask("\\ud83d-of-one") == "***"


def test_a_traceback_is_masked():
    printed = []
    masks.print = printed.append
    masks.hide((TOKEN,))
    try:
        try:
            raise ValueError("line one of {}\nline two of {}".format(TOKEN, repr(TOKEN[:9])))
        except ValueError as e:
            masks.print_exception(e)
    finally:
        del masks.print
        masks.hide(())
    text = "\n".join(printed)
    assert "ValueError: line one of ***" in text and TOKEN[:8] not in text, text
