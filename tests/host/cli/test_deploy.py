# `python -m tools deploy` and `logs` against the virtual board.

import json
import os
import signal
import subprocess
import time

import pytest
import serial

from tests.support.board import CONFIG
from tests.support.quick import PYTHON
from tests.support.world import ROOT
from thingscam import __version__
from thingscam.update import choose
from tools.host import boardlink, bundle, filesystem
from tools.virtualboard.board import VirtualBoard

EMPTY = {"boot.py": ""}


def tools(*arguments, **env):
    command = [*PYTHON, "-m", "tools", *map(str, arguments)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=100, stdin=subprocess.DEVNULL,
        env=dict(os.environ, **env),
    )  # fmt: skip
    for secret in ("wifi-pass-word", "t0ken-abcdef", "s3cret-key-7x"):
        assert secret not in done.stdout + done.stderr
    return done


def deploy(board, *arguments):
    port = board if isinstance(board, str) else board.port
    return tools("deploy", port, *arguments)


def copied(done):
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    told = json.loads(done.stdout)
    return told["copied"], told["removed"]


def refused(done, *words):
    assert done.returncode == 1, done.stdout + done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    for word in words:
        assert word in done.stderr


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(CONFIG))
    return path


def own(board):
    """The files on the board that thingscam brings."""
    return {name: data for name, data in board.files().items() if not name.endswith(".txt")}


def test_an_empty_board_gets_all_and_starts(config):
    with VirtualBoard(EMPTY) as board:
        done = deploy(board, "--config", config)
        assert (done.returncode, done.stderr) == (0, "")
        wanted = filesystem.firmware_files() | {"config.json": config.read_bytes()}
        assert "{0} of {0} files copied".format(len(wanted)) in done.stdout
        assert {name: board.files()[name] for name in wanted} == wanted
        # Main.py runs: what an interrupt from the REPL ends is the app.
        assert "thingscam" in stopped(board)


def stopped(board):
    """The board's traceback when its program is interrupted."""
    with serial.Serial(board.port, timeout=5) as line:
        end = time.monotonic() + 20
        found = b""
        while b"KeyboardInterrupt" not in found and time.monotonic() < end:
            line.write(b"\x03")
            found += line.read_until(b"KeyboardInterrupt")
        return found.decode()


def test_only_what_changed(config):
    with VirtualBoard(EMPTY) as board:
        first, removed = copied(deploy(board, "--config", config, "--json"))
        assert len(first) == len(filesystem.firmware_files()) + 1 and removed == []
        assert copied(deploy(board, "--config", config, "--json")) == ([], [])
        config.write_text(json.dumps(CONFIG | {"log": {"level": "debug"}}))
        assert copied(deploy(board, "--config", config, "--json")) == (["/config.json"], [])
        # Without a configuration the board's own stays.
        done = deploy(board)
        assert "config.json on the board is as it was" in done.stdout
        assert board.files()["config.json"] == config.read_bytes()


def test_a_byte_order_mark_stays_here(config):
    # Windows' editors put one, json.loads() of a board takes none.
    config.write_text(json.dumps(CONFIG), "utf-8-sig")
    with VirtualBoard(EMPTY) as board:
        copied(deploy(board, "--config", config, "--json"))
        assert json.loads(board.files()["config.json"].decode("ascii")) == CONFIG


def test_compiled_and_back_leaves_no_twins_and_nothing_of_others(config):
    others = {"outbox/1.jpg": b"picture", "log.txt": b"line\n", "lib/other.py": b"x = 1\n"}
    old = {"lib/thingscam/gone.py": b"", "main.py": b"while True: pass\n"}
    with VirtualBoard(EMPTY | others | old) as board:
        changed, removed = copied(deploy(board, "--config", config, "--compile", "--json"))
        assert removed == ["/lib/thingscam/gone.py"]
        assert "/lib/thingscam/app.mpy" in changed and "/main.py" in changed
        changed, removed = copied(deploy(board, "--config", config, "--json"))
        assert "/lib/thingscam/app.py" in changed
        assert "/lib/thingscam/app.mpy" in removed
        assert len(changed) == len(removed)
        changed, removed = copied(deploy(board, "--config", config, "--compile", "--json"))
        wanted = filesystem.firmware_files(compiled=True)
        wanted |= {"config.json": config.read_bytes()}
        files = board.files()
        assert {name for name in files if name.startswith("lib/thingscam/")} == {
            name for name in wanted if name.startswith("lib/")
        }
        for name, data in (wanted | others).items():
            assert files[name].startswith(data), name


