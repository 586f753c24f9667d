"""Figures of a recorded rendition as a viewer would have seen it: frames, ages, freezes (pure)."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from benchmarks.team.recording import ENHANCED_LOG, SOURCE_LOG, Received

MIN_RECOVERED = 0.9
"""Part of the rate before an event at which the rate counts as back."""


@dataclasses.dataclass(frozen=True, slots=True)
class Seen:
    """Figures of a span of time."""

    frames_in: float
    """Frames a second that the source brought."""
    frames_out: float
    """Frames a second of the rendition."""
    p50: float
    """Ages in milliseconds: from the arrival of a frame at the server to its rendition's."""
    p95: float
    p99: float
    longest_gap_ms: float
    """The longest time between two frames of the rendition."""
    missing: int
    """Frames of the source that the rendition never had."""


def judge(found: Sequence[Received], begin_us: int, end_us: int) -> Seen:
    """Returns the figures of the units that were read within a span."""
    seconds = (end_us - begin_us) / 1e6
    ours = [each for each in found if begin_us <= each.received_us < end_us]
    source = [each for each in ours if each.log == SOURCE_LOG]
    made = [each for each in ours if each.log == ENHANCED_LOG]
    ages = [each.age_ms for each in made] or [float("nan")]
    p50, p95, p99 = map(float, np.percentile(ages, (50, 95, 99)))
    return Seen(
        frames_in=len(source) / seconds,
        frames_out=len(made) / seconds,
        p50=p50,
        p95=p95,
        p99=p99,
        longest_gap_ms=longest_gap_ms(made, begin_us, end_us),
        missing=missing(found, begin_us, end_us),
    )


def longest_gap_ms(made: Sequence[Received], begin_us: int, end_us: int) -> float:
    """Returns the longest time without a frame, the ends of the span included."""
    times = [begin_us, *sorted(each.received_us for each in made), end_us]
    return max(later - sooner for sooner, later in zip(times, times[1:], strict=False)) / 1000


def missing(found: Sequence[Received], begin_us: int, end_us: int) -> int:
    """Counts frames of the source within a span that the rendition never had."""
    made = {each.unit.pts for each in found if each.log == ENHANCED_LOG}
    last = max(made, default=-1)
    return sum(
        each.log == SOURCE_LOG
        and begin_us <= each.received_us < end_us
        and each.unit.pts <= last
        and each.unit.pts not in made
        for each in found
    )


def repeated(found: Sequence[Received]) -> int:
    """Counts frames that the rendition had twice, as a late writer would cause."""
    pts = [each.unit.pts for each in found if each.log == ENHANCED_LOG]
    return len(pts) - len(set(pts))


@dataclasses.dataclass(frozen=True, slots=True)
class Sample:
    """Counters of the server at a moment."""

    at_us: int
    samples: dict[str, float]
    """Decoded luma samples that the wanted net enlarged in time, by worker, since its start."""
    frames: dict[str, float]
    """Frames by quality level, since the lead's start."""


def grown(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """Returns how much each counter grew; one that fell began anew."""
    return {
        name: value - before.get(name, 0.0) if value >= before.get(name, 0.0) else value
        for name, value in after.items()
    }


def per_second(samples: Sequence[Sample], begin_us: int, end_us: int) -> dict[str, float]:
    """Returns the net's samples per second of each worker over a span."""
    inside = [each for each in samples if begin_us <= each.at_us <= end_us]
    total: dict[str, float] = {}
    for before, after in zip(inside, inside[1:], strict=False):
        for name, value in grown(before.samples, after.samples).items():
            total[name] = total.get(name, 0.0) + value
    seconds = (inside[-1].at_us - inside[0].at_us) / 1e6 if len(inside) > 1 else 0.0
    return {name: value / seconds for name, value in total.items()} if seconds else {}


def recovery_s(samples: Sequence[Sample], event_us: int, *, usual: float) -> float | None:
    """Returns the time from an event until the net's work is back; None if it never is.

    It is back at the end of the first interval from which on the whole rate stays above
    ``MIN_RECOVERED`` of ``usual`` for another one.
    """
    if usual <= 0.0:  # nothing was done before, so nothing can be back
        return None
    after = [each for each in samples if each.at_us >= event_us]
    rates = [
        (later.at_us, sum(grown(sooner.samples, later.samples).values()) * 1e6
         / max(1, later.at_us - sooner.at_us))
        for sooner, later in zip(after, after[1:], strict=False)
    ]  # fmt: skip
    enough = MIN_RECOVERED * usual
    for (at_us, rate), (_, following) in zip(rates, rates[1:], strict=False):
        if rate >= enough and following >= enough:
            return (at_us - event_us) / 1e6
    return None
