from __future__ import annotations

import cv2
import numpy as np
import pytest

from tests.workers.temporal.scenes import HALO, net, padded, texture
from workers.media.frame_info import CodecInfo, MotionGrid, Source, cells
from workers.temporal.propagator import Propagator
from workers.temporal.refresh_planner import FREE_FRACTION, MAX_AGE, VISIBLE_PRICE
from workers.temporal.region_selection import Region, pixels

WIDTH, HEIGHT = 160, 96
ALL = 10**9


class Stream:
    """Runs pictures through a propagator and the net of the tests, as the worker does."""

    def __init__(self, width: int = WIDTH, height: int = HEIGHT, scale: int = 2) -> None:
        self.propagator = Propagator(width, height, scale, HALO)
        self.scale = scale
        self.area = (width + 2 * HALO) * (height + 2 * HALO)
        self.seen = padded(np.zeros((height, width), np.uint8))

    @property
    def out(self) -> np.ndarray:
        """The enlarged picture as far as it is made."""
        return self.propagator.enlarged.copy()

    def cut(self, region: Region) -> np.ndarray:
        """What the net is given; a region may reach beyond the picture by part of a cell."""
        whole = np.pad(self.seen, ((0, 8), (0, 8)), mode="edge")
        bottom, right = region.top + region.height, region.left + region.width
        return whole[region.top : bottom + 2 * HALO, region.left : right + 2 * HALO]

    def show(self, luma: np.ndarray, info: CodecInfo | None = None, most: int = ALL) -> float:
        """The fraction of the picture's samples that the net worked on."""
        self.seen = padded(luma)
        report = self.propagator.predict(luma, info)
        if report.must_be_full:
            self.propagator.apply_full(net(self.seen, self.scale), HALO, HALO)
            fraction = 1.0
        else:
            regions = self.propagator.regions(most)
            for each in regions:
                made = net(self.cut(each), self.scale)
                self.propagator.apply_region(made, each, HALO, HALO)
            fraction = pixels(regions, HALO) / self.area
        self.propagator.commit()
        return fraction

    def full(self) -> np.ndarray:
        """What the net makes of all of the last picture."""
        inside = net(self.seen, self.scale)[self.scale * HALO :, self.scale * HALO :]
        return inside[: self.out.shape[0], : self.out.shape[1]]

    def error(self) -> float:
        return float(np.mean((self.out.astype(float) - self.full()) ** 2))


def shifted(wide: np.ndarray, x: int, y: int) -> np.ndarray:
    return wide[y : y + HEIGHT, x : x + WIDTH]


def pan(dx: int, dy: int) -> CodecInfo:
    """All cells tell that content came from (dx, dy) quarters away."""
    grid = cells(WIDTH, HEIGHT)
    motion = MotionGrid(
        dx=np.full(grid, dx, np.int16),
        dy=np.full(grid, dy, np.int16),
        valid=np.ones(grid, bool),
        source=Source.BITSTREAM,
    )
    return CodecInfo(is_key=False, coded_bytes=0, motion=motion)


def test_a_still_picture_is_made_once() -> None:
    stream, luma = Stream(), texture(HEIGHT, WIDTH)
    assert stream.show(luma) == 1.0
    assert np.array_equal(stream.out, stream.full())
    for _ in range(20):
        assert stream.show(luma) == 0.0
        assert np.array_equal(stream.out, stream.full())


@pytest.mark.parametrize("told", [True, False])
def test_a_pan_by_whole_samples_is_moved(told: bool) -> None:
    wide, stream = texture(HEIGHT + 40, WIDTH + 80), Stream()
    stream.show(shifted(wide, 40, 20))
    fractions = []
    for step in range(1, 10):
        info = pan(-8, 4) if told else None
        fractions.append(stream.show(shifted(wide, 40 - 2 * step, 20 + step), info))
        # Strips of one cell at the edges wait until they are worth the smallest region, which is
        # large in a picture of this size.
        assert stream.error() < 0.3 * float(np.mean(stream.propagator.state.gain))
    # New content comes in at two edges alone.
    assert np.mean(fractions) < 0.45


