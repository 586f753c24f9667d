"""Admission: decides if a stream's input can be enhanced in time here, or is passed through.

A stream begins by an estimate of what its frames will need, which is low: a stream that is copied
is never measured. It ends by what its frames got. Engine time is allocated by ``allocation.py``;
only where decoders and encoders of so many streams would take the processor too, one more is not
begun.
"""

from __future__ import annotations

import dataclasses

from workers.scheduling.deadlines import MAX_LATENCY_S

ENTER_FRACTION = 0.4
"""Fraction of the frames that must get the net for enhancement to begin; low enough that a
measurement at a bad moment does not shut a stream out."""

LEAVE_FRACTION = 0.3
"""Fraction of the frames below which enhancement ends."""

LEAVE_AFTER_S = 3.0
"""Seconds for which the fraction must be below that."""

MAX_OVERCOMMIT = 2.0
"""Load of the other streams, in units of what the worker holds, beside which none is begun."""

RETRY_AFTER_S = 30.0
"""Seconds after which a stream that was given up because of measured time is tried again."""

MAX_RETRY_S = 480.0
"""The same at most: it doubles with each time that the stream is given up soon, since each try
costs two key frames and seconds of resized pictures."""

UNSERVED_S = 15.0
"""Seconds without a frame by a net, of this stream or of any other, after which it is given up;
longer than a worker takes to try propagation again (``stream_state.TRIAL_EVERY_S``) and to see."""

UNSERVED_ALONE_S = 120.0
"""The same where others have frames by nets: longer than it waits for its turn."""

SERVED_S = 60.0
"""Seconds for which a stream must have been enhanced before the next time that it is given up
counts as the first one."""

MIN_HELPED = 0.05
"""Part of the frames' work by helpers, from which on a worker that runs no net enhances."""

UNSERVED = "No frame of {input} had time for a net here in {seconds:.0f} seconds."

UNHELPED = "This worker only composes what others make, and no other one helps it now."

