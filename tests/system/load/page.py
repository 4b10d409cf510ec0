# The figures as a page, docs/results/load.md, and what a million cameras need by them.

import math
import statistics

_HEAD = """\
# What a receiver takes in

Written by `make load` (`python -m tests.system.load --write`) in {minutes:.0f} min; do not edit.
Machine: {machine}. The fleet that sends, the database and the receiver share its cores.

{cameras:,} cameras, each on its pace of one picture in 10 s, send JPEGs of 800x600, {size:.0f}
KB on average, over {connections} connections that stay open. The fleet is a process of its own,
so is each server. "Bare" is an aiohttp handler that reads the body, writes it to a file and
answers: nothing is judged, nothing is flushed to the disk, nothing is remembered. The receiver
takes each request through all rules, decodes the picture, writes it to the disk with fsync, and
commits its row and attribute before it answers: with `--processes {processes}`, `--workers
{workers}`, SQLite and a folder, if not said otherwise. Both take turns; a rate is the median of
{rounds} rounds of {uploads:,} uploads, and so is a ratio.

| | bare, uploads/s | receiver, uploads/s | ratio | target |
|---|--:|--:|--:|---|
"""

_CALM = """
## At a steady rate

At 80 % of the rate above for {seconds} s, begun by the clock whether or not the last ones are
answered (the time counts from when an upload was due):

| | uploads/s | median, ms | p99, ms | longest, ms | refused | target |
|---|--:|--:|--:|--:|--:|---|
"""

_LONG = """
## {uploads:,} uploads

On end, {rate:.0f} a second. Memory of the receiver and its workers (PSS) after each tenth, in
MB: {memory}. From the second tenth to the last it grew by {growth:+.0%}; target: no more than
10 %. The index has {row:.0f} bytes for a picture.
"""

_COST = """
## What an upload costs

CPU of all its processes, in ms: {costs}. What it does beyond the bare handler: decode the
picture, flush it to the disk, two transactions, a hash, the rules. Half of the bare handler's
rate would leave {left:.2f} ms for one upload on {cores} cores, the fleet not counted: with so few
cores that target cannot be met.
"""

_CORES = """
## On more cores

This computer has {cores}. Control groups show what more would do: each process of a server has
at most {share:.0%} of a core's time, and the server as many times that as it is to have cores.
The bare handler is one process, and has one such core. The fleet has what is left of the
computer. Disk and network are not slowed. Medians of {rounds} rounds of {slow:,} uploads:

| cores | `--processes` | `--workers` | bare, uploads/s | receiver, uploads/s | ratio | target |
|--:|--:|--:|--:|--:|--:|---|
"""

_CORES_END = """
With `--workers 1` a picture that kills a decoder costs that picture only. Without, it costs the
uploads that one of the processes has in hand, which cameras send again; it is cheaper.
"""

_TWO = """
## Two instances on one PostgreSQL

| each with | one, uploads/s | two, uploads/s | ratio | target |
|---|--:|--:|--:|---|
"""

_TWO_END = """
The database and the fleets have what is left of the computer.
"""

_MILLION = """
## What a million cameras need

Worked out from the figures above, for pictures of {size:.0f} KB. Instances are of a machine
like this one without the fleet on it, so they are rather fewer in truth; each at 80 % of its
measured rate, in the busiest hour, which is taken as {peak} times the day's average. Two more,
so that one may fail while another is being updated, are not in it.

{head}
|--:|--:|--:|--:|--:|--:|--:|--:|
{rows}
What it says beyond the numbers:

- Storage is what costs. At ten pictures a day thirty days are {thirty} of objects;
  `--keep-days` and `--keep-pictures` are the first things to decide.
- An upload is two transactions of PostgreSQL: who may send, and what was stored. Instances put
  many into one, so at the busiest hour the database sees fewer commits than uploads. One
  database carries the first rows of the table; for the last one, divide projects over several
  receivers, each with a database of its own: devices of one project need to know nothing of
  another's.
- Cameras keep their connections; with TLS what counts is the handshakes, and these come with
  the connections: a proxy in front of the instances takes them.
- The pace of one picture in 10 s bounds a camera that goes wrong: a million of them can never
  ask for more than 100,000 uploads a second.
"""

