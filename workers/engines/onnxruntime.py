"""Nets on ONNX Runtime: on the processor, or by its CUDA and TensorRT providers."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from models.manifest import Manifest
from workers.engines.engine import (
    ON_CPU,
    Array,
    CompiledNet,
    DynamicShapeModel,
    DynamicShapeSession,
    EngineInfo,
    EngineOptions,
    Feeds,
    NetInfo,
    PrecisionVariant,
    Session,
    describe,
    file_precision,
    fixes_sizes,
    out_shape,
    tensor_shapes,
)
from workers.errors import EngineUnavailable, NetUnusable

MAX_BATCH = 4

Providers = list[tuple[str, dict[str, str]]]

_CPU: tuple[str, dict[str, str]] = ("CPUExecutionProvider", {})
# TensorFloat-32 would round what is fp32 elsewhere: another picture on every machine.
_CUDA = ("CUDAExecutionProvider", {"device_id": "0", "use_tf32": "0"})


def on_cpu(options: EngineOptions) -> OnnxRuntimeEngine:
    """Slower than OpenVINO on most processors, but there where OpenVINO is not."""
    return OnnxRuntimeEngine("onnxruntime", options, [_CPU], ON_CPU)


def on_cuda(options: EngineOptions) -> OnnxRuntimeEngine:
    """fp32 only: its CUDA kernels multiply no 8-bit integers. Raises EngineUnavailable."""
    return OnnxRuntimeEngine(
        "onnxruntime-cuda", options, [_CUDA, _CPU], (PrecisionVariant("fp32", "fp32"),)
    )


def on_tensorrt(options: EngineOptions) -> OnnxRuntimeEngine:
    """TensorRT for what it takes of the graph, CUDA for the rest. Raises EngineUnavailable."""
    keep = {"device_id": "0"}
    if options.cache_dir is not None:
        folder = str(options.cache_dir / "onnxruntime")
        keep |= {"trt_engine_cache_enable": "1", "trt_engine_cache_path": folder}
    providers: Providers = [("TensorrtExecutionProvider", keep), _CUDA, _CPU]
    forms = (PrecisionVariant("fp32", "fp32"), PrecisionVariant("int8", "int8-s8s8"))
    return OnnxRuntimeEngine("onnxruntime-tensorrt", options, providers, forms)


class OnnxRuntimeEngine:
    """One list of execution providers; what the first one refuses of a graph, the next one runs."""

    def __init__(
        self,
        name: str,
        options: EngineOptions,
        providers: Providers,
        forms: tuple[PrecisionVariant, ...],
    ) -> None:
        there = onnxruntime.get_available_providers()
        if providers[0][0] not in there:
            raise EngineUnavailable(
                name, f"the installed ONNX Runtime has no {providers[0][0]} (onnxruntime-gpu has)"
            )
        self._name = name
        self._threads = options.threads
        self._providers = [each for each in providers if each[0] in there]
        self._forms = forms

    @property
    def info(self) -> EngineInfo:
        """Its name, version and device."""
        # The input shapes of a file are rewritten for a batch, which needs the package.
        can_batch = importlib.util.find_spec("onnx") is not None
        return EngineInfo(
            name=self._name,
            version=str(onnxruntime.__version__),
            device="CPU" if self._name == "onnxruntime" else "CUDA",
            threads=self._threads,
            forms=self._forms,
            max_batch=MAX_BATCH if can_batch else 1,
        )

    def compile(
        self,
        manifest: Manifest,
        path: Path,
        *,
        width: int,
        height: int,
        batch: int = 1,
        precision: str = "auto",
    ) -> CompiledNet:
        """The net of an ONNX file; it computes as the file says. The size is checked by a run."""
        info = describe(
            manifest,
            width=width,
            height=height,
            batch=batch,
            precision=file_precision(manifest, path),
            device=self.info.device,
        )
        shapes = tensor_shapes(manifest, width=width, height=height, batch=batch)
        with _explained(path):
            runtime = self._opened(_batched(path, shapes) if batch > 1 else str(path))
            net = _CompiledNet(runtime, info, shapes)
            shape = net.infer(net.blank()).shape
        if shape != out_shape(manifest, width=width, height=height, batch=batch):
            raise NetUnusable(f"{path.name} gives {shape} for an input of {width}x{height}.")
        return net

    def compile_free(self, manifest: Manifest, path: Path) -> DynamicShapeModel:
        """As the file has it: its height and width are open. TensorRT would compile every size."""
        if "TensorrtExecutionProvider" in (name for name, _ in self._providers):
            raise fixes_sizes(self._name)
        with _explained(path):
            runtime = self._opened(str(path))
        return _FreeNet(runtime, has_looks=manifest.strength)

    def close(self) -> None:
        """Nothing is held beyond the compiled nets."""

    def _session_options(self) -> Any:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.log_severity_level = 3
        # Spinning threads would take the cores from the decoder and the encoder.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry("session.inter_op.allow_spinning", "0")
        return options

    def _opened(self, model: str | bytes) -> Any:
        """A provider whose libraries are missing is left out by the runtime without an error."""
        runtime = onnxruntime.InferenceSession(
            model, sess_options=self._session_options(), providers=self._providers
        )
        wanted = self._providers[0][0]
        if wanted not in runtime.get_providers():
            raise NetUnusable(f"ONNX Runtime could not start {wanted}; a library of it is missing.")
        return runtime


class _CompiledNet:
    """The runtime's session is safe for several threads, so it is everybody's session."""

    def __init__(self, runtime: Any, info: NetInfo, shapes: dict[str, tuple[int, ...]]) -> None:
        self._runtime = runtime
        self._info = info
        self._shapes = shapes

    @property
    def info(self) -> NetInfo:
        return self._info

    def session(self) -> Session:
        return self

    def warm_up(self) -> None:
        self.infer(self.blank())

    def blank(self) -> dict[str, Array]:
        return {
            port.name: self._tensor(port.name, np.zeros(port.shape, port.dtype))
            for port in self._info.inputs
        }

    def infer(self, tensors: dict[str, Array]) -> Array:
        result: Array = self._runtime.run(None, tensors)[0]
        return result

    def run(self, feeds: Feeds, enhanced: Array) -> None:
        tensors = {name: self._tensor(name, feeds[name]) for name in self._shapes}
        np.copyto(enhanced, self.infer(tensors).reshape(self._info.output.shape))

    def reset(self) -> None:
        """Graphs remember nothing."""

    def _tensor(self, name: str, plane: Array) -> Array:
        return np.ascontiguousarray(plane).reshape(self._shapes[name])


class _FreeNet:
    """Everybody's session, as ``_CompiledNet``."""

    def __init__(self, runtime: Any, *, has_looks: bool) -> None:
        self._runtime = runtime
        self._has_looks = has_looks

    def session(self) -> DynamicShapeSession:
        return self

    def warm_up(self, height: int, width: int) -> None:
        """Kernels on the processor do not depend on sizes; those on GPUs are chosen by them."""
        if "CUDAExecutionProvider" in self._runtime.get_providers():
            self.run(np.zeros((height, width), np.uint8), 0.0)

    def run(self, luma: Array, strength: float) -> Array:
        feeds: dict[str, Array] = {"luma": np.ascontiguousarray(luma)[None, None]}
        if self._has_looks:
            feeds["strength"] = np.full(1, strength, np.float32)
        enhanced: Array = self._runtime.run(None, feeds)[0][0, 0]
        return enhanced


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    """The runtime's errors as a sentence."""
    try:
        yield
    except NetUnusable:
        raise
    except Exception as error:  # the runtime's errors share no other root
        text = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
        raise NetUnusable(f"ONNX Runtime cannot load {path.name}: {text}.") from error


def _batched(path: Path, shapes: dict[str, tuple[int, ...]]) -> bytes:
    """The file with its input shapes fixed; loaded on use, since only batches need the package."""
    graphs = importlib.import_module("workers.engines.onnx_graphs")
    data: bytes = graphs.with_shapes(graphs.read(path), shapes).SerializeToString()
    return data
