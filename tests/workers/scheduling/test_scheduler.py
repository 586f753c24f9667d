from __future__ import annotations

import dataclasses

import pytest

from workers.scheduling.cost_model import FrameCost
from workers.scheduling.deadlines import LONGEST_S
from workers.scheduling.degradation import Choice, QualityLevel, Reason
from workers.scheduling.engine_queue import EngineQueue
from workers.scheduling.resource_budget import ENGINE_MS_PER_S, CpuAccounting
from workers.scheduling.scheduler import SILENT_AFTER_S, FrameRequest, Scheduler
from workers.scheduling.stream_state import TRY_EVERY_S, TRY_REUSE_EVERY_S

from .simulation import Simulation, Stream, percentile

ONLY_FULL = frozenset((QualityLevel.FULL,))
BOTH = frozenset((QualityLevel.FULL, QualityLevel.SMALL))


def frame(
    arrived: float, *, rungs: frozenset[QualityLevel] = ONLY_FULL, energy: float = 1.0
) -> FrameRequest:
    return FrameRequest(
        arrived=arrived, interval_s=1 / 30, pixels=480 * 270, available=rungs, energy=energy
    )


def took(passed_s: float, engine_s: float) -> FrameCost:
    return FrameCost(passed_s, engine_s, turn_s=engine_s, beside_s=passed_s - engine_s)


def test_the_engine_is_free_when_what_was_chosen_is_done() -> None:
    queue = EngineQueue()
    queue.enter("a", 0.020, now=1.0)
    queue.enter("b", 0.010, now=1.005)
    assert queue.wait_s(now=1.005) == pytest.approx(0.025)
    # It took longer than was thought; the next one begins now.
    queue.leave("a", now=1.030)
    assert queue.wait_s(now=1.030) == pytest.approx(0.010)
    queue.leave("b", now=1.040)
    queue.leave("b", now=1.041)
    assert queue.wait_s(now=1.040) == 0.0


def test_two_frames_at_once_wait_for_each_other() -> None:
    budget = Scheduler()
    for key in "abc":
        budget.join(key)
        budget.expect(key, QualityLevel.FULL, 0.024)
    rungs = [budget.choose(key, frame(0.0), now=0.0).rung for key in "abc"]
    # The third would leave the net at 72 ms.
    assert rungs == [QualityLevel.FULL, QualityLevel.FULL, QualityLevel.BICUBIC]


def alone(full_ms: float, fps: float = 30.0, seconds: float = 10.0, **more: float) -> Stream:
    """One stream without jitter, for which nothing was known before."""
    stream = Stream("s", full_ms, fps=fps, jitter_s=0.0, noise=0.0, **more)  # type: ignore[arg-type]
    Simulation([stream]).run(seconds)
    return stream


def test_a_net_faster_than_the_frames_makes_them_all() -> None:
    stream = alone(20.0)
    assert stream.net_share == 1.0
    assert max(stream.ages) < 0.027


def test_a_net_a_little_too_slow_costs_frames_not_delay() -> None:
    stream = alone(40.0)
    assert 0.6 < stream.net_share < 0.9
    assert stream.count[QualityLevel.DROP] == 0
    assert max(stream.ages) < 0.070


def test_a_net_that_takes_several_intervals_still_delivers_every_frame() -> None:
    stream = alone(100.0, fps=60.0, seconds=5.0)
    assert stream.count[QualityLevel.DROP] == 0 and stream.count[QualityLevel.FULL] > 30
    assert max(stream.ages) < 0.12


def test_a_slow_net_gets_frames_now_and_then_and_the_others_go_by() -> None:
    stream = alone(250.0)
    assert stream.count[QualityLevel.FULL] > 20
    assert stream.count[QualityLevel.DROP] == 0 and max(stream.ages) < 0.27


def test_a_net_that_holds_up_the_frames_behind_it_is_not_run_again() -> None:
    budget = Scheduler()
    budget.join("a")
    assert budget.choose("a", frame(0.0), now=0.0).rung is QualityLevel.FULL
    slow_s = LONGEST_S + 0.05
    budget.took("a", QualityLevel.FULL, took(slow_s, slow_s), 1.0, now=slow_s)
    for index in range(12, 100):
        choice = budget.choose("a", frame(index / 30), now=index / 30)
        assert choice == Choice(QualityLevel.BICUBIC, reason=Reason.SLOW)


