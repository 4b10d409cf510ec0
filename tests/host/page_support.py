# What the tests of the page share: a browser, pictures with EXIF, a board that is none.

import contextlib
import datetime
import io
import pathlib
import tempfile
import threading

import pytest
from PIL import Image
from PIL.ExifTags import IFD, Base
from playwright.sync_api import sync_playwright

from tests import needs
from tests.world import ROOT
from tools.cloud.panel import Action, Panel, PanelError, Status

PHOTOS = sorted((ROOT / "tools" / "photos").glob("*.jpg"))
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextlib.contextmanager
def browser(**options):
    """Run the browser; the value is a playwright BrowserContext."""
    with tempfile.TemporaryDirectory(prefix="chromium-") as folder, sync_playwright() as driver:
        context = driver.chromium.launch_persistent_context(
            folder,
            executable_path=needs.CHROMIUM,
            args=_FLAGS,
            timezone_id="Europe/Berlin",
            locale="en-GB",
            **options,
        )
        context.set_default_timeout(20_000)
        try:
            yield context
        finally:
            context.close()


class Visit:
    """A page that is open at `url`, and what went wrong on it."""

    def __init__(self, context, url):
        self.url = url
        self.wrong = []
        self.page = context.new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        self.page.on("request", self._request)
        self.page.goto(url)

    def _console(self, message):
        if message.type in ("error", "warning"):
            self.wrong.append(f"console: {message.text} ({message.location})")

    def _request(self, request):
        if not request.url.startswith(self.url):
            self.wrong.append(f"request to another host: {request.url}")


@contextlib.contextmanager
def visit(context, url, wrong=()):
    """Open `url`; the value is playwright's Page. Nothing may go wrong but what is in `wrong`."""
    there = Visit(context, url)
    try:
        yield there.page
    finally:
        there.page.close()
    unexpected = [text for text in there.wrong if not any(known in text for known in wrong)]
    assert not unexpected


def photo(size=(64, 48), *, captured_at=None, offset=None, cause=None, colour=(90, 120, 130)):
    """Return a JPEG (bytes) with EXIF: `captured_at` a datetime, `offset` such as "+01:00"."""
    exif = Image.Exif()
    if cause is not None:
        exif[Base.ImageDescription] = cause
    tags = exif.get_ifd(IFD.Exif)
    if captured_at is not None:
        tags[Base.DateTimeOriginal] = captured_at.strftime("%Y:%m:%d %H:%M:%S")
    if offset is not None:
        tags[Base.OffsetTimeOriginal] = offset
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, "JPEG", exif=exif)
    return file.getvalue()


def ago(seconds):
    """Return the moment so many seconds ago, in UTC."""
    return datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=seconds)


class FakePanel(Panel):
    """A board that is none: it remembers what was done to it in `done`."""

    def __init__(self):
        super().__init__()
        self.done = []
        self.wifi = True
        self.power = True
        self.captured = 12
        self.waiting = 0
        self.refuse = None
        self.go_on = threading.Event()
        self.go_on.set()

    def actions(self):
        wifi, power = self.wifi and self.power, self.power
        return [
            Action(
                "move",
                "Something moves",
                hint="the motion sensor's pin goes high: a picture",
                enabled=power,
            ),
            Action(
                "wifi",
                "Turn the Wi-Fi " + ("off" if self.wifi else "on"),
                "joined" if wifi else "off",
                "ok" if wifi else "bad",
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
        if self.refuse:
            raise PanelError(self.refuse)
        self.done.append(name)
        if name == "move":
            self.captured += 1
            self.log("INFO capture pir 38211 bytes 190 ms")
        elif name == "wifi":
            self.wifi = not self.wifi
        else:
            self.power = not self.power
        self.changed()

    def status(self):
        led = ("waiting" if self.wifi else "joining") if self.power else "off"
        return Status(
            captured=self.captured,
            sent=self.captured - self.waiting,
            waiting=self.waiting,
            led=led,
            wifi="joined" if self.wifi else "none",
            power="on" if self.power else "cut",
            tones={
                "led": {"waiting": "ok", "joining": "wait"}.get(led, ""),
                "wifi": "ok" if self.wifi else "bad",
                "power": "ok" if self.power else "bad",
                "waiting": "wait" if self.waiting else "",
            },
        )


def keep_many(folder, count):
    """Put so many small pictures into the data folder of a stand-in; return their names."""
    images = pathlib.Path(folder) / "images"
    images.mkdir(parents=True, exist_ok=True)
    data = photo((8, 6))
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    names = []
    for number in range(1, count + 1):
        at = start + datetime.timedelta(seconds=10 * number)
        names.append(f"{at:%Y%m%dT%H%M%S}.000000Z-2a97516c-{number:06d}.jpg")
        (images / names[-1]).write_bytes(data)
    return names
