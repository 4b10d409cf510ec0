# A flash that fails or is full, a computer that has no time for the board.

import json
import os
import re
import signal
import time

import pytest

from tests.support.board import children, running, until
from tools.virtualboard.board import VirtualBoard

# Acts when pin 4 rises, and prints one line.
ACTS = """
import json, machine, os
def tried(call, *arguments):
    try:
        return call(*arguments)
    except OSError as e:
        return e.errno
def write(name):
    with open(name, "w") as file:
        file.write("z" * 4090)
def read(name):
    with open(name) as file:
        return len(file.read())
def names(path):
    return len(list(os.ilistdir(path)))
def act(_):
    found = tried(read, "d/1"), tried(read, "d/2"), tried(names, "d"), tried(write, "e")
    print(json.dumps(found))
machine.Pin(4, machine.Pin.IN).irq(act, machine.Pin.IRQ_RISING)
print("ready")
while True:
    machine.idle()
"""
FILES = {"d/1": "frame 1" + "y" * 2993, "d/2": "frame 2" + "y" * 2993}


def acted(board, *fault):
    """What the program finds with this fault of the flash."""
    if fault:
        board.flash_fault(*fault)
    seen = len(board.output)
    board.pin(4, 1)
    board.pin(4, 0)
    found = until(lambda: re.search(r"\[.*\]", board.output[seen:]))
    if fault:
        board.flash_fault(fault[0], None)
    return json.loads(found[0])


def test_a_flash_fails_in_three_ways_and_works_again():
    with running(ACTS, files=FILES) as board:
        board.wait_for("ready")
        assert acted(board) == [3000, 3000, 2, None]
        assert acted(board, "read", "frame 2") == [3000, 5, 2, None]
        assert acted(board, "corrupt", "frame 2") == [3000, 84, 2, None]
        assert acted(board, "write") == [3000, 3000, 2, 5]
        assert acted(board) == [3000, 3000, 2, None]
        with pytest.raises(ValueError, match="no flash fault rust"):
            board.flash_fault("rust")


def test_a_fault_of_the_flash_outlasts_a_power_cut():
    with running(ACTS, files=FILES) as board:
        board.wait_for("ready")
        board.flash_fault("read", "frame 1")
        board.press_reset()
        board.wait_for("ready", count=2)
        assert acted(board) == [5, 3000, 2, None]


def test_a_corrupt_folder_lets_the_board_start():
    # Written so often, both blocks that littlefs has for the folder name the file, no others do.
    begin = """
try:
    for _ in range(400):
        open("d/" + "of" "-both", "w").close()
except OSError:
    pass
"""
    with running(begin + ACTS, files=FILES) as board:
        board.wait_for("ready")
        board.flash_fault("corrupt", "of-both")
        board.press_reset()
        board.wait_for("ready", count=2)
        assert acted(board)[:3] == [84, 84, 84]
        board.flash_fault("corrupt", None)
        assert acted(board) == [3000, 3000, 3, None]


def test_a_flash_and_a_card_are_filled_while_the_power_is_off():
    with running(ACTS, files=FILES, card=1 << 18) as board:
        board.wait_for("ready")
        with pytest.raises(ValueError, match="while the power is off"):
            board.flash_fill(0)
        board.cut_power()
        board.flash_fill(0)
        board.card_fill(4096)
        assert (1 << 18) - 32768 < len(board.card_files()["filler"]) < 1 << 18
        board.power_on()
        board.wait_for("ready", count=2)
        assert acted(board) == [3000, 3000, 2, 28]
        board.cut_power()
        board.flash_fill(None)
        board.card_fill(None)
        assert board.card_files() == {} and "filler" not in board.files()
        board.power_on()
        board.wait_for("ready", count=3)
        assert acted(board) == [3000, 3000, 2, None]


TICKS = """
import time
while True:
    end = last = time.ticks_ms()
    while time.ticks_diff(last, end) < 1000:
        last, before = time.ticks_ms(), last
        assert time.ticks_diff(last, before) >= 0
        time.sleep_ms(1)
    print("at", last)
"""


@pytest.mark.parametrize("fair", [False, True])
def test_a_computer_that_has_no_time_for_a_board_takes_none_of_its_own(fair):
    board = VirtualBoard({"main.py": TICKS}, speed=20, fair=fair)
    try:
        board.start()
        board.wait_for("at ", count=3)
        (pid,) = children()
        os.kill(pid, signal.SIGSTOP)
        time.sleep(0.5)  # ten seconds of board time
        os.kill(pid, signal.SIGCONT)
        count = board.output.count("at ")
        board.wait_for("at ", count=count + 3)
    finally:
        board.stop()
    ticks = [int(found) for found in re.findall(r"at (\d+)\r?\n", board.output)]
    jump = max(later - earlier for earlier, later in zip(ticks, ticks[1:], strict=False))
    assert jump < 3000 if fair else jump > 9000
    assert (board.state()["lost_ms"] > 8000) == fair


def test_another_speed_holds_from_when_it_was_set_however_late_the_board_hears():
    with running(TICKS, speed=100) as board:
        board.wait_for("at ", count=2)
        (pid,) = children()
        os.kill(pid, signal.SIGSTOP)
        board.set_speed(1)
        time.sleep(0.5)  # fifty seconds at the speed before
        os.kill(pid, signal.SIGCONT)
        board.wait_for("at ", count=board.output.count("at ") + 1)
        # By so much too far, before, that it was ahead of the world.
        assert int(re.findall(r"at (\d+)", board.output)[-1]) <= board.state()["board_ms"]
