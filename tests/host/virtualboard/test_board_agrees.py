# The two simulations of a chip, the device tests' fake and the virtual board, say the same.

import json
import pathlib

import pytest

import chipfacts
import fakeboard
from tests.support.board import execute, running

ASK = """
import chipfacts, json, machine, network, time
print(json.dumps(chipfacts.facts(machine, network, time.sleep_ms)))
"""


def by_the_fake(version):
    with fakeboard.Board(micropython=version) as esp:
        esp.air.add("net", "secret", -55)
        esp.air.add("other", "geheim", -80, bssid=1)
        esp.volts.update({13: 1800, 33: 1800})
        esp.restart("soft_reset")
        return chipfacts.facts(esp.machine, esp.network, esp.go)


def by_the_virtual_board(version):
    files = {"chipfacts.py": pathlib.Path(chipfacts.__file__).read_text()}
    text = "head" if version == (1, 29) else "{}.{}".format(*version)
    with running(speed=10, fair=True, micropython=text, files=files) as board:
        board.network("net", "secret", -55)
        board.network("other", "geheim", -80)
        for number in (13, 33):
            board.voltage(number, 1800)
        return json.loads(execute(board, ASK).splitlines()[-1])


@pytest.mark.parametrize("version", [(1, 21), (1, 22), (1, 27), (1, 29)])
def test_both_say_the_same(version):
    found = by_the_fake(version)
    assert found == by_the_virtual_board(version)
    assert len(found) > 25
