# The settings of the section "schedule": loaded only for a config.json that has it.

# As those of schema.SECTIONS.
ROWS = (
    ("windows", "objects", [], None),
    ("outside", "choice", "nothing", ("nothing", "motion")),
    ("timezone", "text", "UTC0", None),
    ("latitude", "degrees?", None, (-90, 90)),
    ("longitude", "degrees?", None, (-180, 180)),
)
_KEYS = ("days", "from", "to")
_ZONE = "schedule.timezone: {!r} {}; such as CET-1CEST,M3.5.0,M10.5.0/3: see docs/board.md"


def judge(config, tell, _on_board):
    """Tell what is wrong with the time zone, with each window, and with the place."""
    # Here, for the names alone are looked at where one is misspelt.
    from thingscam.schedule.windows import needs_sun, window
    from thingscam.schedule.zone import Zone

    settings = config.schedule
    zone = None
    try:
        zone = Zone(settings.timezone)
    except ValueError as e:
        tell(_ZONE.format(settings.timezone, e))
    sun = None
    for i, entry in enumerate(settings.windows):
        name = "schedule.windows[{}]".format(i)
        if _is_right(name, entry, tell, window) and needs_sun(window(entry)):
            sun = name
    for key in ("latitude", "longitude"):
        if sun and getattr(settings, key) is None:
            tell("schedule.{}: missing, and {} goes by the sun".format(key, sun))
    if zone and zone.standard and settings.longitude is not None:
        # The sun's time there is 240 s a degree ahead of UTC.
        off = (zone.standard - int(settings.longitude * 240) + 43200) % 86400 - 43200
        if abs(off) > 18000:
            text = "schedule.longitude: {} is far from {}: east is above 0 here, below 0 there"
            tell(text.format(settings.longitude, settings.timezone))


def _is_right(name, entry, tell, window):
    mistakes = [
        ".{!r}: unknown, there are {}".format(key, ", ".join(_KEYS))
        for key in entry
        if key not in _KEYS
    ]
    # Each by itself, and if that is right all together.
    for part in [{key: entry[key]} for key in _KEYS if key in entry] + [entry]:
        if part is not entry or not mistakes:
            try:
                window(part)
            except ValueError as e:
                mistakes.append(".{}".format(e))
    for problem in mistakes:
        tell(name + problem)
    return not mistakes
