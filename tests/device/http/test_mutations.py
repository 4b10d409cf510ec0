# Hundreds of broken configurations and answers: the documented errors, no socket left
# open, no secret told. The same mutations under both interpreters.

import json

from support import GOOD, KEY, TOKEN, Script, descriptors, raises
from thingscam.cloud.uploader import Uploader, UploadError
from thingscam.config import config
from thingscam.http.session import Session

ROUNDS = 400
PASSWORD = "wifi-password"
CONFIG = json.dumps(
    {
        "wifi": [{"ssid": "home", "password": PASSWORD}],
        "cloud": {
            "endpoint": "https://images.example",
            "access_token": TOKEN,
            "identifier": "image",
            "project_key": KEY,
            "region": "demo",
            "timeout_s": 15,
        },
        "camera": {"quality": 85, "light": False, "frame_size": "SVGA"},
        "trigger": {"pir_pin": None, "every_s": 60},
    }
).encode()
SPLICES = (
    b"", b"\x00", b"\xff", b"\r\n", b"\n\n", b"{", b"}", b"[", b"]", b'"', b",", b":", b"0", b"-",
    b"1e99", b"9" * 30, b"null", b"true", b"\\u0000", b"\\ud800", b"\xe4\xb8\xad", b" " * 300,
    b"HTTP/1.1 ", b"Transfer-Encoding: chunked\r\n", b"Content-Length: 1\r\n", b"\xef\xbb\xbf",
)  # fmt: skip


class Chance:
    # A small generator of our own: both interpreters draw the same numbers.
    def __init__(self, seed):
        self._state = seed

    def below(self, n):
        self._state = (self._state * 1103515245 + 12345) & 0x7FFFFFFF
        return (self._state >> 8) % n

    def mutate(self, data):
        for _ in range(1 + self.below(3)):
            at = self.below(len(data) + 1)
            how = self.below(4)
            if how == 0:  # cut a piece out
                data = data[:at] + data[at + 1 + self.below(12) :]
            elif how == 1:  # put something in
                data = data[:at] + SPLICES[self.below(len(SPLICES))] + data[at:]
            elif how == 2:  # change a byte
                data = data[:at] + bytes([self.below(256)]) + data[at + 1 :]
            else:  # end there, now and then
                data = data[: max(at, 1)] if self.below(4) == 0 else data + data[:at]
        return data


def test_mutated_configurations():
    chance = Chance(1)
    refused = 0
    for _ in range(ROUNDS):
        raw = chance.mutate(CONFIG)
        try:
            found = config.parse(raw)
            assert found.cloud.endpoint.startswith("http")
        except config.ConfigError as e:
            refused += 1
            text = str(e)
            assert text.startswith("config.json: ") and e.mistakes
            text.encode()
            for secret in (TOKEN, KEY, PASSWORD):
                assert secret not in text, (raw, text)
    assert refused > ROUNDS // 2


def test_mutated_answers():
    chance = Chance(2)
    failed = 0
    answers = (
        GOOD,
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2c\r\n{"result": 1, "image_url": '
        '"http://x/1.jpg"}\r\n0\r\n\r\n',
        "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 59\r\n\r\n"
        '{"result": 0, "errcode": 4001, "message": "Missing " "key"}',
        "HTTP/1.1 302 Found\r\nLocation: http://x/" + TOKEN + "\r\n\r\n",
    )
    raws = [chance.mutate(answers[i % 4].encode()) for i in range(ROUNDS)]
    script = Script(
        *[[["head"], ["body"], ["send", "".join(map(chr, raw))], ["close"]] for raw in raws]
    )
    data = {"endpoint": script.url, "access_token": TOKEN, "identifier": "image"}
    data.update(project_key=KEY, region="demo", timeout_s=5)
    settings = config.parse(json.dumps({"cloud": data}).encode())
    client = Session(timeout=5)
    uploader = Uploader(settings, client)
    before = descriptors()
    for raw in raws:
        try:
            url = uploader.upload(b"12345")
            assert isinstance(url, str) and url
        except UploadError as e:
            failed += 1
            assert e.action in ("retry", "wait", "drop", "stop")
            for text in (str(e), e.message):
                text.encode()
                assert TOKEN not in text and KEY not in text, (raw, text)
        client.close()
        assert descriptors() == before, raw
    assert failed > ROUNDS // 2
    assert len(script.report()) == ROUNDS
    raises(UploadError, uploader.upload, b"1")
