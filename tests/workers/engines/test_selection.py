from __future__ import annotations

import dataclasses
import logging
import shutil
from pathlib import Path

import numpy as np
import pytest

from workers.engines.benchmark import EngineTiming
from workers.engines.registry import GRAPHS
from workers.engines.selection import EngineRequest, choose_engine, fastest
from workers.errors import EngineUnavailable

from ..zoo import make_model


def tried(**took_ms: float) -> list[EngineTiming]:
    return [EngineTiming(engine=name, ms=ms) for name, ms in took_ms.items()]


def test_the_fastest_is_taken() -> None:
    assert fastest(tried(a=20.0, b=12.0, c=15.0)) == "b"


def test_a_later_one_must_be_clearly_faster() -> None:
    assert fastest(tried(a=20.0, b=18.5)) == "a"
    assert fastest(tried(a=20.0, b=17.5)) == "b"


def test_what_could_not_run_is_not_taken() -> None:
    assert fastest(tried(a=0.0, b=30.0)) == "b"
    assert fastest(tried(a=0.0)) is None
    assert fastest([]) is None


def wanted(zoo: Path, model: str = "tiny") -> EngineRequest:
    return EngineRequest(model, 64, 48, zoo=zoo)


def test_auto_measures_every_engine_and_reports(
    zoo: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("onnxruntime")
    with caplog.at_level(logging.INFO):
        choice = choose_engine("auto", wanted(zoo), threads=1)
    assert [trial.engine for trial in choice.trials] == list(GRAPHS)
    trials = {trial.engine: trial for trial in choice.trials}
    for name in ("openvino", "onnxruntime"):
        assert trials[name].ms > 0 and trials[name].precision == "fp32" and not trials[name].reason
    for trial in choice.trials:
        assert bool(trial.ms) != bool(trial.reason)
    assert choice.engine.info.name == fastest(choice.trials)
    said = [record for record in caplog.records if getattr(record, "action", "") == "engine_chosen"]
    assert len(said) == 1
    assert "openvino" in said[0].message and "64x48" in said[0].message
    choice.engine.close()


def test_a_named_engine_is_not_measured(zoo: Path) -> None:
    choice = choose_engine("openvino", wanted(zoo), threads=1)
    assert choice.trials == () and str(choice) == "openvino"
    with pytest.raises(EngineUnavailable, match="abacus"):
        choose_engine("abacus", wanted(zoo), threads=1)


@pytest.mark.parametrize("model", ["nowhere", "colours"])
def test_without_a_graph_to_measure_the_first_usable_one_is_taken(zoo: Path, model: str) -> None:
    choice = choose_engine("auto", wanted(zoo, model), threads=1)
    assert choice.engine.info.name == "openvino" and choice.trials == ()


def test_a_damaged_file_is_everybodys_reason(zoo: Path, tmp_path: Path) -> None:
    make_model(tmp_path, "hurt")
    (tmp_path / "hurt" / "fp32.onnx").write_bytes(b"x")
    with pytest.raises(EngineUnavailable, match="openvino: the fp32 file of model 'hurt'"):
        choose_engine("auto", wanted(tmp_path, "hurt"), threads=1)


def test_an_engine_that_gives_another_picture_is_left_out(
    zoo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``other`` is the negative of ``tiny``; the second engine is made to load it."""
    pytest.importorskip("onnxruntime")
    import onnxruntime

    load = onnxruntime.InferenceSession
    other = zoo / "other" / "fp32.onnx"
    monkeypatch.setattr(
        onnxruntime, "InferenceSession", lambda path, **how: load(str(other), **how)
    )
    candidates = ("openvino", "onnxruntime")
    choice = choose_engine("auto", wanted(zoo), threads=1, candidates=candidates)
    assert choice.engine.info.name == "openvino"
    assert choice.trials[0].ms > 0
    assert choice.trials[1].ms == 0 and "another picture" in choice.trials[1].reason


def test_the_precision_that_is_asked_for_counts(tmp_path: Path) -> None:
    from models.manifest import ZOO

    shutil.copytree(ZOO / "live-s", tmp_path / "live-s")
    want = EngineRequest("live-s", 64, 48, zoo=tmp_path)
    for precision, found in (("auto", "int8"), ("fp32", "fp32"), ("fp16", "int8")):
        choice = choose_engine(
            "auto",
            dataclasses.replace(want, precision=precision),
            threads=1,
            candidates=("openvino",),
            budget_s=0.0,
        )
        assert choice.trials[0].precision == found
        choice.engine.close()


def test_numbers_are_plain(zoo: Path) -> None:
    choice = choose_engine("auto", wanted(zoo), threads=1, candidates=("openvino",))
    assert type(choice.trials[0].ms) is float and not isinstance(choice.trials[0].ms, np.floating)
