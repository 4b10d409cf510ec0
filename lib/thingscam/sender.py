# What goes to the service next, and when: one picture at a time, at its pace.

from thingscam.board import chip as board
from thingscam.cloud import errcodes
from thingscam.cloud.backoff import Backoff
from thingscam.cloud.failing import Stubborn
from thingscam.cloud.interval import Interval
from thingscam.cloud.uploader import ANSWER, FILE, Uploader, UploadError
from thingscam.http.session import Session
from thingscam.image import exif
from thingscam.util.compat import const, ticks_add, ticks_diff, ticks_ms

PACE = "the service's pace"  # in place of a trouble

_TOO_LARGE = const(4005)  # the service's errcode


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
        address = board.Place(board.ADDRESS)  # the last good one
        self._session = Session(ca, cloud.timeout_s, cloud.verify, *ways, address)
        self._uploader = Uploader(config, self._session)
        self._uploader.ready()
        self._limit = cloud.limit_bytes
        self._model = config.camera.board if config.camera.exif else None
        self._outbox = outbox
        self._newest_first = config.outbox.order == "newest"
        self._log = log
        self._counters = counters
        self._host = host
        self._stubborn = Stubborn()
        self._carried = None  # size and time of one whose answer, sent from memory, was unclear
        self._rest = None  # ticks until which nothing is to be offered, and how many wait
        self.silences = 0  # uploads in a row that got no answer at all
        self.interval = Interval()
        self.backoff = Backoff()
        self.trouble = None  # the last UploadError, until a picture is accepted

    def left_ms(self):
        """Return the milliseconds until the next request may start."""
        return max(self.interval.left_ms(), self.waits_ms())

    def waits_ms(self):
        """Return the milliseconds of a pause that something that failed is the reason for."""
        return max(self.backoff.left_ms(), self._rest_ms())

    def why_silent(self):
        """Return why no request may start now, a text (PACE: nothing is wrong), or None."""
        if self.backoff.left_ms():
            return str(self.trouble or "waiting since a failure before the last start")
        if self._rest_ms():
            return "what waits failed and is put off: %s" % (self.trouble or "see the log")
        return PACE if self.interval.left_ms() else None

    def send_frame(self, frame, captured_at, cause):
        """Send a picture from memory; return whether that settled it (else: keep it)."""
        image = self._stamped(frame, captured_at, cause)
        e = self._upload(image, len(frame), cause)
        if e is None:
            self._stubborn.succeeded()
        elif e.action == errcodes.DROP:
            # For a person to see, as one that was kept.
            if self._outbox.refusal(frame, captured_at, cause) is None:
                kept = self._outbox.newest()
                if kept is not None and kept.size == len(frame):
                    self._outbox.reject(kept)
        elif e.fault == ANSWER:
            self._carried = len(frame), captured_at
        return e is None or e.action == errcodes.DROP

    def send_kept(self):
        """Send the picture of the outbox whose turn it is, if there is one."""
        kept = self._next()
        if kept is None:
            left = self._stubborn.left_ms()
            if left:
                self._rest = ticks_add(ticks_ms(), left), len(self._outbox)
            return
        file = None
        try:
            file = kept.open()
            image = self._stamped(file, kept.captured_at, kept.cause)
        except OSError as e:
            if file is not None:
                file.close()
            self._outbox.skip(kept.number, "read", e)  # it was whole, and may be again
            return
        try:
            e = self._upload(image, kept.size, kept.cause)
        finally:
            file.close()
        if e is None:
            self._outbox.remove(kept)
            self._stubborn.succeeded(kept.number)
        elif e.action == errcodes.DROP:
            self._outbox.reject(kept)
            self._stubborn.forget(kept.number)
        else:
            self._failed(kept, e)

    def no_network(self, why):
        """Take note that there is no way out: the next try waits as after a failure."""
        self._backoff_after(UploadError(errcodes.RETRY, why))

    def clock_set(self):
        """Renew what is kept for the next start: call it when the clock has been set."""
        self.interval.clock_set()
        self.backoff.clock_set()

    def date(self):
        """Return the HTTP Date of an answer that came over verified TLS, once; else None."""
        date, self._session.date = self._session.date, None
        return date

    def connected(self):
        """Return whether a connection to the service is open, as far as is known."""
        return self._session.connected()

    def hang_up(self):
        """Close the connection: the network is gone, or memory is needed."""
        self._session.close()

    def _next(self):
        first = self._outbox.newest if self._newest_first else self._outbox.oldest
        if not self._stubborn:
            return first()
        known = self._stubborn.known()
        kept = first(known) if known else None
        if kept is None:
            kept = first(self._stubborn)
        if kept is None and self._stubborn.start_over():
            kept = first(self._stubborn)
        return kept

    def _failed(self, kept, e):
        unclear = int(e.fault == ANSWER)
        if unclear and (kept.size, kept.captured_at) == self._carried:
            self._carried = None
            unclear += 1
        why = self._stubborn.failed(kept.number, e.status is not None, e.fault == FILE, unclear)
        if why is None:
            return
        self._counters.add("dropped")
        self._log.error("picture %d is set aside in rejected/: %s (%s)", kept.number, why, e)
        self._outbox.reject(kept)
        self._stubborn.forget(kept.number)
        if unclear:
            self.backoff.success()  # it was taken in: the next need not wait

    def _rest_ms(self):
        if self._rest is None:
            return 0
        until, count = self._rest
        left = ticks_diff(until, ticks_ms())
        # A picture that comes meanwhile need not wait for those that failed.
        if left <= 0 or len(self._outbox) != count:
            self._rest = None
            return 0
        return left

    def _stamped(self, image, captured_at, cause):
        if self._model is None:
            return image
        segment = exif.segment(self._host.dated(captured_at), cause, self._model)
        return exif.Stamped(image, segment, self._limit)

    def _upload(self, image, size, cause):
        # Returns None when the picture was accepted, else the UploadError.
        start = ticks_ms()
        self.interval.restart()
        try:
            url = self._uploader.upload(image)
        except UploadError as e:
            self._refused(e, size)
            return e
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
        if e.fault == FILE:
            self._counters.add("retried")
            self._log.warning("upload failed, others go first: %s", e)
            return
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
