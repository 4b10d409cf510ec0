# What comes over the cable: nothing of it acts on a terminal or a file, and all of it has an end.

import ast
import base64
import io
import json
import struct
import subprocess
import sys
import time
import unicodedata

import pytest
from PIL import Image

from tests.support import firmwarefile
from tests.support.quick import PYTHON
from tests.support.talker import Talker, for_ever
from tests.support.world import ROOT
from tools.cli.doctor import steps
from tools.host import boardlink, bounds
from tools.host.harmless import harmless, in_json, one_line
from tools.virtualboard.board import VirtualBoard
from tools.virtualboard.scenes import PHOTOS

# The title, the clipboard, a line written over, C1 in both spellings, DEL, a line turned around.
ODD = (
    "\x1b]0;title\x07\x1b]52;c;QUJD\x07\x1b[2Ja\rb\x00\x08\x9b31m\x9d0;t\x9c\x7f"
    "\u202egpj.exe\u2066\u200f\u2028\ufeff"
)
RAW = ODD.encode() + b"\x9b31m\xff"
SHOWN = r"\x1b]0;title\x07\x1b]52;c;QUJD\x07\x1b[2Ja\rb\x00\x08\x9b31m\x9d0;t\x9c\x7f\u202egpj.exe"


def tools(*arguments, **options):
    command = [*PYTHON, "-m", "tools", *map(str, arguments)]
    options = {"cwd": ROOT, "timeout": 60, "stdin": subprocess.DEVNULL} | options
    done = subprocess.run(command, capture_output=True, **options)
    done.text = (done.stdout + done.stderr).decode()
    seen = [unicodedata.category(char) for char in done.text if char not in "\n\t"]
    assert not {"Cc", "Cf", "Cs", "Zl", "Zp"}.intersection(seen), done.text
    assert "Traceback (most" not in done.text
    return done


def test_what_is_written_out_and_what_stays():
    assert harmless(ODD).startswith(SHOWN) and harmless(ODD).isascii()
    kept = "Гараж 车库\u3000\u00a0é 📷 \\x1b \t\n"
    assert harmless(kept) == kept
    assert harmless("\udc9b") == r"\udc9b"
    assert one_line(" a\rb\x1b\n") == r"a\rb\x1b"
    assert one_line("a\n b\r\n" + "x" * 400, 10) == "a b xxxxxx..."
    text = json.dumps({"ssid": ODD + "\U000e0041é"}, ensure_ascii=False)
    assert json.loads(in_json(text)) == json.loads(text)
    assert "\x9b" not in in_json(text) and "\u202e" not in in_json(text) and "é" in in_json(text)


def test_a_log_that_is_followed():
    with Talker(start=for_ever(b"INFO " + RAW + b"\r\n\x1b[1mno end", 0.1)) as board:
        done = tools("logs", board.port, "--seconds", "1")
    assert done.returncode == 0
    assert "INFO " + SHOWN in done.text and r"\x1b[1mno end" in done.text


def test_a_panic_of_the_tools_themselves_is_harmless_too():
    code = "import sys\nfrom tools.host import screen\nsys.excepthook = screen.unexpected\n"
    code += "raise ValueError({!r})".format(ODD)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert "ValueError: " + SHOWN in done.stderr and "\x1b" not in done.stderr


