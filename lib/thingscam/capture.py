# A trigger becomes a picture: sent from memory or put into the outbox, whatever else goes on.

import gc
import struct

from thingscam.board import chip, rtc
from thingscam.camera.camera import Camera, CameraError
from thingscam.trigger import Trigger
from thingscam.util.compat import const, ticks_diff, ticks_ms

_DAY_MS = const(86400000)
_FORMAT = "<IqH"  # bytes refused, when in ms, frame size and quality
_MIN_REFUSED = const(10000)  # bytes: no service finds less too large
_MIN_PSRAM_HEAP = const(1500000)  # free heap that only PSRAM gives
_MAX_UNSAVED_MS = const(2000)  # a picture being sent from memory is kept after so long


class Capture:
    """Photographs what the triggers ask for, and sees that the picture is kept.

    `config` is the whole configuration, `profile` the board's; `outbox`, `clock`, `log`
    and `counters` are the app's. `feed()` is called before each wait of the camera's driver.
    `note`, a text, goes behind each picture's cause.
    """

    def __init__(self, config, profile, outbox, clock, log, counters, feed=None):
        self._settings = config.camera
        self._limit = config.cloud.limit_bytes
        self._profile = profile
        self._outbox = outbox
        self._clock = clock
        self._log = log
        self._counters = counters
        self._feed = feed
        self._camera = None
        # Room for one picture outside the driver's buffer: only then may one be sent
        # from memory, for the next capture overwrites that buffer.
        self._can_spare = hasattr(gc, "mem_free") and gc.mem_free() > _MIN_PSRAM_HEAP
        self._spare = None  # made when it is needed first: to clear 500 KB takes its time
        # Bytes of a picture that was too large for the service, 0: none was; and when, in ms.
        self._refused, self._refused_at = _recall(self._settings)
        self._size = self._settings.frame_size  # of the last picture
        self._lost = 0  # of the outbox's losses, those that have been counted
        self.next_cause = None  # of a picture that is due: one failed while something was sent
        self._fault = None  # of ours, met while something was sent
        self._sending = None  # the picture that is sent from memory, while it is not kept
        self._since = 0
        self._copy = None  # the Entry it has become
        self._unkept = 0  # 1: the outbox did not take it, and counted it as lost
        self._held = None  # a Held, once flash or card has failed
        self.note = ""
        if config.extras:
            from thingscam.extras import trigger

            self.trigger = trigger(config, log, clock)
        else:
            self.trigger = Trigger(config.trigger, log)

    def ready(self):
        """Start the camera, so that the first picture need not wait for it."""
        try:
            self._started().ready()
        except CameraError as e:
            self._log.error("%s", e)

    def close(self):
        """Give the camera's memory back; the next picture starts it again."""
        if self._camera is None or self._held and self._held.is_lending():
            return
        if self._held:
            self._held.give_back()
        self._camera.close()

    def too_large(self, size):
        """Take smaller pictures for a day: the service refused one of `size` bytes."""
        if self._refused:
            size = min(size, self._refused)  # larger ones may have waited
        self._refused, self._refused_at = size, rtc.steady_ms()
        what = struct.pack(_FORMAT, size, self._refused_at, _mark(self._settings))
        rtc.remember(rtc.REFUSED, what)
        if self._camera is not None:
            self._camera.too_large(size)

    def photograph(self, may_send=None):
        """Take a picture if one is due, and keep it; return None.

        If `may_send()`, asked when there is a picture, says so, it is not kept but returned,
        to be sent from memory: (frame, captured_at, cause). While it is sent, call meanwhile()
        again and again, and settle() behind it, whatever happens.

        Raises what meanwhile() could not.
        """
        fault, self._fault = self._fault, None
        if fault is not None:
            raise fault
        if self._held:
            self._lost += self._held.keep(self._outbox)
        cause, self.next_cause = self.next_cause or self.trigger.cause(), None
        if cause is None:
            return None
        try:
            return self._shoot(cause, may_send, False)
        finally:
            self.trigger.ended()

    def meanwhile(self):
        """Do what cannot wait while something is sent: what is due is photographed and kept.

        What is sent from memory is kept as well if it takes long, for the power may go. A
        picture that fails is tried once more by photograph(), for which a fault of ours waits
        too: here it would be taken for one of the network.
        """
        if self._held and self._held.is_lending():
            return  # its buffer would be overwritten
        cause = None
        try:
            self._safeguard()
            if self.next_cause is None and self._fault is None:
                cause = self.trigger.cause()
                if cause is not None:
                    self._shoot(cause, None, True)
        except MemoryError:
            self._defer(cause, "out of memory")
        except Exception as e:  # whatever it is, it is told by photograph()
            self._fault = e
        finally:
            if cause is not None:
                self.trigger.ended()

    def settle(self, accepted):
        """Keep the picture that photograph() has returned, unless the service has it."""
        shot, self._sending = self._sending, None
        copy, self._copy = self._copy, None
        self._lost += self._unkept  # it is not, or is counted anew below
        self._unkept = 0
        if accepted and copy is not None:
            self._outbox.remove(copy)
        elif not accepted and shot is not None:
            self._keep(*shot)

    def holds(self):
        """Return whether pictures are in memory that flash or card did not take."""
        return bool(self._held)

    def offer(self, send):
        """Have one of them sent by `send(frame, captured_at, cause)`; call meanwhile() in it."""
        self._lost += self._held.offer(send)

    def abandon(self):
        """Forget them: the board sleeps."""
        if self._held:
            self._held.abandon()
        self.count_losses()

    def count_losses(self):
        """Count what the outbox has lost since it was asked last: dropped, or found damaged."""
        held = len(self._held) if self._held else 0
        lost = self._outbox.dropped - self._lost - self._unkept - held
        if lost:
            self._lost += lost
            self._counters.add("dropped", lost)

    def _safeguard(self):
        if self._sending is None or self._unkept:
            return
        if ticks_diff(ticks_ms(), self._since) < _MAX_UNSAVED_MS:
            return
        shot, self._since = self._sending, ticks_ms()
        kept = self._keep(*shot, False)
        # Not before: what fails is tried again, or kept by settle().
        if kept:
            self._sending = None
            copy = self._outbox.newest()
            # Another one, should the flash have spoilt it: that must not go with this one.
            if copy is not None and copy.size == len(shot[0]):
                self._copy = copy

    def _shoot(self, cause, may_send, hurried):
        if self._held:
            self._held.give_back()
        if self._refused and not 0 <= rtc.steady_ms() - self._refused_at < _DAY_MS:
            # It may have been the picture, or the service be another: the next one tells.
            self._refused = 0
            if self._camera is not None:
                self._camera.too_large(None)
        try:
            frame = self._started().capture()
        except CameraError as e:
            if hurried:
                self._defer(cause, e)
            else:
                self._counters.add("capture_failed")
                self._log.error("%s", e)
            return None
        self._counters.add("captured")
        if self._camera.size != self._size:
            self._size = self._camera.size
            if self._size != self._settings.frame_size:
                self._log.warning(
                    "pictures in %s: no more fits the memory or the limit", self._size
                )
        taken = self._clock.stamp()
        if self.note:
            cause += " " + self.note
        if not (may_send and self._can_spare and may_send() and self._make_spare()):
            self._keep(frame, taken, cause)
            return None
        view = memoryview(self._spare)[: len(frame)]
        view[:] = frame
        self._sending, self._copy = (view, taken, cause), None
        self._since = ticks_ms()
        return self._sending

    def _make_spare(self):
        try:
            self._spare = self._spare or bytearray(self._limit)
        except MemoryError:  # it is in pieces
            self._can_spare = False
        return self._can_spare

    def _defer(self, cause, why):
        # An upload may have the memory that camera and outbox need.
        self.next_cause = cause
        self._log.warning("%s; once more when the upload is over", why)

    def _started(self):
        if self._camera is None:
            Kind = Camera  # noqa: N806
            if self._settings.light:
                from thingscam.camera.lamp import LitCamera as Kind
            self._camera = Kind(self._settings, self._limit, self._profile, self._feed)
            if self._camera.refused and chip.start_cause() != "deep_sleep":
                names = ", sensor.".join(self._camera.refused)
                self._log.warning("this camera does not take sensor.%s", names)
            if self._refused:
                self._camera.too_large(self._refused)
        return self._camera

    def _keep(self, frame, taken, cause, last_chance=True):
        kept = None
        try:
            kept = self._outbox.put(frame, taken, cause)
        finally:
            if kept is None and last_chance:
                self._counters.add("dropped")  # a fault of ours has cost it
        if kept:
            self._log.info("kept %d bytes %s, %d waiting", len(frame), cause, len(self._outbox))
        elif not last_chance:
            self._unkept = 1
        elif self._outbox.fault is not None:
            self._hold(frame, taken, cause)
        self.count_losses()
        return kept

    def _hold(self, frame, taken, cause):
        if self._held is None:
            from thingscam.outbox.memory import Held  # seldom needed

            self._held = Held(self._can_spare, self._log)
        self._held.add(frame, taken, cause)


def _recall(settings):
    # What was refused at another frame size or quality tells nothing of these.
    kept = rtc.recall(rtc.REFUSED)
    if kept:
        size, at, mark = struct.unpack(_FORMAT, kept)
        if mark == _mark(settings) and size >= _MIN_REFUSED:
            return size, at
    return 0, 0


def _mark(settings):
    return sum(settings.frame_size.encode()) << 7 & 0xFF80 | settings.quality
