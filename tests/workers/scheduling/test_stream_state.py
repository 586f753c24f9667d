from __future__ import annotations

import dataclasses
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.scheduling.allocation import Allocation
from workers.scheduling.decision import Decision, FrameRequest, Reason, Usage
from workers.scheduling.degradation import MIN_REFRESH_RATIO, UP_AFTER_S
from workers.scheduling.option import MAX_FRACTION, MethodInfo
from workers.scheduling.resource_budget import ResourceBudget
from workers.scheduling.stream_state import (
    MAX_PROBE_PART,
    MAX_TRIAL_EVERY_S,
    MIN_RATIO_TO_START,
    MIN_RATIO_TO_STAY,
    PRIOR_CHANGE,
    PROBE_EVERY_S,
    PROBE_WAITING_EVERY_S,
    PROOF_S,
    TRIAL_EVERY_S,
    TRIAL_PRICE,
    TRIAL_S,
    StreamState,
    demand_of,
)

from .levels import BICUBIC, FULL, METHODS, SMALL, TEMPORAL, request, took

BUDGET = ResourceBudget.of(threads=0)
ALL = frozenset((FULL, TEMPORAL, SMALL))
NO_SMALL = frozenset((FULL, TEMPORAL))


def state(methods: tuple[MethodInfo, ...] = METHODS) -> StreamState:
    """A stream whose nets take 20, 10 and, without any fraction, 2 ms."""
    made = StreamState(methods, threads=0)
    made.costs.expect(FULL, 0.020)
    made.costs.expect(SMALL, 0.010)
    made.costs.expect(TEMPORAL, 0.002)
    return made


def show(
    stream: StreamState,
    methods: frozenset[MethodInfo] = NO_SMALL,
    *,
    now: float = 1.0,
    count: int = 1,
    last: MethodInfo | None = FULL,
    wanted: float = 0.2,
    energy: float | None = 1.0,
    fps: float = 30.0,
) -> FrameRequest:
    """Frames that can have ``methods``; the one before each got ``last``."""
    for _ in range(count):
        stream.last = last
        frame = request(stream.costs, now, methods, wanted=wanted, energy=energy, fps=fps)
        stream.observe(frame, now=now)
    return frame


def test_methods_are_sorted_by_quality_and_the_free_one_is_the_fallback() -> None:
    stream = state((FULL, BICUBIC, TEMPORAL, SMALL))
    assert stream.methods == (BICUBIC, SMALL, TEMPORAL, FULL)
    assert (stream.best, stream.partial, stream.fallback) == (FULL, TEMPORAL, BICUBIC)
    assert state((BICUBIC, FULL)).partial is None


def test_a_stream_begins_with_a_net_and_turns_count_from_each_change() -> None:
    stream = state()
    assert stream.has_net and stream.turn_since == 0.0
    stream.apply(Allocation(FULL, 500.0), now=3.0)
    assert stream.turn_since == 0.0
    stream.apply(Allocation(None, 0.0, takes_turns=True), now=5.0)
    assert not stream.has_net and stream.turn_since == 5.0
    # Up only after the better allocation has lasted.
    stream.apply(Allocation(TEMPORAL, 100.0), now=6.0)
    assert not stream.has_net
    stream.apply(Allocation(TEMPORAL, 100.0), now=6.0 + UP_AFTER_S)
    assert stream.has_net and stream.turn_since == 6.0 + UP_AFTER_S


def test_the_wanted_fraction_follows_the_frames_that_could_propagate() -> None:
    stream = state()
    assert stream.wanted == PRIOR_CHANGE
    show(stream, count=100, wanted=0.1)
    assert stream.wanted == pytest.approx(0.1, abs=0.001)
    show(stream, count=100, wanted=0.9, last=TEMPORAL)
    assert stream.wanted == pytest.approx(0.9, abs=0.001)


@pytest.mark.parametrize("last", [None, BICUBIC, SMALL])
def test_without_a_picture_to_go_on_from_the_fraction_slowly_returns_to_the_prior(
    last: MethodInfo | None,
) -> None:
    stream = state()
    show(stream, count=100, wanted=0.9)
    show(stream, last=last, wanted=0.9)
    assert stream.wanted == pytest.approx(0.9, abs=0.01)
    show(stream, count=69, last=last, wanted=0.9)
    assert stream.wanted == pytest.approx((0.9 + PRIOR_CHANGE) / 2, abs=0.01)


def test_a_frame_without_options_teaches_nothing_but_its_time() -> None:
    stream = state()
    show(stream, frozenset(), now=7.0, wanted=0.9, energy=9.0, fps=15.0)
    assert (stream.seen_at, stream.fps) == (7.0, 15.0)
    assert (stream.wanted, stream.energy, stream.steady) == (PRIOR_CHANGE, None, frozenset())


def test_the_first_energy_counts_whole_and_later_ones_a_tenth() -> None:
    stream = state()
    show(stream, energy=4.0)
    assert stream.energy == 4.0
    show(stream, energy=14.0)
    assert stream.energy == pytest.approx(5.0)
    show(stream, energy=None)
    assert stream.energy == pytest.approx(5.0)


