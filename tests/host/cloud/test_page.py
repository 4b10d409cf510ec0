# The page in a real browser: pictures come by themselves, large view and keys, lost server.

import contextlib
import datetime
import re

import pytest

from tests.support import needs
from tests.support.cloud import KEY, TOKEN, demo_accounts, picture, running
from tests.support.page import PHOTOS, ago, browser, keep_many, photo, until, visit

pytestmark = needs.chromium
LOST = ("ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE")
PHONE = {"width": 360, "height": 740}


@pytest.fixture(scope="module")
def chromium():
    with browser() as found:
        yield found


def name_of(answer):
    return answer.json()["image_url"].rpartition("/")[2]


def cards(page):
    return page.locator(".card")


def names(page):
    return page.eval_on_selector_all(".card", "cards => cards.map(card => card.dataset.name)")


def live(page):
    page.wait_for_selector("[data-connection=live]")


def shown(page):
    """Return the name of the picture in the large view."""
    return page.locator("#viewer img").get_attribute("src").rpartition("/")[2]


def test_pictures_appear_by_themselves_newest_first(chromium, tmp_path):
    with running(tmp_path) as cloud, visit(chromium, cloud.url) as page:
        page.get_by_text("Waiting for the first picture").wait_for()
        live(page)
        page.evaluate("window.mark = 'not reloaded'")
        first = name_of(cloud.upload(PHOTOS[0].read_bytes()))
        page.wait_for_selector(f"#newest [data-name='{first}']")
        assert not page.locator("#empty").is_visible()
        second = name_of(cloud.upload(PHOTOS[1].read_bytes()))
        page.wait_for_selector(f"#newest [data-name='{second}']")
        assert names(page) == [second, first]
        assert page.get_by_role("heading", name="2 pictures").is_visible()
        assert "New picture" in page.locator("#announce").inner_text()
        until(page, "document.querySelector('#newest img').naturalWidth === 800")
        assert page.evaluate("window.mark") == "not reloaded"


def test_a_card_tells_time_cause_size_and_device(chromium, tmp_path):
    early = datetime.datetime(2026, 1, 31, 23, 30, 15)
    with running(tmp_path) as cloud:
        notes = b"ASCII\0\0\0" + b"2/5"
        cloud.upload(photo(captured_at=early, offset="+00:00", cause="pir", notes=notes))
        cloud.upload(photo(captured_at=early, cause="<b>door</b>"))
        cloud.upload(photo(captured_at=ago(1), offset="+00:00", cause="timer"))
        cloud.upload(picture("PNG", (40, 30)))
        with visit(chromium, cloud.url) as page:
            plain, timer, floating, pir = cards(page).all()
            # Berlin is an hour ahead of UTC in winter.
            assert re.search(r"captured 00:30:15 1 Feb.* waited \d+ d", pir.inner_text())
            assert "movement 2/5" in pir.inner_text()
            assert "64 × 48" in pir.inner_text()
            assert re.search(r"Demo camera", pir.inner_text())
            assert re.search(
                r"captured 23:30:15 31 Jan.* by the camera's clock", floating.inner_text()
            )
            assert "<b>door</b>" in floating.inner_text()
            assert "waited" not in floating.inner_text()
            assert "timer" in timer.inner_text()
            assert "waited" not in timer.inner_text()
            assert "captured" not in plain.inner_text()
            assert "40 × 30" in plain.inner_text()


def test_large_view_with_keys(chromium, tmp_path):
    with running(tmp_path) as cloud:
        third, second, first = [name_of(cloud.upload(photo(cause=str(n)))) for n in range(3)][::-1]
        with visit(chromium, cloud.url) as page:
            live(page)
            page.locator(f"[data-name='{second}'] a").focus()
            page.keyboard.press("Enter")
            page.wait_for_selector("#viewer[open]")
            assert shown(page) == second
            assert page.locator("#viewer figcaption .cause").inner_text() == "1"
            page.keyboard.press("ArrowRight")
            until(page, "!document.querySelector('#viewer img').src.includes('000002')")
            assert shown(page) == first
            page.keyboard.press("ArrowRight")
            page.keyboard.press("ArrowLeft")
            page.keyboard.press("ArrowLeft")
            until(page, "name => document.querySelector('#viewer img').src.includes(name)", third)
            page.keyboard.press("ArrowLeft")
            assert shown(page) == third
            raw = page.get_by_role("link", name="Open the file").get_attribute("href")
            assert cloud.get("/images/" + raw.rpartition("/")[2]).content[:3] == b"\xff\xd8\xff"
            # The focus stays inside, however often one goes on.
            for _ in range(6):
                page.keyboard.press("Tab")
                assert page.evaluate(
                    "document.activeElement === document.body"
                    " || !!document.activeElement.closest('#viewer')"
                )
            page.keyboard.press("Escape")
            page.wait_for_selector("#viewer:not([open])", state="hidden")
            focused = "document.activeElement.closest('.card')?.dataset.name"
            until(page, f"name => {focused} === name", third)


