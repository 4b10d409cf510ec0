# `python -m tests.system.soak`: power cuts, long troubles, many uploads; prints or writes tables.

import collections
import random
import sys
import time

import click

from tests.support.world import ROOT
from tests.system.soak import long, page, rounds, settings
from tests.system.soak.judge import Verdict
from tools.virtualboard import profiles

_PAGE = """# Proof by power cuts at random moments

Made by `python -m tests.system.soak`: {rounds} rounds, {long_rounds} longer ones and
{uploads} uploads in a row, every promise kept.

In each round a virtual board (real MicroPython, the whole firmware) is switched on. Somebody walks
by now and then, also while it sends, and a picture is due every 20 s (40 s on boards with PSRAM).
The stand-in of the service misbehaves at random: error codes of the kinds retry and wait, answers
cut, spoiled, late or none, connections reset, pictures stored whose answer gets lost. The camera
fails now and then; Wi-Fi, the line behind it and the time servers drop out. Then the power is cut:
the process is killed with SIGKILL, at a random moment, or within a step that was chosen by lot.
Only the flash remembers; it takes the time a chip takes. After its rounds each kind of board may
send all that waits.

Every picture is followed by the frame number in it:

- **captured**: pictures that the camera gave to the firmware. Each is in one of the columns sent,
  in hand, memory, no room, aside or lost.
- **kept**: those whose `put()` had returned.
- **sent**: pictures in the service's store, each counted once; **from memory**: those of them that
  a board with PSRAM, or one whose flash and card failed, sent without keeping them first.
- **in hand**: taken at most 10 s before the power was cut or the chip restarted, and not kept yet.
- **memory**: held in memory alone, as flash and card failed, when that happened.
- **no room**: given up for newer ones, as the log says, by a flash or card that was full.
- **aside**: given up and in `rejected/`, as the log says: something refused them alone, for long.
- **lost**: kept or reported as sent, and not in the store; also captured and neither kept nor sent
  though the power stayed on.
- **damaged**: in the store, and not byte for byte what the camera gave (but for the EXIF segment).
- **repeats**: pictures stored once more, because of a cut (at most one a cut), of an answer that
  never came or could not be read (at most one an answer), or of a flash that could not delete what
  was sent and a restart that forgot it.
- **closest**: the shortest time from a request's end to the next one's begin, by the board's
  ticks, while the power stayed on; over a restart it is known to 0.3 s. After a cut nothing is
  left that could tell.

{table}

{cuts}

## All at once, for long

Rounds of one to eight minutes of board time, awake and in deep sleep, with and without PSRAM, TLS
and SD card. Many at a time, beside the faults above: answers compressed though nobody asked for
it, cut short, without a body or too large; pages of proxies, gateways, portals and of other
services; a firewall that refuses some pictures by their bytes; outages and slowness of the line,
of Wi-Fi, of name servers and time servers; names that are found late or have dead addresses
first; time servers that are days wrong; access points of one name that come and go; TLS
handshakes in small pieces; a sensor that bounces; a camera that fails; a flash that is full,
cannot be written or listed, or one file of which cannot be read; a card that is pulled, dies, is
full or write-protected; the button EN; panics; a clock that is fast in deep sleep. Waits are as
in the ESP32's port ({micropython}). Also judged: no pause in photographing longer than a minute
beyond the period (60 s), and the writes of the log's files: in one power-on 16 at once, and one
more in two minutes, 46 in an hour.

{long_table}

{long_cuts}

## Settings from afar

{settings_rounds} rounds in which somebody changes [settings](../remote.md) at random, right and
wrong ones, {wishes[wishes]} times, and the power is cut in the writes of that too. The cameras
kept {wishes[states]} states. After each cut the flash is read: what it has is no older than
after the cut before, and a board starts with it.

{settings_table}

{settings_cuts}

## One power-on

{uploads} pictures sent in one power-on, awake, on a flash as slow as a chip's: {upload_text}.

{made}, {took:.0f} s, seed {seed}.
"""
_HEADS = ["board", "rounds", "captured", "kept", "sent", "from memory", "in hand", "memory"]
_HEADS += ["no room", "aside", "lost", "damaged", "repeats: cut", "repeats: answer"]
_HEADS += ["repeats: flash", "requests", "closest, s"]
_FIELDS = ("captured", "kept", "sent", "from_memory", "in_hand", "from_ram", "no_room", "aside")
_FIELDS += ("lost", "damaged", "repeats_by_cut", "repeats_by_answer", "repeats_by_storage")
_FIELDS += ("requests",)


