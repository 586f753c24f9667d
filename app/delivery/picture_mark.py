"""Tells enhanced pictures from original ones, with net and reason; no I/O.

A mark follows from the units that are sent, so it is true of what is shown, whatever a worker or
a record says of its intentions.
"""

from __future__ import annotations

import collections
import dataclasses
import enum

from media.treatment import Treatment

WINDOW_S = 0.2
"""Seconds of pictures that a mark goes by: a single late frame changes nothing, and with what the
way to the page takes a change is told within half a second."""

ENTER_FRACTION, LEAVE_FRACTION = 0.6, 0.4
"""Fraction of enhanced pictures at which a mark becomes, and ends to be, ``enhanced``: where every
other picture is enhanced, it does not flicker."""

FIGURES_S = 2.0
"""Interval in seconds at which figures alone are told again."""

MIN_STEP, MIN_STEP_MS = 0.2, 3.0
"""Part, and ms, by which a latency changes before it is told again."""

_MAX_LATENCY_MS = 5000.0
"""Maximum latency that counts: a longer one is a replay of what was logged before it was read."""


class Why(enum.Enum):
    """Reasons why a viewer's picture is not enhanced, as pages are told them."""

    ENHANCED = ""
    NO_TIME = "time"
    STARTING = "starting"
    OFF = "off"
    OWNER = "owner"
    TOO_LARGE = "large"
    FAULT = "fault"
    GONE = "gone"
    "The worker is gone, or sends nothing."
    NO_WORKER = "worker"
    "No worker has taken the stream."
    CHOSEN = "chosen"
    "The viewer chose it."
    CONNECTION = "connection"
    "The viewer's connection does not carry more."


_WHY = {
    Treatment.NO_TIME: Why.NO_TIME,
    Treatment.STARTING: Why.STARTING,
    Treatment.OFF: Why.OFF,
    Treatment.OWNER: Why.OWNER,
    Treatment.TOO_LARGE: Why.TOO_LARGE,
    Treatment.PLAIN: Why.CHOSEN,
    Treatment.FAULT: Why.FAULT,
}


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """The pictures of one rendition, as they are of late."""

    why: Why
    "``ENHANCED`` where a net makes them."
    net: str = ""
    level: str = ""
    "Quality level of the last enhanced picture."
    width: int = 0
    height: int = 0
    latency_ms: float | None = None
    "Median of what the server added, of the last pictures; None where it is not known."
    fraction: float = 0.0
    "Fraction of the last pictures that a net made."


@dataclasses.dataclass(frozen=True, slots=True)
class Picture:
    """One unit as a mark sees it."""

    treatment: Treatment
    net: str
    width: int
    height: int
    latency_ms: float


class MarkMeter:
    """Follows the units of one rendition. ``version`` grows with each change that is worth telling.

    Bounded: it keeps the units of a second, 256 at most.
    """

    def __init__(self) -> None:
        self._pictures: collections.deque[tuple[float, Picture]] = collections.deque(maxlen=256)
        self._figures_at = 0.0
        self._is_enhanced = False
        self.version = 0
        self.standing: Standing | None = None
        "None before the first unit."
        self.last_at: float | None = None
        "Time of the last unit."

    def take(self, picture: Picture, *, now: float) -> None:
        """Takes one unit."""
        self._pictures.append((now, picture))
        self.last_at = now
        while self._pictures[0][0] < now - 1.0:
            self._pictures.popleft()
        standing = self._judge(now)
        if self._is_worth_telling(standing, now):
            self.standing, self._figures_at = standing, now
            self.version += 1

    def _judge(self, now: float) -> Standing:
        # At low frame rates the window holds the newest picture alone.
        recent = [one for at, one in self._pictures if at > now - WINDOW_S]
        enhanced = [one for one in recent if one.treatment.is_enhanced]
        fraction = len(enhanced) / len(recent)
        limit = LEAVE_FRACTION if self._is_enhanced else ENTER_FRACTION
        self._is_enhanced = fraction > limit if self._is_enhanced else fraction >= limit
        newest = recent[-1]
        standing = Standing(
            Why.ENHANCED,
            width=newest.width,
            height=newest.height,
            latency_ms=self._latency_ms(),
            fraction=self._fraction(),
        )
        if self._is_enhanced:
            made = enhanced[-1]
            return dataclasses.replace(standing, net=made.net, level=made.treatment.name.lower())
        plain = collections.Counter(
            one.treatment for one in recent if not one.treatment.is_enhanced
        )
        why = _WHY.get(plain.most_common(1)[0][0], Why.CHOSEN)
        return dataclasses.replace(standing, why=why)

    def _latency_ms(self) -> float | None:
        known = sorted(
            one.latency_ms for _, one in self._pictures if 0 <= one.latency_ms < _MAX_LATENCY_MS
        )
        return known[len(known) // 2] if known else None

    def _fraction(self) -> float:
        made = sum(one.treatment.is_enhanced for _, one in self._pictures)
        return made / len(self._pictures)

    def _is_worth_telling(self, standing: Standing, now: float) -> bool:
        before = self.standing
        if before is None or _kind(before) != _kind(standing):
            return True
        if now - self._figures_at < FIGURES_S:
            return False
        return (
            standing.level != before.level
            or abs(standing.fraction - before.fraction) >= 0.1
            or _differs(standing.latency_ms, before.latency_ms)
        )


def _kind(standing: Standing) -> tuple[object, ...]:
    """Returns what is told at once when it changes."""
    return standing.why, standing.net, standing.width, standing.height


def _differs(now_ms: float | None, before_ms: float | None) -> bool:
    if now_ms is None or before_ms is None:
        return now_ms is not before_ms
    return abs(now_ms - before_ms) >= max(MIN_STEP_MS, MIN_STEP * before_ms)
