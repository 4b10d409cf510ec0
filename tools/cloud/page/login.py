# Who may look: the login, its sessions, and what keeps everybody else out.

import asyncio
import contextlib
import hashlib
import ipaddress
import pathlib
import secrets
import string
import time
from html import escape
from urllib.parse import parse_qs, urlencode, urlsplit

from aiohttp import web

from ..index.errors import DatabaseError, UnavailableError
from ..index.users import LASTS
from ..receiver.passwords import MOST_SIGNS, BusyError
from ..receiver.proxies import was_forwarded
from . import guard

# Wrong passwords in so many seconds: from one address, and from all of them together.
WINDOW = 900
FROM_ONE = 10
FROM_ALL = 100

# How often it is looked whether another process or instance has ended a session.
FRESH = 5

_FOLDER = pathlib.Path(__file__).parent / "static"
_MOST_BYTES = 16384
_BODY_SECONDS = 10
_WRITE_SECONDS = 20
_MOST_CACHED = 1000
_SEEN_SECONDS = 300

_NO_PASSWORD = "There is no password yet: on the receiver's computer, thingscam receiver password."

# What anybody may ask for: devices have secrets of their own, and the login needs its looks.
_OPEN = {"/login", "/health", "/metrics", "/{path}"}
_OPEN_BELOW = ("/device/v1/", "/app/device/v1/")
_OPEN_FILES = {"page.css", "cameras.css", "login.css", "icon.svg"}


