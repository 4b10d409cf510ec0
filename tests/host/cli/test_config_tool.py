# `python -m tools config`: by asking, from flags, for a fleet; the CA; nothing secret shown.

import json
import os
import re
import shlex
import signal
import socket
import ssl
import stat
import subprocess
import threading

import pytest
import trustme

from tests.support import certificates
from tests.support.quick import PYTHON
from tests.support.terminal import Terminal
from tests.support.world import ROOT
from thingscam.config import schema
from thingscam.config.config import ConfigError, parse
from tools.host import ca, configfile

KEY = "s3cret-key-7x"
TOKEN = "t0ken-abcdef"
PASSWORD = "wifi-pass-word"
GOOD = {
    "wifi.ssid": "garden",
    "wifi.password": PASSWORD,
    "cloud.endpoint": "http://camera.example",
    "cloud.access_token": TOKEN,
    "cloud.identifier": "image",
    "cloud.project_key": KEY,
    "cloud.region": "cn-1",
}


def config(folder, *options, text=None, env=None):
    command = [*PYTHON, "-m", "tools", "config", *map(str, options)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        input=text or "",
        capture_output=True,
        text=True,
        env=dict(os.environ, **(env or {})),
    )
    shown = done.stdout + done.stderr
    assert "Traceback" not in shown
    for secret in (KEY, TOKEN, PASSWORD):
        assert secret not in shown
    return done


def flags(**changed):
    values = GOOD | {name.replace("__", "."): value for name, value in changed.items()}
    return [word for name, value in values.items() for word in ("--set", name + "=" + value)]


PAGES = ("docs/board.md", "docs/board.zh-CN.md")


@pytest.mark.parametrize("page", PAGES)
def test_commands_of_the_page_work_as_they_are(tmp_path, page):
    text = (ROOT / page).read_text().replace("\\\n", "")
    commands = [
        shlex.split(found) for found in re.findall("^    thingscam config (--set .+)", text, re.M)
    ]
    assert len(commands) == 5
    for i, words in enumerate(commands):
        path = tmp_path / "{}.json".format(i)
        done = config(tmp_path, path, *flags(), *words)
        assert (done.returncode, done.stderr) == (0, ""), words
        assert config(tmp_path, path, "--check").returncode == 0


@pytest.mark.parametrize("page", PAGES)
def test_what_the_page_puts_into_config_json_is_right(page):
    """Each block of sections by itself, beside what a board needs."""
    blocks = re.findall("(?:^    +[\"'].+\n|^     +.+\n)+", (ROOT / page).read_text(), re.M)
    found = [json.loads("{" + block + "}") for block in blocks if block.startswith('    "')]
    assert len(found) >= 7
    cloud = {key[6:]: value for key, value in GOOD.items() if key[:6] == "cloud."}
    for sections in found:
        data = {"cloud": cloud, "trigger": {"pir_pin": None, "every_s": 60}, **sections}
        parse(json.dumps(data).encode())


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_from_flags(tmp_path):
    path = tmp_path / "config.json"
    done = config(tmp_path, path, *flags(trigger__every_s="60", trigger__pir_pin="null"))
    assert (done.returncode, done.stderr) == (0, "")
    data = json.loads(path.read_text())
    assert data["wifi"] == [{"ssid": "garden", "password": PASSWORD}]
    assert data["trigger"] == {"every_s": 60, "pir_pin": None}
    assert mode(path) == 0o600
    # Changed, not made anew; a secret from a file.
    (tmp_path / "key").write_text("another-key\n")
    changed = ("--set", "cloud.project_key=@" + str(tmp_path / "key"), "--set", "camera.light=yes")
    assert config(tmp_path, path, *changed).returncode == 0
    data = json.loads(path.read_text())
    assert data["cloud"]["project_key"] == "another-key"
    assert data["cloud"]["access_token"] == TOKEN
    assert data["camera"] == {"light": True}
    more = ("--set", "wifi[1].ssid=cellar", "--set", "wifi[1].password=@-")
    assert config(tmp_path, path, *more, text=PASSWORD + "2\n").returncode == 0
    assert json.loads(path.read_text())["wifi"][1]["password"] == PASSWORD + "2"


