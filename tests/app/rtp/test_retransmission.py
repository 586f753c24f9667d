from __future__ import annotations

import random

import pytest

from app.rtp.retransmission import (
    GIVE_UP_S,
    HOPELESS_S,
    MAX_GIVE_UP_S,
    MAX_NACK_S,
    MAX_NACKS,
    MIN_NACK_S,
    UNANSWERED,
    NackGenerator,
    RoundTripEstimator,
)


def test_the_first_measurement_counts_whole_and_later_ones_little() -> None:
    trip = RoundTripEstimator()
    trip.add(0.2)
    assert trip.smoothed_s == 0.2
    trip.add(0.04)
    assert trip.smoothed_s == pytest.approx(0.18)
    assert trip.expected_s > trip.smoothed_s


def test_a_steady_round_trip_is_expected_as_it_is() -> None:
    trip = RoundTripEstimator()
    for _ in range(50):
        trip.add(0.08)
    assert trip.expected_s == pytest.approx(0.08, rel=0.01)


def test_requests_are_a_round_trip_apart() -> None:
    nacks = NackGenerator()
    for _ in range(50):
        nacks.round_trip.add(0.1)
    nacks.add_missing(5, 6, now=1.0)
    asked = [n / 1000 for n in range(1000, 1240) if nacks.take_nacks(now=n / 1000) == [5]]
    assert asked == pytest.approx([1.0, 1.1, 1.2], abs=0.003)


def test_by_the_first_measurement_a_packet_is_asked_for_thrice_before_it_is_given_up() -> None:
    nacks = NackGenerator()
    nacks.round_trip.add(0.1)
    assert nacks.round_trip.expected_s == pytest.approx(0.15)  # RFC 6298 section 2 would say 0.3
    nacks.add_missing(5, 6, now=1.0)
    times_s = [1.0 + n / 1000 for n in range(1000)]
    gone_s = next(now for now in times_s if nacks.overdue(now=now) == 5)
    asked = [now for now in times_s if now < gone_s and nacks.take_nacks(now=now) == [5]]
    assert asked == pytest.approx([1.0, 1.15, 1.3], abs=0.003)


@pytest.mark.parametrize(
    "sample_s,least,most", [(1e-6, MIN_NACK_S, 0.021), (5.0, 0.29, MAX_NACK_S)]
)
def test_they_are_never_too_dense_nor_too_rare(sample_s: float, least: float, most: float) -> None:
    nacks = NackGenerator()
    for _ in range(50):
        nacks.round_trip.add(sample_s)
    nacks.add_missing(5, 6, now=0.0)
    nacks.take_nacks(now=0.0)
    deadline = nacks.next_deadline()
    assert deadline is not None
    assert least <= deadline <= most


def test_what_came_after_one_request_tells_the_round_trip_and_after_two_it_does_not() -> None:
    nacks = NackGenerator()
    nacks.add_missing(5, 7, now=1.0)
    nacks.take_nacks(now=1.0)
    nacks.on_arrival(5, now=1.03)
    assert nacks.round_trip.smoothed_s == pytest.approx(0.03)
    nacks.take_nacks(now=1.06)
    nacks.on_arrival(6, now=1.5)
    assert nacks.round_trip.smoothed_s == pytest.approx(0.03)


def test_a_packet_is_given_up_after_a_while_that_a_long_round_trip_stretches() -> None:
    for sample_s, expected_s in ((0.01, GIVE_UP_S), (0.1, 0.45), (3.0, MAX_GIVE_UP_S)):
        nacks = NackGenerator()
        nacks.round_trip.add(sample_s)
        nacks.add_missing(5, 8, now=1.0)
        nacks.add_missing(9, 10, now=1.1)
        assert nacks.overdue(now=0.99 + expected_s) is None
        assert nacks.overdue(now=1.001 + expected_s) == 7
        assert nacks.overdue(now=1.2 + expected_s) == 9


def test_what_is_forgotten_is_asked_for_no_more() -> None:
    nacks = NackGenerator()
    nacks.add_missing(0, 100, now=0.0)
    assert nacks.take_nacks(now=0.0) == list(range(MAX_NACKS))
    assert nacks.forget_below(90) == 90
    assert nacks.take_nacks(now=0.001) == list(range(90, 100))
    assert nacks.forget_all() == 10
    assert nacks.take_nacks(now=10.0) == []
    assert nacks.next_deadline() is None


def test_whatever_is_lost_it_is_asked_for_until_it_comes_or_is_given_up() -> None:
    of = random.Random(3)
    nacks, number, now = NackGenerator(), 0, 0.0
    missing: set[int] = set()
    for _ in range(3000):
        now += of.random() / 100
        gap = of.choice((0, 0, 0, 1, 2, 40))
        nacks.add_missing(number, number + gap, now=now)
        missing |= set(range(number, number + gap))
        number += gap + 1
        assert set(nacks.take_nacks(now=now)) <= missing
        for found in of.sample(sorted(missing), min(len(missing), of.randrange(4))):
            nacks.on_arrival(found, now=now)
            missing.discard(found)
        overdue = nacks.overdue(now=now)
        if overdue is not None:
            gone = {n for n in missing if n <= overdue}
            assert nacks.forget_below(overdue + 1) == len(gone)
            missing -= gone
        assert len(nacks) == len(missing)
        assert (nacks.next_deadline() is None) == (not missing)


def lose(nacks: NackGenerator, number: int, *, now: float) -> float:
    """Loses a packet whose requests nobody answers; returns how long it was waited for."""
    nacks.add_missing(number, number + 1, now=now)
    waited = 0.0
    while nacks.overdue(now=now + waited) is None:
        nacks.take_nacks(now=now + waited)
        waited += 0.005
    nacks.forget_below(number + 1)
    return waited


def test_a_publisher_that_never_answers_is_waited_for_no_longer() -> None:
    nacks = NackGenerator()
    waits = [lose(nacks, number, now=float(number)) for number in range(UNANSWERED + 3)]
    assert waits[:UNANSWERED] == pytest.approx([GIVE_UP_S] * UNANSWERED, abs=0.01)
    assert waits[UNANSWERED:] == pytest.approx([HOPELESS_S] * 3, abs=0.01)


def test_it_is_waited_for_again_once_something_comes_in_time_or_late() -> None:
    for comes in ("late", "in time"):
        nacks = NackGenerator()
        for number in range(UNANSWERED):
            lose(nacks, number, now=float(number))
        if comes == "late":
            nacks.on_late()
        else:
            nacks.add_missing(50, 51, now=50.0)
            nacks.take_nacks(now=50.0)
            nacks.on_arrival(50, now=50.03)
        assert lose(nacks, 60, now=60.0) > GIVE_UP_S - 0.01


def test_what_was_not_asked_for_is_no_lack_of_answers() -> None:
    nacks = NackGenerator()
    nacks.add_missing(0, 3 * MAX_NACKS, now=0.0)
    nacks.forget_all()
    for first in range(0, 100, 10):
        nacks.add_missing(first, first + 10, now=0.0)
        nacks.forget_below(first + 10)
    assert lose(nacks, 200, now=1.0) > GIVE_UP_S - 0.01
