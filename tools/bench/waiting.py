# The outbox's cost by how many pictures wait, as rows: outbox.py measures it.

from . import outbox
from .world import Row

_MOST = 1.5


def measure(_bench):
    """Return a row for each file system and operation."""
    rows = []
    few, middle, many = outbox.COUNTS
    for system in outbox.SYSTEMS:
        found = outbox.measure(system)
        for operation in outbox.OPERATIONS:
            took = [found[operation, count]["median_us"] for count in outbox.COUNTS]
            ratio = max(took[1:]) / took[0]
            rows.append(
                Row(
                    "{}, {} with {:,} and {:,} waiting: us".format(
                        system, operation, middle, many
                    ),
                    "{}, {}".format(*took[1:]),
                    "{} waiting".format(few),
                    str(took[0]),
                    ratio,
                    "at most {} times the time".format(_MOST),
                    ratio <= _MOST,
                )
            )
    return rows
