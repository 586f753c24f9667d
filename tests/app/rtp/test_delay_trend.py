"""The trend of the delay, and the threshold that adapts."""

from __future__ import annotations

import random

from app.rtp.delay_trend import MAX_MS, MIN_MS, PAUSE_S, DelayTrend, PathUsage

FRAME_S = 1 / 30


def run(
    trend: DelayTrend, frames: int, *, grows_ms: float = 0.0, since: int = 0, delay_ms: float = 20.0
) -> list[PathUsage]:
    """Frames whose delay grows by so much with each."""
    found = []
    for index in range(frames):
        sent_at = (since + index) * FRAME_S
        found.append(trend.add(sent_at, 5000 + sent_at + (delay_ms + grows_ms * index) / 1000))
    return found


def test_a_delay_that_stays_is_normal() -> None:
    assert set(run(DelayTrend(), 300)) == {PathUsage.NORMAL}


def test_a_queue_that_grows_is_noticed_within_two_thirds_of_a_second() -> None:
    trend = DelayTrend()
    run(trend, 60)
    found = run(trend, 30, grows_ms=8.0, since=60)
    assert PathUsage.OVER in found[:20]
    assert found[-1] is PathUsage.OVER


def test_a_queue_that_drains_is_told_as_such_and_then_normal() -> None:
    trend = DelayTrend()
    run(trend, 60)
    run(trend, 30, grows_ms=8.0, since=60)
    drains = run(trend, 30, grows_ms=-8.0, since=90, delay_ms=260.0)
    assert drains[-1] is PathUsage.UNDER
    assert run(trend, 90, since=120)[-1] is PathUsage.NORMAL


def test_chance_is_no_trend() -> None:
    trend, rng = DelayTrend(), random.Random(1)
    found = [
        trend.add(n * FRAME_S, 5000 + n * FRAME_S + rng.uniform(0.02, 0.03)) for n in range(900)
    ]
    assert found.count(PathUsage.OVER) < 20


def test_the_threshold_follows_a_path_whose_delay_wavers() -> None:
    trend, rng = DelayTrend(), random.Random(1)
    for number in range(900):
        sent_at = number * FRAME_S
        wave = 0.03 * ((number // 40) % 2) + rng.uniform(0, 0.02)
        trend.add(sent_at, 5000 + sent_at + wave)
    assert trend.threshold_ms > 1.2 * MIN_MS
    run(trend, 900, since=900)
    assert trend.threshold_ms == MIN_MS


def test_the_threshold_stays_within_its_bounds() -> None:
    trend = DelayTrend()
    for round_ in range(40):
        run(trend, 30, grows_ms=3.0 if round_ % 2 else -3.0, since=30 * round_)
        assert MIN_MS <= trend.threshold_ms <= MAX_MS


def test_a_pause_begins_anew() -> None:
    trend = DelayTrend()
    run(trend, 60)
    assert run(trend, 30, grows_ms=8.0, since=60)[-1] is PathUsage.OVER
    later = 90 * FRAME_S + PAUSE_S + 0.1
    assert trend.add(later, 5000 + later + 0.3) is PathUsage.NORMAL
    for number in range(1, 19):
        assert trend.add(later + number / 30, 5000 + later + number / 30 + 0.3) is PathUsage.NORMAL


def test_clocks_that_drift_are_no_trend() -> None:
    # 100 ppm are 3 microseconds a frame.
    assert set(run(DelayTrend(), 3000, grows_ms=0.0033)) == {PathUsage.NORMAL}


def test_groups_at_one_moment_have_no_slope() -> None:
    trend = DelayTrend()
    for _ in range(60):
        assert trend.add(1.0, 5001.0) is PathUsage.NORMAL
    assert trend.trend_ms == 0.0