def test_a_table_of_boards_and_what_becomes_of_it(tmp_path):
    base = {
        "cloud": {"endpoint": "http://192.0.2.1", "identifier": "i", "project_key": "k" * 9,
                  "region": "r"},
    }  # fmt: skip
    (tmp_path / "base.json").write_text(json.dumps(base))
    table = tmp_path / "table.csv"
    options = ("--base", tmp_path / "base.json", "--fleet", table, "--folder", tmp_path / "out")
    ssid = "a\u202eb\x9b\x7f"
    row = 'name,wifi.ssid,wifi.password,cloud.access_token\n{},{},12345678,"token-1"\n'
    table.write_text(row.format("one", ssid))
    assert tools("config", *options).returncode == 0
    raw = (tmp_path / "out" / "one.json").read_text()
    assert "\x9b" not in raw and json.loads(raw)["wifi"][0]["ssid"] == ssid
    table.write_text(row.format("two", "ok").replace("wifi.ssid", "wifi." + ODD))
    assert tools("config", *options).returncode == 1
    table.write_text(row.format(ODD, "ok"))
    assert tools("config", *options).returncode == 1
    broken = tmp_path / (ODD.replace("\x00", "") + ".json")
    broken.write_text("{")
    done = tools("config", broken, "--check")
    assert done.returncode == 1 and r"\x1b]0;title" in done.text
    done = tools("config", broken, "--base", tmp_path / "base.json")
    assert done.returncode == 2 and r"\x1b]0;title" in done.text


@pytest.mark.parametrize("depth", [30, 900, 100000])
def test_a_configuration_that_is_nested_too_deep(tmp_path, depth):
    path, table = tmp_path / "deep.json", tmp_path / "table.csv"
    path.write_text('{"cloud": ' + "[" * depth + "]" * depth + "}")
    table.write_text("name,wifi.ssid\none,garden\n")
    photo = next(PHOTOS.glob("*.jpg"))
    for verb in (
        ("config", path, "--mask"),
        ("config", path, "--check"),
        ("config", path, "--set", "log.level=debug"),
        ("config", "--base", path, "--fleet", table, "--folder", tmp_path / "out"),
        ("send", photo, "--config", path),
    )[:: 4 if depth == 30 else 1]:
        done = tools(*verb)
        assert done.returncode == 1 and len(done.text.splitlines()) == 1, done.text
    with VirtualBoard({"config.json": path.read_bytes(), "main.py": "print('runs')"}) as board:
        board.wait_for("runs")


def test_all_that_is_shown_goes_out_at_one_place():
    """Only screen.py writes to the terminal, so that nothing passes by harmless()."""
    apart = ("bench/", "virtualboard/device/", "doctor/device.py", "bootstrap.py", "screen.py")
    ways = ("print", "click.echo", "click.secho", "sys.stdout.write", "rich.console.Console")
    for path in sorted((ROOT / "tools").rglob("*.py")):
        if not any(part in path.as_posix() for part in apart):
            calls = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)]
            assert not [call for call in calls if ast.unparse(call.func) in ways], path


# What a board answers that is as it should be, for one thing in it not to be.
VERSION, WHOSE = b"1 27 0\r\nESP32 module with ESP32\r\n", b"/lib/thingscam/__init__.py\r\n"


def plays(**words):
    """An answer() of a Talker: of the programs with a word of `words` in them, that one's."""

    def answer(code):
        for word, found in words.items():
            if word in code:
                return found
        return b""

    return answer


def result(text, ok=True, **more):
    return b"RESULT " + json.dumps({"ok": ok, "text": text} | more).encode() + b"\r\n"


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.json"
    cloud = {"endpoint": "http://192.0.2.1", "access_token": "token-1", "identifier": "i",
             "project_key": "k" * 9, "region": "r"}  # fmt: skip
    wifi = [{"ssid": "garden", "password": "password"}]
    path.write_text(json.dumps({"wifi": wifi, "cloud": cloud}))
    return path


def test_the_log_that_a_board_kept():
    with Talker(plays(b2a_base64=base64.b64encode(b"WARNING " + RAW + b"\n") + b"\r\n")) as board:
        done = tools("logs", board.port, "--kept")
    assert done.returncode == 0 and done.text.count("WARNING " + SHOWN) == 2


