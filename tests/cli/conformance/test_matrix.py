"""``matrix.py``: findings of several servers side by side."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.conformance.matrix import main, matrix, totals
from cli.conformance.report import as_json
from cli.conformance.verdict import Level, RuleOutcome
from tests.cli.conformance.test_verdict import finding

GET = {
    "protocol": "WHIP", "name": "get", "section": "4.1", "level": "MUST", "outcome": "pass",
}  # fmt: skip
COLUMNS = {
    "ours": [GET, GET | {"protocol": "WHEP", "section": "HTTP usage"}],
    "theirs": [GET | {"outcome": "fail"}, GET | {"name": "head", "outcome": "skip"}],
}


def test_rules_are_rows_and_servers_columns() -> None:
    assert matrix(COLUMNS).splitlines() == [
        "| rule | section | level | ours | theirs |",
        "|---|---|---|---|---|",
        "| whip-get | 4.1 | MUST | kept | **broken** |",
        "| whip-head | 4.1 | MUST |  | – |",
        "| whep-get | HTTP usage | MUST | kept |  |",
    ]


def test_totals_count_what_applies() -> None:
    first, _, ours, theirs = totals(COLUMNS).splitlines()
    assert first.startswith("| server | WHIP MUST | WHIP SHOULD | WHIP MAY | WHEP MUST |")
    assert ours == "| ours | 1 of 1 |  |  | 1 of 1 |  |  |"
    assert theirs == "| theirs | 0 of 1 |  |  |  |  |  |"


def test_files_of_one_name_are_one_column(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, protocol in (("a", "WHIP"), ("b", "WHEP")):
        found = finding(protocol=protocol, outcome=RuleOutcome.FAIL, level=Level.SHOULD)
        (tmp_path / name).write_text(as_json([found], whip="", whep=""))
    main([f"it={tmp_path / 'a'}", f"it={tmp_path / 'b'}"])
    out = capsys.readouterr().out
    assert "| it |  | 0 of 1 |  |  | 0 of 1 |  |" in out
    assert out.count("**broken**") == 2
