# Setup's page in Chinese: nothing on it is English, whatever a save or a test upload came to.

import html.parser
import re

import pytest

from tests.host.cli.test_words import CHINESE, NONE_OF_OURS, SENTENCE, constants
from tests.support.world import ROOT
from thingscam.cloud import advice
from thingscam.cloud.uploader import UploadError
from thingscam.http.tls_errors import explained
from thingscam.setup import page, zh, zh_more
from thingscam.setup.portal import Portal
from thingscam.util.log import Log

# What may be wrong with config.json is said here.
SETTINGS = (
    *("config/" + path.name for path in ROOT.glob("lib/thingscam/config/*.py")),
    "board/sensorpin.py",
    "board/profiles.py",
    "schedule/windows.py",
    "schedule/zone.py",
    "setup/form.py",
)
# What the page never shows: what is wrong with a config.json that cannot be read at all.
NEVER = re.compile(
    r"END CERT|cannot be read|too little memory to|not JSON|not UTF-8|byte-order|one object"
)
# Names that stand as they are.
VALUES = re.compile(
    r"thingscam config|mon tue wed thu fri sat sun|ai thinker|ai-thinker, .*|[A-Z]+(, [A-Z]+)+"
)
# Of Mbed TLS: one, or more of them.
REASONS = (
    "The certificate validity has expired",
    "The certificate has been revoked (is on a CRL)",
    "The certificate Common Name (CN) does not match with the expected CN "
    "The certificate is not correctly signed by the trusted CA",
)
# Attributes that a browser shows, or reads out.
SEEN = ("alt", "aria-label", "placeholder", "title")
# In JavaScript: what a person reads is chosen by the language there.
CHOICE = re.compile(r"zh \? \(?'[^']*'\)? : \(?'[^']*'\)?")


class Point:
    """An access point without a radio."""

    address = "192.0.2.1"
    name = "thingscam-0203"
    networks = ((b"Yard", -60, True), (b"Shed", -61, False))


class Shown(html.parser.HTMLParser):
    """The texts of a page that a Chinese person sees, in `texts`."""

    def __init__(self, source):
        super().__init__()
        self.texts = []
        self._hidden = []
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        english = tag == "span" and dict(attrs).get("lang") == "en"
        if english or tag in ("script", "style") or tag in self._hidden[-1:]:
            self._hidden.append(tag)
        if not self._hidden:
            self.texts += [value or "" for name, value in attrs if name in SEEN]

    def handle_endtag(self, tag):
        if self._hidden and self._hidden[-1] == tag:
            self._hidden.pop()

    def handle_data(self, data):
        if not self._hidden:
            self.texts.append(data)


@pytest.fixture
def portal(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = Portal(Point(), Log(), upload=print)
    found.language = "zh"
    return found


def english(portal):
    """Return what is English on the page of `portal`."""
    texts = Shown("".join(page.render(portal, Point()))).texts
    assert any(CHINESE.search(text) for text in texts)
    return [text for text in texts if SENTENCE.search(VALUES.sub("", text))]


def outcomes():
    """Yield what a test upload may have come to, in English."""
    for errcode, action, _ in advice._TABLE:
        yield str(UploadError(action, "参数错误", errcode))
    yield str(UploadError("retry", "参数错误", 7777))
    for why in ("refused", "absent", "silent"):
        yield "Wi-Fi 院子: " + page.WHY[why][0]
    for reason in REASONS:
        refused = str(explained(ValueError(reason), "cam.example", None))
        yield "https://cam.example: CertificateError: " + refused
    for number in (-0x7200, -0x6E80, -0x6E00, 12, -0x2700):
        found = explained(OSError(number), "cam.example", None)
        yield "https://cam.example: {}: {}".format(type(found).__name__, found)
    yield "https://cam.example: the name does not resolve (-2)"
    yield "https://cam.example: malformed response: HTTP 502, it is empty"
    yield 'the answer makes no sense: HTTP 200, it begins "{}"'
    yield "cloud.ca: ca.der is no certificate in DER ([Errno 2] ENOENT)"


@pytest.mark.parametrize("text", sorted(set(outcomes())))
def test_a_test_upload_that_failed_is_told_in_chinese(portal, text):
    portal.say("unsent", text)
    assert english(portal) == []


def test_every_notice_is_chinese(portal):
    for what in page.NOTICES:
        portal.say(what, "full" if what == "unwritten" else "1")
        assert english(portal) == [], what


@pytest.mark.parametrize("why", ["full", "fails"])
def test_why_nothing_could_be_written_is_chinese(portal, why):
    portal.say("unwritten", why)
    assert english(portal) == []
    assert page.WHY[why][1] in "".join(page.render(portal, Point()))


def test_what_javascript_says_is_chosen_by_the_language():
    script = re.sub(r"^ *//.*$", "", page._SCRIPT, flags=re.M).replace("'use strict'", "")
    assert CHOICE.search(script)
    assert [t for t in re.findall("'[^'\n]*'", CHOICE.sub("", script)) if SENTENCE.search(t)] == []


@pytest.mark.parametrize("status", [400, 403, 404, 405, 411, 413, 431, 503])
def test_what_is_refused_is_told_in_chinese(portal, status):
    answer = portal.refusal(status)
    texts = Shown(answer.body.decode()).texts
    assert answer.status == status and any(CHINESE.search(text) for text in texts)
    assert [text for text in texts if SENTENCE.search(text)] == []


@pytest.mark.parametrize("why", sorted(page.WHY))
def test_why_a_wifi_does_not_work_is_chinese(portal, why):
    portal.draft.mistakes["ssid.0"] = why
    assert english(portal) == []


@pytest.mark.parametrize(
    "values",
    [
        {"schedule": {"timezone": "CET"}, "battery": {"pin": 5}},
        {"schedule": {"windows": [{"days": "mo", "from": "sunrise", "to": "25:00"}]}},
        {"report": {"every_s": 1}, "remote": {"every_s": 1}, "update": {"url": "ftp://x"}},
        {"setup": {"pin": 0, "password": "short"}, "sensor": {"gain": "much"}, "odd": 1},
        {"wifi": 5, "camera": {"board": "ai thinker", "rotate": 90, "exif": False}},
        {"wifi": [{"ssid": "院子", "ssid_hex": "41"}], "camera": {"frame_size": "XL"}},
        {"battery": {"pin": 33, "low_v": 9}, "cloud": {"device_endpoint": "x y"}},
    ],
)
def test_mistakes_in_other_settings_are_told_in_chinese(portal, values):
    portal.draft.data = values
    portal.draft.check()
    assert portal.draft.mistakes
    assert english(portal) == []


def test_each_mistake_stands_in_a_line_of_its_own(portal):
    portal.draft.data = {"battery": {"pin": 5}, "odd": 1, "schedule": {"timezone": "CET"}}
    portal.draft.check()
    count = len(portal.draft.mistakes[""].split("\n"))
    assert count > 2
    assert "".join(page.render(portal, Point())).count("<br>") == 2 * (count - 1)


@pytest.mark.parametrize("path", SETTINGS)
def test_no_mistake_lacks_its_chinese(path):
    known = zh.TEXTS + zh_more.TEXTS
    lacking = []
    for text in constants("lib/thingscam/" + path):
        if SENTENCE.search(text) and not NONE_OF_OURS.match(text) and not NEVER.search(text):
            is_part = any(text in each.partition("\n")[0] for each in known)
            alone = text.replace("{}", "X9").strip()
            if not is_part and not CHINESE.search(zh.said(alone, known)):
                lacking.append(text)
    assert lacking == []
