# What comes over the cable: nothing of it acts on a terminal or a file, and all of it has an end.

import ast
import json
import subprocess
import sys
import unicodedata

from tests.support.talker import Talker, for_ever
from tests.support.world import ROOT
from tools.host.harmless import harmless, in_json, one_line

# The title, the clipboard, a line written over, C1 in both spellings, DEL, a line turned around.
ODD = (
    "\x1b]0;title\x07\x1b]52;c;QUJD\x07\x1b[2Ja\rb\x00\x08\x9b31m\x9d0;t\x9c\x7f"
    "\u202egpj.exe\u2066\u200f\u2028\ufeff"
)
RAW = ODD.encode() + b"\x9b31m\xff"
SHOWN = r"\x1b]0;title\x07\x1b]52;c;QUJD\x07\x1b[2Ja\rb\x00\x08\x9b31m\x9d0;t\x9c\x7f\u202egpj.exe"


def tools(*arguments, **options):
    command = [sys.executable, "-m", "tools", *map(str, arguments)]
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


def test_all_that_is_shown_goes_out_at_one_place():
    """Only screen.py writes to the terminal, so that nothing passes by harmless()."""
    apart = ("bench/", "virtualboard/device/", "doctor/device.py", "bootstrap.py", "screen.py")
    ways = ("print", "click.echo", "click.secho", "sys.stdout.write", "rich.console.Console")
    for path in sorted((ROOT / "tools").rglob("*.py")):
        if not any(part in path.as_posix() for part in apart):
            calls = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)]
            assert not [call for call in calls if ast.unparse(call.func) in ways], path
