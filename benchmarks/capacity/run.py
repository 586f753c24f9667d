"""One run: a number of streams at once through one worker."""

from __future__ import annotations

import asyncio
import dataclasses
import random
import time
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.capacity.feed import Feed
from benchmarks.capacity.figures import Served, Timing, served, timing, unaccounted
from benchmarks.capacity.material import FPS, CodedFrame
from wire import clock
from wire.clock_offset import ClockOffset
from wire.connection import Redis, command
from wire.heartbeat import PERIOD_S, Heartbeats, StreamWork

__all__ = ["Outcome", "Span", "run_streams"]

# Seconds for the worker to take all streams, seconds for the last frames to come out, comparisons
# of the clocks.
_WAIT_S = 30.0
_DRAIN_S = 5.0
_QUESTIONS = 20
_SEED = 7


@dataclasses.dataclass(frozen=True, slots=True)
class Span:
    """The duration of a run."""

    warm_s: float
    "Seconds in which streams already run, and nothing is counted."
    seconds: float
    "Seconds that are counted."

    @property
    def frames(self) -> int:
        """Number of frames of each stream, in all."""
        return round((self.warm_s + self.seconds) * FPS)


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one run."""

    streams: int
    timing: Timing
    served: Served
    worker_cpu: float
    "Fraction of its core that the worker used, 0..1."
    late_ms: float
    """99th percentile of what the feeder itself was late; where it is long, the machine and not the
    worker was measured."""
    unaccounted: int
    "Frames of which nobody knows where they are."


@dataclasses.dataclass(frozen=True, slots=True)
class _Moment:
    """Counts of the work that the worker had done up to a moment."""

    works: list[StreamWork]
    cpu_s: float
    at_us: int


async def run_streams(
    client: Redis,
    name: str,
    streams: Sequence[Sequence[CodedFrame]],
    span: Span,
    *,
    worker: str,
    cpu_s: Callable[[], float],
) -> Outcome:
    """Feeds the streams to the only worker, called ``worker``; ``cpu_s`` tells the time that it
    spent so far. ``name`` must be new with every run. Raises TimeoutError where the worker does not
    take them.
    """
    age = await _compared(client)
    feeds = [Feed(client, f"{name}-{number}", frames, age) for number, frames in enumerate(streams)]
    beats = Heartbeats(client)
    async with asyncio.TaskGroup() as group:
        side = []
        async with asyncio.timeout(_WAIT_S):
            for feed in feeds:
                await feed.begin()
                side += [group.create_task(feed.stay()), group.create_task(feed.collect())]
        begin_at = time.monotonic() + 0.1
        # Cameras do not send at the same moment; the seed makes every run meet the same moments.
        phases = random.Random(_SEED)
        playing = [
            group.create_task(feed.play(begin_at + phases.random() / FPS, span.frames))
            for feed in feeds
        ]
        await asyncio.sleep(begin_at + span.warm_s - time.monotonic())
        before = _Moment(await _works(beats, worker), cpu_s(), clock.now_us())
        await asyncio.gather(*playing)
        after = _Moment(await _works(beats, worker), cpu_s(), clock.now_us())
        last = await _quiet(beats, worker, feeds)
        for task in side:
            task.cancel()
    for feed in feeds:
        await feed.end()
    await _until_free(beats, worker)
    return _outcome(feeds, age, before, after, last)


def _outcome(
    feeds: Sequence[Feed],
    age: ClockOffset,
    before: _Moment,
    after: _Moment,
    last: Sequence[StreamWork],
) -> Outcome:
    """Returns what happened between two moments; ``last`` is the report after all was quiet."""
    begin_ms, end_ms = (float(age.redis_us(now_us=m.at_us) // 1000) for m in (before, after))
    return Outcome(
        streams=len(feeds),
        timing=timing([feed.times() for feed in feeds], begin_ms, end_ms),
        served=served(before.works, after.works),
        worker_cpu=1e6 * (after.cpu_s - before.cpu_s) / (after.at_us - before.at_us),
        late_ms=float(np.percentile([late for feed in feeds for late in feed.late_ms], 99)),
        unaccounted=_lost(feeds, last),
    )


def _lost(feeds: Sequence[Feed], works: Sequence[StreamWork]) -> int:
    """Returns the number of frames of which nobody knows where they are."""
    return unaccounted(sum(feed.sent for feed in feeds), sum(feed.read for feed in feeds), works)


async def _compared(client: Redis) -> ClockOffset:
    """Knows the server's clock by the quickest of some answers; the first one also connects."""
    answers = []
    for _ in range(_QUESTIONS):
        before_us = clock.now_us()
        seconds, micros = await command(client, "TIME")
        answers.append((clock.now_us() - before_us, before_us, int(seconds), int(micros)))
    # The quickest answer has the least uncertainty: it is exact to half its round trip.
    took_us, before_us, seconds, micros = min(answers)
    age = ClockOffset()
    age.learn(1_000_000 * seconds + micros, before_us=before_us, after_us=before_us + took_us)
    return age


async def _works(beats: Heartbeats, worker: str) -> list[StreamWork]:
    """Returns the worker's last report; a busy one may be silent for a moment."""
    async with asyncio.timeout(_WAIT_S):
        while True:
            for beat in await beats.list():
                if beat.name == worker:
                    return beat.streams
            await asyncio.sleep(PERIOD_S / 2)


async def _quiet(beats: Heartbeats, worker: str, feeds: Sequence[Feed]) -> list[StreamWork]:
    """Returns the worker's report once every frame went somewhere, or after some seconds."""
    deadline = time.monotonic() + _DRAIN_S
    while True:
        works = await _works(beats, worker)
        if not _lost(feeds, works) or time.monotonic() > deadline:
            return works
        await asyncio.sleep(PERIOD_S / 2)


async def _until_free(beats: Heartbeats, worker: str) -> None:
    """The next run must not begin beside what is left of this one."""
    async with asyncio.timeout(_WAIT_S):
        while await _works(beats, worker):  # noqa: ASYNC110 - a heartbeat, no event
            await asyncio.sleep(PERIOD_S / 2)
