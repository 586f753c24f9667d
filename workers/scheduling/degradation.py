"""The degradation policy of one stream: which option each frame gets, and how its level changes.

Down at once: a frame takes the best option that its stream's allocation pays for and that will be
in time. Up with hysteresis: a better level must have been within the allocation for a while.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from workers.scheduling.codel import CoDel
from workers.scheduling.deadlines import MAX_LATENCY_S, StaleFrameFilter, latest_s
from workers.scheduling.decision import Decision, Reason
from workers.scheduling.option import MAX_FRACTION, MethodInfo, PricedOption

UP_AFTER_S = 1.0
"""Time for which a better level must have been within the allocation before a stream steps up."""

MIN_REFRESH_RATIO = 0.5
"""Granted fraction over wanted one, below which a smaller net is better than a method that does a
fraction."""


@dataclasses.dataclass(frozen=True, slots=True)
class FrameContext:
    """The moment at which a frame is decided on."""

    age_s: float
    "Seconds since its last packet reached the server."
    wait_s: float
    "Seconds until the engine has done what was decided before."
    interval_s: float
    "Seconds from frame to frame."
    wanted: float = 1.0
    "Fraction of the picture that would be worth refreshing, 0 to 1."
    whole_ms: float = 0.0
    "The whole net's price, whether or not it is an option: what partial work may save for."
    is_probe: bool = False
    "The best method is to be run whatever the allocation pays for, if it is in time."
    refused: Reason | None = None
    "Reason why options were taken out before they were planned."
    has_helpers: bool = False
    "Other devices work on the frame."


def quality_of(level: MethodInfo | None) -> float:
    """Returns the expected relative quality of a level; 0 where no method is paid for on every
    frame.
    """
    return 0.0 if level is None else level.quality


class DegradationPolicy:
    """One stream's policy: ``apply`` each allocation, ``decide`` on each frame, ``charge`` what it
    took. No clock.

    A stream whose allocation pays for no net on every frame saves it up for one now and then,
    unless streams take turns, which is what they do where they propagate earlier pictures. A
    stream that propagates saves for the frames of which little can be kept. Otherwise the level
    stays what it is: pictures that change between two nets are worse to look at than the smaller
    one's.
    """

    def __init__(self, best: MethodInfo, fallback: MethodInfo) -> None:
        """``best`` is run whole now and then, ``fallback`` can always be had."""
        self._best = best
        self._fallback = fallback
        self._level: MethodInfo | None = best
        self._higher_since: float | None = None
        self._lowest_higher: MethodInfo | None = best
        self._ms_per_s = 0.0
        self._takes_turns = False
        self._stale = StaleFrameFilter()
        self._codel = CoDel()
        self._saved_ms = 0.0
        self._saved_at: float | None = None

    @property
    def level(self) -> MethodInfo | None:
        """The best method that the allocation pays for on every frame; None: none but free ones."""
        return self._level

    @property
    def ms_per_s(self) -> float:
        """The allocation, in milliseconds of the engine per second."""
        return self._ms_per_s

    def apply(
        self, level: MethodInfo | None, ms_per_s: float, *, now: float, takes_turns: bool = False
    ) -> None:
        """Takes an allocation that pays for ``level`` on every frame; with ``takes_turns`` and
        without a level, single frames have no net either.
        """
        self._ms_per_s = ms_per_s
        self._takes_turns = takes_turns
        # Down at once, since the budget is not there. Up only to the lowest of what was offered
        # during the wait: an offer that comes and goes is not a level to stay at.
        if quality_of(level) <= quality_of(self._level):
            self._level, self._higher_since = level, None
        elif self._higher_since is None:
            self._higher_since, self._lowest_higher = now, level
        else:
            self._lowest_higher = min(self._lowest_higher, level, key=quality_of)
            if now - self._higher_since >= UP_AFTER_S:
                self._level, self._higher_since = self._lowest_higher, None

    def refusal(self, rough: PricedOption, context: FrameContext, *, now: float) -> Reason | None:
        """Returns why an option is certainly out of reach, or None if it is worth planning.

        ``rough`` has the usual price. ``context.age_s`` must include the expected planning time.
        """
        self._save([rough], context.whole_ms, now)
        return None if context.is_probe else self._refusal(rough, context)

    def decide(
        self, options: Sequence[PricedOption], context: FrameContext, *, now: float
    ) -> Decision:
        """Returns what a frame gets of ``options``; the fallback can always be had."""
        # A frame that was screened has saved already, in ``refusal``.
        if context.refused is None:
            self._save(options, context.whole_ms, now)
        # Asked first, before anything is spent on the frame.
        if self._stale.ends(context.age_s, now=now):
            return Decision(None, reason=Reason.TOO_LATE)
        if self._codel.leaves_out(context.age_s, now=now):
            return Decision(None, reason=Reason.OVERCOMMITTED)
        why = context.refused or Reason.BEST
        if not options and context.refused is None:
            is_late = context.age_s > latest_s(takes_s=0.0, interval_s=context.interval_s)
            why = Reason.LATE if is_late else Reason.NO_NET
        last_resort = None
        for option in sorted(options, key=lambda one: one.method.quality, reverse=True):
            refusal = self._refusal(option, context)
            if refusal is None and option.method.part_of is not None:
                decision = Decision(option.method, self._fraction(option, context), why)
                if context.has_helpers or _is_enough(decision.fraction, context):
                    return decision
                # Too small a fraction is kept in reserve: what is below it, a smaller net, may be
                # out of reach, and a little refresh is still better than a resize.
                last_resort, refusal = last_resort or decision, Reason.ALLOCATION
            if refusal is None:
                return Decision(option.method, reason=self._why(option, context, why))
            why = refusal
        return last_resort or Decision(self._fallback, reason=why)

    def charge(self, price_ms: float) -> None:
        """Takes what a frame cost off the savings."""
        self._saved_ms -= price_ms

    def _save(self, options: Sequence[PricedOption], whole_ms: float, now: float) -> None:
        """Adds the allocation since the last frame, up to one frame and what comes meanwhile."""
        if self._saved_at is not None:
            self._saved_ms += self._ms_per_s * max(0.0, now - self._saved_at)
        self._saved_at = now
        # Savings and debts are bounded, or a stream that was calm for a minute could take the
        # engine for seconds. With a net on every frame it saves for one whole picture and a
        # quarter; without, for two of the cheapest net's.
        most = 0.0
        if options:
            cheapest_ms = min(option.price_ms for option in options)
            most = 2 * cheapest_ms if self._level is None else 1.25 * whole_ms
        self._saved_ms = max(-most, min(self._saved_ms, most))

    def _refusal(self, option: PricedOption, context: FrameContext) -> Reason | None:
        """Returns why an option may not be had; None if it may."""
        if context.has_helpers:
            # Partial work is all that is offered. Its fraction may be 0; then it only takes over
            # what helpers made.
            return None
        if option.latency_s > MAX_LATENCY_S:
            return Reason.SLOW
        is_above = option.method.quality > quality_of(self._level)
        is_paid = self._may_spend(context) and self._saved_ms >= option.price_ms
        if is_above and not is_paid and not self._is_probe(option, context):
            return Reason.ALLOCATION
        slack_s = _slack_s(option, context)
        if option.method.part_of is not None:
            # Without a fraction it does not wait for the engine, and takes little longer than a
            # resize, which among pictures by a net would be seen.
            slack_s += context.wait_s + context.interval_s
        if slack_s < 0:
            # BUSY where the frame would have been in time with an idle engine: it tells an operator
            # whether a faster net or fewer streams would help.
            return Reason.BUSY if slack_s + context.wait_s >= 0 else Reason.LATE
        return None

    def _may_spend(self, context: FrameContext) -> bool:
        """Returns whether savings may pay for a method above the stream's level."""
        if self._level is None:
            return not self._takes_turns
        return self._level.part_of is not None and context.wanted > MAX_FRACTION

    def _is_probe(self, option: PricedOption, context: FrameContext) -> bool:
        return context.is_probe and option.method is self._best

    def _why(self, option: PricedOption, context: FrameContext, why: Reason) -> Reason:
        if option.method.quality <= quality_of(self._level):
            return why
        return Reason.PROBE if self._is_probe(option, context) else Reason.SAVED

    def _fraction(self, option: PricedOption, context: FrameContext) -> float:
        """Returns the fraction that is wanted, as far as time, allocation and savings allow."""
        fraction = context.wanted
        wanted_ms = option.price_ms - option.fixed_ms
        if wanted_ms > 0.0:
            # A frame may always use its own part of the allocation, also while the savings are in
            # debt; else one costly frame would make the next ones worse for a second.
            paid_ms = max(self._ms_per_s * context.interval_s, self._saved_ms) - option.fixed_ms
            fraction = min(fraction, fraction * paid_ms / wanted_ms)
        if option.fraction_hold_s > 0.0:
            fraction = min(fraction, _slack_s(option, context) / option.fraction_hold_s)
        return max(0.0, fraction)


def _slack_s(option: PricedOption, context: FrameContext) -> float:
    """Returns how much later the frame could leave the net and still be in time."""
    latest = latest_s(takes_s=option.latency_s, interval_s=context.interval_s)
    return latest - context.age_s - context.wait_s - option.latency_s


def _is_enough(fraction: float, context: FrameContext) -> bool:
    return context.wanted <= MAX_FRACTION and fraction >= MIN_REFRESH_RATIO * context.wanted
