# Sunrise and sunset, to two minutes, in floats of 32 bits: an ESP32 has no others.
#
# The Astronomical Almanac's formulas of low precision (Section C, "Low precision formulas for the
# Sun"): 0.01 degrees of the sun's place. No number here needs more than seven digits: a day is
# counted by itself, and the time within it in seconds of its own.

from math import acos, asin, atan2, cos, radians, sin

from thingscam.util.compat import const

_DAY_S = const(86400)
_2000 = const(10957)  # the day 1 January 2000, counted from 1970
# Degrees below the horizon of the sun's centre, when its rim is seen at it: refraction and radius.
_DIP = 0.8333


def times(day, latitude, longitude):
    """Return (sunrise, noon, sunset) of `day`, in seconds from the day's beginning, UTC.

    `day` is counted from 1 January 1970; degrees, north and east of 0. Noon is that next to 12:00
    of the sun's mean time there, and may lie in the day before or behind. Where the sun does not
    set that day, it rises 12 hours before noon and sets 12 hours behind; where it does not rise,
    both are at noon.
    """
    mean = 43200 - int(longitude * 240)
    noon = mean - _sun(day, mean)[1]
    found = [noon, noon, noon]
    for side in (-1, 1):
        for _ in range(2):  # the sun moves on while the day does
            found[1 + side] = noon + side * _half(_sun(day, found[1 + side])[0], latitude)
    return tuple(found)


def _sun(day, at):
    # Declination in radians, and by how many seconds the sun is ahead of mean time.
    days = day - _2000 + (at - 43200) / _DAY_S
    # 0.9856474 and 0.9856003 degrees a day, the full circles taken off.
    mean = (280.46 + days * 0.9856474) % 360
    far = radians((357.528 + days * 0.9856003) % 360)
    along = radians(mean + 1.915 * sin(far) + 0.02 * sin(2 * far))
    tilt = radians(23.439)
    right = atan2(cos(tilt) * sin(along), cos(along))
    ahead = (mean - right * 57.29578 + 180) % 360 - 180
    return asin(sin(tilt) * sin(along)), int(ahead * 240)


def _half(place, latitude):
    # Half of the time that the sun is up, in seconds.
    north = radians(latitude)
    up = -sin(radians(_DIP)) - sin(north) * sin(place)
    most = cos(north) * cos(place)
    if up >= most:
        return 0
    if up <= -most:
        return 43200
    return int(acos(up / most) * 57.29578 * 240)
