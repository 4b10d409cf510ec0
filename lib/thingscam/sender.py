# What goes to the service next, and when: one picture at a time, at its pace.

from thingscam.board import rtc
from thingscam.cloud import errcodes
from thingscam.cloud.backoff import Backoff, is_of_picture
from thingscam.cloud.failing import Failing
from thingscam.cloud.interval import Interval
from thingscam.cloud.uploader import ANSWER, FILE, PUT_OFF, Uploader, UploadError
from thingscam.http.session import Session
from thingscam.image import exif
from thingscam.util.compat import const, ticks_add, ticks_diff, ticks_ms

_TOO_LARGE = const(4005)  # the service's errcodes
_TOO_SOON = (4291, 4292)
_LOOK_MS = const(10000)  # between two looks where nothing that waits can be handed out


class Sender:
    """Sends pictures from memory or from the outbox, and keeps what the service refuses.

    `host` has what it needs of the app: progress(sent), free_memory() and, if it likes, wanted()
    for session.Session, too_large(size) for when the service finds a picture of so many bytes
    too large, and, if it likes, accepted(cause) for when it has one.

    Raises CertificateError when cloud.ca cannot be used.
    """

    def __init__(self, config, outbox, log, counters, host):
        cloud = config.cloud
        secure = cloud.endpoint.startswith("https:")
        self.needs_clock = secure and cloud.verify
        ca = cloud.ca if secure else None
        ways = (host.progress, host.free_memory, getattr(host, "wanted", None))
        self._accepted = getattr(host, "accepted", None)
        address = rtc.Place(rtc.ADDRESS)  # the last good one
        self.session = Session(ca, cloud.timeout_s, cloud.verify, *ways, address)
        self._uploader = Uploader(config, self.session)
        self._uploader.ready()
        self._limit = cloud.limit_bytes
        camera = config.camera
        self._model = (camera.board, camera.rotate) if camera.exif else None
        self._outbox = outbox
        self._newest_first = config.outbox.order == "newest"
        self._log = log
        self._counters = counters
        self._host = host
        self._failing = Failing()
        if self._failing:
            newest = outbox.newest()
            self._failing.cut(newest.number + 1 if newest else 0)
        self._carried = None  # size and time of one whose answer, sent from memory, was unclear
        self._looked = None  # outbox.changes when it was asked for the next picture last
        self._rest = None  # ticks: until then there is none
        self.unanswered = 0  # uploads in a row that got no answer at all
        self.interval = Interval()
        self.backoff = Backoff()
        self.trouble = None  # the last UploadError, until a picture is accepted

    def left_ms(self):
        """Return the milliseconds until the next request may start."""
        return max(self.interval.left_ms(), self.waits_ms())

    def waits_ms(self):
        """Return the milliseconds of a pause that something that failed is the reason for."""
        return self._all_wait_ms() or self._rest_ms()

    def blocked_reason(self):
        """Return why no request may start now, a text (PACE: nothing is wrong), or None."""
        if self._all_wait_ms():
            return str(self.trouble or "waiting since a failure before the last start")
        if self._rest_ms():
            return "what waits failed and is put off: %s" % (self.trouble or "see the log")
        return errcodes.PACE if self.interval.left_ms() else None

    def send_frame(self, frame, captured_at, cause):
        """Send a picture from memory; return whether that settled it (else: keep it)."""
        image = self._stamped(frame, captured_at, cause)
        e = self.upload(image, len(frame), cause)
        if e is None:
            self._failing.succeeded()
        elif e.action == errcodes.DROP:
            self._outbox.keep_rejected(frame, captured_at, cause)
        elif e.fault == ANSWER:
            self._carried = len(frame), captured_at
        return e is None or e.action == errcodes.DROP

    def send_kept(self):
        """Send the picture of the outbox whose turn it is, if there is one."""
        entry = self._next()
        self._looked = None
        if entry is None:
            return
        file = None
        try:
            file = entry.open()
            image = self._stamped(file, entry.captured_at, entry.cause)
        except OSError as e:
            if file is not None:
                file.close()
            self._outbox.skip(entry.number, "read", e)  # it was whole, and may be again
            return
        alone = self._failing.suspects(entry.number)
        try:
            e = self.upload(image, entry.size, entry.cause, alone)
        finally:
            file.close()
        if e is None:
            self._outbox.remove(entry)
            self._failing.succeeded(entry.number)
        elif e.action == errcodes.DROP:
            self._outbox.reject(entry)
            self._failing.forget(entry.number)
        elif e.action != errcodes.WAIT and e.fault != PUT_OFF:
            self._failed(entry, e, alone)

    def note_offline(self, why):
        """Take note that there is no way out: the next try waits as after a failure."""
        self._backoff_after(UploadError(errcodes.RETRY, why))

    def date(self):
        """Return the HTTP Date of an answer that came over verified TLS, once; else None."""
        date, self.session.date = self.session.date, None
        return date

    def connected(self):
        """Return whether a connection to the service is open, as far as is known."""
        return self.session.connected()

    def hang_up(self):
        """Close the connection: the network is gone, or memory is needed."""
        self.session.close()

    def _all_wait_ms(self):
        left = self.backoff.left_ms()
        # What failed may be to blame itself: new ones tell.
        return 0 if self._failing and self.backoff.bears(self._failing.run) else left

    def _rest_ms(self):
        if not self._failing:
            return 0
        if self._looked != self._outbox.changes:
            self._looked = self._outbox.changes
            self._rest = None
            if self._next() is None:
                left = self.backoff.left_ms() or self._failing.left_ms() or _LOOK_MS
                self._rest = ticks_add(ticks_ms(), left)
        left = 0 if self._rest is None else ticks_diff(self._rest, ticks_ms())
        if self._rest is not None and left <= 0:
            self._looked = self._rest = None
        return max(left, 0)

    def _next(self):
        box, failing = self._outbox, self._failing
        if not len(box):
            failing.cut(0)
        first = box.newest if self._newest_first else box.oldest
        if not failing:
            return first()
        entry = box.oldest((), failing.end) or box.newest((), failing.low - 1)
        if entry is not None or self.backoff.left_ms():
            return entry
        for number in failing.due():
            entry = box.get(number)
            if entry is not None:
                return entry
            if box.fault is None:
                failing.forget(number)  # it gave way to another one
        rows = failing.rows()
        return None if rows is None else first(rows)

    def _failed(self, entry, e, alone):
        unclear = int(e.fault == ANSWER)
        if unclear and (entry.size, entry.captured_at) == self._carried:
            self._carried = None
            unclear += 1
        why = self._failing.failed(entry.number, e.status is not None, e.fault == FILE, unclear)
        # What may be stored pushes nothing out of there, where no answer can be read.
        if why is not None and self._outbox.reject(entry, alone):
            self._counters.add("dropped")
            self._log.error("picture %d is set aside in rejected/: %s (%s)", entry.number, why, e)
            self._failing.forget(entry.number)

    def _stamped(self, image, captured_at, cause):
        if self._model is None:
            return image
        segment = exif.segment(self._host.dated(captured_at), cause, *self._model)
        return exif.Stamped(image, segment, self._limit)

    def upload(self, image, size, cause, alone=False):
        """Send `image`; return None when it was accepted, else the UploadError.

        `alone`: it failed before, and others did not.
        """
        start = ticks_ms()
        blind = self.interval.blind
        self.interval.restart(True)
        try:
            url = self._uploader.upload(image)
        except UploadError as e:
            if blind and e.errcode in _TOO_SOON:
                # It may have taken that one in late: no other sender is needed for it.
                told = e.message, e.errcode, e.status, None, "one was sent before this start"
                e = UploadError(e.action, *told)
            if e.fault != PUT_OFF:  # a picture is taken first, and it is tried after the pace
                self._refused(e, size, alone)
            return e
        finally:
            self.interval.restart()
        self.backoff.success()
        self.trouble = None
        self.unanswered = 0
        self._counters.add("sent")
        took = ticks_diff(ticks_ms(), start)
        self._log.info("upload %d bytes %s -> %s %d ms", size, cause, url, took)
        if self._accepted:
            self._accepted(cause)
        return None

    def _refused(self, e, size, alone):
        if e.action == errcodes.DROP:
            self._counters.add("dropped")
            self._log.error("picture refused for good: %s", e)
            if e.errcode == _TOO_LARGE:
                self._host.too_large(size)
            return
        self._counters.add("retried")
        if e.fault != FILE:
            # A certificate or a redirect that is refused came from someone.
            silent = e.status is None and e.action == errcodes.RETRY
            self.unanswered = self.unanswered + 1 if silent else 0
        if e.fault == FILE or alone and is_of_picture(e):
            self._log.warning("upload failed, others go first: %s", e)
        else:
            self._backoff_after(e)

    def _backoff_after(self, e):
        wait_s = self.backoff.failure(e)
        is_new = self.trouble is None or str(self.trouble) != str(e)
        self.trouble = e
        if e.action != errcodes.STOP:
            self._log.warning("upload failed, next try in %d s: %s", wait_s, e)
        elif is_new:
            self._log.error("stopped until this is fixed: %s", e)
