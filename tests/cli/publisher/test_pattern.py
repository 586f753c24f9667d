"""The picture that needs no file."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest

from cli.publisher.pattern import pattern
from cli.publisher.stamp import stamped


@pytest.mark.parametrize("size", [(480, 270), (96, 54), (98, 62)])
def test_the_pattern_moves_and_a_stamp_leaves_the_original(size: tuple[int, int]) -> None:
    (_, first), (tick, second) = islice(pattern(*size), 2)
    before = second.to_ndarray().copy()
    assert (first.to_ndarray() != before).any()
    assert tick == 1
    assert (stamped(second, tick).to_ndarray() != before).any()
    assert (second.to_ndarray() == before).all()


@pytest.mark.parametrize("size", [(2, 2), (16, 12), (1922, 1082)])
def test_any_even_size_has_its_planes(size: tuple[int, int]) -> None:
    width, height = size
    _, frame = next(pattern(width, height))
    assert (frame.width, frame.height, frame.format.name) == (width, height, "yuv420p")
    assert frame.to_ndarray().shape == (height * 3 // 2, width)


def test_ticks_count_from_zero_and_every_picture_is_another_one() -> None:
    drawn = list(islice(pattern(96, 54), 40))
    assert [tick for tick, _ in drawn] == list(range(40))
    assert len({frame.to_ndarray().tobytes() for _, frame in drawn}) == 40


def test_two_patterns_of_one_size_are_the_same_pictures() -> None:
    for (_, one), (_, other) in islice(zip(pattern(64, 48), pattern(64, 48), strict=True), 3):
        assert (one.to_ndarray() == other.to_ndarray()).all()


def test_it_has_colours_and_uses_the_range() -> None:
    _, frame = next(pattern(480, 270))
    planes = frame.to_ndarray()
    luma, chroma = planes[:270], planes[270:]
    assert int(np.ptp(luma)) > 150 and int(np.ptp(chroma)) > 80
