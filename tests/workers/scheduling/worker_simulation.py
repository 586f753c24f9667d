"""A worker in virtual time, all of whose threads share some cores: the loop, and for each stream
decoding, enhancing by reuse, and encoding. Only ``Scheduler`` is the real thing.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
import random
from collections import Counter

from workers.scheduling.cost_model import CostModel
from workers.scheduling.decision import Decision, FrameRequest, Usage
from workers.scheduling.option import MethodInfo, Option
from workers.scheduling.resource_budget import CpuAccounting
from workers.scheduling.scheduler import Scheduler

from .levels import BICUBIC, FULL, METHODS, NETS, TEMPORAL
from .machine import Machine, Queue, Thread, Wait, Work

COLD_S = 2.0
MOST_WISHED = 0.6
MOST_MISSED = 10


@dataclasses.dataclass(frozen=True)
class Prices:
    """What a frame takes of a core, in seconds."""

    loop: float = 0.0006
    "Twice: when it comes and when it goes."
    decode: float = 0.0006
    plan: float = 0.0025
    finish: float = 0.0008
    net: float = 0.0144
    "The whole one, with one thread."
    resize: float = 0.0007
    encode: float = 0.0026

    @property
    def others(self) -> float:
        return 2 * self.loop + self.decode + self.encode


@dataclasses.dataclass
class Camera:
    """A stream, and what became of it."""

    name: str
    phase_s: float = 0.0
    new_share: float = 0.3
    "Of each picture, while the rest is up to date."
    fps: float = 30.0
    energy: float = 4.0
    begins_s: float = 0.0
    choices: list[tuple[float, Decision]] = dataclasses.field(default_factory=list)
    ages: list[float] = dataclasses.field(default_factory=list)
    out_at: list[float] = dataclasses.field(default_factory=list)
    wished: float = 0.0
    done: float = 0.0
    planned_in_vain: int = 0

    def count(self, after_s: float = 0.0) -> Counter[MethodInfo | None]:
        return Counter(choice.method for at, choice in self.choices if at >= after_s)

    def reasons(self) -> Counter[str]:
        return Counter(f"{c.level} {c.reason.value}" for _, c in self.choices)

    def net_share(self, after_s: float = 0.0) -> float:
        """Of the frames, that a net made."""
        counts = self.count(after_s)
        return sum(counts[method] for method in NETS) / max(1, counts.total())

    def changes(self, after_s: float = 0.0) -> int:
        """How often a frame by a net followed a resized one or the other way round."""
        by_net = [choice.method in NETS for at, choice in self.choices if at >= after_s]
        return sum(a is not b for a, b in itertools.pairwise(by_net))

    @property
    def longest_gap_s(self) -> float:
        return max((b - a for a, b in itertools.pairwise(self.out_at)), default=math.inf)


@dataclasses.dataclass(frozen=True)
class _Shot:
    arrived: float
    is_key: bool


class WorkerSimulation:
    """``run`` once."""

    def __init__(
        self,
        cameras: list[Camera],
        *,
        prices: Prices | None = None,
        cores: int = 1,
        threads: int = 1,
        seed: int = 1,
        foreign: float = 0.0,
        jitter_s: float = 0.002,
        cold: float = 1.0,
    ) -> None:
        """``foreign``: what another process takes of a core, 0..1. ``cold``: how many times as long
        planning takes in the first two seconds.
        """
        self.prices = prices or Prices()
        self.machine = Machine(cores)
        self.budget = Scheduler(CpuAccounting(cores, threads))
        self.given: list[tuple[float, float]] = []
        self._threads = threads
        self._foreign = foreign
        self._foreign_s = 0.0
        self._jitter_s = jitter_s
        self._cold = cold
        self._cameras = cameras
        self._random = random.Random(seed)
        self._has_engine: str | None = None
        self._loop: Queue[tuple[Queue[_Shot], _Shot] | None] = Queue()

    @property
    def process_s(self) -> float:
        return self.machine.busy_s - self._foreign_s

    def run(self, seconds: float) -> None:
        self.machine.start(self._loop_thread())
        if self._foreign:
            self.machine.start(self._other_process(seconds))
        for camera in self._cameras:
            self.machine.at(camera.begins_s, lambda camera=camera: self._begin(camera, seconds))  # type: ignore[misc]
        self.machine.run(seconds)

    def _begin(self, camera: Camera, seconds: float) -> None:
        costs = self.budget.join(camera.name, METHODS)
        costs.expect(FULL, self.prices.net)
        intake: Queue[_Shot] = Queue()
        decoded: Queue[_Shot] = Queue(2)
        made: Queue[_Shot] = Queue(2)
        last = 0.0
        for index in range(int((seconds - camera.begins_s) * camera.fps)):
            late_s = self._random.expovariate(1 / self._jitter_s)
            at = camera.begins_s + camera.phase_s + index / camera.fps + late_s
            last = max(last, at)
            task = _Shot(last, is_key=index % 60 == 0)
            self.machine.at(last, lambda task=task: self._loop.put((intake, task)))  # type: ignore[misc]
        self.machine.start(self._decoding(intake, decoded))
        self.machine.start(self._enhancing(camera, costs, decoded, made))
        self.machine.start(self._encoding(camera, made))

    def _noisy(self, seconds: float) -> float:
        return seconds * self._random.lognormvariate(0.0, 0.1)

    def _other_process(self, seconds: float) -> Thread:
        while self.machine.now < seconds:
            until = self.machine.now + 0.01
            yield Work(0.01 * self._foreign)
            self._foreign_s += 0.01 * self._foreign
            self.machine.at(until, lambda: None)
            yield Wait(lambda until=until: self.machine.now >= until - 1e-9)  # type: ignore[misc]

    def _loop_thread(self) -> Thread:
        while True:
            yield self._loop.some()
            item = self._loop.get()
            yield Work(self._noisy(self.prices.loop))
            if item is not None:
                item[0].put(item[1])

    def _decoding(self, intake: Queue[_Shot], decoded: Queue[_Shot]) -> Thread:
        while True:
            yield intake.some()
            task = intake.get()
            yield Work(self._noisy(self.prices.decode))
            yield decoded.room()
            decoded.put(task)

    def _encoding(self, camera: Camera, made: Queue[_Shot]) -> Thread:
        while True:
            yield made.some()
            task = made.get()
            yield Work(self._noisy(self.prices.encode))
            camera.ages.append(self.machine.now - task.arrived)
            camera.out_at.append(self.machine.now)
            self._loop.put(None)

    def _enhancing(
        self, camera: Camera, costs: CostModel, decoded: Queue[_Shot], made: Queue[_Shot]
    ) -> Thread:
        state = _Kept(camera.new_share)
        while True:
            yield decoded.some()
            task = decoded.get()
            begun, beside_s = self.machine.now, 0.0
            options = (costs.option(TEMPORAL), costs.option(FULL), Option(BICUBIC))
            unplanned = dataclasses.replace(options[0], plan=lambda: options[0])  # noqa: B023
            frame = FrameRequest(
                task.arrived,
                1 / camera.fps,
                480 * 270,
                (unplanned, *options[1:]),
                camera.energy,
            )
            frame = self.budget.screen(camera.name, frame, now=self._told())
            refused = frame.refused
            want = 1.0
            if refused is None:
                beside_s = self._noisy(self.prices.plan) * self._slowness
                yield Work(beside_s)
                want = state.want(task.is_key)
                planned = costs.option(TEMPORAL, wanted=want)
                frame = dataclasses.replace(frame, options=(planned, *options[1:]))
            planned_s = self.machine.now - begun
            choice = self.budget.decide(camera.name, frame, now=self._told())
            camera.choices.append((self.machine.now, choice))
            if choice.method is None:
                state.miss()
                continue
            if choice.method is BICUBIC:
                camera.planned_in_vain += refused is None
                state.miss()
                used = self._resize(beside_s)
                yield Work(used.passed_s)
                self.budget.report(camera.name, choice, used, now=self.machine.now)
            else:
                share = 1.0 if choice.method is FULL else min(want, choice.fraction)
                net_s = self._noisy(self.prices.net * share / self._threads)
                yield Wait(lambda: self._has_engine is None)
                self._has_engine = camera.name
                got = self.machine.now
                yield Work(net_s)
                self._has_engine = None
                turn_s = self.machine.now - got
                finish_s = self._noisy(self.prices.finish)
                yield Work(finish_s)
                passed_s = self.machine.now - got
                usage = Usage(
                    passed_s, net_s, turn_s, beside_s + finish_s, planned_s, fraction=share
                )
                self.budget.report(camera.name, choice, usage, now=self.machine.now)
                camera.wished += want
                camera.done += share
                state.made(want, share)
            yield made.room()
            made.put(task)

    @property
    def _slowness(self) -> float:
        return self._cold if self.machine.now < COLD_S else 1.0

    def _resize(self, plan_s: float) -> Usage:
        resize_s = self._noisy(self.prices.resize)
        return Usage(resize_s, 0.0, 0.0, plan_s + resize_s, plan_s, plan_s)

    def _told(self) -> float:
        now = self.machine.now
        if self.budget.is_due(now=now):
            self.budget.tell(self.process_s, now=now)
            self.given.append((now, self.budget.given_ms))
        return now


class _Kept:
    """The last enhanced picture: what of it is out of date."""

    def __init__(self, new_share: float) -> None:
        self._new_share = new_share
        self._stale = 1.0
        self._missed = MOST_MISSED + 1

    def want(self, is_key: bool) -> float:
        if is_key or self._missed > MOST_MISSED:
            return 1.0
        return min(MOST_WISHED, self._new_share + self._stale)

    def miss(self) -> None:
        self._missed += 1
        self._stale = min(1.0, self._stale + self._new_share)

    def made(self, want: float, share: float) -> None:
        self._missed = 0
        self._stale = max(0.0, 0.7 * (want - share))


def cameras(number: int, **more: float) -> list[Camera]:
    """Alike, one after the other."""
    return [
        Camera(f"c{n}", phase_s=((n * 0.618) % 1.0) / 30, **more)  # type: ignore[arg-type]
        for n in range(number)
    ]
