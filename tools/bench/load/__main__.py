# `python -m tools.bench.load`, `make load`: how much a receiver takes in, in some ten minutes.

import argparse
import pathlib
import statistics
import tempfile
import time
from dataclasses import dataclass

from ... import ROOT
from ..world import machine
from . import page
from .servers import Place, bare, receiver

PAGE = ROOT / "docs" / "results" / "load.md"

_ROUNDS = 5
_UPLOADS = 3000
_CALM_S = 30
_LONG = 100_000
_PIECES = 10


@dataclass
class Rates:
    """Uploads a second, by round, of the bare handler and of the receiver beside it."""

    bare: list
    ours: list

    @property
    def ratio(self):
        """How much of the bare handler's rate the receiver has: the median of the rounds."""
        return statistics.median(mine / other for mine, other in zip(self.ours, self.bare))


@dataclass
class Calm:
    """At `rate` uploads a second: the median, p99 and longest time in ms, answers by errcode."""

    rate: float
    median: float
    p99: float
    longest: float
    answers: dict


@dataclass
class Long:
    """`uploads` one after the other: memory in bytes after each piece, bytes of a row."""

    uploads: int
    rate: float
    memory: list
    row: float


def rates(place, tls, more):
    """Return the Rates of both servers; they take turns, so a busy machine slows both alike."""
    name = "tls" if tls else "plain"
    found = Rates([], [])
    with bare(place, f"bare-{name}", tls) as floor, _ours(place, name, more, tls) as ours:
        for server in (floor, ours):
            place.fleet([server], 500, tls=tls)  # nothing is measured cold
        for _ in range(_ROUNDS):
            for server, into in ((floor, found.bare), (ours, found.ours)):
                into.append(_rate(place.fleet([server], _UPLOADS, tls=tls)))
    return found


def calm(place, rate, more, tls=False):
    """Return the Calm of a receiver that gets `rate` uploads a second, begun by the clock."""
    with _ours(place, f"calm-{'tls' if tls else 'plain'}", more, tls) as server:
        place.fleet([server], 500, tls=tls)
        told = place.fleet([server], int(rate * _CALM_S), rate=rate, connections=256, tls=tls)[0]
    cuts = statistics.quantiles(told["times"], n=100)
    return Calm(rate, cuts[49], cuts[98], max(told["times"]), told["answers"])


def long(place, more):
    """Return the Long of a receiver."""
    memory, began = [], time.monotonic()
    with _ours(place, "long", more) as server:
        for _ in range(_PIECES):
            _rate(place.fleet([server], _LONG // _PIECES))
            memory.append(server.memory())
    took = time.monotonic() - began
    size = sum(path.stat().st_size for path in (place.folder / "long").glob("index.db*"))
    return Long(_LONG, _LONG / took, memory, size / _LONG)


def instances(place, database, more):
    """Return the rates of one receiver and of two on the PostgreSQL at the URL `database`."""
    found = Rates([], [])
    more = [*more, "--store", f"file://{place.folder}/shared"]
    with _on(place, database, "one", more) as one, _on(place, database, "two", more) as two:
        place.fleet([one, two], 500)
        for _ in range(_ROUNDS):
            found.bare.append(_rate(place.fleet([one], _UPLOADS)))
            told = place.fleet([one, two], _UPLOADS // 2, connections=32)
            found.ours.append(_rate(told))
    return found


def _rate(told):
    # Of fleets that ran beside each other: until the last of them was through.
    stored = 0
    for fleet in told:
        refused = {errcode for errcode in fleet["answers"] if errcode != "None"}
        if refused or fleet["cut"]:
            raise RuntimeError(f"not all were stored: {fleet['answers']}, cut {fleet['cut']}")
        stored += sum(fleet["answers"].values())
    return stored / max(fleet["seconds"] for fleet in told)
