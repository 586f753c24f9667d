"""Inference by ONNX Runtime: on the processor, or by its CUDA and TensorRT providers."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from models.manifest import Manifest
from workers.engines import shared_libraries
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
    no_dynamic_shapes,
    out_shape,
    tensor_shapes,
)
from workers.errors import EngineUnavailable, NetUnusable

MAX_BATCH = 4
"""Frames of one call; larger batches never paid on processors, and every frame waits for all."""

_TENSORRT_LIBRARY = "libonnxruntime_providers_tensorrt.so"

Providers = list[tuple[str, dict[str, str]]]

_CPU: tuple[str, dict[str, str]] = ("CPUExecutionProvider", {})
# TensorFloat-32 would round what is fp32 elsewhere: another picture on every machine.
_CUDA = ("CUDAExecutionProvider", {"device_id": "0", "use_tf32": "0"})


def on_cpu(options: EngineOptions) -> OnnxRuntimeEngine:
    """Opens the engine for processors, for machines without OpenVINO, which is usually faster."""
    return OnnxRuntimeEngine("onnxruntime", options, [_CPU], ON_CPU)


def on_cuda(options: EngineOptions) -> OnnxRuntimeEngine:
    """Opens the engine for CUDA in fp32: its kernels multiply no 8-bit integers.

    Raises EngineUnavailable.
    """
    engine = OnnxRuntimeEngine(
        "onnxruntime-cuda", options, [_CUDA, _CPU], (PrecisionVariant("fp32", "fp32"),)
    )
    _load_cuda()
    return engine


def on_tensorrt(options: EngineOptions) -> OnnxRuntimeEngine:
    """Opens the engine that runs a graph by TensorRT, and by CUDA what TensorRT refuses of it.

    Raises EngineUnavailable.
    """
    keep = {"device_id": "0"}
    if options.cache_dir is not None:
        folder = str(options.cache_dir / "onnxruntime")
        keep |= {"trt_engine_cache_enable": "1", "trt_engine_cache_path": folder}
    providers: Providers = [("TensorrtExecutionProvider", keep), _CUDA, _CPU]
    variants = (PrecisionVariant("fp32", "fp32"), PrecisionVariant("int8", "int8-s8s8"))
    engine = OnnxRuntimeEngine("onnxruntime-tensorrt", options, providers, variants)
    _load_cuda()
    provider = Path(onnxruntime.__file__).parent / "capi" / _TENSORRT_LIBRARY
    shared_libraries.load(
        shared_libraries.tensorrt_files(shared_libraries.needed_version(provider), sys.path)
    )
    return engine


def _load_cuda() -> None:
    """Loads CUDA and cuDNN from Python packages; without those the system's are found."""
    preload = getattr(onnxruntime, "preload_dlls", None)
    if preload is not None:
        # It prints what it does not find; then the session that needs it says so.
        with contextlib.redirect_stdout(io.StringIO()):
            preload(msvc=False)


