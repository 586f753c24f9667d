"""``models.tuning.judge``: errors compared in dB."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from models.tuning.judge import Enlarge, gain_db

Bytes = npt.NDArray[np.uint8]

PICTURES = [np.full((4, 4), level, np.uint8) for level in (50, 100)]
WANTED = [np.full((8, 8), level, np.uint8) for level in (50, 100)]


def off_by(levels: int) -> Enlarge:
    def enlarge(luma: Bytes) -> Bytes:
        return np.full((8, 8), int(luma[0, 0]) + levels, np.uint8)

    return enlarge


@pytest.mark.parametrize(
    ("before", "after", "gain"),
    [(4, 2, 6.02), (2, 4, -6.02), (3, 3, 0.0), (-4, 2, 6.02), (200, 200, 0.0)],
)
def test_half_the_error_is_six_db(before: int, after: int, gain: float) -> None:
    if abs(before) == 200:
        before = after = 100
    assert gain_db(off_by(before), off_by(after), PICTURES, WANTED) == pytest.approx(gain, abs=0.01)


def test_perfect_pictures_divide_by_no_zero() -> None:
    assert gain_db(off_by(0), off_by(0), PICTURES, WANTED) == 0.0
    assert gain_db(off_by(1), off_by(0), PICTURES, WANTED) > 50.0


def test_pictures_count_by_their_errors_together() -> None:
    def uneven(luma: Bytes) -> Bytes:
        return np.full((8, 8), int(luma[0, 0]) + (0 if luma[0, 0] == 50 else 4), np.uint8)

    # Squares of 0 and 4 against 2 and 2: 16 over 8.
    assert gain_db(uneven, off_by(2), PICTURES, WANTED) == pytest.approx(3.01, abs=0.01)


def test_pictures_without_a_goal_are_a_fault_of_ours() -> None:
    with pytest.raises(ValueError, match="zip"):
        gain_db(off_by(1), off_by(1), PICTURES, WANTED[:1])
