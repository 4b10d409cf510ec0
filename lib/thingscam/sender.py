# What goes to the service next, and when: one picture at a time, at its pace.

from thingscam import errcodes, exif
from thingscam.backoff import Backoff
from thingscam.interval import Interval
from thingscam.port import const, ticks_diff, ticks_ms
from thingscam.session import Session
from thingscam.uploader import Uploader, UploadError

PACE = "the service's pace"  # in place of a trouble

_TOO_LARGE = const(4005)  # the service's errcode
_STUBBORN = const(3)  # failures in a row of one picture until another one is tried


class Sender:
    """Sends pictures from memory or from the outbox, and keeps what the service refuses.

    `host` has what it needs of the app: progress(sent), make_room() and, if it likes, wanted()
    for session.Session, too_large(size) for when the service finds a picture of so many bytes
    too large.

    Raises CertificateError when cloud.ca cannot be used.
    """

    def __init__(self, config, outbox, log, counters, host):
        cloud = config.cloud
        secure = cloud.endpoint.startswith("https:")
        self.needs_clock = secure and cloud.verify
        ca = cloud.ca if secure else None
        ways = (host.progress, host.make_room, getattr(host, "wanted", None))
        self._session = Session(ca, cloud.timeout_s, cloud.verify, *ways)
        self._uploader = Uploader(config, self._session)
        self._limit = cloud.limit_bytes
        self._model = config.camera.board if config.camera.exif else None
        self._outbox = outbox
        self._newest_first = config.outbox.order == "newest"
        self._log = log
        self._counters = counters
        self._host = host
        self._failed = None  # the picture that failed last, and how often in a row
        self._failures = 0
        self.silences = 0  # uploads in a row that got no answer at all
        self.interval = Interval()
        self.backoff = Backoff()
        self.trouble = None  # the last UploadError, until a picture is accepted

    def left_ms(self):
        """Return the milliseconds until the next request may start."""
        return max(self.interval.left_ms(), self.backoff.left_ms())

    def why_silent(self):
        """Return why no request may start now, a text (PACE: nothing is wrong), or None."""
        if self.backoff.left_ms():
            return str(self.trouble or "waiting since a failure before the last start")
        return PACE if self.interval.left_ms() else None

    def send_frame(self, frame, captured_at, cause):
        """Send a picture from memory; return whether that settled it (else: keep it)."""
        image = self._stamped(frame, captured_at, cause)
        return self._upload(image, len(frame), cause) in (None, errcodes.DROP)

    def send_kept(self):
        """Send the picture of the outbox whose turn it is, if there is one."""
        kept = self._next()
        if kept is None:
            return
        file = None
        try:
            file = kept.open()
            image = self._stamped(file, kept.captured_at, kept.cause)
        except OSError as e:
            if file is not None:
                file.close()
            self._outbox.step_over(kept.number, "read", e)  # it was whole, and may be again
            return
        try:
            action = self._upload(image, kept.size, kept.cause)
        finally:
            file.close()
        if action is None:
            self._outbox.remove(kept)
        elif action == errcodes.DROP:
            self._outbox.reject(kept)
        else:
            self._failures = self._failures + 1 if kept.number == self._failed else 1
            self._failed = kept.number

    def no_network(self, why):
        """Take note that there is no way out: the next try waits as after a failure."""
        self._backoff_after(UploadError(errcodes.RETRY, why))

    def clock_set(self):
        """Renew what is kept for the next start: call it when the clock has been set."""
        self.interval.clock_set()
        self.backoff.clock_set()

    def connected(self):
        """Return whether a connection to the service is open, as far as is known."""
        return self._session.connected()

    def hang_up(self):
        """Close the connection: the network is gone, or memory is needed."""
        self._session.close()

    def _next(self):
        box = self._outbox
        first, other = box.oldest, box.newest
        if self._newest_first:
            first, other = other, first
        kept = first()
        if kept is None or kept.number != self._failed or self._failures < _STUBBORN:
            return kept
        # The service answers, but not to this picture: it must not hold up all others.
        self._failures = 0
        return other() if self.trouble is not None and self.trouble.errcode else kept

    def _stamped(self, image, captured_at, cause):
        if self._model is None:
            return image
        segment = exif.segment(captured_at, cause, self._model)
        return exif.Stamped(image, segment, self._limit)

    def _upload(self, image, size, cause):
        # Returns None when the picture was accepted, else the action.
        start = ticks_ms()
        self.interval.restart()
        try:
            url = self._uploader.upload(image)
        except UploadError as e:
            self._refused(e, size)
            return e.action
        finally:
            self.interval.restart()
        self.backoff.success()
        self.trouble = None
        self.silences = 0
        self._counters.add("sent")
        took = ticks_diff(ticks_ms(), start)
        self._log.info("upload %d bytes %s -> %s %d ms", size, cause, url, took)
        return None

    def _refused(self, e, size):
        # A certificate or a redirect that is refused came from someone.
        silent = e.status is None and e.action == errcodes.RETRY
        self.silences = self.silences + 1 if silent else 0
        if e.action != errcodes.DROP:
            self._counters.add("retried")
            self._backoff_after(e)
            return
        self._counters.add("dropped")
        self._log.error("picture refused for good: %s", e)
        if e.errcode == _TOO_LARGE:
            self._host.too_large(size)

    def _backoff_after(self, e):
        wait_s = self.backoff.failure(e)
        news = self.trouble is None or str(self.trouble) != str(e)
        self.trouble = e
        if e.action != errcodes.STOP:
            self._log.warning("upload failed, next try in %d s: %s", wait_s, e)
        elif news:
            self._log.error("stopped, a person must see to it: %s", e)
