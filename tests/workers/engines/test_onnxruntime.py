"""ONNX Runtime: its providers, its options, and what becomes of a graph that it refuses."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

onnxruntime = pytest.importorskip("onnxruntime")

from models.manifest import load_manifest, model_file  # noqa: E402
from workers.engines.engine import EngineOptions  # noqa: E402
from workers.engines.onnxruntime import (  # noqa: E402
    MAX_BATCH,
    OnnxRuntimeEngine,
    on_cpu,
    on_cuda,
    on_tensorrt,
)
from workers.errors import EngineUnavailable, NetUnusable  # noqa: E402

CPU, CUDA, TENSORRT = (f"{name}ExecutionProvider" for name in ("CPU", "CUDA", "Tensorrt"))


@pytest.fixture
def engine() -> Iterator[OnnxRuntimeEngine]:
    made = on_cpu(EngineOptions(threads=1))
    yield made
    made.close()


@pytest.fixture
def with_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the package for GPUs describes itself, whatever libraries are there."""
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [TENSORRT, CUDA, CPU])


@pytest.mark.skipif(CUDA in onnxruntime.get_available_providers(), reason="it has CUDA")
@pytest.mark.parametrize("opened", [on_cuda, on_tensorrt])
def test_a_provider_that_the_package_lacks_is_said_with_the_package_that_has_it(
    opened: object,
) -> None:
    with pytest.raises(EngineUnavailable, match=r"has no \w+ExecutionProvider .*onnxruntime-gpu"):
        opened(EngineOptions())  # type: ignore[operator]


def test_the_processors_engine_runs_both_forms_in_batches(engine: OnnxRuntimeEngine) -> None:
    info = engine.info
    assert (info.name, info.device, info.threads) == ("onnxruntime", "CPU", 1)
    assert [variant.name for variant in info.variants] == ["int8", "fp32"]
    assert info.max_batch == MAX_BATCH and info.cores == 1
    assert info.version == onnxruntime.__version__


@pytest.mark.usefixtures("with_gpu")
def test_engines_of_a_gpu_take_no_cores_and_have_forms_of_their_own() -> None:
    cuda, tensorrt = on_cuda(EngineOptions(threads=3)), on_tensorrt(EngineOptions(threads=3))
    for engine in (cuda, tensorrt):
        assert engine.info.device == "CUDA" and engine.info.cores == 0
    assert [(v.name, v.file) for v in cuda.info.variants] == [("fp32", "fp32")]
    assert [v.file for v in tensorrt.info.variants] == ["fp32", "int8-s8s8"]


@pytest.mark.usefixtures("with_gpu")
def test_what_tensorrt_refuses_goes_to_cuda_and_then_to_the_processor(tmp_path: Path) -> None:
    engine = on_tensorrt(EngineOptions(cache_dir=tmp_path))
    assert [name for name, _ in engine._providers] == [TENSORRT, CUDA, CPU]
    options = dict(engine._providers)
    assert options[TENSORRT]["trt_engine_cache_path"] == str(tmp_path / "onnxruntime")
    # TensorFloat-32 would round what is fp32 elsewhere.
    assert options[CUDA]["use_tf32"] == "0"
    assert "trt_engine_cache_enable" not in dict(on_tensorrt(EngineOptions())._providers)[TENSORRT]


@pytest.mark.usefixtures("with_gpu")
def test_a_provider_whose_libraries_are_missing_is_no_silent_processor(zoo: Path) -> None:
    """The runtime leaves it out with a warning, and would compute on the processor."""
    engine = on_cuda(EngineOptions())
    manifest, path = load_manifest("tiny", zoo), zoo / "tiny" / "fp32.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(NetUnusable, match=f"could not start {CUDA}"):
            engine.compile(manifest, path, width=8, height=6)
        with pytest.raises(NetUnusable, match=f"could not start {CUDA}"):
            engine.compile_dynamic(manifest, path)


@pytest.mark.usefixtures("with_gpu")
def test_tensorrt_would_compile_every_size(zoo: Path) -> None:
    engine = on_tensorrt(EngineOptions())
    with pytest.raises(NetUnusable, match="'onnxruntime-tensorrt' fixes the size"):
        engine.compile_dynamic(load_manifest("tiny", zoo), zoo / "tiny" / "fp32.onnx")


def test_calls_run_node_after_node_on_their_threads_and_spin_on_none() -> None:
    options = OnnxRuntimeEngine._session_options(on_cpu(EngineOptions(threads=2)))
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (2, 1)
    assert options.execution_mode == onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    for pool in ("intra_op", "inter_op"):
        assert options.get_session_config_entry(f"session.{pool}.allow_spinning") == "0"


def test_a_graph_is_refused_in_one_sentence_with_its_file(
    engine: OnnxRuntimeEngine, zoo: Path, tmp_path: Path
) -> None:
    (tmp_path / "fp32.onnx").write_bytes(b"\x08\x07nothing")
    manifest = load_manifest("tiny", zoo)
    for compile_it in (
        lambda path: engine.compile(manifest, path, width=8, height=6),
        lambda path: engine.compile_dynamic(manifest, path),
    ):
        with pytest.raises(NetUnusable, match=r"^ONNX Runtime cannot load fp32\.onnx: .*\.$") as e:
            compile_it(tmp_path / "fp32.onnx")
        assert "\n" not in str(e.value)


def test_a_file_without_the_strength_of_its_manifest_is_refused(
    engine: OnnxRuntimeEngine, zoo: Path
) -> None:
    with pytest.raises(NetUnusable, match="strength"):
        engine.compile(load_manifest("looks", zoo), zoo / "tiny" / "fp32.onnx", width=8, height=6)


def test_the_picture_of_a_region_is_not_overwritten_by_the_next(
    engine: OnnxRuntimeEngine, zoo: Path
) -> None:
    path = zoo / "looks" / "fp32.onnx"
    session = engine.compile_dynamic(load_manifest("looks", zoo), path).session()
    first = session.run(np.full((4, 6), 10, np.uint8), 0.0)
    second = session.run(np.full((4, 6), 20, np.uint8), 1.0)
    assert set(first.flat) == {10} and set(second.flat) == {120}
    assert first.shape == second.shape == (8, 12)


def test_regions_may_be_parts_of_a_picture_and_of_any_size(
    engine: OnnxRuntimeEngine, zoo: Path
) -> None:
    net = engine.compile_dynamic(load_manifest("tiny", zoo), zoo / "tiny" / "fp32.onnx")
    net.warm_up(8, 8)
    net.prepare([(6, 12)])
    luma = np.random.default_rng(0).integers(0, 256, (40, 60)).astype(np.uint8)
    for part in (luma[3:9, 5:17], luma[::2, ::3], luma[:1, :1]):
        expected = part.repeat(2, 0).repeat(2, 1)
        assert np.array_equal(net.session().run(part, 0.0), expected)


def test_one_session_of_the_runtime_serves_all_streams(
    engine: OnnxRuntimeEngine, zoo: Path
) -> None:
    manifest = load_manifest("live-s")
    net = engine.compile(manifest, model_file(manifest, "int8"), width=24, height=16)
    assert net.session() is net.session()
    net.warm_up()
    assert net.info.precision == "int8" and net.info.device == "CPU"
