"""The H.264 level of a size and rate (ITU-T H.264, table A-1)."""

from __future__ import annotations

# Columns of table A-1: the level as x264 writes it, MaxMBPS (macroblocks of 16x16 per second) and
# MaxFS (macroblocks per frame). Level 4.1 differs from 4.0 in the bitrate only.
_LEVELS = (
    ("3.1", 108_000, 3_600),
    ("3.2", 216_000, 5_120),
    ("4.0", 245_760, 8_192),
    ("4.2", 522_240, 8_704),
    ("5.0", 589_824, 22_080),
    ("5.1", 983_040, 36_864),
    ("5.2", 2_073_600, 36_864),
)


def level_for(width: int, height: int, fps: float) -> str:
    """Returns the lowest level from 3.1 on that holds the size; browsers offer 3.1, so none is
    lower. The highest one stands for everything beyond it.
    """
    macroblocks = -(-width // 16) * -(-height // 16)
    for level, per_second, per_frame in _LEVELS:
        if macroblocks <= per_frame and macroblocks * fps <= per_second:
            return level
    return _LEVELS[-1][0]
