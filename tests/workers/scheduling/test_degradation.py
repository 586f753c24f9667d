from __future__ import annotations

import dataclasses

import pytest

from workers.scheduling.deadlines import MAX_AGE_S, MAX_LATENCY_S, MAX_NET_AGE_S
from workers.scheduling.decision import Decision, Reason
from workers.scheduling.degradation import (
    MIN_REFRESH_RATIO,
    UP_AFTER_S,
    DegradationPolicy,
    FrameContext,
)
from workers.scheduling.option import MAX_FRACTION, MethodInfo, PricedOption

from .levels import BICUBIC, FULL, SMALL, TEMPORAL

WHOLE = PricedOption(FULL, 20.0, 0.020)
LESSER = PricedOption(SMALL, 6.0, 0.006)
PARTIAL = PricedOption(TEMPORAL, 2.0 + 0.3 * 20.0, 0.003, fixed_ms=2.0, fraction_hold_s=0.020)
FPS = 30


def context(age_s: float = 0.0, *, wait_s: float = 0.0, wanted: float = 1.0) -> FrameContext:
    return FrameContext(
        age_s=age_s, wait_s=wait_s, interval_s=1 / FPS, wanted=wanted, whole_ms=20.0
    )


def policy(level: MethodInfo | None, ms_per_frame: float = 20.0) -> DegradationPolicy:
    """One that stands on a level; time begins at 0."""
    made = DegradationPolicy(FULL, BICUBIC)
    made.apply(level, ms_per_frame * FPS, now=0.0)
    return made


def test_the_best_option_in_time_is_taken() -> None:
    offers = [LESSER, WHOLE]
    assert policy(FULL).decide(offers, context(), now=0) == Decision(FULL)
    late = policy(FULL).decide(offers, context(MAX_NET_AGE_S - 0.010), now=0)
    assert late == Decision(SMALL, reason=Reason.LATE)
    later = policy(FULL).decide(offers, context(MAX_NET_AGE_S), now=0)
    assert later == Decision(BICUBIC, reason=Reason.LATE)


def test_waiting_for_the_engine_counts_and_has_its_own_reason() -> None:
    busy = policy(FULL).decide([WHOLE], context(0.010, wait_s=0.030), now=0)
    assert busy == Decision(BICUBIC, reason=Reason.BUSY)


@pytest.mark.parametrize("age_s", [0.0, 0.2])
@pytest.mark.parametrize("wanted", [0.0, 0.3, 1.0])
def test_what_helpers_made_is_taken_over_without_any_allocation(
    wanted: float, age_s: float
) -> None:
    one = policy(None, 0.0)
    one.apply(None, 0.0, now=0.0, takes_turns=True)
    helped = dataclasses.replace(context(age_s, wait_s=0.1, wanted=wanted), has_helpers=True)
    assert one.decide([PARTIAL], helped, now=0) == Decision(TEMPORAL, 0.0)
    # Without helpers the same frame is resized.
    alone = dataclasses.replace(helped, has_helpers=False)
    assert one.decide([PARTIAL], alone, now=0).method is BICUBIC


def test_beside_helpers_the_lead_does_what_its_allocation_pays_for() -> None:
    helped = dataclasses.replace(context(wanted=0.3), has_helpers=True)
    assert policy(TEMPORAL, 20.0).decide([PARTIAL], helped, now=0) == Decision(TEMPORAL, 0.3)
    little = policy(TEMPORAL, 4.0).decide([PARTIAL], helped, now=0)
    assert little.method is TEMPORAL and little.fraction == pytest.approx(0.1)
    # A picture that is too late for the net is still predicted.
    late = dataclasses.replace(helped, age_s=0.3)
    assert policy(TEMPORAL, 20.0).decide([PARTIAL], late, now=0) == Decision(TEMPORAL, 0.0)
    hopeless = dataclasses.replace(helped, age_s=MAX_AGE_S + 0.001)
    one = policy(TEMPORAL, 20.0)
    one.decide([PARTIAL], helped, now=0)
    assert one.decide([PARTIAL], hopeless, now=0).reason is Reason.TOO_LATE


def test_a_hopeless_frame_is_dropped() -> None:
    one = policy(FULL)
    assert one.decide([WHOLE], context(MAX_AGE_S), now=0).method is BICUBIC
    hopeless = one.decide([WHOLE], context(MAX_AGE_S + 0.001), now=0)
    assert hopeless == Decision(None, reason=Reason.TOO_LATE)


def test_without_a_net_frames_are_resized() -> None:
    one = policy(FULL)
    assert one.decide([], context(), now=0) == Decision(BICUBIC, reason=Reason.NO_NET)
    late = context(MAX_NET_AGE_S + 0.001)
    assert one.decide([], late, now=0) == Decision(BICUBIC, reason=Reason.LATE)


