# The virtual board on the stand-in's page: its buttons, and what it is doing.

import asyncio
import re

from ..cloud.page.panel import Action, Panel, PanelError, Status
from ..virtualboard.board import VirtualBoard

_PIR_PIN = 13
_PULSE_S = 1.0

_START = re.compile(r"INFO start: thingscam (\S+), \w+, (\d+) waiting")
_KEPT = re.compile(r"INFO kept \d+ bytes \w+, (\d+) waiting")
_UPLOAD = re.compile(r"INFO upload \d+ bytes \w+ -> (\S+)")


class BoardPanel(Panel):
    """A VirtualBoard as a Panel, once it is there: see attach().

    It counts pictures by what the log says of them: the page shows what the board tells.
    `on_line(text)` is called for each line of that log, in the board's thread.
    """

    def __init__(self, on_line):
        super().__init__()
        self._board: VirtualBoard | None = None
        self._on_line = on_line
        self._captured = self._sent = self._waiting = 0
        self._wifi = True
        self._stopped = False
        self._version = ""
        self._updates = self._url = None

    def offer(self, updates, url):
        """Have buttons for new versions too: `updates` is an Updates, `url` the service's."""
        self._updates, self._url = updates, url

    def attach(self, board):
        """Put a VirtualBoard, not yet started, on the page."""
        self._board = board
        board.on_output(self.output)
        self.changed()

    def log(self, text):
        """Take a line of the board's log."""
        self._read(text)
        super().log(text)
        self._on_line(text)

    def actions(self):
        """Return the buttons."""
        if self._board is None:
            return []
        power = self._power()
        return self._usual(power) + (self._versions(power) if self._updates else [])

    def _versions(self, power):
        return [
            Action(
                "update",
                "Offer an update",
                self._version,
                hint="a new version, signed: it is fetched, tried, and stays once a picture went",
                enabled=power,
            ),
            Action(
                "broken",
                "Offer a broken update",
                hint="one that crashes: after three starts the version before is back",
                enabled=power,
            ),
        ]

    def _usual(self, power):
        return [
            Action(
                "move",
                "Something moves",
                "quiet" if power else "",
                hint="the motion sensor's pin goes high: a picture",
                enabled=power,
            ),
            Action(
                "wifi",
                "Turn the Wi-Fi " + ("off" if self._wifi else "on"),
                "there" if self._wifi else "off",
                "ok" if self._wifi else "bad",
                "without it pictures wait in the outbox",
            ),
            Action(
                "power",
                "Cut the power" if power else "Power on",
                "on" if power else "cut",
                "ok" if power else "bad",
                "what waits is still there afterwards",
            ),
        ]

    async def act(self, name):
        """Do what the button of that name says."""
        board = self._board
        if board is None:
            raise PanelError("the board is not there yet")
        if name == "move":
            board.pulse(_PIR_PIN, _PULSE_S)
        elif name == "wifi":
            self._wifi = not self._wifi
            board.wifi(self._wifi)
        elif self._updates is not None and name in ("update", "broken"):
            await asyncio.to_thread(self._updates.publish, self._url, name == "broken")
        elif self._power():
            await asyncio.to_thread(board.cut_power)
        else:
            await asyncio.to_thread(board.power_on)
        self.changed()

    def status(self):
        """Return what the board is doing."""
        if self._board is None:
            return Status()
        state = self._board.state()
        power = self._power()
        online = power and state["wifi"]["online"]
        if not power:
            led = "off"
        elif self._stopped:
            led = "stopped"
        else:
            led = "waiting" if online else "joining"
        return Status(
            captured=self._captured,
            sent=self._sent,
            waiting=self._waiting,
            led=led,
            wifi="joined" if online else "not joined",
            power="on" if power else "cut",
            tones={
                "wifi": "ok" if online else "wait",
                "power": "ok" if power else "bad",
                "waiting": "wait" if self._waiting else "",
            },
        )

    def _power(self):
        return self._board is not None and self._board.state()["power"] != "off"

    def _read(self, line):
        if found := _START.search(line):
            self._version, self._waiting = found[1], int(found[2])
        elif found := _KEPT.search(line):
            self._captured += 1
            self._waiting = int(found[1])
        elif _UPLOAD.search(line):
            self._sent += 1
            # One that did not wait was sent from memory.
            self._captured += not self._waiting
            self._waiting = max(0, self._waiting - 1)
            self._stopped = False
        elif "ERROR stopped" in line:
            self._stopped = True


def url_in(line):
    """Return the URL that a line of the log reports as uploaded, or None."""
    found = _UPLOAD.search(line)
    return found[1] if found else None
