# status.Status: what the log and the REPL are told of what waits, and why.

from fakeboard import Board, Names, Notes
from support import new_folder, photo
from thingscam import __version__, led, status
from thingscam.board import profiles as boards
from thingscam.board import rtc
from thingscam.board.clock import Clock
from thingscam.board.counters import Counters
from thingscam.cloud import errcodes
from thingscam.cloud.errcodes import PACE
from thingscam.cloud.uploader import UploadError
from thingscam.outbox.policy import Outbox

HOUR_MS = 3600000


class Told:
    def __init__(self, esp):
        self.esp = esp
        self.notes = Notes()
        self.outbox = Outbox(new_folder(), 10000000)
        self.clock = Clock((), self.notes, None, None, None)
        parts = (self.outbox, self.clock, self.notes, Counters())
        self.status = status.Status(boards.find("ai-thinker"), *parts)

    def go(self, why, ms, step=1000):
        """Let time go on with `why`; return how many lines that was."""
        before = len(self.notes.lines)
        for _ in range(0, ms, step):
            self.status.log_backlog(why)
            self.esp.go(step)
        return len(self.notes.lines) - before


def told(test):
    def run():
        with Board() as esp:
            test(Told(esp))

    return run


@told
def test_nothing_waits(told):
    assert told.go("no Wi-Fi", HOUR_MS) == 0
    found = told.status.as_dict(None, -60)
    assert (found["waiting"], found["waiting_bytes"], found["oldest_s"]) == (0, 0, None)
    assert (found["rssi"], found["blocked_reason"]) == (-60, None)
    assert found["version"] == __version__


@told
def test_says_what_waits_and_why(told):
    told.esp.set_clock()
    told.outbox.put(photo(), told.clock.now() - 100, "pir")
    told.outbox.put(photo(), told.clock.now(), "pir")
    assert told.go("no Wi-Fi", 60000) == 1
    line = told.notes.lines[0]
    assert line.startswith("INFO 2 waiting, the oldest for 1") and line.endswith(": no Wi-Fi")
    found = told.status.as_dict("no Wi-Fi", None)
    assert (found["waiting"], found["oldest_s"]) == (2, 160)
    assert found["waiting_bytes"] == 2 * len(photo())
    # Again each hour, and when it is another trouble; that it joins Wi-Fi at first is no news.
    assert told.go("no Wi-Fi", 3 * HOUR_MS) == 3
    assert told.go("errcode 5001", 60000) == 1
    assert told.go("no Wi-Fi", 10000) == 0
    assert told.go("errcode 5001", 10000) == 0


@told
def test_nothing_to_say_when_it_is_going_out(told):
    told.outbox.put(photo(), None, "pir")
    assert told.go(None, HOUR_MS) == 0
    assert told.go(PACE, HOUR_MS) == 0


@told
def test_an_unknown_age(told):
    told.outbox.put(photo(), None, "pir")
    assert told.go("no Wi-Fi", 60000) == 1
    assert "unknown" in told.notes.lines[0]
    assert told.status.as_dict("no Wi-Fi", None)["oldest_s"] is None


@told
def test_the_uptime_minds_the_clock(told):
    told.esp.go(100000)
    rtc.set_clock(told.esp.real_time())
    told.esp.go(20000)
    assert told.status.as_dict(None, None)["uptime_s"] == 120


@told
def test_what_the_led_shows(told):
    esp = told.esp

    def lit(online, trouble):
        told.status.show(online, trouble)
        esp.go(20000)  # away from the pattern's beginning
        seen = 0
        for _ in range(500):
            told.status.show(online, trouble)
            seen += 1 - esp.outputs[33]
            esp.go(10)
        return seen * 100 // 500

    def shown(*state):
        told.status.show(*state)
        (name,) = [
            each for each in led.PATTERNS if led.PATTERNS[each] is told.status._led._pattern
        ]
        return name

    stop = UploadError(errcodes.STOP, "")
    retry = UploadError(errcodes.RETRY, "")
    assert 45 <= lit(False, None) <= 55
    assert lit(True, None) <= 2 and lit(True, retry) <= 2
    assert shown(True, None, "errcode 5001") == "waiting"  # nothing has to go
    told.outbox.put(photo(), None, "pir")
    assert shown(True, None, "the clock is not set") == "held"
    assert shown(True, retry, "errcode 5001") == "held"
    assert shown(True, None, PACE) == shown(True, None, None) == "waiting"
    assert shown(False, None, "no Wi-Fi") == "joining"
    told.status._outbox = Names(fault="it fails")
    assert shown(True, None, None) == shown(False, None, None) == "storage"
    assert shown(True, stop, None) == "stopped"
    assert 10 <= lit(True, stop) <= 20 and 10 <= lit(False, stop) <= 20
    told.status.off()
    assert esp.outputs[33] == 1
