# What the end-to-end tests share: a board with the whole firmware, and the service it sends to.

import ast
import contextlib
import dataclasses
import io
import json
import ssl
import subprocess
import time

import requests
from PIL import Image
from PIL.ExifTags import IFD, Base

from tests.support import cloud as cloud_support
from tests.support.board import mpremote, until
from tests.support.quick import PYTHON
from tests.support.world import ROOT
from thingscam import __version__
from tools.cloud.service import certificates
from tools.host import filesystem
from tools.virtualboard.board import VirtualBoard
from tools.virtualboard.clock import EPOCH_2000
from tools.virtualboard.scenes import Scenes, frame_of

PIR = 13
SSID, PASSWORD = "garden", "wifi-pass-word"
SECRETS = (PASSWORD, cloud_support.KEY, cloud_support.TOKEN)
START = "INFO start: thingscam {}, ".format(__version__)  # its cause follows
USUAL = {"cloud": {"timeout_s": 15}, "power": {"watchdog_s": 60}}
PATIENCE = 90  # real seconds: other jobs may have the processors


@dataclasses.dataclass
class Picture:
    """One that the service took in: `arrived` in seconds of board time, `moment` in ms since
    2000, when the camera saw `frame`; `cause` and `taken` as its EXIF says."""

    data: bytes
    arrived: float
    frame: int
    moment: int
    cause: str
    taken: str


SAME = "same"  # for cloud.device_endpoint: as cloud.endpoint


