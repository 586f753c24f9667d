"""Frame numbers in the picture."""

from __future__ import annotations

import av
import numpy as np
import pytest

from cli.publisher.stamp import BITS, burn, stamped


@pytest.mark.parametrize("number", [0, 1, 0xA5C3, 0xFFFF, 0x10001])
def test_a_stamp_holds_each_bit_and_its_inverse(number: int) -> None:
    luma = np.full((270, 480), 128, np.uint8)
    burn(luma, number)
    centres = [30 * index + 15 for index in range(BITS)]
    upper, lower = luma[11, centres] > 128, luma[33, centres] > 128
    bits = [bool(number >> (BITS - 1 - index) & 1) for index in range(BITS)]
    assert upper.tolist() == bits
    assert lower.tolist() == [not bit for bit in bits]
    assert (luma[270 // 12 * 2 :] == 128).all()


def test_only_the_top_sixth_is_written_over_at_any_size() -> None:
    for height, width in ((12, 16), (54, 96), (1080, 1920)):
        luma = np.full((height, width), 128, np.uint8)
        burn(luma, 0x5555)
        written = 2 * (height // 12)
        assert (luma[written:] == 128).all()
        assert set(np.unique(luma[:written])) == {30, 225}


def test_cells_follow_each_other_without_a_gap_where_the_width_is_no_multiple() -> None:
    luma = np.zeros((24, 37), np.uint8)
    burn(luma, 0xFFFF)
    assert (luma[:2] == 225).all() and (luma[2:4] == 30).all()


def test_a_stamped_frame_keeps_all_but_the_stamp_and_the_original_is_untouched() -> None:
    planes = np.random.default_rng(3).integers(0, 256, (72, 64), np.uint8)
    frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
    made = stamped(frame, 77).to_ndarray()
    assert (made[8:] == planes[8:]).all() and (made[:8] != planes[:8]).any()
    assert (frame.to_ndarray() == planes).all()


def test_numbers_are_told_modulo_two_to_the_sixteen() -> None:
    first, second = (np.zeros((24, 64), np.uint8) for _ in range(2))
    burn(first, 5)
    burn(second, 5 + (1 << BITS))
    assert (first == second).all()
