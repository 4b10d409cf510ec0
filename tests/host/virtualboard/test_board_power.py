# The virtual board's battery, its sun, and what an empty cell does.

import pytest

from tests.support.board import execute, running, until
from tools.virtualboard.power import SLEEP_MA, Sky

PLACE = (52.5, 13.4)
CELL = {"mah": 500, "pin": 33, "charge": 0.6}
HOUR = 3600
SLEEP = "import machine\nmachine.deepsleep()\n"
ASK = """
import machine
adc = machine.ADC(machine.Pin(33), atten=machine.ADC.ATTN_11DB)
print("found", sorted([adc.read_uv() // 1000 for _ in range(9)])[4])
"""


def test_it_drains_by_what_the_board_does():
    with running(battery=CELL) as board:
        board.wait_for("boot")
        board.advance(HOUR)
        first = board.state()["battery"]
        assert 84 <= first["used_mah"] <= 87 and first["ma"] == 85
        assert abs(first["charge"] - (300 - first["used_mah"]) / 500) < 0.001
        mv = int(execute(board, ASK).split("found ")[1])
        assert abs(mv * 2 - board.state()["battery"]["mv"]) < 25
    with running(SLEEP, battery=CELL) as board:
        until(lambda: board.state()["power"] == "asleep")
        before = board.state()["battery"]["used_mah"]
        board.advance(10 * HOUR)
        assert abs(board.state()["battery"]["used_mah"] - before - 10 * SLEEP_MA) < 0.5


def test_an_empty_one_is_a_power_cut_until_the_sun_has_charged_it():
    cell = {**CELL, "charge": 0.1, "panel_ma": 200}
    with running(SLEEP, battery=cell, sun=(0, 0)) as board:
        board.weather(0)
        until(lambda: board.state()["power"] == "asleep")
        board.advance(13 * HOUR)
        until(lambda: board.state()["power"] == "off")
        board.weather(1)
        starts = board.state()["starts"]
        for _ in range(24):
            board.advance(HOUR)
        until(lambda: board.state()["starts"] > starts)
        found = board.state()
        assert found["battery"]["got_mah"] > 100 and found["reset_cause"] == 1


def test_no_battery_and_no_sun_by_themselves():
    with running() as board:
        found = board.state()
        assert found["battery"] is None and found["light"] == 1.0
        for call, value in ((board.weather, 0.5), (board.charge, 0.5)):
            with pytest.raises(ValueError, match="no "):
                call(value)


def test_the_sun_is_where_it_should_be():
    """Within minutes of the almanac: sunset in Berlin on 21 June is at 19:33 UTC."""
    sky = Sky(*PLACE)
    june = 835228800000  # 2026-06-20T00:00:00Z, in ms since 2000
    minutes = [m for m in range(1440, 2880) if sky.height(june + m * 60000) > 0]
    assert abs(minutes[-1] - (1440 + 19 * 60 + 33)) < 12
    assert abs(minutes[0] - (1440 + 2 * 60 + 43)) < 12
    assert sky.daylight(june + 1440 * 60000) < 0.1 and sky.daylight(june + 12 * HOUR * 1000) == 1