@pytest.mark.parametrize(
    "options, words",
    [
        (["--set", "cloud.acess_token=" + TOKEN], ["cloud.acess_token", "cloud.access_token"]),
        (["--set", "trigger.every_s=often"], ["trigger.every_s", "whole number"]),
        (["--set", "camera.light=maybe"], ["camera.light", 'true, false or "auto"']),
        (["--set", "cloud.endpoint=http://x/" + TOKEN], ["cloud.endpoint", "path"]),
        (["--set", "trigger.pir_pin=null"], ["trigger", "every_s"]),
        (["--set", "wifi[2].ssid=x"], ["wifi[1]"]),
        (["--set", "camera.board=espeye"], ["camera.board", "esp-eye"]),
        (["--set", "cloud.project_key=@/nowhere"], ["/nowhere"]),
        (["--base", "/nowhere.json"], ["/nowhere.json"]),
    ],
)
def test_mistakes_are_named_and_nothing_is_written(tmp_path, options, words):
    done = config(tmp_path, tmp_path / "config.json", *flags(), *options)
    assert done.returncode == 1
    for word in words:
        assert word in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_wrong_usage(tmp_path):
    assert config(tmp_path, "--set", KEY).returncode == 2
    assert config(tmp_path, "--mask", "--check").returncode == 2
    (tmp_path / "config.json").write_text("{}")
    done = config(tmp_path, tmp_path / "config.json", "--base", tmp_path / "other.json")
    assert done.returncode == 2


def test_a_damaged_file_is_not_touched(tmp_path):
    path = tmp_path / "config.json"
    for text, says in (("[1]", "no JSON object"), ("{", "line 1 column 2"), ('{"cloud": 7}', "")):
        path.write_text(text)
        done = config(tmp_path, path, *flags())
        assert done.returncode == 1 and says in done.stderr
        assert path.read_text() == text


def test_all_mistakes_at_once_the_board_among_them(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"camera": {"board": "espeye", "quality": 0}}))
    done = config(tmp_path, path, "--check")
    assert done.returncode == 1
    for words in ("8 mistakes", "camera.quality: must be", 'no known board "espeye"'):
        assert words in done.stderr


def test_files_and_folders_that_are_not_there(tmp_path):
    path = tmp_path / "none" / "config.json"
    done = config(tmp_path, path, "--check")
    assert done.stderr == "{0}: no such file: to make it: python -m tools config {0}\n".format(
        path
    )
    done = config(tmp_path, path, *flags())
    assert done.stderr == "{}: no such folder: make it first\n".format(path.parent)
    done = config(tmp_path, "--fleet", tmp_path / "none.csv")
    assert done.stderr == "{}/none.csv: cannot be read: No such file or directory\n".format(
        tmp_path
    )


def test_mask_and_check(tmp_path):
    path = tmp_path / "config.json"
    assert config(tmp_path, path, *flags()).returncode == 0
    assert config(tmp_path, path, "--check").stdout == "{}: right\n".format(path)
    data = json.loads(path.read_text())
    # Secrets in wrong places are masked too, in a file that is not right at all.
    data["cloud"]["endpoint"] = "https://x/device/v1/" + TOKEN
    data["cloud"]["projectkey"] = KEY + "2"
    data["note"] = ["a", {"b": PASSWORD + "2"}]
    data["camera"] = {"board": "a-token-of-another", "frame_size": "svga", "quality": "x"}
    data["sensor"] = {"effect": ["a-token-of-another"], "gain": 65}
    data["clock"] = {"servers": ["ntp.example", PASSWORD]}
    data["log"] = {"level": [["a-token-of-another"]]}
    night = {"from": "sunset", "to": "06:00"}
    data["schedule"] = {"windows": [night, {"from": PASSWORD}, {"a-token-of-another": 1}]}
    path.write_text(json.dumps(data))
    done = config(tmp_path, path, "--mask")
    assert done.returncode == 0
    shown = json.loads(done.stdout)
    assert shown["cloud"]["endpoint"] == "***"
    assert shown["camera"] == {"board": "***", "frame_size": "svga", "quality": "***"}
    assert shown["sensor"] == {"effect": "***", "gain": 65}
    assert shown["clock"] == {"servers": ["ntp.example", "***"]}
    assert shown["log"] == {"level": "***"}
    assert shown["schedule"] == {"windows": [night, "***", "***"]}
    assert shown["cloud"]["region"] == "cn-1"
    assert shown["wifi"] == [{"ssid": "garden", "password": "***"}]
    assert shown["note"] == ["***", {"b": "***"}]
    done = config(tmp_path, path, "--check")
    assert done.returncode == 1 and "projectkey" in done.stderr


