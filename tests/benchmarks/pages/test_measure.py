"""``benchmarks.pages.measure``: delays of the badge, from the notes of a page."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.pages.measure import badge_delays_ms


def seen(frames: list[tuple[float, int]], badges: list[tuple[float, str]]) -> dict[str, list[Any]]:
    return {"frames": [list(each) for each in frames], "badges": [list(each) for each in badges]}


def test_each_change_counts_from_the_first_picture_that_is_so() -> None:
    notes = seen(
        [(0, 960), (1000, 480), (3000, 960)],
        [(10, "true"), (1120, "false"), (3040, "true")],
    )
    assert badge_delays_ms(notes, 480) == pytest.approx([120, 40])


def test_a_badge_that_knows_it_before_the_picture_comes_is_below_zero() -> None:
    notes = seen([(0, 960), (1000, 480)], [(10, "true"), (970, "false")])
    assert badge_delays_ms(notes, 480) == pytest.approx([-30])


def test_a_change_belongs_to_the_nearest_picture_of_its_kind() -> None:
    notes = seen(
        [(0, 960), (1000, 480), (2000, 960), (5000, 480)],
        [(10, "true"), (5200, "false")],
    )
    assert badge_delays_ms(notes, 480) == pytest.approx([200])


def test_a_video_without_a_picture_yet_is_left_out() -> None:
    notes = seen([(0, 0), (500, 960), (1000, 480)], [(10, "true"), (1001, "false")])
    assert badge_delays_ms(notes, 480) == pytest.approx([1])


def test_a_change_whose_picture_never_came_counts_for_nothing() -> None:
    notes = seen([(0, 960)], [(10, "true"), (900, "false")])
    assert badge_delays_ms(notes, 480) == []
