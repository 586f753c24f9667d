from __future__ import annotations

import dataclasses

import pytest

from workers.scheduling.cost_model import CostModel
from workers.scheduling.deadlines import MAX_LATENCY_S
from workers.scheduling.decision import Decision, FrameRequest, Reason, Usage
from workers.scheduling.engine_queue import EngineQueue
from workers.scheduling.option import MethodInfo
from workers.scheduling.resource_budget import ENGINE_MS_PER_S, CpuAccounting
from workers.scheduling.scheduler import SILENT_AFTER_S, Scheduler
from workers.scheduling.stream_state import PROBE_EVERY_S, PROBE_WAITING_EVERY_S

from .levels import BICUBIC, FULL, METHODS, SMALL, TEMPORAL, request, took
from .simulation import Simulation, Stream, percentile

BOTH = frozenset((FULL, SMALL))
ALL = frozenset((FULL, TEMPORAL, SMALL))


class Worker:
    """A scheduler whose streams have the live methods, and their cost models."""

    def __init__(self, cores: CpuAccounting | None = None) -> None:
        self.scheduler = Scheduler(cores)
        self.costs: dict[str, CostModel] = {}

    def join(self, *keys: str, full_s: float = 0.0) -> None:
        for key in keys:
            self.costs[key] = self.scheduler.join(key, METHODS)
            if full_s:
                self.costs[key].expect(FULL, full_s)

    def decide(
        self,
        key: str,
        arrived: float,
        methods: frozenset[MethodInfo] = frozenset((FULL,)),
        *,
        wanted: float = 1.0,
        energy: float = 1.0,
        refused: Reason | None = None,
    ) -> Decision:
        frame = request(
            self.costs[key], arrived, methods, wanted=wanted, energy=energy, refused=refused
        )
        return self.scheduler.decide(key, frame, now=arrived)

    def screen(self, key: str, arrived: float, *, now: float) -> FrameRequest:
        """Asks for a frame whose partial work is not planned yet."""
        frame = request(self.costs[key], arrived, ALL)
        options = tuple(
            dataclasses.replace(one, plan=lambda: one) if one.method is TEMPORAL else one  # noqa: B023
            for one in frame.options
        )
        return self.scheduler.screen(key, dataclasses.replace(frame, options=options), now=now)

    def report(self, key: str, method: MethodInfo, usage: Usage, *, now: float) -> None:
        self.scheduler.report(key, Decision(method), usage, now=now)


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
    worker = Worker()
    for key in "abc":
        worker.join(key)
        worker.costs[key].expect(FULL, 0.024)
    methods = [worker.decide(key, 0.0).method for key in "abc"]
    # The third would leave the net at 72 ms.
    assert methods == [FULL, FULL, BICUBIC]


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
    assert stream.count[None] == 0
    assert max(stream.ages) < 0.070


def test_a_net_that_takes_several_intervals_still_delivers_every_frame() -> None:
    stream = alone(100.0, fps=60.0, seconds=5.0)
    assert stream.count[None] == 0 and stream.count[FULL] > 30
    assert max(stream.ages) < 0.12


def test_a_slow_net_gets_frames_now_and_then_and_the_others_go_by() -> None:
    stream = alone(250.0)
    assert stream.count[FULL] > 20
    assert stream.count[None] == 0 and max(stream.ages) < 0.27


def test_a_net_that_holds_up_the_frames_behind_it_is_not_run_again() -> None:
    worker = Worker()
    worker.join("a")
    assert worker.decide("a", 0.0).method is FULL
    slow_s = MAX_LATENCY_S + 0.05
    worker.report("a", FULL, took(slow_s, slow_s), now=slow_s)
    for index in range(12, 100):
        choice = worker.decide("a", index / 30)
        assert choice == Decision(BICUBIC, reason=Reason.SLOW)


def test_another_size_is_tried_again() -> None:
    worker = Worker()
    worker.join("a")
    worker.decide("a", 0.0)
    worker.report("a", FULL, took(9.0, 9.0), now=9.0)
    worker.scheduler.forget("a")
    assert worker.scheduler.standing("a").full_ms is None
    assert worker.decide("a", 9.5).method is FULL


