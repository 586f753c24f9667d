"""The model of a path, in virtual time."""

from __future__ import annotations

import itertools
import random

import pytest

from benchmarks.network.conditions import Conditions
from benchmarks.network.path import EmulatedPath, LossModel

PACKET = bytes(1000)
MBIT = 1e6


def arrivals(path: EmulatedPath, until: float = 1e9) -> list[float]:
    """Takes all that arrives, packet by packet, and returns when."""
    found = []
    while (deadline := path.next_deadline) is not None and deadline <= until:
        found += [deadline] * len(path.due(now=deadline))
    return found


def test_a_packet_takes_its_time_at_the_bottleneck_and_the_delay() -> None:
    path = EmulatedPath(Conditions(rate_bps=8 * MBIT, delay_s=0.02))
    path.send(PACKET, now=5.0)
    path.send(PACKET, now=5.0)
    path.send(PACKET, now=6.0)
    assert arrivals(path) == pytest.approx([5.021, 5.022, 6.021])
    assert path.counters.passed == 3
    assert path.counters.passed_bytes == 3000
    assert path.next_deadline is None


def test_nothing_arrives_before_its_time() -> None:
    path = EmulatedPath(Conditions(delay_s=0.02))
    path.send(PACKET, now=1.0)
    assert path.due(now=1.019) == []
    assert path.due(now=1.021) == [PACKET]
    assert path.due(now=9.0) == []


def test_a_packet_that_would_wait_too_long_is_dropped() -> None:
    path = EmulatedPath(Conditions(rate_bps=8 * MBIT, queue_s=0.01))
    for _ in range(30):
        path.send(PACKET, now=1.0)
    assert path.queue_s(now=1.0) == pytest.approx(0.011)
    assert path.queue_s(now=2.0) == 0.0
    assert len(arrivals(path)) == 11
    assert path.counters.overflowed == 19
    assert path.counters.sent == 30


@pytest.mark.parametrize("burst_packets", [1.0, 4.0])
@pytest.mark.parametrize("loss", [0.02, 0.1, 0.6])
def test_so_many_are_lost_as_the_conditions_say(loss: float, burst_packets: float) -> None:
    path = EmulatedPath(Conditions(loss=loss, burst_packets=burst_packets))
    for number in range(40_000):
        path.send(b"x", now=number * 0.001)
        path.due(now=number * 0.001)
    arrivals(path)
    assert path.counters.lost / 40_000 == pytest.approx(loss, rel=0.3)
    assert path.counters.lost + path.counters.passed == 40_000


@pytest.mark.parametrize("burst_packets", [1.0, 2.0, 8.0])
def test_runs_of_losses_have_the_mean_length_that_is_asked_for(burst_packets: float) -> None:
    model = LossModel(0.02, burst_packets, random.Random(1))
    fates = [model.is_lost() for _ in range(200_000)]
    runs = [len(list(group)) for is_lost, group in itertools.groupby(fates) if is_lost]
    assert sum(runs) / len(runs) == pytest.approx(max(burst_packets, 1.02), rel=0.1)


def test_a_lost_packet_took_its_place_on_the_bottleneck() -> None:
    path = EmulatedPath(Conditions(rate_bps=8 * MBIT, loss=0.9), seed=3)
    for _ in range(50):
        path.send(PACKET, now=1.0)
    assert path.queue_s(now=1.0) == pytest.approx(0.05)
    assert all(arrived == pytest.approx(round(arrived, 3)) for arrived in arrivals(path))


def test_jitter_strays_evenly_and_keeps_the_order() -> None:
    path = EmulatedPath(Conditions(delay_s=0.02, jitter_s=0.01))
    for number in range(2000):
        path.send(number.to_bytes(4, "big"), now=number * 0.1)
    got = []
    ages = []
    while (deadline := path.next_deadline) is not None:
        for packet in path.due(now=deadline):
            number = int.from_bytes(packet, "big")
            got.append(number)
            ages.append(deadline - number * 0.1)
    assert got == list(range(2000))
    assert min(ages) == pytest.approx(0.01, abs=0.001)
    assert max(ages) == pytest.approx(0.03, abs=0.001)
    assert sum(ages) / len(ages) == pytest.approx(0.02, abs=0.001)


