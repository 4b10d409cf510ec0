# A time zone by a POSIX TZ text, such as CET-1CEST,M3.5.0,M10.5.0/3: summer time included.
#
# POSIX.1-2017, Base Definitions 8.3; hours from -167 to 167 as in RFC 8536, 3.3.1.

from thingscam.util.compat import const

_DAY_S = const(86400)
_HOUR_S = const(3600)
_BEFORE = const((0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334))  # days before a month


class Zone:
    """The time zone that `text` describes. All times are in seconds since 1970.

    Raises ValueError that says where the text is wrong, and what is expected there.
    """

    def __init__(self, text):
        found = _Reader(text)
        found.name()
        self.standard = -found.time(24, "its offset from UTC, west of it above 0")
        self._summer = self._rules = None
        self._since, self._until, self._now = 0, -1, 0  # offset() from when to when
        if found.is_over():
            return
        found.name()
        self._summer = self.standard + _HOUR_S
        if found.rest()[:1] not in (",", ""):
            self._summer = -found.time(24, "summer time's offset from UTC")
        if found.is_over():
            raise ValueError(
                "says not when summer time begins and ends: such as ,M3.5.0,M10.5.0/3"
            )
        self._rules = found.rule(), found.rule()
        if not found.is_over():
            found.fail("its end")

    def offset(self, utc):
        """Return how many seconds local time is ahead of UTC at `utc`."""
        if self._rules is None:
            return self.standard
        if not self._since <= utc < self._until:
            self._find(utc)
        return self._now

    def utc(self, local):
        """Return when it is `local`, the seconds since 1970 that a local clock shows.

        The first time, where summer time's end brings it twice; where summer time begins, and
        clocks jump over it, as if they had not yet.
        """
        ahead = max(self.standard, self._summer or self.standard)
        first = self.offset(local - ahead)
        return local - (ahead if first == ahead else first)

    def _find(self, utc):
        # A year before and one behind: a rule's hours may lead out of its year.
        year = _year((utc + self.standard) // _DAY_S)
        self._since, self._now = utc, self.standard
        for each in (year - 1, year, year + 1):
            for at, offset in self._switches(each):
                if at > utc:
                    self._until = at
                    return
                self._since, self._now = at, offset

    def _switches(self, year):
        begin, end = self._rules  # pyright: ignore
        begins = _moment(begin, year) - self.standard, self._summer
        ends = _moment(end, year) - self._summer, self.standard
        return (begins, ends) if begins[0] < ends[0] else (ends, begins)


class _Reader:
    # Takes the parts of a text, one after another.

    def __init__(self, text):
        self._text = text
        self._at = 0

    def is_over(self):
        return self._at == len(self._text)

    def rest(self):
        return self._text[self._at :]

    def fail(self, wanted):
        raise ValueError("at character {} must be {}".format(self._at + 1, wanted))

    def name(self):
        start, wanted = self._at, "a zone's name, three letters or more, others in < >"
        if self._take("<"):
            while not self.is_over() and self.rest()[0] != ">":
                self._at += 1
            size = self._at - start - 1
            if not self._take(">"):
                self.fail("the > of a zone's name")
        else:
            while "a" <= self.rest()[:1].lower() <= "z":
                self._at += 1
            size = self._at - start
        if size < 3:
            self._at = start
            self.fail(wanted)

    def time(self, most, wanted):
        # Seconds, of [+-]h[:mm[:ss]].
        sign = -1 if self._take("-") else 1
        if sign > 0:
            self._take("+")
        found = self.number(0, most, wanted) * _HOUR_S
        for unit in (60, 1):
            if not self._take(":"):
                break
            found += self.number(0, 59, "a number") * unit
        return sign * found

    def number(self, least, most, wanted):
        start = self._at
        while "0" <= self.rest()[:1] <= "9" and self._at < start + 3:
            self._at += 1
        digits = self._text[start : self._at]
        if not digits or not least <= int(digits) <= most:
            self._at = start
            self.fail("{}, from {} to {}".format(wanted, least, most))
        return int(digits)

    def rule(self):
        # (month, week, weekday, seconds), or (0, day from 0, whether 29 February counts, seconds).
        if not self._take(","):
            self.fail("a comma and when summer time begins and ends")
        if self._take("M"):
            month = self.number(1, 12, "a month")
            self._dot()
            week = self.number(1, 5, "which week of the month, 5: the last")
            self._dot()
            found = month, week, self.number(0, 6, "a weekday, 0: Sunday")
        elif self._take("J"):
            found = 0, self.number(1, 365, "a day of the year") - 1, False
        else:
            found = 0, self.number(0, 365, "a rule such as M3.5.0, or a day of the year"), True
        if self._take("/"):
            return found + (self.time(167, "the hour of the change"),)
        return found + (2 * _HOUR_S,)

    def _dot(self):
        if not self._take("."):
            self.fail("a dot")

    def _take(self, char):
        if self._text[self._at : self._at + 1] != char:
            return False
        self._at += 1
        return True


def _moment(rule, year):
    # Seconds since 1970 of the clock's time that `rule` names, in `year`.
    month, week, day, seconds = rule
    first = _days(year)
    leap = _days(year + 1) - first == 366
    if month:
        at = first + _BEFORE[month - 1] + (leap and month > 2)
        length = (_BEFORE[month] if month < 12 else 365) - _BEFORE[month - 1]
        length += leap and month == 2
        in_month = (day - at - 4) % 7 + (week - 1) * 7  # 1 January 1970 was a Thursday
        at += in_month if in_month < length else in_month - 7
    else:
        at = first + week + (leap and not day and week >= 59)
    return at * _DAY_S + seconds


def _days(year):
    # From 1970 to the year's first day.
    year -= 1
    return year * 365 + year // 4 - year // 100 + year // 400 - 719162


def _year(days):
    year = 1970 + days // 366
    while _days(year + 1) <= days:
        year += 1
    return year
