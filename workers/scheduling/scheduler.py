"""The scheduler: a worker's engine and cores, shared by its streams, frame by frame."""

from __future__ import annotations

import dataclasses
import math
import statistics
from collections import deque
from collections.abc import Iterable

from workers.scheduling.admission import Unserved
from workers.scheduling.allocation import allocate
from workers.scheduling.cost_model import CostModel
from workers.scheduling.decision import Decision, FrameRequest, Reason, Usage
from workers.scheduling.degradation import FrameContext
from workers.scheduling.engine_queue import EngineQueue
from workers.scheduling.option import MethodInfo
from workers.scheduling.resource_budget import CpuAccounting, frame_cost
from workers.scheduling.stream_state import (
    PRIOR_CHANGE,
    SILENT_AFTER_S,
    StreamState,
    demand_of,
    least_ms,
)

__all__ = ["ALLOCATE_EVERY_S", "SILENT_AFTER_S", "Scheduler", "Standing"]

ALLOCATE_EVERY_S = 0.25
"""Seconds between two allocations."""

_SPENT_WINDOW_S = 3.0
"""Seconds over which the time taken of the engine is averaged for the heartbeat."""


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """A stream's level and costs."""

    level: str
    "Name of the level that its allocation pays for on every frame."
    ms_per_s: float
    "Its allocation, in milliseconds of the engine per second."
    full_ms: float | None
    "Milliseconds that its best method takes for a frame; None while nothing is known."
    least_ms: float | None
    "Milliseconds that the cheapest of its nets takes for a whole frame."
    wanted: float = PRIOR_CHANGE
    "Part of the whole net's work that frames want, or are thought to."
    partial_ms: float | None = None
    """Milliseconds of the allocation that a frame takes by as much partial work as is worth having;
    None while it was not measured."""
    unserved: Unserved = Unserved()
    "Time for which frames came and nets made none."


