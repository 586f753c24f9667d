from __future__ import annotations

import pytest

from media.limits import MAX_SIDE, is_too_large, too_large


@pytest.mark.parametrize("size", [(0, 0), (1920, 1088), (1088, 1920), (MAX_SIDE, 255)])
def test_1080p_is_the_largest_either_way_up(size: tuple[int, int]) -> None:
    assert not is_too_large(*size)


@pytest.mark.parametrize("size", [(1920, 1089), (1921, 1088), (MAX_SIDE, MAX_SIDE)])
def test_more_pixels_are_refused_in_a_sentence(size: tuple[int, int]) -> None:
    assert is_too_large(*size)
    sentence = "The picture is {}x{}, and the server takes no more than 1920x1088."
    assert too_large(*size) == sentence.format(*size)
