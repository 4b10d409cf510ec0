# The virtual board and the real mpremote: whatever one does with a board.

import contextlib
import functools
import http.server
import json
import os
import subprocess
import sys
import threading
import time

import pytest
import serial

from tests.support.board import (
    MPREMOTE,
    children,
    execute,
    is_alive,
    mpremote,
    running,
    until,
)
from tests.support.world import ROOT
from tools.virtualboard.board import VirtualBoard

RAW = b"raw REPL; CTRL-B to exit\r\n>"
TICKING = """
import time
print("hello")
while True:
    time.sleep_ms(20)
    print("tick")
"""


@pytest.fixture(scope="module")
def board():
    with running() as board:
        yield board


def test_exec_and_eval(board):
    assert mpremote(board, "exec", "print(6 * 7)") == "42\n"
    assert mpremote(board, "eval", "'a' + 'b'") == "ab\n"


def test_an_exception_reaches_mpremote(board):
    found = mpremote(board, "exec", "print(1)\nopen('none')", check=False)
    assert "OSError: [Errno 2] ENOENT" in found


def test_run_a_local_file(board, tmp_path):
    (tmp_path / "hello.py").write_text("import sys\nprint('hello from', sys.platform)\n")
    assert mpremote(board, "run", str(tmp_path / "hello.py")) == "hello from esp32\n"


def test_files_back_and_forth(board, tmp_path):
    data = bytes(range(256)) * 40 + b"\r\r\n\x03\x04"
    (tmp_path / "some.bin").write_bytes(data)
    mpremote(board, "fs", "mkdir", ":folder")
    mpremote(board, "fs", "cp", str(tmp_path / "some.bin"), ":folder/some.bin")
    assert "10245 some.bin" in mpremote(board, "fs", "ls", ":folder")
    mpremote(board, "fs", "cp", ":folder/some.bin", str(tmp_path / "back.bin"))
    assert (tmp_path / "back.bin").read_bytes() == data
    assert board.files()["folder/some.bin"] == data, "in the image, as flashing would read it"
    mpremote(board, "fs", "rm", ":folder/some.bin")
    assert "folder/some.bin" not in board.files()


def test_copy_a_folder_and_show_a_file(board, tmp_path):
    (tmp_path / "package" / "deep").mkdir(parents=True)
    (tmp_path / "package" / "deep" / "one.py").write_text("print('one')\n")
    mpremote(board, "fs", "cp", "-r", str(tmp_path / "package"), ":")
    assert mpremote(board, "fs", "cat", ":package/deep/one.py") == "print('one')\n"
    assert mpremote(board, "exec", "import package.deep.one") == "one\n"


def test_mount_a_local_folder(board, tmp_path):
    data = bytes(range(256)) * 8 + b"\r\r\n\x03\n"
    (tmp_path / "local.py").write_text("print('from the computer')\n")
    (tmp_path / "in.bin").write_bytes(data)
    program = "import local\nwith open('in.bin', 'rb') as f:\n d = f.read()\n"
    program += "with open('out.bin', 'wb') as f:\n f.write(d)\nprint(len(d))"
    found = mpremote(board, "mount", str(tmp_path), "exec", program)
    assert "from the computer" in found
    assert "2053" in found
    assert (tmp_path / "out.bin").read_bytes() == data


