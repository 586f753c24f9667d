"""The plan of the benchmark: its runs, their order and their duration."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import time
from collections.abc import Iterator

from benchmarks.capacity.material import CONTENTS, Material
from benchmarks.capacity.pass_criteria import COUNTS, next_count, twice
from benchmarks.capacity.pinned import NAME, PinnedWorker, on_core, pinned_worker
from benchmarks.capacity.report import LoadSeries, grid, rows
from benchmarks.capacity.run import Outcome, Span, run_streams
from benchmarks.material import CLIP_FOLDER
from benchmarks.table import Row
from wire import keys
from wire.connection import connect
from wire.embedded import EmbeddedServer

__all__ = ["SECONDS", "measure"]

SECONDS = 20.0
"""Seconds that are counted of a run."""

WARM_S = 5.0
# Eleven and a half minutes, within the time that `sharpcast bench capacity` announces.
LIMIT_S = 690.0
"""Seconds after which no run begins any more."""

DEFAULT = "live-s"


@dataclasses.dataclass(frozen=True, slots=True)
class Series:
    """The runs of one worker process."""

    model: str
    temporal: bool
    to_the_end: bool = False
    "All of COUNTS, and twice what is sustained; else up to the first that is not sustained."


PLAN = (
    Series(DEFAULT, temporal=True, to_the_end=True),
    Series("live-m", temporal=True),
    Series(DEFAULT, temporal=False),
    Series("live-m", temporal=False),
)
"""The series, the most important first, should time run out."""


def measure(seconds: float) -> list[Row]:
    """Prints every run as it ends and the whole grid; the figures that follow from it."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        print("capacity: left out. The worker needs a core to itself, and there is only one.")
        return []
    span = Span(WARM_S, seconds)
    runs = _Runs(Material(CLIP_FOLDER, span.frames), span)
    found: list[LoadSeries] = []
    # Feeders and Redis have the first core and the worker the last one, so that feeding takes
    # nothing from what is measured.
    with on_core(cores[0]), EmbeddedServer() as redis:
        for series in PLAN:
            with pinned_worker(
                cores[-1], redis.url, model=series.model, temporal=series.temporal
            ) as worker:
                found += [
                    asyncio.run(runs.series(redis.url, worker, series, content))
                    for content in CONTENTS
                ]
    print(f"\n{grid(found)}\n")
    return rows(found, DEFAULT)


class _Runs:
    """Runs one number of streams after the other, as long as there is time."""

    def __init__(self, material: Material, span: Span) -> None:
        self._material = material
        self._span = span
        self._runs = 0
        self._ends_at = time.monotonic() + LIMIT_S

    async def series(
        self, redis_url: str, worker: PinnedWorker, series: Series, content: str
    ) -> LoadSeries:
        """All runs of a series with one kind of content."""
        outcomes: list[Outcome] = []
        client = connect(redis_url, prefix=keys.PREFIX)
        try:
            for number in _numbers(outcomes, series):
                name = (
                    f"{series.model}{'' if series.temporal else ' not temporal'} {content} {number}"
                )
                if time.monotonic() + self._span.warm_s + self._span.seconds > self._ends_at:
                    print(f"{name}: left out, since time is up", flush=True)
                    break
                self._runs += 1
                outcome = await run_streams(
                    client,
                    f"run{self._runs}",
                    self._material.streams(content, number),
                    self._span,
                    worker=NAME,
                    cpu_s=worker.cpu_s,
                )
                print(f"{name}: {_in_short(outcome)}", flush=True)
                outcomes.append(outcome)
        finally:
            await client.aclose()
        return LoadSeries(series.model, content, series.temporal, tuple(outcomes))


def _numbers(outcomes: list[Outcome], series: Series) -> Iterator[int]:
    """Yields the number of streams to run next, going by the outcomes so far."""
    while (number := next_count(outcomes, to_the_end=series.to_the_end)) is not None:
        yield number
    if series.to_the_end and outcomes and twice(outcomes) not in COUNTS:
        yield twice(outcomes)


def _in_short(outcome: Outcome) -> str:
    got, timing = outcome.served, outcome.timing
    return (
        f"{timing.out_fraction:.1%} out, {got.net_fraction:.1%} by the net, "
        f"p95 {timing.p95_ms:.0f} ms, worst gap {timing.worst_gap_ms:.0f} ms"
    )