class OnnxRuntimeEngine:
    """Runs graphs by a list of execution providers; each runs what those before it refuse."""

    def __init__(
        self,
        name: str,
        options: EngineOptions,
        providers: Providers,
        variants: tuple[PrecisionVariant, ...],
    ) -> None:
        available = onnxruntime.get_available_providers()
        if providers[0][0] not in available:
            raise EngineUnavailable(
                name, f"the installed ONNX Runtime has no {providers[0][0]} (onnxruntime-gpu has)"
            )
        self._name = name
        self._threads = options.threads
        # The runtime warns about each provider that it does not have; the first one was checked
        # above.
        self._providers = [each for each in providers if each[0] in available]
        self._variants = variants

    @property
    def info(self) -> EngineInfo:
        """Describes the engine: name, version, device and limits."""
        # A batch needs other input shapes than the file has, and the package onnx writes them.
        can_batch = importlib.util.find_spec("onnx") is not None
        return EngineInfo(
            name=self._name,
            version=str(onnxruntime.__version__),
            # By the name: a session of the CUDA engine may hold nodes on the processor too.
            device="CPU" if self._name == "onnxruntime" else "CUDA",
            threads=self._threads,
            variants=self._variants,
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
        """Compiles an ONNX file, in the precision of the file; a run checks the output size."""
        info = describe(
            manifest,
            width=width,
            height=height,
            batch=batch,
            precision=file_precision(manifest, path),
            device=self.info.device,
        )
        shapes = tensor_shapes(manifest, width=width, height=height, batch=batch)
        # A file may contradict its manifest, so one run shows what size really comes out.
        with _explained(path):
            runtime = self._opened(_batched(path, shapes) if batch > 1 else str(path))
            net = _CompiledNet(runtime, info, shapes)
            shape = net.infer(net.blank()).shape
        if shape != out_shape(manifest, width=width, height=height, batch=batch):
            raise NetUnusable(f"{path.name} gives {shape} for an input of {width}x{height}.")
        return net

    def compile_dynamic(self, manifest: Manifest, path: Path) -> DynamicShapeModel:
        """Opens an ONNX file as it is, with open height and width.

        Raises NetUnusable for TensorRT, which would compile every size.
        """
        if "TensorrtExecutionProvider" in (name for name, _ in self._providers):
            raise no_dynamic_shapes(self._name)
        with _explained(path):
            runtime = self._opened(str(path))
        return _DynamicShapeModel(runtime, has_styles=manifest.strength)

    def close(self) -> None:
        """Does nothing: only compiled nets hold memory."""

    def _session_options(self) -> Any:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        # Nodes run one after the other on the threads of the call; a second pool would take more
        # cores than the operator gave.
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        # 3 is ERROR: warnings about single nodes would be printed for each graph.
        options.log_severity_level = 3
        # Spinning threads would take the cores from the decoder and the encoder.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry("session.inter_op.allow_spinning", "0")
        return options

    def _opened(self, model: str | bytes) -> Any:
        """Opens a session; raises NetUnusable if the first provider did not start.

        The runtime leaves out a provider whose libraries are missing, without an error.
        """
        runtime = onnxruntime.InferenceSession(
            model, sess_options=self._session_options(), providers=self._providers
        )
        wanted = self._providers[0][0]
        if wanted not in runtime.get_providers():
            raise NetUnusable(f"ONNX Runtime could not start {wanted}; a library of it is missing.")
        return runtime


class _CompiledNet:
    """A compiled net that is the session of all streams: the runtime's session is thread-safe."""

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
        """Does nothing: graphs have no state."""

    def _tensor(self, name: str, plane: Array) -> Array:
        return np.ascontiguousarray(plane).reshape(self._shapes[name])


class _DynamicShapeModel:
    """A net for any size that is the session of all streams, as ``_CompiledNet``."""

    def __init__(self, runtime: Any, *, has_styles: bool) -> None:
        self._runtime = runtime
        self._has_styles = has_styles

    def session(self) -> DynamicShapeSession:
        return self

    def warm_up(self, height: int, width: int) -> None:
        """Runs once on CUDA, which chooses kernels by size; kernels on processors do not differ."""
        if "CUDAExecutionProvider" in self._runtime.get_providers():
            self.run(np.zeros((height, width), np.uint8), 0.0)

    def prepare(self, sizes: Sequence[tuple[int, int]]) -> None:
        """Does nothing: all sizes are equally fast."""

    def run(self, luma: Array, strength: float) -> Array:
        feeds: dict[str, Array] = {"luma": np.ascontiguousarray(luma)[None, None]}
        if self._has_styles:
            feeds["strength"] = np.full(1, strength, np.float32)
        # The runtime gives a new array for each call, so the result stays valid.
        enhanced: Array = self._runtime.run(None, feeds)[0][0, 0]
        return enhanced


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turns the runtime's errors into NetUnusable with a sentence."""
    try:
        yield
    except NetUnusable:
        raise
    except Exception as error:  # the runtime's errors share no other root
        text = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
        raise NetUnusable(f"ONNX Runtime cannot load {path.name}: {text}.") from error


def _batched(path: Path, shapes: dict[str, tuple[int, ...]]) -> bytes:
    """Returns the file with fixed input shapes.

    The package onnx is imported here, since only batches need it.
    """
    graphs = importlib.import_module("workers.engines.onnx_graphs")
    data: bytes = graphs.with_shapes(graphs.read(path), shapes).SerializeToString()
    return data
