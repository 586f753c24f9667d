"""Reading what nvidia-smi prints, and what is said without it."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.gpu_check import gpu
from benchmarks.gpu_check.gpu import GpuFound, NoGpu, find_gpu, parse_gpu, parse_used


def program(folder: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """Puts a program of that name into the path."""
    path = folder / "nvidia-smi"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def test_a_line_of_the_query_is_a_gpu() -> None:
    text = "NVIDIA H100 80GB HBM3, 580.95.05, 81559, 9.0\nanother, 1, 2, 3\n"
    assert parse_gpu(text) == GpuFound("NVIDIA H100 80GB HBM3", "580.95.05", 81559, "9.0")


@pytest.mark.parametrize("text", ["", "No devices were found\n", "a, b\n", "a, b, many, 9.0\n"])
def test_anything_else_is_none(text: str) -> None:
    with pytest.raises(NoGpu, match="lists none"):
        parse_gpu(text)


def test_memory_in_use_is_the_first_number() -> None:
    assert parse_used("512\n1024\n") == 512
    assert parse_used("") is None and parse_used("[N/A]\n") is None


def test_the_program_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = 'case $1 in *memory.used*) echo 77;; -q) echo all;; *) echo "A, 1.2, 3, 9.0";; esac'
    program(tmp_path, monkeypatch, answer)
    assert find_gpu() == GpuFound("A", "1.2", 3, "9.0")
    assert gpu.used_mib() == 77 and gpu.full_report() == "all\n"


def test_a_driver_that_does_not_answer_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path, monkeypatch, "echo 'could not communicate with the driver'; exit 9")
    with pytest.raises(NoGpu, match="failed: could not communicate"):
        find_gpu()
    assert gpu.used_mib() is None and "could not communicate" in gpu.full_report()


def test_without_the_program_there_is_no_gpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoGpu, match="no program nvidia-smi"):
        find_gpu()
    assert "make gpu-check" in gpu.HOW_TO_GET_ONE.format(reason="x")
