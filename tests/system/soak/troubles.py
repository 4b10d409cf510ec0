# What can go wrong with one board and its world, a method each; all that is played is counted.

import collections

from tests.system.soak.relay import ALIVE, REFUSING, SILENT
from tests.system.soak.rig import MARK, PASSWORD, SSID, STRONG

_ALWAYS = 1000000
_NTP = ("pool.ntp.org", "time.cloudflare.com", "ntp.aliyun.com")
_DAY_S = 86400
_RATE = 500000  # bytes in a second, as is usual
_BETWEEN_PANICS_MS = 130000
# What the service, or who stands in its place, does to one request or some.
ANSWERS = (
    {"gzip": True},
    {"gzip": True, "times": 3},
    {"html": "firewall", "status": 403},
    {"html": "gateway", "status": 502, "times": 4},
    {"html": "xml"},
    {"html": "text", "times": 2},
    {"html": "portal", "times": 5},
    {"raw": "HTTP/1.1 204 No Content\r\n\r\n"},
    {"raw": "HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + 9000 * "x"},
    {"cut": 60},
    {"cut": 230},
    {"delay": {"before_answer": 1.5}, "slow": 0.002},
)


class Troubles:
    """Plays troubles in a rig; `faults` is the judge's Faults, `chance` a random.Random.

    Each begins now, and its end is planned. `answers` are faults of the service beside ANSWERS.
    """

    def __init__(self, rig, chance, faults, answers):
        self._rig = rig
        self._board = rig.board
        self._chance = chance
        self._faults = faults
        self._answers = ANSWERS + answers
        self._dns = {"up": True}
        self._panicked_ms = 0
        self._filled = set()
        self.count = collections.Counter()  # how often each was played
        self._deck = []

    def names(self, tls, card):
        """Return the names of what can go wrong with a board of this kind, as often as usual."""
        found = ["answer"] * 6 + ["line"] * 2 + ["wifi", "access_point", "ntp_blocked"]
        found += ["ntp_wrong", "dns_dead", "dns_late", "addresses", "bounce", "no_camera"]
        found += ["flash_read", "flash_corrupt", "flash_write", "en", "panic"]
        if tls:
            found += ["handshake"] * 2
        if card:
            found += ["card_pulled", "card_dead", "card_write", "card_read", "card_protected"]
        return found

    def play(self, names):
        """Begin one of the troubles of these names: each has its turn before any comes again."""
        if not self._deck:
            self._deck = self._chance.sample(names, len(names))
        getattr(self, "_" + self._deck.pop())()

    def fill(self, medium):
        """Leave little room on the "flash" or the "card"; the power is off."""
        room = self._chance.choice((0, 8192, 20000, 60000))
        (self._board.card_fill if medium == "card" else self._board.flash_fill)(room)
        self._filled.add(medium)
        self._count(medium + " full")
        self._faults.begin(medium + " full", "storage", "full")

    def firewall(self):
        """Have a firewall before the service that cannot stand the bytes of some pictures."""
        for _ in range(2):
            mark = self._refuse(2, 12)
            fault = {"containing": mark, "html": "firewall", "status": 403, "times": _ALWAYS}
            self._rig.service.fault(fault)
        self._count("403 for some pictures")

    def fix(self):
        """Have everything work; the power is off."""
        rig, board = self._rig, self._board
        rig.forget_plan()
        rig.service.clear()
        rig.service.relay.pieces = None
        self._dns = {"up": True}
        board.dns(**self._dns, names={})
        board.wifi(True)
        self._strong(STRONG.rssi)
        board.internet(True, _RATE)
        board.ntp(True)
        for server in _NTP:
            board.ntp(True, server=server)
        board.pin(rig.pir_pin, 0)
        for kind in ("read", "corrupt", "write"):
            board.flash_fault(kind, None)
        if "flash" in self._filled:
            board.flash_fill(None)
        if board.state()["card"] is not None:
            for kind in ("read", "write", "protected"):
                board.card_fault(kind, 0)
            board.card_push()
        if "card" in self._filled:
            board.card_fill(None)
        self._filled.clear()
        self._faults.end()

    def _refuse(self, least, most):
        # Returns the mark of a picture to come: something will refuse it, and no other.
        last = max(self._rig.ledger.frames, default=0)
        frame = last + self._chance.randrange(least, most)
        self._faults.refused.add(frame)
        return "frame {:06d}".format(frame)

    def _count(self, name):
        self.count[name] += 1
        self._rig.ledger.note(name)

    def _for_a_while(self, name, kind, begin, end, most_s=90, what=None):
        # Nothing begins twice: who ended the first would end the second as well.
        what = what or name
        if self._faults.goes_on(what):
            return
        self._count(name)
        begin()
        self._faults.begin(what, kind)

        def over():
            self._rig.ledger.note("no more: " + name)
            end()
            self._faults.end(what)

        rig = self._rig
        rig.at(rig.now_ms + self._chance.uniform(2, most_s) * 1000, over)

    def _answer(self):
        fault = self._chance.choice(self._answers)
        self._rig.service.fault(fault)
        self.count["answers"] += 1
        self._rig.ledger.note("answer: {}".format(str(fault)[:80]))

    def _line(self):
        rate = self._chance.choice((None, None, 2000))
        self._for_a_while(
            "line cut" if rate is None else "line slow",
            "network",
            lambda: self._board.internet(rate is not None, rate),
            lambda: self._board.internet(True, _RATE),
            what="line",
        )

    def _wifi(self):
        wifi = self._board.wifi
        self._for_a_while(
            "no Wi-Fi", "network", lambda: wifi(False), lambda: wifi(True), what="air"
        )

    def _access_point(self):
        fault = self._chance.choice(({"up": False}, {"dhcp": False}, {"drops_s": 15}, {}))
        self._for_a_while(
            "access point",
            "network",
            lambda: self._strong(STRONG.rssi if fault else -92, **fault),
            lambda: self._strong(STRONG.rssi),
            what="air",
        )

    def _strong(self, rssi, **fault):
        here = {"bssid": STRONG.bssid, "channel": STRONG.channel}
        self._board.network(SSID, PASSWORD, rssi, **here, **fault)

    def _ntp_blocked(self):
        ntp = self._board.ntp
        self._for_a_while("NTP blocked", "clock", lambda: ntp(False), lambda: ntp(True))

    def _ntp_wrong(self):
        server = self._chance.choice(_NTP)
        wrong_s = self._chance.choice((19 * _DAY_S, -19 * _DAY_S, 73 * 365 * _DAY_S, 900))
        ntp = self._board.ntp
        self._for_a_while(
            "NTP wrong",
            "clock",
            lambda: ntp(True, server, wrong_s),
            lambda: ntp(True, server),
        )

    def _name_server(self, name, **change):
        usual = {"up": True, "servers": 1, "late_s": 0}

        def change_to(values):
            self._dns.update((key, values[key]) for key in change)
            self._board.dns(**self._dns)

        self._for_a_while(name, "network", lambda: change_to(change), lambda: change_to(usual))

    def _dns_dead(self):
        self._name_server("DNS dead", up=False, servers=self._chance.choice((1, 2, 3)))

    def _dns_late(self):
        self._name_server("DNS late", late_s=self._chance.uniform(2, 9))

    def _addresses(self):
        dead = self._chance.choice(([REFUSING], [SILENT], [SILENT, REFUSING]))

        def change_to(names):
            self._board.dns(**self._dns, names=names)

        self._for_a_while(
            "dead addresses first",
            "network",
            lambda: change_to({"localhost": [*dead, ALIVE]}),
            lambda: change_to({}),
            240,
        )

    def _handshake(self):
        relay = self._rig.service.relay
        pause_s = self._chance.choice((2, 5, 13)) / self._rig.board.speed

        def change_to(pieces):
            relay.pieces = pieces

        self._for_a_while(
            "TLS in pieces", "network", lambda: change_to((250, pause_s)), lambda: change_to(None)
        )

    def _bounce(self):
        hz, seconds = self._chance.choice((5, 20, 50)), self._chance.uniform(3, 20)
        self._board.bounce(self._rig.pir_pin, hz, seconds)
        self._count("sensor bounces")

    def _no_camera(self):
        self._board.camera_fault("start", self._chance.choice((1, 2)))
        self._count("no camera")

    def _en(self):
        self._rig.press()
        self._count("EN pressed")

    def _panic(self):
        # Three in a row, less than a minute after a start each, would be safe mode.
        now = self._rig.now_ms
        if now - self._panicked_ms > _BETWEEN_PANICS_MS and self._rig.panic():
            self._panicked_ms = now
            self._count("panic")

    def _flash(self, name, kind, text, most_s=90):
        fault = self._board.flash_fault
        self._for_a_while(
            name, "storage", lambda: fault(kind, text), lambda: fault(kind, None), most_s
        )

    def _flash_read(self):
        if not self._faults.goes_on("flash: a picture unreadable"):
            self._flash("flash: a picture unreadable", "read", self._refuse(0, 4), 240)

    def _flash_corrupt(self):
        # The outbox's folder cannot be listed, and nothing below it be found. (Were it not in both
        # of a folder's blocks, littlefs would take the older one: back in time.)
        self._flash("flash: littlefs corrupt", "corrupt", MARK)

    def _flash_write(self):
        self._flash("flash: no writing", "write", "")

    def _card(self, name, begin, end, most_s=90):
        self._for_a_while("card: " + name, "storage", begin, end, most_s, "card")

    def _card_faults(self, name, count, *kinds):
        def change_to(number):
            for kind in kinds:
                self._board.card_fault(kind, number)

        self._card(name, lambda: change_to(count), lambda: change_to(0))

    def _card_pulled(self):
        self._card("pulled", self._board.card_pull, self._board.card_push)

    def _card_dead(self):
        self._card_faults("silent death", _ALWAYS, "read", "write")

    def _card_write(self):
        self._card_faults("writes fail", self._chance.choice((1, 3, 20)), "write")

    def _card_read(self):
        self._card_faults("reads fail", self._chance.choice((1, 3, 20)), "read")

    def _card_protected(self):
        self._card_faults("write-protected", 1, "protected")
