"""Layers on the time line of the source: ``layer_timeline.py``."""

from __future__ import annotations

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from app.streams.layer_timeline import MAX_DRIFT_US, LayerTimeline
from media.access_unit import AccessUnit
from tests.app import fakes

START_US = 1_700_000_000_000_000


def picture(number: int, *, pts: int, wavers_us: int = 0) -> AccessUnit:
    """A picture captured ``number`` thirtieths of a second after the start."""
    return dataclasses.replace(
        fakes.video(number), pts=pts, capture_us=START_US + number * 33_333 + wavers_us
    )


def test_pictures_of_one_instant_have_one_time_whatever_their_clocks_say() -> None:
    line = LayerTimeline()
    for n in range(100):
        source = picture(n, pts=3000 * n)
        layer = line.place(picture(n, pts=777_777 + 3000 * n), source)
        assert abs(layer.pts - source.pts) <= 3


def test_a_source_that_lags_behind_is_as_good() -> None:
    line = LayerTimeline()
    placed = line.place(picture(10, pts=5), picture(7, pts=90_000))
    assert placed.pts == 90_000 + 3 * 33_333 * 90 // 1000


@given(st.lists(st.integers(-MAX_DRIFT_US // 4, MAX_DRIFT_US // 4), min_size=2, max_size=50))
def test_capture_times_that_waver_do_not_move_the_layer(wavers: list[int]) -> None:
    line = LayerTimeline()
    placed = [
        line.place(picture(n, pts=3000 * n, wavers_us=waver), picture(n, pts=3000 * n)).pts
        for n, waver in enumerate(wavers)
    ]
    assert {b - a for a, b in zip(placed, placed[1:], strict=False)} == {3000}


def test_a_clock_that_was_learnt_anew_moves_the_layer_once() -> None:
    line = LayerTimeline()
    first = line.place(picture(0, pts=0, wavers_us=200_000), picture(0, pts=0)).pts
    assert first == 18_000
    rest = [line.place(picture(n, pts=3000 * n), picture(n, pts=3000 * n)).pts for n in (1, 2, 3)]
    assert rest == [3000 * n - 1 for n in (1, 2, 3)] or rest == [3000 * n for n in (1, 2, 3)]
