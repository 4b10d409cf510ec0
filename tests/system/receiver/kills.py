# Rounds in which receivers are killed while a fleet sends, and what is there is looked over.

import collections
import contextlib
import dataclasses
import os
import pathlib
import random
import signal
import tempfile
import time

from tests.system.receiver import places, rig
from tests.system.receiver.fleet import Fleet, accounts
from tests.system.receiver.judge import Verdict, judge
from tests.system.receiver.steps import STEPS

_CAMERAS = 6
_PAUSE_S = 0.03  # of each camera: the computer has receivers to start meanwhile
_HANGS_UP = 0.02
_REST_S = 0.5  # what nobody waits for has ended by then
_STEP_S = 8.0  # a step that is not reached by then is not waited for
_PLAIN = [step for step in STEPS if not step.endswith("delete")]
_CHECK_EVERY = 5
_KEEP = 8  # pictures of each device, where old ones are deleted
_KEEPING = "keeping:2"
_END_S = 20.0  # deletions that were cut off have ended by then


@dataclasses.dataclass(frozen=True)
class Kind:
    """What is killed: on which `database` and `store`, how many `instances`, of how many
    `processes` each, with how many `workers` each; `keep`: so many pictures of a device are kept,
    None: all."""

    database: str = "SQLite"
    store: str = "folder"
    instances: int = 1
    workers: int = 0
    keep: int | None = None
    processes: int = 1

    def __str__(self):
        more = [f"{self.instances} instances"] if self.instances > 1 else []
        more += [f"{self.processes} processes"] if self.processes > 1 else []
        more += [f"{self.workers} workers"] if self.workers else []
        more += ["old ones deleted"] if self.keep else []
        return ", ".join([f"{self.database} + {self.store}", *more])

    def options(self):
        """Return the options of `receiver run`."""
        found = ["--interval", "0", "--message-interval", "0", "--workers", str(self.workers)]
        found += ["--processes", str(self.processes)]
        return found + (["--keep-pictures", str(self.keep)] if self.keep else [])


# Half of them the embedded default, half what several instances need; one in six is mixed.
KINDS = (
    Kind(),
    Kind("PostgreSQL", "S3", 2),
    Kind(workers=2),
    Kind("PostgreSQL", "S3", 1, 1),
    Kind(keep=_KEEP),
    Kind("PostgreSQL", "S3", 2, keep=_KEEP),
    Kind(),
    Kind("PostgreSQL", "S3", 2),
    Kind("SQLite", "S3"),
    Kind("PostgreSQL", "folder", 2),
    Kind(processes=3),
    Kind("PostgreSQL", "S3", 2, workers=1, processes=2),
)


@dataclasses.dataclass
class Result:
    """What became of some rounds: a Verdict, `cuts` (Counter: by step), `starts`, `broken`."""

    kind: Kind
    rounds: int = 0
    verdict: Verdict = dataclasses.field(default_factory=Verdict)
    cuts: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    starts: int = 0
    mended: int = 0  # orphans that `check --mend` has made known
    took_s: float = 0.0
    broken: list = dataclasses.field(default_factory=list)
    lines: list = dataclasses.field(default_factory=list)


class Servers:
    """PostgreSQL and S3 for the rounds: `postgres` (tests.support.postgres), `s3` (an URL)."""

    def __init__(self, postgres, s3):
        self._postgres = postgres
        self._s3 = s3

    @contextlib.contextmanager
    def place(self, kind, endpoint=None):
        """Lend an empty Place of a Kind; `endpoint` stands before the S3 server."""
        from tests.support import s3server

        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="thingscam-receiver"))
            folder = pathlib.Path(folder)
            database, store, environment = places.Sqlite(folder), None, {}
            if kind.database == "PostgreSQL":
                database = places.Postgres(stack.enter_context(self._postgres.database()))
            if kind.store == "S3":
                store = places.Bucket(self._s3, s3server.bucket(self._s3), s3server.KEY)
                environment = {
                    "AWS_ACCESS_KEY_ID": s3server.KEY["key"],
                    "AWS_SECRET_ACCESS_KEY": s3server.KEY["secret"],
                    "AWS_REGION": "us-east-1",
                    "AWS_ENDPOINT_URL": endpoint or self._s3,
                }
            store = store or places.Folder(folder / "images")
            yield rig.Place(folder, database, store, environment)


def soak(kind, count, seed, servers):
    """Kill receivers of a Kind so many times on the same data; return the Result."""
    start = time.monotonic()
    with servers.place(kind) as place:
        rounds = _Rounds(kind, seed, place)
        with contextlib.closing(rounds):
            for number in range(count):
                rounds.one(number)
                if rounds.result.broken:
                    break
            rounds.end()
    rounds.result.took_s = time.monotonic() - start
    return rounds.result


