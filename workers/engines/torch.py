"""Inference by torch: runs every net of ``models.nets`` without export; slow on a CPU."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch

from models.manifest import Manifest
from models.nets.checkpoint import BadCheckpoint, load_published
from models.nets.table import UnknownNet, build
from models.nets.video import VideoNet
from workers.engines.engine import (
    Array,
    CompiledNet,
    DynamicShapeModel,
    EngineInfo,
    EngineOptions,
    Feeds,
    NetInfo,
    Session,
    describe,
    no_dynamic_shapes,
)
from workers.errors import NetUnusable


class TorchEngine:
    """Runs models that have an architecture and weights.

    Input ``frames`` is float32 [window, C, H, W] in 0..1, output float32 [C, scale*H, scale*W], not
    clipped. On CUDA it computes in fp16 where autocast deems that safe, unless fp32 is asked for.
    """

    def __init__(self, options: EngineOptions, *, device: str = "") -> None:
        """Opens the engine on a device of torch; empty takes the GPU if there is one."""
        self._threads = options.threads
        self._device = device or ("cuda" if torch.cuda.is_available() else "cpu")

    @property
    def info(self) -> EngineInfo:
        """Describes the engine: name, version, device and limits."""
        return EngineInfo(
            name="torch",
            version=torch.__version__,
            device=self._device,
            threads=self._threads,
            variants=(),
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
        """Builds the net and loads the weights of ``path``, also in the published formats."""
        if manifest.architecture is None:
            raise NetUnusable(f"The manifest of {manifest.name!r} names no architecture.")
        if batch != 1:
            raise NetUnusable("Nets by torch take one frame at a time.")
        # These settings are global to the process; no other part of it uses torch.
        torch.set_num_threads(self._threads)
        if self._device == "cuda":
            # TensorFloat-32 would round what is fp32 elsewhere: another picture on every machine.
            torch.backends.cudnn.allow_tf32 = False
        partly = manifest.obtain is not None and manifest.obtain.partly
        try:
            net = build(manifest.architecture.net, manifest.architecture.config)
            load_published(net, path, partly=partly)
        except (UnknownNet, BadCheckpoint) as error:
            raise NetUnusable(f"{str(error).rstrip('.')}.") from error
        is_half = self._device == "cuda" and precision in ("auto", "fp16")
        info = describe(
            manifest,
            width=width,
            height=height,
            batch=1,
            precision="fp16" if is_half else "fp32",
            device=self._device,
        )
        return _CompiledNet(net.eval().to(self._device), info)

    def compile_dynamic(self, manifest: Manifest, path: Path) -> DynamicShapeModel:
        """Raises NetUnusable: this engine supports static shapes only."""
        raise no_dynamic_shapes("torch")

    def close(self) -> None:
        """Does nothing: only nets hold memory."""


class _CompiledNet:
    def __init__(self, net: Any, info: NetInfo) -> None:
        self._net = net
        self._info = info

    @property
    def info(self) -> NetInfo:
        return self._info

    def session(self) -> Session:
        return _Session(cast(VideoNet, self._net), self._info)

    def warm_up(self) -> None:
        frames, output = self._info.inputs[0], self._info.output
        blank = np.zeros(frames.shape, np.float32)
        self.session().run({frames.name: blank}, np.empty(output.shape, np.float32))


class _Session:
    def __init__(self, net: VideoNet, info: NetInfo) -> None:
        self._net = net
        self._info = info
        self._state: tuple[torch.Tensor, ...] = ()
        self.reset()

    def run(self, feeds: Feeds, enhanced: Array) -> None:
        frames = torch.from_numpy(np.ascontiguousarray(feeds["frames"]))[None]
        with torch.inference_mode(), self._arithmetic():
            result, *state = self._net.step(frames.to(self._info.device), *self._state)
        self._state = tuple(state)
        np.copyto(enhanced, result[0].float().cpu().numpy())

    def reset(self) -> None:
        """Sets the state to that of a stream's beginning."""
        # Tensors of inference mode carry no graph of gradients, so the state does not grow from
        # frame to frame.
        with torch.inference_mode():
            start = self._net.start(self._info.height, self._info.width)
            self._state = tuple(x.to(self._info.device) for x in start)

    def _arithmetic(self) -> contextlib.AbstractContextManager[Any]:
        if self._info.precision == "fp16":
            return torch.autocast(self._info.device, torch.float16)
        # Without autocast everything is computed in the weights' own float32.
        return contextlib.nullcontext()
