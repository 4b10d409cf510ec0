# The windows of time in which pictures are taken: by weekday and clock, or by the sun.

from thingscam.schedule import sun
from thingscam.util.compat import const

DAYS = const(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))
_EVENTS = const(("sunrise", "sunset"))
_DAY_S = const(86400)
_WEEK_S = const(604800)
# When the sun may rise and set where people live, in seconds from midnight: whether a window ends
# on the day on which it begins must not change with the seasons.
_EARLIEST = const((10800, 54000))
_LATEST = const((32400, 75600))


class Windows:
    """When pictures are taken, by `settings` (the section "schedule") and `zone`, a Zone.

    Times are in seconds since 1970, UTC. Raises ValueError as window() does.
    """

    def __init__(self, settings, zone):
        self._windows = [window(entry) for entry in settings.windows]
        self._place = settings.latitude, settings.longitude
        self._zone = zone
        self._day = None  # of the sun's times, that are kept
        self._sun = 0, 0

    def state(self, utc):
        """Return whether `utc` is within a window, and when that changes: in a week at most."""
        day = self._local_day(utc)
        spans, inside, change = [], False, utc
        for at in range(day - 2, day + 9):
            spans += self.of_day(at)
            inside, change = _change(spans, utc)
            # One of a later day begins 12 hours before that day at the earliest.
            if at > day and change < self._zone.utc(at * _DAY_S):
                break
        return inside, change

    def of_day(self, day):
        """Return the windows that begin on a `day`, counted from 1970, as a list of (from, to)."""
        found = []
        for days, begin, end, over in self._windows:
            if days >> (day + 3) % 7 & 1:  # 1 January 1970 was a Thursday
                span = self._moment(begin, day), self._moment(end, day + over)
                if span[1] - span[0] >= 60:  # noon comes later by half a minute a day
                    found.append(span)
        return found

    def today(self, utc):
        """Return of_day() of the local day."""
        return self.of_day(self._local_day(utc))

    def until(self, utc, change):
        """Return in words when what state() has told at `utc` changes."""
        if change - utc >= _WEEK_S:
            return "for a week"
        return "until {}".format(self.text(change))

    def text(self, utc):
        """Return the local weekday and time, such as "mon 07:00"."""
        local = utc + self._zone.offset(utc)
        minutes = local // 60
        day = DAYS[(local // _DAY_S + 3) % 7]
        return "{} {:02d}:{:02d}".format(day, minutes // 60 % 24, minutes % 60)

    def _local_day(self, utc):
        return (utc + self._zone.offset(utc)) // _DAY_S

    def _moment(self, time, day):
        event, seconds = time
        if event is None:
            return self._zone.utc(day * _DAY_S + seconds)
        if day != self._day:
            latitude, longitude = self._place
            # By the sun's day whose noon is in the local day.
            noon = self._zone.standard + 43200 - int(longitude * 240)
            first = day - noon // _DAY_S
            rise, _, down = sun.times(first, latitude, longitude)
            self._day, self._sun = day, (first * _DAY_S + rise, first * _DAY_S + down)
        return self._sun[event] + seconds


def window(entry):
    """Return (bits of the days, from, to, whether it ends on the next day) of a dict.

    From and to are (0 for sunrise, 1 for sunset, None for midnight, seconds from then on).
    Raises ValueError that says what is wrong, and with what.
    """
    days = _days(entry.get("days", "mon-sun"))
    begin, end = _time(entry, "from", "00:00"), _time(entry, "to", "24:00")
    if begin == end:
        raise ValueError("from and to are the same: for the whole day leave both out")
    if begin[0] == end[0]:
        return days, begin, end, end[1] < begin[1]
    return days, begin, end, _at(end, _LATEST) <= _at(begin, _EARLIEST)


def _change(spans, utc):
    until = utc
    for begin, end in sorted(spans):
        if begin <= until:
            until = max(until, end)
    if until == utc:
        until = min([begin for begin, _ in spans if begin > utc] + [utc + _WEEK_S])
        return False, until
    return True, min(until, utc + _WEEK_S)


def needs_sun(entry):
    """Return whether a window() is by the sun."""
    return entry[1][0] is not None or entry[2][0] is not None


def _at(time, of_sun):
    return time[1] if time[0] is None else of_sun[time[0]] + time[1]


def _days(text):
    if not isinstance(text, str):
        raise ValueError('days: must be a text such as "mon-fri" or "sat,sun"')
    bits = 0
    for part in text.lower().replace(" ", "").split(","):
        first, _, last = part.partition("-")
        if first not in DAYS or (last or first) not in DAYS or part[-1:] == "-":
            wanted = 'days: must be such as "mon-fri" or "sat,sun", of {}; found {!r}'
            raise ValueError(wanted.format(" ".join(DAYS), part))
        at, last = DAYS.index(first), DAYS.index(last or first)
        bits |= 1 << at
        while at != last:
            at = (at + 1) % 7
            bits |= 1 << at
    return bits


def _time(entry, key, default):
    found = entry.get(key, default)
    wanted = '{}: must be "HH:MM", "sunrise", or such as "sunset+00:30"'.format(key)
    if not isinstance(found, str):
        raise ValueError(wanted)
    text = found.replace(" ", "")
    for i, name in enumerate(_EVENTS):
        if text.startswith(name):
            rest = text[len(name) :] or "+00:00"
            seconds = _clock(rest[1:], 12)
            if seconds is not None and rest[0] in "+-":
                return i, seconds if rest[0] == "+" else -seconds
    seconds = _clock(text, 24)
    if seconds is not None:
        return None, seconds
    raise ValueError("{}; found {!r}".format(wanted, found))


def _clock(text, most):
    # Seconds of H:MM or HH:MM; None: it is none.
    hours, _, minutes = text.partition(":")
    for part in (hours, minutes):
        if not part or len(part) > 2 or not all("0" <= char <= "9" for char in part):
            return None
    found = int(hours) * 3600 + int(minutes) * 60
    if len(minutes) < 2 or int(minutes) > 59 or found > most * 3600:
        return None
    return found
