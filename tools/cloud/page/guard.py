# Who may use the page: keeps other sites' pages away from it, and it away from other sites.

import ipaddress
import secrets
import socket
from html import escape
from urllib.parse import urlsplit

from aiohttp import web

from ..index.users import Session

# The session of who asks, where there is a login: see login.py.
SESSION = web.RequestKey("session", Session)

# Nothing from elsewhere is loaded, no script stands in the page, nobody frames it.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

# Forms go to the page itself, and say where they come from: see own_page().
FORM_HEADERS = {
    **HEADERS,
    "Content-Security-Policy": HEADERS["Content-Security-Policy"].replace(
        "form-action 'none'", "form-action 'self'"
    ),
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}

NOT_OURS = "Only this server's own page may do that; if it is one, reload it first.\n"


def own_host(request, names=()):
    """Return whether a request came to this server by a name that is surely its own.

    Another site's page can reach it under that site's name, by having the name lead here
    (DNS rebinding), but not under an address, `localhost`, this computer's name, or one of
    `names`.
    """
    name = _name(request.headers.get("Host", ""))
    try:
        ipaddress.ip_address(name)
        return True
    except ValueError:
        pass
    here = socket.gethostname().lower()
    known = {"localhost", here, here + ".local", *(other.lower() for other in names)}
    return name in known or name.endswith(".localhost")


def for_own_hosts(handler, names=()):
    """Return `handler` so that it answers 403 to a request for which own_host() is False."""

    async def guarded(request):
        # Who is logged in has a cookie, which browsers keep for the name it was given under.
        if SESSION in request or own_host(request, names):
            return await handler(request)
        text = (
            "This page has buttons on it. So that no other site can press them, it opens only at"
            " an IP address, at localhost, or by this computer's own name; another one: --name.\n"
        )
        return web.Response(status=403, text=text, headers=HEADERS)

    return guarded


def own_page(request):
    """Return whether a request was sent by a page of this server, not by another site's.

    Browsers say where a POST comes from; whoever does not say is not believed.
    """
    origin = request.headers.get("Origin", "")
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    host = request.headers.get("Host", "")
    return origin in (f"http://{host}", f"https://{host}") and site == "same-origin"


def own_form(request, form):
    """Return whether `form` (a dict) was sent by own_page(), and in the session it was made in.

    Without a login there are no sessions, and the first alone counts.
    """
    if not own_page(request):
        return False
    session = request.get(SESSION)
    return session is None or secrets.compare_digest(
        form.get("csrf", "").encode(), session.csrf.encode()
    )


def token_field(request):
    """Return HTML of what every form must have in it: see own_form()."""
    session = request.get(SESSION)
    return f'<input type="hidden" name="csrf" value="{escape(session.csrf)}">' if session else ""


def log_out(request):
    """Return HTML of the button that ends the session, if there is one."""
    if SESSION not in request:
        return ""
    return (
        f'<form method="post" action="/logout">{token_field(request)}'
        '<button class="button" type="submit">Log out</button></form>'
    )


def _name(host):
    try:
        return (urlsplit("//" + host).hostname or "").rstrip(".")
    except ValueError:
        return ""
