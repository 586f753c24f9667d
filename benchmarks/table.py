"""Rows of figures with their targets, printed as one Markdown table."""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One figure."""

    name: str
    value: float
    target: float | None
    unit: str
    at_most: bool = False
    "True where smaller is better."
    note: str = ""

    @property
    def is_met(self) -> bool:
        """True where the target is reached, or there is none."""
        if self.target is None:
            return True
        compare: Callable[[float, float], bool] = operator.le if self.at_most else operator.ge
        return compare(self.value, self.target)


def render(rows: list[Row]) -> str:
    """A Markdown table; a missed target says so in words."""
    lines = ["| figure | measured | target | |", "|---|---|---|---|"]
    for row in rows:
        target = "report"
        if row.target is not None:
            target = f"{'at most' if row.at_most else 'at least'} {row.target:g} {row.unit}"
        verdict = "" if row.target is None else ("met" if row.is_met else "**missed**")
        note = f"{verdict}{'; ' if verdict and row.note else ''}{row.note}"
        lines.append(f"| {row.name} | {row.value:.4g} {row.unit} | {target} | {note} |")
    return "\n".join(lines)