@pytest.mark.parametrize(
    "word, found",
    [
        ("print", (b"", b"Traceback\r\n OSError: " + RAW + b"\r\n")),
        ("version", RAW),
        ("version", b"9" * 5000 + b" 1 1"),
        ("hashlib", RAW),
        (
            "hashlib",
            b'["' + b"/a",
        ),
        ("hashlib", b"[" * 100000),
        ("hashlib", b'["/a", "b", []]\r\n'),
        ("statvfs", b"9" * 5000),
        ("statvfs", RAW),
        ("open", (b"", b"OSError: " + b"9" * 5000)),
        ("open", (b"", b"\xff\xfeOSError: ENOSPC" + RAW)),
        ("rename", (b"", b"ValueError: " + RAW)),
    ],
)
def test_what_a_deployment_is_answered(config, word, found):
    good = {"version": VERSION, "hashlib": b"", "statvfs": b"4000000\r\n", "__file__": WHOSE}
    with Talker(plays(**{word: found} | {k: v for k, v in good.items() if k != word})) as board:
        done = tools("deploy", board.port, "--config", config, "--no-follow")
    assert done.returncode == 1 and len(done.text.strip().splitlines()) == 1, done.text
    assert len(done.text) < 600


HOSTILE = "✓ upload " + ODD + "\n✓ upload fine\n" + "x" * 5000


def bomb():
    """A small JPEG that says it is 65,000 pixels wide and high."""
    file = io.BytesIO()
    Image.new("L", (640, 480)).save(file, "JPEG")
    size = struct.pack(">HH", 480, 640)
    assert file.getvalue().count(size) == 1
    return file.getvalue().replace(size, struct.pack(">HH", 65000, 65000))


@pytest.mark.parametrize(
    "step, found",
    [
        ("micropython", result(HOSTILE)),
        ("micropython", result(HOSTILE, False, remedy=HOSTILE)),
        ("micropython", result([1], False, remedy={})),
        ("micropython", b"RESULT " + RAW + b"\r\n"),
        ("micropython", b"RESULT " + b"[" * 100000 + b"\r\n"),
        ("micropython", (b"", RAW)),
        ("camera", result("camera") + b"\xff"),
    ],
)
def test_what_the_doctor_is_told(tmp_path, step, found):
    names = ("filesystem", "config", "camera", "files")
    good = {"run({!r})".format(name): result("{} fine".format(name)) for name in names}
    good["micropython"] = result("1.27.0")
    good |= {"run({!r})".format(step): found, "picture()": base64.b64encode(bomb())}
    with Talker(plays(**good)) as board:
        options = ("--port", board.port, "--no-upload", "--picture", tmp_path / "picture.jpg")
        done = tools("doctor", *options)
        assert done.returncode == 1 and len(done.text) < 10000
        assert sum(line.startswith("✓ upload") for line in done.text.splitlines()) == 0
        assert "damaged" in done.text or step == "micropython"
        if found == result(HOSTILE):
            done = tools("doctor", *options, "--json")
            assert len(json.loads(done.stdout)) == len(steps.STEPS)


def test_what_a_person_is_asked_is_harmless():
    asked = []

    class Person:
        def tell(self, text):
            asked.append(text)

        def ask(self, question):
            asked.append(question)
            return False

    good = {"run({!r})".format(name): result("fine") for name in ("files", "config")}
    good |= {"run('micropython')": result("GPIO 1"), "run(": result("GPIO" + ODD.replace(" ", ""))}
    with Talker(plays(**good)) as board, boardlink.Board(board.port) as link:
        found = {result.step: result for result in steps.examine(link, person=Person())}
    assert found["micropython"].ok and found["led"].ok is False
    assert len(asked) > 3 and all(text.isprintable() for text in asked), asked


NOISE = [for_ever(b"all is well\r\n"), for_ever(b"\x00\x9b\xff" * 999), for_ever(b"no line end ")]