_COLUMNS = (
    "pictures of a camera in a day",
    "uploads/s, average",
    "busiest hour",
    "instances",
    "pictures of a day",
    "of 30 days",
    "index of 30 days",
    "network in, busiest hour",
)
_PEAK = 3
_DAILY = (1, 10, 100, 1000)
_MILLION_CAMERAS = 1_000_000
_DAY_S = 86400
_SHARE = 0.8
_HALF, _TWICE = 0.5, 1.6  # what is aimed at


def write(figures, about):
    """Return the page; `figures` is a dict of what was measured, `about` of the machine."""
    parts = [_HEAD.format(**about)]
    for name, found in figures["rates"].items():
        bare, ours = statistics.median(found.bare), statistics.median(found.ours)
        ratio = _aim(found.ratio, found.ratio >= _HALF)
        parts.append(f"| {name} | {bare:.0f} | {ours:.0f} | {ratio} | at least 0.50 |\n")
    parts.append(_CALM.format(seconds=about["calm_s"]))
    for name, calm in figures["calm"].items():
        refused = sum(count for errcode, count in calm.answers.items() if errcode != "None")
        p99 = _aim(calm.p99, calm.p99 < 1000, 0)
        parts.append(
            f"| {name} | {calm.rate:.0f} | {calm.median:.0f} | {p99} | {calm.longest:.0f}"
            f" | {refused} | p99 below 1,000 ms |\n"
        )
    long = figures["long"]
    parts.append(
        _LONG.format(
            uploads=long.uploads,
            rate=long.rate,
            memory=", ".join(f"{held / 1e6:.0f}" for held in long.memory),
            growth=long.memory[-1] / long.memory[1] - 1,
            row=long.row,
        )
    )
    parts.append(_cost(figures["rates"], about))
    if figures["cores"]:
        parts.append(_CORES.format(**about))
        parts += [_on_cores(*each) for each in figures["cores"]]
        parts.append(_CORES_END)
    if figures["two"]:
        parts.append(_TWO)
        for cores, two in figures["two"].items():
            each = f"{cores} such cores" if cores else f"its part of {about['cores']} cores"
            one, both = statistics.median(two.bare), statistics.median(two.ours)
            ratio = _aim(two.ratio, two.ratio >= _TWICE)
            parts.append(f"| {each} | {one:.0f} | {both:.0f} | {ratio} | at least {_TWICE} |\n")
        parts.append(_TWO_END)
    plain = statistics.median(next(iter(figures["rates"].values())).ours)
    parts.append(_million(plain, about["size"] * 1000, long.row))
    return "".join(parts)


def _cost(rates, about):
    costs = "; ".join(
        f"{name}: bare {1000 * found.bare_cpu:.2f}, receiver {1000 * found.ours_cpu:.2f}"
        for name, found in rates.items()
    )
    plain = statistics.median(next(iter(rates.values())).bare)
    left = 1000 * about["cores"] / (plain * _HALF)
    return _COST.format(costs=costs, left=left, cores=about["cores"])


def _on_cores(count, processes, workers, found):
    bare, ours = statistics.median(found.bare), statistics.median(found.ours)
    ratio = _aim(found.ratio, found.ratio >= _HALF)
    return (
        f"| {count} | {processes} | {workers} | {bare:.0f} | {ours:.0f} | {ratio}"
        " | at least 0.50, where cores allow |\n"
    )


def _million(rate, size, row):
    rows = []
    for daily in _DAILY:
        average = _MILLION_CAMERAS * daily / _DAY_S
        busy = average * _PEAK
        stored = _MILLION_CAMERAS * daily * size
        cells = (
            f"{daily:,}",
            f"{average:,.0f}",
            f"{busy:,.0f}",
            f"{math.ceil(busy / (rate * _SHARE)):,}",
            _bytes(stored),
            _bytes(30 * stored),
            _bytes(30 * _MILLION_CAMERAS * daily * row),
            _bytes(busy * size) + "/s",
        )
        rows.append("| " + " | ".join(cells) + " |\n")
    thirty = _bytes(30 * _MILLION_CAMERAS * 10 * size)
    head = f"| {' | '.join(_COLUMNS)} |"
    return _MILLION.format(
        size=size / 1000, peak=_PEAK, head=head, rows="".join(rows), thirty=thirty
    )


def _aim(value, met, digits=2):
    text = f"{value:,.{digits}f}"
    return text if met else f"**{text}**"


def _bytes(count):
    for unit in ("bytes", "KB", "MB", "GB", "TB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:,.3g} PB"
