from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.team.history import Seen
from benchmarks.team.quality import Quality
from benchmarks.team.report import NEVER_S, acceptance, line, tables, write
from benchmarks.team.run import AfterEvent, Outcome


def outcome(
    mmacs: float = 100.0,
    *,
    p99: float = 200.0,
    gain: float | None = 0.95,
    recovery_s: float | None = 0.8,
) -> Outcome:
    return Outcome(
        seen=Seen(30.0, 29.95, 100.0, 150.0, p99, 60.0, 0),
        repeated=0,
        mmacs={"dev1": mmacs / 2, "dev2": mmacs / 2},
        cpu={"dev1": 0.29, "dev2": 0.28, "app": 0.05},
        emulator_cpu=0.04,
        emulator_late_ms=1.0,
        levels={"full": 30.0},
        lead="dev1",
        team=None,
        event=AfterEvent("dev2", 180.0, recovery_s, 0, 0.19),
        quality=None if gain is None else Quality(40.0, 40.1, 39.6, 45.0, 43.0, gain, 120),
    )


def test_ratios_are_of_medians_and_tell_their_spread() -> None:
    found = {
        "live-m-4-2": [outcome(340.0), outcome(360.0), outcome(380.0)],
        "live-m-1-2": [outcome(100.0), outcome(100.0), outcome(110.0)],
    }
    row = next(each for each in acceptance(found) if "4 against 1, 2 %" in each.name)
    assert row.value == pytest.approx(3.6)
    assert row.is_met
    assert row.note == "3.4 to 3.6 in 3 runs"


def test_only_what_was_run_has_a_row() -> None:
    assert acceptance({}) == []
    names = [row.name for row in acceptance({"fifth": [outcome()], "cut": []})]
    assert names == ["a fifth device works after", "its part of the work, of a fifth"]


def test_what_never_came_back_is_missed() -> None:
    rows = acceptance({"kill-lead": [outcome(recovery_s=None)]})
    back = next(row for row in rows if "enhanced again" in row.name)
    assert back.value == NEVER_S
    assert not back.is_met


def test_runs_without_pictures_have_no_gain() -> None:
    rows = acceptance({"live-m-4-2": [outcome(gain=None)]})
    assert not any("gain" in row.name for row in rows)


def test_a_line_and_the_tables_tell_the_cpu_of_all() -> None:
    said = line(outcome())
    assert "dev1 0.29" in said and "emulator 0.04" in said and "gain 95 %" in said
    told = tables({"live-m-4-2": [outcome(), outcome(90.0)]}, ["kill-lead, repeat 0: why"])
    assert "0.29 0.28 0.00 0.00" in told
    assert "95 (90-100)" in told
    assert "Failed: kill-lead, repeat 0: why" in told


def test_page_and_json_are_written(tmp_path: Path) -> None:
    write({"cut": [outcome()]}, [], "a machine", tmp_path)
    assert "a machine" in (tmp_path / "README.md").read_text()
    told = json.loads((tmp_path / "team.json").read_text())
    assert told["outcomes"]["cut"][0]["event"]["device"] == "dev2"
