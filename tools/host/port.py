# Serial ports: what is wrong with one, in a sentence that says what to do.

import errno
import os

import serial
import serial.tools.list_ports

from .errors import ToolError


class PortError(ToolError):
    """The port cannot be used, or the board behind it does not answer; says what to do."""


def why_not(port, error=None):
    """Return why the serial port `port` (text) cannot be used, as one sentence.

    `error` is the exception met; without it the port is opened once more to find out.
    """
    if error is None:
        try:
            serial.serial_for_url(port, exclusive=True).close()
        except (OSError, ValueError) as e:
            error = e
    text = str(error)
    number = getattr(error, "errno", None)
    if isinstance(error, ValueError) or not text.strip():
        return "{}: no such kind of port".format(port)
    if number == errno.ENOENT or "Errno 2]" in text or "FileNotFound" in text:
        return "{}: no such port: plug the board in; {}".format(port, _known())
    if number == errno.EACCES or "Permission denied" in text:
        return (
            "{}: no permission: add yourself to the port's group (Linux: sudo usermod -aG "
            "dialout $USER, then log in again)"
        ).format(port)
    # Windows says the first of them in the person's language.
    busy = ("PermissionError(13", "lock", "busy", "Resource temporarily")
    if number == errno.EBUSY or any(word in text for word in busy):
        return "{}: in use: close the terminal or tool that has it open".format(port)
    odd = (errno.ENOTTY, errno.EINVAL, errno.ENODEV, errno.EISDIR)
    if number in odd or "Inappropriate" in text or "Is a directory" in text:
        return "{}: not a serial port".format(port)
    return "{}: {}".format(port, text.splitlines()[0])


def is_gone(port):
    """Return whether the port is a file, and is there no more; False where it is not known."""
    return os.name != "nt" and "://" not in port and not os.path.exists(port)


def reject_missing(port):
    """Raise PortError when the port is a file name, and there is none or it is not ours."""
    if is_gone(port):
        raise PortError(why_not(port, FileNotFoundError(errno.ENOENT, "No such file")))
    if "://" not in port and os.name != "nt" and not os.access(port, os.R_OK | os.W_OK):
        raise PortError(why_not(port, PermissionError(errno.EACCES, "Permission denied")))


def _known():
    names = sorted(found.device for found in serial.tools.list_ports.comports())
    return "there are: " + ", ".join(names) if names else "there is no serial port at all"
