# Joining Wi-Fi, joining it again, giving up for now; never waiting for it.

from thingscam.board import rtc
from thingscam.util.compat import const, ticks_add, ticks_diff, ticks_ms

try:
    import network
except ImportError:  # a computer, whose network is there or not
    network = None

_JOIN_MS = const(15000)  # one access point's chance
_RECONNECTS = const(2)  # the driver's own tries after the first; without a bound it never gives up
_IDLE = const(1000)  # of status(), and below it the driver's reasons (wifi_err_reason_t)
# What a wrong password looks like: STAT_WRONG_PASSWORD, or more often a four-way handshake that
# is not answered (WIFI_REASON_4WAY_HANDSHAKE_TIMEOUT, WIFI_REASON_HANDSHAKE_TIMEOUT). 205 is
# WIFI_REASON_CONNECTION_FAIL, which from 1.22 on is shown as 202.
_REFUSALS = (202, 205, 15, 204)
_LAST_WORDS = (15, 204)  # status() shows these when the driver has given up, others before
_DOUBT_MS = const(6000)  # a reason may pass: the driver's next try is under way
_LEAVE_MS = const(2000)  # isconnected() stays true until the event of a disconnect() comes
_FIRST_PAUSE_MS = const(5000)  # after a round of all networks without success
_LONGEST_PAUSE_MS = const(300000)
_SHORT_MS = const(60000)  # who throws the board out so soon has not let it in
_SHORT_PAUSE_MS = const(60000)
_EACH_SAID = const(3)  # failures that are said one by one, and then every twelfth
_SELDOM = const(12)
_MAX_BAD = const(8)
_SCANNED = const(2)  # access points of a name that are tried in a round

# Another access point of the name is looked for when the signal is weak for three minutes, four
# times an hour at most; it must be much stronger.
_LOOK_MS = const(10000)
_WEAK_DBM = const(-75)
_WEAK_LOOKS = const(18)
_SCAN_LOOKS = const(90)
_STRONGER_DB = const(12)


