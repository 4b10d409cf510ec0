# masks: a secret is found whole, cut short, and in other spellings; nothing else is touched.

import json

from support import raises
from thingscam.config import config
from thingscam.util import redact as masks

TOKEN = "t0ken-of-the-gate"
SECRETS = (TOKEN, "Pa$$ w\xf6rd\u4e2d'\"\\/x", "caf\xe9+caf\xe9", "k3y0", "abc")


def percent(text):
    return "".join("%{:02X}".format(byte) for byte in text.encode())


def test_whole():
    assert masks.mask("a t0ken-of-the-gate.", SECRETS) == "a ***."
    assert masks.mask("t0ken-of-the-gatet0ken-of-the-gate", SECRETS) == "******"
    for secret in SECRETS[:4]:
        assert masks.mask("x" + secret + "y", SECRETS) == "x***y", secret
    assert masks.mask("abc", SECRETS) == "abc", "three letters are in many words"
    assert masks.mask("", SECRETS) == ""
    assert masks.mask("nothing", ()) == "nothing"


def test_the_longer_of_two_first():
    for secrets in (("t0ken", "t0ken-and-more"), ("t0ken-and-more", "t0ken")):
        assert masks.mask("t0ken t0ken-and-more", secrets) == "*** ***"


def test_cut_short():
    for size in range(8, len(TOKEN) + 1):
        assert masks.mask("'" + TOKEN[:size] + "...", SECRETS) == "'***..."
    assert masks.mask(TOKEN[:7], SECRETS) == TOKEN[:7]
    assert masks.mask("k3y", SECRETS) == "k3y"
    # What only begins alike is as a secret cut short.
    assert masks.mask("t0ken-of-a", SECRETS) == "***a"


def test_spelled_otherwise():
    for secret in SECRETS[:4]:
        ways = (
            repr(secret),
            repr(secret.encode()),
            json.dumps(secret),
            percent(secret),
            percent(secret).lower(),
            "".join("\\u{:04X}".format(ord(char)) for char in secret),
            "".join("\\x{:02x}".format(byte) for byte in secret.encode()),
            secret.replace(" ", "%20").replace("/", "%2F"),
        )
        for way in ways:
            found = masks.mask("<" + way + ">", SECRETS)
            inner = found.strip("<>b'\"")
            assert inner == "***", (secret, way, found)
    assert masks.mask("t0ken-of\\u002dthe", SECRETS) == "***"
    assert masks.mask("100 % of \\ it", SECRETS) == "100 % of \\ it"
    for way in ("\\ud83d\\udcf7", "\\U0001f4f7", percent("\U0001f4f7")):
        assert masks.mask("-camera " + way, ("-camera \U0001f4f7",)) == "***", way


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
