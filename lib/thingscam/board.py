# The board itself: why it started, and the RTC memory that survives a deep sleep.

import binascii

try:
    import machine
except ImportError:  # a computer
    machine = None

# Places in RTC memory (2 KB on an ESP32), one a user: offset, bytes of data.
INTERVAL = (0, 16)

_CRC_BYTES = 4


def recall(place):
    """Return what remember() kept at `place`, one of the pairs above, as bytes.

    None where nothing is kept: after a power loss, or on a machine without RTC memory.
    """
    offset, size = place
    record = _memory()[offset : offset + size + _CRC_BYTES]
    data = record[:size]
    if len(record) < size + _CRC_BYTES or record[size:] != _crc(data):
        return None
    return data


def remember(place, data):
    """Keep `data` (bytes, of the length of `place`) through deep sleep and resets."""
    offset, size = place
    end = offset + size + _CRC_BYTES
    memory = bytearray(_memory())
    if len(memory) < end:
        memory.extend(bytes(end - len(memory)))
    memory[offset:end] = data + _crc(data)
    if hasattr(machine, "RTC"):
        machine.RTC().memory(memory)


def is_soft_reset():
    """Return whether this start is a soft reset, over which the ticks went on."""
    return hasattr(machine, "reset_cause") and machine.reset_cause() == machine.SOFT_RESET


def _memory():
    return machine.RTC().memory() if hasattr(machine, "RTC") else b""


def _crc(data):
    return binascii.crc32(data).to_bytes(_CRC_BYTES, "little")
