# Makes the unix port look like an ESP32, then does what an ESP32's main.c does.

import gc
import io
import os
import sys

import _frame
import _sim

_REPL = "\x1eREPL\x1e"  # tells the supervisor where the start ends and the REPL begins
_IOCTL = {1: 0, 2: 0, 3: 0, 4: 0, 5: 4096, 6: 0}  # by request; 4 is set below
# Of 256 bytes, and of a block; typical times in Winbond's data sheet of the W25Q32JV.
_PROGRAM_US = 700
# As a blank flash gets it, and what is said at a damaged one.
_BOOT_PY = """\
# This file is executed on every boot (including wake-boot from deepsleep)
#import esp
#esp.osdebug(None)
#import webrepl
#webrepl.start()
"""
_DAMAGED = """\
The filesystem appears to be corrupted. If you had important data there, you
may want to make a flash snapshot to try to recover it. Otherwise, perform
factory reprogramming of MicroPython firmware (completely erase flash, followed
by firmware programming).
"""
_ERASE = 6
_EIO, _EILSEQ = 5, 84
_ERASE_US = 45000


class Flash:
    """A block device over the image file; each write goes straight to the host's file.

    Without a jump in its methods: neither an interrupt nor Ctrl-C may come between, as
    littlefs is in the middle of something.
    """

    def __init__(self, path, slow, faults):
        self._file = open(path, "r+b")  # noqa: SIM115
        self._slow = slow
        _IOCTL[4] = os.stat(path)[6] // 4096
        # A littlefs with a corrupt folder cannot even be mounted; here it breaks behind that.
        self._late = faults
        self.break_down({kind: faults[kind] for kind in faults if kind != "corrupt"})

    def readblocks(self, block, buffer, offset=0):
        """Read into `buffer`."""
        if block in self._corrupt:
            return -_EILSEQ
        self._file.seek(block * 4096 + offset)
        self._file.readinto(buffer)
        return -_EIO if self._bad and self._bad in bytes(buffer) else 0

    def writeblocks(self, block, buffer, offset=0):
        """Write `buffer`."""
        if self._protected:
            return -_EIO
        self._file.seek(block * 4096 + offset)
        self._file.write(buffer)
        if self._mark and self._mark in bytes(buffer):
            self._corrupt.append(block)
        if self._slow:
            _sim.hold(len(buffer) * _PROGRAM_US // 256)
        return 0

    def ioctl(self, op, arg):
        """Answer vfs.mount()'s and littlefs' questions."""
        if op == _ERASE and self._protected:
            return -_EIO
        if op == _ERASE and arg in self._corrupt:
            self._corrupt.remove(arg)
        if op == _ERASE and self._slow:
            _sim.hold(_ERASE_US)
        return _IOCTL[op]

    def break_down(self, faults=None):
        """Have these faults, or those it had at the start."""
        faults = self._late if faults is None else faults
        self._bad, self._mark = [faults.get(kind, "").encode() for kind in ("read", "corrupt")]
        self._protected = "write" in faults
        self._corrupt = []  # numbers of blocks
        self._file.seek(0)
        for block in range(_IOCTL[4] if self._mark else 0):
            if self._mark in self._file.read(4096):
                self._corrupt.append(block)


def start(namespace):
    """Set the board up and run its programs; whatever they do, the REPL follows."""
    # Opened by the leader of a session, it becomes its terminal: when the supervisor dies,
    # the kernel hangs up.
    open(sys.argv[1], "rb").close()  # noqa: SIM115
    _sim.connect(sys.argv[2])
    take = _sim.state.pop
    boot, main = take("boot"), take("main")
    flash = Flash(take("image"), take("slow_flash"), take("flash_faults"))
    _mount(flash, take("frame"), take("frame_bytes"), take("modules"))
    try:
        _sim.tell(ready=1)  # from here on a Ctrl-C may come
        # A boot.py that asks for a restart keeps main.py from running, one that fails too,
        # as in ports/esp32/main.c.
        if boot and _run("boot.py", namespace) and main:
            _run("main.py", namespace)
    except KeyboardInterrupt:
        pass
    while True:
        try:
            sys.stdout.write(_REPL)
            return
        except KeyboardInterrupt:
            pass


def _replace_modules(names):
    # All are made from the unix port's own, so none takes its name before all are there.
    # Kept loaded: afterwards neither their folder nor the host can be seen.
    found = {}
    for name in names:
        found[name] = __import__(names[name])
        gc.collect()  # keeps what stays together at the heap's begin
    for name in names:
        sys.modules[name] = found[name]
        sys.modules["u" + name] = found[name]


def _mount(flash, frame, frame_bytes, modules):
    # What is on the host is opened before the host cannot be seen any more.
    _frame.prepare(frame, frame_bytes)
    gc.collect()
    _replace_modules(modules)
    os.umount("/")
    try:
        filesystem = os.VfsLfs2(flash)
    except OSError:
        _reject_damaged(flash)
        print("Performing initial setup")
        os.VfsLfs2.mkfs(flash)
        filesystem = os.VfsLfs2(flash)
        with filesystem.open("boot.py", "w") as file:
            file.write(_BOOT_PY)
    os.mount(filesystem, "/")
    flash.break_down()
    _sim.on("flash", lambda message: flash.break_down(message["faults"]))
    os.chdir("/")
    sys.path[:] = ["", ".frozen", "/lib"]
    sys.argv[:] = []


def _reject_damaged(flash):
    # Only a flash whose first block is blank is formatted; on any other MicroPython stays here
    # and says so, until somebody flashes it: ports/esp32/modules/inisetup.py.
    block = bytearray(4096)
    flash.readblocks(0, block)
    if all(byte == 0xFF for byte in block):
        return
    _sim.tell(ready=1)
    while True:
        print(_DAMAGED)
        _sim.wait(3000000)


def _run(name, namespace):
    # Returns whether it is not there, or ended well.
    try:
        with open(name) as file:
            text = file.read()
    except OSError:
        return True
    try:
        exec(compile(text, name, "exec"), namespace)
        return True
    except SystemExit:
        _sim.tell(reset="soft")
        _sim.halt()
    except BaseException as e:
        _print(e)
    return False


def _print(e):
    # Without the lines that this file has in the traceback.
    text = io.StringIO()
    sys.print_exception(e, text)
    for line in text.getvalue().split("\n")[:-1]:
        if "/device/" not in line and "_boot.py" not in line and "start.py" not in line:
            print(line)
