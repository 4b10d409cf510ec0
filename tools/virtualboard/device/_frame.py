# The frame buffer that the camera drivers share, and their line to the sensor.

import array

import uctypes

import _sim

_file = None
_buffer = None


def prepare(path, size):
    """Take the memory a firmware keeps for frames, and the way they come in."""
    global _file, _buffer
    _file = open(path, "rb")  # noqa: SIM115
    _buffer = array.array("b", bytes(size))


def ask(what, argument=None):
    """Ask the sensor; returns the answer without its error, or raises it.

    OSError with the numbers of esp_err.h, and of errno.h for memory.
    """
    answer = _sim.ask(camera=[what, argument])
    error = answer.get("error")
    if error == "no memory":
        raise OSError(12)
    if error == "no camera":
        raise OSError(0x105)  # ESP_ERR_NOT_FOUND
    if error in ("running", "not started"):
        raise OSError(0x103)  # ESP_ERR_INVALID_STATE
    return answer


def capture(keep):
    """Return the next frame in the buffer, a view of signed bytes; None when it failed.

    `keep`: the sensor gets this buffer back by the next call, or by ask("free").
    """
    answer = ask("capture", keep)
    if answer["error"]:
        return None
    # Inside the driver nothing else runs.
    _sim.block(answer["wait_ms"] * 1000)
    size = answer["size"]
    _file.seek(0)
    _file.readinto(_buffer)
    return memoryview(_buffer)[:size]


def unsigned():
    """Return the buffer as bytes without a sign, in place."""
    return uctypes.bytearray_at(uctypes.addressof(_buffer), len(_buffer))
