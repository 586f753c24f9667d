from __future__ import annotations

import random

import pytest

from workers.scheduling.frame_rate import FrameRate


@pytest.mark.parametrize("fps", [15.0, 24.0, 30.0, 60.0])
@pytest.mark.parametrize("jitter", [0.0, 0.4])
def test_it_finds_the_rate_of_steady_and_jittered_times(fps: float, jitter: float) -> None:
    chance, rate = random.Random(1), FrameRate(guess=30)
    for index in range(120):
        rate.add(round((index + chance.uniform(-jitter, jitter)) * 90_000 / fps), 90_000)
    assert rate.fps == pytest.approx(fps, rel=0.04)
    assert rate.interval_s == pytest.approx(1 / fps, rel=0.04)


def test_the_guess_stands_until_there_is_enough() -> None:
    rate = FrameRate(guess=25)
    for index in range(5):
        rate.add(index * 1500, 90_000)
        assert rate.fps == 25
    rate.add(5 * 1500, 90_000)
    assert rate.fps == 60


def test_a_pause_and_a_jump_back_are_not_frame_intervals() -> None:
    rate = FrameRate(guess=30)
    for start in (0, 10_000_000, 500):
        for index in range(10):
            rate.add(start + index * 3000, 90_000)
            assert rate.fps == pytest.approx(30)
