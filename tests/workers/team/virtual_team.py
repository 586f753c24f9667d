"""A lead and its helpers in virtual time: a fixed path, a fixed pace, and results of no content."""

from __future__ import annotations

import dataclasses
import heapq
import itertools
from collections.abc import Callable, Sequence

import numpy as np

from tests.workers.temporal.scenes import texture
from wire.team import Ready, Result
from workers.runtime.frame_counters import FrameCounters
from workers.team.coordinator import GivenOut, TeamCoordinator, TeamNet
from workers.team.dispatcher import TaskOrder
from workers.team.partition import work_of

WIDTH, HEIGHT, HALO = 160, 96, 7
NET = TeamNet("live-s", HALO, propagates=True)
FPS = 30.0


def ready(ms_per_megasample: float, model: str = NET.model) -> Ready:
    return Ready(
        stream="cam1", rendition="enhanced", epoch=1, model=model, free=1.0,
        ms_per_megasample=ms_per_megasample,
    )  # fmt: skip


def answer(order: TaskOrder, ms: float = 5.0, coded: Sequence[bytes] | None = None) -> Result:
    """The result of a task: a byte for each region."""
    return Result(
        stream="cam1", rendition="enhanced", epoch=1, number=order.number,
        sequence=order.sequence, engine_ms=ms, whole_ms=ms,
        coded=tuple(b"x" for _ in order.regions) if coded is None else tuple(coded),
    )  # fmt: skip


@dataclasses.dataclass
class Device:
    """One helper: it works on one task after another."""

    name: str
    path_s: float = 0.02
    "One way."
    ms_per_megasample: float = 200.0
    is_dead: bool = False
    loses: Callable[[TaskOrder], bool] = lambda order: False
    copies: int = 1
    free_at: float = 0.0

    def work_s(self, order: TaskOrder) -> float:
        samples = sum(work_of(one.region, HALO) for one in order.regions)
        return samples * self.ms_per_megasample / 1e9


class VirtualTeam:
    """Runs frames through a coordinator; what is done at a time is done in its order."""

    def __init__(self, *devices: Device) -> None:
        self.counters = FrameCounters()
        self.coordinator = TeamCoordinator(NET, self.counters)
        self.devices = {device.name: device for device in devices}
        self.now = 0.0
        self.frames: list[tuple[float, GivenOut]] = []
        "Frames with the times at which they were given out."
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._sequence = 0

    @property
    def results(self) -> dict[str, int]:
        return self.counters.read().results

    def announce(self) -> None:
        """All that live say that they are ready."""
        for device in self.devices.values():
            if not device.is_dead:
                message = ready(device.ms_per_megasample)
                self.coordinator.ready(device.name, message, now=self.now)

    def run(self, seconds: float, luma: Callable[[int], np.ndarray] | None = None) -> None:
        """Frames of 30 a second, each with a part that changed, and a ready a second."""
        until = self.now + seconds
        while self.now < until - 1e-9:
            if round(self.now * FPS) % int(FPS) == 0:
                self.announce()
            self._sequence += 1
            picture = (luma or scene)(self._sequence)
            given = self.coordinator.give_out(self._sequence, picture, None, now=self.now)
            self.frames.append((self.now, given))
            self.send(given.tasks)
            for part in range(1, 5):
                self.advance(self.frames[-1][0] + part / FPS / 4)
                self.send(tuple(self.coordinator.on_time(now=self.now)))

    def send(self, orders: Sequence[TaskOrder]) -> None:
        for order in orders:
            device = self.devices[order.to]
            if device.is_dead or device.loses(order):
                continue
            begins = max(self.now + device.path_s, device.free_at)
            device.free_at = begins + device.work_s(order)
            for _ in range(device.copies):
                self.at(device.free_at + device.path_s, lambda order=order: self.take(order))  # type: ignore[misc]

    def take(self, order: TaskOrder) -> None:
        work_ms = 1000.0 * self.devices[order.to].work_s(order)
        self.coordinator.result(order.to, answer(order, work_ms), now=self.now)

    def at(self, time_s: float, act: Callable[[], None]) -> None:
        heapq.heappush(self._events, (time_s, next(self._order), act))

    def advance(self, until: float) -> None:
        while self._events and self._events[0][0] <= until:
            self.now, _, act = heapq.heappop(self._events)
            act()
        self.now = until


def scene(number: int) -> np.ndarray:
    """A picture of which a part is another one each time."""
    luma = texture(HEIGHT, WIDTH).copy()
    luma[32:64, 48:112] = texture(32, 64, number)
    return luma
