# The page without a browser: what the server sends for it, and whom it lets press a button.

import contextlib
import json
import socket
import time

import pytest
import requests

from tests.support.cloud import UPLOAD, demo_accounts, picture, running
from tests.support.page import FakePanel, keep_many, photo
from tools.cloud.page import live
from tools.cloud.service.faults import Faults
from tools.cloud.service.outage import Outage

FILES = {
    "page.css": "text/css",
    "cameras.css": "text/css",
    "page.js": "text/javascript",
    "pictures.js": "text/javascript",
    "viewer.js": "text/javascript",
    "board.js": "text/javascript",
    "stream.js": "text/javascript",
    "fresh.js": "text/javascript",
    "camera.js": "text/javascript",
    "cameras.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}


class Events:
    """An open stream of events; next() waits for one and returns its name and data."""

    def __init__(self, answer):
        self.answer = answer
        self.id = None
        self._lines = answer.iter_lines(chunk_size=1, decode_unicode=True)

    def next(self, wanted=None):
        found = {}
        for line in self._lines:
            name, _, value = line.partition(": ")
            if name:
                found[name] = value
                continue
            if "event" in found and wanted in (None, found["event"]):
                self.id = found["id"]
                return found["event"], json.loads(found["data"])
            found = {}
        return None


@contextlib.contextmanager
def events(cloud, since="", **headers):
    with requests.get(
        cloud.url + "/page/events",
        params={"since": since},
        headers=headers,
        stream=True,
        timeout=10,
    ) as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        yield Events(answer)


def upload(cloud):
    return cloud.upload(photo()).json()["image_url"].rpartition("/")[2]


def shown(data):
    """Return the names on the cards of an event, or of an answer."""
    return [card.split('data-name="')[1].split('"')[0] for card in data["cards"]]


def press(cloud, name="move", **changed):
    headers = {"Origin": cloud.url, **changed}
    return requests.post(f"{cloud.url}/page/act/{name}", headers=headers, timeout=10)


@pytest.fixture
def panel():
    return FakePanel()


@pytest.fixture
def board(tmp_path, panel):
    with running(tmp_path, panel=panel) as cloud:
        yield cloud


@pytest.mark.parametrize("name", FILES)
def test_the_files_are_asked_for_again_and_sent_once(name, tmp_path):
    with running(tmp_path) as cloud:
        answer = cloud.get("/page/" + name)
        assert answer.headers["Content-Type"] == FILES[name]
        assert answer.headers["Cache-Control"] == "no-cache"
        again = cloud.get("/page/" + name, headers={"If-None-Match": answer.headers["ETag"]})
    assert (answer.status_code, again.status_code, again.content) == (200, 304, b"")


@pytest.mark.parametrize("name", ["index.html", "..%2Fmain.py", "nothing.js"])
def test_no_other_file_is_sent(name, tmp_path):
    with running(tmp_path) as cloud:
        assert cloud.get("/page/" + name).json()["errcode"] == 4041


def test_nothing_from_elsewhere_and_nothing_inline(tmp_path):
    with running(tmp_path) as cloud:
        answer = cloud.get("/")
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "//" not in answer.text.replace(cloud.url, "").replace("<!DOCTYPE html>", "")
    assert "style=" not in answer.text
    assert "onclick" not in answer.text


def test_older_pictures_come_in_pages(tmp_path):
    names = keep_many(tmp_path, 100)[::-1]
    with running(tmp_path) as cloud:
        first = cloud.get("/page/older").json()
        second = cloud.get("/page/older", params={"before": names[47]}).json()
        third = cloud.get("/page/older", params={"before": names[95]}).json()
        assert cloud.get("/page/older", params={"before": names[99]}).json()["cards"] == []
    assert shown(first) + shown(second) + shown(third) == names
    assert (first["older"], second["older"], third["older"]) == (True, True, False)


def test_older_than_a_picture_that_is_gone(tmp_path):
    names = keep_many(tmp_path, 60)[::-1]
    with running(tmp_path) as cloud:
        (tmp_path / "images" / names[50]).unlink()
        answer = cloud.get("/page/older", params={"before": names[50]}).json()
    assert (shown(answer), answer["older"]) == (names[51:], False)


def test_an_event_for_each_arrival(tmp_path):
    with running(tmp_path) as cloud, events(cloud) as stream:
        for _ in range(3):
            name = upload(cloud)
            kind, data = stream.next()
            assert kind == "pictures"
            assert shown(data)[0] == name
    assert data["title"] == "3 pictures"


def test_a_stream_goes_on_where_the_last_one_ended(tmp_path):
    with running(tmp_path) as cloud:
        first = upload(cloud)
        with events(cloud) as stream:
            assert shown(stream.next()[1]) == [first]
        missed = [upload(cloud), upload(cloud)]
        # What the browser says on its own outdoes what stood in the address.
        with events(cloud, since="//old.jpg", **{"Last-Event-ID": stream.id}) as stream:
            data = stream.next()[1]
        assert (data["fresh"], shown(data)) == (False, missed[::-1])
        with events(cloud, since=stream.id) as stream:
            last = upload(cloud)
            assert shown(stream.next()[1]) == [last]


@pytest.mark.parametrize("since", ["", "//gone.jpg", "x", "/-1/", "///", "a/9\u00b2/b", "a/b/c/d"])
def test_a_stream_from_nowhere_begins_afresh(since, tmp_path):
    names = keep_many(tmp_path, 60)[::-1]
    with running(tmp_path) as cloud, events(cloud, since) as stream:
        data = stream.next()[1]
    assert (data["fresh"], data["older"], shown(data)) == (True, True, names[:48])


def test_who_missed_too_much_begins_afresh(tmp_path):
    names = keep_many(tmp_path, 60)[::-1]
    with running(tmp_path) as cloud, events(cloud, "//" + names[50]) as stream:
        data = stream.next()[1]
    assert (data["fresh"], shown(data)) == (True, names[:48])


def test_a_quiet_stream_is_kept_alive(tmp_path, monkeypatch):
    monkeypatch.setattr(live, "KEEP_ALIVE_SECONDS", 0.05)
    with running(tmp_path) as cloud, events(cloud) as stream:
        assert stream.next() == ("alive", {})
        assert stream.next() == ("alive", {})


def test_the_server_ends_at_once_and_streams_with_it(tmp_path):
    with contextlib.ExitStack() as stack:
        with running(tmp_path) as cloud:
            stream = stack.enter_context(events(cloud))
            upload(cloud)
            stream.next()
            started = time.monotonic()
        assert time.monotonic() - started < 5
        assert stream.next() is None


def test_the_log_goes_on_where_it_ended(board, panel):
    panel.log("one")
    with events(board) as stream:
        data = stream.next("log")[1]
        assert (data["fresh"], [text for _, text in data["lines"]]) == (True, ["one"])
        assert abs(data["lines"][0][0] - time.time()) < 60
    panel.log("two")
    with events(board, stream.id) as stream:
        data = stream.next("log")[1]
    assert (data["fresh"], [text for _, text in data["lines"]]) == (False, ["two"])


def test_the_log_takes_output_cut_anywhere(panel):
    for piece in ("INFO o", "ne\r", "\nINFO two\r\n\nTrace", "back\n>>> "):
        panel.output(piece)
    panel.output("x" * 2000)
    texts = [line.text for line in panel.lines()]
    assert texts[:4] == ["INFO one", "INFO two", "", "Traceback"]
    assert texts[4] == ">>> " + "x" * 996
    assert [line.number for line in panel.lines(3)] == [4, 5]


def test_the_state_is_told_once_and_when_it_changes(board, panel):
    with events(board) as stream:
        first = stream.next("state")[1]
        panel.log("no change of state")
        panel.waiting = 4
        panel.changed()
        second = stream.next("state")[1]
    assert first["status"]["waiting"] == 0
    assert second["status"]["waiting"] == 4
    assert [action["name"] for action in first["actions"]] == ["move", "wifi", "power", "fail"]


def test_this_page_and_scripts_of_its_owner_may_press(board, panel):
    assert press(board).status_code == 204
    assert press(board, **{"Sec-Fetch-Site": "same-origin"}).status_code == 204
    assert panel.done == ["move", "move"]


@pytest.mark.parametrize(
    "changed",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://evil.example:{port}"},
        {"Origin": "null"},
        {"Origin": None},
        {"Origin": "http://127.0.0.1"},
        {"Origin": "http://127.0.0.1:{port}/"},
        {"Origin": "http://127.0.0.1:{port}@evil.example"},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        # DNS rebinding: their name leads here, so to the browser it is their own page.
        {"Host": "evil.example", "Origin": "http://evil.example"},
        {"Host": "evil.example:{port}", "Origin": "http://evil.example:{port}"},
        {"Host": "127.0.0.1.evil.example", "Origin": "http://127.0.0.1.evil.example"},
        {"Host": "", "Origin": "http://"},
        {"Host": "[", "Origin": "http://["},
    ],
    ids=str,
)
def test_another_site_may_not_press(changed, board, panel):
    changed = {
        name: value and value.replace("{port}", str(board.port)) for name, value in changed.items()
    }
    answer = press(board, **changed)
    assert answer.status_code == 403
    assert panel.done == []


