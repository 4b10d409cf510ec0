# Runs the tools with a step changed: the process is killed in it, or it does the wrong thing.
#
# python -m tests.system.receiver.steps after-put:17 receiver run ...: SIGKILL at the 17th time
# that an object was put. patience:3: storage is waited for 3 s only. With the name of a mistake,
# as answers-early, that mistake is made.

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
        "put": (Objects, "put"),
        "rename": (os, "replace"),
        "commit": (Database, "write"),
        "answer": (device_api, "accepted"),
        "delete": (Objects, "delete"),
    }[name]
    _around(owner, function, **{when: killer})


def wait_for_storage(seconds):
    """Have this process wait so long for storage, where the usual time is too long for a test."""
    from tools.cloud.objects import Objects

    real = Objects.__init__

    def init(self, url, **options):
        real(self, url, **{**options, "timeout_s": seconds})

    Objects.__init__ = init


def main():
    """Do as the module says; the arguments are a step, and those of the tools."""
    from tests.system.receiver import mistakes
    from tools.__main__ import run

    name, _, number = sys.argv.pop(1).partition(":")
    if name in STEPS:
        kill_at(name, int(number))
    elif name == "patience":
        wait_for_storage(int(number))
    elif name != "none":
        mistakes.make(name)
    run()


if __name__ == "__main__":
    main()
