from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.team.playout_delay import (
    FALL_S_PER_S,
    MARGIN_S,
    MAX_DELAY_S,
    MAX_FALL,
    MAX_RISE,
    WINDOW_S,
    PlayoutDelay,
)

INTERVAL_S = 1 / 30


def play(
    delay: PlayoutDelay, seconds: float, begin: float, turn_around_s: float | None = None
) -> list[float]:
    """Deadlines of the frames of so many seconds, with a result for each."""
    found = []
    for number in range(int(seconds * 30)):
        arrived = begin + number * INTERVAL_S
        if turn_around_s is not None:
            delay.learn(turn_around_s, now=arrived)
        found.append(delay.deadline(arrived=arrived))
    return found


def test_there_is_no_delay_without_helpers() -> None:
    delay = PlayoutDelay()
    assert play(delay, 1.0, 5.0) == [5.0 + number * INTERVAL_S for number in range(30)]
    delay.learn(0.2, now=6.0)
    assert delay.deadline(arrived=6.0) == 6.0


def test_it_begins_with_what_paths_and_speeds_let_expect() -> None:
    delay = PlayoutDelay()
    delay.expect(0.1)
    play(delay, 1.0, 0.0)
    assert delay.delay_s == pytest.approx(0.1 + MARGIN_S)


def test_it_follows_the_95th_percentile() -> None:
    delay = PlayoutDelay()
    delay.expect(0.05)
    now = 0.0
    for number in range(300):
        delay.learn(0.25 if number % 50 == 0 else 0.1 + number % 10 / 1000, now=now)
        delay.deadline(arrived=now)
        now += INTERVAL_S
    assert 0.105 + MARGIN_S <= delay.delay_s <= 0.11 + MARGIN_S


def test_it_rises_at_once_and_falls_slowly() -> None:
    delay = PlayoutDelay()
    delay.expect(0.05)
    play(delay, 5.0, 0.0, 0.08)
    assert delay.delay_s == pytest.approx(0.08 + MARGIN_S)
    for number in range(30):
        delay.learn(0.2, now=5.0 + number / 1000)
    play(delay, 0.3, 5.04)
    assert delay.delay_s == pytest.approx(0.2 + MARGIN_S)
    play(delay, WINDOW_S, 5.4, 0.08)
    held = delay.delay_s
    assert held > 0.15
    play(delay, 1.0, 5.4 + WINDOW_S, 0.08)
    assert held - delay.delay_s == pytest.approx(FALL_S_PER_S, rel=0.3)
    play(delay, 6.0, 6.4 + WINDOW_S, 0.08)
    assert delay.delay_s == pytest.approx(0.08 + MARGIN_S)


def test_it_is_bounded() -> None:
    delay = PlayoutDelay()
    delay.expect(0.05)
    play(delay, 2.0, 0.0, 5.0)
    assert delay.delay_s == MAX_DELAY_S
    short = PlayoutDelay(0.1)
    short.expect(0.4)
    play(short, 2.0, 0.0)
    assert short.delay_s == 0.1


def test_it_ends_when_the_helpers_are_gone_and_forgets_them() -> None:
    delay = PlayoutDelay()
    delay.expect(0.1)
    play(delay, 1.0, 0.0, 0.12)
    delay.expect(0.0)
    deadlines = play(delay, 3.0, 1.0)
    assert delay.delay_s == 0.0
    assert min(b - a for a, b in itertools.pairwise(deadlines)) > 0.8 * INTERVAL_S
    delay.expect(0.05)
    play(delay, 1.0, 4.0)
    assert delay.delay_s == pytest.approx(0.05 + MARGIN_S)


@given(
    st.lists(
        st.tuples(
            st.floats(0.001, 0.3), st.floats(0.0, 2.0), st.sampled_from([None, 0.0, 0.05, 0.28])
        ),
        min_size=2,
        max_size=120,
    )
)
def test_frames_neither_stall_nor_bunch(events: list[tuple[float, float, float | None]]) -> None:
    delay, now, found = PlayoutDelay(), 10.0, []
    for passed_s, turn_around_s, expected in events:
        now += passed_s
        if expected is not None:
            delay.expect(expected)
        delay.learn(turn_around_s, now=now)
        found.append((now, delay.deadline(arrived=now)))
        assert 0.0 <= delay.delay_s <= MAX_DELAY_S
    for (before, first), (after, second) in itertools.pairwise(found):
        interval = min(after - before, 0.1)
        change = (second - first) - (after - before)
        assert -MAX_FALL * interval - 1e-9 <= change <= MAX_RISE * interval + 1e-9
        assert second > first