def test_no_secret_of_any_section_is_shown(tmp_path):
    path = tmp_path / "config.json"
    assert config(tmp_path, path, *flags()).returncode == 0
    data = json.loads(path.read_text())
    data["wifi"][0]["password"] = "x"
    hidden = []
    for section, key in schema.SECRETS:
        hidden.append("hidden-{}-{}".format(section, key))
        place = data["wifi"][0] if section == "wifi" else data.setdefault(section, {})
        place[key] = hidden[-1]
    data["camera"] = {"board": " ".join(hidden)}
    path.write_text(json.dumps(data))
    for options in (["--mask"], ["--check"], ["--set", "log.level=" + hidden[2]]):
        done = config(tmp_path, path, *options)
        for secret in hidden:
            assert secret not in done.stdout + done.stderr, (options, secret)
    assert sorted(configfile.secrets(data)) == sorted(hidden)


def test_what_may_be_a_secret_is_one():
    rows = [("wifi", row) for row in schema.NETWORK]
    rows += [(section, row) for section, rows in schema.sections() for row in rows]
    for section, (name, kind, *_) in rows:
        if kind == "password" or "token" in name or "secret" in name or "password" in name:
            assert (section, name) in schema.SECRETS, (section, name)


def test_hours_and_a_time_zone_by_its_name(tmp_path):
    path = tmp_path / "config.json"
    hours = '[{"days": "mon-fri", "from": "sunrise-00:30", "to": "18:00"}]'
    place = {"latitude": "-33.87", "longitude": "151.21", "timezone": "Australia/Sydney"}
    more = ["--set", "schedule.windows=" + hours]
    for key, text in place.items():
        more += ["--set", "schedule.{}={}".format(key, text)]
    assert config(tmp_path, path, *flags(), *more).returncode == 0
    assert json.loads(path.read_text())["schedule"] == {
        "windows": json.loads(hours),
        "latitude": -33.87,
        "longitude": 151.21,
        "timezone": "AEST-10AEDT,M10.1.0,M4.1.0/3",
    }
    for zone, told in (("Europe/Berln", "no known time zone"), ("Berlin", "at character 7")):
        done = config(tmp_path, path, "--set", "schedule.timezone=" + zone)
        assert done.returncode == 1 and told in done.stderr


