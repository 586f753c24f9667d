"""Pages behind a proxy that serves them below a path of its own and takes that path away."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.async_api import Page, expect

from tests.static import samples
from tests.static.fakes import FakeServer
from tests.static.far_side import FarSide

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


@pytest.fixture
def proxied(server: FakeServer) -> Iterator[FakeServer]:
    """A server below ``/live/tv``; whatever asks beside it fails the test."""
    server.prefix = "/live/tv"
    yield server
    assert [path for path in server.strays if path != "/favicon.ico"] == []


async def test_a_viewer_finds_a_stream_and_leaves_it(page: Page, proxied: FakeServer) -> None:
    base = proxied.url + proxied.prefix
    far = await FarSide.open(page.context, base + "/admin")
    proxied.answer = far.answer
    proxied.streams = [samples.stream("garden")]
    await page.goto(base + "/")
    await page.locator("a[href*='watch/garden']").first.click()
    await expect(page.locator("#stage")).to_have_attribute("data-playing", "true", timeout=15000)
    assert page.url.startswith(base + "/watch/garden")
    await page.keyboard.press("3")
    await page.get_by_role("link", name="Live", exact=True).click()
    await expect(page.get_by_role("link", name="Broadcast").first).to_be_visible()
    assert proxied.asked("DELETE", "/whep/garden/session-1")


async def test_a_broadcaster_gets_a_link_that_works(page: Page, proxied: FakeServer) -> None:
    base = proxied.url + proxied.prefix
    far = await FarSide.open(page.context, base + "/broadcast")
    proxied.answer = far.answer
    await page.goto(base + "/broadcast?stream=kite&auto=1&mic=0")
    await expect(page.locator("#state")).to_have_text("Live", timeout=15000)
    link = page.locator("#watch-link")
    await expect(link).to_have_js_property("href", base + "/watch/kite")
    await page.locator("#go").click()
    await expect(page.locator("#state")).to_have_text("Not live")
    assert len(proxied.asked("DELETE", "/whip/kite/session-1")) == 1


async def test_an_operator_sees_workers_and_ends_a_stream(page: Page, proxied: FakeServer) -> None:
    proxied.streams = [samples.stream("garden")]
    await page.goto(proxied.url + proxied.prefix + "/admin")
    await expect(page.get_by_text("garden").first).to_be_visible()
    assert proxied.asked("GET", "/api/v1/workers")
