from __future__ import annotations

import pytest

from workers.scheduling.batching import ACTIVE_S, MAX_CALL_S, PATIENCE_S, BatchCosts, BatchPolicy

GPU = BatchCosts(size=4, single_s=0.002, batch_s=0.0035)
"""Two frames are worth a call of four places, and a full one saves 4.5 ms."""


def active(policy: BatchPolicy, *streams: int, now: float) -> None:
    """Each stream brought a frame, and it was run."""
    for stream in streams:
        policy.arrive(stream, now=now)
        while policy.take(now=now + PATIENCE_S):
            pass


@pytest.mark.parametrize(
    ("costs", "is_worth_it"),
    [
        (BatchCosts(4, 0.002, 0.0063), True),
        (BatchCosts(4, 0.002, 0.0065), False),
        (BatchCosts(4, 0.0075, MAX_CALL_S), True),
        (BatchCosts(4, 0.020, MAX_CALL_S + 0.001), False),
    ],
)
def test_batches_must_save_a_fifth_and_not_take_long(costs: BatchCosts, is_worth_it: bool) -> None:
    assert costs.is_worth_it is is_worth_it


def test_the_least_number_of_frames_is_where_a_call_begins_to_pay() -> None:
    assert GPU.least == 2
    assert BatchCosts(4, 0.002, 0.0061).least == 4
    assert BatchCosts(4, 0.002, 0.009).least == 5


def test_nobody_waits_longer_than_a_full_call_saves() -> None:
    assert GPU.patience_s == PATIENCE_S
    assert BatchCosts(4, 0.002, 0.007).patience_s == pytest.approx(0.001)
    assert BatchCosts(4, 0.002, 0.009).patience_s == 0.0


def test_a_stream_alone_never_waits() -> None:
    policy = BatchPolicy(GPU)
    for number in range(5):
        now = number / 30
        policy.arrive(7, now=now)
        assert policy.take(now=now) == (7,)
    assert policy.take(now=1.0) == () and policy.deadline is None


def test_a_full_call_goes_at_once_oldest_first() -> None:
    policy = BatchPolicy(GPU)
    for stream in (3, 1, 4, 2, 5):
        policy.arrive(stream, now=0.0)
    assert policy.take(now=0.0) == (3, 1, 4, 2)


def test_one_that_others_may_join_waits_and_goes_at_its_deadline() -> None:
    policy = BatchPolicy(GPU)
    active(policy, 1, 2, now=0.0)
    policy.arrive(1, now=0.033)
    assert policy.take(now=0.033) == ()
    assert policy.deadline == pytest.approx(0.033 + PATIENCE_S)
    assert policy.take(now=0.0369) == ()
    assert policy.take(now=0.0371) == (1,)
    assert policy.deadline is None


def test_when_all_that_could_come_are_there_nobody_waits_on() -> None:
    policy = BatchPolicy(GPU)
    active(policy, 1, 2, now=0.0)
    policy.arrive(1, now=0.033)
    policy.arrive(2, now=0.034)
    assert policy.take(now=0.034) == (1, 2)


def test_a_stream_that_stopped_is_not_waited_for() -> None:
    policy = BatchPolicy(GPU)
    active(policy, 1, 2, now=0.0)
    policy.arrive(1, now=ACTIVE_S + 0.01)
    assert policy.take(now=ACTIVE_S + 0.01) == (1,)


def test_too_few_streams_for_a_gain_never_wait_and_go_one_by_one() -> None:
    policy = BatchPolicy(BatchCosts(size=4, single_s=0.002, batch_s=0.0061))
    active(policy, 1, 2, 3, now=0.0)
    for stream in (1, 2, 3):
        policy.arrive(stream, now=0.033)
    assert [policy.take(now=0.033) for _ in range(4)] == [(1,), (2,), (3,), ()]


def test_at_the_deadline_some_go_together_if_that_pays() -> None:
    policy = BatchPolicy(GPU)
    active(policy, 1, 2, 3, now=0.0)
    policy.arrive(2, now=0.033)
    policy.arrive(1, now=0.034)
    assert policy.take(now=0.034) == ()
    assert policy.take(now=0.0375) == (2, 1)


def test_the_deadline_is_the_oldest_frames() -> None:
    policy = BatchPolicy(GPU)
    active(policy, 1, 2, 3, now=0.0)
    policy.arrive(2, now=0.033)
    policy.arrive(1, now=0.036)
    assert policy.deadline == pytest.approx(0.033 + PATIENCE_S)


def test_in_an_hour_of_three_streams_no_frame_waits_too_long_and_none_is_lost() -> None:
    """Three cameras whose clocks drift against each other; the net takes no time here."""
    policy = BatchPolicy(GPU)
    periods = {1: 1 / 30, 2: 1 / 30.01, 3: 1 / 29.97}
    due = dict.fromkeys(periods, 0.0)
    waiting: dict[int, float] = {}
    together = longest = done = 0.0
    while min(due.values()) < 60.0:
        stream = min(due, key=lambda each: due[each])
        now = due[stream]
        if policy.deadline is not None and policy.deadline < now:
            now = policy.deadline
        else:
            policy.arrive(stream, now=now)
            waiting[stream] = now
            due[stream] += periods[stream]
        while chosen := policy.take(now=now):
            together += len(chosen) > 1
            done += len(chosen)
            longest = max(longest, *(now - waiting.pop(each) for each in chosen))
    assert longest <= PATIENCE_S + 1e-9
    assert done + len(waiting) == pytest.approx(3 * 30 * 60, abs=5)
    assert together > 0.05 * done
