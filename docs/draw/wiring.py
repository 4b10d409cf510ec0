# The ESP32-CAM, and how it is wired to be flashed and to be used.

from docs.draw.shapes import (
    BLACK,
    BLUE,
    DIM,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    RED,
    box,
    dot,
    picture,
    tag,
    text,
    wire,
)

# AI-Thinker ESP32-CAM, camera side up, the card slot at the top: 27 x 40.4 mm, the first pin
# 4.95 mm below the edge, 2.54 mm from pin to pin (wokwi/wokwi-boards, boards/esp32-cam).
_MM = 12.0
_LEFT = ("5V", "GND", "IO12", "IO13", "IO15", "IO14", "IO2", "IO4")
_RIGHT = ("3V3", "IO16", "IO0", "GND", "VCC", "U0R", "U0T", "GND/R")


def pin(left, top, name, nth=0):
    """Return the place of the nth pin called `name` on a board at `left`, `top`."""
    found = [
        (left + (2.2 if names is _LEFT else 24.8) * _MM, top + (4.95 + 2.54 * row) * _MM)
        for names in (_LEFT, _RIGHT)
        for row, each in enumerate(names)
        if each == name
    ]
    return found[nth]


def board(left, top, used):
    """Return the ESP32-CAM; `used` is {(name, nth): colour} of the pins that are wired."""
    width, height = 27 * _MM, 40.4 * _MM
    parts = [
        box(left, top, width, height, "#22302e", "#0f1715", 14, 'stroke-width="2"'),
        box(left + 98, top + 2, 128, 148, "#aeb6bd", radius=6),  # the card slot
        box(left + 124, top + 128, 76, 205, "#b5823f", radius=4),  # the camera's ribbon
        box(left + 109, top + 22, 106, 106, "#0d0f10", "#3d444d", 12, 'stroke-width="3"'),
    ]
    for radius, fill in ((46, "#2d333b"), (33, "#444c56"), (19, "#0b1a2b"), (8, "#31587d")):
        parts.append(dot(left + 162, top + 75, fill, radius).replace("#ffffff", "#1c2128"))
    parts += [
        box(left + 70, top + 330, 184, 72, "#e6e8ea", radius=6),  # its connector
        box(left + 78, top + 322, 168, 30, "#16191c", radius=4),
        text(left + 162, top + 385, "camera", 20, "#1f2328", "middle"),
        box(left + 272, top + 344, 42, 42, "#f6f1c8", "#c9c08a", 5),
        dot(left + 293, top + 365, "#ffe45c", 14),
        text(left + 162, top + 441, "ESP32-CAM", 24, "#ffffff", "middle", 600),
        text(left + 162, top + 468, "antenna end", 20, "#9fb3ad", "middle"),
    ]
    for names, x, anchor in ((_LEFT, 44, "start"), (_RIGHT, 280, "end")):
        for name in names:
            nth = sum(each == name for each in _LEFT) if names is _RIGHT else 0
            color = used.get((name, nth))
            at = pin(left, top, name, nth)
            if color:
                edge = left if names is _LEFT else left + width
                parts.append(wire(color, at, (edge, at[1]), edge="none"))
            parts.append(dot(*at, color or "#c9a227", 11 if color else 8))
            ink = "#ffffff" if color else "#9fb3ad"
            parts.append(text(left + x, at[1] + 7, name, 20, ink, anchor, 700 if color else 400))
    return "".join(parts)


def flashing():
    """Return the wiring of a USB serial adapter."""
    left, top = 196, 96
    jumper, bottom = pin(left, top, "IO0"), 690
    ground = pin(left, top, "GND", 1)
    used = {
        ("5V", 0): RED,
        ("GND", 0): BLACK,
        ("IO0", 0): PURPLE,
        ("GND", 1): PURPLE,
        ("U0R", 0): ORANGE,
        ("U0T", 0): BLUE,
    }
    wires = (
        (RED, "5V", 0, 70, 170),
        (BLACK, "GND", 0, 120, 258),
        (BLUE, "U0T", 0, 590, 462),
        (ORANGE, "U0R", 0, 640, 550),
    )
    parts = [
        text(360, 52, "Flashing an ESP32-CAM", 32, INK, "middle", 700),
        text(360, 82, "seen from the camera side, card slot at the top", 21, DIM, "middle"),
    ]
    for color, name, nth, side, foot in wires:
        x, y = pin(left, top, name, nth)
        low = 632 if color in (RED, ORANGE) else 606
        parts.append(wire(color, (x, y), (side, y), (side, low), (foot, low), (foot, bottom + 24)))
    x = jumper[0] + 58
    parts.append(wire(PURPLE, jumper, (x, jumper[1]), (x, ground[1]), ground))
    parts.append(board(left, top, used))
    parts.append(tag(x - 18, (jumper[1] + ground[1]) / 2 - 42, "to flash", PURPLE, "start"))
    parts += [
        box(110, bottom, 500, 150, "#0b4a8f", "#08386d", 14, 'stroke-width="2"'),
        box(300, bottom + 108, 120, 66, "#c5ccd3", "#8c959f", 8, 'stroke-width="2"'),
        text(360, bottom + 96, "USB serial adapter, 3.3 V logic", 23, "#ffffff", "middle", 600),
        text(360, bottom + 148, "USB", 22, INK, "middle", 600),
    ]
    for color, _, _, _, foot in wires:
        name = {RED: "5V", BLACK: "GND", BLUE: "RX", ORANGE: "TX"}[color]
        parts.append(dot(foot, bottom + 24, color, 11))
        parts.append(text(foot, bottom + 62, name, 23, "#ffffff", "middle", 700))
    parts += [
        text(
            360, 906, "TX goes to U0R, RX to U0T. Go by the adapter's labels,", 22, INK, "middle"
        ),
        text(
            360, 936, "their order differs. GND/R is not ground on every board.", 22, INK, "middle"
        ),
        text(
            360,
            976,
            "Flashed? Take IO0 off GND, then press RST (on the",
            22,
            PURPLE,
            "middle",
            600,
        ),
        text(
            360,
            1006,
            "back of the board), or cut the power for a moment.",
            22,
            PURPLE,
            "middle",
            600,
        ),
    ]
    return picture(
        "Wiring to flash an ESP32-CAM",
        "An AI-Thinker ESP32-CAM seen from its camera side with the card slot at the top. "
        "Left header from the top: 5V, GND, IO12, IO13, IO15, IO14, IO2, IO4. Right header: "
        "3V3, IO16, IO0, GND, VCC, U0R, U0T, GND/R. A USB serial adapter's 5V goes to 5V, its "
        "GND to the left GND, its TX to U0R, its RX to U0T. A jumper joins IO0 with the GND "
        "beside it.",
        1036,
        parts,
    )