def test_the_standing_tells_what_was_measured() -> None:
    worker = Worker()
    worker.join("a")
    worker.costs["a"].expect(SMALL, 0.006)
    worker.decide("a", 0.0, BOTH)
    worker.report("a", FULL, took(0.025, 0.020), now=0.025)
    standing = worker.scheduler.standing("a")
    assert (standing.full_ms, standing.least_ms) == pytest.approx((20.0, 6.0))
    assert standing.level == "full"
    assert worker.scheduler.spent_ms_per_s(now=0.025) == pytest.approx(20.0 / 3.0)
    given = worker.scheduler.given_ms
    assert worker.scheduler.idle_ms_per_s(now=0.025) == pytest.approx(given - 20.0 / 3.0)
    assert worker.scheduler.spent_ms_per_s(now=9.0) == 0.0
    # What is left is divided: each stream's encoder may take its part of it.
    worker.scheduler.join("other", METHODS)
    assert worker.scheduler.idle_ms_per_s(now=9.0) == given / 2


def test_a_stream_that_went_silent_or_left_has_no_share() -> None:
    worker = Worker()
    for key in "ab":
        worker.join(key)
        worker.costs[key].expect(FULL, 0.030)
        worker.decide(key, 0.0)
        worker.report(key, FULL, took(0.030, 0.030), now=0.030)
    worker.decide("a", 0.3)
    assert worker.scheduler.standing("a").ms_per_s == pytest.approx(ENGINE_MS_PER_S / 2)
    later = 0.1 + SILENT_AFTER_S
    worker.decide("a", later)
    assert worker.scheduler.standing("a").ms_per_s == pytest.approx(ENGINE_MS_PER_S)
    worker.decide("b", later)
    worker.scheduler.leave("b", now=later + 0.3)
    worker.decide("a", later + 0.3)
    assert worker.scheduler.standing("a").ms_per_s == pytest.approx(ENGINE_MS_PER_S)


def test_a_stream_that_reuses_holds_only_what_it_needs_and_saves_for_its_key_frames() -> None:
    stream = Stream(
        "s",
        40.0,
        frozenset((FULL, TEMPORAL, SMALL)),
        jitter_s=0.0,
    )
    simulation = Simulation([stream])
    simulation.run(12.0)
    # The whole net on every frame would be 1.2 of the engine; a third of it is plenty.
    assert simulation.busy_s / 12 < 0.5
    whole = [at for at, method in stream.method_at if method is FULL]
    assert len(whole) >= 6
    assert stream.count[TEMPORAL] > 0.95 * 12 * 30 and stream.count[BICUBIC] < 3


def test_a_stream_in_which_all_is_new_has_the_price_of_the_whole_net() -> None:
    worker = Worker()
    worker.join("a")
    worker.costs["a"].expect(FULL, 0.020)
    worker.costs["a"].expect(SMALL, 0.005)
    for index in range(60):
        assert worker.decide("a", index / 30, ALL).method is FULL
        worker.report("a", FULL, took(0.020, 0.020), now=index / 30 + 0.020)
    assert worker.scheduler.standing("a").level == "full"


def propagating(worker: Worker, key: str) -> None:
    """Joins, and has propagated a picture."""
    worker.join(key, full_s=0.014)
    assert worker.decide(key, 0.0, frozenset((TEMPORAL,)), wanted=0.3).method is TEMPORAL
    usage = Usage(0.008, 0.004, 0.004, 0.004, planned_s=0.003, fraction=0.3)
    worker.report(key, TEMPORAL, usage, now=0.010)


def test_a_stream_that_never_propagated_is_always_planned_for() -> None:
    worker = Worker()
    worker.join("a")
    screened = worker.screen("a", 0.0, now=0.3)
    assert screened.refused is None and screened.methods == ALL


def test_a_frame_that_will_be_late_once_it_was_planned_for_is_not_planned_for() -> None:
    worker = Worker()
    propagating(worker, "a")
    # 55 ms and an interval; 3 ms to plan, 4 beside the net.
    assert worker.screen("a", 0.1 - 0.079, now=0.1).refused is None
    late = worker.screen("a", 0.1 - 0.083, now=0.1)
    assert late.refused is Reason.LATE
    # The whole net would take longer still.
    assert late.methods == {SMALL}


