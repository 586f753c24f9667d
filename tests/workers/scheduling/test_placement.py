from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.free_workers import FreeWorker
from workers.scheduling.placement import (
    BUSY,
    MAX_HOLD_S,
    MIN_RELIEF,
    LaneLoad,
    Place,
    PlacementPolicy,
    Relief,
    best_of,
    fullness,
)


def free(name: str, capacity: float = 2.0, load: float = 0.0, rtt_ms: float = 0.0) -> FreeWorker:
    return FreeWorker(name=name, capacity=capacity, load=load, rtt_ms=rtt_ms)


def composer(name: str, capacity: float = 4.0, load: float = 0.0) -> FreeWorker:
    return FreeWorker(name=name, capacity=capacity, load=load, composes=True)


def held(*loads: float, watched: bool = True) -> list[LaneLoad]:
    return [LaneLoad(f"{number}-0", load, watched, load) for number, load in enumerate(loads)]


def test_a_full_worker_hands_its_smallest_rendition_to_an_empty_one() -> None:
    placement = PlacementPolicy("a", 2.0)
    assert placement.relieve(held(1.0, 0.5, 1.0), [free("b")], now=0.0) == Relief("1-0", "b")


def test_what_is_watched_is_relieved_before_what_is_not() -> None:
    jobs = [LaneLoad("1-0", 0.6, False, 0.6), *held(0.0, 0.0, 1.0, 1.0)[2:]]
    assert PlacementPolicy("a", 2.0).relieve(jobs, [free("b")], now=0.0) == Relief("2-0", "b")


def test_a_worker_that_is_not_busy_hands_nothing_over() -> None:
    placement = PlacementPolicy("a", 2.0)
    assert not placement.should_relieve(BUSY * 2.0, now=0.0)
    assert placement.relieve(held(0.9, 0.9), [free("b")], now=0.0) is None


def test_the_only_rendition_goes_to_a_worker_that_holds_it_better() -> None:
    placement = PlacementPolicy("a", 1.0)
    assert placement.relieve(held(4.0), [free("b", 8.0)], now=0.0) == Relief("0-0", "b")
    assert placement.relieve(held(0.95), [free("b", 1.1)], now=1.0) is None


def test_a_worker_seeks_relief_once_in_a_while() -> None:
    placement = PlacementPolicy("a", 2.0)
    assert placement.should_relieve(3.0, now=0.0)
    placement.relieve(held(1.0, 2.0), [], now=0.0)
    assert not placement.should_relieve(3.0, now=MAX_HOLD_S - 0.01)
    assert placement.should_relieve(3.0, now=MAX_HOLD_S)


def test_nothing_goes_where_it_does_not_fit() -> None:
    placement = PlacementPolicy("a", 2.0)
    assert placement.relieve(held(1.5, 1.5), [free("b", 2.0, 0.6)], now=0.0) is None
    assert best_of([free("b", 1.0, 0.6), free("c", 1.0, 0.5)], 0.5, but="a") == free("c", 1.0, 0.5)
    assert best_of([free("a")], 0.5, but="a") is None
    assert best_of([], 0.5, but="a") is None


def test_a_near_worker_is_chosen_before_a_far_one_that_is_as_empty() -> None:
    near, far = free("near", load=0.2), free("far", rtt_ms=40.0)
    assert best_of([far, near], 0.5, but="a") == near
    assert best_of([free("near", load=1.0), far], 0.5, but="a") == far


def test_of_workers_that_are_as_empty_the_one_that_was_drawn_first_is_chosen() -> None:
    """By name all who ask at a time would choose the same."""
    names = ["c", "a", "b"]
    assert best_of([free(name) for name in names], 0.5, but="x") == free("c")
    assert best_of([free(name) for name in reversed(names)], 0.5, but="x") == free("b")


def test_a_far_worker_hands_what_it_claimed_to_a_near_one() -> None:
    placement = PlacementPolicy("far", 2.0, place=Place.FAR)
    assert placement.forward(0.0, 0.5, [free("near"), free("b", rtt_ms=9.0)]) == free("near")
    assert placement.forward(0.0, 0.5, [free("near", load=1.4)]) is None
    assert PlacementPolicy("near", 2.0).forward(0.0, 0.5, [free("far", rtt_ms=40.0)]) is None


def test_a_far_lead_hands_over_once_a_near_worker_has_space() -> None:
    placement = PlacementPolicy("far", 4.0, place=Place.FAR)
    assert placement.should_relieve(0.5, now=0.0)
    assert not placement.should_relieve(0.0, now=0.0)
    assert placement.relieve(held(0.5), [free("b", rtt_ms=9.0)], now=0.0) is None
    assert placement.relieve(held(0.5), [free("near", load=1.4)], now=1.0) is None
    assert placement.relieve(held(0.5), [free("near")], now=2.0) == Relief("0-0", "near")
    assert placement.relieve(held(0.5), [composer("c")], now=3.0) == Relief("0-0", "c")


def test_a_composer_gives_what_it_has_to_workers_of_the_site_that_run_nets() -> None:
    placement = PlacementPolicy("c", 4.0, place=Place.COMPOSER)
    assert placement.should_relieve(0.5, now=0.0)
    assert placement.relieve(held(0.5), [free("b")], now=0.0) == Relief("0-0", "b")
    assert placement.forward(0.0, 0.5, [free("b")]) == free("b")
    # Not to one that it would make busy, to a far one, or to another composer.
    for other in (free("b", load=1.4), free("far", 9.0, rtt_ms=20.0), composer("d")):
        assert placement.relieve(held(0.5), [other], now=1.0) is None
        assert placement.forward(0.0, 0.5, [other]) is None


