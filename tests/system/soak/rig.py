# A virtual board and its stand-in, the board's time jumped over while nothing is going on.

import functools
import heapq
import itertools
import json
import pathlib
import time

from littlefs import LittleFS

from tests.system.soak.ledger import PACE_MS, Ledger
from tests.system.soak.service import CONFIG, Service
from tools.host import filesystem
from tools.virtualboard.air import Network
from tools.virtualboard.board import VirtualBoard

PIR_PIN = 13
CARD_PIR_PIN = 12  # GPIO13 is the card's D3
_HEAP_PIN = 15
SSID = "yard"
PASSWORD = "correct horse"
SPEED = 20.0
_START = "import gc\n\ngc.threshold(16384)\nimport probe\n\nprobe.start({})\n"
# Without PSRAM micropython-camera-API cannot start: its buffers are always in PSRAM.
DRIVERS = {"ai-thinker": "camera-api", "ttgo-t-journal": "lemariva"}
MARK = "of-someone"  # a foreign file, in the outbox's folder for good
_WRITES = 400  # after which littlefs has used both blocks of a folder
CARD_BYTES = 2 * 1024 * 1024
# Two access points of one name; the weaker one would be found first.
STRONG = Network(SSID, PASSWORD, -58, bssid=1, channel=11)
WEAK = Network(SSID, PASSWORD, -84, bssid=2, channel=1)
_PROBE = pathlib.Path(__file__).with_name("probe.py")
_JUMP_MS = 2500  # at the most
_CALM_S = 0.008  # of real time since the board has said something
_NEAR_MS = 300  # no jump so close to something


@functools.cache
def firmware():
    """Return the compiled firmware, as VirtualBoard takes it, with the probe started first."""
    files = filesystem.firmware_files(compiled=True)
    files["probe.py"] = _PROBE.read_bytes()
    files["main.py"] = _START.format(_HEAP_PIN).encode() + files["main.py"]
    return files


