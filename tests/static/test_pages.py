"""What all pages promise."""

from __future__ import annotations

import pytest
from playwright.async_api import Page

from tests.static import samples
from tests.static.fakes import STATIC, FakeServer

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

PATHS = ["/", "/grid", "/broadcast", "/watch/garden", "/admin"]
LONG = "a-name-of-sixty-four-characters_which-is-the-longest.there-may-b"


def fill(server: FakeServer) -> None:
    """A busy server with a long name on it."""
    reason = "No worker has room for it."
    server.streams = [
        samples.stream(LONG, adjustable=True, factor=4),
        samples.stream("garden", state="waiting", reason=reason, adjustable=True),
    ]
    server.models.append(samples.model(LONG, LONG, missing=f"it needs {LONG}."))
    server.team_map = samples.team_map(LONG, "attic")
    server.workers = [samples.worker(), samples.worker(LONG, streams=[])]
    server.gateways = [samples.gateway()]
    server.devices = [samples.device(), samples.device(LONG, away=True)]
    server.tokens = [samples.token(), samples.token(LONG, number=1)]


@pytest.mark.parametrize("path", PATHS)
async def test_a_page_opens_without_errors_under_the_policy(
    path: str, page: Page, server: FakeServer
) -> None:
    fill(server)
    await page.add_init_script(
        "window.violations = [];"
        "addEventListener('securitypolicyviolation', (e) => violations.push(e.violatedDirective))"
    )
    async with page.expect_response("**/api/v1/streams**" if path != "/broadcast" else "**/server"):
        await page.goto(server.url + path)
    assert await page.evaluate("window.violations") == []
    assert await page.locator("h1").count() == 1
    assert await page.locator("main").count() == 1


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_phone_needs_no_horizontal_scrolling(
    path: str, scheme: str, page: Page, server: FakeServer
) -> None:
    fill(server)
    await page.set_viewport_size({"width": 360, "height": 740})
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    async with page.expect_response("**/api/v1/streams**" if path != "/broadcast" else "**/server"):
        await page.goto(server.url + path)
    await page.wait_for_load_state("load")
    if path == "/admin":
        await page.locator("#board").wait_for()
        await page.locator(".missing summary").first.click()
        await page.get_by_text("Add a device").click()
        await page.get_by_role("button", name="Make a token").click()
        await page.get_by_label("Command for the device").wait_for()
    if path == "/watch/garden":
        await page.get_by_label("Style").wait_for()
        await page.keyboard.press("t")
        await page.locator("#legend li").first.wait_for()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("path", PATHS)
async def test_text_of_twice_the_size_fits_on_a_phone(
    path: str, page: Page, server: FakeServer
) -> None:
    """WCAG 2.2, 1.4.4; the statistics scroll inside their own box."""
    fill(server)
    await page.set_viewport_size({"width": 360, "height": 740})
    await page.goto(server.url + path)
    await page.evaluate("document.documentElement.style.fontSize = '200%'")
    if path == "/admin":
        await page.locator(".add-rendition summary").first.click()
        await page.locator(".missing summary").first.click()
        await page.get_by_text("Add a device").click()
    if path == "/watch/garden":
        await page.get_by_label("Style").wait_for()
        await page.keyboard.press("t")
        await page.locator("#legend li").first.wait_for()
    if path == "/":
        await page.locator(".stream").first.wait_for()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
    cut = await page.evaluate(
        """() => [...document.querySelectorAll('body *')].filter((e) => e.clientWidth > 1
            && getComputedStyle(e).overflowX !== 'visible' && e.scrollWidth > e.clientWidth + 1
            && !['INPUT', 'SELECT'].includes(e.tagName)).map((e) => e.outerHTML.slice(0, 80))"""
    )
    assert cut == []
    if path == "/watch/garden":
        # The card's words change until the last try has failed; all boxes are read at one moment.
        await page.wait_for_function(
            """() => {
                const [card, stage, retry] = ['card', 'stage', 'card-retry'].map(
                    (id) => document.getElementById(id).getBoundingClientRect());
                return retry.height > 0 && retry.bottom <= stage.bottom
                    && card.height <= stage.height + 1;
            }"""
        )


