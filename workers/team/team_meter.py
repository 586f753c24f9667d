"""Figures of a team over the last seconds: what each helper was given, and what came of it."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Mapping

from workers.team.dispatcher import TaskOrder

__all__ = ["WINDOW_S", "DeviceFigures", "TeamMeter"]

WINDOW_S = 3.0
"""Length of the window: as for frame rates, it averages a key frame in every interval of 2 s."""

MAX_EVENTS = 4096
"""Results remembered: those of 16 helpers in 3 s at 60 frames a second; of more, the latest."""


@dataclasses.dataclass(frozen=True, slots=True)
class DeviceFigures:
    """One helper's figures, per second of the window."""

    tasks: float = 0.0
    in_time: float = 0.0
    late: float = 0.0
    "Results that came after their frame was made."
    kbps: float = 0.0
    "Bitrate of its results, in kbit/s."


@dataclasses.dataclass(frozen=True, slots=True)
class _Result:
    at: float
    device: str
    turn_around_s: float
    size: int
    is_in_time: bool


class TeamMeter:
    """Sliding window over tasks and results; no clock."""

    def __init__(self) -> None:
        self._given: collections.deque[tuple[float, str]] = collections.deque(maxlen=MAX_EVENTS)
        self._sent: collections.OrderedDict[int, float] = collections.OrderedDict()
        "Times at which tasks were given out, by number."
        self._came: collections.deque[_Result] = collections.deque(maxlen=MAX_EVENTS)
        self._made: collections.deque[tuple[float, dict[str, int]]] = collections.deque()

    def gave(self, orders: Iterable[TaskOrder], *, now: float) -> None:
        """Counts tasks."""
        for order in orders:
            self._given.append((now, order.to))
            self._sent[order.number] = now
            if len(self._sent) > MAX_EVENTS:
                self._sent.popitem(last=False)

    def came(self, order: TaskOrder, size: int, *, is_in_time: bool, now: float) -> None:
        """Counts a result of ``size`` bytes."""
        sent = self._sent.pop(order.number, now)
        self._came.append(_Result(now, order.to, now - sent, size, is_in_time))

    def observe(self, samples: Mapping[str, int], *, now: float) -> dict[str, float]:
        """Takes the samples that each device made so far, and returns those per second."""
        while len(self._made) > 1 and now - self._made[0][0] > WINDOW_S:
            self._made.popleft()
        self._made.append((now, dict(samples)))
        begun, before = self._made[0]
        span_s = now - begun
        if span_s <= 0.0:
            return {}
        return {name: (count - before.get(name, 0)) / span_s for name, count in samples.items()}

    def devices(self, *, now: float) -> Mapping[str, DeviceFigures]:
        """Returns the figures of each helper that had a task or a result."""
        self._forget(now)
        tasks = collections.Counter(device for _, device in self._given)
        names = sorted(tasks.keys() | {one.device for one in self._came})
        return {name: self._figures(name, tasks[name]) for name in names}

    def turn_arounds_ms(self, *, now: float) -> tuple[float, float]:
        """Returns the median and the 95th percentile of the time from task to result; zeros
        without results.
        """
        self._forget(now)
        ordered = sorted(one.turn_around_s for one in self._came)
        if not ordered:
            return 0.0, 0.0
        median, tail = (ordered[int(part * (len(ordered) - 1))] for part in (0.5, 0.95))
        return 1000.0 * median, 1000.0 * tail

    def _figures(self, name: str, tasks: int) -> DeviceFigures:
        mine = [one for one in self._came if one.device == name]
        in_time = [one for one in mine if one.is_in_time]
        return DeviceFigures(
            tasks=tasks / WINDOW_S,
            in_time=len(in_time) / WINDOW_S,
            late=(len(mine) - len(in_time)) / WINDOW_S,
            kbps=sum(one.size for one in mine) * 8 / 1000.0 / WINDOW_S,
        )

    def _forget(self, now: float) -> None:
        while self._given and now - self._given[0][0] > WINDOW_S:
            self._given.popleft()
        while self._came and now - self._came[0].at > WINDOW_S:
            self._came.popleft()