class Login:
    """The handlers of /login and /logout, and the middleware that asks for a session elsewhere.

    `users` (index.users.Users) knows passwords and sessions, `passwords` (Passwords) compares
    them. `required` False: as long as no user has a password everybody may look. `tell` is called
    with what happened (a text) and named values, for the log; `clock` returns seconds that never
    go back. What others have ended is seen as ended `fresh` seconds later.
    """

    def __init__(
        self, users, passwords, *, required=True, tell=lambda event, **values: None,
        clock=time.monotonic,
        fresh=FRESH,
    ):  # fmt: skip
        self._users = users
        self._passwords = passwords
        self._required = required
        self._tell = tell
        self._clock = clock
        self._fresh = fresh
        self._needed_at = None
        self._cache = {}
        self._open = {}

    def add_to(self, app):
        """Give `app` the paths, and have what runs in an ended session end."""
        app.router.add_get("/login", self.show)
        app.router.add_post("/login", self.log_in)
        app.router.add_post("/logout", self.log_out)
        app.cleanup_ctx.append(self._watch)

    @property
    def middleware(self):
        """The aiohttp middleware that lets nobody in without a session, where one is needed."""

        @web.middleware
        async def check(request, handler):
            try:
                session = await self._session(request)
                if session is None and not _is_open(request) and await self._is_needed(request):
                    return _log_in_first(request)
            except (DatabaseError, UnavailableError):
                if _is_open(request):
                    return await handler(request)
                return _text(503, "The database does not answer now: try again soon.\n")
            if session is None:
                return await handler(request)
            request[guard.SESSION] = session
            there = self._open.setdefault(session.id_hash, set())
            transport = request.transport
            there.add(transport)
            try:
                return await handler(request)
            finally:
                there.discard(transport)

        return check

    async def show(self, request):
        """Answer GET /login?next=PATH with the form; who is logged in already goes on."""
        onward = _own_path(request.query.get("next", ""))
        if guard.SESSION in request:
            return _go(onward)
        if not await self._is_needed(request):
            return _go(onward)
        problem = "" if await asyncio.to_thread(self._users.any) else _NO_PASSWORD
        return self._form(request, onward, problem=problem)

    async def log_in(self, request):
        """Answer POST /login: open a session and go on, or show the form with what is wrong."""
        form = await _body(request)
        if form is None:
            return _text(400, "This was no form of this page.\n")
        onward, name = _own_path(form.get("next", "")), form.get("name", "").strip()[:64]
        kept = request.cookies.get(_cookie(request, "form"), "")
        if not guard.own_page(request) or not _same(kept, form.get("csrf", "")):
            return self._form(request, onward, 403, name, "That form was too old: once more.")
        try:
            return await self._try(request, name, form.get("password", ""), onward)
        except BusyError:
            problem = "Too many log in at this moment: try again in a few seconds."
            return self._form(request, onward, 503, name, problem)
        except (DatabaseError, UnavailableError, TimeoutError):
            problem = "The database does not answer now: try again soon."
            return self._form(request, onward, 503, name, problem)

    async def log_out(self, request):
        """Answer POST /logout: end the session, and all that still runs in it."""
        session = request.get(guard.SESSION)
        form = await _body(request)
        if session is None:
            return _go("/login")
        if form is None or not guard.own_form(request, form):
            return _text(403, guard.NOT_OURS)
        try:
            await _written(self._users.end_session(session.id_hash))
        except (DatabaseError, UnavailableError, TimeoutError):
            return _text(503, "The database does not answer now: you are still logged in.\n")
        self._end(session.id_hash, request.transport)
        self._tell("logout", user=session.user, client=request.remote)
        response = _go("/login")
        response.del_cookie(_cookie(request, "session"), **_limits(request))
        # Browsers heed it under https only.
        response.headers["Clear-Site-Data"] = '"cache"'
        return response

    async def _try(self, request, name, password, onward):
        address = _network(request.remote)
        # Counted before it is compared: many at once are no way around it.
        wait = await _written(self._users.attempt(address, FROM_ONE, FROM_ALL, WINDOW))
        if wait:
            self._tell("login limited", level="warning", client=request.remote)
            problem = f"Too many wrong passwords: try again in {-(-wait // 60):.0f} min."
            response = self._form(request, onward, 429, name, problem)
            response.headers["Retry-After"] = f"{wait:.0f}"
            return response
        stored = await asyncio.to_thread(self._users.password_hash, name)
        fits = await self._passwords.fits(stored, password[:MOST_SIGNS])
        if not fits:
            self._tell("login refused", level="warning", client=request.remote)
            return self._form(request, onward, 401, name, "Name or password is wrong.")
        token = secrets.token_urlsafe(32)
        # Not if the password was changed while it was compared.
        opened = self._users.open_session(
            name, stored, _hash(token), secrets.token_urlsafe(24), address
        )
        if not await _written(opened):
            return self._form(request, onward, 401, name, "Name or password is wrong.")
        if guard.SESSION in request:
            before = request[guard.SESSION].id_hash
            await _written(self._users.end_session(before))
            self._end(before, request.transport)
        self._tell("login", user=name, client=request.remote)
        response = _go(onward)
        # Lax, not Strict: a link to a picture in a message opens it; nothing is changed by GET.
        response.set_cookie(
            _cookie(request, "session"), token, max_age=LASTS, samesite="Lax", **_limits(request)
        )
        response.del_cookie(_cookie(request, "form"), **_limits(request))
        return response

    def _form(self, request, onward, status=200, name="", problem=""):
        token = request.cookies.get(_cookie(request, "form")) or secrets.token_urlsafe(24)
        shown = f'<p class="error" role="alert">{escape(problem)}</p>' if problem else ""
        text = string.Template((_FOLDER / "login.html").read_text("utf-8")).substitute(
            problem=shown,
            name=escape(name),
            next=escape(onward),
            csrf=escape(token),
            first="" if name else "autofocus",
            then="autofocus" if name else "",
        )
        response = web.Response(
            status=status, text=text, content_type="text/html", headers=guard.FORM_HEADERS
        )
        response.set_cookie(_cookie(request, "form"), token, samesite="Strict", **_limits(request))
        return response

    async def _is_needed(self, request):
        """Return whether a login is needed; one that has come to be stays.

        Without one nobody looks in through a proxy: whoever set it up wants the world to.
        """
        now = self._clock()
        if not self._required and (
            self._needed_at is None or now - self._needed_at >= self._fresh
        ):
            self._required = await asyncio.to_thread(self._users.any)
            self._needed_at = now
        return self._required or was_forwarded(request)

    async def _session(self, request):
        """Return the request's Session (index.users), or None."""
        token = request.cookies.get(_cookie(request, "session"))
        if not token or len(token) > 100:
            return None
        id_hash = _hash(token)
        found, asked = self._cache.get(id_hash, (None, None))
        if found is None or self._clock() - asked >= self._fresh:
            found = await asyncio.to_thread(self._users.session, id_hash)
            if found is None:
                self._cache.pop(id_hash, None)
                return None
            if len(self._cache) >= _MOST_CACHED:
                self._cache.clear()
            self._cache[id_hash] = found, self._clock()
            if self._users.now() - found.seen_at >= _SEEN_SECONDS:
                self._users.see_session(id_hash)  # nobody waits for it
        return found

    async def _watch(self, app):
        async def end_what_ended():
            while True:
                await asyncio.sleep(self._fresh or FRESH)
                ids = [id_hash for id_hash, there in self._open.items() if there]
                self._open = {id_hash: self._open[id_hash] for id_hash in ids}
                with contextlib.suppress(DatabaseError, UnavailableError):
                    alive = await asyncio.to_thread(self._users.alive, ids)
                    for id_hash in set(ids) - alive:
                        self._end(id_hash)

        watching = asyncio.create_task(end_what_ended())
        yield
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching

    def _end(self, id_hash, but=None):
        self._cache.pop(id_hash, None)
        for transport in self._open.get(id_hash, set()) - {but, None}:
            transport.close()


