# `python -m tests.system.load`, `make load`: how much a receiver takes in, in some ten minutes.

import contextlib
import os
import pathlib
import statistics
import tempfile
import time
from dataclasses import dataclass

import click

from tests.support import needs
from tests.support.postgres import Postgres
from tests.support.world import ROOT
from tests.system.load import page
from tests.system.load.cores import SHARE, Cores, can_be_had
from tests.system.load.servers import CAMERAS, Place, bare, receiver
from tools.bench.world import machine

PAGE = ROOT / "docs" / "results" / "load.md"

_ROUNDS = 5
_PIECES = 10

# What is measured on slow cores: how many, processes, workers of each.
_ON_CORES = ((2, 2, 0), (4, 4, 0), (8, 8, 0), (8, 4, 1), (8, 6, 1))
_EACH = 3  # cores of an instance
_SHARE = 0.8


@dataclass
class Size:
    """How much is measured: uploads in a round, seconds at a steady rate, uploads on end, uploads
    in a round on slow cores."""

    uploads: int = 2000
    calm_s: int = 20
    long: int = 100_000
    slow: int = 1000


@dataclass
class Rates:
    """Uploads a second, by round, of the bare handler and of the receiver beside it; seconds of
    CPU that each took for one upload."""

    bare: list
    ours: list
    bare_cpu: float = 0
    ours_cpu: float = 0

    @property
    def ratio(self):
        """How much of the bare handler's rate the receiver has: the median of the rounds."""
        return statistics.median(
            mine / other for mine, other in zip(self.ours, self.bare, strict=True)
        )


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


def rates(place, size, tls, more):
    """Return the Rates of both servers; they take turns, so a busy machine slows both alike."""
    name = "tls" if tls else "plain"
    found = Rates([], [])
    with (
        bare(place, f"bare-{name}", tls) as floor,
        receiver(place, f"ours-{name}", *more, tls=tls) as ours,
    ):
        for server in (floor, ours):
            place.fleet([server], 500, tls=tls)  # nothing is measured cold
        before = floor.cpu(), ours.cpu()
        for _ in range(_ROUNDS):
            for server, into in ((floor, found.bare), (ours, found.ours)):
                into.append(_rate(place.fleet([server], size.uploads, tls=tls)))
        used = floor.cpu() - before[0], ours.cpu() - before[1]
        found.bare_cpu, found.ours_cpu = (each / (_ROUNDS * size.uploads) for each in used)
    return found


def calm(place, size, rate, tls, more):
    """Return the Calm of a receiver that gets `rate` uploads a second, begun by the clock."""
    name = "calm-tls" if tls else "calm-plain"
    with receiver(place, name, *more, tls=tls) as server:
        place.fleet([server], 500, tls=tls)
        count = int(rate * size.calm_s)
        (told,) = place.fleet([server], count, rate=rate, connections=256, tls=tls)
    cuts = statistics.quantiles(told["times"], n=100)
    return Calm(rate, cuts[49], cuts[98], max(told["times"]), told["answers"])


