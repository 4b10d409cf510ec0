# Setup's page in a real browser, on the virtual board: a phone's width, keys, no JavaScript.

import contextlib
import json
import ssl

import trustme
from playwright.sync_api import sync_playwright

from tests.support import needs
from tests.support.board import CONFIG, until
from tests.support.cloud import KEY, TOKEN, running
from tests.support.page import _FLAGS
from tools.host import filesystem
from tools.virtualboard.air import Network
from tools.virtualboard.board import VirtualBoard

pytestmark = needs.chromium
PHONE = {"width": 360, "height": 740}
HOME = "http://192.0.2.1/"
# Quotes, what HTML, URLs and forms mean something by, another script, beyond 16 bits.
NAME = "\"'<b>&%41;+=相📷"
AUTHORITY = trustme.CA().cert_pem.bytes()
PEM, DER = AUTHORITY.decode(), ssl.PEM_cert_to_DER_cert(AUTHORITY.decode())
PASSWORD = '"%&;+=<é>\\' + "x" * 52  # 63 bytes


@contextlib.contextmanager
def camera(config=None):
    """A board in setup: with this config.json asked for it, without one by itself."""
    files = filesystem.firmware_files()
    networks = [
        Network("garden", "wifi-pass-word"),
        Network(NAME, PASSWORD, rssi=-71),
        Network("square", rssi=-80),
    ]
    if config is not None:
        files["config.json"] = json.dumps(config)
    with VirtualBoard(files, networks=networks, speed=4) as board:
        if config is not None:
            board.pin(14, 1)
            board.wait_for("INFO Wi-Fi garden")
            board.pin(14, 0)
            board.wait_for("the pin is held")
            board.pin(14, 1)
        board.door(80)
        board.set_speed(1)
        yield board


@contextlib.contextmanager
def browser(board):
    """A browser in the board's network, whose every name is the board."""
    where = "--host-resolver-rules=MAP * 127.0.0.1:{}".format(board.door(80))
    with sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=needs.CHROMIUM, args=(*_FLAGS, where))
        try:
            yield found
        finally:
            found.close()