OVERCOMMITTED = "The worker has as many watched streams as it can put out."


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on a stream."""

    accepted: bool
    reason: str = ""
    "A sentence that says why not; empty if it is accepted."


@dataclasses.dataclass(frozen=True, slots=True)
class StreamInput:
    """The size and the rate of a stream's pictures."""

    width: int
    height: int
    fps: float
    "Frames per second as measured; over 0."

    def is_like(self, other: StreamInput) -> bool:
        """Returns whether a measurement of one holds for the other."""
        # A measured rate wavers; within 0.7 to 1.4 of the old one it is the same, and 30 is told
        # from 60 and from 15.
        is_same_size = (self.width, self.height) == (other.width, other.height)
        return is_same_size and 0.7 < self.fps / other.fps < 1.4

    def __str__(self) -> str:
        return f"{self.width}x{self.height} at {self.fps:.0f} frames per second"

    def need(self, net_ms: float) -> str:
        """Returns the sentence that refuses the input because a net takes ``net_ms`` a frame."""
        return (
            f"{self} needs {net_ms:.0f} ms "
            f"of the net per frame here, and there are {1000.0 / self.fps:.0f} ms."
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Unserved:
    """Seconds for which frames came and none was made by a net."""

    own_s: float = 0.0
    "Time of this stream; 0 while it is not enhanced."
    worker_s: float = 0.0
    "Time of all streams of the worker together."

    @property
    def is_hopeless(self) -> bool:
        """True where waiting longer would change nothing."""
        return self.own_s >= UNSERVED_ALONE_S or min(self.own_s, self.worker_s) >= UNSERVED_S


@dataclasses.dataclass(frozen=True, slots=True)
class Needs:
    """The time that a frame needs, in ms, and the time for which frames got none."""

    frame_ms: float
    "The net on the whole picture."
    least_ms: float
    "The net that may serve in its place."
    partial_ms: float | None = None
    "Regions, as many as are worth having; None where nothing is propagated."
    unserved: Unserved = Unserved()

    def of(self, *, is_chosen: bool) -> float:
        """Returns the least that serves; ``is_chosen``: no other net does."""
        whole_ms = self.frame_ms if is_chosen else self.least_ms
        return whole_ms if self.partial_ms is None else min(whole_ms, self.partial_ms)


class AdmissionPolicy:
    """Compares what a frame takes with the time there is for it, with hysteresis."""

    def __init__(self, *, can_run: bool = True) -> None:
        """``can_run``: False for a worker that leaves nets to helpers."""
        self._can_run = can_run
        self._verdict: Verdict | None = None
        self._source: StreamInput | None = None
        self._short_since: float | None = None
        self._refused_at = 0.0
        self._begun_at = 0.0
        self._retry_s = RETRY_AFTER_S

    def judge(
        self,
        source: StreamInput,
        needs: Needs,
        *,
        now: float,
        overcommit: float = 0.0,
        is_chosen: bool = False,
        helped: float = 0.0,
    ) -> Verdict:
        """Returns the verdict on an input; ``overcommit`` is the load of the worker's other streams
        in units of what it holds.

        Where the operator chose the net (``is_chosen``), any fraction of the frames will do, as
        long as one frame does not hold up the stream. ``helped`` is the fraction of the frames'
        work that other devices can do.
        """
        least_ms = needs.of(is_chosen=is_chosen)
        if self._can_run:
            fraction, need = _own(source, least_ms, is_chosen) + helped, source.need(least_ms)
        else:
            fraction = helped = 1.0 if helped >= MIN_HELPED else 0.0
            need = UNHELPED
        if self._verdict is None or self._source is None or not source.is_like(self._source):
            self._source, self._short_since = source, None
            self._retry_s = RETRY_AFTER_S
            self._verdict = self._begin(fraction, overcommit, need, now)
        elif self._verdict.accepted:
            is_hopeless = not helped and self._is_hopeless(needs.unserved, now)
            self._verdict = (
                self._give_up(source, needs.unserved, now)
                if is_hopeless
                else self._go_on(self._verdict, fraction, need, now)
            )
        # A refused stream is copied, so nothing new is measured of it; only time brings it back, or
        # devices that can do enough of it.
        elif fraction >= ENTER_FRACTION and (helped >= ENTER_FRACTION or self._is_over(now)):
            self._verdict = self._begin(fraction, overcommit, need, now)
        return self._verdict

    def _go_on(self, verdict: Verdict, fraction: float, need: str, now: float) -> Verdict:
        """Returns the verdict on a stream that is enhanced."""
        # Hysteresis in value and in time: enhancement ends below a lower fraction than it begins
        # at, and only after seconds, since each change costs a key frame and is seen.
        self._short_since = None if fraction >= LEAVE_FRACTION else (self._short_since or now)
        if self._short_since is not None and now - self._short_since >= LEAVE_AFTER_S:
            return self._end(need, self._short_since, now)
        return verdict

    def restart(self) -> None:
        """Makes the next verdict a first one."""
        self._verdict = None

    def _is_hopeless(self, unserved: Unserved, now: float) -> bool:
        """Returns whether frames got no net for long; what was before it began does not count."""
        return unserved.is_hopeless and unserved.own_s <= now - self._begun_at

    def _give_up(self, source: StreamInput, unserved: Unserved, now: float) -> Verdict:
        """Refuses a stream whose frames got no net."""
        reason = UNSERVED.format(input=source, seconds=unserved.own_s)
        return self._end(reason, now - unserved.own_s, now)

    def _end(self, reason: str, served_until: float, now: float) -> Verdict:
        """Refuses a stream that was enhanced, for longer each time."""
        was_served = served_until - self._begun_at >= SERVED_S
        self._retry_s = RETRY_AFTER_S if was_served else min(MAX_RETRY_S, 2 * self._retry_s)
        self._short_since = None
        return self._refuse(reason, now)

    def _is_over(self, now: float) -> bool:
        """Returns whether the time is over for which nothing is tried after a refusal."""
        return now - self._refused_at >= self._retry_s

    def _begin(self, fraction: float, overcommit: float, need: str, now: float) -> Verdict:
        if fraction < ENTER_FRACTION:
            return self._refuse(need, now)
        if overcommit > MAX_OVERCOMMIT:
            return self._refuse(OVERCOMMITTED, now)
        self._begun_at = now
        return Verdict(accepted=True)

    def _refuse(self, reason: str, now: float) -> Verdict:
        self._refused_at = now
        return Verdict(accepted=False, reason=reason)


def _own(source: StreamInput, net_ms: float, is_chosen: bool) -> float:
    """Returns the fraction of the frames that a worker's own engine enhances in time."""
    if is_chosen and net_ms <= MAX_LATENCY_S * 1000.0:
        return 1.0
    return 1000.0 / (source.fps * max(net_ms, 0.001))
