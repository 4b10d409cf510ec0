# Writes to a board's flash, by esptool talking to the chip's boot loader.

import contextlib
import struct
import sys

import serial
from esp_pylib.logger import EspLogBase
from esptool import cmds
from esptool.logger import log
from esptool.util import FatalError

from . import port as ports
from .bounds import OverError, bind
from .errors import ToolError
from .firmware import CHIPS
from .harmless import one_line

BAUDS = (921600, 460800, 230400, 115200)
_ROM_BAUD = 115200

# Within which a chip has to answer, whatever it says: seconds, bytes.
_CONNECT = (90, 1 << 17)
_WRITE_S, _WRITE_RATE, _SAID_MOST = 300, 4000, 1 << 19

# What esptool raises for answers that make no sense.
_ODD = (
    OverError, struct.error, LookupError, TypeError, ValueError, AttributeError, ArithmeticError,
    RuntimeError,
)  # fmt: skip
_FAILED = (FatalError, OSError, StopIteration, *_ODD)

_ENTER = (
    "{}: no answer from the boot loader: on an ESP32-CAM connect GPIO0 to GND and press RST "
    "(TX to U0R, RX to U0T, GND to GND, 5V), on other boards hold BOOT while pressing RST; "
    "then try again"
)


class FlasherError(ToolError):
    """The board could not be written; says why, and what to do."""


class Flasher:
    """A chip in its boot loader behind the serial port `port`.

    `say(text)` gets a line for a person, `progress(done, total, text)` the bytes of what
    is under way. Use it in a `with`.

    Raises FlasherError when there is none, ports.PortError when the port cannot be used.
    """

    def __init__(self, port, say, progress, before="default-reset"):
        self._port = port
        self._say = say
        self._before = before
        ports.reject_missing(port)
        # Some of it is bound to the logger of the beginning.
        log.set_verbosity("silent")
        log.set_logger(_Quiet(progress))  # pyright: ignore[reportAttributeAccessIssue]
        self._esp = self._connect()
        self.chip = self._esp.CHIP_NAME
        self.flash_size = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Close the port."""
        with contextlib.suppress(OSError):
            self._esp._port.close()

    def require(self, chip, board):
        """Raise FlasherError unless it is a `chip` ("esp32"...), as the `board` has."""
        if self.chip != CHIPS[chip]:
            text = "{}: an {} is connected, but {} has an {}: choose the right board and firmware"
            raise FlasherError(text.format(self._port, self.chip, board, CHIPS[chip]))

    def attach(self):
        """Find the flash; `flash_size` is then its bytes."""
        try:
            self._bounds.limit(*_CONNECT)
            self._attach()
        except _FAILED as e:
            raise FlasherError(self._failed(e)) from e

    def mac(self):
        """Return the chip's number, six bytes, by which its access point is called; or None."""
        try:
            self._bounds.limit(*_CONNECT)
            return bytes(self._esp.read_mac("BASE_MAC"))
        except (*_FAILED, TypeError):
            return None

    def write(self, parts, bauds=BAUDS, erase=False, verify=False):
        """Write `parts` ([(offset, bytes), ...]), at the first of `bauds` that works.

        `erase` blanks the whole flash before; `verify` reads its sums once more after. Then
        the board is reset, and starts what was written.

        Raises FlasherError.
        """
        for number, baud in enumerate(bauds):
            try:
                self._write(parts, baud, erase, verify)
                return
            except KeyboardInterrupt:
                self._say("interrupted: the flash may be half written, start the command again")
                raise
            except _FAILED as e:
                if number == len(bauds) - 1 or isinstance(e, OverError):
                    raise FlasherError(self._failed(e)) from e
                self._say(
                    "{} baud failed ({}), trying {}".format(baud, _short(e), bauds[number + 1])
                )
            self.close()
            try:
                self._esp = self._connect()
            except FlasherError as e:
                # Without lines to reset it by, the chip waits at the speed that failed.
                raise FlasherError("{}, with --baud {}".format(e, bauds[number + 1])) from e

    def _write(self, parts, baud, erase, verify):
        size = sum(len(data) for _, data in parts)
        self._bounds.limit(_WRITE_S + size / _WRITE_RATE, _SAID_MOST)
        self._esp = cmds.run_stub(self._esp)
        if baud != _ROM_BAUD:
            self._esp.change_baud(baud)
        self._attach()
        cmds.write_flash(self._esp, parts, erase_all=erase)
        if verify:
            cmds.verify_flash(self._esp, parts)
        cmds.reset_chip(self._esp, "hard-reset")

    def _connect(self):
        line = self._open()
        self._bounds = bind(line)
        self._bounds.limit(*_CONNECT)
        done = False
        try:
            # An open port will do as well, though it asks for a name.
            found = cmds.detect_chip(line, _ROM_BAUD, self._before)  # pyright: ignore
            done = True
            return found
        except FatalError as e:
            text = str(e)
            if "Failed to connect" in text or "No serial data" in text:
                raise FlasherError(_ENTER.format(self._port)) from e
            raise FlasherError("{}: {}".format(self._port, _short(e))) from e
        except OSError as e:  # SerialException is one
            raise ports.PortError(ports.why_not(self._port, e)) from e
        except OverError as e:
            raise FlasherError(_ENTER.format(self._port)) from e
        except _ODD as e:
            text = "{}: the chip's answer makes no sense ({}): press RST and try again"
            raise FlasherError(text.format(self._port, _short(e))) from e
        finally:
            if not done:
                with contextlib.suppress(OSError):
                    line.close()

    def _open(self):
        try:
            line = serial.serial_for_url(self._port, exclusive=True, do_not_open=True)
            if sys.platform == "win32":
                line.rts = line.dtr = False  # otherwise opening it resets the chip
            line.open()
            return line
        except (OSError, ValueError) as e:
            raise ports.PortError(ports.why_not(self._port, e)) from e

    def _attach(self):
        cmds.attach_flash(self._esp)
        found = cmds.detect_flash_size(self._esp)
        if found is None:
            raise FatalError("the flash does not answer")
        self.flash_size = int(found[:-2]) * (1 << 20 if found.endswith("MB") else 1 << 10)

    def _failed(self, e):
        what = "the transfer failed ({})".format(_short(e))
        if "MD5" in str(e) or "Verify failed" in str(e):
            what = "what was written reads back different"
        text = "{}: {}: take a shorter cable, a stronger power supply (5 V, 500 mA or more), and "
        return (text + "--baud 115200; if that does not help, the flash is worn").format(
            self._port, what
        )


def _short(e):
    # The first clause of it: esptool goes on with its own advice.
    lines = str(e).strip().splitlines()
    if not lines:
        return type(e).__name__
    return one_line(lines[0]).split(" (")[0].split(". ")[0].rstrip(".:!")


class _Quiet(EspLogBase):
    # esptool's own talk is not for our users: only its progress is passed on.

    def __init__(self, progress):
        self._progress = progress

    def print(self, *args, **kwargs):
        pass

    err = warn = note = hint = debug = print

    def set_verbosity(self, mode):
        pass

    def progress_bar(self, cur_iter, total_iters, prefix="", suffix="", bar_length=30):
        self._progress(cur_iter, total_iters, prefix.strip())
