"""What is kept of a failure, and that no secret is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.gpu_check.diagnosis import collect, environment, loaded_libraries, versions
from benchmarks.gpu_check.plan import Step


def test_versions_begin_with_python_and_have_the_runtimes() -> None:
    found = list(versions())
    assert found[0].startswith("Python 3")
    assert any(each.startswith("openvino==") for each in found)


def test_secrets_are_not_written_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHARPCAST_ADMIN_TOKEN", "hidden")
    monkeypatch.setenv("SHARPCAST_REDIS_URL", "redis://user:hidden@host")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    found = list(environment())
    assert "CUDA_VISIBLE_DEVICES=0" in found
    assert not any("hidden" in each for each in found)


def test_libraries_are_read_from_the_map_of_the_process(tmp_path: Path) -> None:
    maps = tmp_path / "maps"
    maps.write_text(
        "7f00-7f01 r-xp 0 08:01 1  /usr/lib/libcuda.so.1\n"
        "7f02-7f03 r-xp 0 08:01 2 /usr/lib/libc.so.6\n"
        "7f04-7f05 rw-p 0 00:00 0 \n7f06-7f07 r--p 0 08:01 1  /usr/lib/libcuda.so.1\n"
    )
    assert loaded_libraries(maps) == ["/usr/lib/libcuda.so.1"]


def test_a_failure_of_a_runtime_that_is_not_here_is_still_collected(tmp_path: Path) -> None:
    collect(Step("pictures", "onnxruntime-cuda", "fp32"), tmp_path)
    assert "no dump" in (tmp_path / "nodes.txt").read_text()
    assert "has no CUDA" in json.loads((tmp_path / "engines.json").read_text())["onnxruntime-cuda"]


def test_a_suite_needs_no_dump(tmp_path: Path) -> None:
    collect(Step("contract", "openvino"), tmp_path)
    assert not (tmp_path / "nodes.txt").exists() and (tmp_path / "versions.txt").exists()
