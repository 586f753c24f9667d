from __future__ import annotations

import json
from pathlib import Path

from benchmarks.transport.report import emulator_line, table, write
from benchmarks.transport.run import Cell
from benchmarks.transport.ways import WAYS


def cell(way: str, loss: float, size: str = "3.9 Mbit/s", p99: float | None = 31.4) -> Cell:
    return Cell(
        way=way,
        size=size,
        loss=loss,
        in_time=0.996,
        late=0.002,
        p50=None if p99 is None else 27.0,
        p95=p99,
        p99=p99,
        overhead=0.23,
        cpu_send=0.05,
        cpu_receive=0.08,
        cpu_emulator=0.04,
        emulator_late_ms=10 * loss,
    )


def test_a_row_says_it_in_percent_and_milliseconds() -> None:
    row = table([cell("udp", 0.02)]).splitlines()[-1]
    assert row == "| plain UDP | 2 % | 99.6 % | 0.2 % | 27 | 31 | 31 | 23 % | 0.05 | 0.08 |"


def test_a_way_on_which_nothing_arrived_has_no_ages() -> None:
    assert "| - | - | - |" in table([cell("quic-reno", 0.1, p99=None)])


def test_the_emulator_is_judged_by_its_worst_runs() -> None:
    said = emulator_line([cell("udp", loss) for loss in (0.0, 0.02, 0.5)])
    assert "0.04 of a core" in said
    assert "0.2 ms in the median of the runs, 5.0 ms in the worst" in said


def test_the_page_the_chart_and_the_figures_are_written(tmp_path: Path) -> None:
    cells = [cell(way, loss) for way in ("udp", "link") for loss in (0.0, 0.1)]
    cells += [cell("udp", 0.1, "1.9 Mbit/s", None)]
    write(cells, "a machine", tmp_path)
    page = (tmp_path / "README.md").read_text()
    assert "## 3.9 Mbit/s" in page and "## 1.9 Mbit/s" in page and "a machine" in page
    assert (tmp_path / "transport.png").read_bytes()[:4] == b"\x89PNG"
    told = json.loads((tmp_path / "transport.json").read_text())
    assert len(told["cells"]) == 5
    assert told["cells"][0]["way"] in WAYS
