<<<<<<< HEAD
# The deepest path of the app, measured: an ESP32 gives a program 16 KB of stack.

import os

from flash import Flash
from support import env
from test_app import House
from thingscam import board, capture, connection, sender

try:
    from micropython import stack_use
except ImportError:
    stack_use = None  # CPython has no such stack

# ports/esp32: MICROPY_TASK_STACK_SIZE less MICROPY_STACK_CHECK_MARGIN.
ROOM = 15 * 1024
# A call takes 400 bytes and more on this machine with its words of 64 bits, and 330 on an ESP32
# (51,200 bytes hold 154 calls: micropython/micropython issue 4840). What a function has of its
# own there shrinks to a half.
CALL = 330
HERE = 400
# mp_task(), what runs main.py, and its way to turn(): main.py, main(), run(), App.run().
ABOVE = 1024 + 4 * CALL
RTC_MEMORY = 2048  # RTC.memory() of ports/esp32/machine_rtc.c has it all on the stack
MARGIN = 1024


class Gauge:
    """Takes the stack's use wherever a driver is called, less what the test itself has."""

    def __init__(self):
        self.base = 0
        self.most = {}

    def note(self, name):
        used = (stack_use() - self.base) * CALL // HERE
        if used > self.most.get(name, 0):
            self.most[name] = used

    def deepest(self):
        """Return the bytes that an ESP32's stack would hold at the deepest place."""
        most = max(self.most.values())
        return ABOVE + max(most, self.most.get("rtc", 0) + RTC_MEMORY)


class Watched(Flash):
    """A flash that tells how deep the stack is, littlefs included."""

    def __init__(self, gauge):
        super().__init__(4096, 256)
        self.gauge = gauge

    def readblocks(self, number, buffer, offset=0):
        self.gauge.note("flash")
        return super().readblocks(number, buffer, offset)

    def writeblocks(self, number, buffer, offset=None):
        self.gauge.note("flash")
        return super().writeblocks(number, buffer, offset)


def watch(house, gauge):
    """Have all that a driver does noted."""
    real_rtc = house.esp.machine.RTC

    class Rtc:
        def memory(self, *data):
            gauge.note("rtc")
            return real_rtc().memory(*data)

    ticks = connection.ticks_ms

    def ticks_ms():
        gauge.note("code")
        return ticks()

    house.esp.machine.RTC = Rtc
    for module in (board, capture, connection, sender):
        if hasattr(module, "ticks_ms"):
            module.ticks_ms = ticks_ms
    house.camera.on_capture = lambda: gauge.note("camera")


def measured(tls, from_memory):
    """Return the Gauge after a picture was sent while others were taken."""
    gauge = Gauge()
    sections = {"trigger": {"cooldown_s": 0}, "camera": {"frame_size": "UXGA"}}
    endpoint = env("SERVICE_TLS") if tls else None
    kept = [(module, module.ticks_ms) for module in (capture, connection, sender)]
    with House(psram=from_memory, endpoint=endpoint, **sections) as house:
        flash = Watched(gauge)
        os.VfsLfs2.mkfs(flash)
        os.mount(os.VfsLfs2(flash), "/flash")
        os.chdir("/flash")
        try:
            house.sections["outbox"] = {"path": "/flash/outbox", "max_bytes": 300000}
            house.start()
            house.esp.pulse()
            house.turns(until=lambda: house.app.status()["sent"])
            house.turns(ms=11000)
            house.app._sender.hang_up()
            if from_memory:  # that the connection has gone is seen too late
                house.app._sender.connected = lambda: True
            watch(house, gauge)
            house.on_progress = lambda sent: house.esp.pulse()
            gauge.base = stack_use()
            house.esp.pulse()
            house.turns(until=lambda: house.app.status()["sent"] > 1)
            assert house.app.status()["captured"] > 2
        finally:
            for module, ticks_ms in kept:
                module.ticks_ms = ticks_ms
            os.chdir("/")
            os.umount("/flash")
    return gauge


def test_the_deepest_path_leaves_a_margin():
    if stack_use is None:
        return
    for tls in (False, True):
        for from_memory in (False, True):
            gauge = measured(tls, from_memory)
            deepest = gauge.deepest()
            assert len(gauge.most) == 4, gauge.most
            assert deepest < ROOM - MARGIN, (deepest, gauge.most)
=======
# How deep the calls go: an ESP32's task has 16 KB of stack, and its end is a panic.

import sys

from support import env
from test_app import House
from thingscam import capture, guard, kept

STACK = 16 * 1024 - 1024  # MICROPY_TASK_STACK_SIZE of ports/esp32, and what is kept back
# A method's call on this machine, of 64 bits; some 330 bytes on Xtensa. So what is measured
# here is a third more than there.
CALL = 432
BEFORE = 5 * CALL  # main.py, main(), run(), App.run(): the test begins with turn()
# For C below the deepest Python, which is not measured here: littlefs, a driver's capture,
# RTC.memory() with its 2 KB; the arithmetic of TLS, by what lies below its reads and writes.
MARGIN = 3500
TLS_MARGIN = 5000


class Deepest:
    """Notes how much stack is in use when what it watches is called, in bytes, by its name."""

    def __init__(self):
        self.most = {}
        self.inside = []
        self._undo = []

    def watch(self, owner, name):
        from micropython import stack_use

        call = getattr(owner, name)

        def watched(*arguments):
            self.most[name] = max(self.most.get(name, 0), stack_use())
            assert name != "capture" or not self.inside, "a capture inside of TLS"
            if owner is guard.Guard:
                self.inside.append(name)
            try:
                return call(*arguments)
            finally:
                if owner is guard.Guard:
                    self.inside.pop()

        self._undo.append((owner, name, call))
        setattr(owner, name, watched)

    def undo(self):
        for owner, name, call in self._undo:
            setattr(owner, name, call)


def test_the_deepest_paths_leave_a_margin():
    if sys.implementation.name != "micropython":
        return
    from micropython import stack_use

    deepest = Deepest()
    for owner, name in (
        (guard.Guard, "readinto"),
        (capture.Camera, "capture"),
        (kept, "write"),
    ):
        deepest.watch(owner, name)
    base = stack_use() - BEFORE
    pulses = []
    try:
        with House(cloud={"endpoint": env("SERVICE_TLS")}, trigger={"cooldown_s": 0}) as house:
            house.start()

            def on_progress(sent):
                # In the handshake, and in the middle of the picture: what is due is taken.
                if len(pulses) < 2 and (sent > 0 if pulses else sent < 0):
                    pulses.append(sent)
                    house.esp.pulse()

            house.on_progress = on_progress
            house.esp.pulse()
            house.turns(until=house.online)
            house.turns(until=lambda: house.app.status()["sent"] >= 2)
            assert house.app.status()["captured"] >= 3
    finally:
        deepest.undo()
    found = {name: deepest.most[name] - base for name in deepest.most}
    assert len(pulses) == 2
    assert found["write"] <= STACK - MARGIN, found
    assert found["capture"] <= STACK - MARGIN, found
    assert found["readinto"] <= STACK - TLS_MARGIN, found
>>>>>>> 89bdea2 (docs/fidelity: The facts of sockets, names and TLS.)
