# Joining Wi-Fi, joining it again, giving up for now; never waiting for it.

from thingscam import board
from thingscam.port import const, ticks_add, ticks_diff, ticks_ms

try:
    import network
except ImportError:  # a computer, whose network is there or not
    network = None

_JOIN_MS = const(15000)  # one network's chance
_RECONNECTS = const(2)  # the driver's own tries; with more it never tells why it fails
# STAT_WRONG_PASSWORD, and what a wrong one looks like more often: a four-way handshake
# that is not answered (WIFI_REASON_4WAY_HANDSHAKE_TIMEOUT, WIFI_REASON_HANDSHAKE_TIMEOUT).
_REFUSALS = (202, 15, 204)
_FIRST_PAUSE_MS = const(5000)  # after a round of all networks without success
_LONGEST_PAUSE_MS = const(300000)


class Wifi:
    """Keeps the board in one of `networks`, a list of (ssid, password).

    Without any it takes the board to be online: by a cable, or by someone else's doing.
    The strongest one in reach is tried first, or the one that was good last, which is
    remembered over deep sleep. `log` is a Log. `wanted()` tells whether this is no moment for a
    scan, which lets nothing in.
    """

    def __init__(self, networks, log, wanted):
        self._networks = networks
        self._log = log
        self._wanted = wanted
        self._wlan = None
        if network is not None and networks:
            self._wlan = network.WLAN(network.STA_IF)
        self._up = False
        self._left = []  # networks still to be tried in this round
        self._trying = None
        self._until = ticks_ms()
        self._pause_ms = _FIRST_PAUSE_MS
        self._first_round = True
        self._resting = False

    def step(self):
        """Do the next bit of joining, without waiting; return whether the board is online.

        A scan, needed with several networks, blocks for the 2 s that the driver takes.
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
            self._log.warning("Wi-Fi driver: %s, next try in %d s", e, self._pause_ms // 1000)
            self.off()
            self._up = False
            self._trying = None
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

    def _step(self):
        if self._wlan.isconnected():
            if not self._up:
                self._joined()
            return True
        if self._up:
            self._up = False
            self._log.warning("Wi-Fi lost")
            self._start_over()
        if self._trying is not None and not self._failed():
            return False
        if ticks_diff(ticks_ms(), self._until) >= 0:
            self._try_next()
        return False

    def _joined(self):
        self._up = True
        self._pause_ms = _FIRST_PAUSE_MS
        self._left = []
        self._first_round = True
        ssid = self._trying or self._wlan.config("essid")
        self._trying = None
        self._log.info("Wi-Fi %s, %s dBm", ssid, self.rssi())
        for i, (name, _) in enumerate(self._networks):
            if name == ssid:
                board.remember(board.WIFI, bytes([i, len(self._networks)]))

    def _failed(self):
        # Whether the network being tried will not do.
        status = self._wlan.status()
        if status in _REFUSALS:
            self._log.error("Wi-Fi %s seems to refuse the password: check wifi", self._trying)
        elif ticks_diff(ticks_ms(), self._until) < 0:
            return False
        else:
            self._log.warning("Wi-Fi %s does not answer (status %s)", self._trying, status)
        self._trying = None
        self._until = ticks_ms()
        return True

    def _try_next(self):
        if not self._left and len(self._networks) > 1 and self._wanted():
            return
        if not self._left:
            if not self._first_round:
                self._log.info("no Wi-Fi, next try in %d s", self._pause_ms // 1000)
                self._pause()
                self._first_round = True
                return
            self._first_round = False
        self._wlan.active(True)
        if not self._left:
            self._left = self._in_order()
        ssid, password = self._left.pop(0)
        self._until = ticks_add(ticks_ms(), _JOIN_MS)
        self._wlan.disconnect()
        self._wlan.config(reconnects=_RECONNECTS)
        self._wlan.connect(ssid, password or None)
        self._trying = ssid

    def _pause(self):
        self._until = ticks_add(ticks_ms(), self._pause_ms)
        self._pause_ms = min(2 * self._pause_ms, _LONGEST_PAUSE_MS)

    def _start_over(self):
        self._left = []
        self._trying = None
        self._first_round = True
        self._until = ticks_ms()

    def _in_order(self):
        if len(self._networks) < 2:
            return list(self._networks)
        kept = board.recall(board.WIFI)
        if kept and kept[1] == len(self._networks) and kept[0] < kept[1]:
            last = self._networks[kept[0]]
            # Once, and no round of its own: if it is gone, the board looks around next.
            board.remember(board.WIFI, bytes(2))
            self._first_round = True
            return [last]
        found = {}
        try:
            for each in self._wlan.scan():
                # Several access points may have one name.
                found[each[0]] = max(each[3], found.get(each[0], each[3]))
        except (OSError, RuntimeError) as e:
            self._log.warning("Wi-Fi scan failed (%s)", e)

        def weakness(net):
            # Those not seen come last: their name may be hidden.
            return -found.get(net[0].encode(), -200)

        return sorted(self._networks, key=weakness)
