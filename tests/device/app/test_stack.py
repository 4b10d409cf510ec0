# The deepest path of the app, measured: an ESP32 gives a program 16 KB of stack.

import os

from test_app import House

from flash import Flash
from support import env
from thingscam import capture, sender
from thingscam.board import chip
from thingscam.http import connection

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
LOOK_UP = CALL  # names.Names goes one call deeper for a host that it had to look up
RTC_MEMORY = 2048  # RTC.memory() of ports/esp32/machine_rtc.c has it all on the stack
MARGIN = 1536


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
        return ABOVE + LOOK_UP + max(most, self.most.get("rtc", 0) + RTC_MEMORY)


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
    for module in (chip, capture, connection, sender):
        if hasattr(module, "ticks_ms"):
            module.ticks_ms = ticks_ms
    house.camera.on_capture = lambda: gauge.note("camera")


def measured(tls, from_memory):
    """Return the Gauge after a picture was sent while others were taken."""
    gauge = Gauge()
    sections = {"trigger": {"cooldown_s": 0}, "camera": {"frame_size": "UXGA"}}
    endpoint = env("SERVICE_TLS") if tls else None
    kept = [(module, module.ticks_ms) for module in (capture, connection, sender)]
    with House(from_memory, endpoint, heard=False, **sections) as house:
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
            house.on_progress = lambda sent: (house.esp.go(1000), house.esp.pulse())
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
