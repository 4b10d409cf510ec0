# A receiver answers "stored" for what is there, whatever fails: the proof in small.

import pytest

from tests.support import needs
from tests.system.receiver import databases, disk, kills, pair, proxy, storage, trouble

pytestmark = pytest.mark.timeout(600)  # on a machine that is busy with other tests


@pytest.fixture
def servers(request, s3):
    """PostgreSQL, where there is one, and S3."""
    postgres = request.getfixturevalue("postgres") if needs.POSTGRESQL else None
    return kills.Servers(postgres, s3)


def go_through(trial, troubles):
    """Assert that a Trial goes well through all troubles."""
    for each in troubles:
        outcome = trial.go_through(each)
        assert outcome.broken == [], (outcome, trial.receiver.lines[-5:])
    assert trial.end().broken == []


@pytest.mark.parametrize("at", [0, pytest.param(9, marks=needs.postgresql), 4])
def test_kills(at, servers):
    result = kills.soak(kills.KINDS[at], 2, 3, servers)
    assert result.broken == [], result.lines[-20:]
    assert result.verdict.stored > 10 and sum(result.cuts.values()) == 2


def test_a_mistake_is_found(servers):
    with servers.place(kills.Kind()) as place, trouble.Trial(place, steps="puts-late") as trial:
        trial.receiver.kill()
        assert any("no object" in line for line in trial.end(stop=False).broken)


def test_storage_that_fails(servers, s3):
    with (
        proxy.Proxy(s3) as before,
        servers.place(kills.Kind(store="S3"), before.url) as place,
        trouble.Trial(place, steps="patience:2") as trial,
    ):
        modes = ("slow down", "stored 500", "denied", "refuse", "stall")
        go_through(trial, [storage.of_s3(before, mode, 2, 0.4) for mode in modes])


def test_a_folder_that_fails(servers):
    with servers.place(kills.Kind()) as place, trouble.Trial(place) as trial:
        go_through(trial, storage.of_folder(place.store.folder, 0.4))


def test_a_disk_that_is_full(servers):
    if not disk.is_possible():
        pytest.skip("needs a small disk: run the tests as root")
    with (
        servers.place(kills.Kind()) as place,
        disk.Disk(place.store.folder) as small,
        trouble.Trial(place) as trial,
    ):
        go_through(trial, storage.of_disk(small, 0.4))


def test_a_disk_that_is_full_under_the_database(servers):
    if not disk.is_possible():
        pytest.skip("needs a small disk: run the tests as root")
    with (
        servers.place(kills.Kind()) as place,
        disk.Disk(place.data, 40_000_000) as small,
        trouble.Trial(place) as trial,
    ):
        go_through(trial, [databases.of_disk(small, 0.4)])


@needs.postgresql
def test_a_database_that_fails(servers):
    from tests.support.postgres import Postgres

    own = Postgres()  # others need theirs
    try:
        with (
            kills.Servers(own, None).place(kills.Kind("PostgreSQL")) as place,
            trouble.Trial(place) as trial,
        ):
            go_through(trial, databases.of_postgres(own, place.database.url, 1.0, 0.4))
    finally:
        own.close()


@needs.postgresql
def test_two_instances_agree(servers):
    with (
        servers.place(kills.Kind("PostgreSQL")) as place,
        pair.Pair(place, 12, interval_s=2) as two,
    ):
        assert two.races(2, 2.1) == pair.expected(24)
        assert two.disagreements() == []
        assert two.verdict().broken == []
