# The doctor's steps: what is looked at, in which order, and what needs what before it.

import base64
import dataclasses
import io
import json
import pathlib

from PIL import Image, ImageStat

from thingscam import __version__

from ...cloud.service.pictures import BROKEN
from ...host import filesystem
from ...host.boardlink import BoardError
from ...host.harmless import one_line
from ...host.language import said
from ...host.port import PortError

_DEVICE = pathlib.Path(__file__).parent / "device.py"
_WIRED = pathlib.Path(__file__).parent / "wired.py"  # its steps, run behind the others
_WAVE_S = 20
_DARK = 8  # mean brightness, of 255
_LONGEST = 2000  # signs that are shown of what a board says
_PICTURE_MOST = 1 << 20  # bytes of base64, and 512,000 are the largest picture
_PIXELS_MOST = 16_000_000

# name on the board, title, what must have been found before
STEPS = (
    ("micropython", "MicroPython", ()),
    ("files", "thingscam", ("micropython",)),
    ("filesystem", "filesystem", ("micropython",)),
    ("config", "configuration", ("files",)),
    ("updates", "updates", ("config",)),
    ("psram", "PSRAM", ("config",)),
    ("camera", "camera", ("config",)),
    ("wifi", "Wi-Fi", ("config",)),
    ("dns", "DNS", ("wifi",)),
    ("clock", "clock", ("wifi",)),
    ("hours", "hours", ("clock",)),
    ("tcp", "TCP", ("dns",)),
    ("tls", "TLS", ("tcp",)),
    ("upload", "upload", ("tls", "camera")),
    ("reports", "reports", ("wifi",)),
    ("card", "SD card", ("config",)),
    ("led", "status LED", ("config",)),
    ("light", "bright light", ("config",)),
    ("sensor", "motion sensor", ("config",)),
    ("battery", "battery", ("config",)),
    ("setup", "setup by telephone", ("config",)),
)

# What a person is asked, once each was lit.
_SEEN = {"led": "Was the small LED lit three times", "light": "Was the bright light on"}


@dataclasses.dataclass
class Result:
    """What a step found: `ok` is None when it could not be looked at."""

    step: str
    title: str
    ok: bool | None
    text: str
    remedy: str | None = None


def examine(board, picture=None, upload=True, source=None, person=None):
    """Yield the Result of each step on `board` (boardlink.Board).

    `picture` is where the test picture goes (None: nowhere), `upload` whether one is sent.
    `source` is what is run on the board (None: device.py). `person` has tell(text) and
    ask(question), which returns a flag; None: nobody stands before the board.

    Raises PortError when the board is gone for good.
    """
    board.exec(_DEVICE.read_text("utf-8") if source is None else source, seconds=30)
    good = set()
    for name, title, needs in STEPS:
        missing = [need for need in needs if need not in good]
        if missing:
            titles = {step: shown for step, shown, _ in STEPS}
            text = "not looked at: {} first".format(said(titles[missing[0]]))
            yield Result(name, title, None, text)
            continue
        if name == "upload" and not upload:
            yield Result(name, title, None, "not asked for")
            continue
        if name == "card":
            board.exec(_WIRED.read_text("utf-8"), seconds=30)
        if name == "led" and person:
            person.tell("look at the board: its lamps are lit now")
        result = _step(board, name, title)
        if result.ok and name in (*_SEEN, "sensor") and result.text.startswith("GPIO"):
            result = _by_person(board, result, person)
        if result.ok or name in _MENDABLE:
            good.add(name)
        if result.ok and name == "files":
            result = _compared(board, result)
        if result.ok and name == "camera":
            result = _looked_at(board, result, picture)
        yield result
    board.exec("close()")


# Found wanting, they still let what needs them be looked at.
_MENDABLE = ("filesystem", "psram", "clock")


