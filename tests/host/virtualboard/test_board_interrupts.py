# The virtual board's interrupts: when a callback runs, when it does not, and when it is lost.

import pytest
import serial

from tests.support.board import running, until

SENSOR = """
import machine, time
seen = []
def moved(pin):
    seen.append(pin.value())
machine.Pin(13, machine.Pin.IN).irq(moved, machine.Pin.IRQ_RISING)
"""


def edges(board, count):
    for _ in range(count):
        board.pin(13, 1)
        board.pin(13, 0)


# A call that lets no callback in, and takes two seconds: a scan, without any network.
SCAN = (
    SENSOR
    + """
import network
wlan = network.WLAN(network.STA_IF)
wlan.active(True)
print("in C")
wlan.scan()
now = len(seen)
time.sleep_ms(200)
print("back", now, "after", len(seen), "done")
time.sleep(60)
"""
)


@pytest.mark.parametrize(("count", "seen"), [(1, 1), (8, 8), (9, 8), (30, 8)])
def test_eight_callbacks_wait_for_a_call_that_blocks_and_a_ninth_is_lost(count, seen):
    with running(SCAN) as board:
        board.wait_for("in C")
        edges(board, count)
        board.wait_for("done")
        before, after = board.output.split("back ")[1].split()[0:3:2]
        # Between two statements one may have had its turn.
        assert int(before) <= 1
        assert int(after) == seen


def test_a_ctrl_c_in_a_call_that_blocks_comes_behind_it():
    with running(SCAN.replace("now =", "print('late')\nnow =")) as board:
        board.wait_for("in C")
        start = board.state()["board_ms"]
        until(lambda: board.board_ms > start + 300)
        with serial.Serial(board.port) as port:
            port.write(b"\x03")
            board.wait_for("KeyboardInterrupt")
        assert board.state()["board_ms"] - start > 1000
        assert "late" not in board.output


def test_a_level_changes_whatever_goes_on():
    program = (
        SENSOR
        + """
def look(timer):
    print("in")
    time.sleep_ms(500)
    print("level", machine.Pin(13).value(), "seen", len(seen))
machine.Timer(0).init(mode=machine.Timer.ONE_SHOT, period=10, callback=look)
time.sleep(1)
print("later", len(seen))
"""
    )
    with running(program) as board:
        board.wait_for("in\n")
        board.pin(13, 1)
        board.wait_for("later 1")
        # No callback runs within another.
        assert "level 1 seen 0\nlater 1" in board.output


@pytest.mark.parametrize("error", ["KeyboardInterrupt", "SystemExit", "ValueError('so')"])
def test_what_a_callback_raises_is_printed_and_no_more(error):
    program = (
        "import machine, time\n"
        "def moved(pin): raise {}\n"
        "machine.Pin(13).irq(moved, machine.Pin.IRQ_RISING)\n"
        "print('ready')\n"
        "time.sleep(1)\n"
        "print('went on')\n"
    ).format(error)
    with running(program) as board:
        board.wait_for("ready")
        board.pin(13, 1)
        board.wait_for("went on")
        assert error.split("(")[0] in board.output.split("ready")[1]


def test_a_ctrl_c_within_a_callback_ends_the_callback_alone():
    program = (
        "import machine, time\n"
        "def moved(pin):\n"
        "    print('in it')\n"
        "    while True: pass\n"
        "machine.Pin(13).irq(moved, machine.Pin.IRQ_RISING)\n"
        "print('ready')\n"
        "time.sleep(1)\n"
        "print('went on')\n"
    )
    with running(program) as board:
        board.wait_for("ready")
        board.pin(13, 1)
        board.wait_for("in it")
        with serial.Serial(board.port) as port:
            port.write(b"\x03")
            board.wait_for("went on")
        assert "KeyboardInterrupt" in board.output


def test_a_wire_that_bounces():
    program = (
        SENSOR
        + """
levels = [0, 0]
print("ready")
end = time.ticks_add(time.ticks_ms(), 4000)
while time.ticks_diff(end, time.ticks_ms()) > 0:
    levels[machine.Pin(13).value()] += 1
    time.sleep_ms(3)
print("seen", len(seen), levels, "done")
"""
    )
    with running(program) as board:
        board.wait_for("ready")
        board.bounce(13, 50, 2)
        board.wait_for("done")
        seen, low, high = board.output.split("seen ")[1].split(" done")[0].split()
        assert 60 <= int(seen) <= 101
        assert int(high[:-1]) > 50 and int(low[1:-1]) > 200
        assert board.state()["pins"]["13"] == 0