def test_by_asking(tmp_path):
    path = tmp_path / "config.json"
    terminal = Terminal("-m", "tools", "config", path, "--set", "camera.quality=80")
    terminal.expect("Ctrl-C ends it, and nothing is written")
    terminal.expect("SSID): ", "")
    terminal.expect("Enter alone will not do")
    terminal.expect("SSID): ", "garden")
    terminal.expect("password: ", "short")
    terminal.expect("8 to 63 bytes")
    terminal.expect("password: ", PASSWORD)
    terminal.expect("Endpoint", "camera.example")
    terminal.expect("must begin with http")
    terminal.expect("Endpoint", GOOD["cloud.endpoint"])
    terminal.expect("device certificate")
    terminal.expect("AccessToken: ", TOKEN)
    terminal.expect("Project-Key: ", KEY)
    terminal.expect("Identifier", " image ")
    # A board's name is no region, unless a person says so.
    terminal.expect("Region of the device: ", "ai-thinker")
    terminal.expect("really your region? [y/N]: ", "")
    terminal.expect("Region of the device: ", "cn-1")
    terminal.expect("ESP-EYE")
    terminal.expect("(number or name) [ai-thinker]: ", "xiao")
    terminal.expect("xiao-esp32s3-sense")
    terminal.expect("(number or name) [ai-thinker]: ", "7")
    terminal.expect("motion sensor (null: none) [1]: ", "null")
    terminal.expect("seconds (0: none) [0]: ", "")
    terminal.expect("battery")
    terminal.expect("mode (number or name) [awake]: ", "")
    terminal.expect("More settings", "")
    # No sensor and no period: the answers are kept, and asked once more.
    terminal.expect("nothing would ever take a picture")
    terminal.expect("SSID) [garden]: ", "")
    terminal.expect("password (Enter keeps it): ", "")
    terminal.expect("Endpoint", "")
    terminal.expect("AccessToken (Enter keeps it): ", "")
    terminal.expect("Project-Key (Enter keeps it): ", "")
    terminal.expect("Identifier", "")
    terminal.expect("device [cn-1]: ", "")
    terminal.expect("(number or name) [xiao-esp32s3-sense]: ", "")
    terminal.expect("none) [null]: ", "")
    terminal.expect("seconds (0: none) [0]: ", "30")
    terminal.expect("mode (number or name) [awake]: ", "1")
    terminal.expect("next, for a bare board: ")
    assert terminal.wait() == 0
    for secret in (KEY, TOKEN, PASSWORD):
        assert secret not in terminal.seen
    data = json.loads(path.read_text())
    assert data["wifi"] == [{"ssid": "garden", "password": PASSWORD}]
    assert data["cloud"]["project_key"] == KEY
    assert data["camera"] == {"quality": 80, "board": "xiao-esp32s3-sense"}
    assert data["trigger"] == {"pir_pin": None, "every_s": 30}
    assert mode(path) == 0o600


def test_more_settings_are_asked_on_request(tmp_path):
    path = tmp_path / "config.json"
    assert config(tmp_path, path, *flags(trigger__every_s="60")).returncode == 0
    before = json.loads(path.read_text())
    terminal = Terminal("-m", "tools", "config", path, "--set", "power.mode=awake")
    terminal.expect("SSID)", "")
    for text in ("password", "Endpoint", "AccessToken", "Project-Key", "Identifier", "Region"):
        terminal.expect(text + ("" if text != "password" else " ("), "")
    terminal.expect("(number or name)", "")
    terminal.expect("motion sensor", "")
    terminal.expect("seconds (0: none)", "")
    terminal.expect("updates? [y/N]: ", "y")
    terminal.expect("Upside down (true, false, null) [null]: ", "yes")
    terminal.expect("Mirrored", "")
    terminal.expect("Hours of pictures [[]]: ", "7")
    terminal.expect("must be a list")
    terminal.expect("Hours of pictures", "07:00-18:00")
    terminal.expect("Time zone [UTC0]: ", "Asia/Shanghi")
    terminal.expect("no known time zone")
    terminal.expect("Time zone", "Asia/Shanghai")
    for text in ("Latitude", "Longitude", "GPIO of the battery", "Endpoint of the device"):
        terminal.expect(text, "")
    terminal.expect("A report every", "")
    terminal.expect("Ask for settings", "")
    terminal.expect("own network: ", "short")
    terminal.expect("8 to 63 bytes")
    terminal.expect("own network: ", "telephone-1")
    terminal.expect("opens setup", "")
    terminal.expect("new versions (null: none) [null]: ", "")
    terminal.expect("next, for a bare board: ")
    assert terminal.wait() == 0 and "telephone-1" not in terminal.seen
    after = json.loads(path.read_text())
    assert after["sensor"] == {"vflip": True}
    assert after["schedule"] == {
        "windows": [{"from": "07:00", "to": "18:00"}],
        "timezone": "CST-8",
    }
    assert after["setup"] == {"password": "telephone-1"}
    # What Enter passes over is not written.
    new = {"sensor", "schedule", "setup", "camera", "power", "trigger"}
    assert set(after) <= set(before) | new


