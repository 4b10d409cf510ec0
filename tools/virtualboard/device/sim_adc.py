# machine.ADC: ports/esp32/machine_adc.c and adc.c over ESP-IDF, by chip and version.

import _sim
from sim_pin import Pin

_ESP32 = _sim.state["chip"] == "esp32"
_SINCE = _sim.state["micropython"]
_NEW = _SINCE >= [1, 26]  # ESP-IDF's newer driver
if _ESP32:
    _ADC1 = (36, 37, 38, 39, 32, 33, 34, 35)
    _ADC2 = (4, 0, 2, 15, 13, 12, 14, 27, 25, 26)
else:
    _ADC1 = tuple(range(1, 11))
    _ADC2 = tuple(range(11, 21))
# What is on the pin, in mV, by raw value and attenuation. Of an ESP32 it is that of
# adc_cali_line_fitting.c for 1100 mV, with the bend of its table at 11 dB; below the first point a
# reading is 0. Of an S3 the range that its page on the ADC names.
_POINTS = (
    ((0, 75), (2880, 754), (4095, 1040)),
    ((0, 78), (2880, 978), (4095, 1358)),
    ((0, 107), (2880, 1353), (4095, 1878)),
    ((0, 142), (2880, 2462), (4095, 3134)),
)
_S3_MOST = (950, 1250, 1750, 3100)
_EPERM = 1
_ESP_ERR_TIMEOUT = 0x107
_attenuations = {}
_off = {}  # by unit: whether it was given back
_noise = 1


def _between(x, points):
    (x0, y0), (x1, y1) = points[:2] if x <= points[1][0] else points[1:]
    return y0 + (x - x0) * (y1 - y0) / (x1 - x0)


class ADC:
    """A pin whose voltage is measured. `width()` and ADCBlock are not here."""

    ATTN_0DB, ATTN_2_5DB, ATTN_6DB, ATTN_11DB = 0, 1, 2, 3

    def __init__(self, pin, *, atten=-1):
        self._number = (pin if isinstance(pin, Pin) else Pin(pin))._number
        if self._number not in _ADC1 + _ADC2:
            raise ValueError("invalid pin")
        self._unit = 2 if self._number in _ADC2 else 1
        self.init(atten=atten)

    def init(self, *, atten=-1):
        """Set it up. Without `atten` it measures the most since 1.26, before the least."""
        _off[self._unit] = False
        if atten == -1:
            atten = 3 if _NEW else _attenuations.get(self._number, 0)
        self.atten(atten)

    if _NEW:

        def deinit(self):
            """Give the unit back."""
            _off[self._unit] = True

    def atten(self, atten):
        """Set the attenuation."""
        if not 0 <= atten <= 3:
            raise ValueError("invalid attenuation" if _NEW else "invalid atten")
        _attenuations[self._number] = atten

    def read(self):
        """Return the raw value, in 12 bits."""
        if _off[self._unit]:
            raise OSError(_EPERM)
        _sim.pump()
        found = _sim.ask(adc=self._number)
        if self._unit == 2 and found["radio"]:
            # Wi-Fi has it; from 1.26 to 1.28 nobody looks at what the driver says.
            if [1, 26] <= _SINCE < [1, 29]:
                return 0
            raise OSError(-_ESP_ERR_TIMEOUT, "ESP_ERR_TIMEOUT")
        return self._raw(found["mv"])

    def read_u16(self):
        """Return it in 16 bits."""
        raw = self.read()
        return raw << 4 | raw >> 8

    def read_uv(self):
        """Return the microvolts on the pin, calibrated, in whole millivolts."""
        raw, atten = self.read(), _attenuations[self._number]
        if _ESP32:
            return int(_between(raw, _POINTS[atten])) * 1000
        return raw * _S3_MOST[atten] // 4095 * 1000

    def _raw(self, mv):
        global _noise
        _noise = (_noise * 1103515245 + 12345) & 0x7FFFFFFF
        random = _noise >> 16
        if mv is None:  # nothing is wired: a mains' hum
            return int(900 + 700 * abs(_sim.ticks_us() // 1000 % 20 - 10) / 10)
        atten = _attenuations[self._number]
        if not _ESP32:
            raw = mv * 4095 / _S3_MOST[atten]
        elif mv <= _POINTS[atten][0][1]:
            return 0
        else:
            raw = _between(mv, [(y, x) for x, y in _POINTS[atten]])
        # One in sixteen is far off, as while the radio sends.
        raw += random % 17 - 8 + (300 if random % 16 == 0 else 0)
        return int(min(max(raw, 0), 4095))
