# What is answered at the access point: the page, its form, phones that look for the internet.

import json

from thingscam.setup import page
from thingscam.setup.form import Draft, shown
from thingscam.setup.server import Refused, Response, redirect
from thingscam.util.compat import const, ticks_diff, ticks_ms

_HTML = "text/html; charset=utf-8"
_JSON = "application/json"
_FULL = const(28)  # ENOSPC, which boards do not name
_SCAN_MS = const(10000)  # a scan lets nothing in: not oftener

# What becomes of a save, in the page's words.
TRYING, SAVED = "trying", "saved"


class Portal:
    """Answers requests at `point`, an AccessPoint that is open.

    `log` is a Log. `eye` takes the live pictures, see eye.py; None: there are none. `status()`
    returns what else the page shows, a dict. `upload()` begins a test upload.
    """

    def __init__(self, point, log, eye=None, status=None, upload=None):
        self._point = point
        self._log = log
        self._eye = eye
        self._status = status
        self.upload = upload
        self.draft = Draft()
        self.language = None
        self.notice = None  # see say()
        self.done = False  # the person has ended it
        self.used = ticks_ms()  # when somebody asked for something last
        self._left = []  # networks that are still to be tried
        self._trying = None  # (row, entry)
        self._scanned = ticks_ms()

    def is_ours(self, address):
        """Return whether `address` is of the access point's own network."""
        return address.rpartition(".")[0] == self._point.address.rpartition(".")[0]

    def answer(self, request):
        """Return the Response to a Request; raises Refused."""
        host = request.headers.get("host", "")
        if host not in (self._point.address, self._point.address + ":80"):
            # A phone that looks whether this is the internet, by a name of its own. What it
            # wants to find is not here, so it shows its user what is.
            if request.method in ("GET", "HEAD"):
                return redirect(302, "http://{}/".format(self._point.address))
            raise Refused(403)
        route = _ROUTES.get(request.path)
        if route is None:
            if request.path[:5] == "/api/":
                from thingscam.setup.vendor import answer

                _need_own(request, host)
                self.used = ticks_ms()
                return answer(request, self, self._point)
            raise Refused(404)
        method, call = route
        if request.method != method and (method, request.method) != ("GET", "HEAD"):
            raise Refused(405)
        if method == "POST":
            _need_own(request, host)
        self.used = ticks_ms()
        return getattr(self, call)(request)

    def refusal(self, status):
        """Return the Response to a request that is refused."""
        return Response(status, _HTML, page.refusal(status, self.language).encode())

    def step(self):
        """Go on with what was begun: a new Wi-Fi that is tried, and saved when it works."""
        if self._trying is None:
            return
        row, entry = self._trying
        outcome = self._point.joined()
        if outcome is None:
            return
        if outcome is not True:
            self._trying = None
            self._left = []
            self.draft.mistakes["ssid.%d" % row] = outcome
            self.say("failed", _name(entry))
            self._log.warning("setup: Wi-Fi %s is not joined: %s", _name(entry), outcome)
            return
        self._log.info("setup: Wi-Fi %s works", _name(entry))
        self._next()

    def save(self, form):
        """Take a form, a dict of texts: check it, try what Wi-Fi is new in it, write it."""
        self._trying, self._left = None, []
        new = self.draft.take(form)
        if self.draft.mistakes:
            self.say("mistakes", str(len(self.draft.mistakes)))
            return
        self._left = [] if form.get("untried") else new
        self._next()

    def say(self, what, value=""):
        """Have the page say so: `what` is a key of page.NOTICES, `value` goes into its text."""
        self.notice = (what, value)

    def is_trying(self):
        """Return whether a new Wi-Fi is being tried."""
        return self._trying is not None

    def has_picture(self):
        """Return whether there are live pictures."""
        return self._eye is not None

    def scan(self):
        """Look around for networks, unless that was done just now or one is tried."""
        now = ticks_ms()
        if self._trying is None and ticks_diff(now, self._scanned) > _SCAN_MS:
            self._scanned = now
            self._point.scan()

    def _next(self):
        # The next network is tried; when there is none left, all of it is written.
        if self._left:
            self._trying = self._left.pop(0)
            entry = self._trying[1]
            ssid = entry.get("ssid")
            if ssid is None:
                import binascii

                ssid = binascii.unhexlify(entry["ssid_hex"])
            self._point.join(ssid, entry.get("password", ""))
            self.say(TRYING, _name(entry))
            return
        self._trying = None
        try:
            self.draft.save()
        except OSError as e:
            self.say("unwritten", "full" if e.errno == _FULL else "fails")
            self._log.error("setup: config.json cannot be written (%s)", e)
            return
        self.say(SAVED, "")
        self._log.info("setup: config.json is written")

    # The routes.

    def _page(self, request):
        chosen = request.query.get("lang")
        if chosen in page.LANGUAGES:
            self.language = chosen
        if self.language is None:
            self.language = page.language(request.headers.get("accept-language", ""))
        return Response(200, _HTML, page.render(self, self._point))

    def _save(self, request):
        self.save(request.form())
        return _back()

    def _look(self, _request):
        self.scan()
        return _back()

    def _state(self, _request):
        what, value = self.notice or ("", "")
        state = self._status() if self._status else {}
        state["notice"], state["value"] = what, value
        state["networks"] = list(shown(self._point.networks))
        return Response(200, _JSON, json.dumps(state).encode())

    def _picture(self, request):
        if self._eye is None:
            raise Refused(404)
        if self.notice is not None and self.notice[0] == "sending":
            raise Refused(503)  # that needs the camera, and its memory
        frame = self._eye.look(request.query)
        if frame is None:
            raise Refused(503)
        return Response(200, "image/jpeg", frame)

    def _test(self, _request):
        if self.upload is not None:
            self.upload()
        return _back()

    def _end(self, _request):
        self.done = True
        self.say("ended", "")
        return _back()


_ROUTES = {
    "/": ("GET", "_page"),
    "/state": ("GET", "_state"),
    "/picture": ("GET", "_picture"),
    "/save": ("POST", "_save"),
    "/scan": ("POST", "_look"),
    "/test": ("POST", "_test"),
    "/end": ("POST", "_end"),
}


def _need_own(request, host):
    # What changes something comes from this page, or from no page: an app. Other sites' pages may
    # be open on the same phone.
    own = "http://" + host
    origin, referer = request.headers.get("origin"), request.headers.get("referer")
    if origin not in (None, own) or (
        referer is not None and not (referer + "/").startswith(own + "/")
    ):
        raise Refused(403)


def _back():
    return redirect(303, "/")


def _name(entry):
    return entry.get("ssid", entry.get("ssid_hex"))
