# Runs on the board, before the app: has it print when a step begins and ends, and what is lost.

import binascii
import gc
import time

import machine

from thingscam import capture
from thingscam.camera import camera
from thingscam.cloud import uploader
from thingscam.outbox import policy as outbox
from thingscam.remote import state as states
from thingscam.util import log

_GAP_MS = 10000  # without a callback while something is sent: worth a line

_called = None  # ticks of the last callback, while something is sent
_lost = None  # the method of memory.Held, once it is watched


def tell(*words):
    """Print a line that tests.system.soak.ledger reads."""
    print("@", time.ticks_ms(), *words)


def watch(owner, name, begin=None, end=None, label=None):
    """Have the method `name` of a class tell of each call, as `label`.

    begin(arguments) gives a word, end(arguments, result) a tuple of such; 0 stands for what was
    not done.
    """
    method = getattr(owner, name)
    label = label or name

    def watched(*arguments):
        tell("begin", label, begin(arguments) if begin else "-")
        words = (0,)
        try:
            result = method(*arguments)
            words = end(arguments, result) if end else (int(result not in (None, False)),)
            return result
        finally:
            tell("end", label, *words)

    setattr(owner, name, watched)


def _put(arguments, result):
    return (int(result is None), arguments[0].next - 1)


def _removed(arguments, _):
    return (int(arguments[0].fault is None), arguments[1].number)


def _watch_losses():
    lose, hold = outbox.Outbox._lose, capture.Capture._hold

    def losing(box, number, what):
        lose(box, number, what)
        tell("gone", what.split(",")[0], number)

    def holding(self, frame, *more):
        hold(self, frame, *more)
        _watch_memory(type(self._held))
        held = any(len(one[0]) == len(frame) for one in self._held._all)
        tell("held" if held else "unheld", binascii.crc32(frame))

    outbox.Outbox._lose = losing
    capture.Capture._hold = holding


def _watch_memory(held):
    # It is imported when it is needed.
    global _lost
    if _lost is not None:
        return
    _lost = held._lose

    def losing(self, one):
        gone = _lost(self, one)
        if gone:
            tell("gone", "memory", binascii.crc32(one[0]))
        return gone

    held._lose = losing


def _watch_callbacks():
    # While something is sent nothing else is photographed but by these.
    meanwhile, upload = capture.Capture.meanwhile, uploader.Uploader.upload
    shoot = capture.Capture._shoot

    def shooting(*arguments):
        tell("try")  # here, for a camera that does not start is not asked for a picture
        return shoot(*arguments)

    def called(now):
        global _called
        if _called is not None and time.ticks_diff(now, _called) > _GAP_MS:
            tell("gap", time.ticks_diff(now, _called))
        _called = now

    def watched(self):
        called(time.ticks_ms())
        return meanwhile(self)

    def uploading(*arguments):
        global _called
        called(time.ticks_ms())
        try:
            return upload(*arguments)
        finally:
            called(time.ticks_ms())
            _called = None

    capture.Capture._shoot = shooting
    capture.Capture.meanwhile = watched
    uploader.Uploader.upload = uploading


def _watch_uploads():
    # Pictures alone: reports keep no pace.
    kind, plain = uploader.Uploader, uploader.Uploader.upload
    watch(kind, "upload")
    watched = kind.upload

    def upload(self, image):
        return (watched if type(self) is kind else plain)(self, image)

    kind.upload = upload


def _heap(_pin):
    gc.collect()
    tell("heap", gc.mem_alloc())


def _open(*arguments):
    # How often the log's files are written: each time is an erased block.
    tell("log")
    return open(*arguments)


def start(heap_pin):
    """Watch all there is to watch; the heap in use is told each time the pin goes high."""
    _watch_callbacks()
    _watch_losses()
    watch(camera.Camera, "capture")
    crc = lambda arguments: binascii.crc32(arguments[1])  # noqa: E731
    watch(outbox.Outbox, "refusal", crc, _put, "put")
    watch(outbox.Outbox, "remove", None, _removed)
    watch(outbox.Outbox, "reject", None, _removed)
    _watch_uploads()
    watch(states.State, "save", label="settings")
    log.open = _open
    machine.Pin(heap_pin, machine.Pin.IN).irq(_heap, machine.Pin.IRQ_RISING)
