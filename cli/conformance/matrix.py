"""Prints findings of several servers side by side, as a table in Markdown.

``python -m cli.conformance.matrix "NAME=FINDINGS.json" ...``; each file is what ``sharpcast
conformance --json`` printed. Several files of one name are one column.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SIGNS = {"pass": "kept", "fail": "**broken**", "skip": "–"}
"""Cells by outcome; a dash is a rule that does not apply or was not tried."""

Row = dict[str, Any]


def matrix(columns: dict[str, list[Row]]) -> str:
    """Returns a table of all rules that any of the servers was tried on."""
    rules: dict[tuple[str, str], Row] = {}
    for rows in columns.values():
        for row in rows:
            rules.setdefault((row["protocol"], row["name"]), row)
    lines = [
        f"| rule | section | level | {' | '.join(columns)} |",
        f"|---|---|---|{'---|' * len(columns)}",
    ]
    for key, rule in sorted(rules.items(), key=lambda item: item[0][0], reverse=True):
        cells = [_cell(rows, key) for rows in columns.values()]
        name = f"{rule['protocol'].lower()}-{rule['name']}"
        lines.append(f"| {name} | {rule['section']} | {rule['level']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(rows: list[Row], key: tuple[str, str]) -> str:
    found = [row["outcome"] for row in rows if (row["protocol"], row["name"]) == key]
    return SIGNS[found[0]] if found else ""


def totals(columns: dict[str, list[Row]]) -> str:
    """Returns a table of the rules kept of those that apply, by protocol and level."""
    kinds = [(p, level) for p in ("WHIP", "WHEP") for level in ("MUST", "SHOULD", "MAY")]
    lines = [
        f"| server | {' | '.join(f'{p} {level}' for p, level in kinds)} |",
        f"|---|{'---|' * len(kinds)}",
    ]
    for name, rows in columns.items():
        cells = []
        for protocol, level in kinds:
            found = [r for r in rows if (r["protocol"], r["level"]) == (protocol, level)]
            tried = [row for row in found if row["outcome"] != "skip"]
            kept = sum(row["outcome"] == "pass" for row in tried)
            cells.append(f"{kept} of {len(tried)}" if found else "")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main(arguments: Sequence[str]) -> None:
    """Prints both tables."""
    columns: dict[str, list[Row]] = {}
    for argument in arguments:
        name, _, path = argument.partition("=")
        columns.setdefault(name, []).extend(json.loads(Path(path).read_text())["findings"])
    print(f"{totals(columns)}\n\n{matrix(columns)}")


if __name__ == "__main__":
    main(sys.argv[1:])
