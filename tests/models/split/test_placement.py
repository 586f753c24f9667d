"""The placement of stages on devices, against trying everything."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.split.placement import (
    MAX_DEVICES,
    BranchCost,
    MeasuredDevice,
    Stage,
    StageRun,
    frame_time_s,
    joined,
    place_branches,
    place_chain,
)

FAST_LINK_BIT_S = 1e12


def chain(*macs: float, bits: float = 0.0) -> list[Stage]:
    return [Stage(f"s{n}", each, bits) for n, each in enumerate(macs)]


def part(stages: list[Stage], device: MeasuredDevice, run: StageRun) -> tuple[float, float]:
    """Period and latency of a run, written down anew."""
    compute = sum(stages[n].macs for n in range(run.first, run.end)) / device.macs_s
    into = 0.0 if run.first == 0 else stages[run.first - 1].passed_bits / device.bit_s
    out = stages[run.end - 1].passed_bits / device.bit_s
    hops = 1 if run.first == 0 else 2
    return max(compute, into, out), compute + into + out + hops * device.delay_s


def tried(stages: list[Stage], devices: list[MeasuredDevice]) -> tuple[float, float]:
    """The best period, and the best latency with it, of every order, number and set of cuts."""
    found = []
    for count in range(1, len(devices) + 1):
        for order in itertools.permutations(range(len(devices)), count):
            for cuts in itertools.combinations(range(1, len(stages)), count - 1):
                edges = [0, *cuts, len(stages)]
                runs = [
                    StageRun(d, a, b) for d, a, b in zip(order, edges[:-1], edges[1:], strict=True)
                ]
                parts = [part(stages, devices[run.device], run) for run in runs]
                found.append((max(p for p, _ in parts), sum(latency for _, latency in parts)))
    period = min(p for p, _ in found)
    return period, min(latency for p, latency in found if p <= period)


numbers = st.integers(1, 40).map(float)
stages_of_any_kind = st.lists(
    st.builds(Stage, st.just("s"), numbers, numbers), min_size=1, max_size=5
)
devices_of_any_kind = st.lists(
    st.builds(MeasuredDevice, numbers, numbers, numbers), min_size=1, max_size=3
)


@settings(max_examples=40, deadline=None)
@given(stages_of_any_kind, devices_of_any_kind)
def test_it_is_as_good_as_trying_every_placement(
    stages: list[Stage], devices: list[MeasuredDevice]
) -> None:
    found = place_chain(stages, devices)
    period, latency = tried(stages, devices)
    assert found.period_s == pytest.approx(period)
    assert found.latency_s == pytest.approx(latency)


@settings(max_examples=40, deadline=None)
@given(stages_of_any_kind, devices_of_any_kind)
def test_runs_cover_all_stages_once_on_different_devices(
    stages: list[Stage], devices: list[MeasuredDevice]
) -> None:
    runs = place_chain(stages, devices).runs
    assert [n for run in runs for n in range(run.first, run.end)] == list(range(len(stages)))
    assert len({run.device for run in runs}) == len(runs)


def test_equal_stages_on_equal_devices_are_balanced_so_that_none_waits() -> None:
    devices = [MeasuredDevice(10, FAST_LINK_BIT_S)] * 4
    found = place_chain(chain(*[10.0] * 8), devices)
    assert [run.end - run.first for run in found.runs] == [2, 2, 2, 2]
    assert found.period_s == pytest.approx(2.0)


def test_a_device_of_half_the_speed_gets_half_the_work() -> None:
    devices = [MeasuredDevice(20, FAST_LINK_BIT_S), MeasuredDevice(10, FAST_LINK_BIT_S)]
    found = place_chain(chain(*[10.0] * 6), devices)
    assert {run.device: run.end - run.first for run in found.runs} == {0: 4, 1: 2}


def test_links_that_are_too_slow_leave_the_net_on_the_fastest_device() -> None:
    devices = [MeasuredDevice(10, 1.0), MeasuredDevice(12, 1.0), MeasuredDevice(10, 1.0)]
    stages = [Stage("a", 10, 1000), Stage("b", 10, 1000), Stage("c", 10, 1)]
    assert place_chain(stages, devices).runs == (StageRun(1, 0, 3),)


def test_a_cut_goes_where_little_passes() -> None:
    devices = [MeasuredDevice(10, 10.0)] * 2
    stages = [Stage("a", 10, 5000), Stage("b", 10, 10), Stage("c", 10, 5000), Stage("d", 10, 1)]
    assert [run.end for run in place_chain(stages, devices).runs] == [2, 4]


def test_a_device_that_helps_nothing_is_left_out() -> None:
    devices = [MeasuredDevice(10, FAST_LINK_BIT_S), MeasuredDevice(0.1, FAST_LINK_BIT_S)]
    assert [run.device for run in place_chain(chain(10, 10), devices).runs] == [0]


def test_a_loop_stays_on_one_device() -> None:
    stages = [
        Stage("flow", 3, 1),
        Stage("trunk0", 10, 7, True),
        Stage("trunk1", 10, 7, True),
        Stage("trunk2", 10, 8, True),
        Stage("tail", 5, 1),
    ]
    whole = joined(stages)
    assert [(s.name, s.macs, s.passed_bits) for s in whole] == [
        ("flow", 3, 1),
        ("trunk0..trunk2", 30, 8),
        ("tail", 5, 1),
    ]
    # However many devices there are, the loop bounds the rate.
    devices = [MeasuredDevice(10, FAST_LINK_BIT_S)] * 5
    assert place_chain(whole, devices).period_s == pytest.approx(3.0)


def test_two_loops_stay_two() -> None:
    stages = [Stage("a", 1, 1, True), Stage("b", 1, 1), Stage("c", 1, 1, True)]
    assert joined(stages) == tuple(stages)


def test_what_cannot_be_placed_is_refused() -> None:
    with pytest.raises(ValueError, match="0 stages"):
        place_chain([], [MeasuredDevice(1, 1)])
    with pytest.raises(ValueError, match="0 devices"):
        place_chain(chain(1), [])
    with pytest.raises(ValueError, match="9 devices"):
        place_chain(chain(1), [MeasuredDevice(1, 1)] * (MAX_DEVICES + 1))
    with pytest.raises(ValueError, match="0 devices"):
        place_branches(1, {"a": BranchCost(1, 1, 1)}, 1, [])


BRANCHES = {
    "full": BranchCost(50, 80, 80),
    "half": BranchCost(20, 20, 20),
    "quarter": BranchCost(20, 5, 5),
}


def test_small_branches_go_where_the_large_one_is_not() -> None:
    devices = [MeasuredDevice(10, FAST_LINK_BIT_S), MeasuredDevice(10, FAST_LINK_BIT_S)]
    where, spent = place_branches(10, BRANCHES, 10, devices)
    assert where == {"full": 0, "half": 1, "quarter": 1}
    assert spent == pytest.approx(2 + 5)


def test_branches_stay_at_home_when_the_way_is_longer_than_the_work() -> None:
    devices = [MeasuredDevice(10, FAST_LINK_BIT_S, 2.0), MeasuredDevice(10, FAST_LINK_BIT_S, 2.0)]
    where, spent = place_branches(10, BRANCHES, 10, devices)
    assert set(where.values()) == {0}
    assert spent == pytest.approx(2 + 9)


def test_a_slow_link_keeps_the_branch_that_sends_much() -> None:
    devices = [MeasuredDevice(10, 20.0), MeasuredDevice(10, 20.0)]
    where, _ = place_branches(10, BRANCHES, 10, devices)
    assert where == {"full": 0, "half": 0, "quarter": 1}


def test_one_device_takes_the_sum() -> None:
    assert frame_time_s(chain(10, 20), MeasuredDevice(10, 1)) == pytest.approx(3.0)
    where, spent = place_branches(10, BRANCHES, 10, [MeasuredDevice(10, 1)])
    assert set(where.values()) == {0} and spent == pytest.approx(11.0)