def _is_open(request):
    resource = request.match_info.route.resource
    path = resource.canonical if resource else "/{path}"
    if path == "/page/{file}":
        return request.match_info["file"] in _OPEN_FILES
    return path in _OPEN or path.startswith(_OPEN_BELOW)


def _log_in_first(request):
    wants_page = "text/html" in request.headers.get("Accept", "")
    if request.method not in ("GET", "HEAD") or not wants_page:
        return _text(401, "Log in first: /login\n")
    return _go("/login?" + urlencode({"next": request.rel_url.raw_path_qs}))


def _own_path(text):
    """Return `text` if it is a path of this server to go on to, else "/".

    Browsers take a backslash for a slash and leave control signs out: with these it could be
    another site's address.
    """
    plain = text.startswith("/") and text.isascii() and text.isprintable() and " " not in text
    if not plain or "\\" in text or len(text) > 2000:
        return "/"
    parts = urlsplit(text)
    if parts.scheme or parts.netloc or text.startswith("//"):
        return "/"
    return "/" if parts.path in ("/login", "/logout") else text


def _network(address):
    """Return what tries are counted by: of IPv6 a household has a whole /64."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if found.version == 4:
        return str(found)
    return str(ipaddress.ip_network((int(found) >> 64 << 64, 64)))


def _cookie(request, name):
    # Its name keeps other hosts of the domain, and plain http, from setting it.
    return ("__Host-" if request.scheme == "https" else "") + "thingscam-" + name


def _limits(request):
    return {"path": "/", "httponly": True, "secure": request.scheme == "https"}


def _hash(token):
    return hashlib.sha256(token.encode()).hexdigest()


def _same(one, other):
    return bool(one) and secrets.compare_digest(one.encode(), other.encode())


async def _body(request):
    """Return what a form sent as a dict; None: it is none, too large, or does not come."""
    body = b""
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            while piece := await request.content.readany():
                body += piece
                if len(body) > _MOST_BYTES:
                    return None
        found = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=20)
    except (TimeoutError, ValueError, web.RequestPayloadError):
        return None
    return {name: values[-1] for name, values in found.items()}


async def _written(future):
    async with asyncio.timeout(_WRITE_SECONDS):
        return await future


def _go(path):
    headers = {**guard.HEADERS, "Location": path, "Cache-Control": "no-store"}
    return web.Response(status=303, headers=headers)


def _text(status, text):
    headers = {**guard.HEADERS, "Cache-Control": "no-store"}
    return web.Response(status=status, text=text, headers=headers)
