# Programs that some tests need and pip cannot install: what they are, and how to get them.

import collections
import glob
import os
import shutil

import pytest

_PREFIX = "needs "


def _found(*names):
    return next(filter(None, map(shutil.which, names)), None)


def _postgresql():
    # Debian keeps the server's programs out of the PATH, by version.
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    found = found[-1] if found else _found("initdb")
    return found and os.path.dirname(os.path.realpath(found))


def _mark(program, package, path):
    reason = f"{_PREFIX}{program}: apt-get install {package}"
    return pytest.mark.skipif(path is None, reason=reason)


CHROMIUM = os.environ.get("CHROMIUM") or _found("chromium", "chromium-browser", "google-chrome")
chromium = _mark("chromium", "chromium", CHROMIUM)
exiftool = _mark("exiftool", "libimage-exiftool-perl", _found("exiftool"))
POSTGRESQL = _postgresql()  # the folder of its programs
postgresql = _mark("PostgreSQL", "postgresql", POSTGRESQL)


def left_out(reports):
    """Return a line for each program that was missing, from pytest's `reports` of skips."""
    counts = collections.Counter()
    for report in reports:
        reason = str(report.longrepr[-1]) if isinstance(report.longrepr, tuple) else ""
        _, found, need = reason.partition("Skipped: " + _PREFIX)
        if found:
            counts[need] += 1
    return [f"left out: {n} tests that need {need}" for need, n in sorted(counts.items())]
