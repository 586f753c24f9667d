"""The whole grid as a table, and the figures that have targets."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from benchmarks.capacity.pass_criteria import is_sustained, sustained, twice
from benchmarks.capacity.run import Outcome
from benchmarks.table import Row

__all__ = ["Course", "grid", "rows"]

TARGETS = {"fixed": 4, "mixed": 2}
MOST_P99_MS = 250.0
MOST_GAP_MS = 500.0


@dataclasses.dataclass(frozen=True, slots=True)
class Course:
    """One kind of content through one model, with more and more streams."""

    model: str
    content: str
    "Of CONTENTS."
    reuse: bool
    outcomes: tuple[Outcome, ...]


def grid(courses: Sequence[Course]) -> str:
    """A Markdown table with a line for each run; shares are of all frames."""
    heads = (
        "model",
        "content",
        "streams",
        "full",
        "reuse",
        "of what it wanted",
        "smaller",
        "bicubic",
        "copied",
        "dropped",
        "p50",
        "p95",
        "p99",
        "worst gap",
        "worker's core",
        "feeder late",
        "in time",
    )
    lines = [_line(heads), _line(["---"] * len(heads))]
    lines += [_line(_cells(course, outcome)) for course in courses for outcome in course.outcomes]
    return "\n".join(lines)


def rows(courses: Sequence[Course], default: str) -> list[Row]:
    """How many streams are sustained; targets hold for the ``default`` model with reuse."""
    found = [_sustained_row(course, default) for course in courses if course.outcomes]
    for course in courses:
        if course.model == default and course.reuse:
            found += _twice_rows(course)
    outcomes = [outcome for course in courses for outcome in course.outcomes]
    lost = sum(outcome.unaccounted for outcome in outcomes)
    late_ms = max((outcome.late_ms for outcome in outcomes), default=0.0)
    found.append(Row("frames that are nowhere, all runs", lost, 0, "frames", True))
    found.append(Row("the feeder's own lateness, p99 of its worst run", late_ms, None, "ms"))
    return found


def _sustained_row(course: Course, default: str) -> Row:
    has_target = course.model == default and course.reuse
    most = max(outcome.streams for outcome in course.outcomes)
    number = sustained(course.outcomes)
    return Row(
        f"270p30 streams one core sustains: {_name(course)}",
        number,
        TARGETS[course.content] if has_target else None,
        "streams",
        note="more were not tried" if number == most else "",
    )


def _twice_rows(course: Course) -> list[Row]:
    number = twice(course.outcomes)
    found = [outcome.timing for outcome in course.outcomes if outcome.streams == number]
    name = f"twice the load ({number} streams): {_name(course)}"
    return [
        row
        for timing in found
        for row in (
            Row(f"{name}, p99 age at output", timing.p99_ms, MOST_P99_MS, "ms", True),
            Row(f"{name}, worst gap", timing.worst_gap_ms, MOST_GAP_MS, "ms", True),
        )
    ]


def _name(course: Course) -> str:
    camera = {"fixed": "fixed camera", "mixed": "mixed content"}[course.content]
    return f"{course.model}, {camera}" + ("" if course.reuse else ", without reuse")


def _cells(course: Course, outcome: Outcome) -> list[str]:
    timing, got = outcome.timing, outcome.served
    net = course.model if course.reuse else f"{course.model}, no reuse"
    shares = [got.share(number) for number in (got.full, got.reuse)]
    others = [got.share(number) for number in (got.smaller, got.bicubic, got.copied)]
    times = (timing.p50_ms, timing.p95_ms, timing.p99_ms, timing.worst_gap_ms)
    return [
        net,
        course.content,
        str(outcome.streams),
        *(f"{share:.1%}" for share in shares),
        f"{got.granted:.0%}" if got.reuse else "",
        *(f"{share:.1%}" for share in others),
        f"{1 - timing.out_share:.1%}",
        *(f"{ms:.0f} ms" for ms in times),
        f"{outcome.worker_cpu:.0%}",
        f"{outcome.late_ms:.0f} ms",
        "yes" if is_sustained(outcome) else "no",
    ]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
