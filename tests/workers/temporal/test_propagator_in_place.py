"""What is kept in place is what it would be if all of it were made anew for each picture."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest

from benchmarks.temporal.coded import coded_frames
from benchmarks.temporal.material import NORMAL, film, thumbnail
from models.training.codec import LiveEncoder
from tests.workers.temporal.scenes import HALO, net, padded, texture
from workers.media.frame_info import CodecInfo, MotionGrid, cells
from workers.temporal.incremental_bicubic import IncrementalBicubic
from workers.temporal.picture_match import MatchedPicture
from workers.temporal.propagator import PredictionReport, Propagator
from workers.temporal.region_selection import Region

Scene = tuple[np.ndarray, CodecInfo | None]


class Anew(Propagator):
    """Keeps nothing in place."""

    def predict(
        self,
        luma: np.ndarray,
        info: CodecInfo | None,
        matched: MatchedPicture | None = None,
    ) -> PredictionReport:
        self._canvas._bicubic = IncrementalBicubic(*self._size, self._canvas._scale)
        self._canvas._dirty[:] = 1
        return super().predict(luma, info, matched)


def grids(propagator: Propagator) -> Iterator[np.ndarray]:
    """All that is kept of each cell."""
    yield from propagator.state
    yield from propagator._motion
    yield propagator._canvas.keep


def follow(scenes: list[Scene], scale: int, seed: int) -> None:
    """Both through the same pictures, some of them missed, cut short or forgotten."""
    height, width = scenes[0][0].shape
    kept, anew = (kind(width, height, scale, HALO) for kind in (Propagator, Anew))
    chance = np.random.default_rng(seed)
    ends = 0
    for luma, info in scenes:
        what, most = chance.integers(0, 10), int(chance.integers(0, 3 * luma.size))
        reports = [each.predict(luma, info) for each in (kept, anew)]
        assert np.array_equal(kept.enlarged, anew.enlarged)
        if what == 0:
            kept.cancel(), anew.cancel()  # type: ignore[func-returns-value]
            continue
        regions = [each.regions(most) for each in (kept, anew)]
        assert regions[0] == regions[1]
        made = net(padded(np.pad(luma, ((0, 8), (0, 8)), mode="edge")), scale)
        for each in (kept, anew):
            if reports[0].must_be_full and what != 1:
                each.apply_full(made, HALO, HALO)
            else:
                for region in regions[0]:
                    each.apply_region(made, region, region.top + HALO, region.left + HALO)
            if what == 2:
                each.cancel()
            else:
                each.commit()
            if what == 3:
                each.forget()
        ends += what != 2
        assert np.array_equal(kept.enlarged, anew.enlarged)
        for one, other in zip(grids(kept), grids(anew), strict=True):
            assert np.array_equal(one, other)
    assert ends > 0.5 * len(scenes)


def cut(info: CodecInfo, size: tuple[int, int]) -> CodecInfo:
    """To the upper left part of that size."""
    if info.motion is None:
        return info
    rows, columns = cells(*size)
    part, motion = (slice(rows), slice(columns)), info.motion
    motion = MotionGrid(
        dx=np.ascontiguousarray(motion.dx[part]),
        dy=np.ascontiguousarray(motion.dy[part]),
        valid=np.ascontiguousarray(motion.valid[part]),
        source=motion.source,
    )
    return dataclasses.replace(info, motion=motion)


def real(kind: str, size: tuple[int, int], frames: int) -> Iterator[Scene]:
    """Part of a clip, through x264 and its decoder, with a key frame on the way."""
    width, height = size
    material = thumbnail(frames) if kind == "speaker" else film(kind, NORMAL, frames)
    for coded in coded_frames(material, LiveEncoder("h264", 0.12), keys=(frames // 2,)):
        yield coded.picture.y[:height, :width], cut(coded.info, size)


@pytest.mark.parametrize(("scale", "size"), [(2, (160, 96)), (3, (121, 75)), (4, (97, 61))])
@pytest.mark.parametrize("kind", ["speaker", "handheld"])
def test_coded_clips(kind: str, scale: int, size: tuple[int, int]) -> None:
    follow(list(real(kind, size, 24)), scale, seed=scale)


@pytest.mark.parametrize("seed", range(4))
def test_scenes_in_which_little_changes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    luma = texture(53, 75)
    scenes: list[Scene] = []
    for _ in range(40):
        luma = luma.copy()
        for _ in range(rng.integers(0, 4)):
            top, left = rng.integers(0, 53), rng.integers(0, 75)
            part = luma[top : top + rng.integers(1, 20), left : left + rng.integers(1, 20)]
            part[:] = np.roll(part, rng.integers(0, 3), axis=1) + rng.integers(0, 2)
        scenes.append((luma, None))
    follow(scenes, 2, seed)


def test_a_region_taken_and_never_ended_leaves_no_trace() -> None:
    luma = texture(48, 64)
    propagator = Propagator(64, 48, 2, HALO)
    propagator.predict(luma, None)
    propagator.apply_full(net(padded(luma)), HALO, HALO)
    propagator.commit()
    first = propagator.enlarged.copy()
    propagator.predict(255 - luma, None)
    propagator.apply_region(np.zeros((64, 64), np.uint8), Region(0, 0, 16, 16), 0, 0)
    assert not np.array_equal(propagator.enlarged, first)
    propagator.cancel()
    propagator.predict(luma, None)
    assert np.array_equal(propagator.enlarged, first)