@click.command("soak", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--rounds", "count", default=200, show_default=True, type=click.IntRange(0))
@click.option("--long", "longer", default=100, show_default=True, type=click.IntRange(0))
@click.option("--settings", "changed", default=60, show_default=True, type=click.IntRange(0))
@click.option("--uploads", default=1000, show_default=True, type=click.IntRange(0))
@click.option("--seed", type=int, help="To plan the same as before.")
@click.option("--write", is_flag=True, help="Write docs/results/soak.md.")
def main(count, longer, changed, uploads, seed, write):
    """Cut the power at random moments, and count what becomes of each picture.

    So many --rounds with a cut each, so many --long ones of minutes with everything going wrong
    at once, so many --settings with settings changed from afar, and so many --uploads in one
    power-on.
    """
    start = time.monotonic()
    seed = random.randrange(1000000) if seed is None else seed

    def say(result):
        click.echo(_said(result))

    short = rounds.together(count, seed, said=say)
    table, cuts = _shown(short)
    lasting = rounds.together(longer, seed, long.KINDS, said=say, run=long.soak)
    long_table, long_cuts = _shown(lasting)
    changing = rounds.together(changed, seed, rounds.KINDS[:4], said=say, run=settings.soak)
    settings_table, settings_cuts = _shown(changing)
    wishes = sum((result.troubles for result in changing), collections.Counter())
    verdict, took_s, lines = long.uploads(uploads) if uploads else (Verdict(), 0, [])
    text = "{0.sent} stored, {0.lost} lost, closest {1:.2f} s, {2:.0f} s".format(
        verdict, (verdict.closest_board_ms or 0) / 1000, took_s
    )
    click.echo("{} uploads: {}".format(uploads, text))
    broken = [(str(each.kind), each.broken, each.lines) for each in short + lasting + changing]
    broken = [each for each in [*broken, ("uploads", verdict.broken, lines)] if each[1]]
    for name, each, printed in broken:
        for line in each:
            click.echo("BROKEN {}: {}".format(name, line), err=True)
        click.echo("what the board printed: {}".format(page.kept(printed)), err=True)
    if broken:
        again = "again: python -m tests.system.soak --rounds {} --long {} --settings {}"
        again += " --uploads {} --seed {}"
        click.echo(again.format(count, longer, changed, uploads, seed), err=True)
        sys.exit(1)
    if write:
        filled = _PAGE.format(
            rounds=count,
            long_rounds=longer,
            uploads=uploads,
            table=table,
            cuts=cuts,
            long_table=long_table,
            long_cuts=long_cuts,
            settings_rounds=changed,
            settings_table=settings_table,
            settings_cuts=settings_cuts,
            wishes=wishes,
            upload_text=text,
            micropython=profiles.MICROPYTHON,
            made=page.made_on(),
            took=time.monotonic() - start,
            seed=seed,
        )
        (ROOT / "docs" / "results" / "soak.md").write_text(filled)


def _shown(results):
    # The table, and the steps that the cuts fell into, as texts.
    text = page.table(_HEADS, _rows(results))
    cuts = sum((result.cuts for result in results), collections.Counter())
    named = "Cuts by the step they fell into: {}.".format(
        ", ".join("{} {}".format(name, cuts[name]) for name in sorted(cuts))
    )
    click.echo("{}\n{}".format(text, named))
    return text, named


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
