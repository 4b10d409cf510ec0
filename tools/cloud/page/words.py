# Numbers and moments in words, for people.

import datetime

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"))


def span(seconds):
    """Return so many seconds in the largest unit of which there are two, such as "5 min"."""
    for unit, name in _UNITS:
        if seconds >= 2 * unit:
            return f"{seconds // unit:.0f} {name}"
    return f"{seconds:.0f} s"


def size(count):
    """Return so many bytes in words."""
    for unit, name in ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "KB")):
        if count >= 2 * unit:
            return f"{count / unit:.0f} {name}"
    return f"{count:.0f} bytes"


def utc(at):
    """Return the moment `at` (seconds since 1970) as a datetime in UTC."""
    return datetime.datetime.fromtimestamp(at, datetime.UTC)


def moment(when):
    """Return HTML of a datetime; page.js writes it in the reader's own time."""
    if when.tzinfo:
        when = when.astimezone(datetime.UTC)
    return f'<time datetime="{when.isoformat(timespec="seconds")}">{shown(when)}</time>'


def shown(when):
    """Return a datetime as text."""
    zone = " UTC" if when.tzinfo else " by the camera's clock"
    return when.strftime("%Y-%m-%d %H:%M:%S") + zone


def age(at, now):
    """Return HTML that tells how long ago `at` was; both in seconds since 1970.

    ages.js keeps it up.
    """
    text = f"{span(max(now - at, 0))} ago"
    iso = utc(at).isoformat(timespec="seconds")
    return f'<time class="age" datetime="{iso}" title="{shown(utc(at))}">{text}</time>'
