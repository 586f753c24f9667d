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


async def test_a_stream_is_found_by_its_name_without_a_reload(
    page: Page, server: FakeServer
) -> None:
    server.streams = [samples.stream(name) for name in ("garden", "garden-2", "alley")]
    await page.goto(server.url + "/")
    await expect(page.locator(".stream")).to_have_count(3)
    await expect(page.locator("#summary")).to_have_text("3 streams, 6 viewers")
    await page.keyboard.press("/")
    await page.keyboard.type("gard")
    await expect(page.locator(".stream")).to_have_count(2)
    await expect(page.locator("#summary")).to_have_text("2 of 3 streams")
    await page.get_by_label("Name of the stream").fill("nowhere")
    await expect(page.get_by_role("heading", name="No stream has this name")).to_be_visible()
    await page.get_by_role("button", name="Show all streams").click()
    await expect(page.locator(".stream")).to_have_count(3)
    await expect(page.get_by_label("Name of the stream")).to_be_focused()


async def test_the_order_is_chosen_and_remembered(page: Page, server: FakeServer) -> None:
    old = {**samples.stream("old"), "viewers": 9}
    new = {**samples.stream("new"), "viewers": 1, "started_at": "2026-01-02T00:00:00Z"}
    server.streams = [new, old]
    await page.goto(server.url + "/")
    names = page.locator(".stream h2")
    await expect(names).to_have_text(["old", "new"])
    await page.get_by_label("Order").select_option("newest")
    await expect(names).to_have_text(["new", "old"])
    await page.reload()
    await expect(names).to_have_text(["new", "old"])


async def test_cards_keep_their_places_under_the_pointer(page: Page, server: FakeServer) -> None:
    one, two = samples.stream("one"), samples.stream("two")
    one["viewers"] = 5
    server.streams = [one, two]
    await page.goto(server.url + "/")
    names = page.locator(".stream h2")
    await expect(names).to_have_text(["one", "two"])
    await names.first.hover()
    two["viewers"] = 50
    await expect(page.locator(".stream").nth(1)).to_contain_text("50 viewers")
    await expect(names).to_have_text(["one", "two"])


async def test_a_card_shows_the_picture_that_workers_left(page: Page, server: FakeServer) -> None:
    server.streams = [samples.stream("garden"), samples.stream("alley")]
    await page.goto(server.url + "/blank")
    picture = await page.evaluate(
        """async () => {
          const canvas = Object.assign(document.createElement('canvas'), {width: 64, height: 36});
          const pen = canvas.getContext('2d');
          pen.fillStyle = 'red';
          pen.fillRect(0, 0, 64, 36);
          const blob = await new Promise((done) => canvas.toBlob(done, 'image/jpeg'));
          return [...new Uint8Array(await blob.arrayBuffer())];
        }"""
    )
    server.thumbnails["garden"] = (bytes(picture), "Thu, 01 Jan 2026 00:00:00 GMT")
    await page.goto(server.url + "/")
    card = page.locator(".stream", has_text="garden")
    await expect(card.locator("canvas")).to_be_visible()
    await expect(card.locator(".age")).to_contain_text("ago")
    red = "(c) => [...c.getContext('2d').getImageData(20, 20, 1, 1).data].slice(0, 3)"
    colour = await card.locator("canvas").evaluate(red)
    assert colour[0] > 240 and max(colour[1:]) < 20
    other = page.locator(".stream", has_text="alley")
    await expect(other.locator("canvas")).to_be_hidden()
    await expect(other.locator("svg")).to_be_visible()


async def test_a_token_lists_what_it_may_watch(page: Page, server: FakeServer) -> None:
    server.streams, server.view_token = [samples.stream("garden")], "vt_a.b"
    await page.goto(server.url + "/")
    await expect(page.locator("#empty")).to_be_visible()
    await page.goto(server.url + "/?token=vt_a.b")
    await expect(page.get_by_role("link", name="garden")).to_be_visible()
    assert page.url == f"{server.url}/"
    await page.reload()
    await expect(page.get_by_role("link", name="garden")).to_be_visible()
