# A trigger becomes a picture: sent from memory or put into the outbox, whatever else goes on.

import gc

from thingscam import board
from thingscam.camera import Camera, CameraError
from thingscam.port import const
from thingscam.trigger import Trigger

_ROOMY = const(1500000)  # free heap that only PSRAM gives


class Capture:
    """Photographs what the triggers ask for, and sees that the picture is kept.

    `config` is the whole configuration, `profile` the board's; `outbox`, `clock`, `log`
    and `counters` are the app's.
    """

    def __init__(self, config, profile, outbox, clock, log, counters):
        self._settings = config.camera
        self._limit = config.cloud.limit_bytes
        self._profile = profile
        self._outbox = outbox
        self._clock = clock
        self._log = log
        self._counters = counters
        self._light = board.Light(profile.light) if config.camera.light else None
        self._camera = None
        # Room for one picture outside the driver's buffer: only then may one be sent
        # from memory, for the next capture overwrites that buffer.
        roomy = hasattr(gc, "mem_free") and gc.mem_free() > _ROOMY
        self._spare = bytearray(self._limit) if roomy else None
        self._busy = False
        self._attending = False
        self.trigger = Trigger(config.trigger, self._moved)

    def ready(self):
        """Start the camera, so that the first picture need not wait for it."""
        try:
            self._started()
        except CameraError as e:
            self._log.error("%s", e)

    def close(self):
        """Give the camera's memory back; the next picture starts it again."""
        if self._camera is not None:
            self._camera.close()

    def too_large(self, size):
        """Take smaller pictures: the service refused one of `size` bytes."""
        if self._camera is not None:
            self._camera.too_large(size)

    def photograph(self, send=None):
        """Take a picture if one is due, and keep it.

        `send(frame, captured_at, cause)`, if given, may settle it from memory, and returns
        whether it did.
        """
        if self._busy:
            return
        self._busy = True
        try:
            shot = self._shoot(send is not None)
        finally:
            self._busy = False
        if shot is None or send is None:
            return
        # Not busy any more: while this one is sent, the next can be taken.
        if send(*shot):
            return
        self._busy = True
        try:
            self._keep(*shot)
        finally:
            self._busy = False

    def attend(self, call, *arguments):
        """Return what `call(*arguments)` does, which blocks: meanwhile interrupts photograph.

        A board runs its interrupts' callbacks in blocking calls too (each 100 ms on an
        ESP32), and a connection in the making must not cost the picture of who walks by.
        """
        self._attending = True
        try:
            return call(*arguments)
        finally:
            self._attending = False

    def _moved(self):
        if self._attending:
            self.photograph()

    def _shoot(self, may_send):
        # Returns (frame, captured_at, cause) when there is a picture to be sent from memory.
        cause = self.trigger.cause()
        if cause is None:
            return None
        try:
            frame = self._started().capture()
        except CameraError as e:
            self._counters.add("capture_failed")
            self._log.error("%s", e)
            return None
        self._counters.add("captured")
        taken = self._clock.now()
        if may_send and self._spare:
            view = memoryview(self._spare)[: len(frame)]
            view[:] = frame
            return view, taken, cause
        self._keep(frame, taken, cause)
        return None

    def _started(self):
        if self._camera is None:
            self._camera = Camera(self._settings, self._limit, self._profile, self._light)
        return self._camera

    def _keep(self, frame, taken, cause):
        dropped = self._outbox.dropped
        if self._outbox.put(frame, taken, cause):
            self._log.info("kept %d bytes %s, %d waiting", len(frame), cause, len(self._outbox))
        self._counters.add("dropped", self._outbox.dropped - dropped)
