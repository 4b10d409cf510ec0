# Who may look at the page: users, the sessions of their logins, and tries that failed.

from dataclasses import dataclass

from sqlalchemy import delete, exists, func, select, text, update

from .tables import attempts, sessions, users

# A session ends so many seconds after it was used last, and after it began.
IDLE = 7 * 86400
LASTS = 30 * 86400

# Of one user; the oldest go.
MOST_SESSIONS = 100

# From where somebody has logged in so recently (seconds), others' tries hinder nobody.
_KNOWN = 30 * 86400
_ALL = "all"
_COUNT_UP = text(
    "INSERT INTO attempts (who, count, since) VALUES (:who, 1, :now) ON CONFLICT (who) DO UPDATE"
    " SET count = CASE WHEN attempts.since > :begin AND attempts.since <= :now"
    " THEN attempts.count + 1 ELSE 1 END,"
    " since = CASE WHEN attempts.since > :begin AND attempts.since <= :now"
    " THEN attempts.since ELSE :now END"
    " RETURNING count, since"
)
_SET = text(
    "INSERT INTO attempts (who, count, since) VALUES (:who, 0, :now)"
    " ON CONFLICT (who) DO UPDATE SET since = :now"
)


@dataclass(frozen=True)
class Session:
    """A session of `user`: `csrf` stands in its forms, times are seconds since 1970."""

    id_hash: str
    user: str
    csrf: str
    made_at: float
    seen_at: float


@dataclass(frozen=True)
class _Attempt:
    who: str
    from_one: int
    from_all: int
    window: float


@dataclass(frozen=True)
class _Opening:
    user: str
    password_hash: str
    id_hash: str
    csrf: str
    who: str


class Users:
    """The users in `database` (Database), written by `writer` (Writer).

    `now` returns the nanoseconds since 1970. What writes returns a concurrent.futures.Future,
    done when it is safe. All raise UnavailableError.
    """

    def __init__(self, database, writer, now):
        self._database = database
        self._writer = writer
        self._now = now

    def now(self):
        """Return the seconds since 1970."""
        return self._now() / 1e9

    def names(self):
        """Return the names of all users as a list, sorted."""
        query = select(users.c.name).order_by(users.c.name)
        return self._database.read(lambda connection: list(connection.scalars(query)))

    def any(self):
        """Return whether there is a user."""
        query = select(exists().where(users.c.name.is_not(None)))
        return self._database.read(lambda connection: bool(connection.scalar(query)))

    def password_hash(self, name):
        """Return the hash (text) of a user's password, or None: there is no such user."""
        query = select(users.c.password_hash).where(users.c.name == name)
        return self._database.read(lambda connection: connection.scalar(query))

    def set_password(self, name, password_hash):
        """Set the hash (text) of a user's password; make the user. Its sessions end."""
        return self._writer.put(_set_password, (name, password_hash))

    def session(self, id_hash):
        """Return the Session by the hash of its id, or None: there is none, or it is over."""
        query = select(sessions).where(sessions.c.id_hash == id_hash, *self._is_alive())
        found = self._database.read(lambda connection: connection.execute(query).first())
        return None if found is None else Session(**found._mapping)

    def alive(self, id_hashes):
        """Return the set of those sessions that go on."""
        found = set()
        for at in range(0, len(id_hashes), 500):  # what both databases take at once
            some = id_hashes[at : at + 500]
            query = select(sessions.c.id_hash)
            query = query.where(sessions.c.id_hash.in_(some), *self._is_alive())
            found |= set(self._database.read(lambda c, query=query: list(c.scalars(query))))
        return found

    def open_session(self, user, password_hash, id_hash, csrf, who):
        """Open a session, whose result is True; False: `password_hash` is the user's no more.

        The tries of `who` (an address) are forgotten.
        """
        return self._writer.put(_open, _Opening(user, password_hash, id_hash, csrf, who))

    def see_session(self, id_hash):
        """Note that a session was used just now."""
        return self._writer.put(_see, id_hash)

    def end_session(self, id_hash):
        """End a session; none of that id: no error."""
        return self._writer.put(_end, id_hash)

    def attempt(self, who, from_one, from_all, window):
        """Count a try to log in; the result is how many seconds to wait first, 0: none.

        In `window` seconds there may be `from_one` tries by `who` (an address), and `from_all`
        by all together; the latter keeps nobody out from where somebody logged in before.
        """
        return self._writer.put(_attempt, _Attempt(who, from_one, from_all, window))

    def _is_alive(self):
        now = self.now()
        return sessions.c.made_at > now - LASTS, sessions.c.seen_at > now - IDLE