def test_a_person_who_ends_it_is_told_that_nothing_is_written(tmp_path):
    terminal = Terminal("-m", "tools", "config", tmp_path / "config.json")
    terminal.expect("SSID): ", "garden")
    terminal.expect("password: ", "")
    terminal.expect("open network")
    terminal.expect("Endpoint")
    terminal.interrupt("nothing was written")
    assert terminal.wait() == 1
    assert list(tmp_path.iterdir()) == []


def test_a_boards_name_is_no_region_unless_it_is_said(tmp_path):
    path = tmp_path / "config.json"
    named = flags(cloud__region="esp-eye", trigger__every_s="60")
    done = config(tmp_path, path, *named)
    assert done.returncode == 1 and "esp-eye is a board's name" in done.stderr
    assert not path.exists()
    assert config(tmp_path, path, *named, "--yes").returncode == 0


def test_a_name_by_its_bytes(tmp_path):
    path = tmp_path / "config.json"
    assert config(tmp_path, path, *flags(wifi__ssid_hex="d0a1c3d7")).returncode == 0
    network = {"ssid_hex": "d0a1c3d7", "password": PASSWORD}
    assert json.loads(path.read_text())["wifi"] == [network]
    # It is asked for no more, and gives way to a name that is text.
    terminal = Terminal("-m", "tools", "config", path)
    terminal.expect("password")
    assert "SSID" not in terminal.seen
    os.kill(terminal.process, signal.SIGKILL)
    terminal.wait()
    assert config(tmp_path, path, "--set", "wifi.ssid=garden").returncode == 0
    assert json.loads(path.read_text())["wifi"] == [{"password": PASSWORD, "ssid": "garden"}]
    # What the file holds is shown, and does nothing to the terminal.
    assert config(tmp_path, path, "--set", "wifi.ssid=a\x1b[2J\x9b").returncode == 0
    terminal = Terminal("-m", "tools", "config", path)
    terminal.expect("a\\x1b[2J\\x9b")
    os.kill(terminal.process, signal.SIGKILL)
    terminal.wait()
    assert "\x1b[2J" not in terminal.seen and "\x9b" not in terminal.seen


def test_half_a_character_is_a_mistake_as_any_other(tmp_path):
    path = tmp_path / "config.json"
    assert config(tmp_path, path, *flags()).returncode == 0
    path.write_text(path.read_text().replace(PASSWORD, "\\ud83d" + PASSWORD))
    for option in ("--check", "--no-input"):
        done = config(tmp_path, path, option)
        assert done.returncode == 1
        assert "wifi[0].password: holds half a character" in done.stderr


# A fleet


def table(folder, *rows, mark=","):
    path = folder / "boards.csv"
    path.write_text("".join(row.replace(",", mark) + "\r\n" for row in rows), "utf-8-sig")
    base = folder / "base.json"
    cloud = {"endpoint": "http://x", "identifier": "image", "region": "r", "project_key": KEY}
    base.write_text(json.dumps({"cloud": cloud, "log": {"level": "debug"}}))
    out = folder / "out"
    return config(folder, "--fleet", path, "--base", base, "--folder", out), out


