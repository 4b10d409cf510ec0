# counters.Counters: what happened, kept over deep sleep and resets.

from fakeboard import on_board
from thingscam.board import chip
from thingscam.board.counters import NAMES, Counters


@on_board
def test_counts(esp):
    counters = Counters()
    assert counters.as_dict() == dict.fromkeys(NAMES, 0)
    for i, name in enumerate(NAMES):
        counters.add(name, i)
        counters.add(name)
    assert counters.as_dict() == {name: i + 1 for i, name in enumerate(NAMES)}


@on_board
def test_survives_all_but_a_power_cut(esp):
    Counters().add("sent", 3)
    esp.wake(1000)
    Counters().add("sent")
    for cause in ("reset", "watchdog", "soft_reset"):
        esp.restart(cause)
        assert Counters().as_dict()["sent"] == 4
    esp.power_cut()
    assert Counters().as_dict()["sent"] == 0


@on_board
def test_starts_are_counted_by_their_cause(esp):
    found = []
    for cause in ("power_on", "reset", "watchdog", "deep_sleep", "soft_reset"):
        esp.restart(cause)
        Counters().add(chip.start_cause())
        found.append(Counters().as_dict()[cause])
    assert found == [1] * 5


@on_board
def test_goes_on_past_its_bounds(esp):
    counters = Counters()
    counters.add("captured", (1 << 32) - 1)
    counters.add("captured", 2)
    assert Counters().as_dict()["captured"] == 1


@on_board
def test_works_on_a_computer(esp):
    chip.machine = None
    counters = Counters()
    counters.add("sent")
    assert counters.as_dict()["sent"] == 1
    assert chip.start_cause() == "power_on"