def test_partial_work_that_saves_no_time_is_not_planned_for_and_the_whole_net_goes_on() -> None:
    worker = Worker()
    worker.join("a", full_s=0.004)
    for index in range(80):
        now = index / 30
        methods = frozenset((FULL,)) if index % 2 else frozenset((TEMPORAL,))
        decision = worker.decide("a", now, methods, wanted=0.3)
        slow = decision.method is TEMPORAL
        usage = took(0.009, 0.003, 0.3) if slow else took(0.006, 0.004)
        worker.scheduler.report("a", decision, usage, now=now + 0.010)
    screened = worker.screen("a", 3.0, now=3.0)
    assert screened.refused is None and screened.methods == {FULL, SMALL}


def test_a_stream_without_an_allocation_is_planned_for_once_in_a_while() -> None:
    worker = Worker(CpuAccounting(1, 1))
    propagating(worker, "a")
    asked, process_s = [], 0.0
    for index in range(1, 30 * 65):
        now = index / 30
        process_s += 1 / 30  # Without nets the core is busy all the time.
        worker.scheduler.tell(process_s, now=now)
        refused = worker.screen("a", now, now=now).refused
        # What was left alone for long is all new.
        is_new = now > 3.0
        methods = frozenset((TEMPORAL, FULL)) if is_new else frozenset((TEMPORAL,))
        decision = worker.decide(
            "a",
            now,
            frozenset() if refused else methods,
            wanted=1.0 if is_new else 0.3,
            refused=refused,
        )
        if refused is None and is_new:
            asked.append(now)
            assert decision == Decision(FULL, reason=Reason.PROBE)
        if decision.method in (FULL, TEMPORAL):
            worker.scheduler.report("a", decision, took(0.020, 0.014), now=now + 0.020)
            process_s += 0.020
    assert 1 <= len(asked) <= 65 / PROBE_WAITING_EVERY_S
    assert worker.scheduler.standing("a").level == "bicubic"


def test_a_net_that_was_slow_once_is_tried_again_and_believed() -> None:
    worker = Worker()
    worker.join("a")
    worker.costs["a"].expect(SMALL, 0.005)
    choices = []
    for index in range(30 * 14):
        now = index / 30
        choice = worker.decide("a", now, BOTH)
        choices.append((now, choice))
        if choice.method in (FULL, SMALL):
            slow = now < 1.0 and choice.method is FULL
            took_s = 0.050 if slow else 0.015 if choice.method is FULL else 0.005
            worker.report("a", choice.method, took(took_s, took_s), now=now + took_s)
    tried = [now for now, choice in choices if choice.reason is Reason.PROBE]
    assert tried and tried[0] == pytest.approx(PROBE_EVERY_S, abs=0.5)
    assert {choice.method for now, choice in choices if 1.0 < now < tried[0]} == {SMALL}
    assert choices[-1][1] == Decision(FULL)


def test_an_odd_measurement_of_energy_does_not_take_everything() -> None:
    worker = Worker()
    for key, energy in (("a", 1.0), ("b", 1.0), ("c", 1000.0)):
        worker.join(key)
        worker.costs[key].expect(FULL, 0.030)
        worker.decide(key, 0.0, energy=energy)
        worker.report(key, FULL, took(0.030, 0.030), now=0.0)
    worker.decide("a", 0.3)
    # Half of an equal part for sure, the rest by energy, which counts four times at most.
    shares = [worker.scheduler.standing(key).ms_per_s for key in "abc"]
    assert shares == [pytest.approx(150 + 450 * part / 6) for part in (1, 1, 4)]


def test_a_stream_that_leaves_while_its_frame_waits_makes_nobody_wait() -> None:
    worker = Worker()
    for key in "ab":
        worker.join(key)
        worker.costs[key].expect(FULL, 0.029)
    assert worker.decide("a", 0.0).method is FULL
    worker.scheduler.leave("a", now=0.001)
    assert worker.decide("b", 0.001).method is FULL


def test_what_is_added_to_a_frame_is_small_even_for_many_streams() -> None:
    ages = []
    streams = [Stream(f"s{n}", 1.5, phase_s=n / 600) for n in range(20)]
    Simulation(streams).run(4.0)
    for stream in streams:
        ages += stream.ages
    assert percentile(ages, 0.5) < 0.015
