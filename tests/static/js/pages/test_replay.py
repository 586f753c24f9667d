"""The page of recordings."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.static import samples
from tests.static.fakes import FakeServer

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

PATH = "/recordings"


async def test_an_empty_server_says_how_recordings_come(page: Page, server: FakeServer) -> None:
    await page.goto(server.url + PATH)
    await expect(page.get_by_role("heading", name="Nothing is recorded yet")).to_be_visible()
    await expect(page.locator("#summary")).to_have_text("No recordings at the moment.")
    await expect(page.locator("#player")).to_be_hidden()


async def test_recordings_are_listed_with_length_size_and_kind(
    page: Page, server: FakeServer
) -> None:
    gap = {"at_s": 3.0, "length_s": 2.0}
    server.recordings = [
        samples.recording(rendition="enhanced", second=2, width=960, height=540),
        samples.recording(),
        samples.recording("alley", gaps=[gap, gap], live=True),
    ]
    await page.goto(server.url + PATH)
    cards = page.get_by_role("listitem")
    await expect(cards).to_have_count(2)
    await expect(cards.nth(0)).to_contain_text("1:05 · 24.6 MB · 960×540 · As sent and enhanced")
    await expect(cards.nth(1)).to_contain_text("Being recorded · 1:05 · 12.3 MB")
    await expect(cards.nth(1)).to_contain_text("2 gaps")
    await expect(page.locator("#summary")).to_have_text("2 recordings")


async def test_both_files_of_a_broadcast_are_played_behind_a_divider(
    page: Page, server: FakeServer
) -> None:
    server.recordings = [
        samples.recording(rendition="enhanced", second=2),
        samples.recording(),
    ]
    await page.goto(server.url + PATH)
    await page.get_by_role("button", name="garden").click()
    await expect(page.get_by_role("heading", name="garden")).to_be_visible()
    main, source = page.locator("#main-video"), page.locator("#source-video")
    await expect(main).to_have_attribute("src", re.compile("enhanced.mp4$"))
    await expect(source).to_have_attribute("src", re.compile("source.mp4$"))
    await expect(page.get_by_role("slider", name="Divider between")).to_be_visible()
    await page.get_by_role("button", name="As sent", exact=True).click()
    await expect(main).to_have_attribute("src", re.compile("source.mp4$"))
    await expect(source).to_be_hidden()
    await page.get_by_role("button", name="Enhanced", exact=True).click()
    await expect(main).to_have_attribute("src", re.compile("enhanced.mp4$"))
    download = page.get_by_role("link", name="Download")
    await expect(download).to_have_attribute("href", re.compile("enhanced.mp4.download=true$"))


async def test_a_file_alone_has_no_choice(page: Page, server: FakeServer) -> None:
    server.recordings = [samples.recording()]
    await page.goto(server.url + PATH)
    await page.get_by_role("button", name="garden").click()
    await expect(page.locator("#choice").get_by_role("button")).to_have_count(0)
    await expect(page.locator("#divider")).to_be_hidden()


async def test_keys_and_the_list_change_the_speed(page: Page, server: FakeServer) -> None:
    server.recordings = [samples.recording()]
    await page.goto(server.url + PATH)
    await page.get_by_role("button", name="garden").press("Enter")
    await expect(page.locator("#player")).to_be_visible()
    await page.keyboard.press(">")
    await expect(page.get_by_label("Speed")).to_have_value("1.5")
    await page.keyboard.press("<")
    await page.keyboard.press("<")
    await page.keyboard.press("<")
    await expect(page.get_by_label("Speed")).to_have_value("0.5")
    await page.get_by_label("Speed").select_option("2")
    speed = await page.evaluate("document.getElementById('main-video').playbackRate")
    assert speed == 2


async def test_one_stream_is_listed_where_the_address_names_it(
    page: Page, server: FakeServer
) -> None:
    server.recordings = [samples.recording(), samples.recording("alley")]
    await page.goto(f"{server.url}{PATH}?stream=alley")
    await expect(page.get_by_role("listitem")).to_have_count(1)
    assert "/api/v1/recordings/alley" in [path for _, path, _ in server.requests]


async def test_a_failure_is_said_in_words_and_passes(page: Page, server: FakeServer) -> None:
    server.failing = True
    await page.goto(server.url + PATH)
    await expect(page.get_by_role("alert")).to_contain_text("The broker does not answer.")
    await expect(page.locator("#summary")).to_have_text("The list could not be loaded.")


async def test_the_page_fits_a_phone(page: Page, server: FakeServer) -> None:
    server.recordings = [samples.recording("a" * 64)]
    await page.set_viewport_size({"width": 320, "height": 640})
    await page.goto(server.url + PATH)
    await page.get_by_role("button", name="aaa").click()
    await expect(page.locator("#player")).to_be_visible()
    width = await page.evaluate("document.documentElement.scrollWidth")
    assert width <= 320


async def test_the_token_of_a_link_goes_to_list_and_files(page: Page, server: FakeServer) -> None:
    server.view_token = "vt_a.b"
    server.recordings = [samples.recording()]
    await page.goto(server.url + PATH + "?stream=garden&token=vt_a.b")
    await expect(page).to_have_url(re.compile(r"\?stream=garden$"))
    await page.get_by_role("button", name="garden").click()
    await expect(page.locator("#main-video")).to_have_attribute(
        "src", re.compile(r"source.mp4\?token=vt_a.b$")
    )
    await expect(page.get_by_role("link", name="Download")).to_have_attribute(
        "href", re.compile(r"\?token=vt_a.b&download=true$")
    )


async def test_without_a_token_the_page_asks_for_one(page: Page, server: FakeServer) -> None:
    server.view_token = "vt_a.b"
    server.recordings = [samples.recording()]
    await page.goto(server.url + PATH + "?stream=garden&token=wrong")
    await expect(page.get_by_role("alert")).to_contain_text("with a token only")
    await expect(page.locator("#recordings")).to_be_hidden()
    await page.get_by_label("View token").fill("vt_a.b")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("listitem")).to_have_count(1)
    await expect(page.get_by_role("alert")).to_be_hidden()


async def test_a_token_that_is_no_view_token_stands_in_no_address(
    page: Page, server: FakeServer
) -> None:
    server.view_token = "sk_of_the_server"
    server.streams = [samples.stream("garden")]
    server.recordings = [samples.recording()]
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(server.url + PATH + "?stream=garden")
    await page.get_by_label("View token").fill("sk_of_the_server")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="garden").click()
    await expect(page.locator("#main-video")).to_have_attribute(
        "src", re.compile(r"source.mp4\?token=vt_a.b$")
    )
    await expect(page.get_by_role("link", name="Download")).to_have_attribute(
        "href", re.compile(r"\?token=vt_a.b&download=true$")
    )
    await expect(page.locator("#recordings video")).to_have_attribute(
        "src", re.compile(r"\?token=vt_a.b$")
    )
    assert [url for url in asked if "sk_of" in url] == []
    path = "/api/v1/streams/garden/view-tokens"
    assert server.asked("POST", path) == [{"life_s": 6 * 3600}]


async def test_a_token_that_cannot_be_exchanged_is_said_in_words(
    page: Page, server: FakeServer
) -> None:
    server.view_token = "sk_of_the_server"
    server.recordings = [samples.recording()]
    await page.goto(server.url + PATH + "?stream=garden")
    await page.get_by_label("View token").fill("sk_of_the_server")
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="garden").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(page.locator("#player")).to_be_hidden()