def long(place, size, more):
    """Return the Long of a receiver."""
    memory, began = [], time.monotonic()
    with receiver(place, "long", *more) as server:
        for _ in range(_PIECES):
            _rate(place.fleet([server], size.long // _PIECES))
            memory.append(server.memory())
    took = time.monotonic() - began
    held = sum(path.stat().st_size for path in (place.folder / "long").glob("index.db*"))
    return Long(size.long, size.long / took, memory, held / size.long)


def instances(place, name, uploads, more, cores=None):
    """Return the rates of one receiver (`bare`) and of two on one PostgreSQL, each of them with
    so many `cores` of ours (None: with whatever they get)."""
    found = Rates([], [])
    more = [*more, "--store", f"file://{place.folder}/{name}"]
    with (
        contextlib.closing(Postgres(fsync=True)) as postgres,
        postgres.database() as url,
        Cores() if cores else contextlib.nullcontext() as given,
        receiver(place, f"{name}-1", *more, database=url) as one,
        receiver(place, f"{name}-2", *more, database=url) as two,
    ):
        place.fleet([one, two], 500)
        for server in (one, two) if given else ():
            given.give(server, cores)
        for _ in range(_ROUNDS):
            found.bare.append(_rate(place.fleet([one], uploads)))
            told = place.fleet([one, two], uploads // 2, connections=32)
            found.ours.append(_rate(told))
    return found


def on_cores(place, size, count, more):
    """Return the Rates of a receiver with `count` cores of ours, beside the bare handler with
    one: it is one process."""
    found = Rates([], [])
    name = "-".join(map(str, [count, *more]))
    with (
        Cores() as cores,
        bare(place, f"bare-{name}") as floor,
        receiver(place, f"ours-{name}", *more) as ours,
    ):
        for server, share in ((floor, 1), (ours, count)):
            place.fleet([server], 200)
            cores.give(server, share)
        for _ in range(_ROUNDS):
            for server, into in ((floor, found.bare), (ours, found.ours)):
                into.append(_rate(place.fleet([server], size.slow)))
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


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--write", is_flag=True, help="Write docs/results/load.md.")
@click.option("--processes", default=2, show_default=True, help="Processes that serve.")
@click.option("--workers", default=1, show_default=True, help="Of each: those that judge.")
@click.option("--on-end", default=100_000, show_default=True, help="Uploads one after another.")
@click.option("--quick", is_flag=True, help="A tenth of all, to see that it works.")
def main(write, processes, workers, on_end, quick):
    """Measure how many pictures a receiver takes in."""
    size = Size(200, 2, on_end // 10, 100) if quick else Size(long=on_end)
    began = time.monotonic()
    more = ["--processes", processes, "--workers", workers]
    with tempfile.TemporaryDirectory(prefix="thingscam-load") as folder:
        place = Place(pathlib.Path(folder))
        found = _measure(place, size, more)
        about = {
            "machine": machine(),
            "minutes": (time.monotonic() - began) / 60,
            "cameras": CAMERAS,
            "size": place.size / 1000,
            "connections": 64,
            "processes": processes,
            "workers": workers,
            "rounds": _ROUNDS,
            "uploads": size.uploads,
            "calm_s": size.calm_s,
            "cores": os.cpu_count(),
            "share": SHARE,
            "slow": size.slow,
        }
    text = page.write(found, about)
    click.echo(text)
    if write:
        PAGE.write_text(text, "utf-8")


def _measure(place, size, more):
    found = {"rates": {}, "calm": {}, "cores": [], "two": {}}
    for name, tls in (("plain", False), ("TLS", True)):
        _say(f"rates, {name}")
        found["rates"][name] = rates(place, size, tls, more)
        rate = _SHARE * statistics.median(found["rates"][name].ours)
        _say(f"{rate:.0f} uploads/s, {name}")
        found["calm"][name] = calm(place, size, rate, tls, more)
    _say(f"{size.long} uploads")
    found["long"] = long(place, size, more)
    if can_be_had():
        for count, processes, workers in _ON_CORES:
            _say(f"{count} slow cores, {processes} processes with {workers} workers")
            options = ["--processes", processes, "--workers", workers]
            rates_there = on_cores(place, size, count, options)
            found["cores"].append((count, processes, workers, rates_there))
    if needs.POSTGRESQL:
        _say("two instances")
        found["two"][None] = instances(place, "shared", size.uploads, more)
    if needs.POSTGRESQL and can_be_had():
        _say(f"two instances of {_EACH} slow cores")
        options = ["--processes", _EACH]
        found["two"][_EACH] = instances(place, "shared-slow", size.slow, options, _EACH)
    return found


def _say(what):
    click.echo(f"measuring: {what}", err=True)


if __name__ == "__main__":
    main()
