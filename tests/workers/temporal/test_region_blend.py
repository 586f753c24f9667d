from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


WIDTH, HEIGHT, SCALE = 64, 48, 2
GRID = cells(WIDTH, HEIGHT)


class Place:
    """A picture of two times 64x48 to blend into, its state, and what is measured."""

    def __init__(self, seed: int = 1) -> None:
        rng = np.random.default_rng(seed)
        shape = (SCALE * HEIGHT, SCALE * WIDTH)
        self.plain, self.out, self.net = rng.integers(0, 256, (3, *shape)).astype(np.uint8)
        self.keep = np.zeros(GRID, np.uint8)
        self.state = blank_state(WIDTH, HEIGHT, SCALE)
        margin = SCALE * MARGIN
        self.inside = self.state[margin : margin + shape[0], margin : margin + shape[1]]
        self.inside[:] = 4 * self.out.astype(np.int16) - self.plain
        self.actual, self.gain = np.full((2, *GRID), -1.0, np.float32)

    def blend(self, top: int, left: int, height: int, width: int) -> None:
        target = BlendTarget(self.plain, self.keep, self.out, self.state)
        area = (top, left, height, width)
        blend(self.net, (top, left), area, SCALE, target, self.actual, self.gain)


def test_where_nothing_is_kept_the_picture_is_the_nets() -> None:
    place = Place()
    place.blend(0, 0, HEIGHT, WIDTH)
    assert np.array_equal(place.out, place.net)
    # And so is the state that the next picture is predicted from: 4 E - B.
    assert np.array_equal(place.inside, 4 * place.net.astype(int) - place.plain)


def test_where_all_is_kept_the_picture_stays_and_is_measured() -> None:
    place = Place()
    place.keep[:] = 16
    before = place.out.copy()
    place.blend(0, 0, HEIGHT, WIDTH)
    assert np.array_equal(place.out, before)
    apart = (place.net.astype(float) - before) ** 2
    assert place.actual.mean() == pytest.approx(apart.mean(), rel=1e-5)
    assert (place.gain >= 0).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 99), st.integers(1, 5), st.integers(1, 7), st.integers(0, 16))
def test_regions_beside_each_other_make_what_the_whole_picture_would(
    seed: int, row: int, column: int, keep: int
) -> None:
    whole, parts = Place(seed), Place(seed)
    for place in (whole, parts):
        place.keep[:] = keep
    whole.blend(0, 0, HEIGHT, WIDTH)
    y, x = 8 * row, 8 * column
    for area in ((0, 0, y, x), (0, x, y, WIDTH - x), (y, 0, HEIGHT - y, x)):
        parts.blend(*area)
    parts.blend(y, x, HEIGHT - y, WIDTH - x)
    assert np.array_equal(whole.out, parts.out) and np.array_equal(whole.state, parts.state)
    assert np.array_equal(whole.actual, parts.actual) and np.array_equal(whole.gain, parts.gain)


def test_the_more_is_kept_the_nearer_the_picture_stays_to_the_prediction() -> None:
    distances = []
    for keep in range(0, 17, 4):
        place = Place()
        place.keep[:] = keep
        before = place.out.astype(float)
        place.blend(0, 0, HEIGHT, WIDTH)
        distances.append(float(np.abs(place.out - before).mean()))
    assert distances == sorted(distances, reverse=True) and distances[-1] == 0.0
