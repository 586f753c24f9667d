from __future__ import annotations

import dataclasses
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from workers.scheduling.cost_model import CostModel
from workers.scheduling.decision import Decision, FrameRequest, Reason
from workers.scheduling.handle import SchedulerHandle, SharedScheduler
from workers.scheduling.option import Option
from workers.scheduling.resource_budget import ENGINE_MS_PER_S

from .levels import BICUBIC, FULL, METHODS, TEMPORAL, took


def fresh(costs: CostModel) -> FrameRequest:
    return FrameRequest(time.monotonic(), 0.1, 100, (costs.option(FULL), Option(BICUBIC)))


def joined(shared: SharedScheduler) -> tuple[SchedulerHandle, CostModel]:
    handle = shared.handle()
    return handle, handle.join(METHODS)


def test_handles_share_one_engine() -> None:
    shared = SharedScheduler()
    (one, first), (two, second) = joined(shared), joined(shared)
    for costs in (first, second):
        costs.expect(FULL, 0.085)
    decision = one.decide(fresh(first))
    assert decision.method is FULL
    assert two.decide(fresh(second)).method is BICUBIC
    one.report(decision, took(0.050, 0.030))
    assert shared.spent_ms_per_s() == pytest.approx(10.0)
    assert one.standing().full_ms == pytest.approx((3 * 85.0 + 30.0) / 4)
    # Two streams share what the nets left.
    assert one.idle_s() == pytest.approx((shared.given_ms_per_s - 10.0) / 2000.0)
    two.leave()
    assert two.idle_s() == 0.0


def test_the_process_is_measured_and_the_cores_that_are_left_are_given() -> None:
    shared = SharedScheduler(cores=1, threads=1)
    handle, _ = joined(shared)
    assert shared.given_ms_per_s == ENGINE_MS_PER_S
    # A frame in 2 ms, of which each takes half of that and no net.
    for _ in range(600):
        arrived, begun = time.monotonic(), time.thread_time()
        while time.thread_time() - begun < 0.001:
            pass
        decision = handle.decide(FrameRequest(arrived, 1 / 500, 100, (Option(BICUBIC),)))
        handle.report(decision, took(0.001, 0.0))
    assert shared.given_ms_per_s < 0.8 * ENGINE_MS_PER_S


def test_a_thread_that_comes_late_gets_a_resize() -> None:
    handle, costs = joined(SharedScheduler())
    handle.leave()
    handle.leave()
    decision = handle.decide(fresh(costs))
    assert decision.method is BICUBIC
    handle.report(decision, took(1.0, 1.0))
    handle.forget()
    handle.watch(False)
    planned = dataclasses.replace(fresh(costs), options=(_unplannable(costs), Option(BICUBIC)))
    assert handle.decide(planned) == Decision(BICUBIC, reason=Reason.NO_NET)
    assert handle.standing().full_ms is None


def _unplannable(costs: CostModel) -> Option:
    def plan() -> Option:
        raise AssertionError("a stream that is over plans nothing")

    return dataclasses.replace(costs.option(TEMPORAL), plan=plan)


def test_a_plan_is_carried_out_while_other_streams_may_ask() -> None:
    shared = SharedScheduler()
    (one, first), (two, second) = joined(shared), joined(shared)
    asked: list[Decision] = []

    def plan() -> Option:
        asked.append(two.decide(fresh(second)))
        return first.option(TEMPORAL, wanted=0.2)

    option = dataclasses.replace(first.option(TEMPORAL), plan=plan)
    frame = dataclasses.replace(fresh(first), options=(option, Option(BICUBIC)))
    assert one.decide(frame).method is TEMPORAL
    assert [decision.method for decision in asked] == [FULL]


def test_many_threads_may_ask_at_once() -> None:
    shared = SharedScheduler()

    def live(_: int) -> None:
        handle, costs = joined(shared)
        for _ in range(100):
            handle.report(handle.decide(fresh(costs)), took(0.0201, 0.0001))
            handle.watch(True)
        handle.leave()

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(live, range(8))) == [None] * 8
