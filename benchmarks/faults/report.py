"""The results as one Markdown table."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.faults.measure import Result
from benchmarks.table import markdown_line, markdown_table

HEAD = markdown_table(
    (
        "fault",
        "streams",
        "longest freeze",
        "wanted",
        "enhanced again",
        "wanted",
        "lost",
        "twice",
        "out of order",
    ),
    (),
)


def line(result: Result) -> str:
    """Returns one row of the table; a target that is missed is bold."""
    fault = result.fault
    freeze = _cell(result.freeze_s, fault.freeze_s)
    again = "**never**" if result.again_s is None else _cell(result.again_s, fault.again_s)
    twice, order = (_count(n) for n in (result.twice, result.out_of_order))
    name = f"{fault.name} {result.note}".strip()
    wanted = _wanted(fault.freeze_s), _wanted(fault.again_s)
    counts = str(result.lost), twice, order
    cells = (name, str(result.streams), freeze, wanted[0], again, wanted[1], *counts)
    return markdown_line(cells)


def summary(results: Iterable[Result]) -> str:
    """Returns a sentence with the number of results that are as wanted."""
    known = list(results)
    return f"{sum(result.is_met for result in known)} of {len(known)} as wanted"


def _cell(value: float, wanted: float | None) -> str:
    text = f"{value:.2f} s"
    return f"**{text}**" if wanted is not None and value > wanted else text


def _wanted(value: float | None) -> str:
    return "-" if value is None else f"{value:g} s"


def _count(value: int) -> str:
    return f"**{value}**" if value else "0"