@pytest.mark.parametrize("keeps_order", [True, False])
def test_jitter_changes_the_order_only_where_it_may(keeps_order: bool) -> None:
    path = EmulatedPath(Conditions(delay_s=0.02, jitter_s=0.01, keeps_order=keeps_order))
    for number in range(300):
        path.send(number.to_bytes(4, "big"), now=number * 0.001)
    got = [int.from_bytes(packet, "big") for packet in path.due(now=9.0)]
    assert sorted(got) == list(range(300))
    assert (got == sorted(got)) is keeps_order


def test_a_lost_packet_holds_up_none_behind_it() -> None:
    path = EmulatedPath(Conditions(delay_s=0.02, jitter_s=0.02, loss=0.5))
    for number in range(200):
        path.send(PACKET, now=number * 0.1)
    assert max(arrived % 0.1 for arrived in arrivals(path)) <= 0.0401


def test_no_jitter_is_larger_than_the_delay() -> None:
    path = EmulatedPath(Conditions(delay_s=0.001, jitter_s=0.01))
    for number in range(200):
        path.send(PACKET, now=float(number))
    assert min(arrived % 1.0 for arrived in arrivals(path)) >= 0.0


def test_what_waits_goes_by_the_new_rate() -> None:
    path = EmulatedPath(Conditions(rate_bps=8 * MBIT, delay_s=0.02))
    for _ in range(10):
        path.send(PACKET, now=1.0)
    path.change(Conditions(rate_bps=0.8 * MBIT, delay_s=0.02), now=1.0051)
    found = arrivals(path)
    assert found[:5] == pytest.approx([1.021, 1.022, 1.023, 1.024, 1.025])
    assert found[5:] == pytest.approx([1.0351, 1.0451, 1.0551, 1.0651, 1.0751])
    assert path.counters.sent == 10


def test_a_rate_that_rises_again_empties_the_queue_sooner() -> None:
    path = EmulatedPath(Conditions(rate_bps=0.8 * MBIT))
    for _ in range(10):
        path.send(PACKET, now=1.0)
    path.change(Conditions(rate_bps=80 * MBIT), now=1.015)
    assert arrivals(path)[-1] == pytest.approx(1.0159)
    path.send(PACKET, now=2.0)
    assert arrivals(path) == pytest.approx([2.0001])


def test_nothing_passes_a_cut_path_and_what_was_on_its_way_is_lost() -> None:
    conditions = Conditions(rate_bps=8 * MBIT, delay_s=0.02)
    path = EmulatedPath(conditions)
    for _ in range(4):
        path.send(PACKET, now=1.0)
    path.change(conditions.but(is_cut=True), now=1.01)
    path.send(PACKET, now=1.5)
    assert path.next_deadline is None
    assert path.counters.cut == 5
    path.change(conditions, now=2.0)
    path.send(PACKET, now=2.0)
    assert arrivals(path) == pytest.approx([2.021])


def test_a_path_with_one_seed_does_the_same_again() -> None:
    def run(seed: int) -> list[float]:
        path = EmulatedPath(Conditions(delay_s=0.02, jitter_s=0.01, loss=0.3), seed=seed)
        for number in range(100):
            path.send(PACKET, now=float(number))
        return arrivals(path)

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_losses_go_on_as_before_when_only_the_rate_changes() -> None:
    conditions = Conditions(loss=0.02, burst_packets=1000.0)
    path = EmulatedPath(conditions, seed=1)
    number = 0.0
    while path.counters.lost < 5:
        number += 1
        path.send(PACKET, now=number)
        path.due(now=number + 0.5)
    path.change(conditions.but(rate_bps=5 * MBIT), now=number + 0.6)
    before = path.counters.passed
    for each in range(10):
        path.send(PACKET, now=number + each + 1)
    arrivals(path)
    assert path.counters.passed == before
