"""Many streams at once."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.static import samples
from tests.static.fakes import FakeServer

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


def fill(server: FakeServer, count: int) -> None:
    server.streams = [{**samples.stream(f"s{n:02}"), "viewers": 50 - n} for n in range(count)]


def joined(server: FakeServer) -> list[str]:
    """Offers so far, by stream and rendition."""
    found = [each for each in server.addresses if each.startswith("/whep/")]
    return sorted({each.removeprefix("/whep/") for each in found})


async def until_joined(page: Page, server: FakeServer, count: int) -> list[str]:
    """Waits until so many have been asked for, however busy the machine is."""
    for _ in range(200):
        if len(joined(server)) >= count:
            break
        await page.wait_for_timeout(100)
    return joined(server)


async def test_an_empty_grid_says_so(page: Page, server: FakeServer) -> None:
    await page.goto(server.url + "/grid")
    await expect(page.get_by_role("heading", name="Nobody is live")).to_be_visible()
    await expect(page.locator("#summary")).to_have_text("No streams at the moment.")


async def test_the_first_is_large_and_only_it_asks_for_enhancement(
    page: Page, server: FakeServer
) -> None:
    fill(server, 5)
    await page.goto(server.url + "/grid")
    await expect(page.locator(".tile")).to_have_count(5)
    await expect(page.locator(".tile[data-large=true]")).to_have_count(1)
    asked = await until_joined(page, server, 5)
    (large,) = [each for each in asked if "auto" in each]
    assert large == "s00?rendition=auto&fallback=source"  # the fake leaves the viewer's name out
    small = [each.partition("&viewer=")[0] for each in asked if "auto" not in each]
    assert small == [f"s0{n}?rendition=source" for n in range(1, 5)]


async def test_sixteen_have_a_place_and_the_rest_is_counted(page: Page, server: FakeServer) -> None:
    fill(server, 18)
    await page.goto(server.url + "/grid")
    await expect(page.locator(".tile")).to_have_count(16)
    await expect(page.locator("#summary")).to_have_text("16 streams, 2 more on the list")


async def test_another_is_enlarged_by_click_and_by_keys(page: Page, server: FakeServer) -> None:
    fill(server, 4)
    await page.goto(server.url + "/grid")
    large = page.locator(".tile[data-large=true] .caption")
    await expect(large).to_have_text("s00")
    await page.get_by_role("button", name="Enlarge s02").click()
    await expect(large).to_have_text("s02")
    assert page.url.endswith("?large=s02")
    await page.keyboard.press("ArrowRight")
    await expect(large).to_have_text("s03")
    await page.keyboard.press("ArrowRight")
    await expect(large).to_have_text("s00")
    await page.keyboard.press("ArrowLeft")
    await expect(large).to_have_text("s03")


async def test_a_link_says_which_is_large(page: Page, server: FakeServer) -> None:
    fill(server, 3)
    await page.goto(server.url + "/grid?large=s01")
    await expect(page.locator(".tile[data-large=true] .caption")).to_have_text("s01")


async def test_a_stream_that_ends_leaves_its_place(page: Page, server: FakeServer) -> None:
    fill(server, 3)
    await page.goto(server.url + "/grid?large=s01")
    await expect(page.locator(".tile")).to_have_count(3)
    del server.streams[1]
    await expect(page.locator(".tile")).to_have_count(2)
    await expect(page.locator(".tile[data-large=true] .caption")).to_have_text("s00")


async def test_tiles_below_the_screen_do_not_play(page: Page, server: FakeServer) -> None:
    fill(server, 16)
    await page.set_viewport_size({"width": 400, "height": 500})
    await page.goto(server.url + "/grid")
    await expect(page.locator(".tile")).to_have_count(16)
    await until_joined(page, server, 3)
    await page.wait_for_function("() => performance.now() > 3000")
    assert 3 <= len(joined(server)) < 12


async def test_a_failure_is_said_and_passes(page: Page, server: FakeServer) -> None:
    fill(server, 2)
    await page.goto(server.url + "/grid")
    await expect(page.locator(".tile")).to_have_count(2)
    server.failing = True
    await expect(page.get_by_role("alert")).to_contain_text("Trying again")
    await expect(page.locator(".tile")).to_have_count(2)
    server.failing = False
    await expect(page.get_by_role("alert")).to_be_hidden()


async def test_a_token_opens_what_it_may_watch(page: Page, server: FakeServer) -> None:
    fill(server, 2)
    server.view_token = "vt_a.b"
    await page.goto(server.url + "/grid")
    await expect(page.locator("#empty")).to_be_visible()
    await page.goto(server.url + "/grid?large=s01&token=vt_a.b")
    await expect(page.locator(".tile")).to_have_count(2)
    await expect(page.locator(".tile[data-large=true] .caption")).to_have_text("s01")
    assert page.url.endswith("/grid?large=s01")