@pytest.mark.parametrize("mark", [",", ";"])
def test_a_fleet(tmp_path, mark):
    done, out = table(
        tmp_path,
        "name,wifi.ssid,wifi.password,cloud.access_token,trigger.every_s",
        "shed,net," + PASSWORD + "," + TOKEN + "1,60",
        ",,,,",
        "gate,net," + PASSWORD + "," + TOKEN + "2,",
        mark=mark,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path.name for path in out.iterdir()) == ["gate.json", "shed.json"]
    shed = json.loads((out / "shed.json").read_text())
    assert shed["trigger"] == {"every_s": 60}
    assert shed["log"] == {"level": "debug"}
    assert shed["cloud"]["access_token"] == TOKEN + "1"
    assert "trigger" not in json.loads((out / "gate.json").read_text())
    assert mode(out / "gate.json") == 0o600


def test_every_mistake_of_a_fleet_is_named_and_nothing_written(tmp_path):
    done, out = table(
        tmp_path,
        "name,wifi.ssid,wifi.password,cloud.access_token,trigger.every_s",
        "shed,net," + PASSWORD + "," + TOKEN + ",60",
        "Shed,net,short," + TOKEN + ",often",
        "../x,net,,a b,1,2",
        "good,net," + PASSWORD + ",fine-token,1",
        "con.1,net," + PASSWORD + ",fine-token-2,1",
    )
    assert done.returncode == 1
    assert not out.exists()
    for line in (
        "row 3: name: the same as in row 2",
        "row 3: trigger.every_s: must be a whole number, found a text",
        "row 3: wifi[0].password: must be 8 to 63 bytes",
        "row 3: cloud.access_token: the same as in row 2",
        "row 4: more cells than columns",
        "row 4: name: must be letters",
        "row 4: cloud.access_token: character 2",
        "row 6: name: no file can be called so on Windows",
    ):
        assert line in done.stderr
    assert "row 5" not in done.stderr


def test_a_secret_in_another_cell_of_a_table_is_not_shown(tmp_path):
    secrets = ("t0ken one/", "t0ken-two!", "Pa55word-three", "t0ken-four")
    done, _ = table(
        tmp_path,
        "name,wifi.ssid,wifi.password,cloud.access_token,camera.board,log.level",
        secrets[0] + ",net,," + "cam-1,,",  # the columns exchanged
        secrets[1] + ",net,," + secrets[1] + ",,",
        "shed,net,," + secrets[3] + ",esp-eye " + secrets[2] + "," + secrets[2],
        "gate,net," + secrets[2] + ",fine-token," + secrets[3].upper() + ",",
    )
    assert done.returncode == 1 and done.stderr.count("\n  row ") >= 5, done.stderr
    for secret in secrets:
        assert secret.lower() not in done.stderr.lower(), (secret, done.stderr)
    # A table without its first row.
    done, _ = table(tmp_path, ",".join(secrets), ",".join(secrets[1:2] * 4))
    assert done.returncode == 1 and "row 1, column 4" in done.stderr
    for secret in secrets:
        assert secret[:6] not in done.stderr, (secret, done.stderr)


@pytest.mark.parametrize(
    "rows, words",
    [
        (["wifi.ssid", "net"], ["no column called name"]),
        (["name,wifi.sid", "a,b"], ["column 2", "wifi.ssid"]),
        (["name,name", "a,b"], ["column 2 is the same as column 1"]),
        (["name,wifi.ssid"], ["no row"]),
        ([], ["no column called name"]),
        (["name,wifi.ssid", 'a,"b'], ["line 2"]),
    ],
)
def test_a_table_that_is_none(tmp_path, rows, words):
    done, out = table(tmp_path, *rows)
    assert done.returncode == 1
    assert not out.exists()
    for word in words:
        assert word in done.stderr


