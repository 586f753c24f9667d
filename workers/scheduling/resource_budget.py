"""What there is to share out: the engine's turns, and the cores on which everything else runs too.

One net has the engine at a time. The cores are shared: decoders, planning, encoders, the loop and,
where it is no device of its own, the engine take their time of the same seconds.
"""

from __future__ import annotations

import dataclasses
import math
from collections import deque

ENGINE_MS_PER_S = 900.0
"""What is given away of an engine's second; the rest is for what costs more than expected."""

CORES_PART = 0.92
"""What is given away of the cores: frames come in bunches, and one that waits long is late."""

LEAST_MS_PER_S = 20.0
"""Of the engine, whatever the cores were found to do: so it shows when they are idle again."""

OLD_S = 0.04
"""Where even the youngest frame of half a second is older, frames wait for something ..."""

SLOWED = 1.3
"""... and for the cores where work takes so much longer than it is."""

YOUNG_S = 0.015
"""Where one is younger, nothing waits."""

_LOOK_EVERY_S = 0.5
_STEP_UP = 0.01
_LEAP_UP = 0.05
_WINDOW_S = 2.0
_LEAST_SPAN_S = 0.5
_LEAST_FRAMES = 8


@dataclasses.dataclass(frozen=True, slots=True)
class ResourceBudget:
    """What frames made by nets may take in a second, in two coins."""

    engine_ms: float = ENGINE_MS_PER_S
    "For how long they may have the engine."
    cores_ms: float = math.inf
    "Of all cores together, for all that they take; infinite while it is not known."
    threads: int = 1
    "Cores that the engine keeps busy while it works; 0 where it is a device of its own."

    @property
    def given_ms(self) -> float:
        """What is shared out, in milliseconds of the engine: as many as its turns and the cores,
        were there nothing beside it, allow.
        """
        if not self.threads:
            return self.engine_ms
        return min(self.engine_ms, self.cores_ms / self.threads)

    def price_ms(self, engine_ms: float, beside_ms: float) -> float:
        """What a frame has to pay of ``given_ms`` that takes so long of the engine, and beside it
        of one core: by the coin of which it takes the larger part (dominant resource fairness,
        Ghodsi et al., NSDI 2011, section 4). Frames that together pay no more than what is given
        fit the engine and the cores.
        """
        cores_ms = beside_ms + self.threads * engine_ms
        return self.given_ms * max(engine_ms / self.engine_ms, cores_ms / self.cores_ms)


class CpuAccounting:
    """Measures what everything but nets' frames takes of the cores. No clock.

    It is counted by the frame that passes, by a net or not, so that streams that come or go are
    reckoned with before they were measured.
    """

    def __init__(self, cores: int = 1, threads: int = 1) -> None:
        """``cores`` to use; ``threads`` as in ``ResourceBudget``."""
        self._cores = cores
        self._threads = threads
        self._net_s = 0.0
        self._frames = 0
        self._seen: deque[tuple[float, float, float, int]] = deque()
        self._other_ms: float | None = None
        self._youngest_s = math.inf
        self._worked_s = self._passed_s = 0.0
        self._looked_at = 0.0
        self._part = 1.0

    @property
    def other_ms(self) -> float | None:
        """What a frame takes of the cores beside what nets' frames pay for: decoding, encoding, and
        all that is done for no frame; None until it was measured.
        """
        return self._other_ms

    def passed(self, age_s: float) -> None:
        """One more frame of any stream, by a net or not, found at that age."""
        self._frames += 1
        self._youngest_s = min(self._youngest_s, age_s)

    def spent(self, cores_s: float, *, worked_s: float, passed_s: float) -> None:
        """So much went into a frame by a net, planning included. Its thread and the engine, one
        after the other, worked ``worked_s`` for it, and that took ``passed_s``.
        """
        self._net_s += cores_s
        self._worked_s += worked_s
        self._passed_s += passed_s

    def tell(self, process_s: float, *, now: float) -> None:
        """What the whole process took of the cores since it began; a few times a second."""
        self._look_at_ages(now)
        seen = self._seen
        while seen and (now - seen[0][0] > _WINDOW_S or now < seen[-1][0]):
            seen.popleft()
        seen.append((now, process_s, self._net_s, self._frames))
        begun, process_then_s, net_then_s, frames_then = seen[0]
        frames = self._frames - frames_then
        if now - begun >= _LEAST_SPAN_S and frames >= _LEAST_FRAMES:
            others_s = process_s - process_then_s - (self._net_s - net_then_s)
            self._other_ms = 1000.0 * max(0.0, others_s) / frames

    def room(self, frames_per_s: float) -> ResourceBudget:
        """For nets, where so many frames of all streams pass in a second."""
        if self._other_ms is None:
            return ResourceBudget(threads=self._threads)
        left_ms = CORES_PART * 1000.0 * self._cores - self._other_ms * frames_per_s
        least_ms = LEAST_MS_PER_S * max(1, self._threads)
        return ResourceBudget(cores_ms=max(self._part * left_ms, least_ms), threads=self._threads)

    def _look_at_ages(self, now: float) -> None:
        """Where all frames are old, and their threads wait for cores, these have less time than was
        thought: another process takes it, or whoever rents them out. Down by a fifth, and up again
        by steps.
        """
        if 0 <= now - self._looked_at < _LOOK_EVERY_S:
            return
        if self._youngest_s < math.inf:
            step = _STEP_UP if self._youngest_s > YOUNG_S else _LEAP_UP
            waits = self._passed_s > SLOWED * self._worked_s
            is_short = waits and self._youngest_s > OLD_S
            self._part = max(0.1, 0.8 * self._part) if is_short else min(1.0, self._part + step)
        self._looked_at, self._youngest_s = now, math.inf
        self._worked_s = self._passed_s = 0.0