@pytest.mark.parametrize("path", ["/", "/page/older", "/page/events"])
def test_a_page_with_a_board_opens_under_its_own_names_only(path, board):
    def status(host):
        with requests.get(
            board.url + path, headers={"Host": host}, stream=True, timeout=10
        ) as answer:
            return answer.status_code

    here = socket.gethostname()
    for host in ("127.0.0.1", "192.168.1.20:8080", "[::1]:80", "localhost:1", "LOCALHOST", here):
        assert status(host) == 200
    for host in ("evil.example", "evil.example:8080", "localhost.evil.example", "1.2.3.4.5"):
        assert status(host) == 403
        assert "localhost" in requests.get(board.url, headers={"Host": host}, timeout=10).text


def test_further_names_can_be_given(tmp_path, panel):
    host = {"Host": "Forwarded.example:443"}
    with running(tmp_path, panel=panel, names=["forwarded.example"]) as cloud:
        assert cloud.get("/", headers=host).status_code == 200
        origin = "https://Forwarded.example:443"
        assert press(cloud, **host, Origin=origin).status_code == 204


def test_what_is_no_button_or_not_for_now(board, panel):
    assert press(board, "nothing").status_code == 404
    panel.power = False
    answer = press(board, "move")
    assert (answer.status_code, answer.json()) == (409, {"error": "Something moves: not now"})
    panel.refuse = "the board is being flashed"
    answer = press(board, "wifi")
    assert (answer.status_code, answer.json()) == (409, {"error": panel.refuse})
    assert panel.done == []
    assert requests.get(board.url + "/page/act/wifi", timeout=10).status_code == 404


