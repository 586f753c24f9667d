from __future__ import annotations

import dataclasses

import pytest

from workers.scheduling.deadlines import LONGEST_S, ON_TIME_S, TOO_LATE_S
from workers.scheduling.degradation import (
    ENOUGH_REFRESHED,
    MOST_REUSED,
    UP_AFTER_S,
    Choice,
    DegradationPolicy,
    FrameContext,
    Option,
    QualityLevel,
    Reason,
)

FULL = Option(QualityLevel.FULL, 20.0, 0.020)
SMALLER = Option(QualityLevel.SMALL, 6.0, 0.006)
REUSE = Option(QualityLevel.TEMPORAL, 2.0 + 0.3 * 20.0, 0.003, fixed_ms=2.0, whole_s=0.020)
FPS = 30


def moment(age_s: float = 0.0, *, wait_s: float = 0.0, want_share: float = 1.0) -> FrameContext:
    return FrameContext(
        age_s=age_s, wait_s=wait_s, interval_s=1 / FPS, want_share=want_share, whole_ms=20.0
    )


def ladder(level: QualityLevel, ms_per_frame: float = 20.0) -> DegradationPolicy:
    """One that stands on a level; time begins at 0."""
    made = DegradationPolicy()
    made.follow(level, ms_per_frame * FPS, now=0.0)
    return made


def test_the_best_rung_in_time_is_taken() -> None:
    offers = [SMALLER, FULL]
    assert ladder(QualityLevel.FULL).choose(offers, moment(), now=0) == Choice(QualityLevel.FULL)
    late = ladder(QualityLevel.FULL).choose(offers, moment(ON_TIME_S - 0.010), now=0)
    assert late == Choice(QualityLevel.SMALL, reason=Reason.LATE)
    later = ladder(QualityLevel.FULL).choose(offers, moment(ON_TIME_S), now=0)
    assert later == Choice(QualityLevel.BICUBIC, reason=Reason.LATE)


def test_waiting_for_the_engine_counts_and_has_its_own_reason() -> None:
    busy = ladder(QualityLevel.FULL).choose([FULL], moment(0.010, wait_s=0.030), now=0)
    assert busy == Choice(QualityLevel.BICUBIC, reason=Reason.BUSY)


def test_a_hopeless_frame_is_dropped() -> None:
    one = ladder(QualityLevel.FULL)
    assert one.choose([FULL], moment(TOO_LATE_S), now=0).rung is QualityLevel.BICUBIC
    hopeless = one.choose([FULL], moment(TOO_LATE_S + 0.001), now=0)
    assert hopeless == Choice(QualityLevel.DROP, reason=Reason.TOO_LATE)


def test_without_a_net_frames_are_resized() -> None:
    one = ladder(QualityLevel.FULL)
    assert one.choose([], moment(), now=0) == Choice(QualityLevel.BICUBIC, reason=Reason.NO_NET)
    late = moment(ON_TIME_S + 0.001)
    assert one.choose([], late, now=0) == Choice(QualityLevel.BICUBIC, reason=Reason.LATE)


def test_a_net_that_would_hold_up_the_stream_is_not_run() -> None:
    slow = Option(QualityLevel.FULL, 1.0, LONGEST_S + 0.001)
    choice = ladder(QualityLevel.FULL).choose([slow, SMALLER], moment(), now=0)
    assert choice == Choice(QualityLevel.SMALL, reason=Reason.SLOW)


def test_a_slow_net_on_a_slow_stream_may_use_its_interval_and_no_second_one() -> None:
    slow = Option(QualityLevel.FULL, 100.0, 0.100)
    easy = FrameContext(age_s=0.040, wait_s=0.0, interval_s=0.1)
    assert ladder(QualityLevel.FULL).choose([slow], easy, now=0).rung is QualityLevel.FULL
    waited = FrameContext(age_s=0.060, wait_s=0.0, interval_s=0.1)
    assert ladder(QualityLevel.FULL).choose([slow], waited, now=0).rung is QualityLevel.BICUBIC


def test_down_at_once_and_up_when_it_lasted() -> None:
    one = ladder(QualityLevel.FULL)
    one.follow(QualityLevel.SMALL, 200.0, now=1.0)
    assert one.choose([FULL, SMALLER], moment(), now=1.0) == Choice(
        QualityLevel.SMALL, reason=Reason.ALLOCATION
    )
    one.follow(QualityLevel.FULL, 700.0, now=2.0)
    one.follow(QualityLevel.FULL, 700.0, now=2.0 + UP_AFTER_S - 0.1)
    assert one.level is QualityLevel.SMALL
    one.follow(QualityLevel.FULL, 700.0, now=2.0 + UP_AFTER_S)
    assert one.level is QualityLevel.FULL


