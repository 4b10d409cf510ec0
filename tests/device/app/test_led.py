# led.Led and chip.Light: what the status LED shows.

from fakeboard import on_board
from thingscam import led
from thingscam.board import chip


def played(esp, name, ms=10000, step=10):
    """Return the lengths of what the LED shows, [on, off, on, ...] in ms."""
    states = []
    shown = led.Led(states.append)
    lengths = []
    last = None
    for _ in range(0, ms, step):
        shown.show(name)
        shown.step()
        if states[-1] is not last:
            last = states[-1]
            lengths.append(0)
        lengths[-1] += step
        esp.go(step)
    # It is switched when it changes, not each time.
    assert len(states) == len(lengths)
    assert states[0] is True
    return lengths


@on_board
def test_each_pattern(esp):
    assert played(esp, "starting") == [10000]
    assert played(esp, "joining", 1000) == [250, 250, 250, 250]
    assert played(esp, "sending", 480) == [60] * 8
    assert played(esp, "waiting") == [30, 4970, 30, 4970]
    assert played(esp, "stopped", 4000) == [150, 150, 150, 1550] * 2
    assert played(esp, "held") == [30, 270, 30, 4670] * 2
    assert played(esp, "storage") == [30, 270, 30, 270, 30, 4370] * 2
    # No two can be taken for each other.
    assert len(set(led.PATTERNS.values())) == len(led.PATTERNS) == 7


@on_board
def test_another_pattern_starts_from_its_beginning(esp):
    states = []
    shown = led.Led(states.append)
    shown.show("waiting")
    esp.go(1000)
    shown.step()
    assert states == [True, False]
    shown.show("stopped")
    assert states == [True, False, True]
    shown.off()
    assert states[-1] is False


@on_board
def test_lights_on_pins(esp):
    light = chip.Light(4)
    assert esp.outputs[4] == 0
    light(True)
    assert esp.outputs[4] == 1
    light(False)
    assert esp.outputs[4] == 0
    # The status LED of an AI-Thinker lights when its pin is low.
    low = chip.Light(33, active_low=True)
    assert esp.outputs[33] == 1
    low(True)
    assert esp.outputs[33] == 0
    chip.Light(None)(True)
    chip.machine = None
    chip.Light(4)(True)
