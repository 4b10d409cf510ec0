# The voltage on a pin, by the chip's ADC, and whether that can be believed.

from thingscam.board import chip
from thingscam.util.compat import const, sleep_ms

_READINGS = const(15)
_APART_MS = const(2)  # in all longer than a period of the mains, which a loose wire takes in
_FULL = const(65535)
# What a chip without calibration in its fuses has by design: millivolts at 0, and from there to
# the full scale (ESP-IDF, adc_cali_line_fitting.c: 1100 mV, 11 dB).
_AT_ZERO = const(142)
_SPAN = const(3299)


class NoVoltageError(Exception):
    """What the pin reads is no voltage of anything; the text says why."""


def read_mv(number):
    """Return the millivolts on GPIO `number`, a pin of ADC1: the median of several readings.

    Raises NoVoltageError where nothing seems to be wired to it.
    """
    machine = chip.machine
    adc = None
    try:
        adc = machine.ADC(machine.Pin(number), atten=machine.ADC.ATTN_11DB)  # pyright: ignore
        raw, found = _readings(adc)
    except (AttributeError, ValueError, OSError) as e:
        raise NoVoltageError("cannot be measured ({})".format(e))
    finally:
        if hasattr(adc, "deinit"):
            adc.deinit()  # pyright: ignore
    middle = _READINGS // 2
    if raw[middle] in (0, _FULL):
        raise NoVoltageError("reads {}".format("the most it can" if raw[middle] else "0"))
    low, high = found[_READINGS // 4], found[_READINGS - 1 - _READINGS // 4]
    if high - low > found[middle] // 8:
        raise NoVoltageError("reads {} to {} mV in turn".format(low, high))
    return found[middle]


def _readings(adc):
    # As they are, and in millivolts: each a list from low to high.
    raw, found = [], []
    for _ in range(_READINGS):
        raw.append(adc.read_u16())
        try:
            mv = adc.read_uv() // 1000
        except (AttributeError, OSError):
            mv = _AT_ZERO + raw[-1] * _SPAN // _FULL
        found.append(mv)
        sleep_ms(_APART_MS)
    raw.sort()
    found.sort()
    return raw, found
