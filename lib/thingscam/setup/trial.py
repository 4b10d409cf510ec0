# A real upload, to have its outcome told in words: Wi-Fi, the clock, a picture, the pace.

import binascii

from thingscam.board.clock import Clock
from thingscam.camera.camera import Camera, CameraError
from thingscam.cloud.interval import Interval
from thingscam.cloud.uploader import Uploader, UploadError
from thingscam.http import CertificateError
from thingscam.http.session import Session
from thingscam.setup.page import WHY
from thingscam.util.compat import const, ticks_add, ticks_diff, ticks_ms

_CLOCK_MS = const(30000)


class Trial:
    """Uploads one picture by `config`, a Config, over the station of `point`.

    `meanwhile()` is called whenever something is waited for; `others()` has who holds the camera
    give it back. `outcome` is None, and when it is over ("sent", the picture's URL) or ("unsent",
    why not).
    """

    def __init__(self, config, point, log, meanwhile, others):
        self.outcome = None
        self._config = config
        self._point = point
        self._meanwhile = meanwhile
        self._others = others
        self._networks = list(config.wifi)
        self._name = None
        self._joined = False
        self._until = None
        gateway = self._gateway
        self._clock = Clock(config.clock.servers, log, _nobody, _nobody, gateway)
        self._interval = Interval()
        self._next()

    def step(self):
        """Do the next bit; the upload itself is one."""
        try:
            if not self._joined:
                self._join()
            elif self._is_ready():
                self._send()
        except MemoryError:
            self._end("too little memory beside this page: finish, the first picture is sent then")

    def _join(self):
        found = self._point.joined()
        if found is True:
            self._joined = True
            self._until = ticks_add(ticks_ms(), _CLOCK_MS)
        elif found is not None:
            if self._networks:
                self._next()
            else:
                self._end("Wi-Fi {}: {}".format(self._name, WHY[found][0]))

    def _next(self):
        ssid, password = self._networks.pop(0)
        self._name = ssid if isinstance(ssid, str) else binascii.hexlify(ssid).decode()
        self._point.join(ssid, password)

    def _is_ready(self):
        # Dates in certificates need the clock.
        if self._config.cloud.endpoint.startswith("https:") and not self._clock.is_set():
            self._clock.step()
            if ticks_diff(self._until, ticks_ms()) > 0:  # pyright: ignore
                return False
        return self._interval.ready()

    def _send(self):
        picture = self._picture()
        if picture is None:
            return
        cloud = self._config.cloud
        ca = cloud.ca if cloud.endpoint.startswith("https:") else None
        session = None
        try:
            session = Session(ca, cloud.timeout_s, cloud.verify, self._progress)
            self._interval.restart(True)
            self.outcome = "sent", Uploader(self._config, session).upload(picture)
        except UploadError as e:
            self._end(str(e))
        except CertificateError as e:
            self._end("cloud.ca: {}".format(e))
        finally:
            if session is not None:
                session.close()
            self._interval.restart()

    def _picture(self):
        config = self._config
        camera = None
        self._others()
        try:
            kind = Camera
            if config.camera.light:
                from thingscam.camera.lamp import LitCamera as kind  # noqa: N813

            camera = kind(config.camera, config.cloud.limit_bytes, config.profile)
            return bytes(camera.capture())
        except CameraError as e:
            self._end(str(e))
            return None
        finally:
            if camera is not None:
                camera.close()  # TLS needs its memory

    def _progress(self, _sent):
        self._meanwhile()

    def _end(self, why):
        self.outcome = "unsent", why

    def _gateway(self):
        found = self._point.station.ifconfig()[2]
        return None if found == "0.0.0.0" else found


def _nobody(*_):
    return False
