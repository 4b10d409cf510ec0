# Runs on the board, before the app: has it print when a step begins and ends.

import binascii
import gc
import time

import machine

from thingscam.camera import camera
from thingscam.cloud import uploader
from thingscam.outbox import policy as outbox
from thingscam.util import log


def tell(*words):
    """Print a line that tests.system.soak.ledger reads."""
    print("@", time.ticks_ms(), *words)


def watch(owner, name, show=None):
    """Have the method `name` of a class tell of each call; show(arguments) adds a word."""
    method = getattr(owner, name)

    def watched(*arguments):
        tell("begin", name, show(arguments) if show else "-")
        result = None
        try:
            result = method(*arguments)
        finally:
            tell("end", name, int(result is not None and result is not False))
        return result

    setattr(owner, name, watched)


def _heap(_pin):
    gc.collect()
    tell("heap", gc.mem_alloc())


def _open(*arguments):
    # How often the log's files are written: each time is an erased block.
    tell("log")
    return open(*arguments)


def start(heap_pin):
    """Watch all there is to watch; the heap in use is told each time the pin goes high."""
    watch(camera.Camera, "capture")
    watch(outbox.Outbox, "put", lambda arguments: binascii.crc32(arguments[1]))
    watch(outbox.Outbox, "remove")
    watch(uploader.Uploader, "upload")
    log.open = _open
    machine.Pin(heap_pin, machine.Pin.IN).irq(_heap, machine.Pin.IRQ_RISING)
