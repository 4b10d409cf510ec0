# A board on the page, in a real browser: its log, its state, its buttons.

import contextlib

import pytest

from tests.support import needs
from tests.support.cloud import picture, running
from tests.support.page import FakePanel, browser, visit

pytestmark = needs.chromium
LOST = ("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE")


@pytest.fixture(scope="module")
def chromium():
    with browser() as found:
        yield found


@pytest.fixture
def panel():
    return FakePanel()


@pytest.fixture
def cloud(tmp_path, panel):
    with running(tmp_path, panel=panel) as found:
        yield found


@pytest.fixture
def page(chromium, cloud):
    with visit(chromium, cloud.url, wrong=["409 (Conflict)"]) as found:
        found.wait_for_selector("[data-connection=live]")
        found.wait_for_selector("[data-action]")
        yield found


def field(page, name):
    return page.locator(f"[data-field={name}]")


def button(page, label):
    return page.get_by_role("button", name=label)


def lines(page):
    return page.locator("#log p span").all_inner_texts()


def at_end(page):
    return page.evaluate(
        "() => { const log = document.getElementById('log');"
        " return log.scrollHeight - log.scrollTop - log.clientHeight < 16; }"
    )


def test_buttons_act_and_show_the_state(page, panel):
    button(page, "Something moves").click()
    page.get_by_text("INFO capture pir 38211 bytes 190 ms").wait_for()
    button(page, "Turn the Wi-Fi off").click()
    button(page, "Turn the Wi-Fi on").wait_for()
    assert page.locator("[data-action=wifi] .state").inner_text() == "off"
    button(page, "Cut the power").focus()
    page.keyboard.press("Enter")
    button(page, "Power on").wait_for()
    # The focus stays on the button, so that Enter undoes it.
    assert page.evaluate("document.activeElement.dataset.action") == "power"
    assert panel.done == ["move", "wifi", "power"]


def test_a_button_that_is_not_for_now_does_nothing(page, panel):
    button(page, "Cut the power").click()
    move = page.locator("[data-action=move][aria-disabled=true]")
    move.wait_for()
    move.click(force=True)
    button(page, "Power on").click()
    page.locator("[data-action=move][aria-disabled=false]").click()
    page.get_by_text("INFO capture").wait_for()
    assert panel.done == ["power", "power", "move"]


def test_what_could_not_be_done_is_said(page, panel):
    panel.refuse = "the board does not answer: <b>start</b> it again"
    button(page, "Something moves").click()
    page.get_by_role("alert").get_by_text(panel.refuse).wait_for()
    panel.refuse = None
    button(page, "Something moves").click()
    page.get_by_text("INFO capture").wait_for()
    assert not page.get_by_role("alert").inner_text()


def test_the_state_follows_the_board(page, panel):
    assert field(page, "captured").inner_text() == "12"
    panel.captured, panel.waiting, panel.wifi = 15, 3, False
    panel.changed()
    page.wait_for_selector("[data-field=waiting][data-tone=wait]")
    texts = [field(page, name).inner_text() for name in ("captured", "waiting", "sent", "led")]
    assert texts == ["15", "3", "12", "joining"]
    words = page.locator("#led-means")
    assert words.inner_text().startswith("LED even blinking: no Wi-Fi")
    assert not page.get_by_text("needs a person").is_visible()
    words.click()
    assert page.get_by_text("needs a person").is_visible()
    assert field(page, "wifi").get_attribute("data-tone") == "bad"


def test_the_service_fails_for_a_while(page, cloud):
    button(page, "Service fails for a while").click()
    page.get_by_text("failing, ").wait_for()
    assert cloud.upload(picture()).json()["errcode"] == 5001
    assert cloud.upload(picture()).json()["errcode"] == 5001
    button(page, "Let the service work again").click()
    page.locator("[data-action=fail] .state", has_text="works").wait_for()
    assert cloud.upload(picture()).json()["result"] == 1


def test_log_lines_come_and_are_escaped(page, panel):
    panel.log("WARNING <script>window.hurt = 1</script><img src=x onerror='window.hurt = 1'>")
    panel.log("Traceback (most recent call last):")
    page.get_by_text("Traceback").wait_for()
    assert lines(page)[0].startswith("WARNING <script>window.hurt = 1</script><img src=x")
    assert page.locator("#log p").first.get_attribute("data-level") == "warning"
    assert page.evaluate("window.hurt") is None


def test_the_log_stays_at_its_end_unless_scrolled_up(page, panel):
    for number in range(100):
        panel.log(f"INFO line {number}")
    page.get_by_text("INFO line 99", exact=True).wait_for()
    assert at_end(page)
    log = page.locator("#log")
    log.focus()
    page.keyboard.press("Home")
    button(page, "Latest lines").wait_for()
    panel.log("INFO one more")
    page.get_by_text("INFO one more").wait_for()
    assert not at_end(page)
    button(page, "Latest lines").click()
    assert at_end(page)
    panel.log("INFO and another")
    page.get_by_text("INFO and another").wait_for()
    assert at_end(page)
    assert not button(page, "Latest lines").is_visible()


def test_the_log_is_bounded(page, panel):
    for number in range(1200):
        panel.log(f"line {number}")
    page.get_by_text("line 1199", exact=True).wait_for()
    shown = lines(page)
    assert shown[-1] == "line 1199"
    assert len(shown) <= 500
    # A page that is opened now gets the last ones, in order.
    page.reload()
    page.get_by_text("line 1199", exact=True).wait_for()
    assert lines(page) == [f"line {number}" for number in range(700, 1200)]


def test_a_lost_server_is_seen_and_the_log_goes_on(chromium, tmp_path):
    before, after = FakePanel(), FakePanel()
    before.log("before")
    after.log("after")
    with contextlib.ExitStack() as stack:
        with running(tmp_path, panel=before) as cloud:
            page = stack.enter_context(visit(chromium, cloud.url, LOST))
            page.get_by_text("before", exact=True).wait_for()
            page.wait_for_selector("[data-action=move][aria-disabled=false]")
        page.get_by_text("disconnected").wait_for()
        page.wait_for_selector("[data-action=move][aria-disabled=true]")
        with running(tmp_path, panel=after, port=cloud.port):
            page.get_by_text("after", exact=True).wait_for()
            assert lines(page) == ["after"]  # another run: its log, from its start
            page.wait_for_selector("[data-action=move][aria-disabled=false]")


def test_phone_and_desktop_have_all_of_it(page, cloud, panel):
    cloud.upload(picture(size=(400, 300)))
    cloud.upload(picture(size=(400, 300)))
    panel.log("INFO upload " + "x" * 300)
    page.wait_for_selector("#earlier .card")

    def top(selector):
        return page.locator(selector).first.bounding_box()["y"]

    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    assert top("#newest") < top(".readings") < top("#actions") < top("#log") < top("#earlier")
    page.set_viewport_size({"width": 1280, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 1280
    assert abs(top("#newest") - top(".readings")) < 2
    box = page.locator("#log").bounding_box()
    assert box["y"] + box["height"] <= 800


def test_without_a_board_there_is_none_of_it(chromium, tmp_path):
    with running(tmp_path) as cloud, visit(chromium, cloud.url) as page:
        page.wait_for_selector("[data-connection=live]")
        assert not page.locator("#board").is_visible()
