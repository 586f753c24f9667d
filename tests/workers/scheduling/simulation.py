"""Streams on one engine in virtual time: jitter, noise of costs, bursts of key frames.

Each stream has a thread that enhances, one frame after the other, and one that encodes; the engine
takes one frame at a time, first come first served. Only ``Scheduler`` is the real thing.
"""

from __future__ import annotations

import dataclasses
import heapq
import itertools
import math
import random
from collections import Counter
from collections.abc import Callable

from workers.scheduling.cost_model import CostModel
from workers.scheduling.decision import Decision, Usage
from workers.scheduling.degradation import quality_of
from workers.scheduling.option import MethodInfo
from workers.scheduling.scheduler import Scheduler

from .levels import BICUBIC, FULL, METHODS, NETS, SMALL, TEMPORAL, request

KEY_EVERY_S = 2.0
CUT_EVERY = 190
SMALLER_PART = 0.27
REUSE_FIXED_PART = 0.1
RESIZE_S = 0.0015
BESIDE_S = 0.001
ENCODE_S = 0.005


@dataclasses.dataclass
class Stream:
    """What a stream is like, and what became of it."""

    name: str
    full_ms: float
    "Of the engine, for a frame by its full net."
    methods: frozenset[MethodInfo] = frozenset((FULL,))
    fps: float = 30.0
    phase_s: float = 0.0
    energy: float | None = None
    watched: bool = True
    begins_s: float = 0.0
    ends_s: float = math.inf
    jitter_s: float = 0.003
    noise: float = 0.15
    new_share: float = 0.2
    "Of each picture, about."

    count: Counter[MethodInfo | None] = dataclasses.field(default_factory=Counter)
    reasons: Counter[str] = dataclasses.field(default_factory=Counter)
    ages: list[float] = dataclasses.field(default_factory=list)
    "At output, in seconds."
    out_at: list[float] = dataclasses.field(default_factory=list)
    method_at: list[tuple[float, MethodInfo | None]] = dataclasses.field(default_factory=list)
    looks: float = 0.0
    "Sum over frames: 0 for a resize, 1 for the full net."

    @property
    def frames(self) -> int:
        return sum(self.count.values())

    @property
    def net_share(self) -> float:
        """Of the frames, that a net made."""
        nets = sum(self.count[method] for method in NETS)
        return nets / max(1, self.frames)

    @property
    def mean_looks(self) -> float:
        return self.looks / max(1, self.frames)

    @property
    def longest_gap_s(self) -> float:
        """Between two frames put out: how long the picture stood still."""
        return max((b - a for a, b in itertools.pairwise(self.out_at)), default=math.inf)

    def steps_up(self) -> int:
        """How often a frame had a better level than the one before it."""
        return sum(_height(b) > _height(a) for (_, a), (_, b) in itertools.pairwise(self.method_at))


class Simulation:
    """``run`` once."""

    def __init__(self, streams: list[Stream], *, seed: int = 1, budget: Scheduler | None = None):
        self.budget = budget or Scheduler()
        self.busy_s = 0.0
        self._streams = streams
        self._random = random.Random(seed)
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._order = itertools.count()
        self._engine_free = 0.0

    def run(self, seconds: float) -> None:
        for stream in self._streams:
            _Life(self, stream, self._arrivals(stream, seconds)).begin()
        while self._events:
            at, _, act = heapq.heappop(self._events)
            act(at)

    def at(self, time_s: float, act: Callable[[float], None]) -> None:
        heapq.heappush(self._events, (time_s, next(self._order), act))

    def engine(self, from_s: float, seconds: float) -> float:
        """When the engine is done with work that reaches it at ``from_s``."""
        self._engine_free = max(self._engine_free, from_s) + seconds
        self.busy_s += seconds
        return self._engine_free

    def noisy(self, seconds: float, noise: float) -> float:
        spike = 3.0 if noise and self._random.random() < 0.005 else 1.0
        return seconds * spike * self._random.lognormvariate(0.0, noise)

    def _arrivals(self, stream: Stream, seconds: float) -> list[tuple[float, bool]]:
        """(time, is a key frame): a key frame is large and comes late, those after it at once."""
        found, last = [], 0.0
        every = round(KEY_EVERY_S * stream.fps)
        first, end = stream.begins_s + stream.phase_s, min(seconds, stream.ends_s)
        for index in range(int((end - stream.begins_s) * stream.fps)):
            is_key = index % every == 0
            late_s = self._random.expovariate(1 / stream.jitter_s) if stream.jitter_s else 0.0
            if is_key and stream.jitter_s:
                late_s += self._random.uniform(0.04, 0.1)
            last = max(last, first + index / stream.fps + late_s)
            found.append((last, is_key))
        return found