def test_the_options_of_a_calm_frame_stay_over_a_scene_cut() -> None:
    stream = state()
    show(stream, ALL)
    assert stream.steady == ALL
    show(stream, frozenset((FULL, SMALL)))
    assert stream.steady == ALL
    # Partial work of which too much is wanted says no more than none.
    show(stream, NO_SMALL, wanted=MAX_FRACTION + 0.01)
    assert stream.steady == ALL
    show(stream, NO_SMALL, wanted=MAX_FRACTION)
    assert stream.steady == NO_SMALL


def test_without_partial_work_all_frames_options_count() -> None:
    stream = state((BICUBIC, SMALL, FULL))
    show(stream, frozenset((FULL, SMALL)))
    show(stream, frozenset((FULL,)))
    assert stream.steady == {FULL}


def test_a_probe_is_due_a_while_after_the_best_method_ran() -> None:
    stream = state()
    assert not stream.is_probe(100.0)
    stream.decided(Decision(SMALL), now=100.0)
    assert not stream.is_probe(100.0 + PROBE_EVERY_S - 0.01)
    assert stream.is_probe(100.0 + PROBE_EVERY_S)
    stream.decided(Decision(SMALL), now=104.0)
    assert stream.is_probe(100.0 + PROBE_EVERY_S)
    stream.decided(Decision(FULL, reason=Reason.PROBE), now=106.0)
    assert not stream.is_probe(106.0 + PROBE_EVERY_S - 0.01)


def test_a_stream_that_waits_for_its_turn_is_probed_seldom() -> None:
    stream = state()
    show(stream)
    stream.decided(Decision(FULL), now=0.0)
    stream.apply(Allocation(None, 0.0, takes_turns=True), now=0.0)
    assert not stream.is_probe(PROBE_WAITING_EVERY_S - 0.01)
    assert stream.is_probe(PROBE_WAITING_EVERY_S)


def test_a_net_that_takes_long_is_tried_less_often() -> None:
    stream = state()
    show(stream)
    stream.decided(Decision(FULL), now=0.0)
    for _ in range(20):
        stream.report(FULL, took(0.121, 0.120))
    every_s = 0.115 / MAX_PROBE_PART
    assert not stream.is_probe(PROBE_EVERY_S) and not stream.is_probe(0.9 * every_s)
    assert stream.is_probe(0.120 / MAX_PROBE_PART)


def test_forgetting_a_size_forgets_what_it_cost_and_not_who_watches() -> None:
    stream = state()
    show(stream, ALL)
    stream.watched = False
    stream.report(FULL, took(0.030, 0.025))
    stream.forget()
    assert stream.costs.usual_ms(FULL) is None
    assert stream.steady == frozenset() and stream.last is None
    assert not stream.watched


def test_a_stream_without_a_frame_has_no_demand() -> None:
    with pytest.raises(RuntimeError, match="without a frame"):
        demand_of(state(), 1.0, BUDGET, 0.0)


def test_a_demand_has_a_price_for_each_steady_net_worst_first_and_no_free_one() -> None:
    stream = state()
    show(stream, ALL, count=100, wanted=0.2)
    demand = demand_of(stream, 1.0, BUDGET, 9.0)
    assert list(demand.prices_ms) == [SMALL, TEMPORAL, FULL]
    assert demand.prices_ms[SMALL] == pytest.approx(10.0)
    assert demand.prices_ms[FULL] == demand.whole_ms == pytest.approx(20.0)
    assert demand.prices_ms[TEMPORAL] == pytest.approx(2.0 + 0.2 * 20.0, rel=0.01)
    assert (demand.fps, demand.turn_s, demand.level) == (30.0, 9.0, FULL)


def test_the_least_partial_work_depends_on_what_there_is_to_fall_back_to() -> None:
    stream = state()

    def least(methods: frozenset[MethodInfo]) -> float | None:
        show(stream, methods, count=200, wanted=0.2)
        return demand_of(stream, 1.0, BUDGET, 1.0).least_ms

    def price(ratio: float) -> object:
        return pytest.approx(2.0 + ratio * 0.2 * 20.0, rel=0.02)

    assert least(NO_SMALL) == price(MIN_RATIO_TO_STAY)
    assert least(ALL) == price(MIN_REFRESH_RATIO)
    stream.apply(Allocation(None, 0.0, takes_turns=True), now=1.0)
    assert least(NO_SMALL) == price(MIN_RATIO_TO_START)


def test_a_stream_that_cannot_propagate_has_no_least() -> None:
    stream = state((BICUBIC, SMALL, FULL))
    show(stream, frozenset((FULL, SMALL)))
    assert demand_of(stream, 1.0, BUDGET, 1.0).least_ms is None


def test_where_all_is_new_partial_work_is_not_demanded() -> None:
    stream = state()
    show(stream, NO_SMALL, wanted=0.5)
    show(stream, NO_SMALL, count=100, wanted=1.0)
    assert stream.wanted > MAX_FRACTION
    assert set(demand_of(stream, 1.0, BUDGET, 1.0).prices_ms) == {FULL}