def test_a_composer_reckons_with_what_a_copied_stream_is_to_whoever_enhances_it() -> None:
    placement = PlacementPolicy("c", 4.0, place=Place.COMPOSER)
    copied = [LaneLoad("0-0", 0.02, True, 1.0)]
    assert placement.relieve(copied, [free("weak", 0.7)], now=0.0) is None
    assert placement.relieve(copied, [free("b")], now=1.0) == Relief("0-0", "b")
    # Nobody watches it, so it is well where it is.
    idle = [LaneLoad("0-0", 0.02, False, 0.02)]
    assert placement.relieve(idle, [free("b")], now=2.0) is None


def test_a_composer_that_is_busy_hands_over_as_all_do() -> None:
    placement = PlacementPolicy("c", 2.0, place=Place.COMPOSER)
    far = free("far", 9.0, rtt_ms=20.0)
    assert placement.relieve(held(1.0, 1.0), [far], now=0.0) == Relief("0-0", "far")


def test_what_moved_for_its_place_does_not_come_back() -> None:
    far, near = PlacementPolicy("far", 4.0, place=Place.FAR), PlacementPolicy("near", 2.0)
    # Near was busy, and handed one over; now it has exactly the space that this one left.
    assert near.relieve(held(1.0, 1.0), [free("far", 4.0, rtt_ms=20.0)], now=0.0) is not None
    assert far.relieve(held(1.0), [free("near", load=1.0)], now=0.5) is None


def test_a_claimed_job_goes_to_a_much_emptier_worker_only() -> None:
    placement = PlacementPolicy("a", 2.0)
    assert placement.forward(1.0, 1.0, [free("b")]) == free("b")
    assert placement.forward(0.2, 1.0, [free("b")]) is None


def test_a_device_without_capacity_is_full() -> None:
    assert fullness(0.0, 1.0) >= 10.0
    assert fullness(0.0, 0.0) == 0.0


LOADS = st.floats(0.02, 4.0)


@given(
    st.floats(0.1, 8.0),
    st.lists(LOADS, max_size=8),
    st.lists(
        st.tuples(st.floats(0.1, 8.0), st.floats(0.0, 8.0), st.floats(0.0, 300.0)), max_size=8
    ),
)
def test_a_hand_over_always_relieves_the_fuller_worker(
    capacity: float, loads: list[float], others: list[tuple[float, float, float]]
) -> None:
    workers = [free(f"w{number}", *each) for number, each in enumerate(others)]
    jobs = held(*loads)
    found = PlacementPolicy("a", capacity).relieve(jobs, workers, now=0.0)
    if found is None:
        return
    (job,) = [each for each in jobs if each.entry == found.entry]
    (target,) = [each for each in workers if each.name == found.to]
    before = sum(loads) / capacity
    there = fullness(target.capacity, target.load + job.load, target.rtt_ms)
    assert target.load + job.load <= target.capacity
    assert before - max((sum(loads) - job.load) / capacity, there) >= MIN_RELIEF - 1e-9


def spread(workers: int, jobs: int, *, seed: int) -> list[list[LaneLoad]]:
    """All jobs claimed by one worker at first, as when the others join; then hand-overs alone."""
    chance = random.Random(seed)
    have: list[list[LaneLoad]] = [held(*[0.5] * jobs), *([] for _ in range(workers - 1))]
    policies = [PlacementPolicy(f"w{number}", 2.0) for number in range(workers)]
    now = 0.0
    for _ in range(4 * jobs):
        now += MAX_HOLD_S
        for mine, policy in zip(have, policies, strict=True):
            load = sum(each.load for each in mine)
            if not policy.should_relieve(load, now=now):
                continue
            names = chance.sample(range(workers), min(8, workers))
            seen = [free(f"w{n}", 2.0, sum(each.load for each in have[n])) for n in names]
            found = policy.relieve(mine, seen, now=now)
            if found is not None:
                (job,) = [each for each in mine if each.entry == found.entry]
                mine.remove(job)
                have[int(found.to[1:])].append(job)
    return have


@pytest.mark.parametrize("seed", range(5))
def test_workers_that_join_relieve_a_full_one_until_all_fit(seed: int) -> None:
    have = spread(8, 24, seed=seed)
    assert sum(len(each) for each in have) == 24
    assert max(sum(job.load for job in each) for each in have) <= 2.0


def test_two_workers_do_not_hand_the_same_rendition_to_and_fro() -> None:
    one, other = PlacementPolicy("a", 1.0), PlacementPolicy("b", 1.0)
    jobs = held(0.5, 0.5, 0.5)
    found = one.relieve(jobs, [free("b", 1.0)], now=0.0)
    assert found is not None
    (moved,) = [job for job in jobs if job.entry == found.entry]
    rest = [job for job in jobs if job is not moved]
    load = sum(job.load for job in rest)
    assert other.relieve([moved], [free("a", 1.0, load)], now=MAX_HOLD_S) is None
    assert one.relieve(rest, [free("b", 1.0, moved.load)], now=MAX_HOLD_S) is None


def test_a_worker_that_is_half_empty_keeps_what_it_claimed() -> None:
    assert PlacementPolicy("a", 4.0).forward(0.9, 1.0, [free("b", 4.0)]) is None
    assert PlacementPolicy("a", 4.0).forward(1.1, 1.0, [free("b", 4.0)]) == free("b", 4.0)