def test_without_a_board_there_are_no_buttons_and_any_name_does(tmp_path):
    with running(tmp_path) as cloud:
        assert press(cloud, "fail").json()["errcode"] == 4041
        assert cloud.get("/", headers={"Host": "camera.example"}).status_code == 200


def test_an_outage_ends_by_itself():
    class Timer:
        def __init__(self):
            self.waiting = []

        def later(self, seconds, callback):
            assert seconds == 1
            self.waiting.append(callback)
            return self

        def cancel(self):
            self.waiting.clear()

        def second(self):
            self.waiting.pop()()

    timer, faults, told = Timer(), Faults(), []
    outage = Outage(faults, lambda: told.append(outage.left), timer.later)
    outage.begin(3)
    assert [faults.take("any").errcode for _ in range(100)] == [5001] * 100
    timer.second()
    timer.second()
    assert outage.left == 1
    assert faults.take("any").errcode == 5001
    timer.second()
    assert (outage.left, faults.take("any"), timer.waiting) == (0, None, [])
    outage.begin(3)
    outage.begin(3)
    assert len(timer.waiting) == len(faults.queued()) == 1
    faults.clear()
    timer.second()
    assert (outage.left, timer.waiting) == (0, [])
    assert told[:5] == [0, 3, 2, 1, 0]


def test_other_faults_are_left_alone_by_an_outage(board):
    board.fault({"errcode": 4291, "times": 2})
    assert press(board, "fail").status_code == 204
    assert board.upload(picture()).json()["errcode"] == 4291
    assert press(board, "fail").status_code == 204
    queued = board.get("/_faults").json()["queued"]
    assert queued == [{"errcode": 4291, "times": 1}]


def test_a_device_that_is_no_longer_known_has_a_card(tmp_path):
    accounts = demo_accounts()
    with running(tmp_path, accounts) as cloud:
        cloud.upload(picture(), UPLOAD)
    accounts["projects"].clear()
    with running(tmp_path, accounts) as cloud:
        assert "device 6763b427" in cloud.get("/").text
