# All cameras in one table: counted, searched, sorted and read page by page by the database.

from dataclasses import dataclass

from sqlalchemy import and_, case, collate, false, func, literal, or_, select, true

from .tables import devices, standings

KINDS = ("silent", "stopped", "low", "old", "waiting")

# What a camera is found by beside its own text, where it is of this kind.
_WORDS = {"silent": "silent", "old": "old version"}


@dataclass(frozen=True)
class Wish:
    """Which cameras are wanted, and in which order.

    `words` are in small letters, each must be in what a camera is found by; `kind` is one of
    KINDS or "": all; `sort` is "name", "heard", "waiting" or "": worst first. `now` is in seconds
    since 1970, `version` the newest one's version_number().
    """

    now: float
    version: int
    words: tuple[str, ...] = ()
    kind: str = ""
    sort: str = ""


@dataclass(frozen=True)
class Camera:
    """One camera: `heard` is when it was heard from last (seconds since 1970), or None."""

    label: str
    name: str
    heard: float | None


class Fleet:
    """The listed devices of an index as one table. All raises UnavailableError."""

    def __init__(self, database):
        self._database = database
        # By code points in both, whatever language PostgreSQL is set up for.
        by = "BINARY" if database.is_sqlite else "C"
        self._named = collate(devices.c.sort_name, by), devices.c.id

    def counts(self, wish):
        """Return how many cameras there are as a dict: of each kind, "": all, and "wanted": those
        of a Wish."""
        kinds = _kinds(wish)
        columns = [
            func.sum(case((kind, 1), else_=0)).label(name)
            for name, kind in {**kinds, "wanted": _wanted(wish, kinds)}.items()
        ]
        query = _of_all(select(func.count(), *columns))
        row = self._database.read(lambda connection: connection.execute(query).one())
        counts = [count or 0 for count in row]
        return dict(zip(("", *kinds, "wanted"), map(int, counts), strict=True))

    def page(self, wish, first, count):
        """Return those of a Wish from the number `first` on, at most `count`, as a list of
        Camera."""
        kinds = _kinds(wish)
        query = _of_all(select(devices.c.label, devices.c.name, devices.c.heard_at))
        query = query.where(_wanted(wish, kinds)).order_by(*self._order(wish, kinds))
        query = query.limit(count).offset(first)
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return [Camera(*row) for row in rows]

    def _order(self, wish, kinds):
        if wish.sort == "name":
            return self._named
        if wish.sort == "heard":
            return (func.coalesce(devices.c.heard_at, literal(0.0)), *self._named)
        if wish.sort == "waiting":
            return (func.coalesce(standings.c.waiting, literal(0.0)).desc(), *self._named)
        return (*(case((kinds[kind], 0), else_=1) for kind in KINDS), *self._named)


def _of_all(query):
    joined = devices.outerjoin(standings, standings.c.device_id == devices.c.id)
    return query.select_from(joined).where(devices.c.listed)


def _kinds(wish):
    """Return what tells whether a camera is of each kind, as a dict; never NULL."""
    return {
        "silent": func.coalesce(wish.now - devices.c.heard_at > standings.c.silent_s, False),
        "stopped": func.coalesce(standings.c.stopped, False),
        "low": func.coalesce(standings.c.low, False),
        "old": func.coalesce(standings.c.version < wish.version, False),
        "waiting": func.coalesce(standings.c.waiting > 0, False),
    }


def _wanted(wish, kinds):
    conditions = [kinds[wish.kind]] if wish.kind in kinds else []
    for word in wish.words:
        if "\0" in word:  # PostgreSQL has no such sign
            return false()
        places = [
            devices.c.sort_name.contains(word, autoescape=True),
            func.coalesce(standings.c.text, "").contains(word, autoescape=True),
        ]
        places += [kinds[kind] for kind, text in _WORDS.items() if word in text]
        conditions.append(or_(*places))
    return and_(true(), *conditions)
