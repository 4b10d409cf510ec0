# `config` and `doctor` in Chinese: whole, chosen as people expect, and where it can be shown.

import ast
import errno
import importlib
import json
import os
import re
import subprocess

import pytest

from tests.support.quick import PYTHON
from tests.support.terminal import Terminal
from tests.support.world import ROOT
from thingscam.board import profiles
from thingscam.cloud import advice
from tools.cli.doctor import steps
from tools.host import filesystem, language, questions
from tools.host.texts_zh import TEXTS
from tools.virtualboard.board import VirtualBoard

# What `config` and `doctor` show comes from these.
SOURCES = (
    "tools/cli/config.py",
    "tools/cli/send.py",
    "tools/cli/update.py",
    "tools/host/bundle.py",
    *sorted("tools/cli/doctor/" + path.name for path in ROOT.glob("tools/cli/doctor/*.py")),
    *("tools/host/{}.py".format(name) for name in ("boardlink", "ca", "configfile", "fleet")),
    *("tools/host/{}.py".format(name) for name in ("port", "prompt", "questions", "textfile")),
    *sorted(
        "lib/thingscam/config/" + path.name for path in ROOT.glob("lib/thingscam/config/*.py")
    ),
    "lib/thingscam/board/sensorpin.py",
    "lib/thingscam/schedule/windows.py",
    "lib/thingscam/schedule/zone.py",
    "lib/thingscam/board/profiles.py",
    "lib/thingscam/cloud/advice.py",
    "lib/thingscam/cloud/errcodes.py",
    "lib/thingscam/image/checks.py",
)
# Beyond those: camera, card and network in their own words, which a board's log has too.
OTHERS = ("camera", "board", "outbox", "http", "cloud")
GAP = re.compile(r"%[-+0-9.]*[sdrf]|\{[^{}]*\}")
SENTENCE = re.compile(r"[A-Za-z']{2,}[,:;]? [a-zA-Z{%(]{2}")
# What the system, a serial port's driver or a program for the board says, and a pattern.
NONE_OF_OURS = re.compile(
    r"\n?(import|for|def|from) |try:|Permission denied|No such file|Is a directory"
    r"|Resource temporarily|-----BEGIN| +print"
)
LEAST_SAID = 10  # signs of a text in the catalogue that stand so in the code
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def constants(path):
    """Yield the texts of a source that a person may see, with {} for each value."""
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    hidden = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            hidden |= {word.value for word in node.keywords if word.arg in ("help", "metavar")}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in hidden:
            yield GAP.sub("{}", node.value)


def is_known(text):
    """Whether a text is shown in Chinese, alone or as part of another."""
    alone = text.replace("{}", "X9").strip()
    return CHINESE.search(language.in_chinese(alone)) or any(text in known for known in TEXTS)


@pytest.mark.parametrize("path", SOURCES)
def test_no_text_lacks_its_translation(path):
    found = [text for text in constants(path) if SENTENCE.search(text)]
    assert [text for text in found if not is_known(text) and not NONE_OF_OURS.match(text)] == []


def test_every_errcode_step_and_board_is_translated():
    advices = [row[2] for row in advice._TABLE]
    assert len(advices) > 20 and [text for text in advices if text not in TEXTS] == []
    assert [title for _, title, _ in steps.STEPS if title not in TEXTS] == []
    assert list(questions.BOARDS) == profiles.names()


def test_no_translation_has_lost_its_text():
    files = [path for room in OTHERS for path in ROOT.glob("lib/thingscam/" + room + "/*.py")]
    said = "\n".join(text for path in (*SOURCES, *files) for text in constants(path))
    said += "\n".join(map(os.strerror, errno.errorcode))

    def is_said(known):
        size = min(len(known), LEAST_SAID)
        return any(known[at : at + size] in said for at in range(len(known) - size + 1))

    assert [known for known in TEXTS if not is_said(known)] == []


def test_a_translation_keeps_values_commands_and_settings():
    for text, chinese in TEXTS.items():
        assert text.count("{") == chinese.count("{"), text
        names = r"python -m tools [a-z]+|--[a-z-]+|(?:cloud|camera|outbox|trigger|power|wifi)\.\w+"
        assert sorted(re.findall(names, text)) == sorted(re.findall(names, chinese)), text
        chinese.encode("gbk")  # as consoles in China are


@pytest.mark.parametrize(
    "english, chinese",
    [
        ("x.json: cloud.region: is empty", "x.json: cloud.region: 为空"),
        ("x: 2 mistakes\n  cloud.ca: is empty\n  log: odd", "\n  cloud.ca: 为空\n  log: odd"),
        ("camera.quality: must be a whole number, found a text", "必须是整数"),
        ("trigger.pir_pin: GPIO5 is the camera's on the board a, set it to 13", "已被摄像头占用"),
        ("errcode 413 Device Attribute report failed: the day's message quota is used up (wait)",
         "errcode 413 Device Attribute report failed：设备今日消息数超过上限"),
        # A name is none of ours, whatever it is called.
        ("Wi-Fi camera, -60 dBm, by wifi[0]", "Wi-Fi camera, -60 dBm"),
        ("nothing that is known", "nothing that is known"),
    ],
)  # fmt: skip
def test_values_stay_and_texts_around_them_are_chinese(english, chinese):
    assert chinese in language.in_chinese(english)


