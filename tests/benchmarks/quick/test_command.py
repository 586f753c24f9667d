"""``sharpcast bench --quick``: its table, its file, the figures in the package."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from benchmarks.__main__ import main
from benchmarks.quick import command
from benchmarks.quick.cells import Cell, Machine


def test_the_published_figures_are_of_both_kinds_of_machine() -> None:
    found = command.published()
    assert sorted(machine.has_vnni for machine in found) == [False, True]
    for machine in found:
        assert machine.cells and all(cell.ms > 0 for cell in machine.cells)
        assert ("live-s int8", "openvino", "480x270") in {cell.key for cell in machine.cells}


def test_a_table_has_the_ratio_where_there_is_one() -> None:
    net = Cell(what="live-s int8", engine="openvino", size="480x270", ms=20.0, cpu_ms=19.0)
    redis = Cell(what="append", engine="Redis", size="", ms=0.2)
    lines = command.table((net, redis), {net.key: 0.5}).splitlines()
    assert lines[2] == "| live-s int8 | openvino | 480x270 | 20.00 | 19.00 | 1.7 | 50% |"
    assert lines[3] == "| append | Redis |  | 0.20 | 0.00 |  |  |"


@pytest.mark.timeout(300)
def test_the_command_saves_what_it_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "bench.json"
    assert command.run(out, budget_s=0.0) == 0
    saved = msgspec.json.decode(out.read_bytes(), type=Machine)
    assert saved.has_vnni is command.has_vnni()
    assert {cell.engine for cell in saved.cells} >= {"x264", "Redis"}
    told = capsys.readouterr().out
    assert "| H.264 | x264 | 960x540 |" in told and f"Saved in {out}." in told


@pytest.mark.timeout(300)
def test_a_file_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command.run, "__kwdefaults__", {"budget_s": 0.0})
    assert main(["--quick", "--out", str(tmp_path / "no" / "such.json")]) == 1
    assert "cannot be written" in capsys.readouterr().err
