"""The page for frames (``pages/embed.js``)."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.static.fakes import FakeServer
from tests.static.js.pages.test_watch import play

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


async def test_it_is_the_player_alone_in_the_view_of_its_address(
    page: Page, server: FakeServer
) -> None:
    await play(page, server, "/embed/garden?view=enhanced&label=The+garden")
    player = page.locator("sharpcast-player")
    assert await player.evaluate("(e) => [e.view, e.state]") == ["enhanced", "playing"]
    await expect(page.locator("nav")).to_have_count(0)
    await expect(page.get_by_role("region", name="The garden")).to_be_visible()
    await expect(page).to_have_title("garden · Sharpcast")


async def test_its_keys_and_buttons_work_as_on_the_watch_page(
    page: Page, server: FakeServer
) -> None:
    await play(page, server, "/embed/garden")
    await page.locator("#split").focus()
    await page.keyboard.press("1")
    await expect(page.locator("#stage")).to_have_attribute("data-view", "source")
    await page.get_by_role("button", name="Enhanced", exact=True).click()
    await expect(page.locator("#stage")).to_have_attribute("data-view", "enhanced")


async def test_a_bad_name_is_said(page: Page, server: FakeServer) -> None:
    await page.goto(server.url + "/embed/-x")
    await expect(page.get_by_role("alert")).to_contain_text("starts with a letter")


async def test_the_token_of_its_address_goes_along(page: Page, server: FakeServer) -> None:
    server.view_token = "vt_a.b"
    await play(page, server, "/embed/garden?token=vt_a.b")
    # A frame's address is seen by nobody, and its page opens that one again.
    assert page.url.endswith("?token=vt_a.b")
