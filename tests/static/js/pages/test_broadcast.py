"""The broadcast page."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.static.fakes import FakeServer
from tests.static.far_side import FarSide

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("", "Give the stream a name."),
        ("a b", "A name has only letters"),
        ("ü", "A name starts with"),
        ("-x", "A name starts with"),
        ("a/b", "A name has only letters"),
    ],
)
async def test_a_bad_name_is_refused_before_anything_is_asked(
    name: str, fault: str, page: Page, server: FakeServer
) -> None:
    await page.goto(server.url + "/broadcast")
    field = page.locator("#stream-name")
    await field.fill(name)
    await page.locator("#go").click()
    await expect(page.locator("#name-hint")).to_contain_text(fault)
    await expect(field).to_have_attribute("aria-invalid", "true")
    await expect(field).to_be_focused()
    await expect(page.locator("#state")).to_have_text("Not live")
    await field.fill("a_good.name-1")
    await expect(field).to_have_attribute("aria-invalid", "false")


async def test_the_query_fills_the_form(page: Page, server: FakeServer) -> None:
    query = "stream=kite&source=file&width=640&height=360&kbps=1200&fps=25&mic=0"
    await page.goto(f"{server.url}/broadcast?{query}")
    await expect(page.locator("#stream-name")).to_have_value("kite")
    await expect(page.locator("#size")).to_have_value("640x360")
    await expect(page.locator("#kbps-value")).to_have_text("1200")
    await expect(page.locator("#fps")).to_have_value("25")
    await expect(page.locator("#file-field")).to_be_visible()
    await expect(page.locator("#camera-field")).to_be_hidden()
    await page.locator("#go").click()
    await expect(page.locator("#error")).to_have_text("Choose a video file first.")


async def test_a_refusal_of_the_server_is_shown_in_its_words(
    page: Page, server: FakeServer
) -> None:
    await page.goto(f"{server.url}/broadcast?stream=kite&auto=1")
    await expect(page.locator("#error")).to_have_text(
        "The name is taken. Somebody else publishes this stream already. "
        "Choose another name, or end the other broadcast first."
    )
    await expect(page.locator("#go")).to_have_text("Go live")


async def test_a_missing_token_is_asked_for(page: Page, server: FakeServer) -> None:
    server.publish_token = "secret"
    await page.goto(f"{server.url}/broadcast?stream=kite")
    token = page.get_by_label("Publish token")
    await expect(token).to_be_visible()
    await page.locator("#go").click()
    await expect(page.locator("#error")).to_contain_text("This needs the publish token.")
    await expect(token).to_be_focused()


async def test_without_capture_the_page_says_what_is_needed(page: Page, server: FakeServer) -> None:
    await page.add_init_script(
        "Object.defineProperty(navigator, 'mediaDevices', { value: undefined });"
        "Object.defineProperty(window, 'isSecureContext', { value: false });"
    )
    await page.goto(f"{server.url}/broadcast?stream=kite")
    await expect(page.locator("#obstacle")).to_contain_text("HTTPS")
    await page.locator("#go").click()
    await expect(page.locator("#error")).to_contain_text("HTTPS")


async def test_a_broadcast_goes_live_and_ends(page: Page, server: FakeServer) -> None:
    server.publish_token = "secret"
    far = await FarSide.open(page.context, server.url + "/broadcast")
    server.answer = far.answer
    await page.goto(f"{server.url}/broadcast?stream=kite&width=320&height=180&kbps=500")
    await page.get_by_label("Publish token").fill("secret")
    await page.locator("#stream-name").press("Enter")
    await expect(page.locator("#state")).to_have_text("Live", timeout=15000)
    await expect(page.locator("#go")).to_have_text("End stream")
    # Choosing loads the page anew, which would end the broadcast.
    await expect(page.get_by_label("Language")).to_be_disabled()
    await expect(page.locator("#stream-name")).to_have_js_property("readOnly", True)
    await expect(page.locator("#watch-link")).to_have_attribute("href", f"{server.url}/watch/kite")
    await expect(page.locator("#stat-kbps")).not_to_have_text("–", timeout=15000)
    await expect(page.locator("#stat-size")).to_have_text("320×180", timeout=15000)
    offer = server.asked("POST", "/whip/kite")[0]
    order = offer.partition("m=video")[2].split()[2:]
    first = order[0]
    assert f"a=rtpmap:{first} H264/90000" in offer
    assert "secret" not in page.url
    await page.locator("#go").click()
    await expect(page.locator("#state")).to_have_text("Not live")
    await expect(page.locator("#stat-fps")).to_have_text("–")
    assert len(server.asked("DELETE", "/whip/kite/session-1")) == 1


SIZES = [{"fraction": 0.5, "min_bpp": 0.0}, {"fraction": 1.0, "min_bpp": 0.07}]
"""At 960x540 and 30 fps the full picture is sent from 1089 kbit/s on."""

SAY_THE_LINE = """
  window.line = null;
  const ask = RTCPeerConnection.prototype.getStats;
  RTCPeerConnection.prototype.getStats = async function () {
    const report = new Map(await ask.call(this));
    const pair = {type: 'candidate-pair', nominated: true, availableOutgoingBitrate: window.line};
    if (window.line !== null) report.set('line', pair);
    for (const [id, each] of report) {
      if (each.type === 'candidate-pair' && id !== 'line') report.delete(id);
      if (each.type === 'outbound-rtp') report.set(id, {...each, targetBitrate: window.line});
    }
    return report;
  };