FOREVER = """
import time
i = 0
while True:
    print("INFO line", i)
    i = i + 1
    time.sleep(0.05)
"""


def lines_until(words, *arguments, count=1):
    """The lines that a verb prints until `count` had `words`; it is ended then."""
    command = [*PYTHON, "-m", "tools", *map(str, arguments)]
    lines = []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            lines.append(line.rstrip())
            count -= words in line
            if not count:
                break
        process.terminate()
    assert not count, lines
    return lines


def test_the_log_is_followed_and_the_board_not_disturbed():
    with VirtualBoard({"boot.py": "", "main.py": FOREVER}) as board:
        board.wait_for("INFO line 2")
        starts = board.state()["starts"]
        lines = lines_until("INFO line ", "logs", board.port, count=5)
        numbers = [int(line.split()[-1]) for line in lines[1:]]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        done = tools("logs", board.port, "--seconds", "0.2")
        assert (done.returncode, done.stderr) == (0, "")
        assert board.state()["starts"] == starts


def test_silence_is_explained_once_until_a_line_comes():
    main = "import time\nwhile True:\n print('line')\n time.sleep(1.2)\n"
    with VirtualBoard({"boot.py": "", "main.py": main}) as board:
        board.wait_for("line")
        heard = []
        boardlink.follow(board.port, heard.append, 4, heard.append, quiet_s=0.4)
    silent = ["silent for 0.4 s" in line for line in heard]
    assert sum(silent) >= 2, heard
    assert not any(a and b for a, b in zip(silent, silent[1:], strict=False)), heard


def test_the_log_follows_the_deployment(config):
    with VirtualBoard(EMPTY) as board:
        lines = lines_until(
            "INFO start: thingscam {}, soft_reset".format(__version__),
            "deploy",
            board.port,
            "--config",
            config,
            "--follow",
        )
        # Nothing of the talk before the start is shown.
        assert len(lines) == 2 and "files copied" in lines[0], lines


def test_a_thingscam_before_lib_is_told(config):
    with VirtualBoard(EMPTY | {"thingscam/__init__.py": ""}) as board:
        done = deploy(board, "--config", config)
        assert done.returncode == 0 and "in its firmware, or in /" in done.stdout


def test_what_the_chip_would_refuse_is_refused(config):
    own = {"camera": {"board": "firmware"}, "trigger": {"pir_pin": 40}}
    other = {"camera": {"board": "freenove-esp32s3"}}
    with VirtualBoard(EMPTY) as board:
        for sections, word in ((own, "GPIO40 "), (other, "freenove-esp32s3 has an ESP32S3")):
            config.write_text(json.dumps(CONFIG | sections))
            refused(deploy(board, "--config", config), word)
        assert "config.json" not in board.files()


def test_kept_lines_oldest_first(config):
    files = {"boot.py": "", "log.old.txt": "1 first\n", "log.txt": "2 second\n", "main.py": ""}
    files["main.py"] = "print('started')\n"
    with VirtualBoard(files) as board:
        board.wait_for("started")
        done = tools("logs", board.port, "--kept")
        assert (done.returncode, done.stdout, done.stderr) == (0, "1 first\n2 second\n", "")
        board.wait_for("started", count=2)
        refused(tools("logs", board.port, "--kept", "--folder", "/lib"), "kept no log")