class Scheduler:
    """All streams of a worker: ``decide`` on each frame, then ``report`` what it took. No clock:
    ``now`` is in seconds.
    """

    def __init__(self, cores: CpuAccounting | None = None) -> None:
        """``cores``: what is measured of them; None where there are more than enough."""
        self._cores = cores or CpuAccounting()
        self._budget = self._cores.budget(0.0)
        self._streams: dict[str, StreamState] = {}
        self._queue = EngineQueue()
        self._allocated_at: float | None = None
        self._spent: deque[tuple[float, float]] = deque()
        self._served_at = -math.inf
        "Time at which a net last made a frame of any stream, not to measure."

    @property
    def given_ms(self) -> float:
        """Milliseconds of the engine per second that all streams have together."""
        return self._budget.given_ms

    def is_due(self, *, now: float) -> bool:
        """Returns whether the next frame has a new allocation worked out: time to ``tell``."""
        at = self._allocated_at
        return at is None or not 0 <= now - at < ALLOCATE_EVERY_S

    def tell(self, process_s: float, *, now: float) -> None:
        """Takes the CPU time of the process since it began."""
        self._cores.tell(process_s, now=now)

    def join(self, key: str, methods: Iterable[MethodInfo]) -> CostModel:
        """Adds a stream whose frames may have ``methods``; returns its cost model, to make options
        with.
        """
        stream = StreamState(methods, threads=self._cores.threads)
        self._streams[key] = stream
        # None makes the next frame of any stream work out a new allocation.
        self._allocated_at = None
        return stream.costs

    def leave(self, key: str, *, now: float) -> None:
        """Removes a stream; what it had is the others'."""
        del self._streams[key]
        self._queue.leave(key, now=now)
        self._allocated_at = None

    def watch(self, key: str, watched: bool) -> None:
        """Sets whether somebody watches the stream; the others get what is left."""
        if self._streams[key].watched is not watched:
            self._streams[key].watched = watched
            self._allocated_at = None

    def forget(self, key: str) -> None:
        """Forgets what was measured of a stream: its size or its net changed, or it is copied."""
        self._streams[key].forget()

    def screen(self, key: str, request: FrameRequest, *, now: float) -> FrameRequest:
        """Takes out options with a plan that a frame cannot have whatever planning may find, and
        with them the methods of which they do a part: such a frame must be done quickly, so that
        others have a prospect. ``decide`` must follow.
        """
        rough = next((option for option in request.options if option.plan is not None), None)
        # What helpers made is taken over whatever this device has time for.
        if rough is None or request.has_helpers:
            return request
        stream = self._streams[key]
        if not stream.profitability.is_worth_it(now=now):
            return request.without(rough.method)
        if rough.method not in stream.steady:
            # Nothing is known of it; an allocation waits until the stream has shown its options.
            return request
        # Nothing may be learnt from the request, which ``decide`` is shown too; only what an
        # allocation reads is set.
        stream.seen_at, stream.fps = now, 1.0 / request.interval_s
        self._allocate_if_due(now)
        context = FrameContext(
            age_s=now - request.arrived + stream.costs.planning_s,
            wait_s=self._queue.wait_s(now=now),
            interval_s=request.interval_s,
            whole_ms=stream.whole_ms(self._budget),
            is_probe=stream.is_probe(now),
        )
        usual = stream.costs.option(rough.method, wanted=stream.wanted)
        refused = stream.policy.refusal(self._budget.priced(usual), context, now=now)
        if refused is None:
            return request
        request = request.without(rough.method, rough.method.part_of)
        return dataclasses.replace(request, refused=refused)

    def decide(self, key: str, request: FrameRequest, *, now: float) -> Decision:
        """Returns what the frame gets; ``report`` must follow where that is a method."""
        stream = self._streams[key]
        request = request.considered()
        # Before the decision: an allocation that is due now is to know this frame.
        self._cores.passed(now - request.arrived)
        stream.observe(request, now=now)
        self._allocate_if_due(now)
        options = [one for one in request.options if not one.method.is_free]
        context = FrameContext(
            age_s=now - request.arrived,
            wait_s=self._queue.wait_s(now=now),
            interval_s=request.interval_s,
            wanted=request.wanted,
            whole_ms=stream.whole_ms(self._budget),
            is_probe=stream.is_probe(now),
            refused=request.refused,
            has_helpers=request.has_helpers,
        )
        priced = [self._budget.priced(option) for option in options]
        decision = stream.policy.decide(priced, context, now=now)
        stream.decided(decision, now=now)
        for option in options:
            if option.method is decision.method:
                # What is known of a method that was not run for seconds is old; the probe's
                # measurement is to count as much as all of it.
                if decision.reason is Reason.PROBE:
                    stream.costs.doubt(option.method)
                hold_s = option.hold_s + decision.fraction * option.fraction_hold_s
                self._queue.enter(key, hold_s, now=now)
        return decision

    def report(self, key: str, decision: Decision, usage: Usage, *, now: float) -> None:
        """Takes what a frame took. That of a free method counts with the CPU time of all frames."""
        method = decision.method
        if method is None:
            return
        stream = self._streams[key]
        if method.is_free:
            stream.resized(usage)
            return
        stream.report(method, usage)
        if stream.served(decision, now=now):
            self._served_at = now
        # A resize counts with every frame, or a stream without a net would have to pay for the net
        # and for the resize that it is going to save.
        over_s = max(0.0, usage.cpu_s - stream.costs.resize_s)
        cost = frame_cost(1000.0 * usage.engine_s, 1000.0 * over_s, self._budget.threads)
        self._cores.spent(
            over_s + self._budget.threads * usage.engine_s,
            worked_s=usage.cpu_s + usage.engine_s,
            passed_s=usage.planned_s + usage.passed_s,
        )
        # It pays what it took, not what it was thought to take, or errors would add up.
        stream.policy.charge(self._budget.price_ms(cost))
        self._queue.leave(key, now=now)
        self._spent.append((now, usage.engine_s))
        self._forget_spent(now)

    def standing(self, key: str) -> Standing:
        """Returns a stream's level and costs."""
        stream = self._streams[key]
        nets = [one for one in stream.methods if not one.is_free and one.part_of is None]
        known = [ms for ms in map(stream.costs.usual_ms, nets) if ms is not None]
        return Standing(
            level=(stream.policy.level or stream.fallback).name,
            ms_per_s=stream.policy.ms_per_s,
            full_ms=stream.costs.usual_ms(stream.best),
            least_ms=min(known, default=None),
            wanted=stream.wanted,
            partial_ms=self._partial_ms(stream),
            unserved=Unserved(
                stream.unserved_s, min(stream.unserved_s, stream.seen_at - self._served_at)
            ),
        )

    def _partial_ms(self, stream: StreamState) -> float | None:
        if stream.partial is None or stream.costs.usual_ms(stream.partial) is None:
            return None
        return least_ms(stream, stream.steady, self._budget)

    def spent_ms_per_s(self, *, now: float) -> float:
        """Returns what frames took of the engine over the last three seconds."""
        self._forget_spent(now)
        return 1000.0 * sum(engine_s for _, engine_s in self._spent) / _SPENT_WINDOW_S

    def idle_ms_per_s(self, *, now: float) -> float:
        """Returns a stream's part of what nets left of what was given, over the same time."""
        left_ms = self.given_ms - self.spent_ms_per_s(now=now)
        return max(0.0, left_ms) / max(1, len(self._streams))

    def _forget_spent(self, now: float) -> None:
        while self._spent and now - self._spent[0][0] > _SPENT_WINDOW_S:
            self._spent.popleft()

    def _allocate_if_due(self, now: float) -> None:
        if not self.is_due(now=now):
            return
        self._allocated_at = now
        awake = {
            key: stream
            for key, stream in self._streams.items()
            if now - stream.seen_at < SILENT_AFTER_S
        }
        self._budget = self._cores.budget(sum(stream.fps for stream in awake.values()))
        # A stream whose net is not ready counts for the cores, since it is decoded and encoded, but
        # has no demand.
        active = {key: stream for key, stream in awake.items() if stream.steady}
        known = [stream.energy for stream in active.values() if stream.energy is not None]
        usual = max(statistics.median(known), 1e-3) if known else 1.0
        may_try = not any(stream.has_net for stream in active.values())
        demands = {
            key: demand_of(stream, usual, self._budget, now, may_try=may_try)
            for key, stream in active.items()
        }
        for key, allocation in allocate(demands, self._budget.given_ms).items():
            active[key].apply(allocation, now=now)
