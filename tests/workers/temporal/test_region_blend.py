from __future__ import annotations

import numpy as np
import pytest

from workers.media.frame_info import cells
from workers.temporal.motion_compensation import blank_state
from workers.temporal.padding import MARGIN
from workers.temporal.region_blend import BlendTarget, blend


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("area", [(0, 0, 53, 75), (16, 24, 24, 51), (8, 0, 8, 8)])
def test_a_region_is_blended_and_measured(scale: int, area: tuple[int, int, int, int]) -> None:
    width, height = 75, 53
    top, left, tall, wide = area
    rng, grid = np.random.default_rng(4), cells(width, height)
    plain, out, net = rng.integers(0, 256, (3, scale * height, scale * width)).astype(np.uint8)
    made = np.pad(net, scale * 5)
    after = blank_state(width, height, scale)
    margin = scale * MARGIN
    inside = slice(margin, margin + scale * height), slice(margin, margin + scale * width)
    after[inside] = rng.integers(-255, 1021, plain.shape)
    keep = rng.integers(0, 8, grid).astype(np.uint8)
    actual, gain = np.full((2, *grid), -1.0, np.float32)
    first_out, first = out.copy(), after[inside].astype(int)
    target = BlendTarget(plain, keep, out, after)
    blend(made, (top + 5, left + 5), area, scale, target, actual, gain)
    rows = slice(scale * top, scale * (top + tall))
    columns = slice(scale * left, scale * (left + wide))
    fresh = 4 * net.astype(int) - plain
    kept = np.kron(keep, np.ones((8 * scale, 8 * scale), int))[: scale * height, : scale * width]
    state = fresh + ((kept * (first - fresh) + 8) >> 4)
    value = np.clip((state + plain + 2) >> 2, 0, 255)
    assert np.array_equal(out[rows, columns], value[rows, columns])
    assert np.array_equal(after[inside][rows, columns], state[rows, columns])
    mask = np.ones(plain.shape, bool)
    mask[rows, columns] = False
    assert np.array_equal(out[mask], first_out[mask])
    assert np.array_equal(after[inside][mask], first[mask])
    for row in range(top // 8, -(-(top + tall) // 8)):
        for column in range(left // 8, -(-(left + wide) // 8)):
            cell = (
                slice(8 * scale * row, 8 * scale * (row + 1)),
                slice(8 * scale * column, 8 * scale * (column + 1)),
            )
            was, base = (each[cell].astype(int) for each in (first_out, plain))
            assert actual[row, column] == pytest.approx(((net[cell] - was) ** 2).mean())
            assert gain[row, column] == pytest.approx(((net[cell] - base) ** 2).mean())
    assert (actual >= 0).sum() == -(-tall // 8) * -(-wide // 8)
