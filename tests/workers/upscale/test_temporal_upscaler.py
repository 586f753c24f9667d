from __future__ import annotations

import numpy as np
import pytest

from models.manifest import Manifest, load_manifest
from tests.workers.temporal.scenes import net, texture
from tests.workers.upscale import sited
from workers.media.frame_info import CodecInfo
from workers.media.picture import Picture
from workers.upscale.model_cache import can_propagate
from workers.upscale.temporal_upscaler import TemporalUpscaler

WIDTH, HEIGHT = 160, 96
MODEL: Manifest = load_manifest("live-s")


class Counting:
    """The net of the tests; counts the samples that it saw."""

    def __init__(self) -> None:
        self.seen = 0

    def run(self, luma: np.ndarray, strength: float) -> np.ndarray:
        self.seen += luma.size
        return net(luma) if strength == 0.0 else 255 - net(luma)


def task(seed: int = 0, shift: int = 0) -> Picture:
    made = Picture.blank(WIDTH, HEIGHT)
    made.y[:] = texture(HEIGHT, WIDTH + 64, seed)[:, shift : shift + WIDTH]
    made.u[:], made.v[:] = 100, 150
    return made


def enlarged() -> Picture:
    return Picture.blank(2 * WIDTH, 2 * HEIGHT)


@pytest.fixture
def counting() -> Counting:
    return Counting()


@pytest.fixture
def feed(counting: Counting) -> TemporalUpscaler:
    return TemporalUpscaler(MODEL, WIDTH, HEIGHT, counting)


def test_nets_that_see_one_picture_of_any_size_can_propagate() -> None:
    assert can_propagate(MODEL) and can_propagate(load_manifest("live-m-x3"))
    assert not can_propagate(load_manifest("live-t"))
    assert not can_propagate(load_manifest("unet-xs"))


def test_a_first_picture_asks_for_all_and_a_still_one_for_nothing(
    feed: TemporalUpscaler, counting: Counting
) -> None:
    target = enlarged()
    assert feed.begin(task(), target, None, 0.0).fraction == 1.0
    feed.full()
    assert (target.u == 100).all() and (target.v == 150).all()
    first, seen = target.y.copy(), counting.seen
    assert feed.begin(task(), target, None, 0.0).fraction == 0.0
    assert feed.refresh(1.0) == 0.0
    assert np.array_equal(target.y, first) and counting.seen == seen


def test_the_fraction_is_what_the_net_worked_on(feed: TemporalUpscaler, counting: Counting) -> None:
    target = enlarged()
    feed.begin(task(), target, None, 0.0)
    feed.full()
    whole = counting.seen
    request = feed.begin(task(1), target, None, 0.0)
    assert request.fraction > 0.9 and request.energy > 0
    fraction = feed.refresh(0.4)
    assert 0.1 < fraction <= 0.4
    assert counting.seen - whole == pytest.approx(fraction * whole)


def test_a_request_that_comes_back_a_last_bit_short_is_granted(feed: TemporalUpscaler) -> None:
    target = enlarged()
    feed.begin(task(), target, None, 0.0)
    feed.full()
    changed = task()
    changed.y[16:48, 16:48] = 255 - changed.y[16:48, 16:48]
    request = feed.begin(changed, target, None, 0.0)
    assert 0 < request.fraction < 1
    assert feed.refresh(request.fraction * (1 - 1e-15)) == request.fraction


def test_what_there_was_no_time_for_comes_later(feed: TemporalUpscaler) -> None:
    target = enlarged()
    feed.begin(task(), target, None, 0.0)
    errors = []
    for _ in range(12):
        feed.refresh(0.25)
        errors.append(float(np.mean((target.y.astype(float) - net(task().y)) ** 2)))
        feed.begin(task(), target, None, 0.0)
    assert errors[0] > 1.0
    # What is left lies in single cells that do not pay for their halo; they come with age.
    assert errors[-1] < 0.2 * errors[0]


def test_another_strength_starts_anew(feed: TemporalUpscaler) -> None:
    target = enlarged()
    feed.begin(task(), target, None, 0.0)
    feed.full()
    before = target.y.copy()
    assert feed.begin(task(), target, None, 1.0).fraction == 1.0
    feed.full()
    assert np.array_equal(target.y, 255 - before)


def test_a_key_frame_short_of_time_does_not_pulse(feed: TemporalUpscaler) -> None:
    target = enlarged()
    feed.begin(task(), target, None, 0.0)
    feed.full()
    before = target.y.copy()
    key = CodecInfo(is_key=True, coded_bytes=0)
    assert feed.begin(task(), target, key, 0.0).fraction == 1.0
    feed.refresh(0.0)
    assert np.abs(target.y.astype(int) - before).max() <= 1


def test_after_a_gap_nothing_is_propagated(feed: TemporalUpscaler) -> None:
    target = enlarged()
    feed.begin(task(), target, None, 0.0)
    feed.full()
    feed.forget()
    assert feed.begin(task(shift=2), target, None, 0.0).fraction == 1.0


def test_steps_come_in_order(feed: TemporalUpscaler) -> None:
    with pytest.raises(RuntimeError, match="without begin"):
        feed.full()


@pytest.mark.parametrize("size", [(160, 96), (75, 53)])
def test_chroma_is_bicubic_whatever_changed(size: tuple[int, int]) -> None:
    width, height = size
    feed = TemporalUpscaler(MODEL, width, height, Counting())
    rng = np.random.default_rng(0)
    made, target = Picture.blank(width, height), Picture.blank(2 * width, 2 * height)
    made.y[:], made.u[:], made.v[:] = 90, 100, 150
    for _ in range(6):
        top, left = rng.integers(0, height // 2), rng.integers(0, width // 2)
        made.u[top : top + 9, left : left + 9] = rng.integers(0, 256)
        made.v[:, left] = rng.integers(0, 256)
        feed.begin(made, target, None, 0.0)
        for plane, large in ((made.u, target.u), (made.v, target.v)):
            expected = sited.enlarged(plane, 2)[: large.shape[0], : large.shape[1]]
            apart = large - expected
            assert np.abs(apart).max() <= 1
        feed.miss()
