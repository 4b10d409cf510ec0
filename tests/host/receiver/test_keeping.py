# What is kept and what is deleted: by age, number and bytes, by one of several, after a crash too.


import pytest

from tests.support import storage
from tools.cloud.index import Index
from tools.cloud.index.surplus import DAY, Limits
from tools.cloud.objects import StorageError
from tools.cloud.receiver import keeping
from tools.cloud.receiver.keeping import LEASE_SECONDS, Keeping


@pytest.fixture
def kept(index_url, tmp_path):
    with storage.kept(index_url, tmp_path) as found:
        yield found


def turns(kept, limits, most=20, **options):
    """Let it work until nothing is left to do; return how many were deleted in each turn."""
    counts = []
    work = Keeping(kept.index, kept.objects, limits, deleted=counts.append, **options)
    for _ in range(most):
        if not work.turn():
            break
    return counts


def test_nothing_is_deleted_unless_told(kept):
    kept.add("garden", 3)
    kept.time.seconds += 10_000 * DAY
    assert turns(kept, Limits()) == []
    assert kept.are_whole() == 3


def test_by_age(kept):
    old = kept.add("garden", 2)
    kept.time.seconds += 6 * DAY
    new = kept.add("garden", 1) + kept.add("door", 1)
    kept.time.seconds += 4 * DAY + 1
    assert turns(kept, Limits(days=10)) == [2]
    assert kept.names() == set(new)
    assert not set(old) & kept.stored()


def test_by_number_of_each(kept):
    garden, door = kept.add("garden", 5), kept.add("door", 2)
    assert turns(kept, Limits(pictures=3)) == [2]
    assert kept.names() == {*garden[2:], *door} == kept.stored()


def test_by_bytes_of_each(kept):
    garden = kept.add("garden", 5)
    door = kept.add("door", 1)
    size = kept.index.pictures.get(garden[0]).size
    assert turns(kept, Limits(bytes=2 * size + size // 2)) == [3]
    assert kept.names() == {*garden[3:], *door} == kept.stored()


def test_a_device_has_limits_of_its_own(kept):
    garden, door = kept.add("garden", 4), kept.add("door", 4)
    kept.index.surplus.limit(kept.label("door"), Limits(pictures=1))
    assert turns(kept, Limits(pictures=3)) == [4]
    assert kept.names() == {*garden[1:], *door[3:]}
    kept.index.surplus.limit(kept.label("door"), Limits(days=5))
    kept.time.seconds += 6 * DAY
    assert turns(kept, Limits(days=30)) == [1]
    assert kept.names() == {*garden[1:]}


def test_a_turn_is_bounded(kept, monkeypatch):
    monkeypatch.setattr(keeping, "MOST", 4)
    kept.add("garden", 6)
    kept.add("door", 6)
    assert turns(kept, Limits(pictures=1)) == [4, 4, 2]
    assert kept.are_whole() == 2


def test_one_that_is_too_old_and_one_too_many_ends_no_turn_early(kept, monkeypatch):
    monkeypatch.setattr(keeping, "MOST", 4)
    kept.add("garden", 2)
    kept.time.seconds += 6 * DAY
    kept.add("garden", 3)
    kept.add("door", 4)
    # The two old ones are the first of the surplus as well.
    assert turns(kept, Limits(days=5, pictures=1)) == [2, 4, 1]
    assert kept.are_whole() == 2


def test_limits_of_their_own_by_days_of_many(kept):
    for name in ("garden", "door"):
        kept.index.surplus.limit(kept.label(name), Limits(days=3))
        kept.add(name, 2)
    kept.time.seconds += 2 * DAY
    kept.add("door", 1)
    kept.time.seconds += 1.5 * DAY
    assert turns(kept, Limits()) == [4]
    assert kept.are_whole() == 1


def test_what_was_begun_is_ended_after_a_crash(kept):
    names = kept.add("garden", 3)
    kept.index.pictures.begin_delete(names[:2])  # and then it was killed
    kept.objects.delete(names[0])
    assert turns(kept, Limits()) == [2]
    assert kept.names() == kept.stored() == {names[2]}


def test_a_storage_that_fails_loses_nothing_and_is_tried_again(kept):
    names = kept.add("garden", 4)
    kept.objects.failing = names[1]
    work = Keeping(kept.index, kept.objects, Limits(pictures=1))
    with pytest.raises(StorageError):
        work.turn()
    # The first is gone, the others are as they were, but shown no more.
    assert kept.stored() == set(names[1:]) and kept.names() == {names[3]}
    kept.objects.failing = None
    work.turn()
    assert kept.names() == kept.stored() == {names[3]}


def test_of_several_one_does_it(kept, index_url):
    kept.add("garden", 4)
    with Index(index_url, now=kept.time) as other:
        one = Keeping(kept.index, kept.objects, Limits(pictures=3), owner="one")
        two = Keeping(other, kept.objects, Limits(pictures=1), owner="two")
        one.turn()
        two.turn()
        assert len(kept.names()) == 3
        kept.time.seconds += LEASE_SECONDS - 1
        one.turn()
        kept.time.seconds += LEASE_SECONDS - 1
        two.turn()
        assert len(kept.names()) == 3
        kept.time.seconds += 2  # the first has gone
        two.turn()
        assert len(kept.names()) == 1


def test_what_uploads_meanwhile_is_left_alone(kept):
    kept.add("garden", 3)
    work = Keeping(kept.index, kept.objects, Limits(pictures=1))
    added = []
    kept.objects.on_delete = lambda: added or added.extend(kept.add("garden", 1))
    work.turn()
    kept.objects.on_delete = None
    assert added[0] in kept.names() and kept.are_whole() == 2
    work.turn()
    assert kept.names() == set(added) and kept.are_whole() == 1