def _by_person(board, result, person):
    # What the board alone cannot tell.
    if person is None:
        text = result.text + ", and nobody was asked: on a terminal you are"
        return dataclasses.replace(result, ok=None, text=text)
    if result.step == "sensor":
        person.tell("wave now, before the sensor: there are {} s".format(_WAVE_S))
        board.exec("have['wave_s'] = {}".format(_WAVE_S))
        return _step(board, result.step, result.title)
    if person.ask("{} ({})?".format(_SEEN[result.step], one_line(result.text.split()[0], 20))):
        return result
    text = result.text + ", and was not seen"
    return dataclasses.replace(result, ok=False, text=text, remedy="check camera.board")


def _step(board, name, title):
    try:
        told = board.exec("run({!r})".format(name))
    except PortError as e:
        if "restarted" not in str(e):
            raise
        raise PortError(
            "{}, at the step {}: a weak power supply does that (brown-out): 5 V, 500 mA or more, "
            "a short cable, 100 uF at the board".format(e, said(title))
        ) from e
    except BoardError as e:
        return Result(name, title, False, str(e), "flash the firmware anew")
    lines = [line for line in told.splitlines() if line.startswith("RESULT ")]
    if not lines:
        return Result(name, title, False, "no answer", "reset the board and try again")
    try:
        found = json.loads(lines[-1][len("RESULT ") :])
        ok, text, remedy = found["ok"], found["text"], found.get("remedy")
        if not (isinstance(ok, bool) and isinstance(text, str)):
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        text = "its answer makes no sense: {}".format(one_line(lines[-1], 60))
        return Result(name, title, False, text, "flash the firmware anew")
    # The board does not know its port.
    remedy = None if ok else str(remedy)[:_LONGEST].replace("PORT", board.port)
    return Result(name, title, ok, text[:_LONGEST], remedy)


def _compared(board, result):
    if "frozen" in result.text or "/slot/" in result.text:
        if result.text.startswith(__version__ + ","):
            return result
        text = "{}; on this computer is {}".format(result.text, __version__)
        return dataclasses.replace(result, text=text)
    there = board.sums(["/lib/thingscam"])
    for compiled in (False, True):
        files = filesystem.library(compiled=compiled)
        wanted = {"/" + filesystem.LIBRARY + name: data for name, data in files.items()}
        if wanted.keys() == there.keys():
            old = [name for name in wanted if there[name] != filesystem.total(wanted[name])]
            if not old:
                kind = "compiled" if compiled else "as source"
                text = "{}, as on this computer, {}".format(result.text, kind)
                return dataclasses.replace(result, text=text)
            text = "{} of {} files are not as on this computer".format(len(old), len(wanted))
            break
    else:
        text = "not the same files as on this computer"
    remedy = "python -m tools deploy {}".format(board.port)
    return dataclasses.replace(result, ok=False, text=text, remedy=remedy)


def _looked_at(board, result, path):
    remedy = "check the camera's ribbon cable and the power supply"
    try:
        told = board.exec("picture()", most=_PICTURE_MOST)
        data = b"".join(base64.b64decode(line, validate=True) for line in told.split())
    except (BoardError, ValueError) as e:
        text = "damaged: {}".format(one_line(str(e)))
        return dataclasses.replace(result, ok=False, text=text, remedy=remedy)
    if path is not None and data.startswith(b"\xff\xd8"):
        path.write_bytes(data)
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as found:
            if found.width * found.height > _PIXELS_MOST:
                raise SyntaxError("{} x {} pixels".format(*found.size))
            found.load()
            light = ImageStat.Stat(found.convert("L")).mean[0]
            text = "{}, {}x{}".format(result.text, *found.size)
    except BROKEN as e:
        return dataclasses.replace(
            result, ok=False, text="damaged: {}".format(one_line(str(e))), remedy=remedy
        )
    if path is not None:
        text += ", saved as {}".format(path)
    if light < _DARK:
        remedy = "take the cap or film off the lens, switch a light on"
        return dataclasses.replace(result, ok=False, text=text + ", but black", remedy=remedy)
    return dataclasses.replace(result, text=text)
