from __future__ import annotations

from workers.scheduling.admission import (
    LEAVE_AFTER_S,
    MAX_OVERCOMMIT,
    MAX_RETRY_S,
    MIN_HELPED,
    OVERCOMMITTED,
    RETRY_AFTER_S,
    SERVED_S,
    UNHELPED,
    UNSERVED_ALONE_S,
    UNSERVED_S,
    AdmissionPolicy,
    Needs,
    StreamInput,
    Unserved,
    Verdict,
)
from workers.scheduling.deadlines import MAX_LATENCY_S


def judge(
    policy: AdmissionPolicy, frame_ms: float, now: float, *, fps: float = 30.0, least_ms: float = 0
) -> Verdict:
    source = StreamInput(480, 270, fps)
    return policy.judge(source, Needs(frame_ms, least_ms or frame_ms), now=now)


def test_what_fits_is_accepted_and_what_does_not_is_refused_with_a_sentence() -> None:
    assert judge(AdmissionPolicy(), 20.0, 0.0) == Verdict(accepted=True)
    refused = judge(AdmissionPolicy(), 90.0, 0.0)
    assert not refused.accepted
    assert refused.reason == (
        "480x270 at 30 frames per second needs 90 ms of the net per frame here, and there are "
        "33 ms."
    )


def test_a_smaller_net_that_may_serve_in_its_place_is_enough() -> None:
    assert not judge(AdmissionPolicy(), 300.0, 0.0).accepted
    assert judge(AdmissionPolicy(), 300.0, 0.0, least_ms=80.0).accepted
    assert not judge(AdmissionPolicy(), 300.0, 0.0, least_ms=90.0).accepted


def test_a_short_spell_of_slowness_is_borne_and_a_long_one_is_not() -> None:
    policy = AdmissionPolicy()
    assert judge(policy, 20.0, 0.0).accepted
    assert judge(policy, 200.0, 1.0).accepted
    assert judge(policy, 20.0, 2.0).accepted
    assert judge(policy, 200.0, 3.0).accepted
    assert judge(policy, 200.0, 3.0 + LEAVE_AFTER_S - 0.1).accepted
    assert not judge(policy, 200.0, 3.0 + LEAVE_AFTER_S).accepted


def test_it_tries_again_later_and_at_once_for_another_input() -> None:
    policy = AdmissionPolicy()
    assert not judge(policy, 90.0, 0.0).accepted
    assert not judge(policy, 20.0, RETRY_AFTER_S - 1).accepted
    assert judge(policy, 20.0, RETRY_AFTER_S).accepted
    assert not judge(policy, 50.0, RETRY_AFTER_S + 1, fps=60.0).accepted
    assert judge(policy, 40.0, RETRY_AFTER_S + 2, fps=15.0).accepted


def test_a_net_that_was_chosen_may_be_slow_but_not_hold_up_the_stream() -> None:
    def chosen(frame_ms: float) -> Verdict:
        return AdmissionPolicy().judge(
            StreamInput(480, 270, 30), Needs(frame_ms, 1), now=0, is_chosen=True
        )

    assert chosen(1e3 * MAX_LATENCY_S).accepted
    assert not chosen(1e3 * MAX_LATENCY_S + 1).accepted


def test_what_other_devices_can_do_counts_and_lets_a_refused_stream_begin_at_once() -> None:
    def helped(policy: AdmissionPolicy, part: float, now: float) -> Verdict:
        return policy.judge(StreamInput(480, 270, 30), Needs(200, 200), now=now, helped=part)

    policy = AdmissionPolicy()
    assert not helped(policy, 0.0, 0.0).accepted
    assert not helped(policy, 0.1, 1.0).accepted
    assert helped(policy, 0.5, 2.0).accepted
    # They are gone: it ends as one that became slow.
    assert helped(policy, 0.0, 3.0).accepted
    assert not helped(policy, 0.0, 3.0 + LEAVE_AFTER_S).accepted


def test_one_more_stream_is_not_begun_in_a_crowd_and_none_ends_because_of_it() -> None:
    def crowded(policy: AdmissionPolicy, crowd: float, now: float) -> Verdict:
        return policy.judge(StreamInput(480, 270, 30), Needs(20, 20), now=now, overcommit=crowd)

    policy = AdmissionPolicy()
    assert crowded(policy, MAX_OVERCOMMIT, 0.0).accepted
    assert crowded(policy, 9.0, 100.0).accepted
    policy.restart()
    assert crowded(policy, 9.0, 101.0) == Verdict(accepted=False, reason=OVERCOMMITTED)
    assert not crowded(policy, 9.0, 101.0 + RETRY_AFTER_S).accepted
    assert not crowded(policy, 0.0, 102.0 + RETRY_AFTER_S).accepted
    assert crowded(policy, 0.0, 101.0 + 2 * RETRY_AFTER_S).accepted


