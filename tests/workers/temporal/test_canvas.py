"""The enlarged picture that is kept in place: what is made of it, and what is left alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.workers.temporal.scenes import texture
from workers.media.frame_info import cells
from workers.temporal.canvas import Canvas
from workers.temporal.cell_state import CellState
from workers.temporal.motion_compensation import HOPELESS_ERROR
from workers.temporal.motion_search import Hints, Motion, Planes, match
from workers.temporal.padding import bordered
from workers.temporal.region_selection import Region

WIDTH, HEIGHT = 64, 48
GRID = cells(WIDTH, HEIGHT)
WHOLE = Region(0, 0, HEIGHT, WIDTH)


def hopeless() -> CellState:
    """Nothing can be predicted: every cell becomes bicubic."""
    state = CellState.blank(GRID)
    state.gain[:] = 1.0
    state.error[:] = HOPELESS_ERROR + 1.0
    return state


def trusted() -> CellState:
    """Every prediction is right."""
    state = CellState.blank(GRID)
    state.gain[:] = 1.0
    return state


def bicubic(luma: np.ndarray, scale: int = 2) -> np.ndarray:
    size = (scale * luma.shape[1], scale * luma.shape[0])
    return cv2.resize(luma, size, interpolation=cv2.INTER_CUBIC)


def begun(luma: np.ndarray, *, commit: bool = True) -> Canvas:
    """A canvas with a first picture, which is bicubic."""
    canvas = Canvas(WIDTH, HEIGHT, 2)
    canvas.set_luma(bordered(luma))
    canvas.render(Motion.blank(*GRID), hopeless())
    if commit:
        canvas.commit()
    return canvas


def drawn(
    canvas: Canvas, made: np.ndarray, region: Region = WHOLE
) -> tuple[np.ndarray, np.ndarray]:
    """Applies a region of a net's picture; returns the errors and gains of the cells."""
    actual, gain = np.full((2, *GRID), -1.0, np.float32)
    canvas.apply(made, (region.top, region.left), region, actual, gain)
    return actual, gain


@pytest.mark.parametrize(("size", "scale"), [((64, 48), 2), ((33, 17), 3), ((31, 15), 4)])
def test_a_picture_has_even_sides_and_stands_for_its_samples(
    size: tuple[int, int], scale: int
) -> None:
    canvas = Canvas(*size, scale)
    height, width = canvas.enlarged.shape
    assert (width, height) == tuple(scale * side // 2 * 2 for side in size)
    assert canvas.samples == pytest.approx(width * height / scale**2)
    assert canvas.keep.shape == cells(*size)


def test_a_first_picture_is_bicubic() -> None:
    luma = texture(HEIGHT, WIDTH)
    made = begun(luma).enlarged
    assert np.abs(made.astype(int) - bicubic(luma)).max() <= 1


def test_what_the_net_made_stays_while_nothing_changes() -> None:
    luma = texture(HEIGHT, WIDTH)
    canvas, net = begun(luma, commit=False), 255 - bicubic(luma)
    actual, gain = drawn(canvas, net)
    assert np.array_equal(canvas.enlarged, net)
    # The picture was bicubic: its error is just what the net adds, and large here.
    assert actual == pytest.approx(gain) and gain.min() > 100
    canvas.commit()
    for _ in range(5):
        canvas.set_luma(bordered(luma))
        canvas.render(Motion.blank(*GRID), trusted())
        assert np.array_equal(canvas.enlarged, net)
        canvas.commit()


def test_only_the_region_is_drawn_over() -> None:
    luma = texture(HEIGHT, WIDTH)
    canvas = begun(luma, commit=False)
    before, region = canvas.enlarged.copy(), Region(8, 16, 16, 24)
    actual, gain = drawn(canvas, 255 - bicubic(luma), region)
    inside = np.zeros(before.shape, bool)
    inside[16:48, 32:80] = True
    assert np.array_equal(canvas.enlarged[~inside], before[~inside])
    assert np.abs(canvas.enlarged.astype(int) - before)[inside].mean() > 10
    measured = np.zeros(GRID, bool)
    measured[region.cells()] = True
    assert np.array_equal(actual >= 0, measured) and np.array_equal(gain >= 0, measured)


def test_weights_keep_a_part_of_what_was_predicted() -> None:
    luma = texture(HEIGHT, WIDTH)
    canvas = begun(luma, commit=False)
    predicted = canvas.enlarged.astype(float)
    canvas.keep[:] = 4
    net = np.full((2 * HEIGHT, 2 * WIDTH), 200, np.uint8)
    drawn(canvas, net)
    # A quarter of the prediction, three of the net.
    expected = 0.25 * predicted + 0.75 * net
    assert np.abs(canvas.enlarged - expected).max() <= 1.0


def test_a_picture_that_was_not_committed_leaves_no_trace() -> None:
    luma, other = texture(HEIGHT, WIDTH), texture(HEIGHT, WIDTH, 1)
    canvas = begun(luma, commit=False)
    drawn(canvas, 255 - bicubic(luma))
    canvas.commit()
    first = canvas.enlarged.copy()
    canvas.set_luma(bordered(other))
    canvas.render(Motion.blank(*GRID), hopeless())
    drawn(canvas, np.zeros((2 * HEIGHT, 2 * WIDTH), np.uint8), Region(0, 0, 16, 16))
    assert not np.array_equal(canvas.enlarged, first)
    canvas.set_luma(bordered(luma))
    canvas.render(Motion.blank(*GRID), trusted())
    assert np.array_equal(canvas.enlarged, first)


def test_a_picture_that_moved_is_moved_with_what_the_net_made_of_it() -> None:
    wide = texture(HEIGHT, WIDTH + 16)
    before, now = wide[:, 8:-8], wide[:, 4:-12]
    canvas, net = begun(before, commit=False), bicubic(before)
    # A mark that no enlargement of the decoded picture would give.
    net = np.where(np.indices(net.shape).sum(axis=0) % 2 == 0, net, net // 2).astype(np.uint8)
    drawn(canvas, net)
    canvas.commit()
    motion = Motion.blank(*GRID)
    hints = Hints(np.full(GRID, -16, np.int16), np.zeros(GRID, np.int16), np.ones(GRID, np.bool_))
    match(Planes(bordered(now), bordered(before)), hints, 16, motion)
    assert (motion.dx[:, 1:] == -16).all()
    canvas.set_luma(bordered(now))
    canvas.render(motion, trusted())
    # Three quarters come from the mark, and a quarter is the plain picture again.
    moved, plain = net[:, 16:-24].astype(float), bicubic(now)[:, 24:-16]
    marked = canvas.enlarged[:, 24:-16]
    assert np.abs(marked - plain).mean() > 0.5 * np.abs(moved - plain).mean()
    assert np.abs(marked - moved).mean() < 0.3 * np.abs(moved - plain).mean()


def test_a_region_by_bicubic_ends_with_the_picture() -> None:
    canvas = Canvas(44, 30, 2)
    luma = texture(30, 44)
    canvas.set_luma(bordered(luma))
    whole = canvas.plain(Region(0, 0, 32, 48))
    assert whole.shape == (60, 88)
    assert np.array_equal(canvas.plain(Region(16, 40, 16, 8)), whole[32:, 80:])
    expected = cv2.resize(luma, (88, 60), interpolation=cv2.INTER_CUBIC)
    assert np.abs(whole.astype(int) - expected).max() <= 1