def test_another_size_is_tried_again() -> None:
    budget = Scheduler()
    budget.join("a")
    budget.choose("a", frame(0.0), now=0.0)
    budget.took("a", QualityLevel.FULL, took(9.0, 9.0), 1.0, now=9.0)
    budget.forget("a")
    assert budget.standing("a").full_ms is None
    assert budget.choose("a", frame(9.5), now=9.5).rung is QualityLevel.FULL


def test_the_standing_tells_what_was_measured() -> None:
    budget = Scheduler()
    budget.join("a")
    budget.expect("a", QualityLevel.SMALL, 0.006)
    budget.choose("a", frame(0.0, rungs=BOTH), now=0.0)
    budget.took("a", QualityLevel.FULL, took(0.025, 0.020), 1.0, now=0.025)
    standing = budget.standing("a")
    assert (standing.full_ms, standing.least_ms) == pytest.approx((20.0, 6.0))
    assert standing.level is QualityLevel.FULL
    assert budget.spent_ms_per_s(now=0.025) == pytest.approx(20.0 / 3.0)
    assert budget.spent_ms_per_s(now=9.0) == 0.0


def test_a_stream_that_went_silent_or_left_has_no_share() -> None:
    budget = Scheduler()
    for key in "ab":
        budget.join(key)
        budget.expect(key, QualityLevel.FULL, 0.030)
        budget.choose(key, frame(0.0), now=0.0)
        budget.took(key, QualityLevel.FULL, took(0.030, 0.030), 1.0, now=0.030)
    budget.choose("a", frame(0.3), now=0.3)
    assert budget.standing("a").ms_per_s == pytest.approx(ENGINE_MS_PER_S / 2)
    later = 0.1 + SILENT_AFTER_S
    budget.choose("a", frame(later), now=later)
    assert budget.standing("a").ms_per_s == pytest.approx(ENGINE_MS_PER_S)
    budget.choose("b", frame(later), now=later)
    budget.leave("b", now=later + 0.3)
    budget.choose("a", frame(later + 0.3), now=later + 0.3)
    assert budget.standing("a").ms_per_s == pytest.approx(ENGINE_MS_PER_S)


def test_a_stream_that_reuses_holds_only_what_it_needs_and_saves_for_its_key_frames() -> None:
    stream = Stream(
        "s",
        40.0,
        frozenset((QualityLevel.FULL, QualityLevel.TEMPORAL, QualityLevel.SMALL)),
        jitter_s=0.0,
    )
    simulation = Simulation([stream])
    simulation.run(12.0)
    # The whole net on every frame would be 1.2 of the engine; a third of it is plenty.
    assert simulation.busy_s / 12 < 0.5
    whole = [at for at, rung in stream.rung_at if rung is QualityLevel.FULL]
    assert len(whole) >= 6
    assert (
        stream.count[QualityLevel.TEMPORAL] > 0.95 * 12 * 30
        and stream.count[QualityLevel.BICUBIC] < 3
    )


def test_a_stream_in_which_all_is_new_has_the_price_of_the_whole_net() -> None:
    budget = Scheduler()
    budget.join("a")
    budget.expect("a", QualityLevel.FULL, 0.020)
    budget.expect("a", QualityLevel.SMALL, 0.005)
    rungs = frozenset((QualityLevel.FULL, QualityLevel.TEMPORAL, QualityLevel.SMALL))
    for index in range(60):
        moving = dataclasses.replace(frame(index / 30, rungs=rungs), want_share=1.0)
        assert budget.choose("a", moving, now=index / 30).rung is QualityLevel.FULL
        budget.took("a", QualityLevel.FULL, took(0.020, 0.020), 1.0, now=index / 30 + 0.020)
    assert budget.standing("a").level is QualityLevel.FULL


def reusing(budget: Scheduler, key: str) -> None:
    """Joins, and has reused."""
    budget.join(key)
    budget.expect(key, QualityLevel.FULL, 0.014)
    calm = dataclasses.replace(
        frame(0.0, rungs=frozenset((QualityLevel.TEMPORAL,))), want_share=0.3
    )
    assert budget.choose(key, calm, now=0.0).rung is QualityLevel.TEMPORAL
    cost = FrameCost(0.008, 0.004, turn_s=0.004, beside_s=0.004, planned_s=0.003)
    budget.took(key, QualityLevel.TEMPORAL, cost, 0.3, now=0.010)


def test_nothing_is_foreseen_of_a_stream_that_never_reused() -> None:
    budget = Scheduler()
    budget.join("a")
    assert budget.foresee("a", age_s=0.3, interval_s=1 / 30, now=0.0) is None