def test_mip_install_from_a_server(board, tmp_path):
    (tmp_path / "thing.py").write_text("NAME = 'thing'\n")
    handler = functools.partial(QuietHandler, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        base = "http://127.0.0.1:{}/".format(server.server_port)
        index = {"version": "1", "urls": [["thing/__init__.py", base + "thing.py"]]}
        (tmp_path / "package.json").write_text(json.dumps(index))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        mpremote(board, "mip", "install", base + "package.json")
        server.shutdown()
    assert execute(board, "import thing; print(thing.NAME)") == "thing\n"


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def test_interrupting_main_and_starting_it_again():
    with running(TICKING) as board:
        board.wait_for("tick")
        assert execute(board, "print('mine')") == "mine\n"
        assert "KeyboardInterrupt" in board.output
        mpremote(board, "soft-reset")
        # In the raw REPL only boot.py runs, in the friendly one main.py too.
        assert board.output.count("hello") == 1
        with serial.Serial(board.port, timeout=0.1) as port:
            port.write(b"\x04")
            board.wait_for("tick", count=board.output.count("tick") + 1)
        assert board.output.count("MPY: soft reboot") == 3


def test_reset_by_mpremote():
    with running(TICKING) as board:
        board.wait_for("tick")
        mpremote(board, "reset")
        board.wait_for("rst:0xc (SW_CPU_RESET)")
        board.wait_for("hello", count=2)
        assert board.state()["reset_cause"] == 2


@pytest.mark.parametrize("delay_ms", range(0, 60, 4))
def test_connecting_at_any_moment_of_a_start(delay_ms):
    """As mpremote enters the raw REPL, which it does without looking."""
    board = VirtualBoard({"boot.py": "print('boot')\n"})
    with contextlib.closing(serial.Serial(board.port, timeout=20)) as port:
        try:
            board.start()
            time.sleep(delay_ms / 1000)
            port.write(b"\r\x03")
            port.write(b"\r\x01")
            assert port.read_until(RAW).endswith(RAW)
            port.write(b"\x04")
            assert port.read_until(b"soft reboot\r\n").endswith(b"soft reboot\r\n")
            assert port.read_until(RAW).endswith(RAW)
        finally:
            board.stop()


def test_ctrl_c_many_times_over():
    with running(TICKING) as board:
        board.wait_for("tick")
        with serial.Serial(board.port, timeout=0.1) as port:
            port.write(b"\x03\x03\x03")
            board.wait_for("KeyboardInterrupt")
            port.write(b"\r\x03\x03print('alive', 1 + 1)\r")
            board.wait_for("alive 2")


def test_who_opens_the_port_sees_what_main_prints():
    with running(TICKING) as board, serial.Serial(board.port, timeout=5) as port:
        assert b"tick\r\n" in port.read_until(b"tick\r\n")


def test_nobody_listening_does_not_stop_the_board():
    program = "for i in range(3000):\n print('line', i, '.' * 50)\nprint('done')\n"
    with running(program) as board:
        board.wait_for("done")
        with serial.Serial(board.port, timeout=0.2) as port:
            assert port.read(100) == b"", "what was lost stays lost"


def test_a_reader_that_does_not_read_does_not_stop_the_board():
    program = "import time\ntime.sleep(0.3)\n"
    program += "for i in range(30000):\n print('line', i, '.' * 50)\nprint('done')\n"
    with running(program) as board, serial.Serial(board.port):
        board.wait_for("done", 30)


def test_mpremote_killed_in_the_middle():
    with running() as board:
        for _ in range(3):
            command = [MPREMOTE, "connect", board.port, "exec", "while True:\n print('busy')"]
            process = subprocess.Popen(command, stdout=subprocess.PIPE)
            assert process.stdout.readline()
            process.kill()
            process.wait()
            process.stdout.close()
        assert execute(board, "print('still here')") == "still here\n"


def test_nothing_is_left_behind(tmp_path):
    link = tmp_path / "port"
    before = set(os.listdir("/proc/self/fd"))
    others = set(children())
    with running(TICKING, port_link=link) as board:
        board.wait_for("tick")
        assert os.readlink(link) == board.port
        assert len(set(children()) - others) == 1
        mpremote(board, "reset")
        board.wait_for("tick", count=3)
    assert not link.is_symlink()
    assert set(os.listdir("/proc/self/fd")) == before
    assert set(children()) == others


def test_killing_the_supervisor_kills_micropython():
    program = (
        "import time\n"
        "from tests.support.board import children, running\n"
        "from tests.host.virtualboard.test_board_mpremote import TICKING\n"
        "with running(TICKING) as board:\n"
        "    board.wait_for('tick')\n"
        "    print(*children(), flush=True)\n"
        "    time.sleep(60)\n"
    )
    command = [sys.executable, "-c", program]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    pid = int(process.stdout.readline())
    assert is_alive(pid)
    process.kill()
    process.wait()
    process.stdout.close()
    until(lambda: not is_alive(pid))


@pytest.mark.parametrize("looks", [1, 2])
@pytest.mark.parametrize("name", ["is_open", "is_wanted"])
def test_whoever_opens_the_port_just_after_a_look_at_it_is_heard(monkeypatch, name, looks):
    with running() as board, contextlib.ExitStack() as stack:
        board.wait_for(">>> ")
        port = board._world.port
        looked = getattr(port, name)
        seen, opened = [], []

        def look():
            found = looked()
            seen.append(found)
            if len(seen) == looks:
                opened.append(stack.enter_context(serial.Serial(port.path)))
            return found

        def opens():
            if name == "is_open":
                board.pin(4, 1)  # has the board look about
            return opened

        monkeypatch.setattr(port, name, look)
        until(opens)
        opened[0].write(b"print(6 * 7)\r")
        board.wait_for("42")


def test_the_port_is_looked_at_by_one_thread_at_a_time(monkeypatch):
    """A select.poll that two threads use at a time raises RuntimeError: no board any more."""
    looking = threading.Event()
    together = []

    def is_wanted():
        looking.set()
        time.sleep(0.2)  # as if the processor were taken away
        looking.clear()
        return asked()

    def is_open():
        together.append(looking.is_set())
        return opened()

    with running() as board:
        board.wait_for(">>> ")
        port = board._world.port
        asked, opened = port.is_wanted, port.is_open
        monkeypatch.setattr(port, "is_wanted", is_wanted)
        monkeypatch.setattr(port, "is_open", is_open)
        assert looking.wait(20)
        board.panic()  # this thread writes what the chip says
        board.wait_for(">>> ", count=2)
    assert together and not any(together)


def test_a_reset_out_of_the_raw_repl_ends_at_the_friendly_one():
    with running("import time\nprint('runs')\ntime.sleep(60)\n") as board:
        for count in (1, 2):
            board.wait_for("runs", count=count)
            mpremote(board, "resume", "reset")
        board.wait_for("runs", count=3)
        assert mpremote(board, "resume", "exec", "print(6 * 7)") == "42\n"