def test_large_view_with_the_pointer_and_the_back_button(chromium, tmp_path):
    with running(tmp_path) as cloud:
        first = name_of(cloud.upload(photo()))
        second = name_of(cloud.upload(photo()))
        with visit(chromium, cloud.url) as page:
            live(page)
            cards(page).first.locator("a").click()
            assert shown(page) == second
            # A picture that comes meanwhile changes nothing of what is looked at.
            third = name_of(cloud.upload(photo()))
            page.wait_for_selector(f"#newest [data-name='{third}']", state="attached")
            assert shown(page) == second
            page.get_by_role("button", name="Older").click()
            until(page, "name => document.querySelector('#viewer img').src.includes(name)", first)
            page.go_back()
            page.wait_for_selector("#viewer:not([open])", state="hidden")
            assert names(page) == [third, second, first]
            assert page.url == cloud.url + "/"


def test_the_focus_stays_on_a_card_that_moves(chromium, tmp_path):
    with running(tmp_path) as cloud:
        first = name_of(cloud.upload(photo()))
        with visit(chromium, cloud.url) as page:
            live(page)
            page.locator("#newest a").focus()
            cloud.upload(photo())
            page.wait_for_selector(f"#earlier [data-name='{first}']")
            focused = "document.activeElement.closest('.card')?.dataset.name"
            assert page.evaluate(focused) == first


def test_thousands_of_pictures_come_in_pages(chromium, tmp_path):
    kept = keep_many(tmp_path, 3000)[::-1]
    with running(tmp_path) as cloud, visit(chromium, cloud.url) as page:
        live(page)
        assert page.get_by_role("heading", name="3,000 pictures").is_visible()
        assert names(page) == kept[:48]
        page.get_by_role("link", name="Older pictures").click()
        until(page, "document.querySelectorAll('.card').length === 96")
        assert names(page) == kept[:96]
        # The large view goes on into pictures that are not there yet.
        cards(page).last.locator("a").click()
        page.keyboard.press("ArrowRight")
        until(page, "name => document.querySelector('#viewer img').src.includes(name)", kept[96])


def test_a_page_left_open_keeps_to_a_bound(chromium, tmp_path):
    kept = keep_many(tmp_path, 260)[::-1]
    with running(tmp_path) as cloud, visit(chromium, cloud.url) as page:
        live(page)
        for count in (96, 144, 192, 240, 260):
            page.evaluate("document.querySelector('#older').click()")
            until(page, "n => document.querySelectorAll('.card').length === n", count)
        assert not page.locator("#older").is_visible()
        newest = name_of(cloud.upload(photo()))
        page.wait_for_selector(f"#newest [data-name='{newest}']")
        assert names(page) == [newest, *kept[:199]]
        page.locator("#older").click()
        until(page, "document.querySelectorAll('.card').length === 248")
        assert names(page) == [newest, *kept[:247]]


def test_someone_who_has_scrolled_down_is_told_of_new_pictures(chromium, tmp_path):
    keep_many(tmp_path, 40)
    with running(tmp_path) as cloud, visit(chromium, cloud.url) as page:
        live(page)
        page.evaluate("window.scrollTo({top: 1500, behavior: 'instant'})")
        name = name_of(cloud.upload(photo()))
        page.get_by_role("button", name="1 new picture").click()
        until(page, "window.scrollY < 300")
        page.wait_for_selector("#new", state="hidden")
        assert names(page)[0] == name


