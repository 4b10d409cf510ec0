# `receiver check`: what is in the index and not in the storage, and the other way round.

import pytest

from tests.support import s3server, storage
from tests.support.cloud import picture
from tools.cloud.index.surplus import Limits
from tools.cloud.objects import Objects, StorageError
from tools.cloud.receiver import check as module
from tools.cloud.receiver.check import GRACE, Check, WrongStorageError
from tools.cloud.receiver.keeping import Keeping


@pytest.fixture
def kept(index_url, tmp_path):
    with storage.kept(index_url, tmp_path) as found:
        yield found


def check(kept, mend=False, **options):
    # Files have the computer's time: all that is there came long ago.
    options.setdefault("now", lambda: 1e11)
    return Check(kept.index, kept.objects, mend=mend, **options).run()


def counts(report):
    return report.lost, report.adopted, report.deleting, report.strange + report.copies


def test_all_is_well(kept):
    kept.add("garden", 3)
    for mend in (False, True):
        report = check(kept, mend)
        assert (report.pictures, report.wrong, report.lines) == (3, 0, [])
    assert kept.are_whole() == 3


def test_a_row_without_a_picture(kept):
    names = kept.add("garden", 3)
    kept.objects.delete(names[1])
    report = check(kept)
    assert counts(report) == (1, 0, 0, 0) and names[1] in report.lines[0]
    assert names[1] in kept.names()  # it only looked
    assert counts(check(kept, mend=True)) == (1, 0, 0, 0)
    assert kept.are_whole() == 2 and check(kept).wrong == 0


def test_a_picture_without_a_row(kept):
    kept.add("garden", 1)
    (name,) = kept.add("door", 1, row=False)
    assert counts(check(kept)) == (0, 1, 0, 0) and name not in kept.names()
    report = check(kept, mend=True)
    assert counts(report) == (0, 1, 0, 0) and "made known" in report.lines[0]
    assert kept.are_whole() == 2 and check(kept).wrong == 0
    found = kept.index.pictures.get(name)
    assert (found.width, found.height, found.device) == (64, 48, kept.label("door"))
    assert found.size == len(storage.DATA)


@pytest.mark.parametrize("place", ["folder", "s3"])
def test_one_that_is_made_known_late_is_as_old_as_it_is(place, index_url, tmp_path, s3):
    objects = None
    if place == "s3":
        options = {**s3server.KEY, "endpoint_url": s3}
        objects = Objects("s3://" + s3server.bucket(s3), options=options)
    with storage.kept(index_url, tmp_path, objects) as kept:
        names = []
        for number in range(4):  # each has bytes of its own
            data = picture(size=(64, 48 + number))
            names += kept.add("garden", 1, data, row=number != 1)
        check(kept, mend=True)
        pictures, garden = kept.index.pictures, kept.label("garden")
        for device in (None, garden):
            assert [each.name for each in pictures.page(device=device).pictures] == names[::-1]
        page = pictures.page(before=names[2], count=1)
        assert [each.name for each in page.pictures] == [names[1]] and page.older and page.newer
        assert pictures.newest(garden).name == names[3]
        Keeping(kept.index, kept.objects, Limits(pictures=2)).turn()
        assert kept.names() == kept.stored() == set(names[2:])


def test_a_name_with_a_time_that_there_is_not(kept):
    (name,) = kept.add("garden", 1)
    wrong = "20261399" + name[8:]
    kept.objects.put(wrong, storage.DATA, "image/jpeg")
    report = check(kept, mend=True)
    assert counts(report) == (0, 0, 0, 1) and "not in its name" in report.lines[0]
    assert kept.stored() == {name, wrong}


def test_a_second_copy_of_a_picture(kept):
    # The receiver was killed before it answered, and the camera sent it again.
    (lost,) = kept.add("garden", 1, row=False)
    (name,) = kept.add("garden", 1)
    (other,) = kept.add("door", 1, row=False)
    report = check(kept)
    assert (report.copies, report.adopted) == (1, 1) and kept.stored() == {lost, name, other}
    assert any(lost in line and name in line for line in report.lines)
    report = check(kept, mend=True)
    assert (report.copies, report.adopted) == (1, 1) and kept.stored() == {name, other}
    assert kept.are_whole() == 2 and check(kept).wrong == 0