def test_what_the_console_cannot_show_is_written_out(config):
    said = "INFO Wi-Fi Гараж, -60 dBm"
    files = EMPTY | {"main.py": "while True:\n print({!r})\n".format(said), "log.txt": said + "\n"}
    config.write_text(
        json.dumps(CONFIG | {"wifi": [{"ssid": "Гараж", "password": "wifi-pass-word"}]})
    )
    with VirtualBoard(files) as board:
        board.wait_for(said)
        for encoding, shown in (
            ("utf-8", said),
            ("cp1252", r"INFO Wi-Fi \u0413\u0430"),
            ("ascii", r"\u0413"),
        ):
            env = {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
            for words in (["--kept"], ["--seconds", "0.5"]):
                done = tools("logs", board.port, *words, **env)
                assert done.returncode == 0 and shown in done.stdout, done
        done = tools("deploy", board.port, "--config", config, "--seconds", "5", **env)
        assert done.returncode == 0 and "Traceback" not in done.stdout + done.stderr
        assert (
            json.loads(board.files()["config.json"].decode("utf-8"))["wifi"][0]["ssid"] == "Гараж"
        )


def test_what_fails_leaves_the_program_running(config):
    files = {"boot.py": "", "main.py": "print('started')\n"}
    with VirtualBoard(files) as board:
        board.wait_for("started")
        refused(tools("logs", board.port, "--kept"), "kept no log")
        board.wait_for("started", count=2)
        config.write_text("{}")
        assert deploy(board, "--config", config).returncode == 1
        # That one is known to be wrong before the board is stopped.
        assert board.output.count("started") == 2


def test_interrupted_it_starts_the_board_and_the_next_time_mends_it(config):
    files = {"boot.py": "", "main.py": "print('started')\n"}
    with VirtualBoard(files) as board:
        board.wait_for("started")
        command = [*PYTHON, "-m", "tools", "deploy", board.port, "--config", config]
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
            while not any(name.endswith(".new") for name in board.files()):
                assert process.poll() is None
            process.send_signal(signal.SIGINT)
            _, error = process.communicate(timeout=30)
        assert process.returncode == 1 and error.strip() == "Aborted!"
        board.wait_for("MPY: soft reboot", count=2)
        done = deploy(board, "--config", config)
        assert (done.returncode, done.stderr) == (0, "")
        wanted = filesystem.firmware_files() | {"config.json": config.read_bytes()}
        assert {name: board.files()[name] for name in wanted} == wanted
        assert not any(name.endswith(".new") for name in board.files())


def test_half_a_file_of_an_interrupted_deployment_is_no_obstacle(config):
    with VirtualBoard(EMPTY | {"lib/thingscam/app.py.new": "half"}) as board:
        _, removed = copied(deploy(board, "--config", config, "--json"))
        assert removed == ["/lib/thingscam/app.py.new"]
        assert "lib/thingscam/app.py.new" not in board.files()


def test_a_full_filesystem(config, tmp_path):
    image = tmp_path / "image"
    filesystem.make_image(image, EMPTY | {"main.py": "print(1)\n"}, 65536)
    with VirtualBoard(image=image) as board:
        refused(deploy(board, "--config", config), "filesystem is full", "bytes are needed")
        assert sorted(board.files()) == ["boot.py", "main.py"]


def test_ports_that_cannot_be_used(config):
    refused(deploy("/dev/ttyNone"), "no such port")
    refused(tools("logs", "/dev/ttyNone"), "no such port")
    refused(tools("logs", str(config)), "not a serial port")
    refused(tools("logs", str(config.parent)), "{}: not a serial port".format(config.parent))
    with VirtualBoard(EMPTY) as board, serial.Serial(board.port, exclusive=True):
        refused(deploy(board), "in use")
        refused(tools("logs", board.port), "in use")
    # Somebody is there, and says nothing.
    near, far = os.openpty()
    try:
        refused(deploy(os.ttyname(far), "--wait", "1"), "does not answer", "press RST")
    finally:
        os.close(near)
        os.close(far)


def test_unplugged_while_following(config):
    board = VirtualBoard({"boot.py": "", "main.py": FOREVER}).start()
    command = [*PYTHON, "-m", "tools", "logs", board.port]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as process:
        process.stdout.readline()  # it follows
        board.stop()
        _, error = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "unplugged" in error and len(error.splitlines()) == 1, error


def test_a_configuration_that_is_wrong_stays_here(config):
    with VirtualBoard(EMPTY) as board:
        config.write_text("{}")
        done = deploy(board, "--config", config)
        assert done.returncode == 1 and "cloud.endpoint: missing" in done.stderr
        config.write_text(json.dumps(CONFIG | {"camera": {"board": "espeye"}}))
        refused(deploy(board, "--config", config), "camera.board", "esp-eye")
        refused(deploy(board, "--config", config.parent / "none.json"), "none.json")
        assert sorted(board.files()) == ["boot.py"]


def test_a_micropython_that_is_too_old_is_told_of(config):
    card = CONFIG | {"outbox": {"path": "/sd/outbox"}, "trigger": {"pir_pin": 12}}
    for version, data, words in (
        ("1.21", CONFIG, "note: MicroPython 1.21.0 is too old, take 1.22 or later"),
        ("1.22", card, "note: MicroPython 1.22.0 is too old, take 1.24.1 or later"),
        ("1.22", CONFIG, None),
    ):
        config.write_text(json.dumps(data))
        with VirtualBoard(EMPTY, micropython=version) as board:
            done = tools("deploy", board.port, "--config", config, "--no-follow")
        assert done.returncode == 0, done.stderr
        assert (words or "note: MicroPython") in done.stdout or words is None
        assert words is not None or "too old" not in done.stdout


def test_what_an_interrupted_deploy_has_left_is_removed(config):
    half = {"config.json.new": "half a secret", "boot.py.new": "x"}
    with VirtualBoard(EMPTY | half) as board:
        done = tools("deploy", board.port, "--no-follow", "--config", config)
        assert done.returncode == 0, done.stderr
        assert not [name for name in board.files() if name.endswith(".new")]


def test_an_interrupt_leaves_no_half_configuration():
    def interrupt(done):
        if done > 2000:
            raise KeyboardInterrupt

    with VirtualBoard(EMPTY | {"config.json": "old"}) as board:
        with boardlink.Board(board.port) as link, pytest.raises(KeyboardInterrupt):
            link.write("/config.json", b"secret" * 2000, interrupt)
        files = board.files()
    assert "config.json.new" not in files and "config.json" in files


def test_what_came_over_the_air_gives_way_to_the_cable(tmp_path):
    record = choose.Record()
    record.good, record.number, record.mpy = 1, 3, bundle.MPY
    old = {
        "slot/0": b"not whole",
        "slot/1": choose.packed(record),
        "slot/a/manifest": b"x",
        "slot/a/thingscam/app.mpy": b"x",
        "lib/thingscam/__init__.py": b"",
    }
    path = tmp_path / "config.json"
    update = {"url": "http://192.0.2.1/latest.json"}
    path.write_text(json.dumps(CONFIG | {"update": update}))
    with VirtualBoard(EMPTY | old) as board:
        refused(deploy(board, "--config", path), "update.pub: not there", "update keys")
        public = bundle.new_key()[1]
        (tmp_path / "update.pub").write_bytes(public)
        done = deploy(board, "--config", path)
        assert "what was deployed runs" in done.stdout, done.stderr
        files = board.files()
        assert sorted(name for name in files if name[:4] == "slot") == ["slot/__init__.mpy"]
        assert files["update.pub"] == public
        # With nothing but the board's own configuration what it needs for updates stays.
        assert copied(deploy(board, "--json")) == ([], [])
        # A checkout on trial: in a slot, with a record behind it, and nothing else is touched.
        done = deploy(board, "--slot", "--json")
        changed, removed = copied(done)
        assert removed == [] and all(name.startswith("/slot/a/thingscam/") for name in changed)
        files = board.files()
        record = choose.parse(files["slot/1"])
        assert (record.good, record.trial, record.version) == (0, 1, __version__)
        assert copied(deploy(board, "--slot", "--json"))[0] == []
        assert choose.parse(board.files()["slot/0"]).number == 2
        # Without updates in the configuration there is none of it left.
        path.write_text(json.dumps(CONFIG))
        removed = copied(deploy(board, "--config", path, "--json"))[1]
        assert removed[:2] == ["/slot/0", "/slot/1"]
        assert not [name for name in board.files() if name[:4] == "slot"]
        refused(deploy(board, "--slot"), "takes no updates yet")