def sensor():
    """Return the wiring of a motion sensor and the supply."""
    left, top = 352, 96
    used = {("5V", 0): RED, ("GND", 0): BLACK, ("IO13", 0): GREEN}
    plus, ground = pin(left, top, "5V"), pin(left, top, "GND")
    out = pin(left, top, "IO13")
    feet = {"VCC": 420, "OUT": 515, "GND": 610}
    head, foot = 742, 748
    parts = [
        text(360, 52, "Motion sensor and power supply", 32, INK, "middle", 700),
        text(360, 82, "seen from the camera side, card slot at the top", 21, DIM, "middle"),
        wire(RED, (96, foot), (96, plus[1]), plus),
        wire(BLACK, (176, foot), (176, ground[1]), ground),
        wire(GREEN, out, (262, out[1]), (262, 616), (feet["OUT"], 616), (feet["OUT"], head)),
        wire(RED, (96, 652), (feet["VCC"], 652), (feet["VCC"], head)),
        wire(BLACK, (176, 688), (feet["GND"], 688), (feet["GND"], head)),
        dot(96, 652, RED),
        dot(176, 688, BLACK),
        board(left, top, used),
        tag(262, 420, "OUT", GREEN),
        tag(96, 420, "5 V", RED),
        tag(176, 470, "GND", BLACK),
        box(40, 720, 200, 190, "#3d444d", "#24292f", 16, 'stroke-width="2"'),
        text(140, 828, "5 V supply", 26, "#ffffff", "middle", 700),
        text(140, 862, "1 A or more", 22, "#d1d9e0", "middle"),
        box(330, 720, 370, 190, "#1b6e3c", "#124d2a", 16, 'stroke-width="2"'),
        text(515, 894, "PIR: AM312, HC-SR501", 23, "#ffffff", "middle", 600),
    ]
    for radius, fill in ((44, "#f6f8fa"), (32, "#e6eaef"), (18, "#d1d9e0")):
        parts.append(dot(515, 820, fill, radius).replace("#ffffff", "#afb8c1"))
    for x, sign, color in ((96, "+", RED), (176, "−", BLACK)):
        parts.append(dot(x, foot, color, 13))
        parts.append(text(x, foot + 40, sign, 28, "#ffffff", "middle", 700))
    for name, x in feet.items():
        color = {"VCC": RED, "OUT": GREEN, "GND": BLACK}[name]
        parts.append(dot(x, head, color, 11))
        side = {"VCC": -1, "OUT": 0, "GND": 1}[name]
        if side:
            parts.append(text(x, head + 40, name, 23, "#ffffff", "middle", 700))
        else:
            parts.append(text(x + 44, head + 8, name, 23, "#ffffff", "middle", 700))
    parts += [
        text(360, 956, "Go by the sensor's own labels: the order differs.", 22, INK, "middle"),
        text(360, 988, "Its output must not go above 3.3 V.", 22, INK, "middle"),
        text(
            360,
            1028,
            "With an SD card in the slot this is not enough: see the page.",
            22,
            RED,
            "middle",
            600,
        ),
    ]
    return picture(
        "Wiring of a motion sensor and the power supply",
        "An AI-Thinker ESP32-CAM seen from its camera side. The plus of a 5 V supply of 1 A or "
        "more goes to the pin 5V and to the sensor's VCC, its minus to the left GND and to the "
        "sensor's GND. The sensor's OUT goes to IO13, the fourth pin from the top of the left "
        "header.",
        1056,
        parts,
    )
