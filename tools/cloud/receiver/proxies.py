# Who asks, and for which address, where proxies stand between: they are believed by name only.

import ipaddress
import re

from aiohttp import web
from multidict import CIMultiDict

from .choices import FORWARDED, X_FORWARDED

# Any of these tells that somebody passed the request on.
_MARKS = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "Via")
_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9a-fA-F:.]+\])(:\d{1,5})?")
# RFC 7239, section 4: token "=" ( token / quoted-string ).
_PAIR = re.compile(r"""\s*([!#$%&'*+.^_`|~\w-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s",;]+))\s*""", re.A)
_PORT = re.compile(r":(\d{1,5}|_[\w.-]+)", re.A)


class NetworkError(ValueError):
    """A text is neither an address nor a network; the text says so."""


def _network(text):
    try:
        return ipaddress.ip_network(text.strip())
    except ValueError:
        raise NetworkError(
            f"{text}: is neither an address nor a network, such as 10.0.0.1 or 10.0.0.0/8"
        ) from None


class Networks:
    """Networks and single addresses, as people write them: `10.0.0.0/8`, `::1`.

    Raises NetworkError.
    """

    def __init__(self, texts):
        self._networks = [_network(text) for text in texts]

    def __bool__(self):
        return bool(self._networks)

    def __contains__(self, address):
        found = parsed(address)
        return found is not None and any(
            found.version == network.version and found in network for network in self._networks
        )


LOCAL = Networks(["127.0.0.0/8", "::1"])


def parsed(text):
    """Return an address (text, perhaps with a port) as an ipaddress object; None: it is none."""
    text = text or ""
    if text.startswith("["):
        text, _, port = text[1:].partition("]")
        if port and not _PORT.fullmatch(port):
            return None
    elif text.count(":") == 1:
        text, _, port = text.partition(":")
        if not _PORT.fullmatch(":" + port):
            return None
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    # A socket for both kinds shows IPv4 addresses so.
    return getattr(found, "ipv4_mapped", None) or found


def was_forwarded(request):
    """Return whether a request says that it came through a proxy, one that is named or not."""
    return any(name in request.headers for name in _MARKS)


class Proxies:
    """What the proxies with an address in `networks` (Networks) tell of a request.

    `family` is the one kind of headers that is read: X_FORWARDED or FORWARDED (RFC 7239). A
    proxy that writes one kind passes the other on as the client made it up.
    """

    def __init__(self, networks, family=X_FORWARDED):
        self._networks = networks
        self._hops = _forwarded if family == FORWARDED else _x_forwarded

    def seen(self, request):
        """Return `request` with address, scheme and Host as the client had them.

        The client is the nearest hop that is no named proxy: what stands farther in the headers
        may be made up.
        """
        peer = parsed(request.remote)
        if peer is None or str(peer) not in self._networks:
            return request
        client, scheme, host = str(peer), None, None
        for address, said_scheme, said_host in reversed(self._hops(request.headers)):
            scheme, host = said_scheme or scheme, said_host or host
            found = parsed(address)
            if found is None:
                break
            client = str(found)
            if client not in self._networks:
                break
        changed: dict = {"remote": client}
        if scheme in ("http", "https"):
            changed["scheme"] = scheme
        if host and _HOST.fullmatch(host):
            changed["host"] = host
            changed["headers"] = CIMultiDict(request.headers)
            changed["headers"]["Host"] = host
        return request.clone(**changed)

    @property
    def middleware(self):
        """An aiohttp middleware after which every request is as its client sent it."""

        @web.middleware
        async def as_sent(request, handler):
            return await handler(self.seen(request))

        return as_sent


def _x_forwarded(headers):
    """Return the hops as (address, scheme, host), the client's first."""
    addresses = _list(headers, "X-Forwarded-For")
    schemes = _list(headers, "X-Forwarded-Proto")
    hosts = _list(headers, "X-Forwarded-Host")

    def from_right(found, number):
        # A proxy that sets it anew leaves one for all hops.
        return found[-min(number, len(found))] if found else None

    # A proxy may tell of the scheme alone.
    count = max(len(addresses), 1 if schemes or hosts else 0)
    return [
        (
            addresses[-number] if number <= len(addresses) else "",
            (from_right(schemes, number) or "").lower(),
            from_right(hosts, number),
        )
        for number in range(count, 0, -1)
    ]


def _list(headers, name):
    return [each.strip() for line in headers.getall(name, ()) for each in line.split(",")]


def _forwarded(headers):
    hops = []
    for line in headers.getall("Forwarded", ()):
        # A line that cannot be read is a hop of which nothing is known.
        hops += _elements(line) or [("", "", None)]
    return hops


def _elements(line):
    hops, found, at = [], {}, 0
    while at < len(line):
        pair = _PAIR.match(line, at)
        if pair is None:
            return None
        value = pair[3] if pair[2] is None else re.sub(r"\\(.)", r"\1", pair[2])
        found[pair[1].lower()] = value
        at = pair.end()
        if line[at : at + 1] not in ("", ",", ";"):
            return None
        if line[at : at + 1] != ";":
            hops.append((found.get("for", ""), found.get("proto", "").lower(), found.get("host")))
            found = {}
        at += 1
    return hops