"""
FACTOR = (
    "sharpcast.peer?.getSenders().find((one) => one.track?.kind === 'video')"
    "?.getParameters().encodings[0].scaleResolutionDownBy"
)


async def open_with_sizes(page: Page, server: FakeServer) -> None:
    """Opens the page at a server that tells its sizes; ``window.line`` says what the line takes."""
    server.send_sizes = SIZES
    await page.add_init_script(SAY_THE_LINE)
    far = await FarSide.open(page.context, server.url + "/broadcast")
    server.answer = far.answer
    await page.goto(f"{server.url}/broadcast?stream=kite&kbps=2000&mic=0")
    await expect(page.locator("#size")).to_have_value("auto")


async def test_the_sent_size_follows_the_line_where_somebody_enhances(
    page: Page, server: FakeServer
) -> None:
    await open_with_sizes(page, server)
    await expect(page.locator("#size-hint")).to_be_visible()
    await page.locator("#go").click()
    await expect(page.locator("#state")).to_have_text("Live", timeout=15000)
    await expect(page.locator("#stat-size")).to_have_text("960×540", timeout=15000)
    await page.evaluate("window.line = 400_000")
    await expect(page.locator("#stat-size")).to_have_text("480×270", timeout=15000)
    await page.locator("#go").click()
    await expect(page.locator("#state")).to_have_text("Not live")


async def test_a_size_that_was_chosen_by_hand_is_sent_whatever_the_line_is(
    page: Page, server: FakeServer
) -> None:
    await open_with_sizes(page, server)
    await page.locator("#size").select_option("480x270")
    await page.evaluate("window.line = 50_000")
    await page.locator("#go").click()
    await expect(page.locator("#stat-fps")).not_to_have_text("–", timeout=15000)
    before = await page.evaluate(FACTOR)
    await page.wait_for_timeout(4500)
    assert await page.evaluate(FACTOR) == before


async def test_leaving_the_page_ends_the_session(page: Page, server: FakeServer) -> None:
    far = await FarSide.open(page.context, server.url + "/broadcast")
    server.answer = far.answer
    await page.goto(f"{server.url}/broadcast?stream=kite&auto=1&mic=0")
    await expect(page.locator("#state")).to_have_text("Live", timeout=15000)
    await page.goto(server.url + "/")
    await expect(page.locator("#empty")).to_be_visible()
    assert len(server.asked("DELETE", "/whip/kite/session-1")) == 1


async def go_live(page: Page, server: FakeServer) -> FarSide:
    far = await FarSide.open(page.context, server.url + "/broadcast")
    server.answer = far.answer
    await page.goto(f"{server.url}/broadcast?stream=kite&auto=1")
    await expect(page.locator("#state")).to_have_text("Live", timeout=15000)
    return far


async def test_a_broadcast_that_the_server_ended_is_said_and_can_be_taken_up_again(
    page: Page, server: FakeServer
) -> None:
    far = await go_live(page, server)
    await far.hang_up()
    await expect(page.locator("#state")).to_have_text("Connection lost", timeout=15000)
    await expect(page.locator("#error")).to_contain_text("The server ended the broadcast.")
    await page.get_by_role("button", name="Go live again").click()
    await expect(page.locator("#state")).to_have_text("Live", timeout=15000)
    await expect(page.locator("#error")).to_be_hidden()


async def test_another_run_of_the_server_gets_the_broadcast_again(
    page: Page, server: FakeServer
) -> None:
    await go_live(page, server)
    # Killed: nobody says goodbye, and the browser would not notice for many seconds.
    server.instance, server.refusal = "run-2", (503, "The server is starting.")
    await expect(page.locator("#state")).to_have_text("Reconnecting…", timeout=10000)
    await expect(page.locator("#error")).to_contain_text("goes on by itself")
    server.refusal = None
    await expect(page.locator("#state")).to_have_text("Live", timeout=10000)
    await expect(page.locator("#error")).to_be_hidden()
    assert len(server.asked("POST", "/whip/kite")) > 1


async def test_a_name_that_the_session_before_still_holds_is_asked_for_again(
    page: Page, server: FakeServer
) -> None:
    await go_live(page, server)
    server.instance, server.refusal = "run-2", (409, "The stream already has a publisher.")
    await expect(page.locator("#error")).to_contain_text("already has a publisher", timeout=10000)
    await expect(page.locator("#state")).to_have_text("Reconnecting…")
    server.refusal = None
    await expect(page.locator("#state")).to_have_text("Live", timeout=10000)


async def test_a_token_that_changed_ends_the_tries_in_words(page: Page, server: FakeServer) -> None:
    await go_live(page, server)
    server.instance, server.publish_token = "run-2", "new"
    await expect(page.locator("#state")).to_have_text("Connection lost", timeout=10000)
    await expect(page.locator("#error")).to_contain_text("This needs the publish token.")
    await expect(page.get_by_label("Publish token")).to_be_focused()


async def test_a_broadcast_can_be_ended_while_it_reconnects(page: Page, server: FakeServer) -> None:
    await go_live(page, server)
    server.instance, server.refusal = "run-2", (503, "The server is starting.")
    await expect(page.locator("#state")).to_have_text("Reconnecting…", timeout=10000)
    await page.get_by_role("button", name="End stream").click()
    await expect(page.locator("#state")).to_have_text("Not live")


@pytest.mark.parametrize(
    ("call", "fault", "words"),
    [
        ("getUserMedia", "new DOMException('', 'NotAllowedError')", "refused access"),
        ("getUserMedia", "new DOMException('', 'NotFoundError')", "No such device"),
        ("getUserMedia", "new DOMException('', 'NotReadableError')", "another program"),
        ("getUserMedia", "new TypeError('unknown')", "Choose another source"),
        ("getDisplayMedia", "new DOMException('', 'InvalidStateError')", "after a click"),
    ],
)
async def test_a_source_that_is_refused_is_explained(
    call: str, fault: str, words: str, page: Page, server: FakeServer
) -> None:
    await page.add_init_script(f"navigator.mediaDevices.{call} = () => Promise.reject({fault});")
    kind = "screen" if call == "getDisplayMedia" else "camera"
    await page.goto(f"{server.url}/broadcast?stream=kite&source={kind}&auto=1")
    await expect(page.locator("#error")).to_contain_text(words)
    await expect(page.locator("#state")).to_have_text("Not live")


async def test_a_browser_without_webrtc_is_told_so(page: Page, server: FakeServer) -> None:
    await page.add_init_script("delete window.RTCPeerConnection;")
    await page.goto(f"{server.url}/broadcast?stream=kite&auto=1")
    await expect(page.locator("#error")).to_contain_text("no WebRTC")
    await expect(page.locator("#state")).to_have_text("Not live")


async def test_a_preview_is_sent_nowhere_until_the_broadcast_begins(
    page: Page, server: FakeServer
) -> None:
    far = await FarSide.open(page.context, server.url + "/broadcast")
    server.answer = far.answer
    await page.goto(f"{server.url}/broadcast?stream=kite&width=320&height=180")
    await page.get_by_role("button", name="Show the preview").click()
    await expect(page.locator("#state")).to_have_text("Preview, not live", timeout=15000)
    await expect(page.locator("#preview-empty")).to_be_hidden()
    await expect(page.locator("#level")).to_be_visible()
    await expect(page.locator("#stream-name")).to_have_js_property("readOnly", False)
    assert server.asked("POST", "/whip/kite") == []
    track = "document.querySelector('#preview').srcObject.getVideoTracks()[0].id"
    before = await page.evaluate(track)
    await page.get_by_role("button", name="Go live").click()
    await expect(page.locator("#state")).to_have_text("Live", timeout=15000)
    # The same camera, without a second question of the browser.
    assert await page.evaluate(track) == before
    await expect(page.get_by_role("button", name="Show the preview")).to_be_hidden()


async def test_a_preview_follows_the_form_and_ends_by_its_button(
    page: Page, server: FakeServer
) -> None:
    await page.goto(f"{server.url}/broadcast?stream=kite")
    await page.get_by_role("button", name="Show the preview").click()
    await expect(page.locator("#state")).to_have_text("Preview, not live", timeout=15000)
    await page.get_by_label("Mirror my preview").check()
    await expect(page.locator("#preview")).to_have_attribute("data-mirrored", "true")
    media = "document.querySelector('#preview').srcObject"
    width = f"() => {media}?.getVideoTracks()[0]?.getSettings().width === 320"
    await page.get_by_label("Sent size").select_option("320x180")
    await page.wait_for_function(width, timeout=15000)
    await page.get_by_role("button", name="End the preview").click()
    await expect(page.locator("#state")).to_have_text("Not live")
    assert await page.evaluate("document.querySelector('#preview').srcObject") is None


async def test_choices_are_remembered_and_the_token_is_not(page: Page, server: FakeServer) -> None:
    server.publish_token = "secret"
    await page.goto(f"{server.url}/broadcast")
    await page.get_by_label("Stream name").fill("kite")
    await page.get_by_label("Sent size").select_option("640x360")
    await page.get_by_label("Publish token").fill("wrong")
    await page.locator("#go").click()
    await expect(page.locator("#error")).to_contain_text("This needs the publish token.")
    await page.goto(f"{server.url}/broadcast")
    await expect(page.get_by_label("Stream name")).to_have_value("kite")
    await expect(page.get_by_label("Sent size")).to_have_value("640x360")
    await expect(page.get_by_label("Publish token")).to_have_value("")
