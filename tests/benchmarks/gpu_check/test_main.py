"""The whole check as people run it: without a GPU, and over engines of processors."""

from __future__ import annotations

import argparse
import json
import subprocess
from pathlib import Path

import pytest

from benchmarks.gpu_check.__main__ import FAULT, NO_GPU, SUCCESS, engine_names, main, plan_table
from benchmarks.gpu_check.contract import ROOT
from benchmarks.gpu_check.plan import steps_of
from benchmarks.gpu_check.run import PROGRAM


@pytest.fixture
def without_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("without_gpu")
def test_without_a_gpu_the_rest_is_checked_and_the_code_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--out", str(tmp_path / "out")]) == NO_GPU
    said = capsys.readouterr().out
    assert "No NVIDIA GPU was found: there is no program nvidia-smi." in said
    assert "make gpu-check" in said and "speed-tensorrt-fp16-720p" in said
    assert "openvino: usable" in said
    found = json.loads((tmp_path / "out" / "gpu-check.json").read_text())
    assert [each["state"] for each in found["results"][:2]] == ["passed", "left out"]
    assert len(found["results"][0]["rows"]) > 10


@pytest.mark.slow
def test_over_engines_of_processors_everything_but_cuda_is_tried(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    (out / "steps" / "99-of-an-earlier-run").mkdir(parents=True)
    budget = ["--engines", "onnxruntime,openvino", "--budget", "75"]
    assert main([*budget, "--out", str(out)]) == SUCCESS
    assert "No time was left for" in capsys.readouterr().out
    text = (out / "gpu-check.md").read_text()
    assert "| pictures-openvino-fp32-360p | passed |" in text
    assert "passed, 0 failed, 0 skipped" in text
    assert (out / "gpu-check.tar.gz").stat().st_size > 1000
    assert not (out / "steps" / "99-of-an-earlier-run").exists()


@pytest.mark.usefixtures("without_gpu")
def test_an_engine_that_is_not_here_is_a_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--engines", "onnxruntime-cuda", "--out", str(tmp_path / "out"), "--budget", "17.5"]
    assert main(words) == FAULT
    assert "send" in capsys.readouterr().out


def test_the_plan_can_be_read_without_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--plan", "--engines", "torch"]) == SUCCESS
    assert "| contract-torch | 25 |" in capsys.readouterr().out
    assert len(plan_table(steps_of(("torch",))).splitlines()) == len(steps_of(("torch",))) + 2


@pytest.mark.parametrize("text", ["", "gpu", "torch,nothing"])
def test_unknown_engines_are_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="no engines"):
        engine_names(text)


def test_the_installer_is_a_script_that_pins_what_it_installs() -> None:
    script = ROOT / "benchmarks" / "gpu_check" / "install.sh"
    subprocess.run(["sh", "-n", str(script)], check=True)
    text, pinned = script.read_text(), (ROOT / "constraints-gpu.txt").read_text()
    for package in ("nvidia-cuda-runtime", "nvidia-curand", "nvidia-cuda-nvcc", "nvidia-cuda-crt",
                    "nvidia-cuda-cccl", "nvidia-cuda-profiler-api", "pycuda"):  # fmt: skip
        assert package in text and f"\n{package}==" in pinned
    assert PROGRAM[1:] == ("-m", "benchmarks.gpu_check.step")