@given(st.floats(0.0, 1e6), st.floats(1e-3, 1e3))
def test_no_stream_counts_more_than_four_times_or_less_than_a_quarter_of_the_usual(
    energy: float, usual: float
) -> None:
    stream = state()
    frame = show(stream, energy=energy)
    found = demand_of(stream, usual, BUDGET, 1.0).energy / (frame.pixels * stream.fps)
    assert usual / 4 * (1 - 1e-9) <= found <= usual * 4 * (1 + 1e-9)
    if usual / 4 <= energy <= usual * 4:
        assert found == pytest.approx(energy)


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=50))
def test_the_wanted_fraction_stays_a_fraction(wanted: list[float]) -> None:
    stream = state()
    for one in wanted:
        show(stream, wanted=one)
        assert 0.0 <= stream.wanted <= 1.0


def test_what_a_resize_takes_is_learnt_without_planning_and_without_helpers() -> None:
    stream = state()
    show(stream)
    stream.resized(Usage(0.004, 0.0, 0.0, cpu_s=0.003, plan_cpu_s=0.001))
    assert stream.costs.resize_s == pytest.approx(0.002)
    assert stream.request is not None
    stream.request = dataclasses.replace(stream.request, has_helpers=True)
    stream.resized(Usage(0.04, 0.0, 0.0, cpu_s=0.030))
    assert stream.costs.resize_s == pytest.approx(0.002)


def waiting() -> StreamState:
    """A stream that propagates and lost its net at 0 s."""
    stream = state()
    show(stream, now=0.0)
    stream.apply(Allocation(None, 0.0, takes_turns=True), now=0.0)
    return stream


def test_a_stream_without_a_net_tries_for_less_where_nobody_has_one() -> None:
    stream = waiting()

    def least(now: float, *, may_try: bool = True) -> float:
        found = demand_of(stream, 1.0, BUDGET, now, may_try=may_try).least_ms
        assert found is not None
        return found

    usual = least(TRIAL_EVERY_S - 0.1)
    assert least(TRIAL_EVERY_S, may_try=False) == pytest.approx(usual)
    begun = TRIAL_EVERY_S
    assert least(begun) == pytest.approx(TRIAL_PRICE * usual)
    assert least(begun + TRIAL_S - 0.1) == pytest.approx(TRIAL_PRICE * usual)
    assert least(begun + TRIAL_S) == pytest.approx(usual)
    # It failed; the next one comes after a pause that is twice as long.
    over = begun + TRIAL_S
    assert least(over + 2 * TRIAL_EVERY_S - 0.1) == pytest.approx(usual)
    assert least(over + 2 * TRIAL_EVERY_S) == pytest.approx(TRIAL_PRICE * usual)


def test_trials_that_fail_become_rare() -> None:
    stream, begun = waiting(), []
    for tenth in range(36_000):
        was_trying = tenth / 10 < stream.trial_until
        if stream.is_trial(tenth / 10, may_begin=True) and not was_trying:
            begun.append(tenth / 10)
    waits = [after - before - TRIAL_S for before, after in itertools.pairwise(begun)]
    assert waits[:3] == pytest.approx([12.0, 24.0, 48.0], abs=0.2)
    assert max(waits) == pytest.approx(MAX_TRIAL_EVERY_S, abs=0.2)


def test_a_frame_by_a_net_tells_that_there_is_time_for_it_unless_it_was_tried() -> None:
    stream = waiting()
    for second in range(1, 9):
        show(stream, now=second / 2)
    assert stream.unserved_s == 4.0
    assert not stream.served(Decision(FULL, reason=Reason.PROBE), now=4.0)
    stream.trial_until = 4.5
    assert not stream.served(Decision(TEMPORAL), now=4.4) and stream.unserved_s == 4.0
    # A stream keeps what it tried for a moment, whatever it costs.
    assert not stream.served(Decision(TEMPORAL), now=4.4 + PROOF_S) and stream.unserved_s == 4.0
    assert stream.served(Decision(TEMPORAL), now=4.5 + PROOF_S) and stream.unserved_s == 0.0


def test_time_counts_only_while_frames_come_that_nets_could_make() -> None:
    stream = waiting()
    show(stream, now=0.5)
    show(stream, now=2.5)
    assert stream.unserved_s == 0.0  # after a pause
    show(stream, now=3.0)
    assert stream.unserved_s == 0.5
    show(stream, frozenset(), now=3.2)
    assert stream.unserved_s == 0.0  # there is no net
    stream.watched = False
    show(stream, now=3.7)
    assert stream.unserved_s == 0.0


def test_what_was_waited_for_before_a_stream_was_copied_does_not_count() -> None:
    stream = waiting()
    for second in range(1, 9):
        show(stream, now=second / 2)
    assert stream.unserved_s == 4.0
    stream.forget()
    assert stream.unserved_s == 0.0
    fresh = state()
    fresh.forget()
    assert fresh.unserved_s == 0.0
