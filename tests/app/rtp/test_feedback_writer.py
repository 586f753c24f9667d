"""When arrivals are told to a sender, and which: ``feedback_writer.py``, in virtual time."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rtp.feedback_writer import (
    BURST,
    BURST_INTERVAL_S,
    FEEDBACK_BYTES,
    KEPT,
    MAX_INTERVAL_S,
    MAX_SPAN,
    MIN_INTERVAL_S,
    RTCP_FRACTION,
    FeedbackWriter,
)
from app.rtp.transport_feedback import TransportFeedback, parse_transport_feedback

START = 1000.0


def take(writer: FeedbackWriter, now: float) -> list[TransportFeedback]:
    """Returns what is told, as its reader sees it."""
    told = writer.take(sender_ssrc=1, media_ssrc=2, now=now)
    for each in told:
        data = each.encode()
        assert len(data) <= 1200
        assert parse_transport_feedback(data) == each
    return told


def numbers(told: list[TransportFeedback]) -> dict[int, float | None]:
    """Returns the arrival in seconds by sequence number."""
    return {
        (each.base + n) & 0xFFFF: None
        if ticks is None
        else each.reference * 0.064 + ticks * 0.000_25
        for each in told
        for n, ticks in enumerate(each.arrivals)
    }


def test_nothing_is_due_before_the_first_packet() -> None:
    writer = FeedbackWriter()
    assert writer.next_deadline() is None
    assert take(writer, START) == []


def test_the_first_feedback_is_due_soon_and_tells_all() -> None:
    writer = FeedbackWriter()
    for n in range(5):
        writer.add(100 + n, 1200, now=START + 0.01 * n)
    assert writer.next_deadline() == START + MIN_INTERVAL_S
    told = numbers(take(writer, START + MIN_INTERVAL_S))
    assert list(told) == [100, 101, 102, 103, 104]
    for n in range(5):
        assert told[100 + n] == pytest.approx(START + 0.01 * n, abs=0.000_26)
    assert writer.next_deadline() is None
    assert take(writer, START + 1.0) == []


def test_losses_between_two_feedbacks_are_told() -> None:
    writer = FeedbackWriter()
    writer.add(10, 100, now=START)
    take(writer, START + 0.05)
    writer.add(13, 100, now=START + 0.06)
    told = numbers(take(writer, START + 0.1))
    assert {n: at is not None for n, at in told.items()} == {11: False, 12: False, 13: True}


def test_a_late_packet_is_told_with_all_above_it() -> None:
    writer = FeedbackWriter()
    for n in (10, 11, 13, 14):
        writer.add(n, 100, now=START)
    take(writer, START + 0.05)
    writer.add(12, 100, now=START + 0.06)
    told = numbers(take(writer, START + 0.11))
    assert list(told) == [12, 13, 14]
    assert told[12] == pytest.approx(START + 0.06, abs=0.000_26)
    assert told[13] == pytest.approx(START, abs=0.000_26)


def test_numbers_wrap_and_the_first_packet_may_not_be_the_first_sent() -> None:
    writer = FeedbackWriter()
    for n in (0, 0xFFFF, 1, 2):
        writer.add(n, 100, now=START)
    assert list(numbers(take(writer, START + 0.05))) == [0xFFFF, 0, 1, 2]
    writer.add(3, 100, now=START + 0.06)
    assert list(numbers(take(writer, START + 0.1))) == [3]


def test_the_second_of_two_copies_counts_for_nothing() -> None:
    writer = FeedbackWriter()
    writer.add(7, 100, now=START)
    take(writer, START + 0.05)
    assert not writer.add(7, 100, now=START + 0.06)
    assert writer.next_deadline() is None


@pytest.mark.parametrize(
    ("rate_kbps", "interval_s"), [(2500, 0.05), (300, 0.05), (109, 0.1), (60, 0.181), (20, 0.25)]
)
def test_the_interval_follows_the_bandwidth_for_feedback(rate_kbps: int, interval_s: float) -> None:
    writer = FeedbackWriter()
    now, told = START, []
    size = 125 if rate_kbps < 200 else 1200
    step = size * 8 / 1000 / rate_kbps
    for n in range(int(20 / step)):
        now = START + n * step
        deadline = writer.next_deadline()
        if deadline is not None and deadline <= now:
            take(writer, deadline)
            told.append(deadline)
        writer.add(n & 0xFFFF, size, now=now)
    gaps = [b - a for a, b in zip(told[20:], told[21:], strict=False)]
    assert sum(gaps) / len(gaps) == pytest.approx(interval_s, rel=0.15)
    fraction = FEEDBACK_BYTES * 8 / 1000 / (sum(gaps) / len(gaps)) / rate_kbps
    # Below the longest interval's rate the sender must still hear something.
    assert fraction <= RTCP_FRACTION * 1.15 or rate_kbps < 44


def test_many_packets_are_told_before_their_time() -> None:
    writer = FeedbackWriter()
    for n in range(BURST):
        writer.add(n, 1200, now=START + n * 0.0002)
    assert writer.next_deadline() == START + BURST_INTERVAL_S


def test_a_feedback_after_a_pause_waits_for_the_packets_that_follow() -> None:
    writer = FeedbackWriter()
    writer.add(1, 1200, now=START)
    take(writer, START + MIN_INTERVAL_S)
    writer.add(2, 1200, now=START + 60)
    deadline = writer.next_deadline()
    assert deadline is not None
    assert START + 60 + MIN_INTERVAL_S <= deadline <= START + 60 + MAX_INTERVAL_S


def test_ten_thousand_packets_a_second_make_fifty_feedbacks() -> None:
    writer = FeedbackWriter()
    told = 0
    for n in range(10_000):
        now = START + n / 10_000
        deadline = writer.next_deadline()
        if deadline is not None and deadline <= now:
            told += len(take(writer, now))
        writer.add(n & 0xFFFF, 1200, now=now)
    assert 40 <= told <= 51


def test_a_burst_of_many_packets_is_split_into_packets_that_pass() -> None:
    writer = FeedbackWriter()
    for n in range(1500):
        writer.add(n, 1200, now=START + n * 0.1 / 1500)
    told = take(writer, START + 0.1)
    assert len(told) == 4
    assert [each.count for each in told] == [0, 1, 2, 3]
    assert len(numbers(told)) == 1500


def test_arrivals_far_apart_in_time_are_split() -> None:
    writer = FeedbackWriter()
    writer.add(1, 100, now=START)
    writer.add(2, 100, now=START + 9)
    told = take(writer, START + 9.1)
    assert len(told) == 2
    assert list(numbers(told)) == [1, 2]


def test_the_number_of_a_feedback_wraps() -> None:
    writer = FeedbackWriter()
    counts = []
    for n in range(300):
        writer.add(n, 100, now=START + 0.1 * n)
        counts += [each.count for each in take(writer, START + 0.1 * n)]
    assert counts == [n & 0xFF for n in range(300)]


def test_a_jump_begins_anew_and_what_is_too_old_is_not_told() -> None:
    writer = FeedbackWriter()
    writer.add(0, 100, now=START)
    writer.add(MAX_SPAN, 100, now=START)
    assert list(numbers(take(writer, START + 0.05))) == [MAX_SPAN]
    assert not writer.add(MAX_SPAN - KEPT, 100, now=START + 0.06)
    assert writer.next_deadline() is None
    writer.add(MAX_SPAN - KEPT + 1, 100, now=START + 0.07)
    assert len(numbers(take(writer, START + 0.2))) == KEPT


def test_the_reference_time_wraps_with_the_clock() -> None:
    writer = FeedbackWriter()
    for late, now in enumerate((0.064 * (2**23 - 0.5), 0.064 * 2**23 + 1, 0.064 * 2**24 + 1)):
        writer.add(late, 100, now=now)
        (told,) = take(writer, now + 0.05)
        assert -(2**23) <= told.reference < 2**23


SENT = st.lists(st.integers(0, 2500), min_size=1, max_size=300)


@given(SENT, st.integers(0, 0xFFFF), st.randoms(use_true_random=False))
def test_whatever_comes_all_of_it_is_told_and_nothing_else(
    steps: list[int], first: int, choice: random.Random
) -> None:
    writer = FeedbackWriter()
    came: set[int] = set()
    received: set[int] = set()
    number, now = first, START
    for step in steps:
        number += step % 40
        now += step / 50_000
        late = number - choice.choice((0, 0, 0, 3, 400, 600))
        if writer.add(late & 0xFFFF, 500, now=now):
            came.add(late & 0xFFFF)
        deadline = writer.next_deadline()
        if deadline is not None and deadline <= now:
            told = numbers(take(writer, now))
            received |= {n for n, at in told.items() if at is not None}
    received |= {n for n, at in numbers(take(writer, now)).items() if at is not None}
    assert received == came


@given(st.lists(st.integers(0, 0xFFFF), max_size=400))
def test_any_numbers_are_taken_within_bounds(sent: list[int]) -> None:
    writer = FeedbackWriter()
    for n, number in enumerate(sent):
        writer.add(number, 100, now=START + n * 0.001)
        if n % 50 == 49:
            told = take(writer, START + n * 0.001)
            assert sum(len(each.arrivals) for each in told) <= MAX_SPAN + KEPT
            assert len(writer._ticks) <= KEPT
