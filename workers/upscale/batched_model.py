"""One net for several streams' frames at a time; to each stream it looks like a net of its own.

There is no thread of its own that would have to be stopped: whichever stream's thread finds the
net free runs the call for all that wait, and the others sleep until their frame is done.
"""

from __future__ import annotations

import dataclasses
import itertools
import logging
import threading
import time
from collections.abc import Sequence

import numpy as np

from models.errors import ModelError
from workers.engines.benchmark import blank, time_net
from workers.engines.engine import Array, CompiledNet, Engine, Feeds, NetInfo, Session
from workers.engines.engine_lock import EngineLock
from workers.engines.selection import EngineRequest, compile_requested, is_measurable
from workers.errors import DeviceFailed, NetUnusable
from workers.scheduling.batching import BatchCosts, BatchPolicy

log = logging.getLogger(__name__)

BUDGET_S = 0.1
"""Seconds for each of the two measurements: calls of several must be short to be worth it."""


def measure_batch(single: CompiledNet, many: CompiledNet) -> BatchCosts:
    """Measures a call of one and a call of several. Raises DeviceFailed."""
    return BatchCosts(
        size=many.info.batch,
        single_s=time_net(single, budget_s=BUDGET_S),
        batch_s=time_net(many, budget_s=BUDGET_S),
    )


def batch_for(engine: Engine, wanted: EngineRequest) -> int:
    """Frames that should go through a call together on this engine, 1 where that is no gain: found
    by measuring the wanted net, for 0.2 s and what it takes to compile it twice.
    """
    size = engine.info.max_batch
    if size == 1 or not is_measurable(wanted):
        return 1
    try:
        single = compile_requested(engine, wanted)
        costs = measure_batch(single, compile_requested(engine, wanted, batch=size))
    except (NetUnusable, DeviceFailed, ModelError) as error:
        log.info("frames go one by one: %s", error, extra={"action": "no_batch"})
        return 1
    log.info(
        "frames go %s: %d at once take %.1f ms, one takes %.1f",
        f"{size} at a time" if costs.is_worth_it else "one by one",
        size,
        costs.batch_s * 1000.0,
        costs.single_s * 1000.0,
        extra={"action": "batch_measured"},
    )
    return size if costs.is_worth_it else 1


class BatchedNet:
    """A CompiledNet whose sessions share calls. Nets without memory only: no frame of a stream
    depends on an earlier call.
    """

    def __init__(
        self, single: CompiledNet, many: CompiledNet, costs: BatchCosts, lock: EngineLock
    ) -> None:
        """``many`` is the same net for ``costs.size`` frames; each call of either holds
        ``lock``. Raises DeviceFailed.
        """
        self._single = single
        self._calls = _Calls(single.session(), many, costs, lock)
        self._numbers = itertools.count()

    @property
    def info(self) -> NetInfo:
        """The facts of a call of one frame."""
        return self._single.info

    def session(self) -> Session:
        """A new session, for one stream."""
        return _Session(self._calls, next(self._numbers))

    def warm_up(self) -> None:
        """Both were measured; there is no slow first call."""


@dataclasses.dataclass(slots=True, eq=False)
class _Ticket:
    """One frame; its arrays belong to a thread that waits."""

    feeds: Feeds
    enhanced: Array
    is_done: bool = False
    error: Exception | None = None
    call_s: float = 0.0
    "Seconds that its call took."
    worked_s: float = 0.0
    "The stream's part of ``call_s``, in seconds."


class _Session:
    def __init__(self, calls: _Calls, stream: int) -> None:
        self._calls = calls
        self._stream = stream

    def run(self, feeds: Feeds, enhanced: Array) -> None:
        self._calls.run(self._stream, feeds, enhanced)

    def reset(self) -> None:
        """Does nothing, since graphs that are batched keep no state."""


class _Calls:
    """The waiting frames, and the thread that runs some of them."""

    def __init__(
        self, single: Session, many: CompiledNet, costs: BatchCosts, lock: EngineLock
    ) -> None:
        self._lock = lock
        self._single = single
        self._many = many.session()
        self._feeds = {port.name: blank(port) for port in many.info.inputs}
        self._enhanced = blank(many.info.output)
        self._policy = BatchPolicy(costs)
        self._tickets: dict[int, _Ticket] = {}
        self._is_running = False
        self._changed = threading.Condition()

    def run(self, stream: int, feeds: Feeds, enhanced: Array) -> None:
        """One frame of a stream; returns when it is done. Raises what its call raised."""
        # A stream has one frame here at a time, since its session is used by one thread; so the
        # stream's number names the ticket.
        ticket, asked = _Ticket(feeds, enhanced), time.monotonic()
        with self._changed:
            self._tickets[stream] = ticket
            self._policy.arrive(stream, now=time.monotonic())
            self._changed.notify_all()
        # This thread may run a call for other streams first, and its own frame may be in a call
        # that another thread runs.
        while chosen := self._next(ticket):
            self._run(chosen)
        waited_s = time.monotonic() - asked - ticket.call_s
        self._lock.record(waited_s=waited_s, worked_s=ticket.worked_s)
        if ticket.error is not None:
            raise ticket.error

    def _next(self, own: _Ticket) -> list[_Ticket]:
        """The frames that this thread shall run now; none once its own is done."""
        with self._changed:
            while not own.is_done:
                # The thread that runs the call notifies at its end; frames that come meanwhile form
                # the next batch.
                if self._is_running:
                    self._changed.wait()
                    continue
                now = time.monotonic()
                if streams := self._policy.take(now=now):
                    self._is_running = True
                    return [self._tickets.pop(stream) for stream in streams]
                # Nobody runs and the policy waits for more frames. Another frame or the deadline
                # ends the wait.
                deadline = self._policy.deadline
                self._changed.wait(None if deadline is None else max(0.0, deadline - now))
            return []

    def _run(self, chosen: Sequence[_Ticket]) -> None:
        error: Exception | None = None
        call_s = 0.0
        try:
            # The condition is not held during the call, so that frames can arrive while the net
            # runs.
            with self._lock.take():
                begun = time.monotonic()
                if len(chosen) == 1:
                    self._single.run(chosen[0].feeds, chosen[0].enhanced)
                else:
                    self._run_many(chosen)
                call_s = time.monotonic() - begun
        except Exception as failure:
            # Each of the frames' threads raises it; this one's own may not be among them.
            log.exception("a call of %d frames failed", len(chosen), extra={"action": "net_failed"})
            error = failure
        with self._changed:
            for ticket in chosen:
                ticket.is_done, ticket.error = True, error
                # Frames that share a call pay equal parts, whichever thread ran it (decision 22).
                ticket.call_s, ticket.worked_s = call_s, call_s / len(chosen)
            self._is_running = False
            self._changed.notify_all()

    def _run_many(self, chosen: Sequence[_Ticket]) -> None:
        """Places that nobody takes keep what was there: it is computed, and not read."""
        for place, ticket in enumerate(chosen):
            for name, stacked in self._feeds.items():
                # A strength is an array of one number, whose place in the batch is a single
                # element.
                stacked[place] = np.squeeze(ticket.feeds[name])
        self._many.run(self._feeds, self._enhanced)
        for place, ticket in enumerate(chosen):
            np.copyto(ticket.enhanced, self._enhanced[place])
