# A week of a camera that lives on the sun: what its battery has, and what becomes of its pictures.

from docs.draw.shapes import BLUE, DIM, GREEN, INK, LINE, ORANGE, RED, box, picture, text

_LEFT, _RIGHT = 122, 704
_HOUR_MS = 3600000
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_LEVELS = {"good": GREEN, "low": ORANGE, "critical": RED}
_NIGHT = "#e4e9f0"
_PALE_BLUE = "#ddf4ff"
_SKY = (150, 32)  # top and height
_CHARGE = (206, 220)
_LEVEL = (446, 34)
_WAITING = (520, 110)
_ROWS = ((664, "taken", GREEN), (700, "sent", BLUE), (736, "wake-ups", DIM))


def week(found, weather):
    """Return the picture of `found`, which has what tests.system.soak.week.Week has."""
    hours = len(weather) * 24
    end = hours * _HOUR_MS

    def x(ms):
        return _LEFT + (_RIGHT - _LEFT) * min(ms, end) / end

    parts = [
        text(360, 48, "A week by the sun", 32, INK, "middle", 700),
        text(360, 80, "a camera in deep sleep, a picture each half hour and at motion,", 21, DIM,
             "middle"),
        text(360, 106, "on one lithium cell of 1000 mAh and a small solar panel", 21, DIM,
             "middle"),
    ]  # fmt: skip
    for day, clear in enumerate(weather):
        left, right = x(day * 24 * _HOUR_MS), x((day + 1) * 24 * _HOUR_MS)
        parts.append(text((left + right) / 2, 140, _DAYS[day % 7], 20, INK, "middle", 600))
        tones = ((196, 84), (203, 174), (210, 255))  # red, green and blue: overcast, and clear
        blue = "#" + "".join("{:02x}".format(round(a + (b - a) * clear)) for a, b in tones)
        parts.append(box(left + 1, _SKY[0], right - left - 2, _SKY[1], blue, radius=5))
        words = "{:.0f} %".format(clear * 100)
        parts.append(text((left + right) / 2, _SKY[0] + 23, words, 20, INK, "middle"))
        # By the sun at 52.5 degrees in May, UTC: it is up from about 3 to 19 o'clock.
        for begin, over in ((0, 3), (19, 24)):
            a, b = x((day * 24 + begin) * _HOUR_MS), x((day * 24 + over) * _HOUR_MS)
            parts.append(box(a, _CHARGE[0], b - a, _CHARGE[1], _NIGHT, radius=0))
    parts.append(_label(_SKY[0] + 23, "sky"))
    parts += _charge(found, x) + _levels(found, x, end) + _waiting(found, x)
    for top, name, color in _ROWS:
        moments = {"taken": found.took, "sent": found.went}.get(name, found.wakes)
        parts.append(_label(top + 21, name))
        parts.append(_ticks(moments, x, top, 26, color))
    return picture(
        "A week of a camera that lives on the sun",
        "Charge of the battery, its level, pictures that wait, are taken and sent, and wake-ups, "
        "over seven days of which the first four are overcast. The charge falls until the battery "
        "is low, when pictures go once an hour, and critical, when none are taken; on the fifth "
        "day the sun comes back, and so does the camera.",
        784,
        parts,
    )


def _label(y, words):
    return text(_LEFT - 12, y, words, 20, DIM, "end")


def _charge(found, x):
    top, height = _CHARGE
    parts = []
    for percent in (0, 25, 50, 75, 100):
        y = top + height * (1 - percent / 100)
        parts.append(_line(_LEFT, y, _RIGHT, y, LINE, 1))
        parts.append(_label(y + 7, "{} %".format(percent)))
    for begin, end, level in _spans(found):
        here = [n for n, p in enumerate(found.points) if begin <= p.at_ms <= end]
        if not here:
            continue
        # From the last point of the level before.
        points = found.points[max(here[0] - 1, 0) : here[-1] + 1]
        path = " ".join(
            "{:.1f},{:.1f}".format(x(p.at_ms), top + height * (1 - p.charge / 100)) for p in points
        )
        form = '<polyline points="{}" fill="none" stroke="{}" stroke-width="5"/>'
        parts.append(form.format(path, _LEVELS[level]))
    return parts


def _levels(found, x, end):
    top, height = _LEVEL
    parts = [_label(top + 24, "battery")]
    for begin, over, level in _spans(found, end):
        left, width = x(begin), x(over) - x(begin)
        parts.append(box(left, top, width, height, _LEVELS[level], radius=4))
        if width > 12 * len(level):
            parts.append(text(left + width / 2, top + 24, level, 20, "#ffffff", "middle", 600))
        else:
            below = top + height + 22
            parts.append(text(left + width / 2, below, level, 20, _LEVELS[level], "middle", 600))
    return parts


def _waiting(found, x):
    top, height = _WAITING
    most = max([p.waiting for p in found.points] + [4])
    path = ["M{:.1f},{}".format(x(0), top + height)]
    before = 0
    for p in found.points:
        for count in (before, p.waiting):
            path.append("L{:.1f},{:.1f}".format(x(p.at_ms), top + height * (1 - count / most)))
        before = p.waiting
    path.append("L{:.1f},{} z".format(x(found.points[-1].at_ms), top + height))
    form = '<path d="{}" fill="{}" stroke="{}" stroke-width="1.5"/>'
    return [
        _label(top + 22, str(most)),
        _label(top + height / 2 + 7, "waiting"),
        _label(top + height, "0"),
        _line(_LEFT, top + height, _RIGHT, top + height, LINE, 1),
        form.format(" ".join(path), _PALE_BLUE, BLUE),
    ]


def _spans(found, end=float("inf")):
    changes = [(0, "good"), *found.levels, (end, "")]
    return [(a, b, level) for (a, level), (b, _) in zip(changes, changes[1:], strict=False)]


def _ticks(moments, x, top, height, color):
    path = " ".join("M{:.1f},{} v{}".format(x(ms), top, height) for ms in moments)
    return '<path d="{}" stroke="{}" stroke-width="1.2" fill="none"/>'.format(path, color)


def _line(x0, y0, x1, y1, color, width):
    form = '<line x1="{}" y1="{:.1f}" x2="{}" y2="{:.1f}" stroke="{}" stroke-width="{}"/>'
    return form.format(x0, y0, x1, y1, color, width)
