"""The TensorRT engine: compiles nets to plans and keeps them on disk."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from pathlib import Path

import numpy as np
import onnx

from models.manifest import Manifest
from workers.engines.engine import (
    Array,
    CompiledNet,
    DynamicShapeModel,
    EngineInfo,
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
from workers.engines.onnx_graphs import Model, read, shapes_of, with_shapes
from workers.engines.tensorrt.buffers import BufferPlan
from workers.engines.tensorrt.gpu_api import Device, LoadedPlan, Runner
from workers.engines.tensorrt.graph_rewrites import (
    check_quantized,
    move_casts_to_border,
    structure,
    to_half,
)
from workers.engines.tensorrt.plans import PlanKey, PlanStore
from workers.errors import DeviceFailed, NetUnusable

log = logging.getLogger(__name__)

MAX_BATCH = 8
"""Frames of one call; a GPU gains from larger batches than a processor."""

VARIANTS = (
    PrecisionVariant("fp16", "fp32"),
    PrecisionVariant("int8", "int8-s8s8"),
    PrecisionVariant("fp32", "fp32"),
)
"""Variants in the order of preference: int8 kernels for so few channels are often slower than fp16
ones."""


class TensorRtEngine:
    """Runs graphs by TensorRT, with one plan on disk for each net, size, batch and precision.

    A second net of the same structure (with weights for one stream) gets a refittable plan; that
    plan takes the weights of all later ones in milliseconds, without compilation. Refittable plans
    may be slower, so the first net does not get one.
    """

    def __init__(self, device: Device, store: PlanStore, *, threads: int = 1) -> None:
        self._device = device
        self._store = store
        self._threads = threads

    @property
    def info(self) -> EngineInfo:
        """Describes the engine: name, version, device and limits."""
        gpu = self._device.gpu
        return EngineInfo(
            name="tensorrt",
            version=gpu.tensorrt,
            device=gpu.name,
            threads=self._threads,
            variants=VARIANTS,
            max_batch=MAX_BATCH,
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
        """Compiles an ONNX file; fp32 files compute in fp16 unless fp32 is asked for."""
        gpu, computes_in = self._device.gpu, _arithmetic(file_precision(manifest, path), precision)
        info = describe(
            manifest,
            width=width,
            height=height,
            batch=batch,
            precision=computes_in,
            device=gpu.name,
        )
        shapes = tensor_shapes(manifest, width=width, height=height, batch=batch)
        model = prepared(path, shapes, computes_in)
        name = model.graph.output[0].name
        shape = out_shape(manifest, width=width, height=height, batch=batch)
        if (found := shapes_of(model).get(name)) != shape:
            raise NetUnusable(f"{path.name} gives {found} for an input of {width}x{height}.")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        key = PlanKey(digest, structure(model), tuple(shapes.items()), gpu, computes_in)
        inputs = {spec.name: (spec.dtype, shapes[spec.name]) for spec in manifest.inputs}
        buffers = BufferPlan.of(inputs, (name, "uint8", shape))
        try:
            net = _CompiledNet(self._plan(key, model, path.name), buffers, info)
            net.warm_up()
        except DeviceFailed as error:
            raise NetUnusable(f"TensorRT cannot run {path.name}: {error}") from error
        return net

    def compile_dynamic(self, manifest: Manifest, path: Path) -> DynamicShapeModel:
        """Raises NetUnusable: this engine supports static shapes only."""
        raise no_dynamic_shapes("tensorrt")

    def close(self) -> None:
        """Releases the GPU."""
        self._device.close()

    def _plan(self, key: PlanKey, model: Model, name: str) -> LoadedPlan:
        graph: bytes = model.SerializeToString(deterministic=True)
        plan = self._kept(key)
        # A relative shows that nets of this structure come one after the other, so that refitting
        # pays.
        if plan is None and self._store.has_relative(key):
            plan = self._refitted(key, graph, name)
        return plan or self._built(key, graph, name, refittable=False)

    def _kept(self, key: PlanKey) -> LoadedPlan | None:
        data = self._store.get(key)
        if data is None:
            return None
        plan = self._device.load(data)
        if plan is None:
            # The file is undamaged, but TensorRT refuses it, and would refuse it next time too.
            log.warning("TensorRT refuses a kept plan", extra={"action": "plan_refused"})
            self._store.drop(key)
        return plan

    def _refitted(self, key: PlanKey, graph: bytes, name: str) -> LoadedPlan | None:
        general = self._kept(key.for_any)
        if general is None:
            general = self._built(key.for_any, graph, name, refittable=True)
        # The general plan was loaded for this net alone, so that refitting it changes no other net.
        if general.refit(graph):
            return general
        log.warning("%s cannot be refitted and is compiled", name, extra={"action": "no_refit"})
        return None

    def _built(self, key: PlanKey, graph: bytes, name: str, *, refittable: bool) -> LoadedPlan:
        log.info(
            "compiling %s in %s for %s; this takes up to minutes, once",
            name,
            key.precision,
            key.gpu.name,
            extra={"action": "plan_building"},
        )
        data = self._device.build(graph, key.shapes, refittable=refittable)
        plan = self._device.load(data)
        if plan is None:
            raise DeviceFailed("it refuses the plan that it has just made.")
        self._store.put(key, data)
        return plan


def _arithmetic(stored: str, wanted: str) -> str:
    """Returns the precision that a file of ``stored`` precision computes in."""
    return "fp16" if stored == "fp32" != wanted else stored


def prepared(path: Path, shapes: dict[str, tuple[int, ...]], precision: str) -> Model:
    """Reads a file's graph and rewrites it for TensorRT. Raises NetUnusable."""
    try:
        model = move_casts_to_border(with_shapes(read(path), shapes))
        if precision == "int8" and not check_quantized(model):
            raise NetUnusable(f"{path.name} has nothing in int8.")
        if precision == "fp16":
            model = to_half(model)
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise NetUnusable(f"{path.name} cannot be made ready for TensorRT: {reason}.") from error
    except KeyError as error:
        raise NetUnusable(f"{path.name} has an input {error} that its manifest lacks.") from error
    return model


@dataclasses.dataclass(frozen=True, slots=True)
class _CompiledNet:
    plan: LoadedPlan
    buffers: BufferPlan
    info: NetInfo

    def session(self) -> Session:
        return _Session(self.plan.runner(self.buffers), self.buffers, self.info)

    def warm_up(self) -> None:
        """Runs once, so that a lack of memory shows now; the buffers are released again."""
        self.plan.runner(self.buffers).run()


class _Session:
    """Session over page-locked buffers, which the GPU reads without another copy."""

    def __init__(self, runner: Runner, buffers: BufferPlan, info: NetInfo) -> None:
        self._runner = runner
        shapes = {port.name: port.shape for port in info.inputs}
        self._inputs: dict[str, Array] = {
            slot.name: buffers.view(runner.memory, slot).reshape(shapes[slot.name])
            for slot in buffers.inputs
        }
        output = buffers.view(runner.memory, buffers.output)
        self._output = output.reshape(info.output.shape)

    def run(self, feeds: Feeds, enhanced: Array) -> None:
        for name, memory in self._inputs.items():
            np.copyto(memory, feeds[name])
        self._runner.run()
        np.copyto(enhanced, self._output)

    def reset(self) -> None:
        """Does nothing: graphs have no state."""
