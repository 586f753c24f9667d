"""Markdown tables, and rows of figures with their targets."""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable, Iterable, Sequence


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


def markdown_line(cells: Iterable[str]) -> str:
    """Returns one line of a table."""
    return f"| {' | '.join(cells)} |"


def markdown_table(head: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    """Returns a table; each row has as many cells as the head."""
    rule = "|---" * len(head) + "|"
    return "\n".join([markdown_line(head), rule, *(markdown_line(row) for row in rows)])


def render(rows: Sequence[Row]) -> str:
    """Returns the figures as a table; a missed target says so in words."""
    return markdown_table(("figure", "measured", "target", ""), [_cells(row) for row in rows])


def _cells(row: Row) -> list[str]:
    target = "report"
    if row.target is not None:
        target = f"{'at most' if row.at_most else 'at least'} {row.target:g} {row.unit}"
    judged = "" if row.target is None else ("met" if row.is_met else "**missed**")
    note = f"{judged}{'; ' if judged and row.note else ''}{row.note}"
    return [row.name, f"{row.value:.4g} {row.unit}", target, note]
