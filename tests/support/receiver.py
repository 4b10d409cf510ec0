# What the tests of the receiver share: a stand-in with a login, people who use it, and
# `python -m tools receiver` as a process.

import contextlib
import os
import re
import signal
import subprocess
import threading

import argon2
import requests

from tests.support.cloud import picture, running
from tests.support.quick import PYTHON
from tests.support.world import ROOT
from tools.cloud.index import Index
from tools.cloud.page.login import Login
from tools.cloud.receiver.passwords import Passwords, hashed
from tools.cloud.receiver.surround import surround

PASSWORD = "correct horse battery"
# The real one takes its time, and the tests log in often.
CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
HASH = hashed(PASSWORD, CHEAP)
SECRETS = re.compile(r"^(Project-Key|AccessToken)   ([0-9a-f]{32})$", re.M)
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


def command(*options, python=PYTHON):
    """Return the command line of `receiver` with these options."""
    return [*python, "-m", "tools", "receiver", *map(str, options)]


def told(*options, stdin="", code=0, **environment):
    """Run a command to its end; return what it said, on either stream."""
    done = subprocess.run(
        command(*options), cwd=ROOT, env={**os.environ, **environment}, input=stdin,
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    text = done.stdout + done.stderr
    assert done.returncode == code, text
    assert "Traceback" not in text
    return text


@contextlib.contextmanager
def receiving(data, *options, python=PYTHON, alone=False, **environment):
    """Run a receiver; the value is (process, url), `process.lines` what it wrote later.

    `alone`: its processes are a group of their own.
    """
    process = subprocess.Popen(
        command("run", "--data", data, "--port", 0, *options, python=python),
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=alone,
    )
    process.lines = []
    reading = threading.Thread(target=lambda: process.lines.extend(process.stdout), daemon=True)
    try:
        said = []
        for line in process.stdout:
            said.append(line)
            if "listening" in line:
                break
        else:
            raise RuntimeError("did not start: " + "".join(said))
        reading.start()
        yield process, re.search(r"https?://[^\s\"]+", line)[0]
    finally:
        process.kill()
        process.wait(10)
        if reading.ident is not None:
            reading.join(10)
        process.stdout.close()


def ended(process, number=signal.SIGTERM):
    """End it with a signal; return its exit code."""
    process.send_signal(number)
    return process.wait(40)


def added(data, name="Garden", *options):
    """Add a device; return its secrets as a dict, and all that was said."""
    text = told("add-device", name, "--data", data, *options)
    return dict(SECRETS.findall(text)), text


def upload(url, secrets, body=None, **options):
    """Send a picture as the device of these secrets; return the answer as a dict."""
    headers = {
        "Content-Type": "application/octet-stream", "Region": "home",
        "Project-Key": secrets["Project-Key"],
    }  # fmt: skip
    path = f"/device/v1/{secrets['AccessToken']}/image/image"
    body = picture() if body is None else body
    return requests.post(url + path, data=body, headers=headers, timeout=20, **options).json()
