"""The compared methods: each takes a decoded clip and gives it twice as wide and high."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import torch

from models.export.small import TorchUpscaler
from models.manifest import Manifest, Precision, list_models, model_file, weights_file
from models.measure.graph_runner import OpenNet, bicubic
from models.nets.baselines import load_baselines
from models.training.clip import Bytes

__all__ = ["SCALE", "SIZE", "Method", "find_methods", "milliseconds"]

SCALE = 2
SIZE = (270, 480)
"""Height and width at which speed is measured."""

STYLES = {"live-m": {", half crisp": 0.5, ", crisp": 1.0}, "live-t": {", crisp": 1.0}}
"""Rows beside the faithful style, and their strengths; the other nets' are alike."""

Run = Callable[[Bytes], Bytes]
"""Luma [T, H, W] to [T, 2H, 2W]."""


@dataclass(frozen=True, slots=True)
class Method:
    """One row of the table."""

    name: str
    kind: str
    """`filter`, `published`, `ours` or `reference`."""
    make: Callable[[int, int], Run]
    """Makes a run for a decoded height and width; called for each clip."""
    macs: int = 0
    """Multiply-adds per input pixel."""
    bytes: int = 0
    """Size of the file with the weights."""
    digest: str = ""
    """Digest of the weights, where they may change under the same name."""


def find_methods(baselines: Path, report: Callable[[str], None]) -> list[Method]:
    """All that this machine has; says what is missing."""
    methods = [Method("bicubic", "filter", lambda h, w: _each(lambda x: bicubic(x, SCALE)))]
    methods.append(Method("Lanczos", "filter", lambda h, w: _each(_lanczos)))
    published = load_baselines(baselines)
    if not published:
        report(f"no published nets in {baselines}: those rows are left out")
    for net in published.values():
        if net.scale == SCALE:
            macs = net.macs_per_input_pixel
            methods.append(
                Method(net.name, "published", lambda h, w, net=net: _each(net), macs, net.bytes)  # type: ignore[misc]
            )
    for manifest in list_models():
        if manifest.scale == SCALE:
            methods += _of_zoo(manifest)
    return methods


def milliseconds(method: Method, calls: int) -> float:
    """Median time for a frame of SIZE, one thread, alone on the machine."""
    height, width = SIZE
    run = method.make(height, width)
    noise = np.random.default_rng(0).integers(0, 256, (height, width)).astype(np.float32)
    # Blurred noise has detail everywhere, as a picture has.
    frame = np.clip(cv2.GaussianBlur(noise, (0, 0), 2), 0, 255).astype(np.uint8)[None]
    run(frame)
    spent = []
    for _ in range(calls):
        begun = time.perf_counter()
        run(frame)
        spent.append(1e3 * (time.perf_counter() - begun))
    return float(np.median(spent))


def _of_zoo(manifest: Manifest) -> list[Method]:
    if manifest.architecture is not None:
        return [_torch_method(manifest)] if manifest.weights is not None else []
    styles = {"": 0.0, **STYLES.get(manifest.name, {})}
    keys: tuple[Precision, ...] = ("fp32", "int8")
    found = []
    for key in (key for key in keys if key in manifest.files):
        for style, strength in styles.items():
            if not style or key == manifest.default_precision:
                found.append(_graph_method(manifest, key, style, strength))
    return found


def _graph_method(manifest: Manifest, key: Precision, style: str, strength: float) -> Method:
    path = model_file(manifest, key)

    def make(height: int, width: int) -> Run:
        return _each(OpenNet(path, height, width, scale=manifest.scale, strength=strength))

    name = f"{manifest.name} {key}{style}"
    entry = manifest.files[key]
    return Method(name, "ours", make, manifest.macs_per_pixel, entry.bytes, entry.sha256)


def _torch_method(manifest: Manifest) -> Method:
    def make(height: int, width: int) -> Run:
        return _each(TorchUpscaler.load(manifest, weights_file(manifest), height, width))

    entry = manifest.weights
    size, digest = (entry.bytes, entry.sha256) if entry else (0, "")
    return Method(manifest.name, "reference", make, manifest.macs_per_pixel, size, digest)


def _each(upscale: Callable[[Bytes], Bytes]) -> Run:
    def run(clip: Bytes) -> Bytes:
        torch.set_num_threads(1)
        return np.stack([upscale(frame) for frame in clip])

    return run


def _lanczos(luma: Bytes) -> Bytes:
    size = (SCALE * luma.shape[1], SCALE * luma.shape[0])
    return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_LANCZOS4), np.uint8)


def basicvsr_official(path: Path) -> Method:
    """The published two-way net, x4 in RGB on grey, and every 2x2 pixels of its picture as one. It
    sees the whole clip, which no live stream can give it.
    """
    from models.nets.basicvsr import BasicVSR, BasicVSRConfig
    from models.nets.checkpoint import load_published

    net = BasicVSR(BasicVSRConfig())
    load_published(net, path)
    net.eval()

    def make(height: int, width: int) -> Run:
        def run(clip: Bytes) -> Bytes:
            grey = torch.from_numpy(clip.astype(np.float32) / 255)[None, :, None]
            with torch.no_grad():
                large = cast(Any, net)(grey.expand(-1, -1, 3, -1, -1)).mean(2)[0]
            # It enlarges four times and is compared at two, so each 2x2 samples are averaged.
            small = torch.nn.functional.avg_pool2d(large[:, None], 2)[:, 0]
            return np.asarray((small * 255).round().clamp(0, 255).byte())

        return run

    return Method("BasicVSR official, x4 halved", "reference", make, 0, path.stat().st_size)