FOCUS = """() => {
  const element = document.activeElement;
  if (element === document.body) return null;
  const box = element.getBoundingClientRect();
  // The mark may be drawn by the element, a part of it, or the label beside it.
  const marked = [element, element.firstElementChild, element.nextElementSibling].some((one) =>
    one && [null, '::after'].some((part) => {
      const style = getComputedStyle(one, part);
      const outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
      return outlined || (element.matches('#split') && style.boxShadow.includes('7px'));
    }));
  const inside = box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0;
  return {what: element.outerHTML.slice(0, 90), marked, inside};
}"""


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_each_stop_of_the_tab_key_can_be_seen(
    path: str, scheme: str, page: Page, server: FakeServer
) -> None:
    """WCAG 2.2, 2.4.7 and 2.4.11."""
    fill(server)
    await page.emulate_media(
        color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce"
    )
    await page.goto(server.url + path)
    await page.wait_for_load_state("networkidle" if path == "/broadcast" else "load")
    if path == "/admin":
        await page.locator("#board").wait_for()
    stops = []
    for _ in range(60):
        await page.keyboard.press("Tab")
        stop = await page.evaluate(FOCUS)
        if stop is None:
            break
        stops.append(stop)
    assert len(stops) > 6
    assert [stop for stop in stops if not stop["marked"] or not stop["inside"]] == []


@pytest.mark.parametrize("path", PATHS)
async def test_every_control_has_a_name(path: str, page: Page, server: FakeServer) -> None:
    fill(server)
    await page.goto(server.url + path)
    await page.wait_for_load_state("load")
    nameless = await page.evaluate(
        """() => [...document.querySelectorAll('button, a, input, select, [role=slider], meter')]
            .filter((e) => !e.getAttribute('aria-label') && !e.textContent.trim()
                && !(e.labels && e.labels.length))
            .map((e) => e.outerHTML)"""
    )
    assert nameless == []


async def test_the_first_tab_reaches_a_link_past_the_header(page: Page, server: FakeServer) -> None:
    await page.goto(server.url + "/")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.className") == "skip"
    await page.keyboard.press("Enter")
    assert page.url.endswith("#main")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_text_stands_out_from_its_ground(scheme: str, page: Page, server: FakeServer) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1, for every pair of colours that the style sheets put together."""
    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    await page.goto(server.url + "/")
    pairs = [
        ("text", "ground"), ("text", "surface"), ("text", "sunken"), ("text", "warn-soft"),
        ("text", "bad-soft"), ("muted", "ground"), ("muted", "surface"), ("muted", "sunken"),
        ("accent", "ground"), ("accent", "surface"), ("accent", "accent-soft"),
        ("accent-ink", "accent"), ("warn", "surface"), ("warn", "warn-soft"),
        ("bad", "surface"), ("bad", "bad-soft"), ("live", "bad-soft"),
    ]  # fmt: skip
    weak = await page.evaluate(
        """(pairs) => {
          const style = getComputedStyle(document.documentElement);
          const light = (name) => {
            const hex = style.getPropertyValue('--' + name).trim().slice(1);
            const [r, g, b] = [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255)
              .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          return pairs.map(([a, b]) => {
            const [low, high] = [light(a), light(b)].sort((x, y) => x - y);
            return [a, b, (high + 0.05) / (low + 0.05)];
          }).filter((entry) => !(entry[2] >= 4.5));
        }""",
        pairs,
    )
    assert weak == []


async def test_nothing_comes_from_another_host() -> None:
    for path in STATIC.rglob("*"):
        if path.suffix not in (".html", ".css", ".js"):
            continue
        text = path.read_text()
        foreign = text
        # Names of a namespace, of an example and of this machine; nothing is loaded from them.
        for known in ("http://www.w3.org/2000/svg", "http://localhost", "https://host/watch/NAME"):
            foreign = foreign.replace(known, "")
        assert "http://" not in foreign and "https://" not in foreign.replace("https?://", ""), path
        assert "style=" not in text and "<script>" not in text and "@import" not in text, path
