# outbox.Outbox: kept in order, bounded, whole or not at all, whatever lies in its folder.

import binascii
import errno
import gc
import os
import struct

from fakeboard import on_board
from flash import Flash
from support import env, new_folder, raises
from thingscam.outbox import folder as folders
from thingscam.outbox import record as records
from thingscam.outbox import store
from thingscam.outbox.policy import Outbox
from thingscam.outbox.thinning import ThinnedOutbox

MAX = 1000000
CARD = "/thingscam-card"

# Where the outbox lies: a folder of the computer, and under MicroPython, on media in memory,
# the two file systems of boards.
FILE_SYSTEMS = (("VfsLfs2", 1024), ("VfsFat", 512)) if hasattr(os, "VfsLfs2") else ()


class Lines:
    """A log that keeps its lines."""

    def __init__(self):
        self.lines = []

    def warning(self, text, *values):
        self.lines.append(text % values if values else text)

    def has(self, words):
        return any(words in line for line in self.lines)


class Small(Outbox):
    per_folder = 4


def everywhere(test):
    def run():
        path = env("FILES") + "/outbox"
        delete(path)
        delete(path + ".old")
        test(path)
        for name, block in FILE_SYSTEMS:
            mount(name, Flash(block, 700000 // block))
            test(CARD + "/outbox")
            os.umount(CARD)

    return run


def mount(name, flash, form=True):
    gc.collect()
    kind = getattr(os, name)
    if form:
        kind.mkfs(flash)
    os.mount(kind(flash), CARD)


def delete(path):
    try:
        if os.stat(path)[0] & 0x4000:
            for name in os.listdir(path):
                delete(path + "/" + name)
            os.rmdir(path)
        else:
            os.remove(path)
    except OSError as e:
        assert e.errno == errno.ENOENT, path


def write(path, data=b""):
    with open(path, "wb") as file:
        file.write(data)


def picture(number, size=2000):
    return b"\xff\xd8\xff" + bytes([number % 256]) * (size - 5) + b"\xff\xd9"


def read(kept):
    file = kept.open()
    try:
        data = bytearray(kept.size)
        assert file.readinto(data) == kept.size
        assert file.readinto(data) == 0
    finally:
        file.close()
    return bytes(data)


def read_to_the_end(file):
    part = bytearray(4000)
    while file.readinto(part):
        pass


def fill(box, count, first=0):
    for i in range(first, first + count):
        assert box.put(picture(i), 1700000000 + i, "pir")


def sent(box, end="oldest"):
    """Take out all that waits; return what the first differing byte of each was."""
    found = []
    while True:
        kept = getattr(box, end)()
        if kept is None:
            return found
        found.append(read(kept)[3])
        box.remove(kept)


def files(path):
    """Return the paths of all files below a folder, sorted."""
    found = []
    for name, is_folder, _ in folders.entries(path):
        inner = path + "/" + name
        found += files(inner) if is_folder else [inner]
    return sorted(found)


@everywhere
def test_gives_back_what_was_put(path):
    box = Outbox(path + "/deep/er", MAX)
    assert box.oldest() is None and box.newest() is None
    assert box.put(picture(1), 1700000000, "pir") is True
    assert box.put(memoryview(bytearray(picture(2, 300))), None, "timer") is True
    assert len(box) == 2
    assert box.bytes_used == 2300
    kept = box.oldest()
    assert (kept.size, kept.captured_at, kept.cause) == (2000, 1700000000, "pir")
    assert read(kept) == picture(1)
    kept = box.newest()
    assert (kept.size, kept.captured_at, kept.cause) == (300, None, "timer")
    assert read(kept) == picture(2, 300)
    box.remove(kept)
    assert box.newest().size == 2000
    box.remove(box.oldest())
    assert box.oldest() is None and box.newest() is None
    assert len(box) == box.bytes_used == box.dropped == 0


@everywhere
def test_the_open_picture_can_be_measured_and_sought(path):
    box = Outbox(path, MAX)
    fill(box, 1)
    file = box.oldest().open()
    assert file.seek(0, 2) == 2000
    assert file.seek(1998) == 1998
    end = bytearray(10)
    assert file.readinto(end) == 2
    assert bytes(end[:2]) == b"\xff\xd9"
    assert file.tell() == 2000
    file.seek(0)
    assert file.readinto(memoryview(end)[:3]) == 3
    assert bytes(end[:3]) == b"\xff\xd8\xff"
    file.close()


def test_a_fault_while_a_picture_is_read_is_told_as_one_of_the_storage():
    for name, block in FILE_SYSTEMS:
        flash = Flash(block, 65536 // block)
        mount(name, flash)
        box = Outbox(CARD + "/outbox", MAX)
        assert box.put(picture(1, 9000), None, "pir")
        kept = box.oldest()
        file = kept.open()
        assert file.readinto(bytearray(4000)) == 4000 and kept.broken is None
        flash.dead = True
        e = raises(records.StorageError, read_to_the_end, file)
        assert e.errno == errno.EIO and kept.broken is e, name
        file.close()
        os.umount(CARD)


@everywhere
def test_a_picture_cut_short_behind_its_back_is_told_as_a_fault(path):
    box = Outbox(path, MAX)
    fill(box, 1)
    kept = box.oldest()
    (name,) = files(path)
    write(name, picture(0)[:1000])
    file = kept.open()
    part = bytearray(4000)
    assert file.readinto(part) == 1000
    raises(records.StorageError, file.readinto, part)
    assert kept.broken is not None
    file.close()


@everywhere
def test_order_holds_over_folders_and_restarts(path):
    for end in ("oldest", "newest"):
        delete(path)
        fill(Small(path, MAX), 11)
        box = Small(path, MAX)
        assert len(box) == 11 and box.bytes_used == 22000
        fill(box, 3, 11)
        order = list(range(14))
        assert sent(box, end) == (order if end == "oldest" else order[::-1])
        assert len(box) == box.bytes_used == 0
        box = Small(path, MAX)
        fill(box, 1, 77)
        assert sent(box) == [77]


@everywhere
def test_some_can_be_passed_by(path):
    box = Small(path, MAX)
    for i in range(7):
        assert box.put(bytes([i]) * 100, None, "pir")
    first = box.oldest().number
    assert box.oldest((first,)).number == first + 1
    assert box.oldest(range(first, first + 5)).number == first + 5
    assert box.newest((first + 6, first + 5)).number == first + 4
    assert box.oldest(range(first, first + 7)) is None
    assert box.newest(range(first, first + 7)) is None
    # Nothing is forgotten by it.
    assert len(box) == 7 and box.oldest().number == first
    box.remove(box.oldest((first,)))
    assert len(box) == 6 and box.oldest((first,)).number == first + 2
    box = Small(path, MAX)
    assert len(box) == 6 and box.oldest().number == first


@everywhere
def test_folders_go_with_their_last_picture(path):
    box = Small(path, MAX)
    fill(box, 30)
    assert len(os.listdir(path)) == 8
    sent(box)
    assert len(os.listdir(path)) <= 1
    assert not files(path)
    for _ in range(3):
        fill(box, 30)
        sent(box, "newest")
        assert len(os.listdir(path)) <= 1
        assert not files(path)


@everywhere
def test_one_file_a_picture_written_once(path):
    box = Outbox(path, MAX)
    fill(box, 1)
    (name,) = files(path)
    assert os.stat(name)[6] == 2000 + records.RECORD_BYTES
    with open(name, "rb") as file:
        assert file.read(2000) == picture(0)  # a person can look at it as it is


@everywhere
def test_full_drops_the_oldest(path):
    log = Lines()
    box = Small(path, 9000, log=log)
    fill(box, 10)
    assert len(box) == 4 and box.bytes_used == 8000 and box.dropped == 6
    assert log.has("picture 0 of 2000 bytes dropped, the outbox is full")
    assert sent(box) == [6, 7, 8, 9]
    assert box.put(picture(1, 9000), None, "pir")
    assert box.put(picture(2, 100), None, "pir")
    assert sent(box) == [2]


@everywhere
def test_full_keeps_the_oldest(path):
    log = Lines()
    box = Small(path, 9000, "keep_oldest", log)
    fill(box, 4)
    assert box.put(picture(5), None, "pir") is False
    assert box.dropped == 1
    assert log.lines == ["picture not kept: the outbox is full, 4 waiting"]
    assert sent(box) == [0, 1, 2, 3]
    raises(ValueError, Outbox, path, 9000, "drop_newest")


@everywhere
def test_refuses_what_can_never_fit(path):
    log = Lines()
    box = Outbox(path, 5000, log=log)
    fill(box, 1)
    assert box.put(picture(1, 5001), None, "pir") is False
    assert box.put(b"", None, "pir") is False
    assert log.lines == [
        "picture not kept: 5001 bytes, outbox.max_bytes is 5000",
        "picture not kept: 0 bytes, outbox.max_bytes is 5000",
    ]
    assert box.dropped == 2
    raises(TypeError, box.put, False, None, "pir")
    assert sent(box) == [0]


@everywhere
def test_a_picture_that_is_being_sent_is_not_dropped(path):
    box = Outbox(path, 5000)
    fill(box, 2)
    kept = box.oldest()
    file = kept.open()
    fill(box, 1, 2)
    data = bytearray(2000)
    assert file.readinto(data) == 2000 and data == picture(0)
    assert not box.put(picture(3, 4000), None, "pir")  # that alone would not be enough
    file.close()
    assert len(box) == 1 and box.bytes_used == 2000
    box.remove(kept)
    fill(box, 1, 4)
    assert sent(box) == [4]


@everywhere
def test_rejected_pictures_are_kept_for_a_look_but_not_many(path):
    box = Small(path, MAX)
    fill(box, 9)
    for _ in range(8):
        box.reject(box.oldest())
    names = os.listdir(path + "/rejected")
    assert sorted(names) == ["%08d.jpg" % i for i in range(3, 8)]
    with open(path + "/rejected/00000007.jpg", "rb") as file:
        assert file.read(2000) == picture(7)
    assert len(box) == 1 and box.bytes_used == 2000
    assert sent(Small(path, MAX)) == [8]
    for number in (20, 21):  # also over restarts with nothing that waits
        box = Small(path, MAX)
        fill(box, 1, number)
        box.reject(box.oldest())
    names = sorted(os.listdir(path + "/rejected"))
    assert len(names) == 5
    for name, number in zip(names, (5, 6, 7, 20, 21)):  # noqa: B905
        with open(path + "/rejected/" + name, "rb") as file:
            assert file.read(2000) == picture(number)


@everywhere
def test_a_long_cause_is_cut_between_characters(path):
    box = Outbox(path, MAX)
    assert box.put(picture(1), 1, "x" + "\u00e9" * 40)
    assert box.oldest().cause == "x" + "\u00e9" * 11
    box.remove(box.oldest())
    assert box.put(picture(1), 1, "")
    assert box.oldest().cause == ""


@everywhere
def test_half_and_empty_files_are_cleaned(path):
    for size in (0, 1, 63, 64, 65, 1000, 2000, 2063):
        delete(path)
        fill(Small(path, MAX), 6)
        names = files(path)
        with open(names[5], "rb") as file:
            whole = file.read()
        write(names[5], whole[:size])
        write(names[1])
        log = Lines()
        box = Small(path, MAX, log=log)
        assert len(box) == 4 and box.bytes_used == 8000, size
        assert log.has("picture 5 is half a file") == (size > 0), log.lines
        assert sent(box) == [0, 2, 3, 4], size
        assert log.has("picture 1 is an empty file: deleted")
        fill(box, 4)
        assert sent(box) == [0, 1, 2, 3]
        assert not files(path)


@everywhere
def test_a_damaged_picture_is_never_handed_out(path):
    fill(Small(path, MAX), 6)
    names = files(path)
    for name, at in ((names[0], 500), (names[1], 2010), (names[5], 1999), (names[3], 2063)):
        with open(name, "rb") as file:
            data = bytearray(file.read())
        data[at] ^= 1
        write(name, data)
    log = Lines()
    box = Small(path, MAX, log=log)
    assert box.newest().captured_at == 1700000004
    assert sent(box) == [2, 4]
    assert log.has("picture 0 of 2000 bytes damaged")
    assert box.dropped == 4 and len(box) == 0 and box.bytes_used == 0


@everywhere
def test_strange_things_are_left_alone(path):
    box = Small(path, MAX)
    fill(box, 5)
    first = files(path)[0]
    with open(first, "rb") as file:
        whole = file.read()
    os.mkdir(path + "/holiday")
    os.mkdir(path + "/12")
    for name in ("/notes.txt", "/holiday/1.jpg", "/000009", "/000000/7.jpg", "/000000/x"):
        write(path + name, b"mine")
    write(path + "/000001/00000002.jpg", whole)  # a good one in another's place
    write(path + "/000001/00000006.jpg", whole)  # and under another's name
    os.mkdir(path + "/000001/00000005.jpg")
    for _ in range(2):
        log = Lines()
        box = Small(path, MAX, log=log)
        assert log.has("4 entries are not the outbox's, left alone"), log.lines
        assert box.newest().captured_at == 1700000004
    fill(box, 40, 5)
    assert sent(box) == list(range(45))
    for name in ("/notes.txt", "/holiday/1.jpg", "/000000/7.jpg", "/000000/x"):
        with open(path + name, "rb") as file:
            assert file.read() == b"mine"


@everywhere
def test_a_folder_that_is_a_file_is_set_aside(path):
    write(path, b"mine")
    log = Lines()
    box = Outbox(path, MAX, log=log)
    fill(box, 2)
    assert sent(box) == [0, 1]
    with open(path + ".old", "rb") as file:
        assert file.read() == b"mine"
    assert log.has("is a file, now")


@everywhere
def test_taken_away_behind_its_back(path):
    box = Small(path, 9000)
    fill(box, 4)
    box.oldest()
    delete(path)
    fill(box, 1, 4)  # full, but there is nothing to drop
    assert sent(box) == [4]
    assert len(box) == 0
    fill(box, 2)
    kept = box.oldest()
    delete(path)
    box.remove(kept)
    box.reject(box.newest() or kept)
    assert box.oldest() is None
    fill(box, 1, 5)
    assert sent(box) == [5]


def test_a_path_that_cannot_be_is_no_crash():
    log = Lines()
    box = Outbox("/proc/no/such/place", MAX, log=log)
    assert box.put(picture(1), None, "pir") is False
    assert box.oldest() is None and box.newest() is None
    assert len(box) == box.bytes_used == 0
    assert log.has("the outbox cannot be used")


@on_board
def test_what_cannot_be_used_is_said_once_and_looked_at_seldom(esp):
    # The app's loop asks fifty times a second, and the ring file is on flash that wears.
    log = Lines()
    looks = []

    def fail(*_):
        looks.append(1)
        raise OSError(errno.EIO)

    make_path, folders.make_path = folders.make_path, fail
    try:
        box = Outbox(new_folder(), MAX, log=log)
        for _ in range(3000):
            assert len(box) == 0 and box.oldest() is None
            esp.go(20)
        assert len(looks) == 6 and len(log.lines) == 1, (looks, log.lines)
        for _ in range(2):
            assert not box.put(picture(1), None, "pir")  # it does not wait
        assert len(looks) == 8
        assert log.lines[1:] == ["picture not kept: " + log.lines[0]] * 2
    finally:
        folders.make_path = make_path
    assert len(box) == 0
    fill(box, 1)
    assert len(box) == 1


@everywhere
def test_the_length_of_a_long_outbox_is_estimated_after_a_restart(path):
    box = Small(path, MAX * 100)
    sizes = [100 + i % 7 for i in range(300)]
    for i, size in enumerate(sizes):
        assert box.put(picture(i, size), i, "pir")
    for _ in range(20):
        box.remove(box.oldest())
        box.remove(box.newest())
    box = Small(path, MAX * 100)
    assert len(box) == 260
    assert box.bytes_used == sum(sizes[20:280])
    for number in range(3):
        assert box.put(picture(number, 100), 280 + number, "pir")
    box = Small(path, MAX * 100)
    assert (len(box), box.bytes_used) == (263, sum(sizes[20:280]) + 300)
    times = []
    while box.oldest() is not None:
        times.append(box.oldest().captured_at)
        box.remove(box.oldest())
    assert times == list(range(20, 283))
    assert len(box) == box.bytes_used == 0


def test_a_full_file_system_drops_the_oldest():
    for name, block in FILE_SYSTEMS:
        mount(name, Flash(block, 131072 // block))
        write(CARD + "/other", b"x" * 10000)
        log = Lines()
        box = Small(CARD + "/outbox", MAX, log=log)
        fill(box, 100)
        assert box.dropped == 100 - len(box) > 50, name
        assert len(box) > 5, name
        assert log.has("dropped, the outbox is full")
        assert sent(box) == list(range(box.dropped, 100)), name
        assert box.put(picture(7, 60000), None, "pir"), name
        assert not box.put(bytes(140000), None, "pir"), name
        assert log.has("picture not kept: the file system has no room for 140000 bytes")
        assert sent(box) == [7], name
        os.umount(CARD)


def test_a_full_flash_with_many_folders_gives_up_no_more_than_it_must():
    # statvfs() counts the two blocks of each folder twice: 30 of these are free, and not for it.
    for name, block in FILE_SYSTEMS:
        mount(name, Flash(block, 131072 // block))
        for i in range(15):
            os.mkdir(CARD + "/%d" % i)
        for size in (2000, 9000):
            box = Small(CARD + "/outbox", MAX)
            number = 0
            while not box.dropped:
                assert box.put(picture(number, size), None, "pir")
                number += 1
            full, before = len(box), box.dropped
            assert before <= 2 and full > 5, (name, size, before, full)
            for i in range(number, number + 20):
                assert box.put(picture(i, size), None, "pir")
            assert full - 1 <= len(box) <= full + 1, (name, size, full, len(box))
            # A large one takes the room of as many as it needs.
            assert box.put(picture(99, 20000), None, "pir")
            assert len(box) > full - 20000 // size - 4, (name, size, full, len(box))
            sent(box)
        os.umount(CARD)


def test_more_blocks_in_use_than_there_are_mean_no_room():
    # littlefs counts some twice: boards then say -3 free blocks, 64-bit words 2**32 - 3.
    for name, block in FILE_SYSTEMS:
        for wrap in (0, 1 << 32):

            def statvfs(path, wrap=wrap):
                found = list(os.statvfs(path))
                found[3] -= 5
                if found[3] < 0:
                    found[3] += wrap
                return found

            mount(name, Flash(block, 131072 // block))
            box = Small(CARD + "/outbox", MAX)
            store.os = Names(os, statvfs=statvfs)
            try:
                fill(box, 100)
            finally:
                store.os = os
            assert len(box) > 5 and sent(box) == list(range(box.dropped, 100)), (name, wrap)
            os.umount(CARD)


def test_handed_out_by_number():
    box = Small(new_folder(), MAX)
    fill(box, 9)
    for number in (0, 3, 4, 8):
        box.remove(box.get(number))
    assert box.get(3) is None and box.get(9) is None and box.get(5).number == 5
    assert box.oldest(start=3).number == 5 and box.newest(start=4).number == 2
    assert box.oldest(start=8) is None and box.newest(start=0) is None
    assert box.oldest(start=-5).number == 1 and box.newest(start=99).number == 7
    assert box.oldest([1, 2], 1).number == 5
    box.reject(box.get(5))
    for _ in range(4):
        assert box.reject(box.oldest(), False)
    fill(box, 1)
    assert not box.reject(box.oldest(), False) and len(box) == 1


def test_rejected_pictures_make_room_first():
    for name, block in FILE_SYSTEMS:
        mount(name, Flash(block, 131072 // block))
        box = Small(CARD + "/outbox", MAX)
        for number in range(3):
            assert box.put(picture(number, 20000), None, "pir")
            box.reject(box.oldest())
        assert len(os.listdir(CARD + "/outbox/rejected")) == 3
        for number in range(4):
            assert box.put(picture(number, 20000), None, "pir")
        assert box.dropped == 0 and sent(box) == [0, 1, 2, 3], name
        os.umount(CARD)


def test_what_never_waited_is_put_into_rejected_only_where_there_is_room():
    for name, block in FILE_SYSTEMS:
        mount(name, Flash(block, 131072 // block))
        log = Lines()
        box = Small(CARD + "/outbox", MAX, "keep_oldest", log)
        for number in range(7):
            box.keep_rejected(picture(number), None, "pir")
        assert len(os.listdir(CARD + "/outbox/rejected")) == 5 and len(box) == 0
        with open(CARD + "/outbox/rejected/00000006.jpg", "rb") as file:
            assert file.read().startswith(picture(6))
        assert log.lines == []
        count = 0
        while box.put(picture(count), None, "pir"):
            count += 1
        log.lines.clear()
        box.keep_rejected(picture(200, 20000), None, "pir")
        assert log.has("a picture cannot be kept in rejected/"), log.lines
        assert box.dropped == 1 and sent(box) == list(range(count)), name
        os.umount(CARD)


def test_a_full_file_system_keeps_the_oldest():
    for name, block in FILE_SYSTEMS:
        mount(name, Flash(block, 131072 // block))
        log = Lines()
        box = Small(CARD + "/outbox", MAX, "keep_oldest", log)
        count = 0
        while box.put(picture(count), None, "pir"):
            count += 1
        assert count > 5, name
        for _ in range(20):
            assert not box.put(picture(200), None, "pir"), name
        assert box.dropped == 21 and len(box) == count
        assert log.has("picture not kept: the file system has no room for 2000 bytes")
        assert sent(box) == list(range(count)), name
        assert box.put(picture(5), None, "pir"), name
        os.umount(CARD)


def test_a_rename_cut_short_hides_nothing():
    # littlefs lists a folder wrongly while a move out of it is half done.
    for name, block in FILE_SYSTEMS:
        cut = 0
        whole = False
        while not whole:
            cut += 1
            flash = Flash(block, 65536 // block)
            mount(name, flash)
            box = Outbox(CARD + "/outbox", MAX)
            fill(box, 3)
            kept = box.oldest()
            flash.cut_at = flash.writes + cut
            box.reject(kept)
            whole = not flash.dead
            os.umount(CARD)
            flash.dead = False
            flash.cut_at = None
            mount(name, flash, False)
            assert sent(Outbox(CARD + "/outbox", MAX))[-2:] == [1, 2], (name, cut)
            os.umount(CARD)
        assert cut > 3, name


def test_a_card_that_is_gone_and_back():
    for name, block in FILE_SYSTEMS:
        flash = Flash(block, 262144 // block)
        mount(name, flash)
        log = Lines()
        box = Small(CARD + "/outbox", MAX, log=log)
        fill(box, 6)
        kept = box.oldest()
        flash.dead = True
        assert not box.put(picture(7), None, "pir"), name
        assert log.has("picture not kept: writing failed"), log.lines
        for _ in range(2):
            assert box.oldest() is None and box.newest() is None
            box.remove(kept)
            box.reject(kept)
            assert len(box) == box.bytes_used == 0
            raises(OSError, kept.open)
        os.umount(CARD)
        flash.dead = False
        mount(name, flash, False)
        fill(box, 1, 6)
        assert sent(box)[-6:] == [1, 2, 3, 4, 5, 6], name
        os.umount(CARD)


def test_the_clusters_of_a_rejected_picture_are_its_own():
    # Renamed on FAT, two names could stand for the same clusters after a cut.
    for name, block in FILE_SYSTEMS:
        flash = Flash(block, 262144 // block)
        mount(name, flash)
        box = Small(CARD + "/outbox", MAX)
        fill(box, 2)
        box.reject(box.oldest())
        delete(CARD + "/outbox/rejected")
        fill(box, 3, 2)
        assert sent(box) == [1, 2, 3, 4], name
        os.umount(CARD)


# Names and contents that are not the outbox's own.


@everywhere
def test_numbers_out_of_range_are_strange(path):
    # They would outgrow the 32 bits of a record: put() said True, and all was deleted later.
    for name in ("202611261005", "134217727", "1000000", "12"):
        delete(path)
        os.mkdir(path)
        os.mkdir(path + "/" + name)
        write(path + "/" + name + "/4294967290.jpg", b"mine")
        os.mkdir(path + "/rejected")
        write(path + "/rejected/4294967290.jpg", b"mine")
        write(path + "/rejected/31999999.jpg", b"mine")
        box = Small(path, MAX)
        fill(box, 5)
        assert len(Small(path, MAX)) == 5
        box = Small(path, MAX)
        fill(box, 4, 5)
        assert sent(box) == list(range(9)) and box.dropped == 0, name
        assert len(files(path)) == 3, files(path)


@everywhere
def test_foreign_folders_in_range_take_no_numbers(path):
    os.mkdir(path)
    for name in ("000000", "202611", "999999"):
        os.mkdir(path + "/" + name)
    write(path + "/202611/notes.txt", b"mine")
    write(path + "/999999/03999999.jpg", b"no picture of ours, but as one is called")
    box = Small(path, MAX)
    fill(box, 9)
    assert max(files(path)[:9])[-12:] == "00000008.jpg", files(path)
    box = Small(path, MAX)
    fill(box, 9, 9)
    assert sent(box) == list(range(18)) and box.dropped == 0


@everywhere
def test_the_last_name_that_there_can_be_takes_no_numbers(path):
    # A folder, an empty file or someone's file of that name: none of them is a picture.
    name = path + "/999999/03999999.jpg"
    for strange in (None, b"", b"x" * 50, b"x" * 5000):
        box = Small(path, MAX)
        fill(box, 3)
        os.mkdir(path + "/999999")
        if strange is None:
            os.mkdir(name)
        else:
            write(name, strange)
        box = Small(path, MAX)
        fill(box, 1, 3)
        assert sent(box) == [0, 1, 2, 3]
        delete(path)


def plant(path, number, totals=(0, 0)):
    """Put a sound picture there that another outbox could have written; its mark is 200."""
    folder = path + "/%06d" % (number // Small.per_folder)
    if not folders.exists(folder):
        os.mkdir(folder)
    data = picture(200, 300)
    data += records.record(data, number, totals, 1700000000, "pir")
    write(folder + "/%08d.jpg" % number, data)


@everywhere
def test_numbers_go_on_below_those_that_someone_has_taken(path):
    last = Small.per_folder * 1000000 - 1
    for taken in (
        (last,),
        (last - 1,),
        (last, last // 2, last // 4),
        (last - 5, last),
        (last, 17),
    ):
        for end in ("oldest", "newest"):
            delete(path)
            fill(Small(path, MAX), 3)
            for number in taken:
                plant(path, number)
            for first in (3, 12, 15):  # with a restart before each
                box = Small(path, MAX)
                fill(box, 9 if first == 3 else 3, first)
            assert len(box) == 18 + len(taken)
            found = sent(box, end)
            ours = [number for number in found if number != 200]
            assert sorted(ours) == list(range(18)) and len(found) - 18 == len(taken), (
                taken,
                found,
            )
            if taken[-1] in (last, last // 4):  # else some find room above
                assert ours == sorted(ours, reverse=end == "newest"), (taken, found)
            assert box.dropped == len(box) == 0 and not files(path)
            fill(box, 5)
            assert sent(Small(path, MAX), end)[:: 1 if end == "oldest" else -1] == list(range(5))


@everywhere
def test_a_folder_of_the_last_number_that_cannot_be_read_stops_nothing(path):
    listing = folders.ilistdir
    box = Small(path, MAX)
    fill(box, 3)
    os.mkdir(path + "/999999")
    folders.ilistdir = lambda path: deny(listing, path, "/999999")
    try:
        for first in (3, 9):
            box = Small(path, MAX)
            fill(box, 6, first)
        assert sent(box) == list(range(15)) and box.dropped == 0
    finally:
        folders.ilistdir = listing


@everywhere
def test_what_someones_record_says_costs_no_picture(path):
    box = Small(path, MAX)
    for i in range(300):
        assert box.put(picture(i, 300), 1, "pir")
    for number, before in (
        (1000000, (5000, 4 * 10**9)),
        (1000001, (200, 1 << 40)),
        (1000002, (9, 9)),
    ):
        plant(path, number, before)
        box = Small(path, MAX)
        assert box.put(picture(0, 300), 1, "pir") and box.dropped == 0, (number, len(box))
        assert len(box) <= 320 and box.bytes_used <= 300 * 320, (number, len(box))


@everywhere
def test_names_that_are_nearly_ours_are_left_alone(path):
    names = [
        "0" * 200,
        "00000\uff11",
        "\uff10" * 6,
        "\u4e2d" * 60,
        "+00001",
        "-00001",
        "0_0001",
        "00001",
    ]
    names += ["000001.jpg", "REJECTED.JPG", "00000x", "0x0001", "999999"]
    box = Small(path, MAX)
    fill(box, 2)
    kept = {}
    for i, name in enumerate(names):
        for where in (path + "/", path + "/000000/"):
            if i % 2 and name != "999999":
                os.mkdir(where + name)
            else:
                write(where + name, b"mine")
                kept[where + name] = b"mine"
    for end in (".JPEG", ".jpg.bak", ".jp", "", ".jpg" * 40):
        write(path + "/000000/00000002" + end, b"mine")
        kept[path + "/000000/00000002" + end] = b"mine"
    for first in (2, 9):
        box = Small(path, MAX)
        fill(box, 7, first)
    assert sent(box) == list(range(16)) and box.dropped == 0
    for name in kept:
        with open(name, "rb") as file:
            assert file.read() == kept[name], name


@everywhere
def test_what_stands_in_the_way_is_set_aside_under_a_free_name(path):
    # To rename onto a name that is taken destroys a file, or fails for a folder.
    write(path, b"mine")
    write(path + ".old", b"older")
    log = Lines()
    box = Small(path, MAX, log=log)
    assert log.has("is a file, now {}.old1".format(path)), log.lines
    fill(box, 1)
    write(path + "/000001", b"a file where a folder is to be")
    os.mkdir(path + "/000001.old")
    write(path + "/rejected", b"this too")
    os.mkdir(path + "/rejected.old")
    fill(box, 8, 1)
    box.reject(box.oldest())
    assert os.stat(path + "/rejected/00000000.jpg")[6] == 2000 + records.RECORD_BYTES
    assert sent(box) == list(range(1, 9)) and box.dropped == 0
    for name, data in ((".old", b"older"), (".old1", b"mine"), ("/rejected.old1", b"this too")):
        with open(path + name, "rb") as file:
            assert file.read() == data
        if not name.startswith("/"):
            os.remove(path + name)


@everywhere
def test_a_name_that_is_taken_is_passed_by(path):
    # FAT folds case; and a listing of a card that fails may end too early.
    box = Small(path, MAX)
    fill(box, 2)
    write(path + "/000000/00000002.JPG", b"mine")
    os.mkdir(path + "/000000/00000003.jpg")
    fill(box, 3, 2)
    with open(path + "/000000/00000002.JPG", "rb") as file:
        assert file.read() == b"mine"
    assert sent(box) == list(range(5)) and box.dropped == 0


@everywhere
def test_what_cannot_be_deleted_from_rejected_is_no_hindrance(path):
    os.mkdir(path)
    os.mkdir(path + "/rejected")
    os.mkdir(path + "/rejected/00000000.jpg")
    write(path + "/rejected/00000001.jpg", b"mine")
    box = Small(path, MAX)
    fill(box, 8)
    remove = os.remove
    records.os = Names(os, remove=lambda name: deny(remove, name, "/rejected/00000001.jpg"))
    try:
        for _ in range(8):
            box.reject(box.oldest())
    finally:
        records.os = os
    assert sorted(os.listdir(path + "/rejected"))[2:] == ["%08d.jpg" % i for i in range(5, 10)]


class Names:
    """A module with other functions in it."""

    def __init__(self, module, **functions):
        self._module = module
        self._functions = functions

    def __getattr__(self, name):
        return self._functions.get(name) or getattr(self._module, name)


def deny(call, path, end):
    if path[-len(end) :] == end:
        raise OSError(errno.EACCES)
    return call(path)


@everywhere
def test_senseless_records_do_no_harm(path):
    # Each has a right check sum: someone else's, or of another version.
    box = Small(path, MAX)
    for i in range(300):
        assert box.put(picture(i, 300), 1, "pir")
    oldest, newest = files(path)[0], files(path)[-1]
    for taken, before, cause in (
        (1 << 62, (0, 0), b"\xff\xfe"),
        (-5, (0xFFFFFFFF, 1 << 63), b"pir"),
        (0, (1 << 31, 5), b"\xc3"),
        (0, (0, 1 << 60), b""),
    ):
        for name, number in ((oldest, 0), (newest, 299)):
            data = struct.pack("<4sIIIqIQ24sI", b"TCO1", number, 300, 0, taken, *before, cause, 0)
            data = data[:12] + crc32(picture(number, 300)) + data[16:-4]
            write(name, picture(number, 300) + data + crc32(data))
            box = Small(path, MAX)
            assert 2 <= len(box) <= 300, (before, len(box))
            assert box.bytes_used <= 300 * MAX
            assert box.put(picture(7, 300), 1, "pir")
            assert box.dropped == 0, before
            box.remove(box.newest())
            kept = box.oldest() if number == 0 else box.newest()
            assert kept.captured_at in (None, 0) and kept.cause in ("", "pir"), kept.cause


def crc32(data):
    return binascii.crc32(data).to_bytes(4, "little")


# A file system that fails.


@on_board
def test_a_medium_that_dies_while_pictures_wait_is_said_once(esp):
    for name, block in FILE_SYSTEMS:
        flash = Flash(block, 262144 // block)
        mount(name, flash)
        log = Lines()
        box = Small(CARD + "/outbox", MAX, log=log)
        fill(box, 6)
        flash.dead = True
        for _ in range(3000):
            assert len(box) == 0 or box.oldest() is None
            esp.go(20)
        assert log.lines == ["the outbox cannot be used: [Errno 5] EIO"], (name, log.lines)
        assert box.fault == log.lines[0]
        flash.dead = False
        esp.go(10000)
        assert sent(box) == [0, 1, 2, 3, 4, 5] and box.fault is None, name
        os.umount(CARD)


@on_board
def test_one_that_cannot_be_read_lets_the_others_go(esp):
    path = new_folder() + "/outbox"
    log = Lines()
    box = Small(path, MAX, log=log)
    fill(box, 4)
    load = records.load

    def loaded(box, path, *rest):
        return deny(lambda _: load(box, path, *rest), path, "2.jpg")

    records.load = loaded
    try:
        assert sent(box) == [0, 1, 3]
        for _ in range(100):
            assert len(box) == 1 and box.oldest() is None
            esp.go(20)
    finally:
        records.load = load
    assert len(log.lines) == 1 and log.has("picture 2 cannot be read"), log.lines
    assert box.fault is None
    assert sent(Small(path, MAX)) == [2]


@on_board
def test_a_folder_that_fails_altogether_lets_the_others_go(esp):
    path = new_folder() + "/outbox"
    log = Lines()
    box = Small(path, MAX, log=log)
    fill(box, 12)
    listing = folders.ilistdir
    folders.os = Names(os, stat=lambda path: fails() if "/000001/" in path else os.stat(path))
    folders.ilistdir = lambda path: deny(listing, path, "/000001")
    try:
        assert sent(box) == [0, 1, 2, 3, 8, 9, 10, 11]
    finally:
        folders.os, folders.ilistdir = os, listing
    assert len(log.lines) == 1 and log.has("folder 1 of the outbox"), log.lines


@on_board
def test_a_full_outbox_that_nothing_can_be_deleted_from_is_a_fault(esp):
    # And what lies in it is sent all the same.
    path = new_folder() + "/outbox"
    log = Lines()
    box = Small(path, 20000, log=log)
    fill(box, 10)
    store.os = Names(os, remove=fails)
    try:
        for _ in range(3):
            assert not box.put(picture(10), 1, "pir")
            assert box.fault.startswith("picture "), box.fault
        assert read(box.oldest()) == picture(0) and len(box) == 10
    finally:
        store.os = os
    fill(box, 1, 10)
    assert box.fault is None and sent(box) == list(range(1, 11))


@on_board
def test_a_file_system_that_cannot_be_written_tells_its_fault(esp):
    path = new_folder() + "/outbox"
    log = Lines()
    box = Small(path, MAX, log=log)
    fill(box, 2)
    write_, records.write = records.write, fails
    try:
        assert not box.put(picture(5), None, "pir")
        assert box.fault.startswith("writing failed: ")
        assert read(box.oldest()) == picture(0)  # what can be read is still sent
        assert box.fault is not None
    finally:
        records.write = write_
    fill(box, 1, 2)
    assert box.fault is None and sent(box) == [0, 1, 2]


def fails(*_):
    raise OSError(errno.EIO)


class Memory:
    """What outlives a restart."""

    data = None

    def load(self):
        return self.data

    def save(self, data):
        self.data = data


def spares_40(path):
    deny(os.remove, path, "40.jpg")


@on_board
def test_what_was_sent_and_cannot_be_deleted_is_not_sent_again(esp):
    for end in ("oldest", "newest"):
        path = new_folder() + "/outbox"
        log = Lines()
        memory = Memory()
        box = Small(path, MAX, log=log, memory=memory)
        fill(box, 40)
        store.os = Names(os, remove=fails)
        try:
            assert len(sent(box, end)) == 40
            assert len(box) == 0 and box.fault is not None
            assert len(log.lines) == 1, log.lines
            for _ in range(3):  # a deep sleeper starts anew for each
                box = Small(path, MAX, memory=memory)
                assert box.oldest() is None and box.newest() is None and len(box) == 0
            store.os = os
            fill(box, 2, 40)
            store.os = Names(os, remove=spares_40)
            assert sent(box, end) == ([40, 41] if end == "oldest" else [41, 40])
            assert sent(Small(path, MAX, memory=memory), end) == []
            assert len(memory.data) == 12
            assert Small(path, MAX).oldest() is not None  # without one it is offered again
        finally:
            store.os = os
        delete(path)
        box = Small(path, MAX, memory=memory)
        fill(box, 3)
        assert sent(box) == [0, 1, 2]  # another card


def test_a_folder_of_littlefs_that_cannot_be_read_on_is_a_fault_not_a_hang():
    # Its listing then yields nameless folders, without end.
    for name, block in FILE_SYSTEMS[:1]:
        flash = Flash(block, 300)
        mount(name, flash)
        box = Outbox(CARD + "/outbox", MAX)
        for i in range(32):
            assert box.put(picture(i, 100), 1, "pir")
        for at in range(0, len(flash.data), block):
            if flash.data[at : at + block].find(b"00000031.jpg") >= 0:
                flash.data[at : at + block] = b"\x55" * block
        listing = os.ilistdir(CARD + "/outbox/000000")
        assert [next(listing)[0] for _ in range(100)][-1] == ""
        log = Lines()
        box = Outbox(CARD + "/outbox", MAX, log=log)
        assert box.oldest() is None or read(box.oldest()) == picture(0, 100)
        assert log.lines == ["folder 0 of the outbox cannot be read: 84"]
        os.umount(CARD)


def test_a_folder_that_cannot_be_read_leaves_the_others():
    box = Small(new_folder() + "/outbox", MAX)
    path = box._store._path
    fill(box, 12)
    listing = folders.ilistdir
    for bad in (0, 1, 2):
        log = Lines()

        def listed(path, end="%06d" % bad):
            return deny(listing, path, end)

        folders.ilistdir = listed
        try:
            box = Small(path, MAX, log=log)
            assert len(box) == 8
            fill(box, 1, 12)
            assert len(box) == 9 and box.newest().captured_at == 1700000012
            box.remove(box.newest())
        finally:
            folders.ilistdir = listing
        assert len(log.lines) == 1 and log.has("folder %d of the outbox" % bad), log.lines
    assert sent(Small(path, MAX)) == list(range(12))


class Thinned(ThinnedOutbox):
    per_folder = 4


def burst(box, first, count, of=None):
    """Put the pictures of a burst; return how many were kept."""
    of = of or count
    return sum(
        box.put(picture(first + i), None, "pir %d/%d low" % (i + 1, of)) for i in range(count)
    )


@everywhere
def test_a_full_outbox_keeps_one_of_each_burst(path):
    log = Lines()
    box = Thinned(path, 18500, log=log)  # nine pictures
    fill(box, 1)
    assert burst(box, 10, 3) == burst(box, 20, 3) == 3
    fill(box, 2, 1)
    fill(box, 2, 3)
    assert sent(Thinned(path, 18500)) == [0, 10, 20, 21, 22, 1, 2, 3, 4]
    assert box.dropped == 2 and log.has("dropped, another of its burst stays")


@everywhere
def test_when_there_is_one_of_each_the_oldest_goes(path):
    box = Thinned(path, 18500)
    fill(box, 1)
    assert burst(box, 10, 3) == 3
    fill(box, 5, 1)
    fill(box, 3, 6)
    assert sent(box) == [10, 1, 2, 3, 4, 5, 6, 7, 8]
    fill(box, 9)
    # Nor does what is too many of a new one push others out.
    assert burst(box, 10, 4) == 1
    assert box.fault is None
    assert sent(box) == [1, 2, 3, 4, 5, 6, 7, 8, 10]
    fill(box, 9)
    box.put(picture(10), None, "pir 2/4")  # the first of it failed
    assert sent(box) == [1, 2, 3, 4, 5, 6, 7, 8, 10]


@everywhere
def test_the_last_of_a_burst_stays_whatever_was_sent_of_it(path):
    box = Thinned(path, 18500)
    fill(box, 1)
    assert burst(box, 10, 4) == 4
    fill(box, 5, 1)  # 11 gave way
    for number in (1, 3):
        assert read(box.get(number))[3] == 9 + number
        box.remove(box.get(number))
    fill(box, 3, 6)
    assert sent(box) == [13, 1, 2, 3, 4, 5, 6, 7, 8]


@everywhere
def test_of_a_burst_the_one_that_is_being_sent_stays(path):
    box = Thinned(path, 18500)
    assert burst(box, 10, 4) == 4
    fill(box, 5)
    file = box.get(1).open()
    fill(box, 2, 5)
    file.close()
    assert sent(box) == [10, 11, 0, 1, 2, 3, 4, 5, 6]


def test_few_records_are_read_to_find_what_is_too_many():
    path = env("FILES") + "/outbox"
    delete(path)
    box = ThinnedOutbox(path, 400 * 2000)
    fill(box, 300)
    for _ in range(5):
        assert burst(box, 100, 20) == 20
    real, reads = records.load, []

    def load(*arguments):
        reads.append(1)
        return real(*arguments)

    records.load = load
    try:
        for i in range(40):
            before = len(reads)
            assert box.put(picture(i), None, "pir")
            assert len(reads) - before <= 33
    finally:
        records.load = real
    # After nine pictures that found none among 32 each, each puts out one of a burst.
    assert len(reads) < 600 and box.dropped == 40
    assert sent(box)[:5] == [9, 10, 11, 12, 13]


def test_keep_oldest_keeps_the_oldest_of_bursts_too():
    path = env("FILES") + "/outbox"
    delete(path)
    box = Thinned(path, 18500, "keep_oldest")
    assert burst(box, 10, 20) == 9
    assert not box.put(picture(1), None, "pir")
    assert sent(box) == list(range(10, 19))


@everywhere
def test_pictures_of_bursts_in_a_plain_outbox(path):
    assert burst(Thinned(path, 18500), 10, 9) == 9
    box = Small(path, 18500)
    fill(box, 1)
    assert sent(box) == [11, 12, 13, 14, 15, 16, 17, 18, 0]