def _set_password(scene, items):
    connection = scene.connection
    for name, password_hash in items:
        values = {"password_hash": password_hash}
        changed = update(users).where(users.c.name == name).values(**values)
        if not connection.execute(changed).rowcount:
            connection.execute(users.insert().values(name=name, made_at=scene.at, **values))
        connection.execute(delete(sessions).where(sessions.c.user == name))
    connection.execute(delete(attempts))
    return [None] * len(items)


def _open(scene, items):
    return [_open_one(scene.connection, scene.at, item) for item in items]


def _open_one(connection, now, item):
    found = select(users.c.password_hash).where(users.c.name == item.user).with_for_update()
    if connection.scalar(found) != item.password_hash:
        return False
    over = (sessions.c.made_at <= now - LASTS) | (sessions.c.seen_at <= now - IDLE)
    connection.execute(delete(sessions).where(over))
    mine = select(sessions.c.id_hash).where(sessions.c.user == item.user)
    kept = mine.order_by(sessions.c.made_at.desc()).offset(MOST_SESSIONS - 1).limit(MOST_SESSIONS)
    old = list(connection.scalars(kept))
    connection.execute(delete(sessions).where(sessions.c.id_hash.in_(old)))
    connection.execute(
        sessions.insert().values(
            id_hash=item.id_hash, user=item.user, csrf=item.csrf, made_at=now, seen_at=now
        )
    )
    connection.execute(delete(attempts).where(attempts.c.who == "from " + item.who))
    # This one was none that failed.
    fewer = update(attempts).where(attempts.c.who == _ALL, attempts.c.count > 0)
    connection.execute(fewer.values(count=attempts.c.count - 1))
    connection.execute(_SET, {"who": "known " + item.who, "now": now})
    return True


def _see(scene, items):
    query = update(sessions).where(sessions.c.id_hash.in_(items)).values(seen_at=scene.at)
    scene.connection.execute(query)
    return [None] * len(items)


def _end(scene, items):
    scene.connection.execute(delete(sessions).where(sessions.c.id_hash.in_(items)))
    return [None] * len(items)


def _attempt(scene, items):
    return [_try(scene.connection, scene.at, item) for item in items]


def _try(connection, now, item):
    begin = now - item.window
    given = {"now": now, "begin": begin}
    is_known = select(func.count()).where(
        attempts.c.who == "known " + item.who, attempts.c.since > now - _KNOWN
    )
    known = bool(connection.scalar(is_known))
    in_all = select(attempts.c.since).where(
        attempts.c.who == _ALL, attempts.c.count >= item.from_all,
        attempts.c.since > begin, attempts.c.since <= now,
    )  # fmt: skip
    since = connection.scalar(in_all)
    if since is not None and not known:
        # Nothing is written: whoever comes from a thousand addresses fills no table.
        return since + item.window - now
    old = attempts.c.since <= now - _KNOWN
    old |= (attempts.c.since <= begin) & attempts.c.who.startswith("from ")
    connection.execute(delete(attempts).where(old))
    count, since = connection.execute(_COUNT_UP, {"who": "from " + item.who, **given}).one()
    if count > item.from_one:
        return since + item.window - now
    connection.execute(_COUNT_UP, {"who": _ALL, **given})
    return 0