def test_a_relapse_begins_the_wait_anew_and_the_least_seen_counts() -> None:
    one = ladder(QualityLevel.BICUBIC)
    one.follow(QualityLevel.FULL, 700.0, now=0.5)
    one.follow(QualityLevel.BICUBIC, 10.0, now=1.0)
    one.follow(QualityLevel.FULL, 700.0, now=1.2)
    one.follow(QualityLevel.SMALL, 200.0, now=1.4)
    one.follow(QualityLevel.FULL, 700.0, now=1.1 + UP_AFTER_S)
    assert one.level is QualityLevel.BICUBIC
    one.follow(QualityLevel.FULL, 700.0, now=1.2 + UP_AFTER_S)
    assert one.level is QualityLevel.SMALL


def play(one: DegradationPolicy, offers: list[Option], frames: int, **more: float) -> list[Choice]:
    """Frames at FPS, each made at its price."""
    made = []
    prices = {offer.rung: offer.price_ms for offer in offers}
    for index in range(frames):
        choice = one.choose(offers, moment(**more), now=index / FPS)
        if choice.rung is QualityLevel.TEMPORAL:
            one.spent(REUSE.fixed_ms + 20.0 * choice.share)
        else:
            one.spent(prices.get(choice.rung, 0.0))
        made.append(choice)
    return made


@pytest.mark.parametrize(("paid", "share"), [(0.25, 0.25), (0.5, 0.5), (0.8, 0.8)])
def test_a_share_that_pays_for_no_net_is_saved_for_one_now_and_then(
    paid: float, share: float
) -> None:
    choices = play(ladder(QualityLevel.BICUBIC, ms_per_frame=paid * 20.0), [FULL], 300)
    by_net = [choice for choice in choices if choice.rung is QualityLevel.FULL]
    assert len(by_net) / 300 == pytest.approx(share, abs=0.02)
    assert {choice.reason for choice in by_net} == {Reason.SAVED}


def test_what_is_saved_goes_to_the_cheapest_net() -> None:
    choices = play(ladder(QualityLevel.BICUBIC, ms_per_frame=3.0), [FULL, SMALLER], 100)
    assert {choice.rung for choice in choices} == {QualityLevel.SMALL, QualityLevel.BICUBIC}


def test_a_stream_that_has_a_net_on_every_frame_does_not_hop_between_two() -> None:
    choices = play(ladder(QualityLevel.SMALL, ms_per_frame=15.0), [FULL, SMALLER], 100)
    assert {choice.rung for choice in choices} == {QualityLevel.SMALL}


def test_savings_are_bounded() -> None:
    one = ladder(QualityLevel.BICUBIC, ms_per_frame=1.0)
    one.choose([FULL], moment(), now=0.0)
    choices = [one.choose([FULL], moment(), now=1000.0 + index / FPS) for index in range(5)]
    for choice in choices:
        one.spent(20.0 if choice.rung is QualityLevel.FULL else 0.0)
    assert choices[0].rung is QualityLevel.FULL
    rest = play(one, [FULL], 10)
    assert [choice.rung for choice in rest].count(QualityLevel.FULL) <= 2


def test_reuse_may_spend_what_it_wants_where_the_share_pays_for_it() -> None:
    choice = ladder(QualityLevel.TEMPORAL, ms_per_frame=10.0).choose(
        [REUSE, SMALLER, FULL], moment(want_share=0.3), now=0
    )
    assert choice.rung is QualityLevel.TEMPORAL and choice.reason is Reason.ALLOCATION
    assert choice.share == pytest.approx(0.3)


def test_reuse_refreshes_less_where_the_share_or_the_time_is_short() -> None:
    poor = ladder(QualityLevel.TEMPORAL, ms_per_frame=6.0)
    choice = poor.choose([REUSE, SMALLER], moment(want_share=0.3), now=0)
    assert choice.share == pytest.approx(0.2)
    late = moment(ON_TIME_S - 0.007, want_share=0.3)
    choice = ladder(QualityLevel.TEMPORAL).choose([REUSE, SMALLER], late, now=0)
    assert choice.rung is QualityLevel.TEMPORAL
    assert choice.share == pytest.approx(0.2)


