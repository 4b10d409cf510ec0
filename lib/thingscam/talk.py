# A word with the service beside pictures: when there is a moment for it, and how long it may take.

from thingscam.cloud import errcodes
from thingscam.cloud.uploader import UploadError
from thingscam.util.compat import const, ticks_add, ticks_diff, ticks_ms, unload

_MOST_MS = const(20000)  # for all of it: the watchdog has 45 s at least
_LEAST_MS = const(4000)  # in a pause between pictures
_PICTURE_MS = const(2000)  # so much is left of it once a picture waits


class Talk:
    """Asks and tells by the device interface of `config`, for the App `app`.

    A picture goes first, always. There is a moment while none waits, or may go, and nobody is
    there; or in the pause that the service's pace, or something that failed, gives them anyway.
    """

    def __init__(self, config, app):
        self._config = config
        self._app = app
        cloud = config.cloud
        self._needs_clock = cloud.verify and cloud.device_endpoint.startswith("https:")
        self._until = None  # ticks: a word is under way
        self._picture = False  # one waited already when it began

    def moment_ms(self):
        """Return how many ms a word may take now, 0: this is no moment for one."""
        app = self._app
        if not app._online or self._needs_clock and not app._clock.is_set() or app.wanted():
            return 0
        if not self._waits() or app._held_back():
            return _MOST_MS
        left = min(app._sender.left_ms(), _MOST_MS)
        return left if left >= _LEAST_MS else 0

    def say(self, ms, call, *arguments):
        """Return what `call(device, *arguments)` does with a Device; it ends within `ms`.

        What moves meanwhile is photographed. Raises UploadError.
        """
        self._picture = self._waits()
        self._until = ticks_add(ticks_ms(), ms)
        try:
            result, error = self._app.say(self._said, call, arguments)
        finally:
            self._until = None
        if error is not None:
            raise error
        return result

    def progress(self):
        """End what is under way when its time is over; called again and again."""
        if self._until is None:
            return
        if not self._picture and self._waits():
            self._picture = True
            soon = ticks_add(ticks_ms(), _PICTURE_MS)
            if ticks_diff(self._until, soon) > 0:
                self._until = soon
        if ticks_diff(self._until, ticks_ms()) <= 0:
            self._until = None
            raise _OverError

    def _waits(self):
        return len(self._app._outbox) > 0 or self._app._capture.holds()

    def _said(self, call, arguments):
        # Returns (result, None) or (None, UploadError): nothing passes through App.say().
        app, device = self._app, None
        try:
            from thingscam.cloud.device import Device

            ways = (app.progress, app.free_memory, app.wanted)
            device = Device(self._config, app._sender.session, *ways)
            return call(device, *arguments), None
        except UploadError as e:
            return None, e
        except _OverError:
            return None, UploadError(errcodes.RETRY, "not done in time")
        except Exception as e:  # whatever it is: a word may cost no picture
            return None, UploadError(errcodes.RETRY, "{}: {}".format(type(e).__name__, e))
        finally:
            if device is not None:
                device.close()
            unload("cloud.device")


class _OverError(Exception):
    # Not the network's: a Session would take it for an address that does not answer.
    pass