def shown(*words, console="utf-8", **names):
    env = {name: value for name, value in os.environ.items() if name not in ("LC_ALL", "LANG")}
    env |= {"PYTHONIOENCODING": console, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"} | names
    command = [*PYTHON, "-m", "tools", *map(str, words)]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True)
    text = (done.stdout + done.stderr).decode(console)
    assert "Traceback" not in text
    return text


@pytest.mark.parametrize(
    "options, names, console, is_chinese",
    [
        ([], {"LANG": "zh_CN.UTF-8"}, "utf-8", True),
        ([], {"LANG": "zh_CN.GBK"}, "gbk", True),
        ([], {"LANG": "en_US.UTF-8", "LC_ALL": "zh_TW.UTF-8"}, "utf-8", True),
        ([], {"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, "utf-8", False),
        ([], {"LANG": "de_DE.UTF-8"}, "utf-8", False),
        ([], {}, "utf-8", False),
        (["--lang", "zh"], {}, "utf-8", True),
        (["--lang", "en"], {"LANG": "zh_CN.UTF-8"}, "utf-8", False),
        # What cannot show it has English, and no escapes.
        ([], {"LANG": "zh_CN.UTF-8"}, "cp1252", False),
        (["--lang", "zh"], {}, "ascii", False),
    ],
)
def test_the_language_is_that_of_the_person(tmp_path, options, names, console, is_chinese):
    file = tmp_path / "config.json"
    text = shown("config", file, "--check", *options, console=console, **names)
    english = "{}: no such file: to make it: python -m tools config {}".format(file, file)
    chinese = "{}：没有这个文件：生成它的命令：python -m tools config {}".format(file, file)
    assert text.strip() == (chinese if is_chinese else english)
    text = shown("doctor", "--port", tmp_path / "no", *options, console=console, **names)
    assert ("请插上开发板" in text) == is_chinese and ("plug" in text) != is_chinese


def test_what_is_wrong_with_a_picture_is_said_in_chinese(tmp_path):
    cloud = {"endpoint": "http://127.0.0.1:9", "access_token": "t", "identifier": "i"}
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"cloud": cloud | {"project_key": "k", "region": "r"}}))
    picture = tmp_path / "x.jpg"
    names = ("send", picture, "--config", file, "--lang", "zh")
    assert "没有这个文件" in shown(*names)
    picture.write_bytes(b"abc")
    assert "不是图片：开头是 61 62 63" in shown(*names)
    picture.write_bytes((ROOT / "tools" / "virtualboard" / "photos" / "cat.jpg").read_bytes())
    assert "没有发送（retry）：http://127.0.0.1:9" in shown(*names)


def test_logs_and_json_stay_as_they_are(tmp_path):
    names = {"LANG": "zh_CN.UTF-8"}
    assert "no such port" in shown("logs", tmp_path / "no", **names)
    assert "no such port" in shown("doctor", "--json", "--port", tmp_path / "no", **names)


def test_questions_in_chinese(tmp_path):
    terminal = Terminal("-m", "tools", "config", tmp_path / "config.json", "--lang", "zh")
    terminal.expect("2.4 GHz")
    terminal.expect("名称（SSID）", "")
    terminal.expect("这一项不能留空")
    terminal.expect("名称（SSID）", "花园")
    terminal.expect("Wi-Fi 密码", "")
    terminal.expect("没有密码：按开放网络处理")
    terminal.expect("接入点（https://主机名）", "https://x/y")
    terminal.expect("cloud.endpoint: 含有路径")
    terminal.interrupt("没有写入任何文件")
    assert terminal.wait() == 1 and not list(tmp_path.iterdir())


def test_a_board_is_looked_over_in_chinese():
    files = filesystem.firmware_files() | {"main.py": b"", "config.json": b'{"cloud": {}}'}
    with VirtualBoard(files) as board:
        text = shown("doctor", "--port", board.port, "--no-upload", "--lang", "zh")
    lines = text.splitlines()
    assert "正在检查开发板" in lines[0]
    assert any(re.match(r"✓ 文件系统      剩余 \d+ KB，共 \d+ KB$", line) for line in lines), text
    assert "✗ 配置" in text and "cloud.endpoint: 缺少" in text
    assert "python -m tools config，然后 python -m tools deploy " + board.port in text
    assert "- 摄像头        未检查：请先解决“配置”" in lines
    assert not [line for line in lines[1:] if not CHINESE.search(line) and "Python" not in line
                and "wifi" not in line]  # fmt: skip


def test_windows_says_its_language_otherwise(monkeypatch):
    module = importlib.import_module("tools.host.language")
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(module.os, "name", "nt")
    for name, expected in (("Chinese (Simplified)_China", "zh"), ("German_Germany", "en")):
        monkeypatch.setattr(module.locale, "getlocale", lambda name=name: (name, "936"))
        assert module._computers() == expected
