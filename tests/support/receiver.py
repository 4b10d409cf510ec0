# What the tests of the receiver share: a stand-in with a login, and people who use it.

import contextlib
import re

import argon2
import requests

from tests.support.cloud import running
from tools.cloud.index import Index
from tools.cloud.page.login import Login
from tools.cloud.receiver.passwords import Passwords, hashed
from tools.cloud.receiver.surround import surround

PASSWORD = "correct horse battery"
# The real one takes its time, and the tests log in often.
CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
HASH = hashed(PASSWORD, CHEAP)
CSRF = re.compile(r'name="csrf" value="([^"]*)"')


class Time:
    """The time of an index in nanoseconds since 1970, that goes only when told to."""

    def __init__(self):
        self.seconds = 1_790_000_000.0

    def __call__(self):
        return int(self.seconds * 1e9)


@contextlib.contextmanager
def guarded(
    folder, *, required=True, password=HASH, proxies=None, fresh=0, hasher=CHEAP, **options
):
    """Run a stand-in behind a login, whose user admin has `password` (a hash; None: no user).

    The value is a Cloud with `app`, `index`, `time` and `told` (what the login told the log);
    `fresh` is how many seconds what was read of sessions is taken for true, `hasher` that of
    passwords. `options` are those of running().
    """
    told, apps = [], []
    folder.mkdir(parents=True, exist_ok=True)
    time = Time()
    with Index(f"sqlite:///{folder}/users.db", now=time) as index:
        if password:
            index.users.set_password("admin", password).result(10)
        login = Login(
            index.users,
            Passwords(hasher=hasher),
            required=required,
            tell=lambda event, **values: told.append((event, values)),
            fresh=fresh,
        )

        def around(app):
            apps.append(app)
            surround(app, proxies=proxies, login=login)

        with running(folder, around=around, **options) as cloud:
            (cloud.app,) = apps
            cloud.index, cloud.time, cloud.told = index, time, told
            yield cloud


class Person:
    """Somebody with a browser that has no JavaScript: `http` is a requests.Session."""

    def __init__(self, url, **options):
        self.url = url
        self.http = requests.Session()
        self.http.trust_env = False
        for name, value in options.items():
            setattr(self.http, name, value)
        self.http.headers["Accept"] = "text/html"

    def get(self, path, **options):
        """GET `path`, without following; return the requests.Response."""
        return self.http.get(self.url + path, allow_redirects=False, timeout=10, **options)

    def post(self, path, form, origin=None, **headers):
        """POST the form (a dict) as a page of the server does; return the requests.Response."""
        headers = {"Origin": self.url if origin is None else origin, **headers}
        return self.http.post(
            self.url + path, data=form, headers=headers, allow_redirects=False, timeout=20
        )

    def token(self, path):
        """Return the token in the forms of a page."""
        return CSRF.search(self.get(path).text)[1]

    def log_in(self, password=PASSWORD, name="admin", onward="/", **headers):
        """Log in by the form; return the requests.Response."""
        form = {"name": name, "password": password, "next": onward, "csrf": self.token("/login")}
        return self.post("/login", form, **headers)

    def log_out(self):
        """Log out by the button of a page; return the requests.Response."""
        return self.post("/logout", {"csrf": self.token("/")})
