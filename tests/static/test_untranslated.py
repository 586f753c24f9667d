"""Pages in a language that puts every sentence in brackets show no word without them."""

from __future__ import annotations

import json
import re

import pytest
from playwright.async_api import Page, Route, expect

from tests.page_texts import of_pages
from tests.static import samples
from tests.static.fakes import FakeServer

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

SHOWN = """(roots) => {
  const kept = 'script, style, code, kbd, option[lang], [translate="no"]';
  const found = new Set();
  const isPlain = (words) => /\\p{L}{2}/u.test(words) && !/[[\\]]/.test(words);
  const note = (words) => isPlain(words) && found.add(words.trim());
  const look = (root) => {
    for (const element of root.querySelectorAll('*')) {
      if (element.closest(kept) || !element.checkVisibility()) continue;
      for (const name of ['aria-label', 'title', 'placeholder', 'alt', 'aria-valuetext'])
        note(element.getAttribute(name) ?? '');
      for (const node of element.childNodes)
        if (node.nodeType === Node.TEXT_NODE) note(node.textContent);
      if (element.shadowRoot) look(element.shadowRoot);
    }
  };
  look(document);
  return [...found].sort();
}"""

UNITS = re.compile(r"[\d.,–:× /·%]*(kbit/s|Mbit/s|ms|fps|s|MB|GB|AM|PM|[\d.,× ])*")
"""Figures and units, which are the same everywhere."""


def bracketed() -> dict[str, object]:
    """The words of a language whose every sentence is the English one in brackets."""
    found = of_pages()
    # A numbered placeholder is an element, with words of the sentence before and behind it.
    texts: dict[str, object] = {
        sentence: "[" + re.sub(r"(\{\d+\})", r"]\1[", sentence) + "]" for sentence in found.plain
    }
    for many, one in found.plural.items():
        texts[many] = {"one": f"[{one}]", "other": f"[{many}]"}
    return texts


async def open_page(page: Page, url: str) -> None:
    async def answer(route: Route) -> None:
        await route.fulfill(content_type="application/json", body=json.dumps(bracketed()))

    await page.route("**/static/texts/de.json", answer)
    await page.add_init_script("localStorage.setItem('sharpcast.language', 'de')")
    await page.goto(url)


async def plain(page: Page, *data: str) -> list[str]:
    """What the page shows without brackets, but for figures and what comes from the server."""
    found: list[str] = await page.evaluate(SHOWN)
    return [
        words
        for words in found
        if not UNITS.fullmatch(words) and not any(re.fullmatch(one, words) for one in data)
    ]


async def test_the_watch_page_before_and_without_a_broadcast(
    page: Page, server: FakeServer
) -> None:
    await open_page(page, server.url + "/watch/garden")
    await expect(page.locator("#card-title")).to_have_text("[Not live yet]")
    await page.keyboard.press("s")
    assert await plain(page) == []


async def test_the_watch_page_that_asks_for_a_token(page: Page, server: FakeServer) -> None:
    server.view_token = "vt_a.b"
    await open_page(page, server.url + "/watch/garden")
    await expect(page.locator("#card-title")).to_have_text("[This needs a token]")
    assert await plain(page) == []


async def test_the_player_for_frames(page: Page, server: FakeServer) -> None:
    await open_page(page, server.url + "/embed/garden")
    await page.get_by_role("heading", name="Not live yet").wait_for()
    assert await plain(page) == []


async def test_keys_and_audit_log_of_the_operator(page: Page, server: FakeServer) -> None:
    server.keys = [samples.stream_key("studio-*"), samples.stream_key("hall", number=1)]
    server.audit = [samples.act()]
    await open_page(page, server.url + "/admin")
    for summary in ("Make a stream key", "Show the last acts"):
        await page.get_by_text(summary).click()
    await page.locator(".audit tbody td").first.wait_for()
    act = [str(words) for words in samples.act().values()]
    dates = r"\d+\.\d+\.\d+, [\d:]+"
    assert await plain(page, "studio-\\*", "hall", dates, *map(re.escape, act), "Ann") == []
    await page.get_by_role("button", name="Make a key").click()
    await expect(page.get_by_role("alert")).to_have_text("[Name a stream or a pattern of names.]")
    await page.get_by_label("Streams", exact=False).last.fill("attic")
    await page.get_by_role("button", name="Make a key").click()
    await page.get_by_label("Secret of the key").wait_for()
    await page.get_by_role("button", name="Revoke the key for hall").click()
    data = ("studio-\\*", "hall", "attic", dates, *map(re.escape, act), "Ann")
    assert await plain(page, *data) == []


async def test_the_page_of_recordings(page: Page, server: FakeServer) -> None:
    server.recordings = [samples.recording(rendition="enhanced", second=2), samples.recording()]
    await open_page(page, server.url + "/recordings")
    await page.locator(".recording .open").first.click()
    facts = r"\d+\. \w+ \d+, [\d:]+|\d+\.\d+\.\d+, [\d:]+|garden|[\d:]+ · .*"
    assert await plain(page, facts) == []