def test_a_worker_that_runs_no_net_enhances_while_others_do() -> None:
    def composed(policy: AdmissionPolicy, part: float, now: float) -> Verdict:
        return policy.judge(StreamInput(480, 270, 30), Needs(1.0, 1.0), now=now, helped=part)

    policy = AdmissionPolicy(can_run=False)
    assert composed(policy, 0.0, 0.0) == Verdict(accepted=False, reason=UNHELPED)
    assert not composed(policy, MIN_HELPED / 2, 1.0).accepted
    # However little they do of it: nobody else is there who could.
    assert composed(policy, MIN_HELPED, 2.0).accepted
    assert composed(policy, 0.0, 3.0).accepted
    assert composed(policy, 0.0, 3.0 + LEAVE_AFTER_S) == Verdict(accepted=False, reason=UNHELPED)
    assert composed(policy, 0.2, 4.0 + LEAVE_AFTER_S).accepted


def test_a_net_on_regions_is_enough_also_of_a_net_that_was_chosen() -> None:
    source = StreamInput(854, 480, 30)
    for is_chosen in (False, True):
        found = [
            AdmissionPolicy()
            .judge(source, Needs(400, 400, partial_ms), now=0.0, is_chosen=is_chosen)
            .accepted
            for partial_ms in (12.0, 90.0, None)
        ]
        assert found == [True, is_chosen, False]
    # What is refused says what it would need.
    refused = AdmissionPolicy().judge(source, Needs(400, 400, 90.0), now=0.0)
    assert "needs 90 ms of the net" in refused.reason


def served(
    policy: AdmissionPolicy, now: float, own_s: float, worker_s: float | None = None
) -> Verdict:
    """Judges a stream whose frames got no net for ``own_s``, those of others for ``worker_s``."""
    waits = Unserved(own_s, own_s if worker_s is None else worker_s)
    source = StreamInput(480, 270, 30)
    return policy.judge(source, Needs(90, 90, 12.0, waits), now=now)


def test_a_stream_whose_frames_got_no_net_is_given_up_and_tried_again_ever_later() -> None:
    policy, now, tries, waits = AdmissionPolicy(), 0.0, [], []
    while now < 3600.0:
        assert served(policy, now, 0.0).accepted
        tries.append(now)
        now += UNSERVED_S
        refused = served(policy, now, UNSERVED_S)
        assert not refused.accepted and "No frame of 480x270" in refused.reason
        begun = now
        while not served(policy, now, UNSERVED_S).accepted:
            now += 1.0
        waits.append(now - begun)
    assert waits[:5] == [2 * RETRY_AFTER_S, 4 * RETRY_AFTER_S, 8 * RETRY_AFTER_S, 480.0, 480.0]
    assert max(waits) == MAX_RETRY_S and len(tries) < 12


def test_a_stream_that_waits_for_its_turn_is_given_up_much_later() -> None:
    policy = AdmissionPolicy()
    assert served(policy, 0.0, 0.0).accepted
    assert served(policy, 60.0, 60.0, worker_s=0.1).accepted
    assert not served(policy, UNSERVED_ALONE_S, UNSERVED_ALONE_S, worker_s=0.1).accepted


def test_one_that_was_enhanced_for_a_minute_is_tried_again_soon() -> None:
    policy = AdmissionPolicy()
    assert served(policy, 0.0, 0.0).accepted
    now = SERVED_S + UNSERVED_S
    assert not served(policy, now, UNSERVED_S).accepted
    assert served(policy, now + RETRY_AFTER_S, 0.0).accepted


def test_one_that_is_measured_to_be_too_slow_each_time_is_tried_ever_later() -> None:
    policy, now = AdmissionPolicy(), 0.0
    waits: list[float] = []
    while len(waits) < 6:
        # By the estimate it fits, as far as nothing was measured of it.
        assert judge(policy, 20.0, now).accepted
        while judge(policy, 200.0, now).accepted:
            now += 0.5
        refused = now
        while not judge(policy, 20.0, now).accepted:
            now += 0.5
        waits.append(now - refused)
    assert waits == [60.0, 120.0, 240.0, 480.0, 480.0, 480.0]


def test_one_that_became_slow_after_a_minute_is_tried_again_soon_and_has_its_seconds() -> None:
    policy = AdmissionPolicy()
    assert judge(policy, 20.0, 1.0).accepted
    slow = 1.0 + SERVED_S
    assert judge(policy, 200.0, slow).accepted
    assert not judge(policy, 200.0, slow + LEAVE_AFTER_S).accepted
    again = slow + LEAVE_AFTER_S + RETRY_AFTER_S
    assert judge(policy, 20.0, again).accepted
    # What was short before it ended does not count any more.
    assert judge(policy, 200.0, again + 0.5).accepted
    assert judge(policy, 200.0, again + LEAVE_AFTER_S).accepted
    assert not judge(policy, 200.0, again + 0.5 + LEAVE_AFTER_S).accepted