def test_of_two_copies_that_nobody_knows_one_stays(kept):
    names = kept.add("garden", 2, row=False)
    report = check(kept, mend=True)
    assert (report.copies, report.adopted) == (1, 1) and kept.stored() == {names[0]}
    assert kept.are_whole() == 1


def test_one_that_is_still_on_its_way_is_left_alone(kept):
    kept.add("garden", 1, row=False)
    ((_, _, changed),) = kept.objects.names()
    assert check(kept, mend=True, now=lambda: changed + GRACE - 1).wrong == 0
    assert kept.names() == set()
    assert counts(check(kept, mend=True, now=lambda: changed + GRACE + 1)) == (0, 1, 0, 0)


def test_what_is_no_whole_picture_or_of_nobody_is_told_and_left(kept):
    (half,) = kept.add("garden", 1, data=storage.DATA[:500], row=False)
    nobodys = half.replace(kept.label("garden"), "0badcafe")
    kept.objects.put(nobodys, storage.DATA, "image/jpeg")
    for mend in (False, True):
        report = check(kept, mend)
        assert counts(report) == (0, 0, 0, 2)
        assert any(half in line and "no whole picture" in line for line in report.lines)
        assert any(nobodys in line and "not known" in line for line in report.lines)
    assert kept.stored() == {half, nobodys}


def test_a_deletion_that_was_begun(kept):
    names = kept.add("garden", 3)
    kept.index.pictures.begin_delete(names[:2])
    kept.objects.delete(names[0])
    assert counts(check(kept)) == (0, 0, 2, 0) and len(kept.stored()) == 2
    assert counts(check(kept, mend=True)) == (0, 0, 2, 0)
    assert kept.are_whole() == 1 and check(kept).wrong == 0


def test_a_storage_that_cannot_be_read_is_not_an_empty_one(kept):
    kept.add("garden", 2)

    def broken():
        raise StorageError("is down")
        yield

    kept.objects.names = broken
    with pytest.raises(StorageError):
        check(kept, mend=True)
    assert len(kept.names()) == 2


def test_the_wrong_storage_is_not_mended(kept):
    names = kept.add("garden", 12)
    kept.index.pictures.begin_delete(names[:1])
    for name in names:
        kept.objects.delete(name)
    asked = []
    kept.objects.get = asked.append
    assert counts(check(kept)) == (11, 0, 1, 0)
    assert asked == []  # of a million it would take hours
    with pytest.raises(
        WrongStorageError, match="11 of 12 pictures are not there: is it the right"
    ):
        check(kept, mend=True)
    assert kept.names() == set(names[1:]) and kept.index.pictures.deleting() == names[:1]


def test_what_comes_and_goes_meanwhile_is_right(kept):
    first = kept.add("garden", 2)
    done = []
    listed = kept.objects.names

    def names():
        yield from list(listed())
        if not done:  # behind the list
            done.extend(kept.add("door", 1))
            kept.index.pictures.begin_delete(first[:1])
            kept.objects.delete(first[0])
            kept.index.pictures.end_delete(first[:1])

    kept.objects.names = names
    assert check(kept, mend=True).wrong == 0
    kept.objects.names = listed
    assert kept.are_whole() == 2


def test_many_are_looked_at_in_parts_and_not_all_named(kept, monkeypatch):
    monkeypatch.setattr(module, "_AT_ONCE", 3)
    monkeypatch.setattr(module, "_SHOWN", 2)
    kept.add("garden", 10)
    for size in range(8):
        kept.add("door", 1, picture(size=(64, 48 + size)), row=False)
    report = check(kept, mend=True)
    assert (report.pictures, report.adopted) == (10, 8)
    assert len(report.lines) == 3 and "more" in report.lines[-1]
    assert kept.are_whole() == 18
