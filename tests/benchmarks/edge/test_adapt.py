"""The figures of a viewer whose path narrows."""

from __future__ import annotations

import pytest

from benchmarks.edge.adapt import (
    SIZE,
    changes,
    first_larger_s,
    first_smaller_s,
    longest_freeze_s,
)
from benchmarks.edge.chromium_viewer import Shown

FULL, SMALL = SIZE[1], SIZE[1] // 2


def shown(*pictures: tuple[float, int]) -> list[Shown]:
    return [Shown(at_s, 2 * height, height, 0) for at_s, height in pictures]


FALL = shown((0.0, FULL), (0.1, FULL), (0.5, FULL), (0.9, SMALL), (1.0, SMALL), (3.0, FULL))


def test_a_freeze_is_the_longest_time_without_a_picture_and_ends_with_the_window() -> None:
    assert longest_freeze_s(FALL, 0.0, 1.0) == pytest.approx(0.4)
    assert longest_freeze_s(FALL, 0.0, 2.5) == pytest.approx(1.5)
    assert longest_freeze_s([], 0.0, 2.0) == 2.0


def test_the_first_picture_of_each_size_counts_from_the_moment() -> None:
    assert first_smaller_s(FALL, 0.2) == pytest.approx(0.7)
    assert first_smaller_s(FALL, 1.0) is None
    assert first_larger_s(FALL, 0.6) == pytest.approx(2.4)
    assert first_larger_s(FALL, 3.0) is None


def test_changes_of_size_are_counted() -> None:
    assert changes(FALL, -1.0) == 2
    assert changes(FALL, 0.95) == 1
