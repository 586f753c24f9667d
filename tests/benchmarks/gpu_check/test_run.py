"""Steps in processes of their own: crashes, time limits and failures end nothing but the step."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path

import psutil
import pytest

from benchmarks.gpu_check.plan import Step
from benchmarks.gpu_check.run import Result, read_result, run_all, run_one

STEP = Step("pictures", "onnxruntime", "int8", expected_s=20.0)


def run_code(code: str, folder: Path, limit_s: float = 60.0) -> Result:
    """Runs Python in a step's place; the folder is its argument."""
    return run_one(STEP, folder / "step", limit_s, program=(sys.executable, "-c", code))


def test_a_step_that_passes_gives_its_rows(tmp_path: Path) -> None:
    code = 'import sys; open(sys.argv[1] + "/rows.jsonl", "w").write(\'{"ok": true}\\n\')'
    found = run_code(code, tmp_path)
    assert (found.state, found.rows) == ("passed", ({"ok": True},))
    assert found.seconds > 0 and not found.is_fault
    assert json.loads((tmp_path / "step" / "step.json").read_text())["engine"] == "onnxruntime"


def test_a_crash_is_told_with_its_signal_and_its_last_line(tmp_path: Path) -> None:
    code = "import os, sys; print('the driver', file=sys.stderr, flush=True); os.abort()"
    found = run_code(code, tmp_path)
    assert (found.state, found.why) == ("crashed", "SIGABRT; the driver") and found.is_fault


def test_a_step_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "open(sys.argv[1] + '/child', 'w').write(str(child.pid))\n"
        "open(sys.argv[1] + '/rows.jsonl', 'w').write('{\"ok\": true}\\n{\"o')\n"
        "time.sleep(600)\n"
    )
    step = Step("contract", "torch", expected_s=0.1)
    program = (sys.executable, "-c", code)
    found = run_one(step, tmp_path / "step", step.limit_s / 20, program=program)
    assert found.state == "left out" and "the time was over" in found.why
    assert found.rows == ({"ok": True},), "what was measured before stays"
    child = int((tmp_path / "step" / "child").read_text())
    # The signal is on its way when the step is over; a process that is gone needs no waiting.
    with contextlib.suppress(psutil.NoSuchProcess):
        psutil.Process(child).wait(timeout=10)


def test_a_step_that_took_all_of_its_own_time_is_a_fault(tmp_path: Path) -> None:
    found = read_result(STEP, tmp_path, None, STEP.limit_s)
    assert (found.state, found.why) == ("timed out", "ended after 60 s") and found.is_fault


def test_a_failure_is_told_by_its_first_line(tmp_path: Path) -> None:
    (tmp_path / "failure.txt").write_text("Engine 'x' cannot be used: no.\n\ntrace\n")
    assert read_result(STEP, tmp_path, 1, 60.0).why == "Engine 'x' cannot be used: no."


def test_wrong_figures_are_counted(tmp_path: Path) -> None:
    rows = [{"ok": True}, {"ok": False, "test": "t"}]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    found = read_result(STEP, tmp_path, 1, 60.0)
    assert (found.state, found.why) == ("failed", "1 of 2 checks, first: t")


def test_a_step_without_a_figure_has_not_passed(tmp_path: Path) -> None:
    assert read_result(STEP, tmp_path, 0, 60.0).why == "it measured nothing"


def test_a_step_whose_engine_is_missing_fails_and_the_next_one_runs(tmp_path: Path) -> None:
    missing = Step("pictures", "onnxruntime-cuda", "fp32", expected_s=5.0)
    said: list[str] = []
    found = run_all((missing, STEP), tmp_path, budget_s=100.0, say=said.append)
    assert [each.state for each in found] == ["failed", "passed"]
    assert "has no CUDAExecutionProvider" in found[0].why
    folder = tmp_path / "steps" / "01-pictures-onnxruntime-cuda-fp32-360p"
    names = {path.name for path in folder.iterdir()}
    assert names >= {
        "failure.txt", "versions.txt", "environment.txt", "nvidia-smi.txt", "libraries.txt",
        "engines.json", "nodes.txt", "engine.log", "stderr.txt", "step.json",
    }  # fmt: skip
    assert found[1].rows[0]["against"] == "openvino on the processor"
    assert len(said) == 2


def test_what_there_is_no_time_for_comes_last(tmp_path: Path) -> None:
    long = Step("contract", "torch", expected_s=500.0)
    assert run_all((long,), tmp_path, budget_s=10.0) == [Result(long, "left out")]


@pytest.mark.parametrize("code", [2, 139])
def test_other_exit_codes_are_crashes(tmp_path: Path, code: int) -> None:
    (tmp_path / "stderr.txt").write_text("")
    found = read_result(STEP, tmp_path, code, 60.0)
    assert (found.state, found.why) == ("crashed", f"exit code {code}; it said nothing")
