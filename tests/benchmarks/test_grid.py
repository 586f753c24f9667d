from __future__ import annotations

import pytest

from benchmarks.grid import measure_all


def test_every_cell_is_measured_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    cells = [(2, 3), (2, 4), (2, 5)]
    assert sorted(measure_all(pow, cells, 2, "powers")) == [8, 16, 32]
    assert capsys.readouterr().out.splitlines()[-1] == "powers: 3 of 3"
