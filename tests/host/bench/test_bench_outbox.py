# The outbox's cost with many waiting, by calls to the medium: times would depend on the machine.

import pytest

from tools.bench import outbox


@pytest.mark.parametrize("system", outbox.SYSTEMS)
def test_many_waiting_cost_little_more_than_few(system):
    found = outbox.measure(system, size=3000, rounds=160, counts=(10, 600))
    few, many = (
        sum(
            found[name, count][calls]
            for name in outbox.OPERATIONS
            for calls in ("reads", "writes")
        )
        for count in (10, 600)
    )
    assert 0 < many <= 1.5 * few, found
