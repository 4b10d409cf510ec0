# Runs the tools with a step changed: the process is killed in it, or it does the wrong thing.
#
# python -m tests.system.receiver.steps after-put:17 receiver run ...: SIGKILL at the 17th time
# that an object was put. Several may be named, with commas: mistakes, as answers-early, and what
# would take too long for a test: patience:3 waits 3 s for storage, keeping:2 looks every now and
# then for what is to be deleted, and for those who went away while they did it 2 s later, grace:0
# has `check` look at objects of this moment too.

import functools
import itertools
import os
import signal
import sys

# Where a process may be killed, by the function that is at it: before it is called, or after.
STEPS = (
    "before-put",
    "before-rename",
    "after-rename",
    "after-put",
    "before-commit",
    "after-commit",
    "before-answer",
    "before-delete",
    "after-delete",
)


class _Killer:
    """Ends this process the `at`-th time it is called."""

    def __init__(self, at):
        self._count = itertools.count(1)
        self._at = at

    def __call__(self):
        if next(self._count) == self._at:
            os.kill(os.getpid(), signal.SIGKILL)


def _around(owner, name, before=None, after=None):
    real = getattr(owner, name)

    @functools.wraps(real)
    def call(*args, **named):
        if before:
            before()
        found = real(*args, **named)
        if after:
            after()
        return found

    setattr(owner, name, call)


def _before_commit(killer):
    from tools.cloud.index.database import Database

    real = Database.write

    def write(self, function):
        def then(connection):
            found = function(connection)
            killer()
            return found

        return real(self, then)

    Database.write = write


def kill_at(step, number):
    """Have this process killed the `number`-th time it comes to a step (of STEPS)."""
    from tools.cloud.index.database import Database
    from tools.cloud.objects import Objects
    from tools.cloud.service import device_api

    killer = _Killer(number)
    when, _, name = step.partition("-")
    if step == "before-commit":
        _before_commit(killer)
        return
    owner, function = {
        "put": (Objects, "put_all"),
        "rename": (os, "replace"),
        "commit": (Database, "write"),
        "answer": (device_api, "accepted"),
        "delete": (Objects, "delete"),
    }[name]
    _around(owner, function, **{when: killer})


def wait_for_storage(seconds):
    """Have this process wait so long for storage."""
    from tools.cloud.objects import Objects

    _given(Objects, timeout_s=seconds)


def look_at_all(seconds):
    """Have `check` leave alone only what is younger."""
    from tools.cloud.receiver.check import Check

    _given(Check, grace=seconds)


def keep_often(seconds):
    """Have old pictures deleted often; after so long one is gone who has not ended it."""
    from tools.cloud.receiver import keeping

    keeping._REST_SECONDS = 0.3
    keeping.LEASE_SECONDS = seconds


def _given(kind, **more):
    real = kind.__init__

    def init(self, *args, **named):
        real(self, *args, **{**named, **more})

    kind.__init__ = init


_SETTINGS = {"patience": wait_for_storage, "grace": look_at_all, "keeping": keep_often}


def main():
    """Do as the module says; the arguments are steps, and those of the tools."""
    from tests.system.receiver import mistakes
    from tools.__main__ import run

    for word in sys.argv.pop(1).split(","):
        name, _, number = word.partition(":")
        if name in STEPS:
            kill_at(name, int(number))
        elif name in _SETTINGS:
            _SETTINGS[name](int(number))
        elif name:
            mistakes.make(name)
    run()


if __name__ == "__main__":
    main()
