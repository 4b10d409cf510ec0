# What the tests of the page share: a browser, pictures with EXIF, a board that is none.

import contextlib
import datetime
import io
import json
import pathlib
import time

from PIL import Image
from PIL.ExifTags import IFD, Base
from playwright.sync_api import sync_playwright

from tests.support import needs
from tests.support.cloud import KEY, TOKEN, demo_accounts
from tests.support.world import ROOT
from thingscam import __version__
from tools.cloud.page.panel import Action, Panel, PanelError, Status

PHOTOS = sorted((ROOT / "tools" / "virtualboard" / "photos").glob("*.jpg"))
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

# What a camera may report.
SETTINGS = {"trigger_every_s": 15, "camera_frame_size": "SVGA", "report_every_s": 600}
REPORT = {
    "version": __version__,
    "captured": 12,
    "waiting": 0,
    "rssi": -61,
    "oldest_s": 7200,
    "settings": json.dumps(SETTINGS),
    "settings_state": "in force",
    "settings_error": "",
}


@contextlib.contextmanager
def browser():
    """Run the browser, with a profile of its own; the value is playwright's Browser."""
    with sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=needs.CHROMIUM, args=_FLAGS)
        try:
            yield found
        finally:
            found.close()


@contextlib.contextmanager
def visit(chromium, url, wrong=(), **options):
    """Open `url` in a fresh window of the Browser; the value is playwright's Page.

    Nothing may go wrong on it but what has one of the texts `wrong` in it: no error, no
    warning, no request to another host. `options` are those of Browser.new_context.
    """
    found = []
    context = chromium.new_context(timezone_id="Europe/Berlin", locale="en-GB", **options)
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.on("console", lambda line: line.type in ("error", "warning") and found.append(line.text))
    page.on("pageerror", lambda error: found.append(str(error)))
    here = "/".join(url.split("/")[:3])
    page.on("request", lambda request: request.url.startswith(here) or found.append(request.url))
    try:
        page.goto(url)
        yield page
    finally:
        context.close()
    assert not [text for text in found if not any(known in text for known in wrong)]


def until(page, expression, argument=None):
    """Wait until the JavaScript `expression` (or function of `argument`) is true in `page`.

    Page.wait_for_function cannot: it needs eval(), which the page's own policy forbids.
    """
    deadline = time.monotonic() + 20
    while not page.evaluate(expression, argument):
        assert time.monotonic() < deadline, f"not so after 20 s: {expression} {argument}"
        page.wait_for_timeout(20)


def photo(
    size=(64, 48), *, captured_at=None, offset=None, cause=None, notes=None, colour=(90, 120, 130)
):
    """Return a JPEG (bytes) with EXIF: `captured_at` a datetime, `offset` such as "+01:00"."""
    exif = Image.Exif()
    if cause is not None:
        exif[Base.ImageDescription] = cause
    tags = exif.get_ifd(IFD.Exif)
    if captured_at is not None:
        tags[Base.DateTimeOriginal] = captured_at.strftime("%Y:%m:%d %H:%M:%S")
    if offset is not None:
        tags[Base.OffsetTimeOriginal] = offset
    if notes is not None:
        tags[Base.UserComment] = notes
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

    def actions(self):
        wifi, power = self.wifi and self.power, self.power
        return [
            Action(
                "move",
                "Something moves",
                "quiet",
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


def devices(count):
    """Return accounts with so many devices, as Python objects: `token-0`, "Camera 0" and so on."""
    accounts = demo_accounts()
    kept = accounts["projects"][KEY]["devices"][TOKEN]
    accounts["projects"][KEY]["devices"] = {
        f"token-{number}": {**kept, "name": f"Camera {number}"} for number in range(count)
    }
    return accounts


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
