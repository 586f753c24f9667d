"""What axe-core finds in the pages, in their states: nothing serious (WCAG 2.2, A and AA)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.interop import npm
from tests.static import samples
from tests.static.fakes import FakeServer
from tests.static.test_pages import fill

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
FIND = """async (tags) => {
  const found = await axe.run(document, {runOnly: tags});
  return found.violations.filter((one) => ['serious', 'critical'].includes(one.impact)).map((one) =>
    [one.id, one.help, ...one.nodes.slice(0, 5).map((node) => node.target + ' ' + node.html)]);
}"""

State = Callable[[Page, FakeServer], Awaitable[None]]


async def findings(page: Page) -> Any:
    """Serious and critical findings of axe-core in a page as it is now."""
    await page.evaluate(npm.source("axe-core/axe.min.js"))
    return await page.evaluate(FIND, TAGS)


async def empty_list(page: Page, server: FakeServer) -> None:
    await page.goto(server.url + "/")
    await expect(page.locator("#empty")).to_be_visible()


async def full_list(page: Page, server: FakeServer) -> None:
    fill(server)
    await page.goto(server.url + "/")
    await expect(page.locator(".stream").first).to_be_visible()


async def list_without_a_match(page: Page, server: FakeServer) -> None:
    await full_list(page, server)
    await page.locator("#search").fill("nowhere")
    await expect(page.locator("#no-match")).to_be_visible()


async def list_that_fails(page: Page, server: FakeServer) -> None:
    server.failing = True
    await page.goto(server.url + "/")
    await expect(page.locator("#error")).to_be_visible()


async def grid(page: Page, server: FakeServer) -> None:
    server.streams = [samples.stream(f"s{number}") for number in range(5)]
    await page.goto(server.url + "/grid")
    await expect(page.locator(".tile")).to_have_count(5)


async def empty_grid(page: Page, server: FakeServer) -> None:
    await page.goto(server.url + "/grid")
    await expect(page.locator("#empty")).to_be_visible()


async def broadcast(page: Page, server: FakeServer) -> None:
    server.publish_token = "secret"
    await page.goto(server.url + "/broadcast")
    await expect(page.locator("#token-field")).to_be_visible()


async def broadcast_with_a_fault(page: Page, server: FakeServer) -> None:
    await page.goto(server.url + "/broadcast?stream=a%20b")
    await page.locator("#go").click()
    await expect(page.locator("#stream-name")).to_have_attribute("aria-invalid", "true")


async def broadcast_refused(page: Page, server: FakeServer) -> None:
    await page.goto(server.url + "/broadcast?stream=kite&auto=1")
    await expect(page.locator("#error")).to_be_visible(timeout=15000)


async def preview(page: Page, server: FakeServer) -> None:
    await page.goto(server.url + "/broadcast?stream=kite")
    await page.locator("#preview-button").click()
    await expect(page.locator("#state")).to_have_attribute(
        "data-state", "previewing", timeout=15000
    )


async def watch(page: Page, server: FakeServer) -> None:
    fill(server)
    await page.goto(server.url + "/watch/garden")
    await expect(page.locator("#card")).to_be_visible()


async def watch_with_all_panels(page: Page, server: FakeServer) -> None:
    await watch(page, server)
    await page.keyboard.press("s")
    await page.keyboard.press("t")
    await expect(page.locator("#legend li").first).to_be_visible()


async def no_stream(page: Page, server: FakeServer) -> None:
    await page.goto(server.url + "/watch/a%20b")
    await expect(page.locator("#note")).not_to_be_empty()


async def board(page: Page, server: FakeServer) -> None:
    fill(server)
    await page.goto(server.url + "/admin")
    await expect(page.locator("#board")).to_be_visible()
    for summary in await page.locator("summary").all():
        if await summary.is_visible():
            await summary.click()


async def board_with_a_dialog(page: Page, server: FakeServer) -> None:
    fill(server)
    await page.goto(server.url + "/admin")
    await page.locator("#streams .button.danger").first.click()
    await expect(page.locator("#confirm")).to_be_visible()


async def board_that_asks_for_a_token(page: Page, server: FakeServer) -> None:
    server.admin_token = "secret"
    await page.goto(server.url + "/admin")
    await expect(page.locator("#token-form")).to_be_visible()


STATES: list[State] = [
    empty_list, full_list, list_without_a_match, list_that_fails, grid, empty_grid, broadcast,
    broadcast_with_a_fault, broadcast_refused, preview, watch, watch_with_all_panels, no_stream,
    board, board_with_a_dialog, board_that_asks_for_a_token,
]  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
async def test_nothing_serious_is_found(
    state: State, scheme: str, page: Page, server: FakeServer
) -> None:
    await page.emulate_media(
        color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce"
    )
    await state(page, server)
    assert await findings(page) == []


@pytest.mark.parametrize("state", [full_list, grid, broadcast], ids=lambda state: state.__name__)
@pytest.mark.parametrize("language", ["de", "zh"])
async def test_nothing_serious_is_found_in_other_languages(
    state: State, language: str, browser: Browser, server: FakeServer
) -> None:
    context = await browser.new_context(locale=language, permissions=["camera", "microphone"])
    page = await context.new_page()
    await state(page, server)
    assert await findings(page) == []
    await context.close()


async def test_a_page_without_motion_has_none(page: Page, server: FakeServer) -> None:
    """``prefers-reduced-motion``: nothing moves by itself."""
    await page.emulate_media(reduced_motion="reduce")
    await full_list(page, server)
    moving = "document.getAnimations().filter((one) => one.playState === 'running').length"
    assert await page.evaluate(moving) == 0


async def test_a_fault_is_found_where_there_is_one(page: Page, server: FakeServer) -> None:
    await empty_list(page, server)
    await page.evaluate("document.querySelector('main').innerHTML += '<input><img src=x>'")
    assert {"label", "image-alt"} <= {each[0] for each in await findings(page)}
