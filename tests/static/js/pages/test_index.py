"""The list of live streams."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.static import samples
from tests.static.fakes import FakeServer

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


async def test_an_empty_server_says_how_to_go_live(page: Page, server: FakeServer) -> None:
    server.publish_token = "secret"
    await page.goto(server.url + "/")
    await expect(page.get_by_role("heading", name="Nobody is live")).to_be_visible()
    await expect(page.locator("#obs-server")).to_have_text(f"{server.url}/whip/my-stream")
    await expect(page.locator("#cli-command")).to_contain_text("SHARPCAST_PUBLISH_TOKEN=TOKEN")
    await expect(page.locator("#ffmpeg-command")).to_contain_text("-authorization TOKEN")


async def test_a_stream_comes_and_goes_without_a_reload(page: Page, server: FakeServer) -> None:
    await page.goto(server.url + "/")
    await expect(page.locator("#empty")).to_be_visible()
    server.streams = [samples.stream("garden")]
    card = page.get_by_role("listitem")
    await expect(card).to_contain_text("480×270 → 960×540")
    await expect(card).to_contain_text("30 fps · 2 viewers · with sound")
    await expect(card).to_contain_text("Enhancing")
    assert await card.get_by_role("link").get_attribute("href") == f"{server.url}/watch/garden"
    server.streams = []
    await expect(page.locator("#empty")).to_be_visible()
    await expect(card).to_have_count(0)


async def test_an_update_keeps_the_focus(page: Page, server: FakeServer) -> None:
    server.streams = [samples.stream("garden")]
    await page.goto(server.url + "/")
    await page.get_by_role("link", name="garden").focus()
    server.streams = [samples.stream("alley"), samples.stream("garden")]
    await expect(page.get_by_role("link", name="alley")).to_be_visible()
    assert await page.evaluate("document.activeElement.textContent") == "garden"


async def test_a_failure_is_said_in_words_and_passes(page: Page, server: FakeServer) -> None:
    server.failing = True
    await page.goto(server.url + "/")
    await expect(page.get_by_role("alert")).to_contain_text("The broker does not answer.")
    server.failing = False
    await expect(page.get_by_role("alert")).to_be_hidden()
    await expect(page.locator("#empty")).to_be_visible()
