# Does the camera keep the service's pace, and how much of it does it use?

from .. import ROOT
from .world import Row

_PICTURES = 1000
_PERIOD_MS = 10000
_SEEDS = (1, 2, 3)


def measure(bench):
    """Return the rows, in fast time: the same on every machine."""
    runs = [_run(bench, seed, "ours") for seed in _SEEDS]
    script = [_run(bench, seed, "start") for seed in _SEEDS]
    refused = sum(run["refused"] for run in runs)
    # The rule as the device reads it: 10 s from the end of a request to the next.
    least = [(_PICTURES - 1) * _PERIOD_MS + run["busy"] for run in runs]
    share = sum(least) / sum(run["took"] for run in runs)
    of_ten = len(runs) * (_PICTURES - 1) * _PERIOD_MS / sum(run["took"] for run in runs)
    return [
        Row(
            "{} pictures, network 0 to 3 s: answers 429".format(len(runs) * _PICTURES),
            str(refused),
            "10 s from start to start",
            str(sum(run["refused"] for run in script)),
            None,
            "0",
            refused == 0,
        ),
        Row(
            "the same: part of the pace that the rule allows (10 s from end to start)",
            "{:.1%}".format(share),
            "one in 10 s",
            "{:.1%}".format(of_ten),
            share,
            "at least 97 %",
            share >= 0.97,
            "in 10 s from start to start a request that travels faster than the one before is "
            "refused, so one in 10 s cannot be had with 0 answers 429",
        ),
    ]


def _run(bench, seed, wait):
    return bench.micropython("paced.py", _PICTURES, seed, wait, cwd=ROOT)