# The CA certificate


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """Ports of TLS servers by what they send, and the folder with the CA's own files."""
    folder = tmp_path_factory.mktemp("tls")
    contexts = certificates.make(folder)
    ca = trustme.CA()
    middle = ca.create_child_ca()
    leaf = middle.issue_cert("localhost")
    (folder / "root.pem").write_bytes(ca.cert_pem.bytes())
    pems = [blob.bytes() for blob in leaf.cert_chain_pems]
    for name, chain in (("chain", pems), ("whole", [*pems, ca.cert_pem.bytes()])):
        path = folder / (name + ".pem")
        path.write_bytes(b"".join(chain) + leaf.private_key_pem.bytes())
        contexts[name] = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        contexts[name].load_cert_chain(path)
    ports, stops = {}, []
    for name, context in contexts.items():
        listener = socket.create_server(("127.0.0.1", 0))
        ports[name] = listener.getsockname()[1]
        stops.append(listener)
        threading.Thread(target=shake_hands, args=(listener, context), daemon=True).start()
    yield ports, folder
    for listener in stops:
        listener.close()


def shake_hands(listener, context):
    while True:
        try:
            sock, _ = listener.accept()
        except OSError:
            return
        try:
            sock.settimeout(5)
            context.wrap_socket(sock, server_side=True).close()
        except OSError:
            sock.close()


def fetch(folder, port, *options, store=None):
    env = {"SSL_CERT_FILE": str(store)} if store else None
    endpoint = "https://localhost:{}".format(port)
    values = flags(cloud__endpoint=endpoint)
    return config(folder, folder / "config.json", *values, "--fetch-ca", *options, env=env)


def fingerprint(pem):
    return ca.CA(ssl.PEM_cert_to_DER_cert(pem.read_text()), False).fingerprint


def test_the_root_from_the_chain(tmp_path, servers):
    ports, certs = servers
    done = fetch(tmp_path, ports["whole"])
    assert done.returncode == 1 and "--fingerprint" in done.stderr
    assert "NOT known" in done.stdout and fingerprint(certs / "root.pem") in done.stdout
    assert list(tmp_path.iterdir()) == []
    # --yes is no answer for a CA that nobody knows; nor is a wrong fingerprint.
    assert fetch(tmp_path, ports["whole"], "--yes").returncode == 1
    assert fetch(tmp_path, ports["whole"], "--fingerprint", "00" * 32).returncode == 1
    right = fingerprint(certs / "root.pem").lower().replace(":", "")
    done = fetch(tmp_path, ports["whole"], "--fingerprint", right)
    assert done.returncode == 0, done.stderr
    root = ssl.PEM_cert_to_DER_cert((certs / "root.pem").read_text())
    assert (tmp_path / "ca.der").read_bytes() == root


def test_the_issuer_from_the_computers_store(tmp_path, servers):
    ports, certs = servers
    for name, pem in (("chain", "root.pem"), ("good", "ca.pem")):
        (tmp_path / name).mkdir()
        done = fetch(tmp_path / name, ports[name], "--yes")
        assert done.returncode == 1 and "store" in done.stderr
        done = fetch(tmp_path / name, ports[name], "--yes", store=certs / pem)
        assert done.returncode == 0, done.stderr
        assert "this computer trusts it" in done.stdout
        root = ssl.PEM_cert_to_DER_cert((certs / pem).read_text())
        assert (tmp_path / name / "ca.der").read_bytes() == root


def test_a_certificate_that_is_its_own_root(tmp_path, servers):
    ports, certs = servers
    (tmp_path / "own.pem").write_text((certs / "self.pem").read_text().split("-----BEGIN PR")[0])
    own = fingerprint(tmp_path / "own.pem")
    done = fetch(tmp_path, ports["self"], "--fingerprint", own)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


@pytest.mark.parametrize("name", ["host", "expired", "future"])
def test_what_a_board_would_refuse_is_not_stored(tmp_path, servers, name):
    ports, certs = servers
    done = fetch(tmp_path, ports[name], "--yes", store=certs / "ca.pem")
    assert done.returncode == 1
    assert "a board would refuse it" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_no_server_no_tls(tmp_path, servers):
    done = fetch(tmp_path, 9)
    assert done.returncode == 1 and "localhost:9" in done.stderr
    done = config(tmp_path, tmp_path / "config.json", *flags(), "--fetch-ca")
    assert done.returncode == 1 and "no CA needed" in done.stderr
    # A path from the board's root is kept beside the configuration all the same.
    done = config(
        tmp_path,
        tmp_path / "config.json",
        *flags(cloud__endpoint="https://x", cloud__ca="/c/a.der"),
    )
    assert str(tmp_path / "c" / "a.der") in done.stderr
    (tmp_path / "config.json").unlink()


