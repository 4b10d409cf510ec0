# The judge of the receiver's proof: what is not as answered, is seen.

import dataclasses

import pytest

from tests.system.receiver.judge import Found, Row, judge
from tests.system.receiver.ledger import STORED, UNSENT, Ledger, Message, Upload

DEVICE = "12345678"
NOWHERE = "http://127.0.0.1:1/images/"


def sent(*answers):
    """Return a Ledger of pictures with these answers, and the Found that fits it."""
    ledger, found = Ledger(), Found()
    for number, answer in enumerate(answers, 1):
        name = f"20260131T235959.000000Z-{DEVICE}-{number:06d}.jpg"
        upload = Upload(DEVICE, number, f"sha {number}", f"md5 {number}", 1000, number)
        upload.answer = answer
        ledger.add(upload)
        if answer == STORED:
            upload.url = NOWHERE + name
            keep(found, upload, name)
    return ledger, found


def keep(found, upload, name, number=None):
    """Have a picture found, as object, row and attribute."""
    found.objects[name] = upload.md5
    row = Row(number or upload.number, upload.device, name, upload.size, upload.sha256)
    found.rows.append(row)
    found.attributes[DEVICE] = {"image": NOWHERE + name}


def told(kind, *answers):
    """Return a Ledger of messages with these answers, and the Found that fits it."""
    ledger, found = Ledger(), Found()
    for number, answer in enumerate(answers, 1):
        ledger.add(Message(DEVICE, kind, number, number, answer=answer))
        if answer == STORED and kind == "event":
            found.events.setdefault(DEVICE, []).append(number)
        elif answer == STORED:
            found.attributes[DEVICE] = {"counter": number}
    return ledger, found


def only(verdict, words):
    """Assert that one thing is broken, and that this is it."""
    assert len(verdict.broken) == 1 and words in verdict.broken[0], verdict.broken


def test_all_well():
    ledger, found = sent(0, 5001, None, 4291, 0, UNSENT)
    verdict = judge(ledger, found, mended=True)
    assert verdict.broken == []
    assert (verdict.uploads, verdict.stored, verdict.unanswered, verdict.refused) == (5, 2, 2, 1)


def test_an_object_that_is_not_there():
    ledger, found = sent(0, 0)
    found.objects.pop(ledger.uploads[0].name)
    verdict = judge(ledger, found)
    assert any("no object" in line for line in verdict.broken)
    assert any("row without an object" in line for line in verdict.broken)


def test_an_object_of_other_bytes():
    ledger, found = sent(0, 0)
    found.objects[ledger.uploads[0].name] = "half"
    verdict = judge(ledger, found)
    assert any("other bytes" in line for line in verdict.broken)
    assert any("nobody sent" in line for line in verdict.broken)


def test_a_row_that_is_not_there():
    ledger, found = sent(0, 0)
    del found.rows[0]
    only(judge(ledger, found), "no row")


def test_a_count_that_is_wrong():
    ledger, found = sent(0, 0)
    found.counts[DEVICE] = 2, 2000
    assert judge(ledger, found).broken == []
    found.counts[DEVICE] = 3, 2000
    only(judge(ledger, found), "counted (3, 2000) (pictures, bytes), there are (2, 2000)")


@pytest.mark.parametrize("change", [{"sha256": "sha 2"}, {"size": 999}, {"device": "87654321"}])
def test_a_row_of_something_else(change):
    ledger, found = sent(0, 0)
    found.rows[0] = dataclasses.replace(found.rows[0], **change)
    assert any("a row of something else" in line for line in judge(ledger, found).broken)


def test_an_attribute_that_was_not_set():
    ledger, found = sent(0, 0)
    found.attributes[DEVICE]["image"] = ledger.uploads[0].url
    only(judge(ledger, found), "attribute " + ledger.uploads[0].url)
    found.attributes.clear()
    only(judge(ledger, found), "attribute None")


def test_an_attribute_that_nobody_was_told():
    ledger, found = sent(0, None)
    keep(found, ledger.uploads[1], f"20260131T235959.000001Z-{DEVICE}-000002.jpg")
    assert judge(ledger, found).broken == []
    # One that lies before what was answered is old.
    ledger, found = sent(None, 0)
    late = dict(found.attributes[DEVICE])
    keep(found, ledger.uploads[0], f"20260131T235959.000001Z-{DEVICE}-000001.jpg")
    only(judge(ledger, found), "attribute")
    found.attributes[DEVICE] = late
    assert judge(ledger, found).broken == []