def test_a_restarted_server_tells_what_was_missed(chromium, tmp_path):
    with contextlib.ExitStack() as stack:
        with running(tmp_path) as cloud:
            first = name_of(cloud.upload(photo()))
            page = stack.enter_context(visit(chromium, cloud.url, LOST))
            live(page)
            page.evaluate("window.mark = 'not reloaded'")
        page.get_by_text("disconnected").wait_for()
        # While the page sees no server, another one takes pictures into the folder.
        with running(tmp_path) as other:
            missed = [name_of(other.upload(photo())) for _ in range(2)]
        assert names(page) == [first]
        with running(tmp_path, port=cloud.port) as cloud:
            page.wait_for_selector(f"[data-name='{missed[0]}']")
            live(page)
            assert names(page) == [*missed[::-1], first]
            last = name_of(cloud.upload(photo()))
            page.wait_for_selector(f"#newest [data-name='{last}']")
        assert page.evaluate("window.mark") == "not reloaded"


def test_a_server_with_another_folder_shows_that(chromium, tmp_path):
    with contextlib.ExitStack() as stack:
        with running(tmp_path / "old") as cloud:
            cloud.upload(photo())
            page = stack.enter_context(visit(chromium, cloud.url, LOST))
            live(page)
        page.get_by_text("disconnected").wait_for()
        with running(tmp_path / "new", port=cloud.port) as cloud:
            page.get_by_text("Waiting for the first picture").wait_for()
            assert names(page) == []
            name = name_of(cloud.upload(photo()))
            page.wait_for_selector(f"#newest [data-name='{name}']")
            assert names(page) == [name]


def test_a_connection_that_dies_without_a_word_is_replaced(chromium, tmp_path):
    with running(tmp_path) as cloud, visit(chromium, cloud.url) as page:
        live(page)
        page.clock.install()
        page.reload()
        live(page)
        opened = []
        page.on("request", lambda request: opened.append(request.url))
        page.clock.run_for(31_000)
        until(page, "document.body.dataset.connection === 'live'")
        assert any("/page/events" in url for url in opened)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_does_not_scroll_sideways(chromium, tmp_path, scheme):
    with running(tmp_path) as cloud, visit(chromium, cloud.url) as page:
        page.set_viewport_size(PHONE)
        page.emulate_media(color_scheme=scheme)
        live(page)
        width = "document.documentElement.scrollWidth"
        assert page.evaluate(width) == 360
        for path in PHOTOS:
            cloud.upload(path.read_bytes())
        cloud.upload(photo((1600, 20), cause="x" * 200))
        until(page, "document.querySelectorAll('.card').length === 5")
        assert page.evaluate(width) == 360
        cards(page).first.locator("a").click()
        assert page.evaluate(width) == 360
        close = page.get_by_role("button", name="Close")
        assert close.bounding_box()["x"] + close.bounding_box()["width"] <= 360


def test_names_are_escaped(chromium, tmp_path):
    accounts = demo_accounts()
    devices = accounts["projects"][KEY]["devices"]
    devices[TOKEN]["name"] = "<img src=y onerror=alert(1)>"
    with running(tmp_path, accounts) as cloud, visit(chromium, cloud.url) as page:
        live(page)
        cloud.upload(photo(cause="<img src=x onerror=alert(1)>"))
        cards(page).first.wait_for()
        assert "<img src=y onerror=alert(1)>" in cards(page).first.inner_text()
        assert "<img src=x onerror=alert(1)>" in cards(page).first.inner_text()
        assert page.locator("img").count() == 2  # its own, and that of the large view


def test_without_javascript_the_newest_pictures_show(chromium, tmp_path):
    kept = keep_many(tmp_path, 60)[::-1]
    with (
        running(tmp_path) as cloud,
        visit(chromium, cloud.url, java_script_enabled=False) as page,
    ):
        assert page.locator(".card img").count() == 48
        assert page.locator("#newest img").get_attribute("src") == "/images/" + kept[0]
        assert page.get_by_text("Reload for newer pictures").is_visible()
        assert not page.locator("#board").is_visible()
        page.get_by_role("link", name="Older pictures").click()
        assert page.locator(".card img").count() == 12
        assert page.locator(".card img").first.get_attribute("src") == "/images/" + kept[48]
        page.get_by_role("link", name="Newest pictures").click()
        assert page.locator(".card img").count() == 48
