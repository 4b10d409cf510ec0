# `python -m tests.system.receiver`: kills, storage and databases that fail, two instances; a page.

import collections
import concurrent.futures
import contextlib
import random
import sys
import time

import click

from tests.support import needs, s3server
from tests.support.postgres import Postgres
from tests.support.world import ROOT
from tests.system.receiver import databases, disk, kills, pair, proxy, storage, trouble
from tests.system.receiver.mistakes import MISTAKES
from tests.system.receiver.rig import until
from tests.system.soak import page

_PAGE = """# Proof that a receiver has what it says it has

Made by `make receiver-proof`: {rounds} rounds in which [a receiver](../receiver.md) is killed,
{troubles} kinds of trouble with storage and databases, {races} races between two instances;
every promise kept.

A fleet of cameras sends pictures over real sockets without pause, each its next one when the
last is answered, and tells of itself through the device interface. Each picture is a JPEG that
there is once, followed by the SHA-256 of its bytes. What is there is read around the receiver:
rows by SQL, objects as files or from the S3 server (moto's, over HTTP); PostgreSQL is Debian's.
Judged is, after each round:

- what was answered as stored has its object, with these bytes, and its row; the attribute is the
  URL of the device's last picture (now and then the camera asks for it at once, at another
  instance perhaps);
- no picture is there twice, as object or as row; one without an answer at most once; one that
  was refused for a reason of its own, not at all;
- no row is without an object; an object without a row belongs to a picture that was not answered
  as stored, and `thingscam receiver check --mend` leaves none, and takes nothing else away;
- reports and events that were answered as taken are there, events once.

## kill -9

In each round one instance, with all its processes, is killed with SIGKILL: at a random moment,
while it starts, or within a step that was chosen by lot; sometimes one of its workers alone, or
one of several processes that serve, sometimes all instances. It is started again on the same data
while the cameras go on. Old pictures are deleted in some of the rounds, and killed in the middle
of that: **deleted** were stored, and are gone, object and row, because of so many newer ones.
**unanswered**: the answer was lost, or said that it failed; **kept**: those of them that are
there all the same. **mended**: of their objects those that were left without a row, and that
`check --mend` has made known; it is asked to look at those of this moment too, not only at those
that are 10 minutes old.

{table}

{cuts}

## Storage that fails

What uploads were answered meanwhile ({stored} is stored: those that were under way), the slowest
answer to one and to a message at the device interface, which goes on, and the time from the
trouble's end until each of {cameras} cameras had a picture stored again, by itself.

{storage}

{leak}

## Databases that fail

{databases}

## Two instances

{pairs}

## Whether the judge sees anything

{mistakes}

What this cannot see: whether bytes have reached the disk itself. A killed process loses nothing
that the kernel has; for that there is `fsync`, and a power cut.

{left_out}{made}, {took:.0f} s, seed {seed}.
"""
_HEADS = ["receiver", "kills", "starts", "uploads", "stored", "unanswered", "kept", "deleted"]
_HEADS += ["mended", "messages", "taken", "broken"]
_TROUBLES = ["trouble", "uploads answered", "slowest, s", "messages", "slowest, s", "back, s"]
_DEADLINE_S = 20
_RACERS = 50


