"""The crops with their names."""

from __future__ import annotations

import dataclasses

import numpy as np

from benchmarks.blind.crops import CROP, RULES
from benchmarks.blind.sheet import ZOOM, sheet
from tests.benchmarks.blind.frames import NET, frame


def test_each_clip_and_rule_has_a_row_with_all_forms() -> None:
    drawn = sheet([frame("a"), frame("b")])
    height, width = drawn.shape[:2]
    columns = width // 3
    assert CROP[0] * ZOOM < columns < CROP[0] * ZOOM + 20
    assert 2 * len(RULES) * CROP[1] * ZOOM < height
    row = drawn[height // 2]
    # Black is the player's, white the enhanced one, grey the original.
    levels = [int(row[n * columns + 50].mean()) for n in range(3)]
    assert levels == [0, 255, 99]


def test_another_net_is_another_column() -> None:
    whole = frame("a")
    both = dataclasses.replace(whole, enhanced={NET: whole.player, "another": whole.player})
    assert sheet([both]).shape[1] > sheet([whole]).shape[1]
    assert np.array_equal(sheet([whole]), sheet([whole]))