def test_a_ca_that_a_board_would_refuse_is_refused(tmp_path, servers):
    path, kept = tmp_path / "config.json", tmp_path / "ca.der"
    pem = (servers[1] / "root.pem").read_text()
    der = ssl.PEM_cert_to_DER_cert(pem)
    values = flags(cloud__endpoint="https://x")
    rows = tmp_path / "boards.csv"
    rows.write_text("name,cloud.access_token,wifi.ssid\nshed,one-token,net\n")
    for raw, words in ((None, "ca.der: not there"), (b"<html>", "DER"), (der[:90], "DER")):
        if raw is not None:
            kept.write_bytes(raw)
        # What was given is written all the same, and yet it is not right.
        for options in (values, ["--check"], ["--no-input"]):
            done = config(tmp_path, path, *options)
            assert done.returncode == 1 and words in done.stderr, (raw, options, done)
            assert path.exists() and "tools config {} --fetch-ca".format(path) in done.stderr
        out = tmp_path / "out"
        done = config(tmp_path, "--fleet", rows, "--base", path, "--folder", out)
        assert done.returncode == 1 and words in done.stderr and "--fetch-ca" in done.stderr
        assert not out.exists()
    kept.write_bytes(der)
    assert config(tmp_path, path, "--check").returncode == 0
    done = config(tmp_path, "--fleet", rows, "--base", path, "--folder", out)
    assert done.returncode == 0 and (out / "ca.der").read_bytes() == der


def test_a_person_confirms_the_ca(tmp_path, servers):
    ports, certs = servers
    endpoint = "https://localhost:{}".format(ports["whole"])
    path = tmp_path / "config.json"
    named = flags(
        cloud__endpoint=endpoint,
        camera__board="ai-thinker",
        trigger__pir_pin="13",
        trigger__every_s="0",
        power__mode="awake",
    )
    for answer, code in (("n", 1), ("y", 0)):
        terminal = Terminal("-m", "tools", "config", path, *named)
        terminal.expect("Fetch the CA", "")
        terminal.expect(fingerprint(certs / "root.pem"))
        terminal.expect("Is this the CA", answer)
        assert terminal.wait() == code
        # What was typed is kept either way.
        assert ("What you typed is kept" in terminal.seen) == (code == 1)
        assert json.loads(path.read_text())["cloud"]["endpoint"] == endpoint
        assert (tmp_path / "ca.der").exists() == (code == 0)
    # With nothing to ask the CA alone is fetched.
    (tmp_path / "ca.der").unlink()
    terminal = Terminal("-m", "tools", "config", path, "--fetch-ca")
    terminal.expect("only the CA is fetched")
    terminal.expect("Is this the CA", "y")
    assert terminal.wait() == 0 and (tmp_path / "ca.der").exists()


def test_the_placeholders_are_those_of_the_example():
    raw = (ROOT / "config.example.json").read_bytes()
    with pytest.raises(ConfigError) as caught:
        parse(raw, wifi_needed=True)
    found = caught.value.mistakes
    assert len(found) == raw.count(b"<") and all("placeholder" in each for each in found)


def test_forgets_what_was_set_from_afar(tmp_path):
    path = tmp_path / "config.json"
    remote = {"remote__every_s": "600", "remote__insecure": "true"}
    given = flags(cloud__endpoint="http://x", cloud__device_endpoint="http://y", **remote)
    assert config(tmp_path, path, *given).returncode == 0
    for count in (1, 2):
        done = config(tmp_path, path, "--forget-remote")
        assert done.returncode == 0 and "tools deploy PORT" in done.stdout, done
        assert json.loads(path.read_text())["remote"]["forget"] == count
