# The login in a real browser: with and without JavaScript, on a phone, and when it ends.

import pytest

from tests.support import needs
from tests.support.cloud import CAMERA, picture
from tests.support.page import PHOTOS, browser, until, visit
from tests.support.receiver import CHEAP, PASSWORD, guarded
from tools.cloud.receiver.passwords import hashed

pytestmark = needs.chromium
PHONE = {"width": 360, "height": 740}
# What the browser says of a page that is refused, and of a stream that ends.
REFUSED = ("status of 401", "ERR_INCOMPLETE")


@pytest.fixture(scope="module")
def chromium():
    with browser() as found:
        yield found


def log_in(page, password=PASSWORD, name="admin"):
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def fits(page):
    """Return whether nothing stands out of the window at the right."""
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_in_on_a_phone_and_out_again(chromium, tmp_path, script):
    options = {"viewport": PHONE, "java_script_enabled": script}
    with guarded(tmp_path) as cloud:
        cloud.upload(PHOTOS[0].read_bytes())
        cloud.message({"version": "1.0", "trigger_every_s": 15})
        with visit(chromium, cloud.url, REFUSED, **options) as page:
            assert page.url == cloud.url + "/login?next=%2F"
            log_in(page, "wrong password")
            page.get_by_role("alert").get_by_text("Name or password is wrong.").wait_for()
            assert page.get_by_label("Name").input_value() == "admin"
            assert page.get_by_label("Password").input_value() == ""
            log_in(page)
            page.locator("#newest img").wait_for()
            assert page.url == cloud.url + "/"
            page.get_by_role("link", name="settings").click()
            page.get_by_role("heading", name="Demo camera").wait_for()
            field = page.locator("[name=trigger_every_s]")
            field.fill("60")
            page.get_by_role("button", name="Save settings").click()
            page.wait_for_url("**" + CAMERA + "#settings")
            assert field.input_value() == "60"
            page.get_by_role("button", name="Log out").click()
            page.wait_for_url(cloud.url + "/login")
            page.goto(cloud.url + CAMERA)
            assert "/login?next=" in page.url
        assert cloud.attributes().json()["attributes"]["trigger_every_s"] == 60


def test_it_fits_and_looks_as_the_other_pages(chromium, tmp_path):
    with guarded(tmp_path) as cloud:
        with visit(chromium, cloud.url, viewport=PHONE) as page:
            assert fits(page)
            # In place for typing at once; the keyboard alone is enough.
            page.keyboard.type("admin")
            page.keyboard.press("Tab")
            page.keyboard.type(PASSWORD)
            page.keyboard.press("Enter")
            page.wait_for_url(cloud.url + "/")
            for path in ("/", "/cameras", CAMERA):
                page.goto(cloud.url + path)
                assert fits(page) and page.get_by_role("button", name="Log out").is_visible()
        with visit(chromium, cloud.url, viewport={"width": 1200, "height": 800}) as page:
            box = page.locator("form").bounding_box()
            assert box["width"] <= 400 and abs(box["x"] + box["width"] / 2 - 600) < 20


def test_a_page_that_is_open_goes_to_the_login_when_its_session_ends(chromium, tmp_path):
    with guarded(tmp_path, fresh=0.1) as cloud, visit(chromium, cloud.url, REFUSED) as page:
        log_in(page)
        page.wait_for_selector("[data-connection=live]")
        name = cloud.upload(picture()).json()["image_url"].rpartition("/")[2]
        page.wait_for_selector(f"[data-name='{name}']")
        cloud.index.users.set_password("admin", hashed("another long password", CHEAP)).result(10)
        page.get_by_role("heading", name="Log in").wait_for()
        assert not page.locator(".card").count()
        log_in(page, "another long password")
        page.wait_for_selector("[data-connection=live]")
        until(page, "document.querySelectorAll('.card').length === 1")


def test_logging_out_in_one_window_shuts_the_other(chromium, tmp_path):
    with guarded(tmp_path) as cloud, visit(chromium, cloud.url, REFUSED) as page:
        log_in(page)
        page.wait_for_selector("[data-connection=live]")
        other = page.context.new_page()
        other.goto(cloud.url + "/cameras")
        other.get_by_role("button", name="Log out").click()
        page.get_by_role("heading", name="Log in").wait_for()