def test_wrong_vectors_are_not_believed() -> None:
    stream, luma = Stream(), texture(HEIGHT, WIDTH)
    stream.show(luma)
    assert stream.show(luma, pan(40, -24)) == 0.0
    assert np.array_equal(stream.out, stream.full())


def test_another_scene_is_made_anew() -> None:
    stream = Stream()
    stream.show(texture(HEIGHT, WIDTH, 1))
    assert stream.show(texture(HEIGHT, WIDTH, 2)) > 0.9
    assert stream.error() < 0.02 * float(np.mean(stream.propagator.state.gain))


def test_a_key_frame_is_made_anew() -> None:
    stream, luma = Stream(), texture(HEIGHT, WIDTH)
    stream.show(luma)
    assert stream.show(luma, CodecInfo(is_key=True, coded_bytes=0)) == 1.0


def test_after_a_gap_everything_is_made_anew() -> None:
    stream, luma = Stream(), texture(HEIGHT, WIDTH)
    stream.show(luma)
    stream.propagator.forget()
    assert stream.show(luma) == 1.0


def test_a_part_that_changes_is_all_that_is_worked_on() -> None:
    stream, luma = Stream(), texture(HEIGHT, WIDTH)
    stream.show(luma)
    other = luma.copy()
    other[32:64, 48:96] = texture(32, 48, 9)
    fraction = stream.show(other)
    assert 0.0 < fraction < 0.4
    assert np.abs(stream.out.astype(int) - stream.full())[64:128, 96:192].max() <= 1


def test_regions_are_what_the_whole_picture_would_be() -> None:
    """No seam: with nothing kept of the prediction, the inside of a region differs nowhere."""
    stream = Stream()
    stream.show(texture(HEIGHT, WIDTH, 1))
    luma = texture(HEIGHT, WIDTH, 2)
    stream.seen = padded(luma)
    stream.propagator.predict(luma, None)
    regions = stream.propagator.regions(max_pixels=60 * 60)
    assert regions
    for each in regions:
        made = net(stream.cut(each))[2 * HALO : -2 * HALO, 2 * HALO : -2 * HALO]
        rows = slice(2 * each.top, 2 * (each.top + each.height))
        columns = slice(2 * each.left, 2 * (each.left + each.width))
        assert np.array_equal(made, stream.full()[rows, columns])


def test_errors_do_not_build_up_when_the_budget_is_small() -> None:
    wide, stream = texture(HEIGHT + 8, WIDTH + 400), Stream()
    rng = np.random.default_rng(0)
    errors = []
    for step in range(120):
        luma = shifted(wide, step * 3, 4).astype(int) + rng.integers(-3, 4, (HEIGHT, WIDTH))
        stream.show(np.clip(luma, 0, 255).astype(np.uint8), pan(12, 0), most=48 * 64)
        errors.append(stream.error())
    assert np.mean(errors[60:]) < 1.5 * np.mean(errors[10:60])
    # Never worse than bicubic by more than a little.
    assert np.mean(errors) < 1.1 * float(np.mean(stream.propagator.state.gain))


def test_no_tile_grows_too_old_and_they_take_turns() -> None:
    stream, luma = Stream(), texture(HEIGHT, WIDTH)
    fractions = [stream.show(luma) for _ in range(2 * MAX_AGE)][1:]
    assert sum(fractions) > 0.9
    assert max(fractions) < 0.5
    assert sum(fraction > 0 for fraction in fractions) >= 5


def noisy(luma: np.ndarray, seed: int, much: int) -> np.ndarray:
    grain = np.random.default_rng(seed).integers(-much, much + 1, luma.shape)
    return np.clip(luma + grain, 0, 255).astype(np.uint8)


