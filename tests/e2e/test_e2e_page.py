# The demo's page with a real virtual board behind it, in a real browser.

import pytest

from tests.support import needs
from tests.support.page import browser, visit
from tests.support.site import START, is_as_seen, site
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