def test_a_net_that_would_hold_up_the_stream_is_not_run() -> None:
    slow = PricedOption(FULL, 1.0, MAX_LATENCY_S + 0.001)
    decision = policy(FULL).decide([slow, LESSER], context(), now=0)
    assert decision == Decision(SMALL, reason=Reason.SLOW)


def test_a_slow_net_on_a_slow_stream_may_use_its_interval_and_no_second_one() -> None:
    slow = PricedOption(FULL, 100.0, 0.100)
    easy = FrameContext(age_s=0.040, wait_s=0.0, interval_s=0.1)
    assert policy(FULL).decide([slow], easy, now=0).method is FULL
    waited = FrameContext(age_s=0.060, wait_s=0.0, interval_s=0.1)
    assert policy(FULL).decide([slow], waited, now=0).method is BICUBIC


def test_down_at_once_and_up_when_it_lasted() -> None:
    one = policy(FULL)
    one.apply(SMALL, 200.0, now=1.0)
    assert one.decide([WHOLE, LESSER], context(), now=1.0) == Decision(
        SMALL, reason=Reason.ALLOCATION
    )
    one.apply(FULL, 700.0, now=2.0)
    one.apply(FULL, 700.0, now=2.0 + UP_AFTER_S - 0.1)
    assert one.level is SMALL
    one.apply(FULL, 700.0, now=2.0 + UP_AFTER_S)
    assert one.level is FULL


def test_a_relapse_begins_the_wait_anew_and_the_least_seen_counts() -> None:
    one = policy(None)
    one.apply(FULL, 700.0, now=0.5)
    one.apply(None, 10.0, now=1.0)
    one.apply(FULL, 700.0, now=1.2)
    one.apply(SMALL, 200.0, now=1.4)
    one.apply(FULL, 700.0, now=1.1 + UP_AFTER_S)
    assert one.level is None
    one.apply(FULL, 700.0, now=1.2 + UP_AFTER_S)
    assert one.level is SMALL


def play(
    one: DegradationPolicy, offers: list[PricedOption], frames: int, **more: float
) -> list[Decision]:
    """Frames at FPS, each made at its price."""
    made = []
    prices: dict[MethodInfo | None, float] = {offer.method: offer.price_ms for offer in offers}
    for index in range(frames):
        decision = one.decide(offers, context(**more), now=index / FPS)
        if decision.method is TEMPORAL:
            one.charge(PARTIAL.fixed_ms + 20.0 * decision.fraction)
        else:
            one.charge(prices.get(decision.method, 0.0))
        made.append(decision)
    return made


@pytest.mark.parametrize(("paid", "share"), [(0.25, 0.25), (0.5, 0.5), (0.8, 0.8)])
def test_an_allocation_that_pays_for_no_net_is_saved_for_one_now_and_then(
    paid: float, share: float
) -> None:
    decisions = play(policy(None, ms_per_frame=paid * 20.0), [WHOLE], 300)
    by_net = [decision for decision in decisions if decision.method is FULL]
    assert len(by_net) / 300 == pytest.approx(share, abs=0.02)
    assert {decision.reason for decision in by_net} == {Reason.SAVED}


def test_what_is_saved_goes_to_the_cheapest_net() -> None:
    decisions = play(policy(None, ms_per_frame=3.0), [WHOLE, LESSER], 100)
    assert {decision.method for decision in decisions} == {SMALL, BICUBIC}


def test_a_stream_that_has_a_net_on_every_frame_does_not_hop_between_two() -> None:
    decisions = play(policy(SMALL, ms_per_frame=15.0), [WHOLE, LESSER], 100)
    assert {decision.method for decision in decisions} == {SMALL}


def test_savings_are_bounded() -> None:
    one = policy(None, ms_per_frame=1.0)
    one.decide([WHOLE], context(), now=0.0)
    decisions = [one.decide([WHOLE], context(), now=1000.0 + index / FPS) for index in range(5)]
    for decision in decisions:
        one.charge(20.0 if decision.method is FULL else 0.0)
    assert decisions[0].method is FULL
    rest = play(one, [WHOLE], 10)
    assert [decision.method for decision in rest].count(FULL) <= 2


def test_partial_work_may_do_what_it_wants_where_the_allocation_pays_for_it() -> None:
    decision = policy(TEMPORAL, ms_per_frame=10.0).decide(
        [PARTIAL, LESSER, WHOLE], context(wanted=0.3), now=0
    )
    assert decision.method is TEMPORAL and decision.reason is Reason.ALLOCATION
    assert decision.fraction == pytest.approx(0.3)


