"""What a step's process does, in this process: over engines of processors."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from benchmarks.gpu_check.plan import PRECISIONS, Step, steps_of
from benchmarks.gpu_check.step import CHECKS, compile_net, read_step, run_step
from workers.engines.registry import make_engine
from workers.errors import NetUnusable


def folder_of(root: Path) -> Path:
    folder = root / "steps" / "01"
    folder.mkdir(parents=True)
    return folder


def rows(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "rows.jsonl").read_text().splitlines()]


def test_every_check_of_the_plan_is_known() -> None:
    assert {step.check for step in steps_of(tuple(PRECISIONS))} == set(CHECKS)


def test_a_step_survives_its_file() -> None:
    step = Step("speed", "torch", "fp32", (960, 540), 12.0)
    assert read_step(json.dumps(dataclasses.asdict(step))) == step


def test_pictures_of_torch_are_compared_with_itself_on_the_processor(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    folder = folder_of(tmp_path)
    assert run_step(Step("pictures", "torch", "fp32", (64, 48)), folder)
    (row,) = rows(folder)
    assert row["ok"] and row["against"] == "torch on the processor"


def test_speed_has_rows_for_streams_in_time_and_for_calls(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    assert run_step(Step("speed", "openvino", "int8", (64, 48)), folder)
    kinds = [row["kind"] for row in rows(folder)]
    assert kinds[0] == "sustained" and "calls" in kinds
    assert all("memory_mib" in row for row in rows(folder) if row["kind"] == "calls")


def test_a_precision_that_the_engine_lacks_fails_with_a_diagnosis(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    assert not run_step(Step("pictures", "openvino", "fp16", (64, 48)), folder)
    assert (folder / "failure.txt").read_text().startswith("openvino has no fp16 of live-s.")
    assert (folder / "nodes.txt").exists()


def test_a_net_is_compiled_at_a_size_that_it_takes() -> None:
    engine = make_engine("openvino", threads=1)
    net = compile_net(engine, Step("speed", "openvino", "fp32", (65, 49)))
    assert net.info.width >= 65 and net.info.precision == "fp32"
    with pytest.raises(NetUnusable, match="no fp16"):
        compile_net(engine, Step("speed", "openvino", "fp16"))
    engine.close()


def test_graphs_are_checked_without_an_engine(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    assert run_step(Step("operators", "graphs"), folder)
    assert len(rows(folder)) > 10