def test_what_stays_is_mended_before_what_changes() -> None:
    luma, stream = texture(HEIGHT, WIDTH), Stream()
    stream.show(luma)
    # Something happened everywhere while there was no time for the net.
    luma = np.clip(luma * 0.8 + texture(HEIGHT, WIDTH, 5) * 0.2, 0, 255).astype(np.uint8)
    stream.show(luma, most=0)
    still, moves = np.s_[:, WIDTH + 32 :], np.s_[:, : WIDTH - 32]
    for step in range(12):
        luma[:, : WIDTH // 2] = noisy(texture(HEIGHT, WIDTH // 2, 5), step, 6)
        stream.show(luma, most=stream.area // 4)
    apart = (stream.out.astype(float) - stream.full()) ** 2
    assert apart[still].mean() < 0.2 * apart[moves].mean()


@pytest.mark.parametrize(("contrast", "is_seen"), [(0.12, False), (1.0, True)])
def test_what_nobody_sees_gets_little_of_the_work(contrast: float, is_seen: bool) -> None:
    one, other = (texture(HEIGHT, WIDTH, seed) - 100.0 for seed in (1, 2))
    stream, fractions = Stream(), []
    for step in range(20):
        part = 0.05 * step
        luma = 100.5 + contrast * (one * (1.0 - part) + other * part)
        fractions.append(stream.show(luma.astype(np.uint8)))
    assert bool(np.mean(stream.propagator.state.gain) > VISIBLE_PRICE) is is_seen
    assert bool(np.mean(fractions[1:]) > 1.1 * FREE_FRACTION) is is_seen
    assert np.mean(fractions[1:]) > 0.5 * FREE_FRACTION


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("size", [(160, 96), (161, 97), (33, 17)])
def test_any_size_and_scale(scale: int, size: tuple[int, int]) -> None:
    width, height = size
    stream = Stream(width, height, scale)
    luma = texture(height, width)
    stream.show(luma)
    stream.show(np.roll(luma, 1, axis=1))
    assert stream.error() < float(np.mean(stream.propagator.state.gain)) + 0.1


@pytest.mark.parametrize("told", [True, False])
def test_the_information_is_completed_by_what_the_pixels_say(told: bool) -> None:
    wide, propagator = texture(HEIGHT, WIDTH + 8), Propagator(WIDTH, HEIGHT, 2, HALO)
    assert propagator.predict(wide[:, 4:-4], None).info.residual is None
    propagator.apply_full(net(padded(wide[:, 4:-4])), HALO, HALO)
    propagator.commit()
    info = propagator.predict(wide[:, 2:-6], pan(-8, 0) if told else None).info
    assert info.motion is not None and info.residual is not None
    assert info.motion.source is (Source.BITSTREAM if told else Source.FLOW)
    # All is explained but the two columns that came in at the left.
    assert np.median(info.residual) == 0.0
    assert info.residual[:, 0].min() > 0.0


def test_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="not 160x96"):
        Stream().propagator.predict(texture(10, 10), None)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_picture_that_nothing_goes_before_is_bicubic_until_the_net_was_there(scale: int) -> None:
    # The net may come too late for it.
    stream = Stream(scale=scale)
    first, other = texture(HEIGHT, WIDTH), 255 - texture(HEIGHT, WIDTH)[::-1]
    for luma in (first, other):
        stream.propagator.predict(luma, None)
        stream.propagator.commit()
        expected = cv2.resize(luma, (scale * WIDTH, scale * HEIGHT), interpolation=cv2.INTER_CUBIC)
        assert np.abs(stream.out.astype(int) - expected).max() <= 1
        # Another picture, made in full, must not show through either.
        stream.show(texture(HEIGHT, WIDTH)[:, ::-1])
        stream.propagator.forget()


def test_a_stream_that_began_without_the_net_is_mended_by_it() -> None:
    stream, luma = Stream(), texture(HEIGHT, WIDTH)
    stream.propagator.predict(luma, None)
    stream.propagator.commit()
    for _ in range(3):
        stream.show(luma)
    assert stream.error() < 1.0
