"""Means that no kind of content carries."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.measure.kinds import KIND_NAMES, KINDS, by_kind, kind_of, mean_of_kinds

VALUES = st.lists(
    st.tuples(st.sampled_from([*KINDS, "another"]), st.floats(-9, 9)), min_size=1, max_size=30
)


def test_there_are_five_kinds_and_each_has_a_clip() -> None:
    assert KIND_NAMES == ("natural", "talking head", "animation", "screen", "game")
    assert {kind_of(clip) for clip in KINDS} == set(KIND_NAMES)


def test_clips_of_one_kind_weigh_as_much_as_the_one_of_another() -> None:
    values = [("handheld", 0.2), ("motion", 0.0), ("street", 0.1), ("screen", 2.1)]
    assert by_kind(values) == {"natural": pytest.approx(0.1), "screen": pytest.approx(2.1)}
    assert mean_of_kinds(values) == pytest.approx(1.1)


def test_a_clip_that_was_measured_more_often_counts_no_more() -> None:
    values = [("handheld", 1.0), ("handheld", 3.0), ("motion", 0.0)]
    assert by_kind(values) == {"natural": pytest.approx(1.0)}


def test_a_clip_outside_the_table_is_a_kind_of_its_own_and_comes_last() -> None:
    assert list(by_kind([("mine", 1.0), ("game", 2.0), ("street", 3.0)])) == [
        "natural",
        "game",
        "mine",
    ]


def test_no_value_is_no_number() -> None:
    assert by_kind([]) == {}
    assert math.isnan(mean_of_kinds([]))


@given(VALUES)
def test_the_mean_lies_between_the_least_and_the_greatest(values: list[tuple[str, float]]) -> None:
    numbers = [value for _, value in values]
    assert min(numbers) - 1e-9 <= mean_of_kinds(values) <= max(numbers) + 1e-9


@given(VALUES)
def test_the_order_of_the_values_is_of_no_matter(values: list[tuple[str, float]]) -> None:
    assert mean_of_kinds(values) == pytest.approx(mean_of_kinds(values[::-1]), abs=1e-9)