class _Life:
    """One stream's threads."""

    def __init__(self, world: Simulation, stream: Stream, arrivals: list[tuple[float, bool]]):
        self._world = world
        self._stream = stream
        self._arrivals = arrivals
        self._next = 0
        self._encoder_free = 0.0
        self._is_kept = False
        self._costs = CostModel()

    def begin(self) -> None:
        def join(now: float) -> None:
            budget, stream = self._world.budget, self._stream
            self._costs = budget.join(stream.name, METHODS)
            budget.watch(stream.name, stream.watched)
            full_s = stream.full_ms / 1000
            self._costs.expect(FULL, full_s)
            self._costs.expect(SMALL, SMALLER_PART * full_s)
            self._costs.expect(TEMPORAL, REUSE_FIXED_PART * full_s)
            self._wait()

        self._world.at(self._stream.begins_s, join)

    def _wait(self) -> None:
        if self._next < len(self._arrivals):
            self._world.at(self._arrivals[self._next][0], self._start)
        elif self._stream.ends_s < math.inf:
            self._world.at(
                self._stream.ends_s,
                lambda now: self._world.budget.leave(self._stream.name, now=now),
            )

    def _start(self, now: float) -> None:
        stream, index = self._stream, self._next
        arrived, is_key = self._arrivals[index]
        self._next += 1
        # What was not made by the full net or by reuse cannot be reused.
        is_new = is_key or index % CUT_EVERY == 0 or not self._is_kept
        want = 1.0 if is_new else stream.new_share + 0.1 * math.sin(index / 9)
        frame = request(
            self._costs,
            arrived,
            stream.methods,
            fps=stream.fps,
            wanted=want if TEMPORAL in stream.methods else 1.0,
            energy=stream.energy,
        )
        choice = self._world.budget.decide(stream.name, frame, now=now)
        self._is_kept = choice.method in (FULL, TEMPORAL)
        stream.count[choice.method] += 1
        stream.reasons[choice.reason.value] += 1
        stream.method_at.append((now, choice.method))
        stream.looks += _looks(choice, want)
        if choice.method is None:
            self._wait()
        elif choice.method is BICUBIC:
            self._put_out(arrived, now + RESIZE_S)
        else:
            self._make(choice, want, arrived, now)

    def _make(self, choice: Decision, want: float, arrived: float, now: float) -> None:
        stream, world = self._stream, self._world
        full_s = stream.full_ms / 1000
        shares: dict[MethodInfo | None, float] = {FULL: 1.0, SMALL: SMALLER_PART}
        share = shares.get(choice.method)
        if share is None:
            share = min(want, choice.fraction)
            engine_s = world.noisy(full_s * (REUSE_FIXED_PART + share), stream.noise)
        else:
            engine_s = world.noisy(full_s * share, stream.noise)
        done = world.engine(now + BESIDE_S, engine_s)

        def finish(at: float) -> None:
            usage = Usage(engine_s + BESIDE_S, engine_s, engine_s, BESIDE_S, fraction=share)
            world.budget.report(stream.name, choice, usage, now=at)
            self._put_out(arrived, at)

        world.at(done, finish)

    def _put_out(self, arrived: float, now: float) -> None:
        self._encoder_free = max(self._encoder_free, now) + ENCODE_S
        self._stream.ages.append(self._encoder_free - arrived)
        self._stream.out_at.append(self._encoder_free)
        self._world.at(now, lambda _: self._continue(now))

    def _continue(self, now: float) -> None:
        if self._next < len(self._arrivals):
            self._world.at(max(now, self._arrivals[self._next][0]), self._start)
        else:
            self._wait()


def _looks(choice: Decision, want: float) -> float:
    missing = max(0.0, want - choice.fraction) if choice.method is TEMPORAL else 0.0
    return quality_of(choice.method) * (1.0 - missing)


def _height(method: MethodInfo | None) -> float:
    return -1.0 if method is None else method.quality


def percentile(values: list[float], share: float) -> float:
    """By the nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def equal_streams(
    number: int, load: float, methods: frozenset[MethodInfo], **more: float
) -> list[Stream]:
    """Streams that together would take ``load`` seconds of the engine per second."""
    full_ms = load * 1000 / (30 * number)
    return [
        Stream(f"s{n}", full_ms, methods, phase_s=n / (30 * number), **more)  # type: ignore[arg-type]
        for n in range(number)
    ]
