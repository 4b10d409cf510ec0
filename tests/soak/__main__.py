# `python -m tests.soak`: power cuts at random moments; prints the table, --write: docs/soak.md.

import collections
import random
import sys
import time

import click

from tests.soak import page, rounds
from tests.world import ROOT

_PAGE = """# Proof by power cuts at random moments

Made by `make soak`: {rounds} rounds, every promise kept.

In each round a virtual board (real MicroPython, the whole firmware) is switched on. Somebody walks
by now and then, also while it sends, and a picture is due every 20 s (40 s on boards with PSRAM).
The stand-in of the service misbehaves at random: error codes of the kinds retry and wait, answers
cut, spoiled, late or none, connections reset, pictures stored whose answer gets lost. The camera
fails now and then; Wi-Fi, the line behind it and the time servers drop out. Then the power is cut:
the process is killed with SIGKILL, at a random moment, or within a step that was chosen by lot.
Only the flash remembers; it takes the time a chip takes. After its rounds each kind of board may
send all that waits.

Every picture is followed by the frame number in it:

- **captured**: pictures that the camera gave to the firmware.
- **kept**: those whose `put()` had returned.
- **sent**: pictures in the service's store, each counted once; **from memory**: those of them that
  a board with PSRAM sent without keeping them first.
- **lost**: kept or reported as sent, and not in the store; also captured and neither kept nor sent
  though the power stayed on.
- **damaged**: in the store, and not byte for byte what the camera gave (but for the EXIF segment).
- **repeats**: pictures stored once more, because of a cut (at most one a cut) or of an answer that
  never came (at most one an answer).
- **closest**: the shortest time from a request's end to the next one's begin, by the board's
  ticks, while the power stayed on. After a cut nothing is left that could tell.

{table}

{cuts}

{made}, {took:.0f} s, seed {seed}.
"""
_HEADS = ["board", "rounds", "captured", "kept", "sent", "from memory", "lost"]
_HEADS += ["damaged", "repeats: cut", "repeats: answer", "requests", "closest, s"]
_FIELDS = ("captured", "kept", "sent", "from_memory", "lost", "damaged")
_FIELDS += ("repeats_by_cut", "repeats_by_answer", "requests")


@click.command("soak", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--rounds", "count", default=200, show_default=True, type=click.IntRange(1))
@click.option("--seed", type=int, help="To plan the same as before.")
@click.option("--write", is_flag=True, help="Write docs/soak.md.")
def main(count, seed, write):
    """Cut the power at random moments, and count what becomes of each picture."""
    start = time.monotonic()
    seed = random.randrange(1000000) if seed is None else seed
    results = rounds.together(count, seed, said=lambda result: click.echo(_said(result)))
    text = page.table(_HEADS, _rows(results))
    cuts = sum((result.cuts for result in results), collections.Counter())
    named = "Cuts by the step they fell into: {}.".format(
        ", ".join("{} {}".format(name, cuts[name]) for name in sorted(cuts))
    )
    click.echo("{}\n{}".format(text, named))
    broken = [result for result in results if result.broken]
    for result in broken:
        for line in result.broken:
            click.echo("BROKEN {}: {}".format(result.kind, line), err=True)
        click.echo("what the board printed: {}".format(page.kept(result.lines)), err=True)
    if broken:
        click.echo(
            "again: python -m tests.soak --rounds {} --seed {}".format(count, seed), err=True
        )
        sys.exit(1)
    if write:
        took = time.monotonic() - start
        filled = _PAGE.format(
            rounds=count, table=text, cuts=named, made=page.made_on(), took=took, seed=seed
        )
        (ROOT / "docs" / "soak.md").write_text(filled)


def _said(result):
    return "{}: {} rounds in {:.0f} s, {} starts".format(
        result.kind, result.rounds, result.took_s, result.starts
    )


def _rows(results):
    rows = [_row(str(result.kind), result.rounds, [result.verdict]) for result in results]
    rows.append(
        _row("**all**", sum(r.rounds for r in results), [result.verdict for result in results])
    )
    return rows


def _row(name, count, verdicts):
    sums = [sum(getattr(verdict, field) for verdict in verdicts) for field in _FIELDS]
    gaps = [v.closest_board_ms for v in verdicts if v.closest_board_ms is not None]
    return [name, count, *sums, "{:.2f}".format(min(gaps) / 1000) if gaps else "-"]


if __name__ == "__main__":
    main()
