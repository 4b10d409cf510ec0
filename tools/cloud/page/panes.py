# The pages about cameras as HTML: the only place that writes it. What a device tells is hostile.

import json
from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode

from ..index import DEVICE
from . import reports, words
from .settings import text_of

_PANE = "<section><h2>{title}</h2><dl>{rows}</dl></section>"
_ROW = '<div title="{name}"><dt>{label}</dt><dd data-tone="{tone}">{value}</dd></div>'
_LAMP = '<span class="lamp" data-tone="{tone}">{text}</span>'
_EVENT = '<li><p class="what"><b>{method}</b> {age}</p>{params}</li>'
_LOG = """\
<details data-at="{at}"><summary>{name}, {size}</summary>
<pre tabindex="0">{text}</pre></details>"""
_FIELD = """\
<div class="field"><label for="{name}">{label} <span class="limits">{hint}</span></label>
{control}<input type="hidden" name="was.{name}" value="{was}">
<p class="wrong" role="alert">{wrong}</p>
<p class="stand lamp" data-tone="{tone}">{stand}</p></div>"""
_FORM = """\
<form class="all" method="post" action="/camera/{label}/settings">{token}
{sections}
<div class="save"><button class="button go" type="submit">Save settings</button></div>
</form>"""
_COMMAND = """\
<form method="post" action="/camera/{label}/command">{token}
<button class="button" name="name" value="{name}" type="submit">{text}</button>
<small data-command="{name}">{stand}</small></form>"""
_AWAKE = """\
<form method="post" action="/camera/{label}/command">{token}
<input type="hidden" name="name" value="safe_mode_hours">
<button class="button" type="submit">Stay awake</button>
<small>for <select name="hours" aria-label="hours">{hours}</select> h <span\
 data-command="safe_mode_hours">{stand}</span></small></form>"""

COMMANDS = {
    "take_photo": "Take a picture",
    "send_log": "Send its log",
    "restart": "Restart",
    "setup": "Open setup",
    "safe_mode_hours": "",
}
HOURS = ("1", "2", "4", "8", "24")
_FIGURES = (
    ("waiting", ("waiting",)),
    ("battery", ("battery_mv", "battery")),
    ("signal", ("rssi",)),
    ("version", ("version",)),
)
_LAST_ERROR = ("last_error", "blocked_reason")
# The attributes that the table of all cameras shows.
TABLE = (*(name for _, names in _FIGURES for name in names), *_LAST_ERROR)
_OBJECTS = 'not set, or such as [{"days": "mon-fri", "from": "07:00", "to": "18:00"}]'
_LONG = 200
_MANY = 10
_SHOWN = 40


@dataclass
class Stand:
    """How one setting stands: the value asked for as text, a few words, their tone."""

    value: str
    text: str
    tone: str = ""


def report(attributes, left_out):
    """Return the report in `attributes` (name: Attribute), but those in `left_out`, in groups."""
    panes = [
        _PANE.format(
            title=escape(title),
            rows="".join(
                _ROW.format(
                    name=escape(row.name),
                    label=escape(row.label),
                    tone=row.tone,
                    value=row.value,
                )
                for row in rows
            ),
        )
        for title, rows in reports.groups(attributes, left_out)
    ]
    if panes:
        return "\n".join(panes)
    return (
        '<section><h2>Report</h2><p class="none">None yet. A camera reports where'
        " <code>cloud.device_endpoint</code> is set in its config.json.</p></section>"
    )


def events(found, now):
    """Return a list of Event as HTML, newest first."""
    if not found:
        return '<p class="none">None yet.</p>'
    items = [
        _EVENT.format(
            method=escape(event.method),
            age=words.age(event.at, now),
            params="".join(
                _param(name, value, f"{event.at}{name}") for name, value in event.params.items()
            ),
        )
        for event in found
    ]
    return f"<ol>{''.join(items)}</ol>"


def _param(name, value, at):
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if len(text) > _LONG or "\n" in text:
        return _LOG.format(
            at=escape(at), name=escape(name), size=words.size(len(text)), text=escape(text)
        )
    return f'<p class="params">{escape(name)}: {escape(text)}</p>'


