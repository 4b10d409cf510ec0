# A thousand pictures in fast time: micropython paced.py COUNT SEED WAIT
#
# The device's Interval against the service's pace rule; time, network and jitter are
# injected. WAIT: "ours" waits by the Interval; "start" waits 10 s from the last start, as
# scripts do. Prints what came of it, as JSON.

import json
import random
import sys

_PERIOD = 10000
_JITTER = 3000
_NAP = 20  # ms: the app looks so often


class Clock:
    """Milliseconds that pass when they are slept."""

    now = 0


time_ms = Clock()


class Service:
    """The stand-in's rule behind a network: post() takes 0 to 3 s, any part of it there."""

    def __init__(self):
        self._opened = None
        self.refused = 0

    def post(self):
        whole = random.randint(0, _JITTER)
        way = random.randint(0, whole)
        arrived = time_ms.now + way
        if self._opened is not None and arrived - self._opened < _PERIOD:
            self.refused += 1
        else:
            self._opened = arrived
        time_ms.now += whole
        return whole


def main(count, seed, wait):
    """Send `count` pictures, print the figures."""
    from thingscam.board import rtc
    from thingscam.cloud import interval

    # The modules' own names for time: nothing of them is changed but what time it is.
    interval.ticks_ms = rtc.ticks_ms = lambda: time_ms.now
    rtc.ticks_add = lambda ticks, delta: ticks + delta
    rtc.ticks_diff = lambda end, start: end - start
    random.seed(int(seed))
    service = Service()
    gate = interval.Interval(_PERIOD)
    busy = 0
    next_start = 0
    for _ in range(int(count)):
        while not gate.ready() if wait == "ours" else time_ms.now < next_start:
            time_ms.now += _NAP
        next_start = time_ms.now + _PERIOD
        busy += service.post()
        gate.restart()
    took = time_ms.now
    print(json.dumps({"took": took, "busy": busy, "refused": service.refused}))


main(*sys.argv[1:])