def _age(path):
    # Have MARK in both of the blocks that littlefs has for a folder, by many writes to it.
    data = path.read_bytes()
    size = filesystem.BLOCK
    system = LittleFS(block_size=size, block_count=len(data) // size, mount=False, disk_version=0)
    system.context.buffer = bytearray(data)
    system.mount()
    for _ in range(_WRITES):
        with system.open("outbox/" + MARK, "wb"):
            pass
    system.unmount()
    found = bytes(system.context.buffer)
    blocks = [found[at : at + size] for at in range(0, len(found), size)]
    assert sum(MARK.encode() in block for block in blocks) == 2
    path.write_bytes(found)


class Rig:
    """One board with a service, in `folder`; a context manager.

    `settings` are sections of config.json beside those the rig knows itself. `files` change
    the firmware: {path: data, or None for none}. `card`: pictures wait on an SD card. `rough`:
    between board and service is a Relay, and there are two access points. `profile`, `speed`,
    `slow_flash` and `trouble` are VirtualBoard's.
    """

    def __init__(
        self,
        folder,
        settings=None,
        *,
        profile="ai-thinker",
        tls=False,
        speed=SPEED,
        files=None,
        slow_flash=False,
        trouble=0.0,
        card=False,
        rough=False,
    ):
        self.service = Service(folder / "service", tls, rough)
        self.pir_pin = CARD_PIR_PIN if card else PIR_PIN
        self._plan = []
        self._order = itertools.count()
        flash = {**firmware(), **(files or {})}
        flash["config.json"] = json.dumps(self._config(settings or {}, profile, tls, card))
        if rough:
            flash["outbox/" + MARK] = b""
        if tls:
            flash["ca.der"] = (self.service.folder / "ca.der").read_bytes()
        try:
            self.board = VirtualBoard(
                {path: data for path, data in flash.items() if data is not None},
                image=folder / "flash.img",
                profile=profile,
                driver=DRIVERS[profile],
                speed=speed,
                networks=[STRONG, WEAK] if rough else [STRONG],
                slow_flash=slow_flash,
                trouble=trouble,
                fair=True,
                card=CARD_BYTES if card else None,
            )
        except BaseException:
            self.service.stop()
            raise
        if rough:
            _age(self.board.image)
        self.ledger = Ledger(lambda: self.board.world_ms, lambda: self.board.steady_ms)
        self.service.now_ms = lambda: self.board.world_ms
        self.service.steady_ms = lambda: self.board.steady_ms
        self.service.life = lambda: self.ledger.life
        self.board.on_output(self.ledger.text)
        self.board.on_frame(self.ledger.frame)

    def __enter__(self):
        # The power comes on when the rig says so.
        return self

    def __exit__(self, *_):
        self.board.stop()
        self.service.stop()

    def _config(self, settings, profile, tls, card):
        config = {
            "wifi": [{"ssid": SSID, "password": PASSWORD}],
            "cloud": {**CONFIG, "endpoint": self.service.url, "ca": "ca.der" if tls else None},
            "camera": {"board": profile, "frame_size": "QVGA", "warmup_frames": 1},
            "trigger": {"pir_pin": self.pir_pin, "cooldown_s": 1},
            "outbox": {"path": "/sd/outbox"} if card else {},
        }
        if "report" in settings or "remote" in settings:
            config["cloud"]["device_endpoint"] = self.service.url
        for section, values in settings.items():
            config[section] = {**config.get(section, {}), **values}
        return config

    @property
    def now_ms(self):
        """World time in ms."""
        return self.board.world_ms

    def power_on(self):
        """Give the board power: its next life."""
        self.ledger.power_on()
        if self.ledger.life == 1:
            self.board.start()
        else:
            self.board.power_on()

    def cut(self):
        """Take the power away; returns the phase that it was in, a text or None.

        What had been sent is then with the service: all of it is this life's.
        """
        asleep = self.board.state()["power"] == "asleep"
        self.board.cut_power()
        phase = self.ledger.power_cut()
        end = time.monotonic() + 10
        time.sleep(0.003)
        while self.service.open and time.monotonic() < end:
            time.sleep(0.002)
        return "sleep" if asleep else phase

    def press(self):
        """Press the button EN: the board starts anew, and RTC memory is lost."""
        self.board.cut_power()
        self.ledger.pressed()
        self.board.power_on()

    def panic(self):
        """Have the chip panic; returns whether it has: not if it sleeps."""
        self.ledger.panics += 1
        done = self.board.panic()
        if not done:
            self.ledger.panics -= 1
        return done

    def heap(self):
        """Return the bytes of heap in use, after a collection."""
        count = len(self.ledger.heap)
        self.board.pulse(_HEAP_PIN, 1)
        self.run(60, lambda: len(self.ledger.heap) > count and not self.ledger.phases)
        return self.ledger.heap[-1][1]

    def at(self, ms, action):
        """Plan action() for a moment of world time."""
        heapq.heappush(self._plan, (ms, next(self._order), action))

    def forget_plan(self):
        """Drop what is planned."""
        self._plan.clear()

    def run(self, seconds, until=None):
        """Let so much board time pass, or until() is true; returns whether it was."""
        end = self.now_ms + seconds * 1000
        while True:
            now = self.now_ms
            while self._plan and self._plan[0][0] <= now:
                heapq.heappop(self._plan)[2]()
            if until is not None and until():
                return True
            if now >= end:
                return False
            due = min([end] + [moment for moment, _, _ in self._plan[:1]])
            jump = min(due - now, self._quiet_ms(now))
            if jump >= _NEAR_MS:
                self.board.advance(jump / 1000, 2.0)
                time.sleep(0.001)
            else:
                with self.ledger.changed:
                    self.ledger.changed.wait(min(0.004, max(due - now, 1) / 1000 / SPEED))

    def _quiet_ms(self, now):
        # So far time can be jumped over: nothing is under way, and no request about to start
        # whose distance from the last one the jump would blur.
        ledger = self.ledger
        if self.service.open or ledger.phases or time.monotonic() - ledger.heard_at < _CALM_S:
            return 0
        if not ledger.ready:
            return _JUMP_MS if self.board.state()["power"] == "asleep" else 0
        if not ledger.uploads or ledger.ended_ms is None:
            return _JUMP_MS
        opens = ledger.ended_ms + PACE_MS
        if now < opens - _NEAR_MS:
            return min(_JUMP_MS, opens - _NEAR_MS - now)
        if ledger.waiting and now < opens + _JUMP_MS + 500:
            return 0
        return _JUMP_MS
