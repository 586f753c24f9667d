"""The watch page, without a publisher and with one."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.static import samples
from tests.static.fakes import FakeServer
from tests.static.far_side import FarSide
from tests.static.js.ui.test_picture_words import VIEW

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


async def play(page: Page, server: FakeServer, path: str = "/watch/garden") -> FarSide:
    """Opens the page with somebody publishing."""
    far = await FarSide.open(page.context, server.url + "/admin")
    server.answer = far.answer
    server.streams = [samples.stream("garden")]
    await page.goto(server.url + path)
    await expect(page.locator("#stage")).to_have_attribute("data-playing", "true", timeout=15000)
    return far


async def test_nobody_live_is_said_and_tried_again(page: Page, server: FakeServer) -> None:
    await page.goto(server.url + "/watch/garden")
    await expect(page.locator("#card-title")).to_have_text("Not live yet")
    await expect(page.locator("#state")).to_have_text("Not live")
    async with page.expect_request("**/whep/garden**"):
        pass


async def test_a_bad_address_is_said(page: Page, server: FakeServer) -> None:
    await page.goto(server.url + "/watch/-x")
    await expect(page.locator("#note")).to_contain_text("no stream's address")


async def test_a_failure_counts_down_to_the_next_try(page: Page, server: FakeServer) -> None:
    await page.route(
        "**/whep/**",
        lambda route: route.fulfill(
            status=503, content_type="application/problem+json", body='{"detail": "All full."}'
        ),
    )
    await page.goto(server.url + "/watch/garden")
    await expect(page.locator("#card-title")).to_have_text("Not possible at the moment")
    await expect(page.locator("#card-text")).to_contain_text("All full. Trying again")


async def test_the_divider_moves_by_keys(page: Page, server: FakeServer) -> None:
    await play(page, server)
    split = page.locator("#split")
    await split.focus()
    await expect(split).to_have_attribute("aria-valuenow", "50")
    for key, value in [
        ("ArrowRight", "52"),
        ("Shift+ArrowLeft", "42"),
        ("End", "100"),
        ("Home", "0"),
        ("PageUp", "10"),
    ]:
        await page.keyboard.press(key)
        await expect(split).to_have_attribute("aria-valuenow", value)
    assert await page.locator("#stage").evaluate("(e) => e.style.getPropertyValue('--split')") == (
        "10%"
    )
    for key, view in [("1", "source"), ("3", "enhanced"), ("2", "split")]:
        await page.keyboard.press(key)
        await expect(page.locator("#stage")).to_have_attribute("data-view", view)
        await expect(page.locator(f".views [data-view={view}]")).to_have_attribute(
            "aria-pressed", "true"
        )
    await expect(split).to_have_attribute("aria-valuenow", "10")


async def test_the_divider_moves_by_pointer_and_centres_on_a_double_click(
    page: Page, server: FakeServer
) -> None:
    await play(page, server)
    box = await page.locator("#stage").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 3
    await page.mouse.move(box["x"] + box["width"] / 2, middle)
    await page.mouse.down()
    await page.mouse.move(box["x"] + box["width"] / 4, middle, steps=4)
    await page.mouse.up()
    await expect(page.locator("#split")).to_have_attribute("aria-valuenow", "25")
    await page.mouse.dblclick(box["x"] + box["width"] * 0.7, middle)
    await expect(page.locator("#split")).to_have_attribute("aria-valuenow", "50")


async def test_the_source_is_fetched_only_while_it_shows(page: Page, server: FakeServer) -> None:
    # Without this it stays for a minute.
    await page.add_init_script(
        "Object.defineProperty(navigator, 'connection', {value: {saveData: true}})"
    )
    await play(page, server, "/watch/garden?view=enhanced")
    assert len(server.asked("POST", "/whep/garden")) == 1
    await page.keyboard.press("2")
    await expect(page.locator("#stage")).to_have_attribute("data-source", "true", timeout=15000)
    assert len(server.asked("POST", "/whep/garden")) == 2
    assert "m=audio" not in server.asked("POST", "/whep/garden")[1]
    await page.keyboard.press("3")
    async with page.expect_request(lambda request: request.method == "DELETE", timeout=8000):
        pass
    state = await page.evaluate("[sharpcast.player.state, sharpcast.player.sourceState]")
    assert state == ["playing", "stopped"]


async def test_statistics_open_by_key_and_show_the_server_s_stages(
    page: Page, server: FakeServer
) -> None:
    await play(page, server)
    await page.keyboard.press("s")
    stats = page.locator("#stats")
    await expect(stats).to_be_visible()
    await expect(stats).to_contain_text("Server adds 31 ms")
    await expect(stats.get_by_role("listitem")).to_have_count(len(samples.STAGES))
    await expect(stats).to_contain_text("Enhancing (live-s · openvino · edge-1)")
    await expect(stats).to_contain_text("320×180", timeout=10000)
    await page.keyboard.press("s")
    await expect(stats).to_be_hidden()


TINTED = """([column, row]) => {
  const [tint, video] = ['tint', 'enhanced'].map((id) => document.getElementById(id));
  const [here, there] = [tint, video].map((each) => each.getBoundingClientRect());
  const side = tint.width / 8;
  const copy = new OffscreenCanvas(tint.width, tint.height);
  const pen = copy.getContext('2d', {willReadFrequently: true});
  pen.drawImage(tint, 0, 0);
  const pixel = [...pen.getImageData((column + 0.2) * side, (row + 0.2) * side, 1, 1).data];
  return {pixel, same: JSON.stringify(here) === JSON.stringify(there),
    fit: [getComputedStyle(tint).objectFit, getComputedStyle(video).objectFit],
    ratio: tint.width / tint.height - video.videoWidth / video.videoHeight};
}"""


async def test_one_key_tints_the_picture_by_who_made_it(page: Page, server: FakeServer) -> None:
    server.team_map = samples.team_map(cells="0" * 8 + "1" * 6 + ".." + "." * 16)
    server.team_map["map"]["height"] = 180
    server.team_map["map"] |= {"rows": 5, "cells": server.team_map["map"]["cells"] + "." * 8}
    await play(page, server)
    path = "/api/v1/streams/garden/renditions/enhanced/map"
    button, legend = page.locator("#tint-toggle"), page.locator("#legend")
    await expect(button).to_have_attribute("aria-pressed", "false")
    await expect(legend).to_be_hidden()
    assert server.asked("GET", path) == []
    await page.keyboard.press("t")
    await expect(button).to_have_attribute("aria-pressed", "true")
    await expect(legend.get_by_role("listitem")).to_have_count(3)
    await expect(legend).to_contain_text("2 workers make this picture.")
    await expect(page.locator("#tint")).to_be_visible()
    lead, helper, nobody = [
        await page.evaluate(TINTED, place) for place in ([0, 0], [1, 1], [7, 1])
    ]
    assert lead["pixel"][2] > lead["pixel"][0] and helper["pixel"][0] > helper["pixel"][2]
    assert nobody["pixel"] == [0, 0, 0, 0]
    # It lies where the video lies, in windows of any shape.
    for width, height in ((1280, 720), (700, 1000), (360, 740)):
        await page.set_viewport_size({"width": width, "height": height})
        found = await page.evaluate(TINTED, [0, 0])
        assert found["same"] and found["fit"] == ["contain", "contain"]
        assert abs(found["ratio"]) < 0.01
    # Only the enhanced side is tinted.
    clip = "(e) => getComputedStyle(e).clipPath"
    assert await page.locator("#tint").evaluate(clip) == "inset(0px 0px 0px 50%)"
    server.team_map["helpers"] = []
    server.team_map["map"] |= {"devices": ["edge-1"], "cells": "0" * 40}
    await expect(legend).to_contain_text("One worker makes it all: edge-1.")
    await button.focus()
    await page.keyboard.press("Enter")
    await expect(legend).to_be_hidden()
    await expect(page.locator("#tint")).to_be_hidden()
    asked = len(server.asked("GET", path))
    await page.wait_for_timeout(1200)
    assert len(server.asked("GET", path)) <= asked + 1


async def test_sound_starts_muted_and_one_button_turns_it_on(
    page: Page, server: FakeServer
) -> None:
    await play(page, server)
    assert await page.locator("#enhanced").evaluate("(e) => e.muted")
    await page.locator("#unmute").click()
    assert not await page.locator("#enhanced").evaluate("(e) => e.muted")
    await expect(page.locator("#unmute")).to_be_hidden()
    await expect(page.locator("#volume")).to_have_value("100")


async def test_missing_enhancement_is_explained(page: Page, server: FakeServer) -> None:
    far = await play(page, server)
    server.streams = [samples.stream("garden", state="bypass", reason="All workers are full.")]
    await expect(page.locator("#note")).to_contain_text("All workers are full.")
    await far.hang_up()


async def test_the_badge_says_what_is_shown_and_its_details_open(
    page: Page, server: FakeServer
) -> None:
    server.picture = VIEW
    far = await play(page, server)
    badge, details = page.locator("#enhanced-label"), page.locator("#details")
    await expect(badge).to_contain_text("Enhanced by a neural net")
    await expect(badge).to_contain_text("live-s, 21 ms")
    await badge.focus()
    await page.keyboard.press("Enter")
    await expect(details).to_contain_text("2.4 Mbit/s")
    server.picture = {**VIEW, "why": "gone", "rendition": "source"}
    await expect(badge).to_contain_text("worker gone")
    await expect(details).to_contain_text("Another one takes over")
    await page.keyboard.press("Escape")
    await expect(details).to_be_hidden()
    await expect(page.locator("#spoken")).to_have_text("Original: worker gone.")
    await far.hang_up()


async def test_a_press_a_button_and_a_key_compare_while_they_are_held(
    page: Page, server: FakeServer
) -> None:
    await play(page, server)
    stage = page.locator("#stage")
    await page.keyboard.press("3")
    await expect(stage).to_have_attribute("data-view", "enhanced")
    box = await stage.bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + 99, box["y"] + 99)
    await page.mouse.down()
    await expect(stage).to_have_attribute("data-view", "source")
    await page.mouse.up()
    await expect(stage).to_have_attribute("data-view", "enhanced")
    await page.keyboard.down("c")
    await expect(stage).to_have_attribute("data-held", "true")
    await expect(stage).to_have_attribute("data-view", "source")
    await page.keyboard.up("c")
    await expect(stage).to_have_attribute("data-view", "enhanced")
    await page.locator("#compare").focus()
    await page.keyboard.down("Space")
    await expect(stage).to_have_attribute("data-view", "source")
    await page.keyboard.up("Space")
    await expect(stage).to_have_attribute("data-view", "enhanced")


async def test_without_the_same_frame_on_both_sides_there_is_no_still(
    page: Page, server: FakeServer
) -> None:
    # The far side numbers the frames of each session anew; ``tests/e2e/test_badge.py`` saves one.
    await play(page, server)
    await page.locator("#still").click()
    await expect(page.locator("#saved")).to_contain_text("No still", timeout=15000)


async def test_what_is_shown_in_the_place_of_the_best_is_said(
    page: Page, server: FakeServer
) -> None:
    await play(page, server)
    width, height = await page.locator("#enhanced").evaluate("(e) => [e.videoWidth, e.videoHeight]")
    one = samples.stream("garden", state="enhancing")
    one["renditions"] = [
        samples.rendition("source", width=width, height=height),
        samples.rendition("enhanced", "enhancing", width=2 * width, height=2 * height),
    ]
    server.streams = [one]
    await expect(page.locator("#rendition-shown")).to_contain_text("carries no more")


async def test_an_ended_stream_waits_and_goes_on(page: Page, server: FakeServer) -> None:
    far = await play(page, server)
    answer, server.answer, server.streams = server.answer, None, []
    await far.hang_up()
    await expect(page.locator("#announcement")).to_contain_text("The stream has ended")
    await expect(page.locator("#card-title")).to_have_text("The stream has ended", timeout=15000)
    await expect(page.locator("#state")).to_have_text("Ended")
    server.answer, server.streams = answer, [samples.stream("garden")]
    await expect(page.locator("#stage")).to_have_attribute("data-playing", "true", timeout=15000)
    await expect(page.locator("#card")).to_be_hidden()


async def test_without_frame_callbacks_the_videos_themselves_are_shown(
    page: Page, server: FakeServer
) -> None:
    await page.add_init_script(
        "delete HTMLVideoElement.prototype.requestVideoFrameCallback;"
        "delete HTMLVideoElement.prototype.cancelVideoFrameCallback;"
    )
    await play(page, server)
    await expect(page.locator("#stage")).to_have_attribute("data-source", "true", timeout=15000)
    await expect(page.locator("#stage")).to_have_attribute("data-paint", "video")
    assert await page.evaluate("[sharpcast.player.aligned, sharpcast.frames.last]") == [False, None]


async def test_the_style_is_there_while_the_model_has_two(page: Page, server: FakeServer) -> None:
    server.streams = [samples.stream("garden", adjustable=True, strength=0.35)]
    await page.goto(server.url + "/watch/garden")
    style = page.get_by_label("Style")
    await expect(style).to_be_visible()
    await expect(style).to_have_attribute("aria-valuetext", "35 % crisp")
    server.streams = [samples.stream("garden")]
    await expect(style).to_be_hidden()
    await expect(page.locator("#style")).to_be_hidden()


async def test_the_style_is_set_by_keys(page: Page, server: FakeServer) -> None:
    server.streams = [samples.stream("garden", adjustable=True)]
    await page.goto(server.url + "/watch/garden")
    style = page.get_by_label("Style")
    await expect(style).to_be_visible()
    await style.focus()
    for key, value, words in [
        ("ArrowRight", 0.55, "55 % crisp"),
        ("End", 1, "crisp"),
        ("Home", 0, "faithful"),
    ]:
        async with page.expect_response(lambda answer: answer.request.method == "PATCH"):
            await page.keyboard.press(key)
        await expect(style).to_have_attribute("aria-valuetext", words)
        assert server.asked("PATCH", "/api/v1/streams/garden")[-1] == {"strength": value}
    await expect(page.locator("#split")).to_have_attribute("aria-valuenow", "50")


async def test_what_others_do_to_the_style_waits_until_the_hand_lets_go(
    page: Page, server: FakeServer
) -> None:
    server.streams = [samples.stream("garden", adjustable=True, strength=0)]
    await page.goto(server.url + "/watch/garden")
    style = page.get_by_label("Style")
    await style.hover()
    box = await style.bounding_box()
    assert box is not None
    async with page.expect_response(lambda answer: answer.request.method == "PATCH"):
        await page.mouse.down()
    server.streams = [samples.stream("garden", adjustable=True, strength=0.9)]
    for _ in range(4):
        async with page.expect_response("**/api/v1/streams/garden"):
            pass
    await expect(style).to_have_value("0.5")
    await page.mouse.move(box["x"] + box["width"] / 2, 5)
    await page.mouse.up()
    await expect(style).to_have_value("0.9")


async def test_a_refused_style_is_said_and_taken_back(page: Page, server: FakeServer) -> None:
    server.streams = [samples.stream("garden", adjustable=True)]
    await page.goto(server.url + "/watch/garden")
    style = page.get_by_label("Style")
    await expect(style).to_be_visible()
    await style.focus()
    server.failing = True
    await page.keyboard.press("End")
    await expect(page.get_by_role("alert")).to_have_text("The broker does not answer.")
    await expect(style).to_have_value("0.5")
    server.failing = False
    await page.keyboard.press("End")
    await expect(page.get_by_role("alert")).to_be_hidden()
    await expect(style).to_have_value("1")


async def test_without_the_token_the_style_is_only_said(page: Page, server: FakeServer) -> None:
    server.admin_token = "right"
    server.streams = [samples.stream("garden", adjustable=True, strength=1)]
    await page.goto(server.url + "/watch/garden")
    await expect(page.locator("#style")).to_contain_text("Style: crisp")
    await expect(page.get_by_label("Style")).to_be_hidden()
    await page.evaluate("sessionStorage.setItem('sharpcast.admin-token', 'right')")
    await expect(page.get_by_label("Style")).to_be_visible()
    server.admin_token = "another"
    await page.get_by_label("Style").focus()
    await page.keyboard.press("Home")
    await expect(page.get_by_role("alert")).to_contain_text("The token was not accepted.")
    await expect(page.get_by_label("Style")).to_be_hidden()
    await expect(page.locator("#style")).to_contain_text("Style: crisp")


async def test_another_run_of_the_server_is_joined_again_at_once(
    page: Page, server: FakeServer
) -> None:
    await play(page, server, "/watch/garden?view=enhanced")
    server.failing = True
    await page.wait_for_timeout(1200)
    # Media still flows, so nothing is said; then another run answers, which knows no session.
    await expect(page.locator("#card")).to_be_hidden()
    server.instance, server.failing = "run-2", False
    async with page.expect_request(lambda request: "/whep/garden" in request.url, timeout=6000):
        pass
    await expect(page.locator("#stage")).to_have_attribute("data-playing", "true", timeout=10000)


async def test_a_server_that_is_away_is_said_and_come_back_to(
    page: Page, server: FakeServer
) -> None:
    far = await play(page, server, "/watch/garden?view=enhanced")
    # The words stand for half a second before the first try, so they are noted as they come.
    await page.evaluate(
        """() => {
          window.said = [];
          const region = document.getElementById('announcement');
          const note = () => window.said.push(region.textContent);
          new MutationObserver(note).observe(region, {childList: true, characterData: true});
        }"""
    )
    await far.fall_silent()
    server.failing = True
    server.refusal = (503, "The server is starting.")
    await expect(page.locator("#card")).to_be_visible()
    server.failing, server.refusal, server.instance = False, None, "run-2"
    await expect(page.locator("#stage")).to_have_attribute("data-playing", "true", timeout=10000)
    said = await page.evaluate("window.said")
    assert said[0].startswith("The server is away.") and "comes back by itself" in said[0]


async def test_a_pause_is_said_while_the_picture_stands(page: Page, server: FakeServer) -> None:
    far = await play(page, server, "/watch/garden?view=enhanced")
    await far.fall_silent()
    await expect(page.locator("#note")).to_contain_text("The picture stands still", timeout=8000)
    await expect(page.locator("#card")).to_be_hidden()


async def test_a_connection_that_does_not_come_about_is_explained_within_nine_seconds(
    page: Page, server: FakeServer
) -> None:
    far = await FarSide.open(page.context, server.url + "/admin")

    def answer(kind: str, offer: str) -> str:
        lines = far.answer(kind, offer).splitlines(keepends=True)
        far.hang_up_soon()
        return "".join(line for line in lines if "a=candidate" not in line)

    server.answer = answer
    server.streams = [samples.stream("garden")]
    await page.goto(server.url + "/watch/garden?view=enhanced")
    await expect(page.locator("#card-words")).to_contain_text("longer than usual", timeout=6000)
    await expect(page.locator("#card-words")).to_contain_text("may block UDP", timeout=9000)
    await expect(page.locator("#card-title")).to_have_text("The connection failed")


async def test_no_common_codec_is_said(page: Page, server: FakeServer) -> None:
    server.refusal = (422, "The stream is H.264, which was not offered.")
    await page.goto(server.url + "/watch/garden")
    await expect(page.locator("#card-title")).to_have_text("This browser cannot play the stream")
    await expect(page.locator("#card-words")).to_contain_text("Try another browser.")


async def test_without_webrtc_the_watch_page_says_so(page: Page, server: FakeServer) -> None:
    await page.add_init_script("delete window.RTCPeerConnection;")
    await page.goto(server.url + "/watch/garden")
    await expect(page.locator("#card-words")).to_contain_text("no WebRTC")


async def test_being_online_again_tries_at_once(page: Page, server: FakeServer) -> None:
    server.refusal = (422, "The stream is H.264, which was not offered.")
    await page.goto(server.url + "/watch/garden")
    await expect(page.locator("#card-when")).to_contain_text("Trying again in")
    async with page.expect_request("**/whep/garden**", timeout=1000):
        await page.evaluate("dispatchEvent(new Event('online'))")


async def test_the_connection_chooses_unless_the_viewer_does(
    page: Page, server: FakeServer
) -> None:
    await play(page, server)
    await expect(page.locator("#viewers")).to_have_text("2 viewers")
    await expect(page.get_by_label("Quality")).to_have_value("auto")
    assert server.addresses.count("/whep/garden?rendition=auto&fallback=source") == 1


async def test_a_viewer_chooses_the_rendition(page: Page, server: FakeServer) -> None:
    await play(page, server)
    small = samples.rendition("small", "enhancing", width=480, height=270)
    variant = samples.rendition("enhanced-vp8", of="enhanced")
    server.streams[0]["renditions"] += [small, variant]
    choice = page.get_by_label("Quality")
    await expect(choice).to_be_visible()
    await expect(choice.locator("option")).to_have_text(
        [
            "automatic, by the connection",
            "enhanced · 960×540",
            "small · 480×270",
            re.compile("^source"),
            "smaller, for weak connections",
        ]
    )
    await choice.select_option("small")
    await expect(page).to_have_url(re.compile(r"\?rendition=small$"))
    path = "/whep/garden?rendition=small&fallback=source"
    await expect(page.locator("#state")).to_have_text("Live")
    asked = server.addresses.count(path)
    assert asked > 0
    await page.reload()
    await expect(choice).to_have_value("small")
    await expect(page.locator("#state")).to_have_text("Live")
    assert server.addresses.count(path) == asked + 1


async def test_the_token_of_a_link_goes_with_all_requests_and_leaves_the_address(
    page: Page, server: FakeServer
) -> None:
    server.view_token = "vt_a.b"
    await play(page, server, "/watch/garden?token=vt_a.b&view=source")
    await expect(page).to_have_url(re.compile(r"/watch/garden\?view=source$"))
    await expect(page.locator("#viewers")).to_have_text("2 viewers")
    await page.reload()
    await expect(page.locator("#stage")).to_have_attribute("data-playing", "true", timeout=15000)


async def test_without_a_token_the_page_asks_for_one_and_takes_it(
    page: Page, server: FakeServer
) -> None:
    server.view_token = "vt_a.b"
    far = await FarSide.open(page.context, server.url + "/admin")
    server.answer = far.answer
    server.streams = [samples.stream("garden")]
    await page.goto(server.url + "/watch/garden?token=wrong")
    await expect(page.locator("#card-title")).to_have_text("This needs a token")
    await expect(page.locator("#card-text")).to_contain_text("does not know the token. Enter the")
    field = page.get_by_label("View token")
    await field.fill("vt_a.b")
    asked = len(server.asked("GET", "/api/v1/streams/garden"))
    await page.wait_for_timeout(2500)
    # A wrong token is not shown to the API each second, and what is typed stays.
    assert len(server.asked("GET", "/api/v1/streams/garden")) <= asked + 1
    await expect(field).to_have_value("vt_a.b")
    await page.keyboard.press("Enter")
    await expect(page.locator("#stage")).to_have_attribute("data-playing", "true", timeout=15000)
    await expect(page.locator("#card-token")).to_be_hidden()
    await expect(page.locator("#viewers")).to_have_text("2 viewers")
