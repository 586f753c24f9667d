"""The H.264 level of a size and rate."""

from __future__ import annotations

import pytest

from workers.encode.level import level_for


@pytest.mark.parametrize(
    ("size", "fps", "level"),
    [
        ((96, 54), 15.0, "3.1"),
        ((960, 540), 30.0, "3.1"),
        ((1280, 720), 30.0, "3.1"),
        ((1280, 720), 60.0, "3.2"),
        ((1920, 1080), 30.0, "4.0"),
        ((1920, 1080), 60.0, "4.2"),
        ((3840, 2160), 30.0, "5.1"),
        ((3840, 2160), 60.0, "5.2"),
        ((8192, 8192), 60.0, "5.2"),
    ],
)
def test_it_is_the_lowest_that_holds_size_and_rate(
    size: tuple[int, int], fps: float, level: str
) -> None:
    assert level_for(*size, fps) == level
    assert level_for(size[1], size[0], fps) == level


def test_a_part_of_a_macroblock_counts_as_a_whole_one() -> None:
    # 80 x 45 macroblocks are 3600; one sample more is another row of them.
    assert level_for(1280, 720, 30.0) == "3.1"
    assert level_for(1280, 721, 29.0) == "3.2"


def test_no_level_falls_when_the_rate_or_the_size_grows() -> None:
    levels = [level_for(64 * n, 36 * n, 30.0) for n in range(1, 100)]
    assert levels == sorted(levels)
    levels = [level_for(1280, 720, float(fps)) for fps in range(1, 500)]
    assert levels == sorted(levels)
