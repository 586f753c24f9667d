"""What is left of a gain at the viewer."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("openvino")

from benchmarks.quality.at_viewer import BICUBIC, Cell
from benchmarks.quality.survival import (
    Place,
    fraction_left,
    gain,
    gain_by_kind,
    gains,
    worst,
)
from tests.benchmarks.quality.material import pair

NET = "live-s faithful"
STREET, SCREEN = Cell("street", "h264", 0.12), Cell("screen", "h264", 0.12)


def test_gains_are_over_bicubic_in_the_same_cell_before_and_at_the_viewer() -> None:
    found = pair(STREET, 0.4, 0.2, cost=0.1)
    expected = {Place.BEFORE: 0.4, Place.PLAYER: 0.2, Place.ENCODED: 0.3}
    for place, value in expected.items():
        assert gain(found, NET, "psnr", place) == pytest.approx(value)
    assert gain(found, BICUBIC, "psnr", Place.PLAYER) == pytest.approx(-0.1)


def test_means_are_means_of_kinds() -> None:
    clips = [Cell(clip, "h264", 0.12) for clip in ("street", "dashcam", "motion")]
    found = [each for cell in clips for each in pair(cell, 0.2, 0.1)] + pair(SCREEN, 2.0, 1.9)
    assert gain(found, NET, "psnr", Place.BEFORE) == pytest.approx(1.1)
    assert gain_by_kind(found, NET, "psnr", Place.PLAYER) == {
        "natural": pytest.approx(0.1),
        "screen": pytest.approx(1.9),
    }


def test_what_is_left_is_a_part_of_what_was_gained() -> None:
    found = pair(STREET, 0.4, 0.2, cost=0.1)
    assert fraction_left(found, NET, Place.PLAYER) == pytest.approx(0.5)
    assert fraction_left(found, NET, Place.ENCODED) == pytest.approx(0.75)


def test_of_nothing_nothing_is_left() -> None:
    assert math.isnan(fraction_left(pair(STREET, 0.0, -0.1), NET, Place.PLAYER))
    assert math.isnan(fraction_left([], NET, Place.PLAYER))


def test_a_score_that_was_not_taken_counts_in_no_mean() -> None:
    assert gains(pair(STREET, 0.4, 0.2), NET, "cvvdp", Place.BEFORE) == []
    assert math.isnan(gain(pair(STREET, 0.4, 0.2), NET, "cvvdp", Place.BEFORE))


def test_the_worst_cell_is_named() -> None:
    found = pair(SCREEN, 2.0, 1.9) + pair(STREET, 0.4, -0.06)
    where, value = worst(found, NET, "psnr", Place.PLAYER)
    assert where == "street, h264 at 0.12 bit/px" and value == pytest.approx(-0.06)
    assert worst([], NET, "psnr", Place.PLAYER)[0] == "nothing was measured"


@given(gained=st.floats(0.01, 3), left=st.floats(-1, 3), cost=st.floats(0, 1))
def test_the_encode_of_bicubic_is_the_difference_between_the_two_places(
    gained: float, left: float, cost: float
) -> None:
    found = pair(STREET, gained, left, cost=cost)
    over = gain(found, NET, "psnr", Place.ENCODED) - gain(found, NET, "psnr", Place.PLAYER)
    assert over == pytest.approx(cost, abs=1e-9)
