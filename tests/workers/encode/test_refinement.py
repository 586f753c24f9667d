"""``refinement.py`` in virtual time: up where time is idle, down before anything is late."""

from __future__ import annotations

import pytest

from workers.encode.key_frames import MAX_INTERVAL_S, MIN_GAP_S
from workers.encode.refinement import (
    DOWN_AFTER_S,
    FINE_TIME_RATIO,
    FIRST_PAUSE_S,
    MAX_GAP_S,
    MAX_PAUSE_S,
    MAX_SLOW,
    STEADY_S,
    UP_AFTER_S,
    Refinement,
    RefinementPolicy,
)

FPS = 30.0
INTERVAL_S = 1.0 / FPS
FAST_S = 0.003
EXTRA_S = (FINE_TIME_RATIO - 1.0) * FAST_S * FPS
"""Seconds per second that FINE takes beyond FAST."""


class Encoder:
    """An encoder at 30 frames per second that obeys the policy, with its key frames."""

    def __init__(self) -> None:
        self.policy = RefinementPolicy()
        self.now = 100.0
        self.fast_s = FAST_S
        self.idle_s = 1.0
        self.keys: list[float] = []
        self.asked = 0
        self._key_at = -10.0
        self._wants_key = False

    @property
    def refinement(self) -> Refinement:
        return self.policy.chosen

    def run(self, seconds: float) -> set[Refinement]:
        """Codes pictures; the steps that they had."""
        seen = set()
        for _ in range(round(seconds * FPS)):
            since = self.now - self._key_at
            is_key = since >= MAX_INTERVAL_S or (self._wants_key and since >= MIN_GAP_S)
            if is_key:
                self.policy.begin(now=self.now)
                self._key_at, self._wants_key = self.now, False
                self.keys.append(self.now)
            seen.add(self.refinement)
            ratio = FINE_TIME_RATIO if self.refinement is Refinement.FINE else 1.0
            if not is_key and self.policy.coded(
                ratio * self.fast_s, interval_s=INTERVAL_S, idle_s=self.idle_s, now=self.now
            ):
                self._wants_key = True
                self.asked += 1
            self.now += INTERVAL_S
        return seen


@pytest.fixture
def encoder() -> Encoder:
    return Encoder()


def test_it_begins_fast_and_becomes_fine_with_a_key_frame_that_is_due(encoder: Encoder) -> None:
    assert encoder.run(UP_AFTER_S) == {Refinement.FAST}
    encoder.run(2 * MAX_INTERVAL_S)
    assert encoder.refinement is Refinement.FINE
    encoder.run(60.0)
    assert encoder.refinement is Refinement.FINE and encoder.asked == 0
    # No key frame was made for its sake.
    gaps = [b - a for a, b in zip(encoder.keys, encoder.keys[1:], strict=False)]
    assert min(gaps) >= MAX_INTERVAL_S - 1e-6


@pytest.mark.parametrize("part", [0.0, 0.5, 1.9])
def test_without_twice_the_time_it_needs_it_stays_fast(encoder: Encoder, part: float) -> None:
    encoder.idle_s = part * EXTRA_S
    assert encoder.run(60.0) == {Refinement.FAST}


def test_a_moment_of_idle_time_is_not_enough(encoder: Encoder) -> None:
    for _ in range(10):
        encoder.idle_s = 1.0
        encoder.run(0.8 * UP_AFTER_S)
        encoder.idle_s = 0.0
        encoder.run(0.2)
    assert encoder.refinement is Refinement.FAST


def test_large_pictures_that_would_fill_their_interval_stay_fast(encoder: Encoder) -> None:
    encoder.fast_s = 0.4 * INTERVAL_S
    encoder.idle_s = 10.0
    assert encoder.run(30.0) == {Refinement.FAST}


def test_what_it_takes_itself_does_not_make_it_fall(encoder: Encoder) -> None:
    encoder.idle_s = 2.1 * EXTRA_S
    encoder.run(12.0)
    assert encoder.refinement is Refinement.FINE
    encoder.idle_s -= EXTRA_S
    encoder.run(60.0)
    assert encoder.refinement is Refinement.FINE and encoder.asked == 0


