"""The whole grid as a table, and the figures that have targets."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from benchmarks.capacity.pass_criteria import is_sustained, sustained, twice
from benchmarks.capacity.run import Outcome
from benchmarks.table import Row, markdown_table

__all__ = ["LoadSeries", "grid", "rows"]

# Streams of 480x270 at 30 frames a second on one core, by content.
TARGETS = {"fixed": 4, "mixed": 2}
# At twice the load pictures may be worse but neither late nor frozen; both limits in ms.
MAX_P99_MS = 250.0
MAX_GAP_MS = 500.0


@dataclasses.dataclass(frozen=True, slots=True)
class LoadSeries:
    """One kind of content through one model, with more and more streams."""

    model: str
    content: str
    "One of CONTENTS."
    temporal: bool
    outcomes: tuple[Outcome, ...]


def grid(found: Sequence[LoadSeries]) -> str:
    """A Markdown table with a line for each run; fractions are of all frames."""
    heads = (
        "model",
        "content",
        "streams",
        "full",
        "temporal",
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
    rows = [_cells(series, outcome) for series in found for outcome in series.outcomes]
    return markdown_table(heads, rows)


def rows(measured: Sequence[LoadSeries], default: str) -> list[Row]:
    """Returns how many streams are sustained; targets hold for the ``default`` model."""
    found = [_sustained_row(series, default) for series in measured if series.outcomes]
    for series in measured:
        if series.model == default and series.temporal:
            found += _twice_rows(series)
    outcomes = [outcome for series in measured for outcome in series.outcomes]
    lost = sum(outcome.unaccounted for outcome in outcomes)
    late_ms = max((outcome.late_ms for outcome in outcomes), default=0.0)
    found.append(Row("frames that are nowhere, all runs", lost, 0, "frames", True))
    found.append(Row("the feeder's own lateness, p99 of its worst run", late_ms, None, "ms"))
    return found


def _sustained_row(series: LoadSeries, default: str) -> Row:
    has_target = series.model == default and series.temporal
    most = max(outcome.streams for outcome in series.outcomes)
    number = sustained(series.outcomes)
    return Row(
        f"270p30 streams one core sustains: {_name(series)}",
        number,
        TARGETS[series.content] if has_target else None,
        "streams",
        note="more were not tried" if number == most else "",
    )


def _twice_rows(series: LoadSeries) -> list[Row]:
    number = twice(series.outcomes)
    found = [outcome.timing for outcome in series.outcomes if outcome.streams == number]
    name = f"twice the load ({number} streams): {_name(series)}"
    return [
        row
        for timing in found
        for row in (
            Row(f"{name}, p99 age at output", timing.p99_ms, MAX_P99_MS, "ms", True),
            Row(f"{name}, worst gap", timing.worst_gap_ms, MAX_GAP_MS, "ms", True),
        )
    ]


def _name(series: LoadSeries) -> str:
    camera = {"fixed": "fixed camera", "mixed": "mixed content"}[series.content]
    return f"{series.model}, {camera}" + ("" if series.temporal else ", without propagation")


def _cells(series: LoadSeries, outcome: Outcome) -> list[str]:
    timing, got = outcome.timing, outcome.served
    net = series.model if series.temporal else f"{series.model}, not temporal"
    fractions = [got.fraction(number) for number in (got.full, got.temporal)]
    others = [got.fraction(number) for number in (got.smaller, got.bicubic, got.copied)]
    times = (timing.p50_ms, timing.p95_ms, timing.p99_ms, timing.worst_gap_ms)
    return [
        net,
        series.content,
        str(outcome.streams),
        *(f"{part:.1%}" for part in fractions),
        f"{got.granted:.0%}" if got.temporal else "",
        *(f"{part:.1%}" for part in others),
        f"{1 - timing.out_fraction:.1%}",
        *(f"{ms:.0f} ms" for ms in times),
        f"{outcome.worker_cpu:.0%}",
        f"{outcome.late_ms:.0f} ms",
        "yes" if is_sustained(outcome) else "no",
    ]
