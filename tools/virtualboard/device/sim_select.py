# `select`: as the boards' own, it lets interrupts run while it waits.

import select as _select

import _sim

POLLIN = _select.POLLIN
POLLOUT = _select.POLLOUT
POLLERR = _select.POLLERR
POLLHUP = _select.POLLHUP


class poll:  # noqa: N801
    """Waits for streams; the times are of the board."""

    def __init__(self):
        self._poll = _select.poll()
        self._poll.register(_sim.link, POLLIN)

    def register(self, stream, eventmask=POLLIN | POLLOUT):
        """Wait for this one too."""
        self._poll.register(stream, eventmask)

    def unregister(self, stream):
        """No longer wait for it."""
        self._poll.unregister(stream)

    def modify(self, stream, eventmask):
        """Wait for other events of it."""
        self._poll.modify(stream, eventmask)

    def poll(self, timeout=-1):
        """Return [(stream, events)] of what is ready within `timeout` ms."""
        end = None if timeout is None or timeout < 0 else _sim.ticks_us() + timeout * 1000
        while True:
            _sim.pump()
            found = [(one, events) for one, events in self._poll.ipoll(0) if one is not _sim.link]
            if found or (end is not None and _sim.ticks_us() >= end):
                return found
            _sim.doze(self._poll, end)

    def ipoll(self, timeout=-1, flags=0):
        """As poll(), an iterator."""
        found = self.poll(timeout)
        if flags & 1:
            for one, _ in found:
                self.modify(one, 0)
        return iter(found)


def select(rlist, wlist, xlist, timeout=None):
    """Return what of the three lists is ready within `timeout` s."""
    waiting = poll()
    masks = {}
    for streams, mask in ((rlist, POLLIN), (wlist, POLLOUT), (xlist, POLLERR | POLLHUP)):
        for one in streams:
            masks[id(one)] = masks.get(id(one), 0) | mask
            waiting.register(one, masks[id(one)])
    found = waiting.poll(-1 if timeout is None else int(timeout * 1000))
    return (
        [one for one, events in found if one in rlist and events & ~POLLOUT],
        [one for one, events in found if one in wlist and events & ~POLLIN],
        [one for one, events in found if one in xlist and events & (POLLERR | POLLHUP)],
    )
