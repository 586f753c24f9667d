"""One of the streams that share a worker's engine and cores."""

from __future__ import annotations

import math
from collections.abc import Iterable

from workers.scheduling.allocation import Allocation, Demand
from workers.scheduling.cost_model import CostModel
from workers.scheduling.decision import Decision, FrameRequest, Reason, Usage
from workers.scheduling.degradation import MIN_REFRESH_RATIO, DegradationPolicy
from workers.scheduling.option import MAX_FRACTION, MethodInfo
from workers.scheduling.profitability import Profitability
from workers.scheduling.resource_budget import ResourceBudget

SILENT_AFTER_S = 1.0
"""Seconds without frames after which a stream has no allocation."""

MIN_RATIO_TO_START = 0.25
"""Granted fraction over wanted one, below which partial work is not begun."""

MIN_RATIO_TO_STAY = 0.1
"""The same, below which it ends: other streams have more of the time. Of what it keeps with all
that it asks for, ``live-s`` keeps 0.82 with a half, 0.64 with a quarter, 0.47 with 0.15 and 0.2
with 0.05 (fixed camera); a demand that is not met grows to twice as much.
"""

TRIAL_EVERY_S = 6.0
"""Seconds without a net on every frame, while no stream of the worker has one, after which as much
partial work as is worth having is tried, though it was too dear by what is known."""

MAX_TRIAL_EVERY_S = 120.0
"""The same at most: it doubles with each trial that fails, since each is seen to come and go."""

TRIAL_S = 4.0
"""Seconds that a trial lasts: one until its level is taken, and about ninety frames to measure."""

PROOF_S = 3.0
"""Seconds for which nets must make frames after a trial, at their price, for it to have worked."""

TRIAL_PRICE = 0.5
"""Factor on the price during a trial. What was measured in a stream's first second, with cold
caches and an engine that prepares itself, was up to twice what it took later."""

PROBE_WAITING_EVERY_S = 30.0
"""Seconds between probes of a stream that waits for its turn: it is planned for and enhanced once,
to measure whether it costs less by now. Else its turn comes by what was measured before.
"""

PROBE_EVERY_S = 5.0
"""Seconds after which a best method that was not run is tried again: what it once took may not
hold, and after it there is something to propagate.
"""

MAX_PROBE_PART = 0.005
"""Part of the time that probes may take where there is partial work: a net that takes longer than a
frame has holds up those behind it, which are resized."""

PRIOR_CHANGE = 0.3
"""Fraction of a picture that is thought to be new, until frames have shown it."""

_WEIGHT = 0.1
"""Weight of a frame in the smoothed fraction and energy: about the last ten frames count."""

_PRIOR_WEIGHT = 0.01
"""Weight per frame of the prior while nothing can be propagated: half is forgotten in 70 frames."""

_ENERGY_SPAN = 4.0
"""Factor above and below the median that a stream's energy counts as at most."""


