# Counts crashes of the app, one start after another, and restarts the board after each.

from thingscam.board import chip, rtc, watchdog
from thingscam.board.counters import Counters
from thingscam.util.compat import const, sleep_ms
from thingscam.util.redact import print_exception

MAX = 3  # so many in a row, and the board stays at the REPL: see safemode.py
_PAUSE_MS = const(3000)

ended = None  # how the run before did, a text, where the start's cause does not tell


def begin():
    """The app runs from here on: who restarts the board now is no person."""
    rtc.remember(rtc.DOING, watchdog.RUNNING)


def end():
    """It has ended in an orderly way."""
    rtc.remember(rtc.DOING, watchdog.NOTHING)


def crashed(e):
    """Count a crash of the app, say it, and restart the board; a person may interrupt that."""
    try:
        keep(recall()[0] + 1, 1)
        Counters().add("crash")
        print_exception(e)
        print("restarting in {} s, Ctrl-C prevents it".format(_PAUSE_MS // 1000))
    except MemoryError:
        pass  # nothing can be said; the restart is what helps
    sleep_ms(_PAUSE_MS)
    chip.reset()


def healthy():
    """Forget the crashes: the app works."""
    if recall()[0]:
        keep(0, 0)


def recall():
    """Return how many crashes there were in a row, and whether the last restart was ours."""
    kept = rtc.recall(rtc.CRASHES)
    return (min(kept[0], MAX), kept[1]) if kept else (0, 0)


def keep(crashes, by_crash):
    """Keep what recall() returns."""
    rtc.remember(rtc.CRASHES, bytes([min(crashes, 255), by_crash]))