def troubles(health):
    """Return the troubles of a camera as lamps, or that all is well."""
    if health.heard is None:
        return _LAMP.format(tone="", text="not heard from yet")
    found = health.troubles
    if not found:
        found = [("all is well", "ok") if health.reports else ("sends pictures, no reports", "")]
    return "".join(_LAMP.format(tone=tone, text=escape(text)) for text, tone in found)


def glance(name, attributes, health, picture, reported, now):
    """Return the head of a camera's page; `picture` is the name of its newest one, or None.

    `reported` is when it sent its last report (None: never), in seconds since 1970.
    """
    figures = "".join(
        f"<div><dt>{text}</dt><dd>{found}</dd></div>"
        for text, names in _FIGURES
        if (found := _first(attributes, names))
    )
    image = ""
    if picture:
        image = (
            f'<a href="/images/{escape(picture)}"><img src="/images/{escape(picture)}"'
            f' alt="The newest picture of {escape(name)}"></a>'
        )
    heard = "Not heard from yet"
    if health.heard is not None:
        heard = f"Heard from {words.age(health.heard, now)}"
    if reported is not None:
        heard += f" <small>last report {words.age(reported, now)}</small>"
    return (
        f'{image}<div><p class="heard">{heard}</p>'
        f'<p class="lamps-row">{troubles(health)}</p><dl class="figures">{figures}</dl></div>'
    )


def state(attributes):
    """Return what the camera says of the settings that were asked for."""
    found, error = reports.settings_state(attributes)
    if not found:
        return (
            '<p class="none">A camera asks for settings where <code>remote.every_s</code> is set'
            " in its config.json. What is not set here is as it is there.</p>"
        )
    tone = {"in force": "ok", "on trial": "wait"}.get(found, "bad")
    text = f"<p>{_LAMP.format(tone=tone, text=escape(found))}</p>"
    return text + (f'<p class="error">{escape(error)}</p>' if error else "")


def stand(field, attributes, now):
    """Return how the setting `field` (Field) stands, as a Stand."""
    wish = attributes.get(field.name)
    known = reports.in_force(attributes)
    has = _short(text_of(known[field.name])) if field.name in known else None
    if wish is None or wish.by == DEVICE or text_of(wish.value) == "":
        return Stand("", "" if has is None else f"now {has}")
    value = text_of(wish.value)
    what, error = reports.settings_state(attributes)
    wrong = error.partition(field.name + ": ")[2].partition("; ")[0]
    if wrong:
        return Stand(value, f"{what}: {wrong}" if what else wrong, "bad")
    if has is not None and has.lower() == _short(value).lower():
        trial = what == "on trial"
        return Stand(value, what if trial else "in force", "wait" if trial else "ok")
    asked = f"asked for {words.span(max(now - wish.at, 0))} ago"
    return Stand(value, asked if has is None else f"{asked}, now {has}", "wait")


def asked(command, read, now):
    """Return how a command (an Attribute, or None) stands, in a few words.

    `read` is when the camera asked for its attributes last, or None.
    """
    if command is None or command.by == DEVICE:
        return ""
    if read is not None and read >= command.at:
        return f"the camera read it {words.span(max(now - read, 0))} ago"
    return f"asked for {words.span(max(now - command.at, 0))} ago, waits for the camera"


def form(label, sections, stands, typed, wrongs, token=""):
    """Return the form of all settings: `sections` are (title, fields), `stands` by their names.

    `typed` and `wrongs` hold, by name, what was typed and was wrong, and why. `token` is HTML of
    guard.token_field().
    """
    parts = []
    for title, fields in sections:
        lines = [
            _field(field, stands[field.name], typed.get(field.name), wrongs.get(field.name, ""))
            for field in fields
        ]
        body = "".join(lines)
        if len(fields) > _MANY:
            # Long, and seldom of use: open where something in it is set.
            used = any(stands[field.name].value or field.name in typed for field in fields)
            body = (
                f"<details{' open' if used else ''}><summary>{len(fields)} settings</summary>"
                f"{body}</details>"
            )
        parts.append(f"<fieldset><legend>{escape(title)}</legend>{body}</fieldset>")
    return _FORM.format(label=escape(label), token=token, sections="\n".join(parts))


