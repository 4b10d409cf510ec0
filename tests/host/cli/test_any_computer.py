# Consoles and editors of any computer: its encodings out, byte-order marks and CRLF in.
#
# What is here needs neither MicroPython nor a terminal: it runs on Windows too.

import asyncio
import json
import os
import shlex
import signal
import ssl
import subprocess
import sys
import types

import pytest
import trustme

from tests.support import firmwarefile
from tests.support.quick import PYTHON
from tests.support.world import ROOT, service
from thingscam.config import config
from tools.cloud.service.main import on_signals
from tools.host import filesystem
from tools.host import port as ports

SSID = "Гараж"
CLOUD = {
    "access_token": "demo-camera",
    "identifier": "image",
    "project_key": "demo-project-key",
    "region": "demo",
}
CAT = ROOT / "tools" / "virtualboard" / "photos" / "cat.jpg"
SAVED = {
    "a byte-order mark": lambda text: text.encode("utf-8-sig"),
    "CRLF": lambda text: text.replace("\n", "\r\n").encode(),
    "Notepad's Unicode": lambda text: text.replace("\n", "\r\n").encode("utf-16"),
}
as_saved = pytest.mark.parametrize("saved", SAVED.values(), ids=SAVED)
in_console = pytest.mark.parametrize("console", ["cp1252", "ascii", "gbk", "utf-8"])


def tool(*words, console="utf-8", names="C.UTF-8", code=0, typed=b""):
    """Run a verb on a console of an encoding; returns what it shows.

    `names` is the locale; what a file holds is in ASCII by it with "C".
    """
    env = dict(os.environ, PYTHONIOENCODING=console, PYTHONUTF8="0")
    env |= {"LC_ALL": names, "PYTHONCOERCECLOCALE": "0"}
    command = [*PYTHON, "-m", "tools", *map(str, words)]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, input=typed)
    shown = (done.stdout + done.stderr).decode(console).replace("\r\n", "\n")
    assert "Traceback" not in shown
    assert done.returncode == code, shown
    return shown


def settings(endpoint="http://127.0.0.1:9", **cloud):
    wifi = [{"ssid": SSID, "password": "wifi-pass-word"}]
    data = {"wifi": wifi, "cloud": CLOUD | {"endpoint": endpoint} | cloud}
    return json.dumps(data, indent=1, ensure_ascii=False)


@in_console
def test_what_a_console_cannot_show_is_written_out(tmp_path, console):
    file = tmp_path / (SSID + ".json")
    seen = SSID.encode(console, "backslashreplace").decode(console)
    assert seen + ".json: no such file" in tool("config", file, "--check", console=console, code=1)
    file.write_text(settings(), "utf-8")
    assert tool("config", file, "--check", console=console).endswith(seen + ".json: right\n")
    assert json.loads(tool("config", file, "--mask", console=console))["wifi"][0]["ssid"] == SSID
    wrong = settings().replace('"wifi"', '"{}"'.format(SSID))
    file.write_text(wrong, "utf-8")
    assert seen in tool("config", file, "--check", console=console, code=1)
    file.write_text(settings(), "utf-8")
    assert seen in tool("send", tmp_path / SSID, "--config", file, console=console, code=1)
    firmware = ("flash", "--config", file, "--firmware", tmp_path / SSID, "--port", "none")
    assert seen in tool(*firmware, console=console, code=1)
    (tmp_path / "-").mkdir()
    (tmp_path / "-" / SSID).touch()
    assert seen in tool("package", "--output", tmp_path / "-" / SSID, console=console, code=2)


