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
takes each request through all rules, decodes the picture in {workers} worker processes, writes
it to the disk with fsync, and commits its row and attribute before it answers. SQLite and a
folder, if not said otherwise. Both take turns; a rate is the median of {rounds} rounds of
{uploads:,} uploads, and so is a ratio.

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

_WHY = """
## What is missed, and why

One process does HTTP, the index and the files, and Python's lock lets one of its threads
compute at a time. Measured by thread on a busy machine, in ms of CPU for an upload: 0.80 for
HTTP and the rules, 0.30 for two transactions of SQLite, 0.40 for files with fsync, 0.94 in the
workers, for a picture of 52 KB; the bare handler takes 0.24 in all. On two cores that the fleet
shares, half of the bare handler's rate would leave less than 1 ms for all of this, and decoding
alone takes 0.62. More cores take more instances.
"""

_TWO = """
## Two instances on one PostgreSQL

One takes {one:.0f} uploads a second, two together {two:.0f}: {ratio:.2f} times as many. Target:
1.6 times, where cores allow; here {cores} cores carry two receivers, their workers, two fleets
and the database.
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


def write(figures, about):
    """Return the page; `figures` is a dict of what was measured, `about` of the machine."""
    parts = [_HEAD.format(**about)]
    for name, found in figures["rates"].items():
        bare, ours = statistics.median(found.bare), statistics.median(found.ours)
        ratio = _aim(found.ratio, found.ratio >= 0.5)
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
    if figures["two"]:
        two = figures["two"]
        parts.append(
            _TWO.format(
                one=statistics.median(two.bare),
                two=statistics.median(two.ours),
                ratio=two.ratio,
                cores=about["cores"],
            )
        )
    parts.append(_WHY)
    plain = statistics.median(next(iter(figures["rates"].values())).ours)
    parts.append(_million(plain, about["size"] * 1000, long.row))
    return "".join(parts)


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