@pytest.mark.parametrize("answer", [0, None, 5001])
def test_a_picture_that_is_there_twice(answer):
    ledger, found = sent(0, answer, 0)
    upload = ledger.uploads[1]
    attributes = dict(found.attributes[DEVICE])
    for number in (7, 8):
        keep(found, upload, f"20260131T235959.000001Z-{DEVICE}-00000{number}.jpg", number - 6)
    found.attributes[DEVICE] = attributes
    only(judge(ledger, found), f"{DEVICE} 2: there")


def test_an_object_that_was_put_again():
    ledger, found = sent(0, 0)
    found.objects[f"20260131T235959.000001Z-{DEVICE}-000009.jpg"] = ledger.uploads[0].md5
    only(judge(ledger, found), "1 times as row, 2 as object")


@pytest.mark.parametrize("answer", [4291, 4004, UNSENT])
def test_a_picture_that_was_refused_and_is_there(answer):
    ledger, found = sent(answer, 0)
    found.objects[f"20260131T235959.000001Z-{DEVICE}-000009.jpg"] = ledger.uploads[0].md5
    only(judge(ledger, found), f"refused with {answer}")


def test_an_orphan():
    ledger, found = sent(None, 0)
    found.objects[f"20260131T235959.000001Z-{DEVICE}-000001.jpg"] = ledger.uploads[0].md5
    verdict = judge(ledger, found)
    assert verdict.broken == [] and verdict.orphans == 1
    only(judge(ledger, found, mended=True), "an object without a row")


def test_deletion():
    ledger, found = sent(0, 0, 0)
    first = found.rows[0]
    for row in found.rows[:2]:
        found.objects.pop(row.name)
    found.rows[:2] = []
    verdict = judge(ledger, found, keep=1)
    assert verdict.broken == [] and verdict.deleted == 2
    only(judge(ledger, found, keep=2), f"{DEVICE} 2: answered as stored, and gone")
    # Half of it: under way, or left so.
    found.rows.insert(0, dataclasses.replace(first, deleting=True))
    assert judge(ledger, found, ended=False, keep=1).broken == []
    assert judge(ledger, found, keep=1).broken != []
    found.rows[0] = first
    assert judge(ledger, found, ended=False, keep=1).broken != []


def test_what_check_made_known_counts_as_newer():
    ledger, found = sent(None, 0, 0)
    orphan, stored, _ = ledger.uploads
    attributes = dict(found.attributes[DEVICE])
    keep(found, orphan, f"20260131T235958.000000Z-{DEVICE}-000001.jpg", 4)
    found.attributes[DEVICE] = attributes
    found.rows = [row for row in found.rows if row.name != stored.name]
    found.objects.pop(stored.name)
    assert judge(ledger, found, keep=2).broken != []
    orphan.adopted = True
    assert judge(ledger, found, keep=2).broken == []


def test_too_many_are_kept():
    ledger, found = sent(0, 0, 0)
    only(judge(ledger, found, keep=2), "3 pictures are kept")


def test_messages():
    assert judge(*told("report", 0, None, 5001, 0, None)).broken == []
    assert judge(*told("event", 0, None, 5001, 403, 0, None)).broken == []
    ledger, found = told("report", 0, 0, None)
    found.attributes[DEVICE]["counter"] = 3
    assert judge(ledger, found).broken == []
    found.attributes[DEVICE]["counter"] = 1
    only(judge(ledger, found), "counter 1, last one taken: 2")
    ledger, found = told("event", 0, 0, 403)
    found.events[DEVICE] = [1, 3, 4]
    verdict = judge(ledger, found)
    assert len(verdict.broken) == 3, verdict.broken
    found.events[DEVICE] = [1, 2, 2]
    only(judge(ledger, found), "event 2 2 times")


def test_of_many_events_the_newest_stay():
    ledger, found = told("event", *[0] * 120)
    found.events[DEVICE] = list(range(21, 121))
    assert judge(ledger, found).broken == []
    found.events[DEVICE].remove(21)
    assert judge(ledger, found).broken != []
