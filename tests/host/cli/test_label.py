# QR codes for setup by telephone: `config --qr` and `--setup-password`, `flash --label`.

import io
import json
import re
import subprocess

import segno
from PIL import Image

from tests.host.cli.test_flash import CA, CONFIG, bench, flash, rom  # noqa: F401 a fixture
from tests.support.quick import PYTHON
from tests.support.world import ROOT
from thingscam.setup import form
from tools.host import label


def config(*arguments, code=0):
    command = [*PYTHON, "-m", "tools", "config", *map(str, arguments), "--no-input"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def dark(picture):
    """Return the modules of a code in a PNG, rows of flags."""
    image = Image.open(io.BytesIO(picture)).convert("L")
    size = image.width // 8
    return [
        [image.getpixel((8 * x + 4, 8 * y + 4)) < 128 for x in range(size)] for y in range(size)
    ]


def test_the_pages_address_fills_the_form(tmp_path):
    file = tmp_path / "config.json"
    cloud = dict(CONFIG["cloud"], region="-._~!$&'()*+,;=:@")
    file.write_text(json.dumps(dict(CONFIG, cloud=cloud)))
    *code, address, warning = config(file, "--qr").splitlines()
    assert address.startswith("http://192.0.2.1/#endpoint=https%3A%2F%2Fcamera.example&")
    assert form.pasted(address.partition("#")[2]) == cloud
    assert code == label.lines(address)
    assert "show it to nobody else" in warning
    assert "wifi-pass-word" not in "".join(code) + address


def test_each_board_has_a_password_of_its_own(tmp_path):
    file = tmp_path / "config.json"
    file.write_text(json.dumps(CONFIG))
    (tmp_path / "ca.der").write_bytes(CA)
    found = set()
    for _ in range(2):
        config(file, "--setup-password")
        found.add(json.loads(file.read_text())["setup"]["password"])
    assert len(found) == 2
    assert all(re.fullmatch(r"[a-km-np-z2-9]{4}(-[a-km-np-z2-9]{4}){2}", each) for each in found)


def test_flash_prints_the_way_in(bench):  # noqa: F811 the fixture
    password = "abcd-efgh-jkm2"
    (bench / "config.json").write_text(json.dumps(dict(CONFIG, setup={"password": password})))
    with rom(bench, "esp32", 4) as port:
        done = flash(bench, "esp32", "--port", port, "--label", bench / "label.png")
    assert done.returncode == 0, done.stderr
    (network,) = re.findall(r"Wi-Fi (thingscam-[0-9A-F]{4}), password " + password, done.stdout)
    text = "WIFI:T:WPA;S:{};P:{};;".format(network, password)
    for line in label.lines(text):
        assert line in done.stdout
    expected = segno.make(text, micro=False).matrix_iter(border=4)
    assert dark((bench / "label.png").read_bytes()) == [[bool(m) for m in row] for row in expected]


def test_names_and_passwords_with_the_codes_own_signs():
    assert label.joining('a;b:c"d', "p\\r") == 'WIFI:T:WPA;S:a\\;b\\:c\\"d;P:p\\\\r;;'
    assert label.name(b"\x24\x6f\x28\x01\x02\xa3") == "thingscam-02A3"
