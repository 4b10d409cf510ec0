# One picture as HTML: the only place that writes it, for the page and for what comes later.

from html import escape

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
    """Makes cards of pictures, whose devices are those of `projects` (Projects)."""

    def __init__(self, projects):
        self._projects = projects

    def of(self, pictures):
        """Return the cards (HTML) of these pictures (Stored). Raises UnavailableError."""
        names = self._projects.names({picture.device for picture in pictures})
        return [_card(picture, names[picture.device]) for picture in pictures]


def _card(picture, device):
    facts = [device, f"{picture.size / 1024:.0f} KB"]
    size = ""
    if picture.width:
        facts.insert(1, f"{picture.width} × {picture.height}")
        size = f' width="{picture.width}" height="{picture.height}"'
    cause = _cause(picture.cause)
    received = words.shown(picture.taken_in)
    return _CARD.format(
        name=escape(picture.name),
        alt=escape(", ".join(filter(None, [f"Picture received {received}", cause]))),
        size=size,
        received=words.moment(picture.taken_in),
        cause=f' <span class="cause">{escape(cause)}</span>' if cause else "",
        taken=_taken(picture.captured_at, picture.taken_in),
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