@in_console
def test_a_question_shows_what_the_console_can(tmp_path, console):
    pty = pytest.importorskip("pty")
    file = tmp_path / "config.json"
    file.write_text(settings(), "utf-8")
    master, slave = pty.openpty()
    env = dict(os.environ, PYTHONIOENCODING=console, PYTHONUTF8="0")
    command = [*PYTHON, "-m", "tools", "config", str(file)]
    options = {"stdin": slave, "stdout": slave, "stderr": slave}
    with subprocess.Popen(command, cwd=ROOT, env=env, **options) as process:
        os.close(slave)
        shown = b""
        while b"password" not in shown:  # the second question
            if b"SSID" in shown and b"]: " in shown:
                os.write(master, b"\n")
            try:
                shown += os.read(master, 4096)
            except OSError:
                break
        process.kill()
    os.close(master)
    assert b"Traceback" not in shown and b"password" in shown


@as_saved
def test_a_configuration_is_the_same_whoever_saved_it(tmp_path, saved):
    file = tmp_path / "config.json"
    file.write_bytes(saved(settings()))
    assert tool("config", file, "--check").endswith(": right\n")
    tool("config", file, "--set", "log.level=debug")
    found = json.loads(file.read_text("utf-8"))
    assert found == json.loads(settings()) | {"log": {"level": "debug"}}


def test_advice_can_be_typed_where_a_folder_has_blanks(tmp_path):
    folder = tmp_path / "My Files"
    folder.mkdir()
    file = folder / "config.json"
    seen = [tool("config", file, "--check", code=1)]
    file.write_text(settings("https://camera.invalid"), "utf-8")
    (folder / "firmware.bin").write_bytes(firmwarefile.make())
    seen.append(tool("config", file, "--check", code=1))
    seen.append(tool("send", CAT, "--config", file, code=1))
    given = ("--config", file, "--firmware", folder / "firmware.bin", "--port", "none")
    seen.append(tool("flash", *given, code=1))
    for text in seen:
        assert shlex.split(text.split("python -m tools ")[1])[:2] == ["config", str(file)]


def test_a_board_gets_what_it_can_read(tmp_path):
    file = tmp_path / "config.json"
    file.write_bytes(b"\xef\xbb\xbf" + settings().encode().replace(b"\n", b"\r\n" + b" " * 2000))
    assert tool("config", file, "--check").endswith(": right\n")
    (tmp_path / "firmware.bin").write_bytes(firmwarefile.make())
    given = ("--config", file, "--firmware", tmp_path / "firmware.bin", "--source")
    tool("flash", *given, "--output", tmp_path / "whole.bin")
    whole = (tmp_path / "whole.bin").read_bytes()
    raw = filesystem.contents(whole[0x200000:0x400000])["config.json"]
    assert config.parse(raw).wifi[0][0] == SSID


def test_text_in_an_old_encoding_is_named_with_what_to_do(tmp_path):
    file = tmp_path / "config.json"
    file.write_bytes(settings().encode("cp1251"))
    shown = tool("config", file, "--check", code=1)
    assert "config.json: not UTF-8 (line 4): save it as UTF-8" in shown
    secret = "pässword-7x".encode("cp1252")
    given = ("config", tmp_path / "new.json", "--set", "wifi.password=@-")
    shown = tool(*given, typed=secret + b"\r\n", code=1)
    assert "standard input: not UTF-8" in shown and "ssword" not in shown


@as_saved
def test_values_and_tables_are_the_same_whoever_saved_them(tmp_path, saved):
    base, table, name = (tmp_path / each for each in ("base.json", "boards.csv", "ssid.txt"))
    base.write_bytes(saved(settings()))
    table.write_bytes(
        saved("name,cloud.access_token,wifi.ssid\nnorth,t-1,\nsouth,t-2,Nebengebäude\n")
    )
    name.write_bytes(saved(SSID + "-2\n"))
    tool("config", "--fleet", table, "--base", base, "--folder", tmp_path / "boards")
    found = json.loads((tmp_path / "boards" / "south.json").read_text("utf-8"))
    assert found["wifi"][0]["ssid"] == "Nebengebäude"
    tool("config", base, "--set", "wifi[1].ssid=@{}".format(name))
    tool("config", base, "--set", "wifi[2].ssid=@-", typed=(SSID + "\r\n").encode())
    found = json.loads(base.read_text("utf-8"))
    assert [one["ssid"] for one in found["wifi"]] == [SSID, SSID + "-2", SSID]