def test_partial_work_does_less_where_the_allocation_or_the_time_is_short() -> None:
    poor = policy(TEMPORAL, ms_per_frame=6.0)
    decision = poor.decide([PARTIAL, LESSER], context(wanted=0.3), now=0)
    assert decision.fraction == pytest.approx(0.2)
    late = context(MAX_NET_AGE_S - 0.007, wanted=0.3)
    decision = policy(TEMPORAL).decide([PARTIAL, LESSER], late, now=0)
    assert decision.method is TEMPORAL
    assert decision.fraction == pytest.approx(0.2)


def test_too_little_refreshing_is_worse_than_a_smaller_net_and_better_than_none() -> None:
    each_ms = PARTIAL.fixed_ms + 0.9 * MIN_REFRESH_RATIO * 6.0
    decision = policy(TEMPORAL, each_ms).decide([PARTIAL, LESSER], context(wanted=0.3), now=0)
    assert decision == Decision(SMALL, reason=Reason.ALLOCATION)
    decision = policy(TEMPORAL, each_ms).decide([PARTIAL], context(wanted=0.3), now=0)
    assert decision.method is TEMPORAL
    assert decision.fraction == pytest.approx(0.9 * MIN_REFRESH_RATIO * 0.3)


def test_partial_work_comes_a_frame_later_rather_than_as_a_resize_and_without_the_engine() -> None:
    one = policy(TEMPORAL)
    busy = one.decide([PARTIAL], context(wait_s=0.070, wanted=0.3), now=0)
    assert (busy.method, busy.fraction) == (TEMPORAL, 0.0)
    late = one.decide([PARTIAL], context(MAX_NET_AGE_S + 0.025, wanted=0.3), now=0)
    assert (late.method, late.fraction) == (TEMPORAL, 0.0)
    later = one.decide([PARTIAL], context(MAX_NET_AGE_S + 1 / FPS, wanted=0.3), now=0)
    assert later == Decision(BICUBIC, reason=Reason.LATE)


def test_there_is_no_use_in_planning_for_what_is_late_or_not_paid() -> None:
    assert policy(TEMPORAL).refusal(PARTIAL, context(), now=0) is None
    assert policy(SMALL).refusal(PARTIAL, context(), now=0) is Reason.ALLOCATION
    late = context(MAX_NET_AGE_S + 1 / FPS)
    assert policy(TEMPORAL).refusal(PARTIAL, late, now=0) is Reason.LATE
    trial = dataclasses.replace(late, is_probe=True)
    assert policy(TEMPORAL).refusal(PARTIAL, trial, now=0) is None


def test_without_planning_the_reason_stays() -> None:
    refused = dataclasses.replace(context(), refused=Reason.ALLOCATION)
    one = policy(TEMPORAL)
    assert one.decide([], refused, now=0) == Decision(BICUBIC, reason=Reason.ALLOCATION)
    assert one.decide([LESSER], refused, now=0) == Decision(SMALL, reason=Reason.ALLOCATION)


def test_who_takes_turns_saves_nothing_for_single_frames() -> None:
    for takes_turns, expected in ((False, {None, Reason.ALLOCATION}), (True, {Reason.ALLOCATION})):
        one = DegradationPolicy(FULL, BICUBIC)
        one.apply(None, 5.0 * FPS, now=0.0, takes_turns=takes_turns)
        found = {one.refusal(PARTIAL, context(), now=index / FPS) for index in range(30)}
        assert found == expected


def test_a_crowd_of_old_frames_is_thinned_out() -> None:
    one = policy(None, 0.0)
    decisions = [one.decide([WHOLE], context(0.2), now=index / FPS) for index in range(60)]
    left_out = [decision for decision in decisions if decision.method is None]
    assert 2 < len(left_out) < 30 and {decision.reason for decision in left_out} == {
        Reason.OVERCOMMITTED
    }


def test_what_calm_frames_leave_pays_for_the_whole_net_at_a_cut() -> None:
    one = policy(TEMPORAL, ms_per_frame=9.0)
    assert {c.method for c in play(one, [PARTIAL, LESSER], 60, wanted=0.3)} == {TEMPORAL}
    cut = PricedOption(TEMPORAL, 22.0, 0.003, fixed_ms=2.0, fraction_hold_s=0.020)
    decision = one.decide([WHOLE, cut, LESSER], context(wanted=1.0), now=60 / FPS)
    assert decision == Decision(FULL, reason=Reason.SAVED)
    one.charge(20.0)
    again = one.decide([WHOLE, cut, LESSER], context(wanted=MAX_FRACTION + 0.1), now=61 / FPS)
    assert again.method is SMALL