class Wifi:
    """Keeps the board in one of `networks`, a list of (ssid, password); an ssid may be bytes.

    Without any it takes the board to be online: by a cable, or by someone else's doing.
    The strongest access point in reach is tried first, or the one that was good last, which
    is remembered over deep sleep. `log` is a Log. `wanted()` tells whether this is no moment
    for a scan, which lets nothing in: then it does without.
    """

    def __init__(self, networks, log, wanted):
        self._networks = networks
        self._log = log
        self._wanted = wanted
        self._wlan = None
        if network is not None and networks:
            self._wlan = network.WLAN(network.STA_IF)
        self._up = False
        self._left = []  # still to be tried in this round: (number of the network, BSSID or None)
        self._trying = None  # one of these
        self._stale = None  # the status before this try: the driver's reason for another
        self._doubted = False
        self._here = None  # the number of the network that was asked for last
        self._leaving = False
        self._bad = []  # BSSIDs that would not have us
        self._until = self._since = self._looked = ticks_ms()
        self._pause_ms = _FIRST_PAUSE_MS
        self._rounds = 0  # in a row without success
        self._short = 0  # joins in a row that did not last
        self._first_round = True
        self._resting = False
        self._weak = self._looks = 0
        # A soft reset keeps what was joined before: with other settings than these, perhaps.
        self.off()

    def step(self):
        """Do the next bit of joining, without waiting; return whether the board is online.

        A scan blocks for the 2.4 s that the driver takes.
        """
        if self._wlan is None:
            return True
        if self._resting and ticks_diff(ticks_ms(), self._until) < 0:
            return False
        self._resting = False
        try:
            return self._step()
        except (OSError, RuntimeError) as e:
            # The driver is in the middle of something, or out of memory.
            if self._is_news():
                self._log.warning("Wi-Fi driver: %s, next try in %d s", e, self._pause_ms // 1000)
            self.off()
            self._up = self._leaving = False
            self._start_over()
            self._pause()
            self._resting = True
            return False

    def off(self):
        """Switch the radio off: before a deep sleep, or to begin afresh."""
        if self._wlan is not None:
            try:
                self._wlan.active(False)
            except (OSError, RuntimeError) as e:
                self._log.warning("Wi-Fi cannot be switched off (%s)", e)

    def rssi(self):
        """Return the signal's strength in dBm, None where it cannot be told."""
        try:
            if self._wlan is None or not self._wlan.isconnected():
                return None
            return self._wlan.status("rssi")
        except (OSError, RuntimeError, ValueError):
            return None

    def gateway(self):
        """Return the gateway's address, a text; None without one."""
        try:
            found = self._wlan.ifconfig()[2] if self._wlan is not None else "0.0.0.0"
        except (OSError, RuntimeError):
            return None
        return None if found == "0.0.0.0" else found

    def _step(self):
        joined = self._wlan.isconnected()
        if self._leaving:
            if joined and ticks_diff(ticks_ms(), self._until) < 0:
                return False
            self._leaving = False
            self._until = ticks_ms()
        if joined:
            if not self._up:
                self._joined()
            return not self._roam()
        if self._up:
            self._lost()
        if self._trying is not None:
            self._look(*self._trying)
        elif ticks_diff(ticks_ms(), self._until) >= 0:
            self._try_next()
        return False

    def _joined(self):
        self._up = True
        self._left = []
        self._first_round = True
        self._since = self._looked = ticks_ms()
        self._weak = self._looks = 0
        number, bssid = self._trying or (self._here, None)
        self._trying = None
        if self._rounds >= _EACH_SAID:
            self._short = 0
        self._rounds = 0
        if self._is_news():
            self._log.info("Wi-Fi %s, %s dBm", self._text(number), self.rssi())
        rtc.remember(rtc.WIFI, bytes([number, len(self._networks)]))
        rtc.remember(rtc.POINT, bssid or bytes(6))

    def _lost(self):
        self._up = False
        if self._is_news():
            self._log.warning("Wi-Fi lost")
        self._start_over()
        if 0 <= ticks_diff(ticks_ms(), self._since) < _SHORT_MS:
            self._short += 1
        else:
            self._short = 0
        if self._short <= _EACH_SAID:
            self._pause_ms = _FIRST_PAUSE_MS
        else:
            self._pause_ms = min(self._pause_ms, _SHORT_PAUSE_MS)
            self._rest()

    def _start_over(self):
        self._left = []
        self._trying = None
        self._first_round = True
        self._until = ticks_ms()

    def _look(self, number, bssid):
        # Give up what is being tried if it will not do.
        status = self._wlan.status()
        if status != self._stale:
            self._stale = None
        now = ticks_ms()
        told = self._stale is None and status < _IDLE
        if told and not self._doubted:
            self._doubted = True
            if ticks_diff(self._until, now) > _DOUBT_MS:
                self._until = ticks_add(now, _DOUBT_MS)
        if not (told and status in _LAST_WORDS) and ticks_diff(now, self._until) < 0:
            return
        if told and status in _REFUSALS:
            if self._is_news():
                text = "Wi-Fi %s seems to refuse the password: check wifi"
                self._log.error(text, self._text(number))
            if bssid is not None:  # it is this one that would be found again
                self._left = [each for each in self._left if each != (number, None)]
        elif self._is_news():
            self._log.warning("Wi-Fi %s does not answer (status %s)", self._text(number), status)
        if bssid is not None:
            self._bad = self._bad[1 - _MAX_BAD :] + [bssid]
        self._trying = None
        self._until = now
        self._wlan.disconnect()  # its event is to come before the next try

    def _try_next(self):
        if not self._left:
            if not self._first_round:
                if self._is_news():
                    self._log.info("no Wi-Fi, next try in %d s", self._pause_ms // 1000)
                self._pause()
                self._first_round = True
                return
            self._first_round = False
            self._wlan.active(True)
            self._wlan.disconnect()  # while the driver goes on by itself, a scan finds nothing
            self._left = self._in_order()
        self._trying = self._left.pop(0)
        number, bssid = self._trying
        self._here = number
        ssid, password = self._networks[number]
        self._stale = self._wlan.status()
        self._doubted = False
        self._until = ticks_add(ticks_ms(), _JOIN_MS)
        self._wlan.config(reconnects=_RECONNECTS)
        self._wlan.connect(ssid, password or None, bssid=bssid)

    def _pause(self):
        self._rounds += 1
        self._rest()

    def _rest(self):
        self._until = ticks_add(ticks_ms(), self._pause_ms)
        self._pause_ms = min(2 * self._pause_ms, _LONGEST_PAUSE_MS)

    def _is_news(self):
        # What goes on for hours is not said a hundred times.
        return all(n < _EACH_SAID or n % _SELDOM == 0 for n in (self._rounds, self._short))

    def _in_order(self):
        count = len(self._networks)
        kept = rtc.recall(rtc.WIFI)
        if kept and kept[1] == count and kept[0] < count:
            # Once, and no round of its own: if it is gone, the board looks around next.
            rtc.remember(rtc.WIFI, bytes(2))
            self._first_round = True
            point = rtc.recall(rtc.POINT)
            return [(kept[0], point if point and any(point) else None)]
        points = self._scanned()
        if points and all(bssid in self._bad for _, _, bssid in points):
            self._bad = []
        found = []
        for _, number, bssid in points:
            if bssid not in self._bad and sum(each[0] == number for each in found) < _SCANNED:
                found.append((number, bssid))
        seen = [number for number in range(count) if any(each[0] == number for each in found)]
        # Those not seen come last: their name may be hidden.
        rest = seen + [number for number in range(count) if number not in seen]
        return found + [(number, None) for number in rest]

    def _scanned(self):
        # The access points of our networks: [(weakness, number of the network, BSSID)].
        points = []
        if self._wanted():
            return points
        try:
            for each in self._wlan.scan():
                for number in range(len(self._networks)):
                    if self._name(number) == each[0]:
                        points.append((-each[3], number, bytes(each[1])))
        except (OSError, RuntimeError) as e:
            if self._is_news():
                self._log.warning("Wi-Fi scan failed (%s)", e)
        points.sort()
        return points

    def _roam(self):
        # Whether it leaves for a much stronger access point of the same name.
        now = ticks_ms()
        if 0 <= ticks_diff(now, self._looked) < _LOOK_MS:
            return False
        self._looked = now
        self._looks += 1
        rssi = self.rssi()
        self._weak = self._weak + 1 if rssi is not None and rssi < _WEAK_DBM else 0
        if self._weak < _WEAK_LOOKS or self._looks < _SCAN_LOOKS or self._wanted():
            return False
        self._looks = 0
        for weakness, number, bssid in self._scanned():
            if -weakness < rssi + _STRONGER_DB:
                break
            if number == self._here and bssid not in self._bad:
                self._log.info("Wi-Fi %s: changing to %d dBm", self._text(number), -weakness)
                self._left = [(number, bssid), (number, None)]
                self._first_round = self._up = False
                self._leaving = True
                self._until = ticks_add(now, _LEAVE_MS)
                self._wlan.disconnect()
                return True
        return False

    def _name(self, number):
        ssid = self._networks[number][0]
        return ssid if isinstance(ssid, bytes) else ssid.encode()

    def _text(self, number):
        ssid = self._networks[number][0]
        return str(ssid)[2:-1] if isinstance(ssid, bytes) else ssid
