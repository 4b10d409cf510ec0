# What the pictures are made of: texts, boxes, wires, arrows, and the SVG file around them.

from xml.sax.saxutils import escape

WIDTH = 720  # a phone shows this at half its size: no letter below 20
FONT = "-apple-system, 'Segoe UI', Roboto, 'Noto Sans', Helvetica, Arial, sans-serif"
INK, DIM, PAPER, LINE = "#1f2328", "#59636e", "#ffffff", "#d1d9e0"
RED, BLACK, BLUE, ORANGE, GREEN, PURPLE = (
    "#cf222e",
    "#24292f",
    "#0969da",
    "#bc4c00",
    "#1a7f37",
    "#8250df",
)


def text(x, y, words, size=22, color=INK, anchor="start", weight=400):
    """Return a line of text; `anchor` is start, middle or end."""
    form = '<text x="{:g}" y="{:g}" font-size="{}" fill="{}" text-anchor="{}" font-weight="{}">'
    return form.format(x, y, size, color, anchor, weight) + escape(words) + "</text>"


def box(x, y, width, height, fill, edge="none", radius=10, more=""):
    """Return a rectangle with round corners."""
    form = '<rect x="{:g}" y="{:g}" width="{:g}" height="{:g}" rx="{}" fill="{}" stroke="{}" {}/>'
    return form.format(x, y, width, height, radius, fill, edge, more)


def wire(color, *points, edge=PAPER):
    """Return a wire through `points`, with an edge that sets it off from those it crosses."""
    path = "M" + " L".join("{:g},{:g}".format(*point) for point in points)
    form = '<path d="{}" fill="none" stroke="{}" stroke-width="{}" stroke-linejoin="round"/>'
    return form.format(path, edge, 13) + form.format(path, color, 6)


def dot(x, y, color, radius=9):
    """Return a joint of wires, or a pin."""
    form = '<circle cx="{:g}" cy="{:g}" r="{}" fill="{}" stroke="#ffffff" stroke-width="2"/>'
    return form.format(x, y, radius, color)


def tag(x, y, words, color, anchor="middle"):
    """Return a coloured label with white letters, for a wire; `x`, `y`: its middle."""
    width = 14 * len(words) + 18
    left = {"middle": x - width / 2, "start": x, "end": x - width}[anchor]
    return box(left, y - 16, width, 32, color, radius=8) + text(
        left + width / 2, y + 7.5, words, 21, "#ffffff", "middle", 600
    )


def arrow(color, *points):
    """Return a thick line through `points` with a head at its end."""
    path = "M" + " L".join("{:g},{:g}".format(*point) for point in points)
    form = '<path d="{}" fill="none" stroke="{}" stroke-width="5" marker-end="url(#{})"/>'
    return form.format(path, color, "head" + color[1:])


def picture(title, description, height, parts):
    """Return a whole SVG file."""
    heads = "".join(
        '<marker id="head{0}" markerWidth="5" markerHeight="5" refX="2.2" refY="2.5" '
        'orient="auto"><path d="M0,0 L5,2.5 L0,5 z" fill="#{0}"/></marker>'.format(color[1:])
        for color in (BLUE, GREEN, DIM)
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {1}" width="{0}" height="{1}" '
        'role="img" aria-labelledby="title desc" font-family="{2}">\n'
        '<title id="title">{3}</title>\n<desc id="desc">{4}</desc>\n<defs>{5}</defs>\n'
        "{6}\n</svg>\n"
    ).format(
        WIDTH,
        height,
        FONT,
        escape(title),
        escape(description),
        heads,
        "\n".join([box(1, 1, WIDTH - 2, height - 2, PAPER, LINE, 18), *parts]),
    )
