"""Patterns of streams' names."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.access.patterns import is_pattern, matches
from wire.keys import is_stream_id


@pytest.mark.parametrize(
    ("pattern", "stream", "fits"),
    [
        ("cam1", "cam1", True),
        ("cam1", "cam10", False),
        ("cam1", "Cam1", False),
        ("studio-*", "studio-a", True),
        ("studio-*", "studio-", True),
        ("studio-*", "studio", False),
        ("*", "anything.at-all_1", True),
        ("**", "x", True),
        ("*-live", "a-b-live", True),
        ("*-live", "a-live-b", False),
        ("cam?", "cam1", True),
        ("cam?", "cam12", False),
        ("cam.", "camx", False),
        ("a.*", "a.b", True),
        ("a.*", "axb", False),
        ("[a-z]*", "abc", False),
        ("", "x", False),
    ],
)
def test_patterns_name_streams(pattern: str, stream: str, fits: bool) -> None:
    assert matches(pattern, stream) is fits


@pytest.mark.parametrize("text", ["", "a" * 65, "a/b", "{cam}", "a:b", "a b", "cam1\n", "-a", "é"])
def test_other_texts_are_no_pattern(text: str) -> None:
    assert not is_pattern(text)


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", fullmatch=True))
def test_every_name_is_a_pattern_for_itself_alone(stream: str) -> None:
    assert is_stream_id(stream)
    assert is_pattern(stream)
    assert matches(stream, stream)
    assert not matches(stream, stream[:-1] + ("a" if stream[-1] != "a" else "b"))


@given(st.text("ab*?", min_size=1, max_size=12).filter(is_pattern), st.text("ab", max_size=12))
def test_patterns_fit_as_regular_expressions_do(pattern: str, stream: str) -> None:
    words = {"*": ".*", "?": "."}
    expression = "".join(words.get(letter, letter) for letter in re.sub(r"\*+", "*", pattern))
    assert matches(pattern, stream) is (re.fullmatch(expression, stream) is not None)


def test_no_pattern_is_slow() -> None:
    began = time.process_time()
    assert not matches("*a" * 32, "a" * 63 + "b")
    assert time.process_time() - began < 0.5
