"""Groups of packets, and what feedback tells of them."""

from __future__ import annotations

import pytest

from app.rtp.sent_groups import MAX_GROUPS, SentGroup, SentGroups
from app.rtp.transport_feedback import REFERENCE_TICKS, TransportFeedback

TICK_S = 0.00025


def feedback(base: int, *arrivals: int | None, reference: int = 1000) -> TransportFeedback:
    return TransportFeedback(1, 2, base & 0xFFFF, 0, reference, arrivals)


def brief(group: SentGroup) -> tuple[int, int, int]:
    return group.first, group.arrived, group.lost


def test_a_frame_is_told_of_as_a_whole() -> None:
    groups = SentGroups()
    assert groups.sent(3, 3000, 1200, now=1.0) == 0
    assert groups.sent(2, 1500, 1200, now=1.033) == 3
    (first, second) = groups.read(feedback(0, 0, 4, 8, None, 140), now=1.1)
    assert brief(first) == (0, 3, 0)
    assert (first.sent_at, first.size, first.first_size) == (1.0, 3000, 1200)
    zero = 1000 * REFERENCE_TICKS * TICK_S
    assert first.first_at == pytest.approx(zero)
    assert first.last_at == pytest.approx(zero + 8 * TICK_S)
    assert brief(second) == (3, 1, 1)
    assert second.first_at == second.last_at == pytest.approx(zero + 140 * TICK_S)
    assert groups.rtt_s == pytest.approx(1.1 - 1.033)
    assert list(groups.waiting()) == []


def test_a_frame_that_two_feedbacks_tell_of_is_done_with_the_second() -> None:
    groups = SentGroups()
    groups.sent(4, 4000, 1000, now=1.0)
    assert groups.read(feedback(0, 0, 4), now=1.05) == []
    (done,) = groups.read(feedback(2, None, 0, reference=1001), now=1.1)
    assert brief(done) == (0, 3, 1)
    assert done.last_at - done.first_at == pytest.approx(REFERENCE_TICKS * TICK_S)


def test_what_is_told_twice_counts_once() -> None:
    groups = SentGroups()
    groups.sent(2, 2000, 1000, now=1.0)
    assert len(groups.read(feedback(0, 0, 1), now=1.05)) == 1
    assert groups.read(feedback(0, 0, 1), now=1.06) == []


def test_a_lost_feedback_leaves_its_groups_out() -> None:
    groups = SentGroups()
    for number in range(4):
        groups.sent(2, 2000, 1000, now=1.0 + number / 30)
    done = groups.read(feedback(4, 0, 1, 2, 3), now=1.2)
    assert [brief(each) for each in done] == [(4, 2, 0), (6, 2, 0)]
    assert list(groups.waiting()) == []


def test_packets_that_changed_places_are_taken_by_their_times() -> None:
    groups = SentGroups()
    groups.sent(3, 3000, 1000, now=1.0)
    (done,) = groups.read(feedback(0, 0, 9, 5), now=1.05)
    assert done.last_at - done.first_at == pytest.approx(9 * TICK_S)


def test_numbers_and_times_wrap() -> None:
    groups = SentGroups()
    sent, numbers = 0, []
    while sent < 70_000:
        numbers.append(groups.sent(7, 7000, 1000, now=sent / 1000))
        sent += 7
        if sent % 700 == 0:
            done = groups.read(feedback(sent - 700, *range(700)), now=sent / 1000)
            assert sum(each.arrived for each in done) == 700
    assert max(numbers) <= 0xFFFF
    assert numbers[-1] == (sent - 7) & 0xFFFF
    # The reference time has 24 bits of 64 ms.
    groups.sent(1, 100, 100, now=100.0)
    groups.sent(1, 100, 100, now=100.1)
    (before,) = groups.read(feedback(sent, 0, reference=0xFFFFFF), now=100.1)
    (after,) = groups.read(feedback(sent + 1, 0, reference=0), now=100.2)
    assert after.first_at - before.first_at == pytest.approx(REFERENCE_TICKS * TICK_S)


def test_without_feedback_the_oldest_go() -> None:
    groups = SentGroups()
    for number in range(MAX_GROUPS + 10):
        groups.sent(1, 100, 100, now=float(number))
    waiting = list(groups.waiting())
    assert len(waiting) == MAX_GROUPS
    assert waiting[0].first == 10


def test_feedback_about_nothing_that_was_sent_does_no_harm() -> None:
    groups = SentGroups()
    assert groups.read(feedback(0, 0, 1, 2), now=1.0) == []
    groups.sent(2, 2000, 1000, now=1.0)
    assert groups.read(feedback(40_000, 0, 1, 2), now=1.0) == []
    assert len(list(groups.waiting())) == 1
