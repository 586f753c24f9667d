"""Nets of ``models.nets`` as they are, by torch: slow on a CPU, but any net, in one step."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import torch

from models.manifest import Manifest
from models.nets.checkpoint import BadCheckpoint, load_published
from models.nets.table import UnknownNet, build
from models.nets.video import VideoNet
from workers.engines.engine import Array, CompiledNet, EngineInfo, Feeds, Session
from workers.errors import NetUnusable


class TorchEngine:
    """Runs what has an architecture and weights. Input ``frames`` float32 [window, C, H, W] in
    0..1, output float32 [C, scale*H, scale*W], not clipped.
    """

    def __init__(self, *, threads: int) -> None:
        self._threads = threads
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        # One number for the whole process; only this engine uses torch.
        torch.set_num_threads(threads)

    @property
    def info(self) -> EngineInfo:
        """Its name, version and device."""
        return EngineInfo(
            name="torch", version=torch.__version__, device=self._device, threads=self._threads
        )

    def compile(self, manifest: Manifest, path: Path, *, width: int, height: int) -> CompiledNet:
        """The net with the weights of ``path``, which may be one of the published forms."""
        if manifest.architecture is None:
            raise NetUnusable(f"The manifest of {manifest.name!r} names no architecture.")
        partly = manifest.obtain is not None and manifest.obtain.partly
        try:
            net = build(manifest.architecture.net, manifest.architecture.config)
            load_published(net, path, partly=partly)
        except (UnknownNet, BadCheckpoint) as error:
            raise NetUnusable(f"{str(error).rstrip('.')}.") from error
        return _CompiledNet(net.eval().to(self._device), width, height, self._device)

    def close(self) -> None:
        """Nothing is held beyond the nets."""


class _CompiledNet:
    def __init__(self, net: Any, width: int, height: int, device: str) -> None:
        self._net = net
        self._size = (height, width)
        self._device = device

    def session(self) -> Session:
        return _Session(cast(VideoNet, self._net), self._size, self._device)


class _Session:
    def __init__(self, net: VideoNet, size: tuple[int, int], device: str) -> None:
        self._net = net
        self._size = size
        self._device = device
        self._state: tuple[torch.Tensor, ...] = ()
        self.reset()

    def run(self, feeds: Feeds, enhanced: Array) -> None:
        frames = torch.from_numpy(np.ascontiguousarray(feeds["frames"]))[None].to(self._device)
        with torch.inference_mode():
            result, *state = self._net.step(frames, *self._state)
        self._state = tuple(state)
        np.copyto(enhanced, result[0].cpu().numpy())

    def reset(self) -> None:
        """Begins anew."""
        with torch.inference_mode():
            self._state = tuple(x.to(self._device) for x in self._net.start(*self._size))