class Site:
    """A board and the service; all times are the board's."""

    def __init__(self, folder):
        self.folder = folder
        self.cloud = None
        self.board = None
        self.context = None  # the service's ssl.SSLContext
        self.verify = True
        self.http = requests.Session()  # one connection, for it is asked again and again

    def now(self):
        """Return the seconds of board time that have passed."""
        return self.board.board_ms / 1000 if self.board else 0

    def date(self):
        """Return the seconds since 1970 around the board."""
        return self.moment() / 1000 + EPOCH_2000 if self.board else time.time()

    def moment(self):
        """Return the time around the board in ms since 2000, as the camera's frames have it."""
        return self.board.world_ms

    def config(self, **sections):
        """Return config.json (text) with what differs from the tests' usual one."""
        settings = {
            "wifi": [{"ssid": SSID, "password": PASSWORD}],
            "cloud": {
                "endpoint": self.cloud.url.replace("127.0.0.1", "localhost"),
                "access_token": cloud_support.TOKEN,
                "identifier": "image",
                "project_key": cloud_support.KEY,
                "region": "demo",
                # In fast time a moment without a processor is long.
                "timeout_s": 100,
            },
            "power": {"watchdog_s": 400},
            "camera": {"frame_size": "QVGA"},
            "trigger": {"pir_pin": PIR},
        }
        for name, values in sections.items():
            if isinstance(values, dict):
                values = settings.get(name, {}) | values
            settings[name] = values
        cloud = settings["cloud"]
        if cloud.get("device_endpoint") == SAME:
            cloud["device_endpoint"] = cloud["endpoint"]
        return json.dumps(settings, indent=1)

    def fault(self, **fault):
        """Have the service's next answers go wrong: see tools/cloud/service/faults.py."""
        url = self.cloud.url + "/_faults"
        answer = requests.post(url, json=fault, timeout=10, verify=self.verify)
        assert answer.status_code == 200, answer.text

    def delay(self, seconds):
        """Return so many seconds of board time as the service counts them: in real ones."""
        return seconds / self.board.speed

    def requests(self):
        """Return the upload requests so far, oldest first."""
        return self._asked()["requests"]

    def messages(self):
        """Return (kind, what its JSON says) of each message to the device interface so far."""
        return [(one["kind"], json.loads(one["body"])) for one in self._asked()["messages"]]

    def _asked(self):
        url = self.cloud.url + "/_requests"
        return self.http.get(url, timeout=10, verify=self.verify).json()

    def pictures(self):
        """Return the Pictures that have arrived, oldest first."""
        return [self._picture(one) for one in self.requests() if one["stored"]]

    def wait_for_pictures(self, count):
        """Wait until so many have arrived; returns them, oldest first."""
        with contextlib.suppress(AssertionError):
            until(lambda: sum(1 for one in self.requests() if one["stored"]) >= count, PATIENCE)
        found = self.pictures()
        assert len(found) >= count, "{} pictures of {}".format(len(found), count)
        return found

    def wait_for(self, text, count=1):
        """Wait until the board has printed `text` so often; returns its output."""
        return self.board.wait_for(text, PATIENCE, count)

    def wait_for_state(self, power):
        """Wait until the board is "running", "asleep" or "off"."""
        until(lambda: self.board.state()["power"] == power, PATIENCE)

    def let_pass(self, seconds, speed=100):
        """Have the board live through so much time, at another speed."""
        usual, end = self.board.speed, self.now() + seconds
        self.board.set_speed(speed)
        until(lambda: self.now() > end, PATIENCE)
        self.board.set_speed(usual)

    def move(self):
        """Something moves, and the sensor's pin is high for a moment."""
        until(lambda: not self.board.state()["pins"].get(str(PIR)), PATIENCE)
        self.board.pulse(PIR, 0.5)

    def photographed(self, count=1):
        """Something moves until it has been photographed and kept, `count` in all."""
        until(lambda: not self.board.state()["pins"].get(str(PIR)), PATIENCE)
        self.board.pin(PIR, 1)
        self.wait_for("INFO kept", count)
        self.board.pin(PIR, 0)

    def status(self):
        """Interrupt the app as a person would, and ask it."""
        code = "import thingscam.app\nprint(thingscam.app.status())"
        return ast.literal_eval(self.execute(code).splitlines()[-1])

    def execute(self, code):
        """Have a program in the board's REPL, without a reset; returns what it prints."""
        return mpremote(self.board, "resume", "exec", code)

    def tools(self, verb, *arguments):
        """Run one of the tools against the board; returns what it printed."""
        command = [*PYTHON, "-m", "tools", verb, self.board.port, *map(str, arguments)]
        done = subprocess.run(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
        return done.stdout

    def _picture(self, request):
        data = (self.folder / "cloud" / "images" / request["stored"]).read_bytes()
        exif = Image.open(io.BytesIO(data)).getexif()
        tags = exif.get_ifd(IFD.Exif)
        return Picture(
            data,
            request["arrived"],
            *(frame_of(data) or (0, 0)),
            exif.get(Base.ImageDescription),
            tags.get(Base.DateTimeOriginal),
        )


@contextlib.contextmanager
def site(
    folder,
    *,
    speed=10,
    tls=False,
    files=(),
    empty=False,
    starts=True,
    panel=None,
    compiled=False,
    **options,
):
    """A Site whose board has the firmware, and has started; `options` as VirtualBoard has
    them, and sections of config.json. `files` are more files, or others; with `empty` there
    is nothing on the board at all. `starts` tells whether its app can start; `panel`, a
    BoardPanel, shows it on the service's page."""
    place = Site(folder)
    names = ("cloud", "camera", "sensor", "trigger", "outbox", "power", "log", "wifi")
    names += ("schedule", "report", "remote", "update")
    sections = {name: options.pop(name) for name in names if name in options}
    context = None
    everything = filesystem.firmware_files(compiled=compiled)
    if tls:
        context = place.context = certificates.made(folder, folder / "ca.der", ())
        der = everything["ca.der"] = (folder / "ca.der").read_bytes()
        place.verify = str(folder / "ca.pem")
        (folder / "ca.pem").write_text(ssl.DER_cert_to_PEM_cert(der))
    service = cloud_support.running(
        folder / "cloud",
        interval=10,
        ssl_context=context,
        clock=place.now,
        date=place.date,
        panel=panel,
    )
    with service as place.cloud, place.http:
        everything["config.json"] = place.config(**sections)
        everything = {} if empty else everything | dict(files)
        place.board = board = VirtualBoard(everything, speed=speed, **options)
        if panel:
            panel.attach(board)
        try:
            board.start()
            if starts and not empty:
                place.wait_for("INFO start: ")
            yield place
            for secret in SECRETS:
                assert secret not in board.output
        finally:
            print(board.output)  # pytest shows it when the test fails
            board.stop()


def plain(picture):
    """Return the bytes of a Picture without the EXIF segment that was put in."""
    data = picture.data
    if data[2:4] != b"\xff\xe1":
        return data
    return data[:2] + data[4 + int.from_bytes(data[4:6], "big") :]


def is_as_seen(picture, size="QVGA", quality=85, look=None):
    """Return whether a Picture is, byte for byte, the frame that the camera saw.

    `look` is what was set of its sensor: see Scenes.jpeg().
    """
    seen = Scenes().jpeg(picture.frame, picture.moment, size, quality, look=look)
    return plain(picture) == seen


def in_steps(place, condition, step=120):
    """Let time pass in jumps, with moments to act between them, until it is so."""

    def passed():
        if not condition():
            place.board.advance(step)
            place.let_pass(5)
        return condition()

    until(passed, PATIENCE)


def blinks(place):
    """Tell the status LED's pattern by how often it comes on in six seconds."""
    board = place.board
    pin, low = board.profile.led
    requests = board._supervisor._requests
    out = requests._out
    count = 0

    def note(value):
        nonlocal count
        count += value == [pin, int(not low)]
        out(value)

    requests._out = note
    place.let_pass(6, speed=2)
    requests._out = out
    if count <= 2:
        return "waiting"
    return "stopped" if 4 <= count <= 7 else "{} times".format(count)


def gaps(pictures):
    """Return the seconds between each arrival and the next."""
    times = [one.arrived if isinstance(one, Picture) else one["arrived"] for one in pictures]
    return [later - earlier for earlier, later in zip(times, times[1:], strict=False)]
