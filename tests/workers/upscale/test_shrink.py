"""Smaller pictures for weak links."""

from __future__ import annotations

import numpy as np
import pytest

from workers.media.picture import Picture
from workers.upscale.shrink import shrunk


def ramp(width: int, height: int) -> Picture:
    made = Picture.blank(width, height)
    for plane in (made.y, made.u, made.v):
        rows, columns = plane.shape
        plane[:] = np.add.outer(np.arange(rows), np.arange(columns)) % 200
    return made


def test_each_sample_is_the_mean_of_those_that_it_stands_for() -> None:
    picture = ramp(64, 48)
    made = shrunk(picture, 2)
    assert (made.width, made.height) == (32, 24)
    for plane, small in ((picture.y, made.y), (picture.u, made.u), (picture.v, made.v)):
        rows, columns = small.shape
        means = plane.reshape(rows, 2, columns, 2).astype(float).mean(axis=(1, 3))
        assert np.abs(small - means).max() <= 0.5


@pytest.mark.parametrize(
    ("size", "divisor", "expected"),
    [((482, 270), 2, (240, 134)), ((480, 270), 4, (120, 66)), ((6, 4), 4, (2, 2))],
)
def test_sides_stay_even(size: tuple[int, int], divisor: int, expected: tuple[int, int]) -> None:
    made = shrunk(ramp(*size), divisor)
    assert (made.width, made.height) == expected
    assert made.u.shape == (expected[1] // 2, expected[0] // 2)


def test_by_one_it_stays_the_picture_itself() -> None:
    picture = ramp(64, 48)
    assert shrunk(picture, 1) is picture


def test_the_source_is_left_as_it_was() -> None:
    picture = ramp(64, 48)
    before = picture.copy()
    made = shrunk(picture, 2)
    made.y[:] = 0
    assert np.array_equal(picture.y, before.y)