def test_it_falls_within_a_second_where_nets_lack_the_time(encoder: Encoder) -> None:
    encoder.run(12.0)
    encoder.idle_s = 0.0
    encoder.run(DOWN_AFTER_S - 0.1)
    assert encoder.refinement is Refinement.FINE
    encoder.run(0.1 + MIN_GAP_S + 2 * INTERVAL_S)
    assert encoder.refinement is Refinement.FAST


def test_slow_pictures_make_it_fall_within_a_few(encoder: Encoder) -> None:
    encoder.run(13.0)
    assert encoder.refinement is Refinement.FINE
    encoder.fast_s = INTERVAL_S / 2
    encoder.run((MAX_SLOW + 2) * INTERVAL_S)
    assert encoder.refinement is Refinement.FAST and encoder.asked


def test_single_slow_pictures_do_not(encoder: Encoder) -> None:
    encoder.run(12.0)
    for _ in range(20):
        encoder.fast_s = INTERVAL_S / 2
        encoder.run(INTERVAL_S)
        encoder.fast_s = FAST_S
        encoder.run(0.2)
    assert encoder.refinement is Refinement.FINE


def test_a_picture_within_half_of_its_interval_is_not_slow(encoder: Encoder) -> None:
    encoder.run(12.0)
    encoder.fast_s = 0.49 * INTERVAL_S / FINE_TIME_RATIO
    encoder.idle_s = 10.0
    encoder.run(10.0)
    assert encoder.refinement is Refinement.FINE


def test_each_fall_doubles_the_wait_for_the_next_try(encoder: Encoder) -> None:
    pauses = []
    for _ in range(6):
        encoder.idle_s = 1.0
        before = encoder.now
        while encoder.refinement is Refinement.FAST:
            encoder.run(0.5)
        pauses.append(encoder.now - before)
        encoder.idle_s = 0.0
        while encoder.refinement is Refinement.FINE:
            encoder.run(0.1)
    # A try waits for a key frame that is due.
    for index, pause in enumerate(pauses[1:]):
        wait_s = min(FIRST_PAUSE_S * 2**index, MAX_PAUSE_S)
        assert wait_s <= pause + 0.1 <= wait_s + MAX_INTERVAL_S + 1.0
    assert len(encoder.keys) < 1.2 * (encoder.now - 100.0) / MAX_INTERVAL_S + 12


def test_a_long_time_of_fine_forgets_earlier_falls(encoder: Encoder) -> None:
    for _ in range(4):
        encoder.idle_s = 1.0
        while encoder.refinement is Refinement.FAST:
            encoder.run(0.5)
        encoder.idle_s = 0.0
        while encoder.refinement is Refinement.FINE:
            encoder.run(0.1)
    encoder.idle_s = 1.0
    while encoder.refinement is Refinement.FAST:
        encoder.run(0.5)
    encoder.run(STEADY_S)
    encoder.idle_s = 0.0
    while encoder.refinement is Refinement.FINE:
        encoder.run(0.1)
    encoder.idle_s = 1.0
    encoder.run(FIRST_PAUSE_S + MAX_INTERVAL_S + 1.0)
    assert encoder.refinement is Refinement.FINE


def test_idle_time_from_before_a_gap_does_not_count(encoder: Encoder) -> None:
    """Nobody watched for an hour, and what the machine does now is not known."""
    encoder.run(UP_AFTER_S + 0.5)
    assert encoder.refinement is Refinement.FAST
    encoder.now += 3600.0
    encoder.idle_s = 0.0
    assert encoder.run(60.0) == {Refinement.FAST}
    assert encoder.asked == 0


def test_a_lack_of_time_from_before_a_gap_does_not_count(encoder: Encoder) -> None:
    encoder.run(2 * MAX_INTERVAL_S + UP_AFTER_S)
    assert encoder.refinement is Refinement.FINE
    encoder.idle_s = 0.0
    encoder.run(0.5 * DOWN_AFTER_S)
    encoder.now += 2 * MAX_GAP_S
    encoder.run(0.5 * DOWN_AFTER_S)
    encoder.idle_s = 1.0
    encoder.run(60.0)
    assert encoder.refinement is Refinement.FINE and encoder.asked == 0
