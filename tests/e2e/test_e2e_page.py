# The demo's page with a real virtual board behind it, in a real browser.

import pytest
from playwright.sync_api import expect

from tests.support import needs
from tests.support.cloud import CAMERA
from tests.support.page import browser, visit
from tests.support.site import SAME, START, is_as_seen, site
from tools.demo.panel import BoardPanel

pytestmark = needs.chromium


@pytest.fixture(scope="module")
def chromium():
    with browser() as found:
        yield found


def button(page, label):
    return page.get_by_role("button", name=label)


def press(page, label, then):
    """Press a button and wait for the one that takes its place."""
    button(page, label).click()
    button(page, then).wait_for()


def test_a_newcomer_watches_the_promises_hold(chromium, tmp_path):
    panel = BoardPanel(lambda line: None)
    options = {"trigger": {"cooldown_s": 2}, "panel": panel}
    with site(tmp_path, **options) as place, visit(chromium, place.cloud.url) as page:
        page.set_default_timeout(90_000)
        page.wait_for_selector("[data-connection=live]")
        page.get_by_text("INFO clock set").wait_for()

        button(page, "Something moves").click()
        page.wait_for_selector(".card, #newest img")
        assert len(place.wait_for_pictures(1)) == 1
        page.get_by_text("INFO upload").wait_for()

        press(page, "Turn the Wi-Fi off", "Turn the Wi-Fi on")
        page.get_by_text("WARNING Wi-Fi lost").wait_for()
        for waiting in ("1 waiting", "2 waiting"):
            button(page, "Something moves").click()
            page.get_by_text(waiting).first.wait_for()
            page.locator("[data-field=waiting]", has_text=waiting[0]).wait_for()
            place.let_pass(3, speed=10)

        press(page, "Cut the power", "Power on")
        assert place.board.state()["power"] == "off"
        press(page, "Power on", "Cut the power")
        page.get_by_text(START + "power_on, 2 waiting").wait_for()
        press(page, "Turn the Wi-Fi on", "Turn the Wi-Fi off")

        pictures = place.wait_for_pictures(3)
        page.locator("[data-field=waiting]", has_text="0").wait_for()
        page.get_by_text("INFO upload").nth(2).wait_for()
        assert len(pictures) == 3 and all(map(is_as_seen, pictures))
        assert page.locator("[data-field=sent]").inner_text() == "3"
        assert page.locator("[data-field=captured]").inner_text() == "3"
        page.locator("#earlier .card").nth(1).wait_for()


def test_the_service_fails_for_a_while_and_nothing_is_lost(chromium, tmp_path):
    panel = BoardPanel(lambda line: None)
    options = {"trigger": {"cooldown_s": 2}, "panel": panel}
    with site(tmp_path, **options) as place, visit(chromium, place.cloud.url) as page:
        page.set_default_timeout(90_000)
        page.get_by_text("INFO clock set").wait_for()
        button(page, "Service fails for a while").click()
        page.get_by_text("failing, ").wait_for()
        button(page, "Something moves").click()
        page.get_by_text("WARNING upload failed").first.wait_for()
        button(page, "Let the service work again").click()
        place.wait_for_pictures(1)
        page.get_by_text("INFO upload").wait_for()
        page.wait_for_selector("#newest img")


REMOTE = {
    "cloud": {"device_endpoint": SAME},
    "report": {"every_s": 60},
    "remote": {"every_s": 30, "insecure": True},
}


@pytest.mark.parametrize("mode", ["awake", "deepsleep"])
def test_a_setting_of_the_page_is_obeyed(mode, chromium, tmp_path):
    sections = {"power": {"mode": mode}, "trigger": {"every_s": 40, "cooldown_s": 1}, **REMOTE}
    with (
        site(tmp_path, speed=20, **sections) as place,
        visit(chromium, place.cloud.url + CAMERA) as page,
    ):
        page.set_default_timeout(90_000)
        line = page.locator(".field:has(#trigger_every_s) .stand")
        expect(line).to_have_text("now 40", timeout=90_000)
        expect(page.locator("#report")).to_contain_text("signal")
        page.get_by_label("A picture every").fill("20")
        page.get_by_role("button", name="Save settings").click()
        expect(line).to_have_text("in force", timeout=90_000)
        before = len(place.pictures())
        pictures = place.wait_for_pictures(before + 4)[before:]
        moments = [one.moment / 1000 for one in pictures]
        assert 15 < (moments[-1] - moments[0]) / 3 < 30, moments
        assert all(map(is_as_seen, pictures))
