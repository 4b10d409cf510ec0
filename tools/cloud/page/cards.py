# One picture as HTML: the only place that writes it, for the page and for what comes later.

import functools
from html import escape

from ..service.pictures import details
from . import words

_CARD = """\
<li class="card" data-name="{name}">
<a class="photo" href="/images/{name}"><img src="/images/{name}" alt="{alt}"{size}\
 loading="lazy" decoding="async"></a>
<div class="about">
<p class="when"><span class="unseen">received</span> {received}{cause}</p>
{taken}<p class="detail">{facts}</p>
</div>
</li>"""

_DOT = ' <i class="dot">·</i> '

# What the board writes as the cause, in words.
_CAUSES = {"pir": "movement", "timer": "timer"}

# How much later than it was captured a picture arrives anyway.
_AT_ONCE_SECONDS = 5


class Cards:
    """Makes cards of the pictures in `store`; devices are named by `accounts`."""

    def __init__(self, accounts, store):
        self._store = store
        self._devices = {device.label: device.name for device in accounts.devices()}
        # A picture never changes under its name.
        self._details = functools.lru_cache(maxsize=4096)(details)

    def of(self, names):
        """Return the cards (HTML) of these pictures, without those that are gone."""
        stored = (self._store.stored(name) for name in names)
        return [self._card(picture) for picture in stored if picture]

    def _card(self, picture):
        found = self._details(self._store.path(picture.name))
        # Of a device that is in the accounts no more the label is left.
        device = self._devices.get(picture.device, "device " + picture.device)
        facts = [device, f"{picture.size / 1024:.0f} KB"]
        size = ""
        if found.width:
            facts.insert(1, f"{found.width} × {found.height}")
            size = f' width="{found.width}" height="{found.height}"'
        cause = _cause(found.cause)
        received = words.shown(picture.taken_in)
        return _CARD.format(
            name=escape(picture.name),
            alt=escape(", ".join(filter(None, [f"Picture received {received}", cause]))),
            size=size,
            received=words.moment(picture.taken_in),
            cause=f' <span class="cause">{escape(cause)}</span>' if cause else "",
            taken=_taken(found.captured_at, picture.taken_in),
            facts=_DOT.join(f"<span>{escape(fact)}</span>" for fact in facts),
        )


def _cause(text):
    word, _, notes = text.partition(" ")
    known = _CAUSES.get(word.lower())
    return text if known is None else f"{known} {notes}".rstrip()


def _taken(captured_at, received_at):
    if captured_at is None:
        return ""
    waited = ""
    if captured_at.tzinfo:
        # EXIF has whole seconds: so are these.
        late = (received_at.replace(microsecond=0) - captured_at).total_seconds()
        if late >= _AT_ONCE_SECONDS:
            waited = f' <span class="waited">waited {words.span(late)}</span>'
    return f'<p class="detail">captured {words.moment(captured_at)}{waited}</p>\n'
