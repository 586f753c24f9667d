"""Sentences in the language of the person (``ui/texts.js``)."""

from __future__ import annotations

import pytest

from tests.static.script import Run

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

LOADED = """
  harness.put(navigator, 'languages', { get: () => given.languages ?? [] });
  harness.atEnd(() => localStorage.clear());
  const requests = harness.network(() => given.answer ?? [200, given.texts ?? {}]);
  if (given.kept) m.keepLanguage(given.kept);
  await m.loadTexts();
"""
BACK = """
  localStorage.clear();
  harness.put(navigator, 'languages', { get: () => ['en'] });
  await m.loadTexts();
"""
"""Modules stay loaded from test to test, so each test goes back to English."""


@pytest.mark.parametrize(
    ("kept", "preferred", "chosen"),
    [
        (None, [], "en"),
        (None, ["de-AT", "en"], "de"),
        (None, ["pt-BR", "es-419", "en"], "es"),
        (None, ["zh-Hant-TW"], "zh"),
        (None, ["it"], "en"),
        ("fr", ["de"], "fr"),
        ("xx", ["de"], "de"),
        (None, ["constructor"], "en"),
    ],
)
async def test_the_first_language_that_there_is_is_chosen(
    run: Run, kept: str | None, preferred: list[str], chosen: str
) -> None:
    body = "return m.chooseLanguage(...given)"
    assert await run("ui/texts", body, [kept, preferred]) == chosen


async def test_without_a_file_sentences_are_english(run: Run) -> None:
    body = """return [m.t('Live'), m.t('{n} fps', {n: '30'}), m.plural('{n} cat', '{n} cats', 1),
      m.plural('{n} cat', '{n} cats', 1200), m.msg('Live'), m.language(), m.languageTag()]"""
    found = await run("ui/texts", body)
    assert found == ["Live", "30 fps", "1 cat", "1,200 cats", "Live", "en", "en"]


async def test_a_placeholder_without_a_value_stays_to_be_seen(run: Run) -> None:
    assert await run("ui/texts", "return m.t('{a} {b}', {b: 2})") == "{a} 2"


async def test_a_value_is_not_searched_for_placeholders(run: Run) -> None:
    body = "return m.t('{a} {b}', {a: '{b}', b: '$&'})"
    assert await run("ui/texts", body) == "{b} $&"


async def test_sentences_come_from_the_file_of_the_language(run: Run) -> None:
    texts = {"Live": "Läuft", "{n} cats": {"one": "{n} Katze", "other": "{n} Katzen"}}
    body = f"""{LOADED}
      const found = [m.t('Live'), m.t('Cat'), m.plural('{{n}} cat', '{{n}} cats', 1),
        m.plural('{{n}} cat', '{{n}} cats', 1200), m.languageTag(), requests[0].path];
      {BACK} return [...found, m.t('Live')]"""
    found = await run("ui/texts", body, {"languages": ["de-DE"], "texts": texts})
    path = "/static/texts/de.json"
    assert found == ["Läuft", "Cat", "1 Katze", "1.200 Katzen", "de", path, "Live"]


async def test_a_language_may_have_one_form_for_all_numbers(run: Run) -> None:
    texts = {"{n} cats": {"other": "{n} 只猫"}}
    body = f"""{LOADED}
      const found = [m.plural('{{n}} cat', '{{n}} cats', 1), m.languageTag()];
      {BACK} return found"""
    found = await run("ui/texts", body, {"languages": ["zh-CN"], "texts": texts})
    assert found == ["1 只猫", "zh-Hans"]


async def test_a_choice_is_kept_before_what_the_browser_prefers(run: Run) -> None:
    body = f"{LOADED} const found = m.language(); {BACK} return found"
    assert await run("ui/texts", body, {"languages": ["de"], "kept": "fr"}) == "fr"


@pytest.mark.parametrize("answer", [[404, "no"], [200, "no json"]])
async def test_words_that_do_not_come_leave_the_page_english(
    run: Run, answer: list[object]
) -> None:
    body = f"{LOADED} const found = [m.language(), m.t('Live')]; {BACK} return found"
    given = {"languages": ["de"], "answer": answer}
    assert await run("ui/texts", body, given) == ["en", "Live"]


async def test_a_server_that_does_not_answer_leaves_the_page_english(run: Run) -> None:
    body = """
      harness.put(navigator, 'languages', { get: () => ['de'] });
      harness.network(() => null);
      await m.loadTexts();
      return m.language();
    """
    assert await run("ui/texts", body) == "en"


async def test_a_browser_without_storage_chooses_by_its_languages(run: Run) -> None:
    body = f"""
      const refuse = () => {{ throw new DOMException('no', 'SecurityError'); }};
      const storage = {{ getItem: refuse, setItem: refuse, clear() {{}} }};
      harness.put(window, 'localStorage', {{ value: storage }});
      {LOADED} m.keepLanguage('fr');
      const found = m.language(); {BACK} return found"""
    assert await run("ui/texts", body, {"languages": ["es"]}) == "es"
