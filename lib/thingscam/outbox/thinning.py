# An outbox that is full gives up what is too many of a burst first, and keeps one of each.

from thingscam.outbox.policy import Outbox
from thingscam.util.compat import const

_LOOKS = const(32)  # records read for one picture that has to give way
# What may become of a picture that comes.
_NEEDED = const(0)
_SPARE = const(1)  # it may be given up
_GIVEN_UP = const(2)


class ThinnedOutbox(Outbox):
    """An Outbox whose policy drop_oldest thins bursts out before it drops the oldest picture.

    A burst is known by the causes in its records: "pir 1/5" to "pir 5/5", one behind the other.
    Of the oldest one all but its first give way, then of the next; then a new picture, if it is
    not the first that came of its burst. A place is kept up to which that is done: for a picture
    some records are read, however many wait.
    """

    _last = None  # which of a burst came last
    _fate = _NEEDED  # of the picture that comes

    def refusal(self, image, captured_at, cause):
        """Do what put() does, but return None or why not, and neither count nor say it."""
        mine = place(cause)
        self._fate = _SPARE if _follows(self._last, mine) else _NEEDED
        why = super().refusal(image, captured_at, cause)
        if why is None:
            self._last = mine
        elif self._fate == _GIVEN_UP:
            self._works(True)  # it was not the file system
        return why

    def _drop_one(self):
        if self._policy == "drop_oldest":
            try:
                number = self._too_many()
                if number is not None:
                    self._lose(number, "dropped, another of its burst stays")
                    return True
            except OSError:
                # Whatever it is, the oldest may go all the same; it tells.
                pass
            if self._fate != _NEEDED:
                self._fate = _GIVEN_UP
                return False
        return super()._drop_one()

    def _too_many(self):
        # The number of a picture of whose burst there is one before it; None in these records.
        # Where it is, and what stands there, is forgotten when the file system is looked at anew.
        at, before = self._known.get(None, (-1, None))
        for _ in range(_LOOKS):
            number = self._good(max(at + 1, self._store.low), True)
            if number is None:
                return None
            entry = self._store.load(self, number, False)
            mine = None if entry is None else place(entry.cause)
            if _follows(before, mine) and number != self.locked and self._store.size(at):
                return number
            at, before = number, mine
            self._known[None] = at, before
        return None


def kind(card):
    """Return the class: ThinnedOutbox, or, with `card`, a CardOutbox of two of these."""
    if not card:
        return ThinnedOutbox
    from thingscam.outbox.card import CardOutbox

    class Thinned(CardOutbox):
        kind = ThinnedOutbox

    return Thinned


def place(cause):
    """Return (which, of how many) of a burst a picture with that cause is; None: of no burst."""
    for note in cause.split(" ")[1:]:
        which, _, count = note.partition("/")
        if which.isdigit() and count.isdigit():
            return int(which), int(count)
    return None


def _follows(before, mine):
    # Whether two pictures, one behind the other, are of one burst.
    return bool(before and mine) and mine[1] == before[1] and mine[0] > before[0]