@contextlib.contextmanager
def phone(chromium, start=HOME, **options):
    """A telephone that has seen nothing of the board before; the value is its page."""
    wrong = []
    context = chromium.new_context(viewport=PHONE, locale="en-GB", **options)
    try:
        context.set_default_timeout(20000)
        page = context.new_page()
        page.on("console", lambda line: line.type == "error" and wrong.append(line.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(start)
        yield page
    finally:
        context.close()
    # A picture that is asked for while the board is busy, or gone, is no mistake of the page.
    assert not [text for text in wrong if "503" not in text and "ERR_" not in text]


def fill(page, name, password, **cloud):
    page.locator("[name='ssid.0']").fill(name)
    page.locator("[name='password.0']").fill(password)
    for key, value in dict(CONFIG["cloud"], **cloud).items():
        page.locator("[name='cloud.{}']".format(key)).fill(value)
    page.locator("[name='trigger.every_s']").fill("60")


def saved(board):
    return json.loads(board.files()["config.json"])


def test_a_bare_board_is_set_up():
    with camera() as board, browser(board) as chromium:
        values_come_by_an_address_and_it_fits(chromium)
        from_the_phones_question_to_a_saved_camera_by_keys_alone(chromium, board)
        without_javascript_special_characters_and_chinese(chromium, board)


def values_come_by_an_address_and_it_fits(chromium):
    values = "&".join("{}={}".format(*pair) for pair in CONFIG["cloud"].items())
    with phone(chromium, HOME + "#" + values) as page:
        until(lambda: page.locator("[name='cloud.region']").input_value() == "cn-1")
        assert page.locator("[name='cloud.access_token']").input_value() == "t0ken-abcdef"
        assert page.url == HOME  # it is in no history
        assert not page.locator("[name=fresh]").is_visible()
        for size in (PHONE, {"width": 1200, "height": 900}):
            page.set_viewport_size(size)
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
            # Each control has a name, and a target for a finger.
            found = page.locator("input:visible,select:visible,button:visible").evaluate_all(
                "all => all.map(e => [!!(e.labels?.length || e.textContent.trim()),"
                " e.getBoundingClientRect().height])"
            )
            assert len(found) > 15 and all(named and high >= 22 for named, high in found), found


def from_the_phones_question_to_a_saved_camera_by_keys_alone(chromium, board):
    probe = "http://connectivitycheck.gstatic.com/generate_204"
    with phone(chromium, probe) as page:
        assert page.url == HOME
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        # What is offered to a finger is in one language, as it came.
        for language, other in (("en", "无密码"), ("zh", "(open)")):
            page.goto(HOME + "?lang=" + language)
            assert other not in page.locator("#nets").inner_text()
        page.goto(HOME + "?lang=en")
        page.get_by_role("button", name="garden").press("Enter")
        assert page.locator("[name='ssid.0']").input_value() == "garden"
        page.keyboard.type("short")
        page.get_by_role("button", name="Save").press("Enter")
        page.get_by_text("6 to put right").wait_for()
        # The first mistake has the focus, and says what is wrong.
        until(lambda: page.evaluate("document.activeElement.name") == "password.0")
        assert "8 to 63 bytes" in page.locator("[id='e.password.0']").inner_text()
        # Shown on demand.
        page.keyboard.type("wifi-pass-word")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        password = page.locator("[name='password.0']")
        assert password.get_attribute("type") == "text"
        fill(page, "garden", "wifi-pass-word")
        page.get_by_text("CA certificate").press("Enter")
        file = {"name": "ca.der", "mimeType": "application/octet-stream", "buffer": DER}
        page.locator("#file").set_input_files(file)
        until(lambda: page.locator("[name=ca]").input_value()[:3] == "MII")
        page.get_by_role("button", name="Save").press("Enter")
        page.get_by_text("Saved.").wait_for()
        assert page.locator("[name='password.0']").input_value() == ""
    assert saved(board)["cloud"] == dict(CONFIG["cloud"], ca="ca-2.der")
    assert board.files()["ca-2.der"] == DER


def without_javascript_special_characters_and_chinese(chromium, board):
    with phone(chromium, java_script_enabled=False) as page:
        page.get_by_role("link", name="中文").click()
        assert page.get_by_role("button", name="保存").is_visible()
        assert not page.get_by_role("button", name="Save").is_visible()
        page.get_by_text(NAME).wait_for()
        fill(page, NAME, PASSWORD, region="-._~!$&'()*+,;=:@")
        page.get_by_role("button", name="保存").click(no_wait_after=True)
        until(lambda: saved(board)["wifi"] == [{"ssid": NAME, "password": PASSWORD}])
        page.get_by_text("已保存。").wait_for()  # it was tried, and the page has renewed itself
        found = saved(board)
        assert found["cloud"]["region"] == "-._~!$&'()*+,;=:@"
        page.get_by_text("CA 证书").click()
        page.locator("[name=ca]").fill(PEM + PEM)
        fill(page, NAME, "", region=NAME)
        page.get_by_role("button", name="保存").click()
        wrong = page.locator("[id='e.cloud.region']")
        wrong.wait_for()
        assert wrong.inner_text().startswith("第 1 个字符（U+")
        assert page.locator("[id='e.ca']").inner_text().startswith("里面有 2 个证书")
        assert page.locator("[name='cloud.region']").input_value() == NAME
        assert saved(board) == found


def test_aiming_and_a_test_upload(tmp_path):
    with running(tmp_path) as cloud:
        config = {
            "wifi": CONFIG["wifi"],
            "setup": {"password": "label-pass-1"},
            "cloud": {
                "endpoint": cloud.url,
                "access_token": TOKEN,
                "identifier": "image",
                "project_key": KEY,
                "region": "demo",
            },
        }
        with camera(config) as board, browser(board) as chromium, phone(chromium) as page:
            page.wait_for_function("document.getElementById('eye').naturalWidth === 640")
            page.wait_for_function("+document.getElementById('light').value > 20")
            page.wait_for_function("+document.getElementById('sharp').value > 20")
            page.get_by_text("Motion sensor: quiet").wait_for()
            board.pin(13, 1)
            page.get_by_text("Motion sensor: something moves").wait_for()
            board.pin(13, 0)
            begun = len(board.delivered())
            page.wait_for_timeout(2000)
            assert len(board.delivered()) - begun >= 4  # two a second
            page.get_by_label("Upside down").check()
            page.wait_for_timeout(1000)
            page.get_by_role("button", name="Send a test picture").click()
            board.advance(10)  # the pace of requests
            page.get_by_text("The service has the test picture: http").wait_for()
            assert cloud.last()["errcode"] is None
            page.get_by_role("button", name="Finish").click()
            board.wait_for("INFO Wi-Fi garden", count=2)
            assert not board.state()["wifi"]["access_point"]["on"]
            assert TOKEN not in board.output and KEY not in board.output