@as_saved
def test_a_ca_in_pem_is_one_too(tmp_path, saved):
    with service(tmp_path / "cloud", "--interval", "0", "--tls") as url:
        der = (tmp_path / "cloud" / "ca.der").read_bytes()
        (tmp_path / "ca.der").write_bytes(saved(ssl.DER_cert_to_PEM_cert(der)))
        file = tmp_path / "config.json"
        file.write_bytes(saved(settings(url)))
        shown = tool("send", CAT, "--config", file)
        assert shown.startswith(url) and shown.endswith(".jpg\n")
        assert tool("config", file, "--check").endswith(": right\n")
        two = ssl.DER_cert_to_PEM_cert(der) + trustme.CA().cert_pem.bytes().decode()
        (tmp_path / "ca.der").write_bytes(saved(two))
        assert "2 certificates" in tool("send", CAT, "--config", file, code=1)
        assert "2 certificates" in tool("config", file, "--check", code=1)
        (tmp_path / "ca.der").write_bytes(b"<html>")
        assert "cloud.ca: " in tool("send", CAT, "--config", file, code=1)


# As Windows' CPython is: select() alone, and a connect() that begins in its own words.
WITHOUT_POLL = """
import errno, runpy, select, socket, sys
class Socket(socket.socket):
    def connect_ex(self, address):
        code = super().connect_ex(address)
        return errno.EWOULDBLOCK if code == errno.EINPROGRESS else code
    def connect(self, address):
        assert self.gettimeout() != 0, "only once, and then never a word of how it went"
        super().connect(address)
socket.socket = Socket
for name in [name for name in dir(select) if "poll" in name.lower()]:
    delattr(select, name)
sys.argv[0] = "tools"
runpy.run_module("tools", run_name="__main__")
"""


@pytest.mark.parametrize("tls", [False, True])
def test_a_picture_is_sent_where_there_is_no_poll(tmp_path, tls):
    file = tmp_path / "config.json"
    command = [sys.executable, "-c", WITHOUT_POLL, "send", CAT, "--config", file]

    def sent():
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert "Traceback" not in done.stderr, done.stderr
        return done.stdout + done.stderr

    data = tmp_path / "cloud"
    with service(data, "--interval", "0", *["--tls"] * tls) as url:
        file.write_text(settings(url, ca="cloud/ca.der"), "utf-8")
        assert sent().startswith(url + "/images/")
        assert next((data / "images").iterdir()).read_bytes() == CAT.read_bytes()
    assert "ECONNREFUSED" in sent()


def test_a_loop_without_signals_ends_by_them_too():
    class Loop(asyncio.SelectorEventLoop):
        def add_signal_handler(self, sig, callback, *args):
            raise NotImplementedError

    async def wait():
        ended = asyncio.Event()
        on_signals(asyncio.get_running_loop(), ended.set)
        signal.raise_signal(signal.SIGTERM)
        await asyncio.wait_for(ended.wait(), 10)

    before = [(number, signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)]
    try:
        with asyncio.Runner(loop_factory=Loop) as runner:
            runner.run(wait())
    finally:
        for number, handler in before:
            signal.signal(number, handler)


# Windows says the second half in the person's language.
@pytest.mark.parametrize(
    "found, words",
    [
        (
            "FileNotFoundError(2, 'Datei nicht gefunden.', None, 2)",
            "no such port",
        ),
        ("PermissionError(13, 'Zugriff verweigert', None, 5)", "in use"),
    ],
)
def test_what_windows_says_of_a_port_is_understood(monkeypatch, found, words):
    error = OSError("could not open port 'COM3': " + found)  # serial.SerialException is one
    assert ports.why_not("COM3", error).startswith("COM3: " + words)
    # A port is no file there: that none is there tells nothing.
    monkeypatch.setattr(ports, "os", types.SimpleNamespace(name="nt", path=os.path))
    assert not ports.is_gone("COM3")
    ports.reject_missing("COM3")