def _field(field, found, typed, wrong):
    value = found.value if typed is None else typed
    invalid = ' aria-invalid="true"' if wrong else ""
    if field.choices:
        options = field.choices if value in ("", *field.choices) else [value, *field.choices]
        control = (
            f'<select id="{field.name}" name="{field.name}"{invalid}>'
            f"{choices([('', 'not set'), *((c, c) for c in options)], value)}</select>"
        )
    elif field.kind == "objects":
        control = (
            f'<textarea id="{field.name}" name="{field.name}" rows="3"{invalid}'
            f' placeholder="{escape(_OBJECTS)}">{escape(value)}</textarea>'
        )
    else:
        control = (
            f'<input id="{field.name}" name="{field.name}" value="{escape(value)}"{invalid}'
            f'{_kind(field)} placeholder="not set" autocomplete="off">'
        )
    return _FIELD.format(
        name=field.name,
        label=escape(field.label),
        hint=escape(field.hint),
        control=control,
        was=escape(found.value),
        wrong=escape(wrong),
        tone=found.tone,
        stand=escape(found.text),
    )


def _kind(field):
    if field.bounds:
        least, most = field.bounds
        wrong = f"must be a whole number from {least} to {most}"
        return f' type="number" step="1" min="{least}" max="{most}" data-wrong="{wrong}"'
    if field.kind == "auto":
        wrong = "must be &quot;auto&quot; or a whole number"
        return f' pattern="auto|-?[0-9]+" data-wrong="{wrong}"'
    return ""


def choices(pairs, chosen):
    """Return the options of a select: `pairs` of value and text."""
    return "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>'
        f"{escape(text)}</option>"
        for value, text in pairs
    )


def commands(label, stands, token=""):
    """Return the buttons of the commands; `stands` tells of each in a few words, `token` is as in
    form()."""
    given = {"label": escape(label), "token": token}
    parts = [
        _COMMAND.format(**given, name=name, text=text, stand=escape(stands[name]))
        for name, text in COMMANDS.items()
        if text
    ]
    hours = choices([(each, each) for each in HOURS], "1")
    parts.append(_AWAKE.format(**given, hours=hours, stand=escape(stands["safe_mode_hours"])))
    return f'<div class="commands">{"".join(parts)}</div>'


def table(rows):
    """Return the table of all cameras; `rows`: (label, name, attributes, health, now) of each."""
    if not rows:
        return '<p class="none">No camera is like that.</p>'
    heads = ("Camera", "Heard from", "How it stands", "Waiting", "Battery", "Signal", "Version")
    head = "".join(f'<th scope="col">{text}</th>' for text in (*heads, "Last error"))
    return (
        f"<table><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(_camera(*row) for row in rows)}</tbody></table>"
    )


def pages(number, size, count, query):
    """Return the links between the pages of a table of `count` cameras, `size` of them on each;
    this one is the page `number`, from 0 on. `query` is a dict of what else stands in the
    address. Empty where one page has all."""
    if count <= size:
        return ""
    first = number * size
    last = min(first + size, count)
    links = [f"<span>{first + 1:,} to {last:,} of {count:,}</span>"]
    for there, other, text in ((first, number, "Previous"), (last < count, number + 2, "Next")):
        if there:
            address = escape("/cameras?" + urlencode({**query, "page": other}))
            links.append(f'<a class="button" href="{address}">{text}</a>')
    return "".join(links)


def _camera(label, name, attributes, health, now):
    def cell(text, names, kind="few"):
        return f'<td class="{kind}" data-label="{text}">{_first(attributes, names)}</td>'

    heard = "never" if health.heard is None else words.age(health.heard, now)
    return (
        f'<tr><th scope="row"><a href="/camera/{escape(label)}">{escape(name)}</a></th>'
        f'<td class="few first">{heard}</td>'
        f'<td class="stand"><span class="lamps-row">{troubles(health)}</span></td>'
        + "".join(cell(*figure) for figure in _FIGURES)
        + cell("last error", _LAST_ERROR, "error")
        + "</tr>"
    )


def _first(attributes, names):
    return next(filter(None, (reports.text_of(attributes, name) for name in names)), "")


def _short(text):
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
