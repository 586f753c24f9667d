from __future__ import annotations

import numpy as np
import pytest

from tests.workers.temporal.scenes import HALO, net, padded, texture
from workers.media.frame_info import CodecInfo, MotionGrid, Source, cells
from workers.temporal.picture_match import PictureMatcher
from workers.temporal.propagator import Propagator

WIDTH, HEIGHT = 160, 96


def pan(dx: int) -> CodecInfo:
    """All cells tell that content came from ``dx`` quarters away."""
    grid = cells(WIDTH, HEIGHT)
    motion = MotionGrid(
        dx=np.full(grid, dx, np.int16),
        dy=np.zeros(grid, np.int16),
        valid=np.ones(grid, bool),
        source=Source.BITSTREAM,
    )
    return CodecInfo(is_key=False, coded_bytes=0, motion=motion)


def test_a_first_picture_is_compared_with_none() -> None:
    matcher = PictureMatcher(WIDTH, HEIGHT)
    now = matcher.border(texture(HEIGHT, WIDTH))
    matched = matcher.match(now, None, pan(8), matcher.blank())
    assert matched.now is now and matched.before is None and matched.grid is None


@pytest.mark.parametrize("told", [True, False])
def test_the_vectors_lead_to_the_same_content(told: bool) -> None:
    matcher, wide = PictureMatcher(WIDTH, HEIGHT), texture(HEIGHT, WIDTH + 8)
    before, now = (matcher.border(wide[:, x : x + WIDTH]) for x in (4, 2))
    matched = matcher.match(now, before, pan(-8) if told else None, matcher.blank())
    assert matched.grid is not None
    assert matched.grid.source is (Source.BITSTREAM if told else Source.FLOW)
    assert (matched.motion.dx[:, 2:-1] == -8).all() and not matched.motion.dy[:, 2:-1].any()
    assert not matched.motion.squares[:, 2:-1].any()


def test_memory_of_another_picture_serves_again() -> None:
    matcher = PictureMatcher(WIDTH, HEIGHT)
    pictures = [matcher.border(texture(HEIGHT, WIDTH, seed)) for seed in range(3)]
    used = matcher.blank()
    for before, now in zip(pictures, (*pictures[1:], pictures[-1]), strict=True):
        for memory in (used, fresh := matcher.blank()):
            matcher.match(now, before, None, memory)
        assert np.array_equal(used.dx, fresh.dx) and np.array_equal(used.dy, fresh.dy)
        assert np.array_equal(used.squares, fresh.squares)
        assert np.array_equal(used.residual, fresh.residual)


def test_another_size_is_refused() -> None:
    matcher = PictureMatcher(WIDTH, HEIGHT)
    with pytest.raises(ValueError, match="not 160x96"):
        matcher.border(texture(HEIGHT, WIDTH - 8))
    now = matcher.border(texture(HEIGHT, WIDTH))
    dx, dy = np.zeros((2, 3, 3), np.int16)
    small = MotionGrid(dx, dy, np.ones((3, 3), bool), Source.BITSTREAM)
    with pytest.raises(ValueError, match="vectors of"):
        matcher.match(now, now, CodecInfo(False, 0, motion=small), matcher.blank())


def test_a_comparison_made_before_saves_the_propagator_one_and_changes_nothing() -> None:
    wide = texture(HEIGHT, WIDTH + 40)
    told, alone = (Propagator(WIDTH, HEIGHT, 2, HALO) for _ in range(2))
    matcher, before = PictureMatcher(WIDTH, HEIGHT), None
    for step in range(6):
        luma = np.ascontiguousarray(wide[:, 3 * step : 3 * step + WIDTH])
        now = matcher.border(luma)
        matched = matcher.match(now, before, None, matcher.blank())
        reports = told.predict(luma, None, matched), alone.predict(luma, None)
        assert reports[0].must_be_full is reports[1].must_be_full
        for each in (told, alone):
            if reports[0].must_be_full:
                each.apply_full(net(padded(luma)), HALO, HALO)
            each.commit()
        assert np.array_equal(told.enlarged, alone.enlarged)
        assert told._motion is matched.motion or not step
        before = now


def test_a_comparison_with_another_picture_than_the_committed_one_is_not_used() -> None:
    matcher, propagator = PictureMatcher(WIDTH, HEIGHT), Propagator(WIDTH, HEIGHT, 2, HALO)
    first, second, third = (texture(HEIGHT, WIDTH, seed) for seed in (1, 1, 2))
    propagator.predict(first, None)
    propagator.apply_full(net(padded(first)), HALO, HALO)
    propagator.commit()
    # The second picture was never made here.
    matched = matcher.match(matcher.border(third), matcher.border(second), None, matcher.blank())
    propagator.predict(third, None, matched)
    assert propagator._motion is not matched.motion