class StreamState:
    """The state of one stream: what is known of it, and its level. No clock."""

    def __init__(self, methods: Iterable[MethodInfo], *, threads: int = 1) -> None:
        """``methods`` that its frames may have, a free one among them; ``threads`` as in
        ``CostModel``.
        """
        self.methods = tuple(sorted(methods, key=lambda method: method.quality))
        self.best = self.methods[-1]
        self.partial = next((one for one in self.methods if one.part_of is not None), None)
        self.fallback = next(method for method in self.methods if method.is_free)
        self.costs = CostModel(threads)
        self.policy = DegradationPolicy(self.best, self.fallback)
        self.profitability = Profitability()
        self.watched = True
        self.request: FrameRequest | None = None
        self.seen_at = 0.0
        self.energy: float | None = None
        self.wanted = PRIOR_CHANGE
        "Smoothed fraction that partial work wants."
        self.last: MethodInfo | None = None
        "The method of the last frame; None if it was dropped."
        self.probed_at: float | None = None
        "Time at which the best method was last run, or there was none to run."
        self.steady: frozenset[MethodInfo] = frozenset()
        """Methods that frames could have on which partial work was possible; on all frames if it
        never was."""
        self.fps = 30.0
        self.turn_since = 0.0
        "Time at which it last got a net on every frame, or lost it."
        self.served_at = -math.inf
        "Time at which a net last made a frame that was no probe and no trial, or could not have."
        self.trial_until = -math.inf
        self._trial_every_s = TRIAL_EVERY_S

    def forget(self) -> None:
        """Forgets what was measured: the size or the net changed, or the stream is copied."""
        self.costs.forget()
        self.profitability = Profitability()
        self.steady = frozenset()
        self.last = None
        self.served_at = self.seen_at

    @property
    def has_net(self) -> bool:
        """True if its allocation pays for a net on every frame."""
        return self.policy.level is not None

    def apply(self, allocation: Allocation, *, now: float) -> None:
        """Takes an allocation."""
        had_net = self.has_net
        self.policy.apply(
            allocation.level, allocation.ms_per_s, now=now, takes_turns=allocation.takes_turns
        )
        if self.has_net is not had_net:
            self.turn_since = now

    def observe(self, request: FrameRequest, *, now: float) -> None:
        """Learns from a frame, before the decision on it."""
        has_paused = self.request is None or now - self.seen_at >= SILENT_AFTER_S
        self.request, self.seen_at = request, now
        self.fps = 1.0 / request.interval_s
        available = request.methods
        if has_paused or not self.watched or not (available or request.refused):
            self.served_at = now
        if not available and request.refused is None:
            return
        if self._can_propagate():
            self.wanted += _WEIGHT * (request.wanted - self.wanted)
        else:
            # There was nothing to propagate, which does not tell what there would have been: in
            # time it is tried again.
            self.wanted += _PRIOR_WEIGHT * (PRIOR_CHANGE - self.wanted)
        is_partial = self.partial in available and request.wanted <= MAX_FRACTION
        # An allocation is made for the options that a calm frame has. On a scene cut partial work
        # is missing for one frame, which must not change the level.
        if available and (is_partial or self.partial not in self.steady):
            self.steady = available
        energy = request.best_energy
        if energy is not None:
            have = energy if self.energy is None else self.energy
            self.energy = have + _WEIGHT * (energy - have)

    def decided(self, decision: Decision, *, now: float) -> None:
        """Notes what a frame gets."""
        self.last = decision.method
        if decision.method is self.best or self.probed_at is None:
            self.probed_at = now

    def report(self, method: MethodInfo, usage: Usage) -> None:
        """Learns from what a frame took."""
        self.costs.add(method, usage)
        # Planning is left out for a whole frame: without partial work there would be none.
        if self.partial is not None and method is self.partial.part_of:
            self.profitability.add_whole(usage.cpu_s + usage.engine_s - usage.plan_cpu_s)
        elif method is self.partial:
            self.profitability.add_partial(usage.cpu_s + usage.engine_s)

    def resized(self, usage: Usage) -> None:
        """Learns what a frame without a net took."""
        # What helpers made of it is pasted in, which is no part of a resize.
        if self.request is not None and not self.request.has_helpers:
            self.costs.add_resize(usage.cpu_s - usage.plan_cpu_s)

    def served(self, decision: Decision, *, now: float) -> bool:
        """Notes that a net made a frame; returns whether that tells that there is time for it."""
        is_proof = decision.reason is not Reason.PROBE and now >= self.trial_until + PROOF_S
        if is_proof:
            self.served_at, self._trial_every_s = now, TRIAL_EVERY_S
        return is_proof

    @property
    def unserved_s(self) -> float:
        """Seconds for which frames came that nets could have made, and made none."""
        return max(0.0, self.seen_at - self.served_at)

    def is_trial(self, now: float, *, may_begin: bool) -> bool:
        """Returns whether partial work is tried at a part of its price; begins a trial where it is
        due and ``may_begin``.
        """
        since = max(self.turn_since, self.trial_until)
        is_waiting = not self.has_net and self.partial in self.steady
        if may_begin and is_waiting and now - since >= self._trial_every_s:
            self.trial_until = now + TRIAL_S
            self._trial_every_s = min(MAX_TRIAL_EVERY_S, 2 * self._trial_every_s)
        return now < self.trial_until

    def is_probe(self, now: float) -> bool:
        """Returns whether the best method should be run once, whatever the allocation pays for."""
        is_waiting = not self.has_net and self.partial in self.steady
        every_s = PROBE_WAITING_EVERY_S if is_waiting else PROBE_EVERY_S
        if self.partial in self.steady:
            whole_s = (self.costs.usual_ms(self.best) or 0.0) / 1000.0
            every_s = max(every_s, whole_s / MAX_PROBE_PART)
        return self.probed_at is not None and now - self.probed_at >= every_s

    def whole_ms(self, budget: ResourceBudget) -> float:
        """Returns the price of the best method."""
        return budget.price_ms(self.costs.cost(self.best))

    def _can_propagate(self) -> bool:
        """Returns whether the last frame left a picture that partial work can go on from."""
        if self.partial is None or self.last is None:
            return False
        return self.last is self.partial or self.last is self.partial.part_of


