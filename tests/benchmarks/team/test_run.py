"""One small scenario with real processes. Root only; the rest is ``make bench-team``."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from benchmarks.team.__main__ import main, missing
from benchmarks.team.run import Options, run
from benchmarks.team.scenarios import SCENARIOS


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.skipif(bool(missing()), reason=missing())
def test_a_stream_is_made_on_a_device_behind_a_path_that_loses(tmp_path: Path) -> None:
    scenario = dataclasses.replace(SCENARIOS["remote-stream"], cores=1.0)
    options = Options(
        tmp_path / "run", seconds=4.0, joins=False, has_quality=False, compile_s=0.0, warm_s=2.0
    )
    found = run(scenario, options, seed=1)
    assert found.seen.frames_in > 20
    assert found.seen.frames_out > 3
    assert found.lead == "dev1"
    assert 0.0 < found.cpu["dev1"] < 1.3
    assert found.emulator_cpu < 0.5


def test_a_machine_that_cannot_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "")
    assert main([]) == 1
    assert capsys.readouterr().out == "team: left out. redis-server is not installed.\n"