class _Proof:
    def __init__(self, servers, postgres, s3, seed):
        self._servers = servers
        self._postgres = postgres
        self._s3 = s3
        self._seed = seed
        self.broken = []
        self.left_out = []

    def kills(self, rounds):
        """Have so many rounds of kills; return the Results."""
        kinds = [kind for kind in kills.KINDS if self._postgres or kind.database == "SQLite"]
        share, more = divmod(rounds, len(kinds))
        counts = [share + (number < more) for number in range(len(kinds))]

        def soak(number):
            seed = f"{self._seed}-{number}"
            result = kills.soak(kinds[number], counts[number], seed, self._servers)
            click.echo(f"{result.kind}: {result.rounds} rounds in {result.took_s:.0f} s")
            return result

        # One waits while the other one works.
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            results = list(pool.map(soak, [n for n, count in enumerate(counts) if count]))
        for result in results:
            if result.broken:
                self.note(str(result.kind), result.broken)
                click.echo(f"what it printed: {page.kept(result.lines)}", err=True)
        return results

    def note(self, name, lines):
        """Take note of promises that were not kept."""
        self.broken += [f"{name}: {line}" for line in lines]
        for line in lines[:10]:
            click.echo(f"BROKEN {name}: {line}", err=True)

    @contextlib.contextmanager
    def _trial(self, kind, endpoint=None, under=None, size=0):
        with contextlib.ExitStack() as stack:
            place = stack.enter_context(self._servers.place(kind, endpoint))
            small = under and stack.enter_context(disk.Disk(under(place), size))
            trial = stack.enter_context(trouble.Trial(place))
            yield trial, small
            self.note(str(kind), trial.end().broken)

    def _through(self, trial, troubles):
        outcomes = []
        for each in troubles:
            outcome = trial.go_through(each)
            click.echo(f"{outcome.name}: {_answers(outcome)}, back in {outcome.back_s:.1f} s")
            self.note(outcome.name, outcome.broken)
            outcomes.append(outcome)
        return outcomes

    def storage(self, faults):
        """Have all troubles of storage; return the Outcomes, and a text of what has grown."""
        outcomes, kind = [], kills.Kind(store="S3", workers=1)
        with proxy.Proxy(self._s3) as before, self._trial(kind, before.url) as (trial, _):
            modes = [storage.of_s3(before, mode, _DEADLINE_S, 3.0) for mode in storage.MODES]
            outcomes += self._through(trial, modes)
            was, now, grown = storage.leak(trial, before, faults)
            self.note("storage", grown)
        with self._trial(kills.Kind()) as (trial, _):
            outcomes += self._through(trial, storage.of_folder(trial.place.store.folder, 3.0))
        if disk.is_possible():
            under = lambda place: place.store.folder  # noqa: E731
            with self._trial(kills.Kind(), under=under, size=8_000_000) as (trial, small):
                outcomes += self._through(trial, storage.of_disk(small, 3.0))
        else:
            self.left_out.append("disks that are full or not writable: root must mount them")
        text = (
            f"{faults} more uploads that failed, for {len(storage.QUICK)} reasons in turn, cost"
            " the receiver {} threads, {:.1f} MB and {} open files"
            " (before: {} threads, {:.0f} MB, {} files)."
        ).format(
            *(now[0] - was[0], (now[1] - was[1]) / 1e6, now[2] - was[2]),
            *(was[0], was[1] / 1e6, was[2]),
        )
        return outcomes, text

    def databases(self):
        """Have all troubles of databases; return the Outcomes."""
        outcomes = []
        with self._trial(kills.Kind(workers=1)) as (trial, _):
            file = trial.place.database.file
            locks = [databases.of_sqlite(file, 2.0), databases.of_sqlite(file, 25.0)]
            outcomes += self._through(trial, locks)
        if disk.is_possible():
            under = lambda place: place.data  # noqa: E731
            with self._trial(kills.Kind(), under=under, size=40_000_000) as (trial, small):
                outcomes += self._through(trial, [databases.of_disk(small, 3.0)])
        if self._postgres:
            with self._trial(kills.Kind("PostgreSQL", workers=1)) as (trial, _):
                url = trial.place.database.url
                troubles = databases.of_postgres(self._postgres, url, 30.0, 3.0)
                outcomes += self._through(trial, troubles)
        return outcomes

    def pairs(self, rounds):
        """Have two instances race; return a text."""
        if not self._postgres:
            return "Left out: there is no PostgreSQL here."
        with (
            self._servers.place(kills.Kind("PostgreSQL", "S3")) as place,
            pair.Pair(place, _RACERS) as two,
        ):
            found = two.races(rounds, pair.INTERVAL_S + 0.1)
            if found != pair.expected(rounds * _RACERS):
                self.note("two instances", [f"answers: {dict(found)}"])
            self.note("two instances", two.disagreements())
            self.note("two instances", two.verdict().broken)
        return (
            f"{rounds * _RACERS} times a device sends two pictures at one moment, one to each of"
            " two instances on one PostgreSQL: each time one was stored, and one answered 4291. A"
            " picture that came to one is on the other's page, its attributes and, within 3 s, its"
            " event stream; a token that was rotated, a device that was disabled or enabled is so"
            " at both when the command returns."
        )

    def mistakes(self):
        """Make mistakes on purpose; return which were found, as a text."""
        found = []
        for name, make in MISTAKES.items():
            seen = self._sees(name)
            if not seen:
                self.note("judge", [f"does not see the mistake {name}"])
            found.append(f"- {(make.__doc__ or '').strip().rstrip('.').lower()}: {seen}.")
        text = "Mistakes made on purpose, in a receiver as it is, each judged as above:\n\n{}"
        return text.format("\n".join(found))

    def _sees(self, name):
        if name == "hurries":
            return self._sees_hurry()
        kind = kills.Kind(store="S3" if name == "believes" else "folder", keep=_keep(name))
        with contextlib.ExitStack() as stack:
            before = stack.enter_context(proxy.Proxy(self._s3))
            place = stack.enter_context(self._servers.place(kind, before.url))
            options = kind.options()[4:]
            trial = stack.enter_context(trouble.Trial(place, *options, steps=f"keeping:2,{name}"))
            if name == "believes":
                trial.go_through(storage.of_s3(before, "slow down", _DEADLINE_S))
            elif kind.keep:
                until(lambda: trial.receiver.lines and False, 6)
            trial.receiver.kill()
            trial.fleet.stop()
            lines = trial.end(stop=False).broken
        return f"{len(lines)} promises broken" if lines else ""

    def _sees_hurry(self):
        if not self._postgres:
            return "left out, for want of PostgreSQL"
        with (
            self._servers.place(kills.Kind("PostgreSQL")) as place,
            pair.Pair(place, 3, steps="hurries") as two,
        ):
            found = two.races(1, 0)
        return "" if found == pair.expected(3) else f"{found[0, 0]} of 3 devices stored two"


