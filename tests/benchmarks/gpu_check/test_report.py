"""The table of a run, its JSON and its archive."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import pytest

from benchmarks.gpu_check.plan import Step
from benchmarks.gpu_check.report import MAX_FILE_BYTES, Run, markdown, to_json, write
from benchmarks.gpu_check.run import Result

FP16 = Step("pictures", "tensorrt", "fp16")
SPEED = Step("speed", "tensorrt", "fp16", (1280, 720))
RESULTS = (
    Result(FP16, "failed", 12.0, ({
        "ok": False, "greatest": 9.0, "mean": 0.5, "psnr_db": 41.0, "against": "the processor",
    },), "a picture | too far"),
    Result(Step("contract", "tensorrt"), "failed", 40.0, (
        {"ok": False, "test": "t.py::test_x", "why": "E boom\nmore"},
        {"ok": False, "passed": 3, "failed": 1, "skipped": 0},
    )),
    Result(SPEED, "passed", 20.0, (
        {"ok": True, "kind": "sustained", "streams": 8, "p50_ms": 3.0, "p95_ms": 5.0, "late": 0.0,
         "best": 8},
        {"ok": True, "kind": "calls", "batch": 4, "streams": 2, "ms_call": 1.5,
         "frames_per_s": 4000.0, "memory_mib": 120.0},
    )),
    Result(Step("speed", "torch", "fp16"), "left out"),
)  # fmt: skip


@pytest.fixture
def run() -> Run:
    return Run("a machine", "one GPU", {"openvino": "", "torch": "no"}, ("x==1",), RESULTS, 99.0)


def test_every_kind_of_row_has_its_table(run: Run) -> None:
    text = markdown(run)
    assert "| pictures-tensorrt-fp16-360p | **failed** | 12 | a picture \\| too far |" in text
    assert "| tensorrt | fp16 | 640x360 | live-s | 9 | 0.5000 | 41.0 | **wrong** |" in text
    assert "| tensorrt | test_x | E boom |" in text
    assert "| tensorrt | all | 3 passed, 1 failed, 0 skipped |" in text
    assert "| tensorrt | fp16 | 1280x720 | 8 | 3.0 | 5.0 | 0.0 % | 8 |" in text
    assert "| tensorrt | fp16 | 1280x720 | 4 | 2 | 1.50 | 4000 | 120 |" in text
    assert "| speed-torch-fp16-360p | left out |  |  |" in text
    assert "| torch | no |" in text and "- x==1" in text


def test_json_has_every_row(run: Run) -> None:
    found = json.loads(to_json(run))
    assert len(found["results"][2]["rows"]) == 2
    assert found["results"][0]["step"]["precision"] == "fp16"


def test_the_archive_has_the_ends_of_long_logs(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "steps" / "01-x"
    folder.mkdir(parents=True)
    (folder / "engine.log").write_bytes(b"a" * MAX_FILE_BYTES + b"the end")
    archive = write(run, tmp_path)
    with tarfile.open(archive) as tar:
        names = set(tar.getnames())
        file = tar.extractfile("steps/01-x/engine.log")
        assert file is not None
        data = file.read()
    assert names == {"gpu-check.md", "gpu-check.json", "steps/01-x/engine.log"}
    assert data.endswith(b"the end") and data.startswith(b"(the beginning is left out)")
    assert len(data) < MAX_FILE_BYTES + 100