@pytest.mark.parametrize("noise", range(3))
def test_a_board_that_talks_without_end(config, noise):
    verbs = (("logs", "--kept"), ("doctor", "--port"), ("deploy", "--config", config))
    with Talker(start=NOISE[noise]) as board:
        before = time.monotonic()
        done = tools(*verbs[noise], board.port, "--wait", "2")
        assert time.monotonic() - before < 25
    assert done.returncode == 1 and "does not come to MicroPython's prompt" in done.text
    assert len(done.text.strip().splitlines()) == 1


def test_a_board_that_says_the_right_thing_a_byte_a_second():
    prompt = b"raw REPL; CTRL-B to exit\r\n>"
    slow = (piece for byte in prompt * 9 for piece in pause(bytes([byte]), 0.5))
    with Talker(start=slow) as board:
        before = time.monotonic()
        done = tools("logs", board.port, "--kept", "--wait", "2")
        assert time.monotonic() - before < 25
    assert done.returncode == 1 and "RST" in done.text


def pause(piece, seconds):
    yield piece
    time.sleep(seconds)


@pytest.mark.parametrize(
    "noise",
    [for_ever(b"x" * 4000), for_ever(b"eA==\r\n" * 700), for_ever(b"eA==\r\n", 0.3)],
    ids=["a line without end", "a file without end", "a file a line a second"],
)
def test_a_board_that_answers_without_end(noise):
    with Talker(plays(b2a_base64=noise)) as board:
        before = time.monotonic()
        done = tools("logs", board.port, "--kept", "--wait", "3")
        assert time.monotonic() - before < 25
    assert done.returncode == 1 and "does not answer as it should" in done.text
    assert len(done.text.strip().splitlines()) == 1


def test_a_board_that_answers_the_doctor_without_end(tmp_path):
    for word in ("binascii", "run("):
        noise = for_ever(b"RESULT " * 99 + RAW)
        with Talker(plays(**{word: noise})) as board:
            done = tools("doctor", "--port", board.port, "--picture", tmp_path / "p.jpg")
        assert done.returncode == 1 and "it says more than" in done.text


def test_a_line_without_an_end_is_followed_in_pieces():
    with Talker(start=for_ever(b"x" * 4000, 0.05)) as board:
        done = tools("logs", board.port, "--seconds", "1")
    lines = done.text.splitlines()
    assert done.returncode == 0 and len(lines) > 2 and max(map(len, lines)) == 4096


SYNC = b"\xc0\x01\x08\x04\x00\x07\x12\x20\x55\x00\x00\x00\x00\xc0"


def packet(heard):
    """What a boot loader says that answers SYNC as it should, and then with no end of a packet."""
    for frame in heard.split(b"\xc0"):
        if frame[1:2] == b"\x08":
            yield SYNC * 8
        elif len(frame) > 1:
            yield b"\xc0\x01"
            yield from for_ever(b"A" * 999)


@pytest.mark.parametrize(
    "noise, words",
    [
        ({"start": for_ever(b"\xc0" + ODD.encode() * 9)}, "no answer from the boot loader"),
        ({"start": for_ever(b"\x1b[1mGuru Meditation Error: \r\n")}, "no answer from the boot"),
        ({"start": for_ever(SYNC)}, "doesn't match request"),
        ({"hears": packet}, "no answer from the boot loader"),
    ],
)
def test_a_chip_that_talks_without_end(tmp_path, config, noise, words):
    (tmp_path / "firmware.bin").write_bytes(firmwarefile.make())
    with Talker(**noise) as board:
        options = ("--firmware", tmp_path / "firmware.bin", "--config", config)
        done = tools("flash", "--port", board.port, *options)
    assert done.returncode == 1 and words in done.text
    assert len(done.stderr.splitlines()) == 1, done.text


def test_a_line_that_knows_no_limit_for_writing():
    class Remote:
        # As pyserial's rfc2217:// has it.
        set_to = 0

        def __setattr__(self, name, value):
            object.__setattr__(self, "set_to", value)
            if value is not None:
                raise NotImplementedError

    line = Remote()
    bounds.BoundedLine(line)
    assert line.set_to is None
