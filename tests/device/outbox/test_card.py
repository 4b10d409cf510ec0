# card.CardOutbox: pictures on an SD card, and on the flash for as long as there is none.

import errno
import os

from test_outbox import fails, fill, picture, read, sent

from fakeboard import Notes, on_board
from flash import Flash
from support import new_folder
from thingscam.outbox import card
from thingscam.outbox import record as records
from thingscam.outbox.card import CardOutbox
from thingscam.outbox.memory import Held

MAX = 1000000


class Slot:
    """What an SD card's slot holds: `medium` is a Flash or None."""

    def __init__(self, esp):
        self.medium = Flash(512, 1000)
        self.calls = []
        self.drivers = []
        os.VfsFat.mkfs(self.medium)
        slot = self

        class SDCard:
            def __init__(self, slot, width):
                assert (slot, width) == (1, 1)  # 4-bit mode would take the motion sensor's pin
                # ESP-IDF's host is one: a second object ends as the first one is collected.
                assert all(driver.ended for driver in place.drivers)
                place.drivers.append(self)
                self.ended = False
                self.medium = place.medium

            def deinit(self):
                self.ended = True

            def readblocks(self, number, buffer):
                return self.at_work() or self.medium.readblocks(number, buffer)

            def writeblocks(self, number, buffer):
                return self.at_work() or self.medium.writeblocks(number, buffer)

            def ioctl(self, order, argument):
                if order == 1:
                    return 0 if self.medium else -1
                return self.medium.ioctl(order, argument)

            def at_work(self):
                assert not self.ended, "a panic"
                # One that was pulled and pushed back does not know this object any more.
                return 0 if self.medium is place.medium else -errno.EIO

        place = slot
        esp.machine.SDCard = SDCard

    def pull(self):
        self.kept, self.medium = self.medium, None

    def push(self):
        self.medium = Flash(512, 1000, self.kept.data)


def with_card(test):
    @on_board
    def run(esp):
        if not hasattr(os, "VfsFat"):
            return
        folder = new_folder()
        log = Notes()
        card.machine = esp.machine
        slot = Slot(esp)
        try:
            test(esp, slot, folder, log, lambda: CardOutbox("/sd" + folder + "/box", MAX, log=log))
        finally:
            card._let_go()

    return run


@with_card
def test_pictures_wait_on_the_card(esp, slot, folder, log, outbox):
    box = outbox()
    fill(box, 3)
    assert len(box) == 3 and box.bytes_used == 6000 and box.fault is None
    assert len(os.listdir("/sd" + folder + "/box")) == 1
    assert len(outbox()) == 3
    box = outbox()
    assert box.newest().captured_at == 1700000002
    box.reject(box.oldest())
    assert sent(box) == [1, 2] and box.dropped == 0
    assert not log.lines


@with_card
def test_without_a_card_they_wait_on_the_flash_and_are_sent_with_those_of_the_card(
    esp, slot, folder, log, outbox
):
    box = outbox()
    fill(box, 2)
    slot.pull()
    box = outbox()
    assert log.count("no SD card (16, none answers), pictures wait on the flash") == 1
    assert "none answers" in box.fault
    fill(box, 2, 2)
    for _ in range(10000):
        assert len(box) == 2
        esp.go(20)
    assert len(slot.drivers) == 2 + 6, "looked for twice a minute"
    assert len(log.lines) == 1
    slot.push()
    esp.go(30000)
    assert len(box) == 4 and box.bytes_used == 8000 and box.fault is None
    assert log.count("the SD card is there, 2 waiting on it") == 1
    fill(box, 2, 4)
    assert box.newest().captured_at == 1700000005
    assert sent(box) == [0, 1, 2, 3, 4, 5]
    assert box.dropped == 0 and len(box) == 0


@with_card
def test_a_card_that_is_pulled_and_pushed_back_is_used_again(esp, slot, folder, log, outbox):
    box = outbox()
    fill(box, 2)
    slot.pull()
    fill(box, 2, 2)
    assert log.count("pictures wait on the flash") == 1
    slot.push()
    fill(box, 1, 4)  # it is not looked for at once
    esp.go(30000)
    assert len(box) == 5
    fill(box, 1, 5)
    assert sent(box) == [0, 1, 2, 3, 4, 5] and box.dropped == 0
    assert len(os.listdir("/sd" + folder + "/box")) <= 1


