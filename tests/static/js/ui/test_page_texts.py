"""The words that stand in a page's HTML (``ui/page-texts.js``)."""

from __future__ import annotations

import json

import pytest
from playwright.async_api import Browser, Page, expect

from tests.page_texts import STATIC, TEXTS, of_html
from tests.static import samples
from tests.static.fakes import FakeServer
from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

PAGES = {
    "/": "index.html",
    "/grid": "grid.html",
    "/broadcast": "broadcast.html",
    "/admin": "admin.html",
}
SHOWN = """() => {
  const found = [];
  const walk = (node) => {
    if (node.nodeType === Node.TEXT_NODE) found.push(node.textContent.trim());
    if (node.nodeType === Node.ELEMENT_NODE) {
      const names = ['aria-label', 'alt', 'placeholder', 'title'];
      found.push(...names.map((name) => node.getAttribute(name)));
      if (!node.matches('script, code, kbd, [translate="no"]')) node.childNodes.forEach(walk);
    }
  };
  walk(document.body);
  return found.filter((words) => words);
}"""


async def translated(run: Run, html: str, texts: dict[str, str]) -> str:
    """The HTML in a language that has these texts."""
    body = """
      const texts = await import('/static/js/ui/texts.js');
      harness.put(navigator, 'languages', { get: () => ['de'] });
      harness.network(() => [200, given.texts]);
      await texts.loadTexts();
      const box = harness.show(document.createElement('div'));
      box.innerHTML = given.html;
      m.translate(box);
      harness.put(navigator, 'languages', { get: () => ['en'] });
      await texts.loadTexts();
      return box.innerHTML;
    """
    return str(await run("ui/page-texts", body, {"html": html, "texts": texts}))


async def test_text_and_attributes_are_translated(run: Run) -> None:
    html = '<a title="Go">Home</a> <img alt="Cat"> <input placeholder="Name"> <b>New</b>'
    texts = {"Go": "Los", "Home": "Start", "Cat": "Katze", "Name": "Namen"}
    expected = '<a title="Los">Start</a> <img alt="Katze"> <input placeholder="Namen"> <b>New</b>'
    assert await translated(run, html, texts) == expected


async def test_parts_of_a_sentence_move_to_where_the_language_has_them(run: Run) -> None:
    html = "<p>At most <output>8</output>\n  kbit/s by <b>line</b>.</p>"
    texts = {"At most {0} kbit/s by {1}.": "Durch {1} bis {0} kbit/s.", "line": "Leitung"}
    expected = "<p>Durch <b>Leitung</b> bis <output>8</output> kbit/s.</p>"
    assert await translated(run, html, texts) == expected


async def test_what_stands_before_the_sentence_stays_there(run: Run) -> None:
    html = '<label><input type="checkbox"> Sound</label>'
    expected = '<label><input type="checkbox"> Ton</label>'
    assert await translated(run, html, {"Sound": "Ton"}) == expected


async def test_names_and_code_stay(run: Run) -> None:
    html = '<p translate="no">Live <b>Live</b></p><code>Live</code><kbd>Live</kbd>'
    assert await translated(run, html, {"Live": "Läuft"}) == html


async def test_a_text_is_no_html(run: Run) -> None:
    assert (
        await translated(run, "<p>Live</p>", {"Live": "<b>x</b>"}) == "<p>&lt;b&gt;x&lt;/b&gt;</p>"
    )


@pytest.mark.parametrize("path", sorted(PAGES))
@pytest.mark.parametrize("language", ["de", "es", "fr", "zh"])
async def test_a_page_has_no_english_word_left(
    path: str, language: str, browser: Browser, server: FakeServer
) -> None:
    server.streams = [samples.stream("garden")]
    texts = json.loads((TEXTS / f"{language}.json").read_text(encoding="utf-8"))
    other = {key for key in of_html((STATIC / PAGES[path]).read_text()) if texts.get(key) != key}
    context = await browser.new_context(locale=language)
    page = await context.new_page()
    await page.goto(server.url + path)
    await expect(page.locator("html")).not_to_have_attribute("lang", "en")
    await expect(page.locator(".language")).to_have_value(language)
    assert other & set(await page.evaluate(SHOWN)) == set()
    await context.close()


async def test_the_chooser_changes_the_language_and_keeps_it(
    page: Page, server: FakeServer
) -> None:
    await page.goto(server.url + "/")
    await expect(page.get_by_role("heading", name="Nobody is live")).to_be_visible()
    await page.get_by_label("Language").select_option("de")
    await expect(page.get_by_role("heading", name="Niemand ist live")).to_be_visible()
    await expect(page.locator("html")).to_have_attribute("lang", "de")
    assert await page.title() == "Live · Sharpcast"
    await page.goto(server.url + "/broadcast")
    await expect(page.get_by_role("button", name="Live gehen")).to_be_visible()
    await page.get_by_label("Sprache").select_option("en")
    await expect(page.get_by_role("button", name="Go live")).to_be_visible()
