# The boot loader of a chip on a pseudo-terminal: python -m tests.support.romloader CHIP FILE MB
#
# esp32-mock-bootloader speaks the protocol; what it lacks is added here: a flash of any size
# that is kept in a file, a chip that stays in its loader until it is reset, and what goes wrong
# on a bench.

import math
import mmap
import pathlib
import sys
import threading
import tty

from esp32_mock_bootloader import protocol, server

# Ways of going wrong, as a last argument: "silent" never answers (not in download mode);
# "slow" answers nothing at more than 115200 baud; "rotten" has a byte that does not hold.


def main(chip, path, megabytes, fault="none"):
    """Serve until the process is ended."""
    size = int(megabytes) << 20
    # JEDEC: manufacturer, type, and the logarithm of the size.
    protocol.MOCK_FLASH_ID = (size.bit_length() - 1) << 16 | 0x4020
    flash = _Flash(pathlib.Path(path), size)
    terminal = server.PtyMasterTransport.create()
    tty.setraw(terminal._slave)  # a serial port echoes and translates nothing
    print("listening on " + terminal.client_path, flush=True)
    if fault == "silent":
        threading.Event().wait()
    if fault == "rotten":
        _rot(flash)
    # It forgets the stub 3 s after the end of a part: on a loaded computer the next comes later.
    server._FLASH_END_IDLE_SEC = math.inf
    server.ChipSession = _Session
    _listen(is_slow=fault == "slow")
    while True:
        server.handle_client(
            server.BootloaderConnection(pty=terminal), threading.Event(), chip, flash=flash
        )


class _Flash(server.FlashImage):
    """One in a file, and what is written goes there in one piece: 6 MB byte by byte take long."""

    def __init__(self, path, size):
        super().__init__()
        if not path.exists():
            path.write_bytes(b"\xff" * size)
        with path.open("r+b") as file:
            self.data = mmap.mmap(file.fileno(), size)

    def write_defl_block(self, payload):
        data = self._decompressor.decompress(payload[16:])
        self._defl_offset = self._put(self._defl_offset, data)

    def write_plain_block(self, payload):
        self._plain_offset = self._put(self._plain_offset, payload[16:])

    def _put(self, offset, data):
        end = offset + len(data)
        self.data[offset:end] = data
        return end


def _rot(flash):
    write = flash.write_defl_block

    def write_and_rot(payload):
        write(payload)
        flash.data[0x12000] = 0

    flash.write_defl_block = write_and_rot


class _Session(server.ChipSession):
    last = None  # there is one at a time

    def __init__(self, chip_mode):
        super().__init__(chip_mode)
        _Session.last = self


def _listen(is_slow):
    # The talk begins anew with SYNC, which a chip hears after its reset only: the ROM answers.
    # A slow cable takes no more than 115200 baud: nothing is understood after a faster one was
    # set, until then.
    slip = server.slip_decode_frames
    deaf = False

    def decode(raw):
        nonlocal deaf
        heard = []
        for frame in slip(raw):
            command = frame[1] if len(frame) > 1 else None
            if command == protocol.CMD_SYNC:
                deaf = _Session.last.stub_active = False
            if not deaf:
                heard.append(frame)
            if command == protocol.CMD_CHANGE_BAUDRATE:
                deaf = is_slow and int.from_bytes(frame[8:12], "little") > 115200
        return heard

    server.slip_decode_frames = decode


if __name__ == "__main__":
    main(*sys.argv[1:])
