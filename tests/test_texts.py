"""Every sentence of the pages stands in the file of every language, with the same placeholders."""

from __future__ import annotations

import json
import re

import pytest

from tests.page_texts import STATIC, TEXTS, of_html, of_pages, of_script, placeholders

LANGUAGES = {
    path.stem: json.loads(path.read_text(encoding="utf-8")) for path in TEXTS.glob("*.json")
}
CATEGORIES = {"zh": {"other"}}
"""Plural forms that a language needs; the others need one for 1 and one for the rest."""


def forms(text: str | dict[str, str]) -> list[str]:
    """All forms of a text."""
    return [text] if isinstance(text, str) else [*text.values()]


def test_the_languages_of_the_chooser_are_those_with_a_file() -> None:
    script = (STATIC / "js/ui/texts.js").read_text()
    listed = re.findall(r"^  (\w\w): \{ name: ", script, re.MULTILINE)
    assert sorted(listed) == sorted(["en", *LANGUAGES])


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_a_language_has_every_sentence_of_the_pages(language: str) -> None:
    assert sorted(of_pages().keys - set(LANGUAGES[language])) == []


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_a_language_has_no_sentence_that_no_page_says(language: str) -> None:
    assert sorted(set(LANGUAGES[language]) - of_pages().keys) == []


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_a_text_has_the_placeholders_of_its_sentence(language: str) -> None:
    wrong = [
        sentence
        for sentence, text in LANGUAGES[language].items()
        for form in forms(text)
        if placeholders(form) != placeholders(sentence)
        and not (isinstance(text, dict) and placeholders(form) == placeholders(sentence) - {"n"})
    ]
    assert wrong == []


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_sentences_about_numbers_have_the_forms_of_the_language(language: str) -> None:
    plural = of_pages().plural
    for sentence, text in LANGUAGES[language].items():
        if sentence in plural:
            wanted = CATEGORIES.get(language, {"one", "other"})
            assert isinstance(text, dict) and set(text) >= wanted, sentence
        else:
            assert isinstance(text, str), sentence


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_a_text_ends_as_its_sentence_does(language: str) -> None:
    """A full stop or dots that were lost or added show where a text was cut or mixed up."""
    ends = {"…": "…", ".": ".。", "?": "?？", "!": "!！"}
    wrong = [
        sentence
        for sentence, text in LANGUAGES[language].items()
        for form in forms(text)
        if sentence[-1] in ends and form[-1] not in ends[sentence[-1]]
    ]
    assert wrong == []


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_a_file_is_sorted_and_without_empty_texts(language: str) -> None:
    texts = LANGUAGES[language]
    assert list(texts) == sorted(texts)
    assert [sentence for sentence, text in texts.items() if not all(forms(text))] == []


def test_sentences_of_a_script_are_found() -> None:
    script = """
      // t('no comment')
      t('One.'); t("It's {n}", { n }); msg(
        'A long ' +
        'one.',
      ); start('not this');
      plural('{n} cat', '{n} cats', 3); counted(cats.length, 'dog');
    """
    found = of_script(script)
    assert found.plain == {"One.", "It's {n}", "A long one."}
    assert found.plural == {"{n} cats": "{n} cat", "{n} dogs": "{n} dog"}
    assert found.keys == {*found.plain, "{n} cats", "{n} dogs"}


def test_sentences_of_a_page_are_found_with_their_parts_as_placeholders() -> None:
    page = """<p>Start <b>one</b>
      now.</p><label><input> Sound</label><p translate="no">Name</p><code>make</code>
      <p>Run <code>make</code>.</p><a title="Go" aria-label="Home"></a><b>320 × 180</b>"""
    found = of_html(page)
    assert found == {"Start {0} now.", "one", "Sound", "Run {0}.", "Go", "Home"}


def test_placeholders_are_names_in_braces() -> None:
    assert placeholders("{a} of {0}, {} and { b }") == {"a", "0"}
