# The board's filesystem as an image: the same for flashing and for MicroPython.

import subprocess

import pytest

from tests.conftest import MICROPYTHON
from tests.support.world import ROOT
from tools.host import filesystem, mpy

MOUNT = """
import os, sys, vfs

class Flash:
    def __init__(self, path):
        self.file = open(path, "r+b")
        self.blocks = self.file.seek(0, 2) // 4096
    def readblocks(self, n, buf, off=0):
        self.file.seek(n * 4096 + off)
        self.file.readinto(buf)
    def writeblocks(self, n, buf, off=0):
        self.file.seek(n * 4096 + off)
        self.file.write(buf)
    def ioctl(self, op, arg):
        if op == 4:
            return self.blocks
        if op == 5:
            return 4096
        return 0

flash = Flash(sys.argv[1])
vfs.mount(flash, "/board")
"""


def micropython(image, program):
    script = image.with_suffix(".py")
    script.write_text(MOUNT + program + "\nvfs.umount('/board')\nflash.file.close()\n")
    done = subprocess.run([MICROPYTHON, script, image], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_micropython_reads_it_and_writes_to_it(tmp_path):
    files = {
        "boot.py": b"pass",
        "lib/a/b.txt": "täxt",
        "empty": b"",
        "big": bytes(range(256)) * 99,
    }
    path = tmp_path / "image"
    filesystem.make_image(path, files, 65536 * 2)
    program = """
with open("/board/big", "rb") as file:
    print(len(file.read()), sorted(os.listdir("/board")), os.listdir("/board/lib/a"))
with open("/board/log.txt", "w") as file:
    file.write("from the board")
"""
    told = micropython(path, program)
    assert told == "25344 ['big', 'boot.py', 'empty', 'lib'] ['b.txt']\n"
    files["lib/a/b.txt"] = files["lib/a/b.txt"].encode()
    assert filesystem.contents(path.read_bytes()) == files | {"log.txt": b"from the board"}
    with filesystem.opened(path) as system, system.open("log.txt", "r") as file:
        assert file.read() == "from the board"


def test_the_compiled_firmware_runs_from_it(tmp_path):
    path = tmp_path / "image"
    filesystem.make_image(path, filesystem.firmware_files(compiled=True), 0x100000)
    program = """
sys.path[:] = ["/board/lib"]
from thingscam.image import checks
from thingscam.cloud import uploader
from thingscam.http import session
from thingscam.config import config
print(session.__file__)
try:
    config.parse(b"{}")
except config.ConfigError as e:
    print(len(e.mistakes))
"""
    # One mistake for each setting that is needed.
    assert micropython(path, program) == "/board/lib/thingscam/http/session.mpy\n5\n"


def test_the_same_files_make_the_same_image():
    files = filesystem.firmware_files()
    assert filesystem.image(files, 0x100000) == filesystem.image(files, 0x100000)


def test_firmware_files_are_the_device_code_and_nothing_else():
    names = set(filesystem.firmware_files())
    on_disk = {path.relative_to(ROOT).as_posix() for path in (ROOT / "lib").rglob("*.py")}
    assert names == on_disk | {"boot.py", "main.py"}
    compiled = set(filesystem.firmware_files(compiled=True))
    assert compiled == {name.replace(".py", ".mpy") for name in on_disk} | {"boot.py", "main.py"}


def test_no_room_and_no_image():
    with pytest.raises(filesystem.FilesystemError, match="big: no room.*64 KB"):
        filesystem.image({"big": bytes(70000)}, 65536)
    with pytest.raises(filesystem.FilesystemError, match="no littlefs"):
        filesystem.contents(b"\xff" * 65536)


def test_what_mpy_cross_refuses_names_the_line(tmp_path):
    (tmp_path / "bad.py").write_text("x = 1\nwhile:\n")
    with pytest.raises(mpy.CompileError, match=r"bad.py:2: SyntaxError"):
        mpy.compiled(tmp_path / "bad.py", tmp_path)
