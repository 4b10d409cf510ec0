# The one loop: take a picture when it is due, get it to the service, at its pace.

from thingscam import errcodes
from thingscam.backoff import Backoff
from thingscam.camera import Camera, CameraError
from thingscam.interval import Interval
from thingscam.log import Log
from thingscam.port import const, sleep_ms, ticks_add, ticks_diff, ticks_ms
from thingscam.session import Session
from thingscam.trigger import Trigger
from thingscam.uploader import Uploader, UploadError

_NAP_MS = const(50)


def run(config):
    """Photograph and send until the board is reset; does not return.

    Raises CameraError or CertificateError for what a person has to mend first.
    """
    App(config).run()


class App:
    """What run() runs, one picture at a time."""

    def __init__(self, config):
        cloud = config.cloud
        self._log = Log(config.log.level, config.secrets)
        ca = cloud.ca if cloud.endpoint.startswith("https:") else None
        self._uploader = Uploader(config, Session(ca, cloud.timeout_s, cloud.verify))
        self._camera = Camera(config.camera, cloud.limit_bytes)
        self._trigger = Trigger(config.trigger)
        self._interval = Interval()
        self._backoff = Backoff()

    def run(self):
        """Take a picture whenever something asks for one, and send it."""
        while True:
            cause = self._trigger.cause()
            if cause is None:
                sleep_ms(_NAP_MS)
            else:
                self._picture(cause)

    def _picture(self, cause):
        try:
            frame = self._camera.capture()
        except CameraError as e:
            self._log.error("%s", e)
            return
        # The frame stays in the driver's buffer until it is accepted or given up.
        while not self._send(frame, cause):
            pass

    def _send(self, frame, cause):
        # Returns whether the picture is settled, one way or the other.
        self._wait_until(ticks_add(ticks_ms(), self._interval.left_ms()))
        start = ticks_ms()
        try:
            url = self._uploader.upload(frame)
        except UploadError as e:
            self._interval.restart()
            self._failed(e)
            return e.action == errcodes.DROP
        self._interval.restart()
        self._backoff.success()
        took = ticks_diff(ticks_ms(), start)
        self._log.info("upload %d bytes %s -> %s %d ms", len(frame), cause, url, took)
        return True

    def _failed(self, e):
        wait_s = self._backoff.failure(e)
        if e.action == errcodes.DROP:
            self._log.error("upload refused, picture dropped: %s", e)
            return
        if e.action == errcodes.STOP:
            self._log.error("nothing can be sent until a person sees to it: %s", e)
        else:
            self._log.warning("upload failed: %s", e)
        self._log.info("the picture is kept, next try in %d s", wait_s)
        self._wait_until(ticks_add(ticks_ms(), wait_s * 1000))

    def _wait_until(self, moment):
        while ticks_diff(moment, ticks_ms()) > 0:
            sleep_ms(_NAP_MS)
