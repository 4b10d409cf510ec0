# The way of a picture through the device code, and what stands around it.

from docs.draw.shapes import BLUE, DIM, GREEN, INK, LINE, arrow, box, picture, text

_PALE_BLUE, _PALE_GREEN, _PALE = "#ddf4ff", "#dafbe1", "#f6f8fa"

# Top, height, file, what it does in two lines.
_WAY = (
    (196, 82, "trigger", ("PIR interrupt, period, wake-up",)),
    (312, 110, "capture", ("camera, drivers: takes it", "checks: whole, within the limit")),
    (612, 110, "sender", ("interval, backoff: when it may go", "exif: time and cause go with it")),
    (756, 110, "uploader", ("one picture, one request", "errcodes: what the answer means")),
    (900, 110, "session", ("connection, tls, response:", "one verified connection, kept open")),
)
_AROUND = (
    ("wifi", "joins, rejoins"),
    ("clock", "time by NTP"),
    ("status, led", "tell people"),
    ("counters", "outlive sleep"),
    ("safemode", "lets people in"),
)
_ANSWERS = ("accepted:", "removed", "drop: moved", "to rejected/", "else: it stays")


def architecture():
    """Return the picture."""
    parts = [
        text(360, 52, "The way of a picture", 32, INK, "middle", 700),
        text(360, 82, "named by the files in lib/thingscam/", 21, DIM, "middle"),
        box(30, 106, 660, 62, "#24292f", radius=12),
        text(50, 145, "app", 25, "#ffffff", weight=700),
        text(104, 144, "the one loop: asks each part in turn", 22, "#ffffff"),
    ]
    for top, height, name, lines in _WAY:
        parts.append(box(30, top, 420, height, _PALE_BLUE, BLUE, 12, 'stroke-width="2"'))
        parts.append(text(50, top + 34, name, 25, INK, weight=700))
        parts += [text(50, top + 65 + 28 * n, line, 21) for n, line in enumerate(lines)]
    parts += [
        box(190, 468, 260, 110, _PALE_GREEN, GREEN, 12, 'stroke-width="2"'),
        text(210, 502, "outbox", 25, INK, weight=700),
        text(210, 533, "store, record, folder:", 21),
        text(210, 561, "flash or SD card", 21),
        text(40, 492, "nothing", 20, DIM),
        text(40, 516, "waits:", 20, DIM),
        text(40, 540, "from", 20, DIM),
        text(40, 564, "memory", 20, DIM),
        arrow(BLUE, (240, 279), (240, 304)),
        arrow(BLUE, (140, 423), (140, 604)),
        arrow(BLUE, (320, 423), (320, 460)),
        arrow(BLUE, (320, 579), (320, 604)),
        arrow(BLUE, (240, 723), (240, 748)),
        arrow(BLUE, (240, 867), (240, 892)),
        arrow(BLUE, (240, 1011), (240, 1036)),
        box(30, 1044, 420, 58, "#0b4a8f", radius=12),
        text(240, 1081, "image service", 24, "#ffffff", "middle", 700),
        arrow(GREEN, (451, 811), (474, 811), (474, 523), (459, 523)),
    ]
    for n, (name, what) in enumerate(_AROUND):
        top = 196 + 82 * n
        parts.append(box(496, top, 194, 70, _PALE, LINE, 12, 'stroke-width="2"'))
        parts.append(text(512, top + 30, name, 23, INK, weight=700))
        parts.append(text(512, top + 57, what, 20, DIM))
    for n, line in enumerate(
        ("accepted:", "removed", "drop: kept in", "rejected/", "else: it stays")
    ):
        parts.append(text(492, 680 + 29 * n, line, 21, GREEN, weight=600))
    parts += [
        box(30, 1130, 660, 112, _PALE, LINE, 12, 'stroke-width="2"'),
        text(50, 1166, "chip", 23, INK, weight=700),
        text(128, 1166, "pins, RTC memory, watchdog, sleep", 21),
        text(50, 1196, "config, schema, profiles", 23, INK, weight=700),
        text(330, 1196, "what is set, what there is", 21),
        text(50, 1226, "log, compat", 23, INK, weight=700),
        text(162, 1226, "used by all", 21),
    ]
    return picture(
        "The way of a picture through thingscam",
        "app runs one loop. trigger asks for a picture, capture takes and checks it. It goes to "
        "sender from memory when nothing waits, else into the outbox on flash or SD card and from "
        "there to sender, when interval and backoff allow; then through uploader and session to "
        "the image service. The answer decides: accepted, it is removed from the outbox; drop, "
        "it is moved to rejected/; anything else, it stays. Around the loop: wifi, clock, status "
        "and led, counters, safemode. Below all: board, config, schema, profiles, log, port.",
        1264,
        parts,
    )
