# The pages about cameras in a real browser, on a desk and on a telephone: what is typed and told.

import json

import pytest
from playwright.sync_api import expect

from tests.support import needs
from tests.support.cloud import CAMERA, EVENT, KEY, TOKEN, WRITE, demo_accounts, picture, running
from tests.support.page import REPORT, SETTINGS, browser, devices, until, visit

pytestmark = needs.chromium
DESK = {"viewport": {"width": 1280, "height": 900}}
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "color_scheme": "dark"}
BOTH = pytest.mark.parametrize("options", [DESK, PHONE], ids=["desk", "phone"])


@pytest.fixture(scope="module")
def chromium():
    with browser() as found:
        yield found


def live(page):
    page.wait_for_selector("[data-connection=live]")


def fits(page):
    """Return whether nothing is wider than the window."""
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def field(page, name):
    return page.locator(f".field:has(#{name})")


@BOTH
def test_a_setting_is_asked_for_and_its_way_is_shown(chromium, options, tmp_path):
    with running(tmp_path) as cloud, visit(chromium, cloud.url, **options) as page:
        cloud.message(REPORT)
        page.get_by_role("link", name="Report and settings").click()
        live(page)
        assert page.url == cloud.url + CAMERA
        line = field(page, "trigger_every_s").locator(".stand")
        expect(line).to_have_text("now 15")
        page.get_by_label("A picture every").fill("60")
        page.keyboard.press("Enter")
        page.wait_for_url(cloud.url + CAMERA + "#settings")
        assert cloud.attributes("trigger_every_s").json()["attributes"] == {"trigger_every_s": 60}
        expect(page.get_by_label("A picture every")).to_have_value("60")
        expect(line).to_contain_text("asked for")
        live(page)
        page.evaluate("window.mark = 'not reloaded'")
        now = json.dumps({**SETTINGS, "trigger_every_s": 60})
        cloud.message({"settings": now, "settings_state": "on trial"})
        expect(line).to_have_text("on trial")
        cloud.message({"settings_state": "in force"})
        expect(line).to_have_text("in force")
        page.get_by_label("Picture size").select_option("UXGA")
        page.get_by_role("button", name="Save settings").click()
        page.wait_for_load_state()
        expect(page.get_by_label("Picture size")).to_have_value("UXGA")
        found = cloud.attributes("trigger_every_s,camera_frame_size").json()["attributes"]
        assert found == {"trigger_every_s": 60, "camera_frame_size": "UXGA"}
        assert fits(page)


def test_a_wrong_value_is_told_at_once_and_is_not_sent(chromium, tmp_path):
    # The browser itself says in its console what the server refused.
    with (
        running(tmp_path) as cloud,
        visit(chromium, cloud.url + CAMERA, ["status of 422"], **DESK) as page,
    ):
        wrong = field(page, "camera_quality").locator(".wrong")
        page.get_by_label("JPEG quality").fill("101")
        expect(wrong).to_have_text("must be a whole number from 1 to 100")
        page.get_by_role("button", name="Save settings").click()
        assert page.url == cloud.url + CAMERA
        page.get_by_label("JPEG quality").fill("70")
        expect(wrong).to_be_empty()
        # Past the browser's own check it is the server that tells.
        page.locator("summary", has_text="14 settings").click()
        page.locator("#sensor_exposure").fill("100000000000")
        page.get_by_role("button", name="Save settings").click()
        expect(page.get_by_role("alert").first).to_contain_text("Nothing was saved")
        expect(field(page, "sensor_exposure").locator(".wrong")).to_contain_text("must be")
        expect(page.get_by_label("JPEG quality")).to_have_value("70")
        assert cloud.attributes().json()["attributes"] == {}


def test_what_is_told_appears_and_what_is_typed_stays(chromium, tmp_path):
    with running(tmp_path) as cloud, visit(chromium, cloud.url + CAMERA, **DESK) as page:
        live(page)
        page.get_by_label("A picture every").fill("77")
        cloud.message({**REPORT, "wifi": "<b>home</b>"})
        expect(page.locator("#report")).to_contain_text("<b>home</b>")
        log = "INFO start\n" * 50
        cloud.message({"method": "log", "params": {"count": 1, "text": log}}, EVENT)
        page.locator("#events summary").click()
        cloud.message({"method": "recovered", "params": {"after_s": 60}}, EVENT)
        expect(page.locator("#events li").first).to_contain_text("recovered")
        assert page.locator("#events pre").is_visible()  # opened, it stays open
        cloud.upload(picture())
        until(page, "document.querySelector('#glance img')?.naturalWidth > 0")
        cloud.message({"trigger_every_s": 30, "camera_quality": 40}, WRITE, "PUT")
        expect(page.get_by_label("JPEG quality")).to_have_value("40")
        expect(page.get_by_label("A picture every")).to_have_value("77")
        page.get_by_role("button", name="Take a picture").click()
        page.wait_for_url("**#settings")
        assert cloud.attributes("take_photo").json()["attributes"] == {"take_photo": 1}
        expect(page.locator("[data-command=take_photo]")).to_contain_text("the camera read it")


@BOTH
def test_many_cameras_are_found_by_typing_and_choosing(chromium, options, tmp_path):
    with running(tmp_path, devices(60)) as cloud, visit(chromium, cloud.url, **options) as page:
        for number in range(5):
            cloud.message({**REPORT, "waiting": number}, token=f"token-{number}")
        page.get_by_role("link", name="Cameras").click()
        live(page)
        names = page.locator("tbody th")
        expect(names).to_have_count(60)
        assert names.all_inner_texts()[:4] == [f"Camera {number}" for number in (1, 2, 3, 4)]
        page.get_by_label("Find").fill("camera 4")
        expect(names).to_have_count(15)
        page.get_by_label("Show").select_option("waiting")
        expect(names).to_have_text(["Camera 4"])
        assert page.url.endswith("?find=camera+4&show=waiting&sort=")
        cloud.message({"waiting": 7}, token="token-44")
        expect(names).to_have_text(["Camera 4", "Camera 44"])
        page.get_by_label("Sort by").select_option("waiting")
        expect(names).to_have_text(["Camera 44", "Camera 4"])
        assert fits(page)
        page.reload()
        expect(names).to_have_text(["Camera 44", "Camera 4"])
        names.first.get_by_role("link").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Camera 44")


def test_without_javascript_all_of_it_works(chromium, tmp_path):
    accounts = demo_accounts()
    accounts["projects"][KEY]["devices"]["other"] = {"device_type": None}
    with (
        running(tmp_path, accounts) as cloud,
        visit(chromium, cloud.url + "/cameras", java_script_enabled=False, **DESK) as page,
    ):
        page.get_by_label("Find").fill("demo")
        page.get_by_role("button", name="Show").click()
        page.get_by_role("link", name="Demo camera").click()
        page.get_by_label("A picture every").fill("60")
        page.get_by_role("button", name="Save settings").click()
        assert page.url == cloud.url + CAMERA + "#settings"
        found = cloud.attributes(token=TOKEN).json()["attributes"]
        assert found == {"trigger_every_s": 60}
