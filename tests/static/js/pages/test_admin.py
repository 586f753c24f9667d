"""The operator's board."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.static import samples
from tests.static.fakes import FakeServer

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


async def test_a_wrong_token_is_asked_for_again_and_never_in_the_address(
    page: Page, server: FakeServer
) -> None:
    server.admin_token = "right"
    await page.goto(server.url + "/admin")
    token = page.get_by_label("Admin token")
    await expect(token).to_be_focused()
    await expect(page.locator("#board")).to_be_hidden()
    await token.fill("wrong")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("The token was not accepted.")
    await expect(token).to_be_focused()
    await token.fill("right")
    await page.keyboard.press("Enter")
    await expect(page.locator("#board")).to_be_visible()
    await expect(page.get_by_role("alert")).to_be_hidden()
    assert "right" not in page.url
    await page.reload()
    await expect(page.locator("#board")).to_be_visible()


async def test_streams_and_workers_are_shown_with_their_figures(
    page: Page, server: FakeServer
) -> None:
    waiting = samples.stream("hall", state="waiting", reason="No worker has room for it.")
    idle = samples.stream("yard", state="idle", reason="Nobody watches it.")
    server.streams = [samples.stream("garden"), waiting, idle]
    server.workers = [samples.worker()]
    await page.goto(server.url + "/admin")
    garden = page.locator("#streams article").nth(0)
    await expect(garden).to_contain_text("31 ms, 95 % below 44 ms")
    await expect(garden).to_contain_text("890 enhanced (40 by the small net), 9 resized")
    await expect(garden).to_contain_text("1 late")
    await expect(page.locator("#streams article").nth(1)).to_contain_text("No worker has room")
    await expect(page.locator("#streams article").nth(2)).to_contain_text("Not watched")
    await expect(page.locator("#workers")).to_contain_text("41 of 65 %")
    load = page.get_by_label("Load of edge-1")
    assert await load.evaluate("(e) => [e.value, e.max]") == [1.1, 2]
    await expect(garden.get_by_role("img").first).to_have_attribute(
        "aria-label", "Added latency, last minute: 31 ms to 31 ms"
    )
    await expect(garden.locator("path").nth(1)).to_have_attribute("d", re.compile("^M"))


async def test_the_switch_turns_enhancement_off_by_key(page: Page, server: FakeServer) -> None:
    server.streams = [samples.stream("garden")]
    await page.goto(server.url + "/admin")
    switch = page.get_by_role("switch", name="Enhance garden")
    await expect(switch).to_have_attribute("aria-checked", "true")
    await switch.focus()
    await page.keyboard.press("Space")
    await expect(switch).to_have_attribute("aria-checked", "false")
    assert server.asked("PATCH", "/api/v1/streams/garden") == [{"enhance": False}]


async def test_a_worker_is_pinned_and_excluded_by_key(page: Page, server: FakeServer) -> None:
    server.streams = [samples.stream("garden")]
    server.workers = [samples.worker("edge-1"), samples.worker("attic")]
    await page.goto(server.url + "/admin")
    await page.get_by_role("button", name="Pin the chosen worker for garden").focus()
    await page.keyboard.press("Enter")
    pin = page.get_by_role("button", name="Pin attic for garden")
    await expect(pin).to_have_attribute("aria-pressed", "true")
    await pin.focus()
    await page.keyboard.press("Tab")
    await page.keyboard.press("Space")
    exclude = page.get_by_role("button", name="Exclude attic from garden")
    await expect(exclude).to_have_attribute("aria-pressed", "true")
    await expect(pin).to_have_attribute("aria-pressed", "false")
    await page.get_by_label("Other workers help").select_option("off")
    async with page.expect_response("**/api/v1/workers"):
        pass
    assert server.asked("PATCH", "/api/v1/streams/garden") == [
        {"pinned": ["attic"], "excluded": []},
        {"pinned": [], "excluded": ["attic"]},
        {"team": "off"},
    ]


async def test_a_refused_change_stays_in_words(page: Page, server: FakeServer) -> None:
    server.streams = [samples.stream("garden")]
    await page.goto(server.url + "/admin")
    model = page.locator(".controls").get_by_label("Model")
    await model.select_option("live-m")
    await expect(page.get_by_role("alert")).to_have_text("No worker has the model live-m.")
    async with page.expect_response("**/api/v1/workers"):
        pass
    await expect(page.get_by_role("alert")).to_be_visible()
    await model.blur()
    await expect(model).to_have_value("live-s")


async def test_ending_a_stream_asks_first(page: Page, server: FakeServer) -> None:
    server.streams = [samples.stream("garden")]
    await page.goto(server.url + "/admin")
    end = page.get_by_role("button", name="End stream garden")
    await end.click()
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("“garden”")
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(end).to_be_focused()
    assert server.asked("DELETE", "/api/v1/streams/garden") == []
    await end.click()
    await dialog.get_by_role("button", name="End stream").click()
    await expect(page.locator("#no-streams")).to_be_visible()
    assert len(server.asked("DELETE", "/api/v1/streams/garden")) == 1


async def test_renditions_are_listed_with_state_and_facts(page: Page, server: FakeServer) -> None:
    server.streams = [samples.stream("garden", factor=3)]
    await page.goto(server.url + "/admin")
    items = page.get_by_role("list", name="Renditions of garden").get_by_role("listitem")
    await expect(items).to_have_count(2)
    await expect(items.nth(0)).to_contain_text("480×270 · H264 · 812 kbit/s · 1 watching")
    await expect(items.nth(1)).to_contain_text("Enhancing")
    await expect(items.nth(1)).to_contain_text("live-s · 1440×810 · H264 · 2.4 Mbit/s")
    await expect(page.get_by_role("button", name="Remove rendition")).to_have_count(0)


async def test_a_rendition_is_added_and_removed(page: Page, server: FakeServer) -> None:
    server.streams = [samples.stream("garden")]
    await page.goto(server.url + "/admin")
    items = page.get_by_role("list", name="Renditions of garden").get_by_role("listitem")
    await page.get_by_text("Add a rendition").click()
    form = page.locator(".add-rendition form")
    await form.get_by_label("Name").fill("small")
    await form.get_by_label("Enlargement").select_option("Same size, cleaned up")
    await form.get_by_label("Codec").select_option("VP8")
    await form.get_by_label("Bitrate").fill("900")
    await page.keyboard.press("Enter")
    await expect(items).to_have_count(3)
    await expect(items.nth(2)).to_contain_text("Waiting for a worker")
    await expect(items.nth(2)).to_contain_text("No worker has taken the rendition yet.")
    await expect(form).to_be_hidden()
    path = "/api/v1/streams/garden/renditions/small"
    assert server.asked("PUT", path) == [{"model": "", "factor": 1, "codec": "vp8", "kbps": 900}]
    await page.get_by_role("button", name="Remove rendition small of garden").click()
    await expect(items).to_have_count(2)
    assert len(server.asked("DELETE", path)) == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("", "Give the rendition a name."),
        ("Big One", "lower-case letters"),
        ("source", "is there already"),
        ("fine-vp8", "does not end in"),
    ],
)
async def test_a_bad_name_is_said_at_the_field(
    page: Page, server: FakeServer, name: str, words: str
) -> None:
    server.streams = [samples.stream("garden")]
    await page.goto(server.url + "/admin")
    await page.get_by_text("Add a rendition").click()
    form = page.locator(".add-rendition form")
    await form.get_by_label("Name").fill(name)
    await form.get_by_role("button", name="Add rendition").click()
    await expect(form.get_by_role("alert")).to_contain_text(words)
    await expect(form.get_by_label("Name")).to_be_focused()
    assert [method for method, *_ in server.requests if method == "PUT"] == []


async def test_a_refused_rendition_keeps_the_form_and_says_why(
    page: Page, server: FakeServer
) -> None:
    server.streams = [samples.stream("garden")]
    server.workers = [samples.worker()]
    await page.goto(server.url + "/admin")
    await page.get_by_text("Add a rendition").click()
    form = page.locator(".add-rendition form")
    await form.get_by_label("Name").fill("large")
    await form.get_by_label("Model").select_option("live-m")
    await form.get_by_role("button", name="Add rendition").click()
    await expect(form.get_by_role("alert")).to_have_text("No worker has the model live-m.")
    await expect(form.get_by_label("Name")).to_have_value("large")
    async with page.expect_response("**/api/v1/workers"):
        pass
    await expect(form.get_by_role("alert")).to_be_visible()


async def test_a_model_that_cannot_be_used_is_not_offered_and_says_why(
    page: Page, server: FakeServer
) -> None:
    server.models.append(samples.model("edvr-m", "EDVR M", missing="its weights are not there"))
    server.streams = [samples.stream("garden")]
    server.workers = [samples.worker()]
    await page.goto(server.url + "/admin")
    controls = page.locator(".controls")
    option = controls.get_by_role("option", name="EDVR M")
    await expect(option).to_be_disabled()
    await expect(option).to_have_text("EDVR M – not usable now")
    await expect(controls.get_by_role("option", name="Live M")).to_be_enabled()
    await expect(page.locator(".controls").get_by_label("Model")).to_have_accessible_description(
        "1 model cannot be used now"
    )
    await page.get_by_text("1 model cannot be used now").click()
    await expect(page.locator(".missing dd")).to_have_text("Its weights are not there.")
    server.models[-1] = samples.model("edvr-m", "EDVR M")
    server.workers = [samples.worker(), samples.worker("edge-2", streams=[])]
    await expect(option).to_be_enabled()
    await expect(page.locator(".missing")).to_be_hidden()
    await expect(page.locator(".controls").get_by_label("Model")).to_have_value("live-s")


async def test_each_stream_has_its_own_style(page: Page, server: FakeServer) -> None:
    server.streams = [
        samples.stream("garden", adjustable=True, strength=0),
        samples.stream("hall", adjustable=True, strength=1),
        samples.stream("yard"),
    ]
    await page.goto(server.url + "/admin")
    rows = page.locator("#streams article")
    await expect(rows.nth(0).get_by_label("Style")).to_have_attribute("aria-valuetext", "faithful")
    await expect(rows.nth(2).get_by_label("Style")).to_be_hidden()
    hall = rows.nth(1).get_by_label("Style")
    await hall.focus()
    await page.keyboard.press("ArrowLeft")
    await expect(hall).to_have_attribute("aria-valuetext", "95 % crisp")
    async with page.expect_response("**/api/v1/workers"):
        pass
    assert server.asked("PATCH", "/api/v1/streams/hall") == [{"strength": 0.95}]
    assert server.asked("PATCH", "/api/v1/streams/garden") == []


async def test_a_refused_style_stays_in_words(page: Page, server: FakeServer) -> None:
    server.streams = [samples.stream("garden", adjustable=True)]
    await page.goto(server.url + "/admin")
    style = page.get_by_label("Style")
    await style.focus()
    server.failing = True
    await page.keyboard.press("End")
    await expect(page.get_by_role("alert")).to_have_text("The broker does not answer.")
    await expect(style).to_have_attribute("aria-valuetext", "50 % crisp")


async def test_a_device_is_added_with_a_command_that_is_shown_once(
    page: Page, server: FakeServer
) -> None:
    server.gateways = [samples.gateway()]
    server.devices = [samples.device("cellar")]
    await page.goto(server.url + "/admin")
    await page.get_by_text("Add a device").click()
    name, make = (
        page.get_by_label("Name", exact=True),
        page.get_by_role("button", name="Make a token"),
    )
    await name.fill("cellar")
    await make.click()
    await expect(page.locator("#devices .fault")).to_have_text("There is a device cellar already.")
    await name.fill("attic")
    await page.keyboard.press("Enter")
    command = page.get_by_label("Command for the device")
    await expect(command).to_be_focused()
    await expect(command).to_contain_text("sharpcast join cast.example.org:9443 --token=")
    assert server.asked("POST", "/api/v1/devices") == [{"name": "cellar"}, {"name": "attic"}]
    await expect(page.get_by_label("Tokens that wait")).to_contain_text("attic")
    await page.get_by_role("button", name="Done").click()
    await expect(page.get_by_text("Add a device")).to_be_focused()
    assert "s3cr3t" not in await page.content()


async def test_a_device_is_removed_only_after_a_question(page: Page, server: FakeServer) -> None:
    server.gateways = [samples.gateway()]
    server.devices = [samples.device(), samples.device("cellar", away=True)]
    await page.goto(server.url + "/admin")
    await expect(page.locator("#summary")).to_have_text("0 streams, 0 workers, 1 device")
    rows = page.get_by_role("list", name="Devices", exact=True).get_by_role("listitem")
    await expect(rows).to_have_count(2)
    remove = page.get_by_role("button", name="Remove device attic")
    await remove.click()
    dialog = page.get_by_role("dialog", name="Remove the device?")
    await expect(dialog).to_contain_text("its key is refused from then on")
    await page.keyboard.press("Escape")
    assert server.asked("DELETE", "/api/v1/devices/attic") == []
    await remove.click()
    await dialog.get_by_role("button", name="Remove device").click()
    await expect(rows).to_have_count(1)
    await expect(rows.first).to_contain_text("cellar")
    assert len(server.asked("DELETE", "/api/v1/devices/attic")) == 1


async def test_a_token_that_waits_can_be_withdrawn(page: Page, server: FakeServer) -> None:
    server.gateways = [samples.gateway()]
    server.tokens = [samples.token("attic")]
    await page.goto(server.url + "/admin")
    await page.get_by_role("button", name="Withdraw the token for attic").click()
    await expect(page.get_by_label("Tokens that wait")).to_be_hidden()
    assert server.tokens == []


async def test_without_a_gateway_the_page_says_what_to_set(page: Page, server: FakeServer) -> None:
    await page.goto(server.url + "/admin")
    await expect(page.locator("#devices")).to_contain_text("Set SHARPCAST_GATEWAY_HOST")
    await expect(page.get_by_text("Add a device")).to_be_hidden()


async def test_a_stream_key_is_made_shown_once_and_revoked(page: Page, server: FakeServer) -> None:
    await page.goto(server.url + "/admin")
    await page.get_by_text("Make a stream key").click()
    await page.get_by_role("textbox", name="Streams").fill("studio-*")
    await page.keyboard.press("Enter")
    secret = page.get_by_label("Secret of the key")
    await expect(secret).to_have_text("sk_0_secret")
    await expect(secret).to_be_focused()
    await page.get_by_role("button", name="Done").click()
    assert "sk_0_secret" not in await page.content()
    await page.get_by_role("button", name="New secret for the key for studio-*").click()
    await expect(secret).to_have_text("sk_key-0_another")
    await page.get_by_role("button", name="Revoke the key for studio-*").click()
    dialog = page.get_by_role("dialog", name="Revoke the key?")
    await expect(dialog).to_contain_text("Its live streams go on")
    await dialog.get_by_role("button", name="Revoke key").click()
    await expect(page.get_by_role("list", name="Stream keys")).to_be_hidden()
    assert server.keys == []


async def test_a_long_list_of_streams_comes_in_parts(page: Page, server: FakeServer) -> None:
    server.streams = [samples.stream(f"cam{number:03}") for number in range(120)]
    await page.goto(server.url + "/admin")
    rows = page.locator("#streams article")
    await expect(page.locator("#summary")).to_contain_text("120 streams")
    await expect(rows).to_have_count(50)
    more = page.get_by_role("button", name="More", exact=True)
    await more.click()
    await expect(rows).to_have_count(100)
    await more.click()
    await expect(rows).to_have_count(120)
    await expect(more).to_be_hidden()


async def test_the_audit_log_is_asked_for_when_it_is_opened(page: Page, server: FakeServer) -> None:
    server.audit = [samples.act(), samples.act("key_revoked")]
    await page.goto(server.url + "/admin")
    await expect(page.locator("#board")).to_be_visible()
    assert server.asked("GET", "/api/v1/audit") == []
    await page.get_by_text("Show the last acts").click()
    await expect(page.get_by_role("table", name="Audit log")).to_contain_text("key_revoked")


async def test_a_link_to_share_is_made_for_a_stream_by_token(
    page: Page, server: FakeServer
) -> None:
    server.streams = [{**samples.stream("garden"), "view": "token"}, samples.stream("hall")]
    await page.goto(server.url + "/admin")
    links = page.get_by_text("Make a share link")
    await expect(links.nth(0)).to_be_visible()
    await expect(links.nth(1)).to_be_hidden()
    await links.nth(0).click()
    await page.get_by_label("Good for").first.select_option("one week")
    await page.get_by_role("button", name="Make a link").first.click()
    made = page.get_by_role("link", name=re.compile("token="))
    await expect(made).to_have_attribute("href", f"{server.url}/watch/garden?token=vt_a.b")
    asked = server.asked("POST", "/api/v1/streams/garden/view-tokens")
    assert asked == [{"life_s": 604800}]
    await expect(page.get_by_role("img", name="QR code of the link")).to_be_visible()
