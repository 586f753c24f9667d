"""The scripts of the pages say the words that the Python side says."""

from __future__ import annotations

import re

import pytest

from tests.static.fakes import STATIC
from tests.test_words import SAY_INSTEAD, words_of_text

NO_CODE = re.compile(r"""/\*.*?\*/|//[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*\"""", re.DOTALL)
SCRIPTS = sorted(path.relative_to(STATIC).as_posix() for path in STATIC.rglob("*.js"))


def words_of(script: str) -> set[str]:
    """The words that the names of a script are made of, in lower case."""
    code = NO_CODE.sub(" ", script)
    names = set(re.findall(r"[A-Za-z_][A-Za-z0-9_]*", code))
    return {word.lower() for name in names for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)}


@pytest.mark.parametrize("script", SCRIPTS)
def test_no_name_has_a_word_of_two_meanings(script: str) -> None:
    assert words_of((STATIC / script).read_text()) & {*SAY_INSTEAD} == set()


@pytest.mark.parametrize("script", SCRIPTS)
def test_no_comment_says_one_of_the_clearest_of_them(script: str) -> None:
    text = (STATIC / script).read_text()
    comments = " ".join(found for found in NO_CODE.findall(text) if found.startswith("/"))
    assert words_of_text(comments) == set()


def test_names_are_taken_apart_and_texts_are_left_out() -> None:
    script = "/* room */ const aWish = SOME_SHOT + 'tally'; // seat\nlook()"
    assert words_of(script) == {"const", "a", "wish", "some", "shot", "look"}
