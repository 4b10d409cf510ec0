# The tables as a page: docs/results/benchmarks.md.

from . import words

_TITLES = {
    "transfers": "Time per picture",
    "wire": "On the wire",
    "memory": "Memory",
    "startup": "Start, and the app in little memory",
    "pace": "Pace",
    "waiting": "Outbox, by how many pictures wait",
}

_HEAD = """\
# What a picture costs

Written by `make bench` (`python -m tools bench --write`) in {seconds:.0f} s; do not edit.
Machine: {machine}.

How to read it:

- Everything runs under the same MicroPython against the same local server (a process of its
  own that takes all and answers at once), on this one machine. Milliseconds here are no
  milliseconds on a board, where Wi-Fi and a slower processor come on top; the ratios say
  where time and memory go.
- The first row is like for like: both make a new connection for each picture (and ours checks
  the certificate). Stock requests cannot keep one open; the second row tells what that is worth.
- Times are medians, with the middle half of all measurements in brackets. Contestants take
  turns of a few uploads each, so a busy machine slows all of them alike.
- "Stock requests" is the module frozen into this MicroPython (0.10.2), which boards have as
  `urequests`: a connection a request, no certificate checked. "Bare socket loop" is the floor:
  a loop that writes the same bytes in pieces of 16 KB and reads the same answer, and does
  nothing else.
- Heap is in this machine's 64-bit words. {words}
- A target in **bold** is missed; the note beside it, or "What is missed, and why", tells more.
"""

_MISSED = """\
## What is missed, and why

- **New connection over TLS.** Nearly all of it is the handshake's arithmetic in Mbed TLS: a
  bare loop with a new, verified connection takes as long (note). Stock requests checks nothing,
  and waits twice for a delayed ACK, because it writes in small pieces without TCP_NODELAY.
- **500 KB over plain HTTP against stock.** The kernel's copying is most of it: even the bare loop
  comes out near the target (note). What is between the two is one look for an early answer
  before each 16 KB, which saves sending a picture that has been refused.
- **Least heap above the imports.** What an upload from the outbox holds is two buffers (2 KB
  for the check sum, 4 KB to send from) and about 4 KB of objects. The rest is holes: importing
  leaves the heap in pieces, and a buffer needs one piece. It does not grow with the picture.
- **Heap after import, the app's whole cycle.** Byte code and texts are copied from the .mpy into
  the heap, and are nearly half of it: where they stay in the flash (the row on ROMFS) the
  target is met. The rest is functions, classes and names; frozen into the firmware names cost
  none. Shorter private names, tried on all modules, gave 4 KB and tracebacks nobody can read;
  no line numbers (`mpy-cross -O3`) 4 KB more, and tracebacks without lines.
- **Start over plain HTTP.** The script loads one frozen module, the app {files} from files.
  Over TLS, where both shake hands, the app is faster. Joining Wi-Fi takes seconds on a board.
"""


def page(sections, machine, seconds):
    """Return the page; `sections` are (name, rows, second table or None).

    A second table is (title, head, rows of texts).
    """
    parts = [_HEAD.format(seconds=seconds, machine=machine, words=words.TEXT)]
    missed = False
    for name, rows, record in sections:
        parts.append("## {}\n".format(_TITLES[name]))
        parts.append(_table(rows))
        missed = missed or any(row.met is False for row in rows)
        if record:
            parts.append(_record(*record))
    if missed:
        parts.append(_MISSED.format(files="some thirty"))
    return "\n".join(parts)


def _table(rows):
    lines = [
        "| what | thingscam | against | it | ratio | target | note |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        ratio = "" if row.ratio is None else "{:.2f}".format(row.ratio)
        target = "**{}**".format(row.target) if row.met is False else row.target
        cells = (row.what, row.ours, row.against, row.other, ratio, target, row.note)
        lines.append("| {} |".format(" | ".join(cells)))
    return "\n".join(lines) + "\n"


def _record(title, head, rows):
    lines = ["| {} |".format(" | ".join(cells)) for cells in (head, ["---"] * len(head), *rows)]
    return "\n".join([title, "", *lines]) + "\n"