def test_too_little_refreshing_is_worse_than_a_smaller_net_and_better_than_none() -> None:
    each_ms = REUSE.fixed_ms + 0.9 * ENOUGH_REFRESHED * 6.0
    choice = ladder(QualityLevel.TEMPORAL, each_ms).choose(
        [REUSE, SMALLER], moment(want_share=0.3), now=0
    )
    assert choice == Choice(QualityLevel.SMALL, reason=Reason.ALLOCATION)
    choice = ladder(QualityLevel.TEMPORAL, each_ms).choose([REUSE], moment(want_share=0.3), now=0)
    assert choice.rung is QualityLevel.TEMPORAL
    assert choice.share == pytest.approx(0.9 * ENOUGH_REFRESHED * 0.3)


def test_reuse_comes_a_frame_later_rather_than_as_a_resize_and_without_the_engine() -> None:
    one = ladder(QualityLevel.TEMPORAL)
    busy = one.choose([REUSE], moment(wait_s=0.070, want_share=0.3), now=0)
    assert (busy.rung, busy.share) == (QualityLevel.TEMPORAL, 0.0)
    late = one.choose([REUSE], moment(ON_TIME_S + 0.025, want_share=0.3), now=0)
    assert (late.rung, late.share) == (QualityLevel.TEMPORAL, 0.0)
    later = one.choose([REUSE], moment(ON_TIME_S + 1 / FPS, want_share=0.3), now=0)
    assert later == Choice(QualityLevel.BICUBIC, reason=Reason.LATE)


def test_there_is_no_use_in_planning_for_what_is_late_or_not_paid() -> None:
    assert ladder(QualityLevel.TEMPORAL).foresee(REUSE, moment(), now=0) is None
    assert ladder(QualityLevel.SMALL).foresee(REUSE, moment(), now=0) is Reason.ALLOCATION
    late = moment(ON_TIME_S + 1 / FPS)
    assert ladder(QualityLevel.TEMPORAL).foresee(REUSE, late, now=0) is Reason.LATE
    trial = dataclasses.replace(late, is_trial=True)
    assert ladder(QualityLevel.TEMPORAL).foresee(REUSE, trial, now=0) is None


def test_without_planning_the_reason_stays() -> None:
    refused = dataclasses.replace(moment(), refused=Reason.ALLOCATION)
    one = ladder(QualityLevel.TEMPORAL)
    assert one.choose([], refused, now=0) == Choice(QualityLevel.BICUBIC, reason=Reason.ALLOCATION)
    assert one.choose([SMALLER], refused, now=0) == Choice(
        QualityLevel.SMALL, reason=Reason.ALLOCATION
    )


def test_who_takes_turns_saves_nothing_for_single_frames() -> None:
    for takes_turns, expected in ((False, {None, Reason.ALLOCATION}), (True, {Reason.ALLOCATION})):
        one = DegradationPolicy()
        one.follow(QualityLevel.BICUBIC, 5.0 * FPS, now=0.0, takes_turns=takes_turns)
        found = {one.foresee(REUSE, moment(), now=index / FPS) for index in range(30)}
        assert found == expected


def test_a_crowd_of_old_frames_is_thinned_out() -> None:
    one = ladder(QualityLevel.BICUBIC, 0.0)
    choices = [one.choose([FULL], moment(0.2), now=index / FPS) for index in range(60)]
    left_out = [choice for choice in choices if choice.rung is QualityLevel.DROP]
    assert 2 < len(left_out) < 30 and {choice.reason for choice in left_out} == {
        Reason.OVERCOMMITTED
    }


def test_what_calm_frames_leave_pays_for_the_whole_net_at_a_cut() -> None:
    one = ladder(QualityLevel.TEMPORAL, ms_per_frame=9.0)
    assert {c.rung for c in play(one, [REUSE, SMALLER], 60, want_share=0.3)} == {
        QualityLevel.TEMPORAL
    }
    cut = Option(QualityLevel.TEMPORAL, 22.0, 0.003, fixed_ms=2.0, whole_s=0.020)
    choice = one.choose([FULL, cut, SMALLER], moment(want_share=1.0), now=60 / FPS)
    assert choice == Choice(QualityLevel.FULL, reason=Reason.SAVED)
    one.spent(20.0)
    again = one.choose([FULL, cut, SMALLER], moment(want_share=MOST_REUSED + 0.1), now=61 / FPS)
    assert again.rung is QualityLevel.SMALL
