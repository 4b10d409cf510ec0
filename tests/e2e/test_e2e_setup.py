# Setup by telephone on the virtual board: who opens it, a form sent, how it ends.

import http.client
import json
import urllib.parse

from tests.support.board import CONFIG, mpremote, until
from tools.host import filesystem
from tools.virtualboard.air import Network
from tools.virtualboard.board import VirtualBoard

YARD = [Network("garden", "wifi-pass-word"), Network("Schuppen", "other-pass-9", rssi=-71)]
FORM = {
    "ssid.0": "garden",
    "password.0": "wifi-pass-word",
    "trigger.every_s": "60",
    **{"cloud." + name: value for name, value in CONFIG["cloud"].items()},
}


def board_with(config, **options):
    """Return a virtual board with the firmware and this config.json (None: without)."""
    files = filesystem.firmware_files()
    if config is not None:
        files["config.json"] = json.dumps(config)
    return VirtualBoard(files, networks=YARD, **options)


def ask(board, method, path, form=None):
    """Make a request as a phone at the access point; returns (status, text)."""
    line = http.client.HTTPConnection("127.0.0.1", board.door(80), timeout=20)
    try:
        body = urllib.parse.urlencode(form) if form is not None else None
        line.request(method, path, body, {"Host": "192.0.2.1"})
        answer = line.getresponse()
        return answer.status, answer.read().decode()
    finally:
        line.close()


def saved(board):
    return json.loads(board.files()["config.json"])


def test_a_bare_board_is_set_up_and_starts():
    with board_with(None, speed=5) as board:
        board.wait_for("Setup by telephone: join the Wi-Fi thingscam-0203, password ")
        point = board.state()["wifi"]["access_point"]
        assert point["on"] and point["security"] == 3 and len(point["key"]) == 14
        assert point["key"] in board.output
        assert ask(board, "POST", "/save", dict(FORM, **{"password.0": "wrong-pass"}))[0] == 303
        text = until(lambda: _if("seems to be wrong", ask(board, "GET", "/")[1]))
        assert "config.json" not in board.files() and board.state()["wifi"]["access_point"]["on"]
        assert "wrong-pass" not in text
        ask(board, "POST", "/save", FORM)
        until(lambda: "Saved." in ask(board, "GET", "/")[1])
        assert saved(board)["wifi"] == CONFIG["wifi"]
        ask(board, "POST", "/end")
        board.wait_for("INFO Wi-Fi garden")  # the app
        assert not board.state()["wifi"]["access_point"]["on"]
        log = board.files()["log.txt"].decode()
        assert point["key"] not in log and "wifi-pass-word" not in log + board.output


def test_the_pin_opens_it_and_pictures_go_on_meanwhile():
    config = dict(CONFIG, setup={"password": "label-pass-1"}, trigger={"every_s": 20})
    with board_with(config, speed=5) as board:
        board.pin(14, 1)
        board.wait_for("INFO Wi-Fi garden")
        board.pin(14, 0)
        board.wait_for("setup by telephone: the pin is held")
        board.pin(14, 1)
        board.wait_for("password as in setup.password")
        assert board.state()["wifi"]["access_point"]["key"] == "label-pass-1"
        count = board.output.count("INFO kept")
        assert ask(board, "GET", "/")[0] == 200
        board.advance(25)
        board.wait_for("INFO kept", count=count + 1)
        # Nobody comes back: it ends by itself, and the app goes on.
        starts = board.state()["starts"]
        board.advance(601)
        board.wait_for("nobody is there any more")
        until(lambda: board.state()["starts"] > starts)
        board.wait_for("INFO Wi-Fi garden", count=2)
        assert not board.state()["wifi"]["access_point"]["on"]
        # A program asks for it.
        text = "from thingscam import setup; setup.ask()"
        mpremote(board, "exec", "--no-follow", text)
        board.wait_for("setup by telephone was asked for")
        board.wait_for("password as in setup.password", count=2)


def test_a_pin_that_is_held_at_the_start_opens_it_and_a_wire_does_not():
    with board_with(CONFIG) as board:
        board.wait_for("INFO start")
        for seconds, opens in ((12, False), (4, True)):
            board.cut_power()
            board.pin(14, 0)
            begun = board.output.count("GPIO14 is held to GND")
            opened = board.output.count("Setup by telephone")
            board.power_on()
            board.wait_for("let go of it after 3 s", count=begun + 1)
            board.advance(seconds, patience=5)
            board.pin(14, None)
            if opens:
                board.wait_for("Setup by telephone", count=opened + 1)
            else:
                board.wait_for(">>> ", count=begun + 1)
                assert board.output.count("Setup by telephone") == opened


def _if(part, text):
    return text if part in text else None