class _Rounds:
    def __init__(self, kind, seed, place):
        self.result = Result(kind)
        self._kind = kind
        self._place = place
        self._dice = random.Random(f"{kind} {seed}")
        self._fleet = Fleet(_CAMERAS, seed, pause_s=_PAUSE_S, hangs_up=_HANGS_UP)
        self._receivers = [rig.Receiver(place, *kind.options()) for _ in range(kind.instances)]
        rig.load_accounts(place, accounts(self._fleet.tokens))

    def one(self, number):
        """Kill once, at a moment or in a step by lot; start again; look at what is there."""
        self.result.rounds += 1
        steps = STEPS if self._kind.keep else _PLAIN
        moment = ["moment"] * 5 + ["start", "SIGTERM"]
        if self._kind.processes > 1:  # each is forked: nothing can stop it within a step
            steps = ()
            moment += ["process"] * 4
        elif self._kind.workers:
            moment += ["worker"] * 2
        way = self._dice.choice([*moment, *steps])
        victim = self._dice.choice([r for r in self._receivers if not r.runs] or self._receivers)
        if way in STEPS and victim.runs:
            victim.kill()
        step = f"{way}:{self._dice.randint(1, 30)}" if way in STEPS else ""
        self._start_all(victim, step, wait=way != "start")
        self._fleet.start()
        self._kill(way, victim)
        self._start_all(victim)
        time.sleep(self._dice.uniform(0.1, 0.6))
        self._fleet.stop()
        time.sleep(_REST_S)
        self._look(number)

    def _start_all(self, victim, step="", wait=True):
        for receiver in self._receivers:
            if not receiver.runs:
                self.result.starts += 1
                mine = receiver is victim
                receiver.start(f"{_KEEPING},{step if mine else ''}", wait=wait or not mine)
        self._show()

    def _show(self):
        self._fleet.addresses[:] = [r.address for r in self._receivers if r.runs and r.address]

    def _kill(self, way, victim):
        if way in ("worker", "process"):
            processes = victim.workers if way == "worker" else victim.servers
            rig.until(processes, 5)
            time.sleep(self._dice.uniform(0.05, 0.5))
            for pid in self._dice.sample(processes(), 1):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(self._dice.uniform(0.05, 0.5))
            if self._dice.random() < 0.7:
                self.result.cuts[way] += 1
                return
        elif way in STEPS:
            if rig.until(lambda: not victim.runs, _STEP_S):
                self.result.cuts[way] += 1
                self._end(victim)
                return
            way = "moment"
        elif way == "SIGTERM":
            time.sleep(self._dice.uniform(0.05, 1.0))
            self._stop(victim)
        elif way == "start":
            time.sleep(self._dice.uniform(0, 2.0))
        else:
            time.sleep(self._dice.uniform(0.02, 1.5))
        self.result.cuts[way] += 1
        self._end(victim)
        if len(self._receivers) > 1 and self._dice.random() < 0.3:  # all at once
            for receiver in self._receivers:
                self._end(receiver)

    def _stop(self, receiver):
        try:
            receiver.stop()
        except RuntimeError as error:
            self._fleet.ledger.complain(str(error))

    def _end(self, receiver):
        receiver.kill()
        self._show()

    def _look(self, number):
        """Judge what is there while nothing is under way."""
        mend = number % _CHECK_EVERY == _CHECK_EVERY - 1
        if mend:
            self._check()
        self._settle()
        self._judge(mended=mend)

    def _settle(self):
        if self._kind.keep:
            rig.until(self._is_settled, _END_S, 0.2)

    def _is_settled(self):
        counts = collections.Counter()
        for row in places.rows_in(self._place.database):
            counts[row.device] += 1
            if row.deleting:
                return False
        return max(counts.values(), default=0) <= self._kind.keep

    def _judge(self, mended):
        ledger, found = self._fleet.ledger, self._place.found()
        self.result.verdict = judge(ledger, found, mended=mended, keep=self._kind.keep)
        self.result.broken = list(self.result.verdict.broken)
        self.result.lines = [line for each in self._receivers for line in each.lines]

    def _check(self):
        """Have `check` mend what there is."""
        known = {row.sha256 for row in places.rows_in(self._place.database)}
        done = rig.command(self._place, "check", "--mend", *self._place.options())
        adopted = {row.sha256 for row in places.rows_in(self._place.database)} - known
        self.result.mended += len(adopted)
        for upload in self._fleet.ledger.uploads:
            upload.adopted |= upload.sha256 in adopted
        if done.returncode:
            self._fleet.ledger.complain(f"check --mend: {done.stdout}{done.stderr}")

    def end(self):
        """Mend, stop in order, and judge all."""
        broken = self.result.broken
        self._check()
        self._settle()
        for receiver in self._receivers:
            self._stop(receiver)
        self._judge(mended=True)
        self.result.broken += [line for line in broken if line not in self.result.broken]
        done = rig.command(self._place, "check", *self._place.options())
        if done.returncode:
            self.result.broken.append(f"check behind check --mend: {done.stdout}{done.stderr}")

    def close(self):
        """End what still runs."""
        with contextlib.suppress(TimeoutError):
            self._fleet.stop()
        for receiver in self._receivers:
            if receiver.runs:
                receiver.kill()