@with_card
def test_handed_out_by_number_from_card_and_flash(esp, slot, folder, log, outbox):
    box = outbox()
    fill(box, 2)
    on_card = [box.oldest().number, box.newest().number]
    slot.pull()
    fill(box, 2, 2)
    on_flash = [box.oldest().number, box.newest().number]
    assert box.get(on_card[0]) is None and box.fault is not None
    changes = box.changes
    slot.push()
    esp.go(30000)
    assert len(box) == 4 and box.changes > changes
    for number in on_flash + on_card:
        assert box.get(number).number == number
    # As numbers go those on the flash come behind those on the card.
    assert box.oldest(start=on_card[1] + 1).number == on_flash[0]
    assert box.newest(start=on_flash[0] - 1).number == on_card[1]
    box.keep_rejected(picture(9), None, "pir")
    assert len(box) == 4 and len(os.listdir("/sd" + folder + "/box/rejected")) == 1


@with_card
def test_a_card_that_dies_while_pictures_wait_is_said_once(esp, slot, folder, log, outbox):
    box = outbox()
    fill(box, 5)
    slot.pull()
    for _ in range(20000):
        if len(box):
            assert box.oldest() is None
        esp.go(20)
    assert len(log.lines) == 2, log.lines
    assert log.count("the outbox cannot be used") == log.count("no SD card") == 1
    slot.push()
    esp.go(30000)
    assert sent(box) == [0, 1, 2, 3, 4]


@with_card
def test_no_driver_object_ends_while_a_file_is_open(esp, slot, folder, log, outbox):
    box = outbox()
    fill(box, 2)
    kept = box.oldest()
    file = kept.open()
    slot.medium.dead = True
    fill(box, 1, 2)
    esp.go(60000)
    assert len(box) >= 1 and len(slot.drivers) == 1
    file.close()
    slot.medium.dead = False
    assert len(box) == 3 and len(slot.drivers) == 2
    assert sent(box) == [0, 1, 2]


@with_card
def test_what_a_finaliser_has_to_close_is_closed_before_the_driver_object_ends(
    esp, slot, folder, log, outbox
):
    # One of a file whose close() failed would write to the next card, or behind deinit().
    class Gc:
        def collect():
            ended.append(slot.drivers[0].ended)

    box = outbox()
    fill(box, 1)
    ended = []
    kept, card.gc = card.gc, Gc
    try:
        slot.medium.dead = True
        fill(box, 1, 1)
        esp.go(60000)
        slot.medium.dead = False
        assert len(box) == 2 and len(slot.drivers) == 2
    finally:
        card.gc = kept
    assert ended == [False]


@with_card
def test_a_card_that_cannot_be_written_is_read(esp, slot, folder, log, outbox):
    box = outbox()
    fill(box, 2)
    kind = esp.machine.SDCard
    write = kind.writeblocks
    kind.writeblocks = lambda *_: -errno.EIO
    for i in range(2, 5):
        fill(box, 1, i)
        esp.go(40000)
        assert len(box) == i + 1
    assert sent(box) == [0, 1, 2, 3, 4]
    kind.writeblocks = write
    esp.go(40000)
    assert len(box) == 0  # what was sent is not offered again, though it is there
    fill(box, 1, 5)
    assert sent(box) == [5] and box.dropped == 0


@with_card
def test_a_full_card_obeys_the_policy_and_the_flash_stays_empty(esp, slot, folder, log, outbox):
    box = CardOutbox("/sd" + folder + "/box", 5000, "keep_oldest", log)
    fill(box, 2)
    assert not box.put(picture(3), None, "pir")
    assert box.dropped == 1 and log.count("picture not kept: the outbox is full") == 1
    assert read(box.oldest()) == picture(0)
    assert len(box) == 2 and box.fault is None


@with_card
def test_what_neither_takes_is_counted_once(esp, slot, folder, log, outbox):
    box = outbox()
    slot.pull()
    write_, records.write = records.write, fails
    try:
        assert not box.put(picture(1), None, "pir")
        assert box.dropped == 1 and box.fault is not None
        assert log.count("picture not kept") == 1
        held = Held(True, log)
        held.add(picture(1), None, "pir")
        esp.go(10000)
        assert held.keep(box) == 0 and box.dropped == 1
    finally:
        records.write = write_
    esp.go(10000)
    assert held.keep(box) == 1 and len(held) == 0
    assert len(box) == 1 and box.dropped == 1


@with_card
def test_what_an_earlier_firmware_left_below_the_mount_is_found(esp, slot, folder, log, outbox):
    # On a computer that place cannot be made: this shows that nothing else comes of it.
    box = outbox()
    fill(box, 1)
    assert sent(box) == [0]


def test_a_computer_has_no_card():
    log = Notes()
    kept, card.machine = card.machine, None
    try:
        box = CardOutbox("/sd" + new_folder() + "/box", MAX, log=log)
        assert log.count("this firmware has no SD card driver") == 1
        fill(box, 2)
        assert sent(box) == [0, 1]
    finally:
        card.machine = kept
