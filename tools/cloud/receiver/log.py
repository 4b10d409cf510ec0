# The log: one line for each request and each thing that happens, as text or as JSON.

import datetime
import json
import logging
import socket
import time
import traceback
from urllib.parse import quote, quote_plus

from ...host.harmless import harmless
from ..service.journal import JOURNAL, UPLOAD
from .choices import JSON, TEXT

_LEVELS = {logging.DEBUG: "debug", logging.INFO: "info", logging.WARNING: "warning"}
_MASK = "***"


class Log:
    """Writes lines by `write` (called with a text), each an `event` with named values.

    `form` is TEXT or JSON, `instance` what this process is called among several, `now` returns
    the seconds since 1970. `secrets` (texts) never stand in a line, whoever put them there.
    """

    def __init__(self, write, form=TEXT, instance=None, now=time.time, secrets=()):
        self._write = write
        self._form = form
        self._instance = socket.gethostname() if instance is None else instance
        self._now = now
        spelled = {each for secret in secrets if secret for each in _spellings(secret)}
        self._secrets = sorted(spelled, key=len, reverse=True)

    def event(self, event, level="info", **values):
        """Write a line; a value that is None is left out."""
        values = {
            name: self._masked(value) if isinstance(value, str) else value
            for name, value in values.items()
            if value is not None
        }
        if self._form == JSON:
            self._write(self._json(event, level, values))
        else:
            shown = (f"{name} {value}" for name, value in values.items())
            self._write(_one_line(", ".join([event, *shown])))

    def said(self, line, event, **values):
        """Write a `line` (text) as it is, or as an event in JSON."""
        if self._form == JSON:
            self.event(event, **values)
        else:
            self._write(_one_line(self._masked(line)))

    def request(self, request, status, seconds):
        """Write the line of a request that is over, and took so long; `status` None: it got no
        answer."""
        upload = request.get(UPLOAD)
        path = request.app[JOURNAL].masked_path(request.rel_url.raw_path)
        if self._form == TEXT:
            words = [request.method, path, status or "-"]
            if upload:
                words += [upload.errcode or "-", f"{upload.bytes} bytes"]
            words.append(f"{seconds * 1000:.0f} ms")
            words += [upload.device] if upload and upload.device else []
            words += [f"from {request.remote}"] if not upload else []
            self._write(_one_line(self._masked(" ".join(map(str, words)))))
            return
        values = {"method": request.method, "path": path, "status": status}
        if upload:
            values |= {"errcode": upload.errcode, "bytes": upload.bytes}
            values |= {"device": upload.device or None}
        values |= {"ms": round(seconds * 1000, 1), "client": request.remote}
        level = "error" if status and status >= 500 else "info"
        self.event("request", level, **values)

    def handler(self):
        """Return a logging.Handler that writes here what libraries log."""
        return _Handler(self)

    def _json(self, event, level, values):
        at = datetime.datetime.fromtimestamp(self._now(), datetime.UTC)
        found = {
            "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": level,
            "event": event,
            **values,
            "instance": self._instance,
        }
        return json.dumps(found, default=str)

    def _masked(self, text):
        for secret in self._secrets:
            text = text.replace(secret, _MASK)
        return text


def _spellings(secret):
    return secret, quote(secret), quote(secret, safe=""), quote_plus(secret), repr(secret)[1:-1]


def _one_line(text):
    # Who made a value of it cannot end the line and begin another.
    return harmless(text).replace("\n", "\\n")


class _Handler(logging.Handler):
    def __init__(self, log):
        super().__init__(logging.WARNING)
        self._log = log

    def emit(self, record):
        trace = None
        if record.exc_info and record.exc_info[1]:
            trace = "".join(traceback.format_exception(*record.exc_info))
        self._log.event(
            "log",
            _LEVELS.get(record.levelno, "error"),
            logger=record.name,
            message=record.getMessage(),
            traceback=trace,
        )
