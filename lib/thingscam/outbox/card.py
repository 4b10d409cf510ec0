# Pictures waiting on an SD card, and on the flash while the card is missing or fails.

import gc
import os

from thingscam.outbox.policy import Outbox
from thingscam.util.compat import const, ticks_add, ticks_diff, ticks_ms

try:
    import machine
except ImportError:  # a computer
    machine = None

MOUNT = "/sd"
_LOOK_MS = const(30000)  # between two looks for a card, which can take seconds
_MAX_FLASH = const(1048576)
_FIRST = const(16000000)  # the flash's numbers are no card's: who sends knows pictures by them

# What mounting says, by errno: FR_NOT_READY, FR_NO_FILESYSTEM and FR_DISK_ERR of FAT.
_WORDS = {16: "none answers", 19: "it is not formatted as FAT32", 5: "it cannot be read"}

_driver = None  # of the card that is mounted; there is one slot, whoever asks for it


class CardOutbox:
    """An outbox on an SD card at `path`, below /sd, and a second one on the flash.

    It has what an Outbox has. What the card does not take goes to the flash, to `path`
    without /sd, of which it takes 1 MB at most; what waits on either is handed out, by
    capture time, or in the order of numbers. A card is looked for at the start, and every
    half a minute while it is missing or fails.
    """

    kind = Outbox

    def __init__(self, path, max_bytes, policy="drop_oldest", log=None, memory=None):
        self._path = path
        self._options = max_bytes, policy, log, 0, memory
        self._log = log
        self._missing = None  # why there is no card, a text
        self._writable = False  # as far as is known
        self._told = False  # that it cannot be written; until it can
        self._news = False  # whether its coming back is any
        self._look_at = 0  # ticks: when to look for it again; 0: no need
        self._dropped = 0  # of what neither took
        self._card: Outbox = None  # pyright: ignore  # on the card; made with the first one
        self._mount()  # first: what lies on the flash below /sd is moved before
        on_flash = path[len(MOUNT) :]
        size = min(max_bytes, _MAX_FLASH)
        self._flash = self.kind(on_flash, size, policy, log, _FIRST, memory)
        self._given = self._flash  # where the picture that was handed out last came from

    def __len__(self):
        self._tend()
        return len(self._flash) + (len(self._card) if self._missing is None else 0)

    @property
    def bytes_used(self):
        """The bytes of all waiting pictures."""
        card = self._card.bytes_used if self._missing is None else 0
        return self._flash.bytes_used + card

    @property
    def dropped(self):
        """The pictures lost since the start."""
        return self._dropped + self._flash.dropped + (self._card.dropped if self._card else 0)

    @property
    def changes(self):
        """Goes up when there may be one more picture."""
        return self._flash.changes + (self._card.changes if self._card else 0)

    @property
    def fault(self):
        """None, or what is wrong with card or flash, a text."""
        return self._missing or self._card.fault or self._flash.fault

    def put(self, image, captured_at, cause):
        """Keep a picture, on the card if it takes it; see Outbox."""
        why = self.refusal(image, captured_at, cause)
        if why is not None:
            self._dropped += 1
            self._say("picture not kept: %s", why)
        return why is None

    def refusal(self, image, captured_at, cause):
        """Do what put() does, but neither count nor say it; see Outbox."""
        if self._writable:
            # In one row with those on the flash, and these with those on the card.
            self._card.next = self._flash.next - _FIRST
            why = self._card.refusal(image, captured_at, cause)
            if why is None:
                self._told = False
                return None
            if self._card.fault is None:  # it is too large, or the card is as full as it may be
                return why
            self._writable = False
            self._look_later()
            if not self._told:
                self._told = self._news = True
                self._say("SD card: %s; pictures wait on the flash", why)
        if self._card is not None:
            self._flash.next = self._card.next + _FIRST
        return self._flash.refusal(image, captured_at, cause)

    def oldest(self, skip=(), start=None):
        """Return the Entry that was taken first, of both; see Outbox."""
        return self._one("oldest", skip, start)

    def newest(self, skip=(), start=None):
        """Return the Entry that was taken last, of both; see Outbox."""
        return self._one("newest", skip, start)

    def get(self, number):
        """Return the Entry of that number; see Outbox."""
        self._tend()
        self._given = self._flash if number >= _FIRST or self._missing else self._card
        return self._given.get(number)

    def remove(self, entry):
        """Forget a picture; see Outbox."""
        entry.outbox.remove(entry)

    def reject(self, entry, push=True):
        """Move a picture to rejected/, of card or flash; see Outbox."""
        return entry.outbox.reject(entry, push)

    def keep_rejected(self, image, captured_at, cause):
        """Put a picture that never waited into rejected/; see Outbox."""
        (self._card if self._writable else self._flash).keep_rejected(image, captured_at, cause)

    def skip(self, number, what, e):
        """Offer the picture that was handed out last no more; see Outbox."""
        return self._given.skip(number, what, e)

    def _one(self, end, skip, start):
        self._tend()
        there = None if self._missing else getattr(self._card, end)(skip, start)
        here = getattr(self._flash, end)(skip, start)
        if here is None or there is None:
            found = here or there
        else:
            when = here.captured_at, there.captured_at
            if None in when or min(when) < 0:  # no time
                when = here.number % _FIRST, there.number
            first = when[0] < when[1]
            found = here if first == (end == "oldest") else there
        if found is not None:
            self._given = found.outbox
        return found

    def _tend(self):
        # A card that is gone or fails gets a new driver object: the old one never works again.
        if self._missing is None and self._writable and self._card.fault is None:
            return
        if not self._look_at:
            self._look_later()
        if ticks_diff(self._look_at, ticks_ms()) > 0:
            return
        if self._card is not None and self._card.locked is not None:
            return  # its file is open
        self._mount()
        if self._news and self._missing is None and self._log is not None:
            self._news = False
            self._log.info("the SD card is there, %d waiting on it", len(self._card))

    def _look_later(self):
        self._look_at = ticks_add(ticks_ms(), _LOOK_MS) or 1

    def _mount(self):
        self._writable = False
        try:
            _let_go()
            _bring_down(self._path)
            _mount_new()
        except OSError as e:
            why = "%s, %s" % (e, _WORDS[e.errno]) if e.errno in _WORDS else str(e)
            text = "outbox.path %s: no SD card (%s), pictures wait on the flash"
            self._news = True
            if self._missing is None:
                self._say(text, self._path, why)
            self._missing = text % (self._path, why)
            self._look_later()
            return
        self._missing = None
        self._look_at = 0
        if self._card is None:
            self._card = self.kind(self._path, *self._options)
        else:
            self._card.look()
        self._writable = True

    def _say(self, text, *values):
        if self._log is not None:
            self._log.error(text, *values)


def _mount_new():
    global _driver
    if not hasattr(machine, "SDCard"):
        raise OSError("this firmware has no SD card driver")
    # 1-bit mode leaves GPIO4, 12 and 13 free.
    driver = machine.SDCard(slot=1, width=1)
    try:
        os.mount(driver, MOUNT)  # pyright: ignore
    except OSError:
        driver.deinit()
        raise
    _driver = driver


def _let_go():
    # Before a second driver object is made the first one must be told to end: else its
    # finaliser stops the host under the new one. A file that was left open is closed by
    # its own finaliser, which must not happen on the next card, nor behind deinit().
    global _driver
    if _driver is None:
        return
    driver, _driver = _driver, None
    try:
        os.umount(MOUNT)  # pyright: ignore
    except OSError:
        # It was unmounted at the REPL.
        pass
    gc.collect()
    driver.deinit()


def _bring_down(path):
    # Pictures that an earlier firmware kept on the flash in the card's place would be hidden.
    try:
        os.rename(path, path[len(MOUNT) :])
    except OSError:
        # There are none, or the flash has an outbox of its own.
        pass