def _keep(name):
    return 2 if name == "deletes-unmarked" else None


def _answers(outcome):
    return ", ".join(
        f"{code}: {count}" for code, count in sorted(outcome.answers.items(), key=str)
    )


def _table(outcomes):
    rows = [
        [
            each.name,
            _answers(each),
            f"{each.slowest_s:.1f}",
            each.messages,
            f"{each.slowest_message_s:.1f}",
            f"{each.back_s:.1f}",
        ]
        for each in outcomes
    ]
    return page.table(_TROUBLES, rows)


def _row(name, results):
    def total(field):
        return sum(getattr(result.verdict, field) for result in results)

    fields = ("uploads", "stored", "unanswered", "kept_unanswered", "deleted")
    return [
        name,
        sum(result.rounds for result in results),
        sum(result.starts for result in results),
        *map(total, fields),
        sum(result.mended for result in results),
        total("messages"),
        total("taken"),
        sum(len(result.broken) for result in results),
    ]


def _shown(results):
    by_kind = collections.defaultdict(list)
    for result in results:
        by_kind[str(result.kind)].append(result)
    rows = [_row(name, found) for name, found in by_kind.items()] + [_row("**all**", results)]
    cuts = sum((result.cuts for result in results), collections.Counter())
    named = ", ".join(f"{name} {cuts[name]}" for name in sorted(cuts))
    return page.table(_HEADS, rows), f"Kills by the step they fell into: {named}."


@click.command("receiver", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--rounds", default=200, show_default=True, type=click.IntRange(0))
@click.option("--faults", default=300, show_default=True, type=click.IntRange(1))
@click.option("--races", default=6, show_default=True, type=click.IntRange(1))
@click.option("--seed", type=int, help="To plan the same as before.")
@click.option("--write", is_flag=True, help="Write docs/results/receiver.md.")
def main(rounds, faults, races, seed, write):
    """Kill receivers, take storage and databases away, and count what becomes of each picture.

    So many --rounds with a kill each, so many --faults in a row, so many --races of 50 devices.
    """
    start = time.monotonic()
    seed = random.randrange(1000000) if seed is None else seed
    with contextlib.ExitStack() as stack:
        s3 = stack.enter_context(s3server.running())
        postgres = None
        if needs.POSTGRESQL:
            postgres = Postgres()
            stack.callback(postgres.close)
        proof = _Proof(kills.Servers(postgres, s3), postgres, s3, seed)
        if postgres is None:
            proof.left_out.append("all with PostgreSQL: apt-get install postgresql")
        results = proof.kills(rounds)
        table, cuts = _shown(results)
        click.echo(f"{table}\n{cuts}")
        outcomes, leak = proof.storage(faults)
        click.echo(leak)
        more = proof.databases()
        pairs = proof.pairs(races)
        click.echo(pairs)
        mistakes = proof.mistakes()
        click.echo(mistakes)
    if proof.broken:
        click.echo(f"again: python -m tests.system.receiver --seed {seed}", err=True)
        sys.exit(1)
    if write:
        left_out = [f"Left out here: {line}.\n\n" for line in proof.left_out]
        filled = _PAGE.format(
            rounds=rounds,
            troubles=len(outcomes) + len(more),
            races=races * _RACERS,
            table=table,
            cuts=cuts,
            stored=0,
            cameras=trouble.CAMERAS,
            storage=_table(outcomes),
            leak=leak,
            databases=_table(more),
            pairs=pairs,
            mistakes=mistakes,
            left_out="".join(left_out),
            made=page.made_on(),
            took=time.monotonic() - start,
            seed=seed,
        )
        (ROOT / "docs" / "results" / "receiver.md").write_text(filled)


if __name__ == "__main__":
    main()