def test_it_is_foreseen_that_a_frame_will_be_late_once_it_was_planned_for() -> None:
    budget = Scheduler()
    reusing(budget, "a")

    def foreseen(age_s: float) -> Reason | None:
        return budget.foresee("a", age_s=age_s, interval_s=1 / 30, now=0.1)

    # 55 ms and an interval; 3 ms to plan, 4 beside the net.
    assert foreseen(0.079) is None
    assert foreseen(0.083) is Reason.LATE


def test_a_stream_without_a_share_is_planned_for_once_in_a_while() -> None:
    cores = CpuAccounting(1, 1)
    budget = Scheduler(cores)
    reusing(budget, "a")
    asked, process_s = [], 0.0
    for index in range(1, 30 * 65):
        now = index / 30
        process_s += 1 / 30  # Without nets the core is busy all the time.
        budget.tell(process_s, now=now)
        refused = budget.foresee("a", age_s=0.0, interval_s=1 / 30, now=now)
        # What was left alone for long is all new.
        is_new = now > 3.0
        rungs = frozenset(
            (QualityLevel.TEMPORAL, QualityLevel.FULL) if is_new else (QualityLevel.TEMPORAL,)
        )
        shown = dataclasses.replace(
            frame(now, rungs=frozenset() if refused else rungs),
            want_share=1.0 if is_new else 0.3,
            refused=refused,
        )
        choice = budget.choose("a", shown, now=now)
        if refused is None and is_new:
            asked.append(now)
            assert choice == Choice(QualityLevel.FULL, reason=Reason.PROBE)
        if choice.rung in (QualityLevel.FULL, QualityLevel.TEMPORAL):
            budget.took("a", choice.rung, took(0.020, 0.014), 1.0, now=now + 0.020)
            process_s += 0.020
    assert 1 <= len(asked) <= 65 / TRY_REUSE_EVERY_S
    assert budget.standing("a").level is QualityLevel.BICUBIC


def test_a_net_that_was_slow_once_is_tried_again_and_believed() -> None:
    budget = Scheduler()
    budget.join("a")
    budget.expect("a", QualityLevel.SMALL, 0.005)
    choices = []
    for index in range(30 * 14):
        now = index / 30
        choice = budget.choose("a", frame(now, rungs=BOTH), now=now)
        choices.append((now, choice))
        if choice.rung in (QualityLevel.FULL, QualityLevel.SMALL):
            slow = now < 1.0 and choice.rung is QualityLevel.FULL
            took_s = 0.050 if slow else 0.015 if choice.rung is QualityLevel.FULL else 0.005
            budget.took("a", choice.rung, took(took_s, took_s), 1.0, now=now + took_s)
    tried = [now for now, choice in choices if choice.reason is Reason.PROBE]
    assert tried and tried[0] == pytest.approx(TRY_EVERY_S, abs=0.5)
    assert {choice.rung for now, choice in choices if 1.0 < now < tried[0]} == {QualityLevel.SMALL}
    assert choices[-1][1] == Choice(QualityLevel.FULL)


def test_an_odd_measurement_of_energy_does_not_take_everything() -> None:
    budget = Scheduler()
    for key, energy in (("a", 1.0), ("b", 1.0), ("c", 1000.0)):
        budget.join(key)
        budget.expect(key, QualityLevel.FULL, 0.030)
        budget.choose(key, frame(0.0, energy=energy), now=0.0)
        budget.took(key, QualityLevel.FULL, took(0.030, 0.030), 1.0, now=0.0)
    budget.choose("a", frame(0.3), now=0.3)
    # Half of an equal part for sure, the rest by energy, which counts four times at most.
    shares = [budget.standing(key).ms_per_s for key in "abc"]
    assert shares == [pytest.approx(150 + 450 * part / 6) for part in (1, 1, 4)]


def test_a_stream_that_leaves_while_its_frame_waits_makes_nobody_wait() -> None:
    budget = Scheduler()
    for key in "ab":
        budget.join(key)
        budget.expect(key, QualityLevel.FULL, 0.029)
    assert budget.choose("a", frame(0.0), now=0.0).rung is QualityLevel.FULL
    budget.leave("a", now=0.001)
    assert budget.choose("b", frame(0.001), now=0.001).rung is QualityLevel.FULL


def test_what_is_added_to_a_frame_is_small_even_for_many_streams() -> None:
    ages = []
    streams = [Stream(f"s{n}", 1.5, phase_s=n / 600) for n in range(20)]
    Simulation(streams).run(4.0)
    for stream in streams:
        ages += stream.ages
    assert percentile(ages, 0.5) < 0.015
