# What is chosen when a receiver is started; here without all that one imports, for commands that
# start none.

import ipaddress
from dataclasses import dataclass

USER = "admin"  # of the page

# How the log is written.
TEXT = "text"
JSON = "json"
FORMS = (TEXT, JSON)

# Which headers proxies write: X-Forwarded-For and the like, or Forwarded (RFC 7239).
X_FORWARDED = "x-forwarded"
FORWARDED = "forwarded"
FAMILIES = (X_FORWARDED, FORWARDED)


@dataclass(frozen=True)
class Listening:
    """Where it listens, and for whom: the options of these names."""

    host: str = "127.0.0.1"
    port: int = 8080
    keepalive: float = 75.0
    tls: bool = False
    cert: str | None = None
    key: str | None = None
    tls_name: tuple = ()
    ca_out: str | None = None
    name: tuple = ()
    proxy: tuple = ()
    proxy_headers: str = X_FORWARDED
    metrics_from: tuple = ()

    @property
    def is_local(self):
        """Whether only this computer reaches it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback and not self.proxy
        except ValueError:
            return self.host == "localhost" and not self.proxy


@dataclass(frozen=True)
class Rules:
    """The service's limits, and what the pages may do: the options of these names."""

    interval: float = 10.0
    message_interval: float = 30.0
    daily_messages: int = 0
    pictures_as_messages: bool = False
    no_settings: bool = False
    workers: int = 0
