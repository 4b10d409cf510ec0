# The virtual board's SD card: machine.SDCard as the ESP32's port and ESP-IDF have it.

import json

import pytest

from tests.support.board import execute, running

HEAD = """
import json, os, machine
def tried(call, *arguments):
    try:
        return call(*arguments)
    except OSError as e:
        return "OSError %s" % e.errno
def mounted():
    card = machine.SDCard(slot=1, width=1)
    os.mount(card, "/sd")
    return card
def write(name, data):
    with open("/sd/" + name, "w") as file:
        file.write(data)
def read(name):
    with open("/sd/" + name) as file:
        return file.read()
"""


@pytest.fixture
def board():
    with running(card=1 << 20) as board:
        board.wait_for(">>>")
        yield board


def run(board, text):
    return json.loads(execute(board, HEAD + text).splitlines()[-1])


def test_a_card_holds_files_over_a_power_cut(board):
    text = 'card = mounted(); write("a", "one"); print(json.dumps(card.info()))'
    assert run(board, text) == [1 << 20, 512]
    board.cut_power()
    assert board.card_files() == {"a": b"one"}
    board.power_on()
    assert run(board, 'mounted(); print(json.dumps(read("a")))') == "one"


def test_without_a_card_mounting_fails_as_busy(board):
    board.card_pull()
    text = """
card = machine.SDCard(slot=1, width=1)
print(json.dumps([tried(os.mount, card, "/sd"), card.ioctl(4, 0), tried(card.info)]))
"""
    # STA_NOINIT is FR_NOT_READY is EBUSY.
    assert run(board, text) == ["OSError 16", -1, "OSError 116"]


def test_a_card_that_was_pulled_needs_a_new_driver_object(board):
    board.on_output(lambda text: board.card_pull() if "pull" in text else None)
    board.on_output(lambda text: board.card_push() if "push" in text else None)
    text = """
import time
card = mounted()
write("a", "one")
print("pull")
time.sleep_ms(300)
found = [tried(read, "a"), tried(write, "b", "two")]
print("push")
time.sleep_ms(300)
found += [tried(read, "a")]
os.umount("/sd")
found += [tried(os.mount, card, "/sd")]
card.deinit()
mounted()
found += [read("a")]
print(json.dumps(found))
"""
    assert run(board, text) == ["OSError 5"] * 4 + ["one"]


WRITES = """
mounted()
print(json.dumps(tried(write, "b", "two" * 1000)))
"""


def test_writes_fail_by_order_and_when_protected(board):
    board.card_fault("protected")
    assert run(board, WRITES) == "OSError 5"
    assert board.card_files() == {}
    board.card_fault("protected", 0)
    board.card_fault("write", 1)
    assert run(board, WRITES) == "OSError 5"
    assert run(board, WRITES) is None
    assert board.card_files() == {"b": b"two" * 1000}
    board.card_fault("read", 1)
    assert run(board, "print(json.dumps(tried(mounted)))") == "OSError 5"


def test_before_1_24_a_write_that_fails_counts_as_written():
    with running(card=1 << 20, micropython="1.22") as board:
        board.wait_for(">>>")
        board.card_fault("protected")
        assert run(board, WRITES) is None
        assert board.card_files() == {}


def test_d3_low_makes_it_an_spi_card_until_it_loses_power(board):
    mount = 'print(json.dumps(tried(os.mount, machine.SDCard(), "/sd")))'
    board.pin(13, 0)
    assert run(board, mount) == "OSError 16"
    board.pin(13, None)
    assert run(board, mount) == "OSError 16"
    assert board.state()["card"] == {"pushed": True, "spi": True}
    board.press_reset()
    assert run(board, mount) is None


def test_a_second_driver_object_needs_the_first_ones_deinit():
    text = """
first = machine.SDCard()
%s
mounted()
for i in range(60):
    write("a", "x" * i)
print("survived")
"""
    with running(HEAD + text % "", card=1 << 20) as board:
        board.wait_for("assert failed")
    with running(HEAD + text % "first.deinit()", card=1 << 20) as board:
        board.wait_for("survived")