def demand_of(
    stream: StreamState,
    usual_energy: float,
    budget: ResourceBudget,
    now: float,
    *,
    may_try: bool = False,
) -> Demand:
    """Returns what a stream could use; ``usual_energy`` is that of the worker's streams. With
    ``may_try`` it may ask for partial work at less than it costs by what is known.
    """
    if stream.request is None:
        raise RuntimeError("a stream without a frame has no demand")
    available = stream.request.methods
    energy = usual_energy if stream.energy is None else stream.energy
    # One stream must not take all because its energy was measured at an odd moment.
    energy = max(usual_energy / _ENERGY_SPAN, min(energy, usual_energy * _ENERGY_SPAN))
    # Where nearly all of the picture is new, frame after frame, partial work costs as much as the
    # whole net; then the stream asks for that, or for the smaller one.
    methods = stream.steady
    if stream.wanted > MAX_FRACTION and stream.partial in available and len(available) > 1:
        methods = available - {stream.partial}
    floor_ms = least_ms(stream, methods, budget)
    if floor_ms is not None and stream.is_trial(now, may_begin=may_try):
        floor_ms *= TRIAL_PRICE
    return Demand(
        fps=stream.fps,
        prices_ms=_prices_ms(stream, methods, budget),
        energy=energy * stream.request.pixels * stream.fps,
        level=stream.policy.level,
        watched=stream.watched,
        whole_ms=stream.whole_ms(budget),
        least_ms=floor_ms,
        turn_s=now - stream.turn_since,
    )


def _prices_ms(
    stream: StreamState, methods: frozenset[MethodInfo], budget: ResourceBudget
) -> dict[MethodInfo, float]:
    return {
        method: budget.priced(stream.costs.option(method, wanted=stream.wanted)).price_ms
        for method in stream.methods
        if method in methods
    }


def least_ms(
    stream: StreamState, methods: Iterable[MethodInfo], budget: ResourceBudget
) -> float | None:
    """Returns the price of as much partial work as is worth having; None if there is none."""
    if stream.partial is None:
        return None
    ratio = MIN_RATIO_TO_STAY if stream.has_net else MIN_RATIO_TO_START
    if any(method not in (stream.partial, stream.partial.part_of) for method in methods):
        # There is a smaller net to fall back to.
        ratio = MIN_REFRESH_RATIO
    least = stream.costs.option(stream.partial, wanted=ratio * stream.wanted)
    return budget.priced(least).price_ms
