"""Prints which share of each package's statements the tests ran: ``python -m tests.coverage_table``
after ``coverage combine``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

import coverage

from tests.source_tree import PRODUCT, ROOT

WORST = 15
"""Modules named below the table; as many as one reads."""

MIN_STATEMENTS = 10
"""Modules with fewer statements are not named: one missed line of five says little."""


@dataclasses.dataclass(frozen=True, slots=True)
class Measured:
    """One module: its statements, and those that no test ran."""

    path: str
    statements: int
    missed: int

    @property
    def packages(self) -> tuple[str, str]:
        """The package of the house that holds it, and the folder inside that."""
        parts = Path(self.path).parts
        return parts[0], "/".join(parts[:2]) if len(parts) > 2 else parts[0]


def percent(found: Iterable[Measured]) -> float:
    """The percentage of statements that ran; 100 where there are none."""
    rows = list(found)
    statements = sum(row.statements for row in rows)
    return 100.0 * (1 - sum(row.missed for row in rows) / statements) if statements else 100.0


def table(found: Iterable[Measured]) -> str:
    """A line for each package and for each folder in it, then the modules that are run least."""
    rows = sorted(found, key=lambda row: row.path)
    lines = [f"{'package':28} {'statements':>10} {'missed':>7} {'run':>6}"]
    for package in sorted({row.packages[0] for row in rows}):
        inside = [row for row in rows if row.packages[0] == package]
        lines.append(_line(package, inside))
        folders = sorted({row.packages[1] for row in inside})
        if folders != [package]:
            lines += [_line("  " + f, [r for r in inside if r.packages[1] == f]) for f in folders]
    lines.append(_line("all", rows))
    large = (row for row in rows if row.statements >= MIN_STATEMENTS and row.missed)
    worst = sorted(large, key=lambda row: percent([row]))[:WORST]
    lines += ["", "run least:", *(_line("  " + row.path, [row]) for row in worst)]
    return "\n".join(lines)


def _line(name: str, rows: list[Measured]) -> str:
    statements, missed = sum(r.statements for r in rows), sum(r.missed for r in rows)
    return f"{name:28} {statements:10} {missed:7} {percent(rows):5.1f}%"


def measured() -> list[Measured]:
    """What the combined data says of each module of the product, also of those that never ran."""
    data = coverage.Coverage(config_file=ROOT / "pyproject.toml")
    data.load()
    found = []
    for package in PRODUCT:
        for path in sorted((ROOT / package).rglob("*.py")):
            _, statements, _, missed, _ = data.analysis2(str(path))
            found.append(Measured(str(path.relative_to(ROOT)), len(statements), len(missed)))
    return found


if __name__ == "__main__":
    print(table(measured()))
