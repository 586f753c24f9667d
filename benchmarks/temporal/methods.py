"""The compared methods: each enlarges a decoded picture twice, chroma included, on one thread."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import cv2
import numpy as np

from benchmarks.temporal.coded import Coded
from benchmarks.temporal.nets import (
    ClockedNet,
    FixedNet,
    NetUsage,
    OnnxLoop,
    free_net,
    has_onnxruntime,
)
from models.manifest import Manifest, Precision, model_file
from models.measure.graph_runner import bicubic
from models.training.clip import Bytes
from workers.engines.engine import DynamicShapeSession
from workers.media.picture import Picture
from workers.upscale.chroma import resize_chroma
from workers.upscale.temporal_upscaler import TemporalUpscaler

__all__ = ["FLOW", "FP32", "FULL", "HALF", "LOOP", "METHODS", "NOW_AND_THEN", "PLAIN", "TEMPORAL"]
__all__ += ["SPARSE", "Method", "Work", "make_methods"]

FULL, TEMPORAL, HALF = "full net", "propagation", "propagation, at most half"
PLAIN, LOOP, FLOW, FP32 = "bicubic", "fp32 loop", "flow warp", "full net, fp32"
METHODS = (FULL, TEMPORAL, HALF, PLAIN, FLOW, FP32, LOOP)

SPARSE = (LOOP, FP32)
"""Each frame's picture depends on no other and the time is long: one frame in NOW_AND_THEN."""

NOW_AND_THEN = 10

MAX_HALF_FRACTION = 0.55
"""Fraction of the full net's work for HALF: half of it, and the halos."""

ANCHOR_EVERY = 30
"""Frames from one run of the net to the next for FLOW."""


@dataclasses.dataclass(frozen=True, slots=True)
class Work:
    """Usage of one picture."""

    fraction: float
    "Multiply-adds of the net, over those of the net on all of the picture."
    usage: NetUsage


_NO_WORK = Work(0.0, NetUsage(0, 0.0, 0))


class Method(Protocol):
    """One way through one stream; sees its pictures in order."""

    def enhance(self, coded: Coded, target: Picture) -> Work:
        """Fills ``target``."""
        ...


def make_methods(
    manifest: Manifest, width: int, height: int, names: Sequence[str]
) -> dict[str, Method]:
    """Makes the wanted ones of METHODS that this machine has, afresh, for a decoded size."""

    def full(precision: Precision) -> Full:
        return Full(manifest, precision, width, height)

    def temporal(most: float | None) -> Temporal:
        return Temporal(
            manifest, free_net(manifest, "int8", width, height), width, height, most=most
        )

    makers: dict[str, Callable[[], Method]] = {
        FULL: lambda: full("int8"),
        TEMPORAL: lambda: temporal(None),
        HALF: lambda: temporal(MAX_HALF_FRACTION),
        PLAIN: lambda: Plain(manifest.scale),
        FLOW: lambda: FlowWarp(full("int8"), manifest.scale),
        FP32: lambda: full("fp32"),
        LOOP: lambda: Loop(OnnxLoop(model_file(manifest, "fp32")), manifest.scale),
    }
    lacking = () if has_onnxruntime() else (LOOP,)
    return {name: makers[name]() for name in names if name not in lacking}


class Full:
    """The net on every picture, compiled for its size. The picture is bordered as for
    propagation, so that both do the same multiply-adds for the same sample.
    """

    def __init__(self, manifest: Manifest, precision: Precision, width: int, height: int) -> None:
        self._scale, self._halo = manifest.scale, manifest.receptive_radius
        sides = (width + 2 * self._halo, height + 2 * self._halo)
        self._net = ClockedNet(FixedNet(manifest, precision, *sides), self._halo)

    def enhance(self, coded: Coded, target: Picture) -> Work:
        h = self._halo
        seen = cv2.copyMakeBorder(coded.picture.y, h, h, h, h, cv2.BORDER_REPLICATE)
        made = self._net.run(np.asarray(seen, np.uint8), 0.0)
        top = h * self._scale
        target.y[:] = made[top : top + target.height, top : top + target.width]
        resize_chroma(coded.picture, target, self._scale)
        return Work(1.0, self._net.usage())


class Temporal:
    """``workers.upscale.temporal_upscaler``, given all the work that it requests, or never more
    than a fraction of the full net's, at key frames neither.
    """

    def __init__(
        self,
        manifest: Manifest,
        net: DynamicShapeSession,
        width: int,
        height: int,
        *,
        most: float | None,
    ) -> None:
        self._net = ClockedNet(net, manifest.receptive_radius)
        self._feed = TemporalUpscaler(manifest, width, height, self._net)
        self._most = most

    def enhance(self, coded: Coded, target: Picture) -> Work:
        request = self._feed.begin(coded.picture, target, coded.info, 0.0)
        if self._most is not None:
            fraction = self._feed.refresh(self._most)
        elif request.fraction < 1.0:
            fraction = self._feed.refresh(1.0)
        else:
            fraction = 1.0
            self._feed.full()
        return Work(fraction, self._net.usage())


class Plain:
    """Enlarges every frame by bicubic interpolation alone."""

    def __init__(self, scale: int) -> None:
        self._scale = scale

    def enhance(self, coded: Coded, target: Picture) -> Work:
        target.y[:] = bicubic(coded.picture.y, self._scale)
        resize_chroma(coded.picture, target, self._scale)
        return _NO_WORK


class Loop:
    """The float net on every picture, as anyone would write it."""

    def __init__(self, net: DynamicShapeSession, scale: int) -> None:
        self._net, self._scale = ClockedNet(net, 0), scale

    def enhance(self, coded: Coded, target: Picture) -> Work:
        target.y[:] = self._net.run(np.ascontiguousarray(coded.picture.y), 0.0)
        resize_chroma(coded.picture, target, self._scale)
        return Work(1.0, self._net.usage())


class FlowWarp:
    """The net at key frames and now and then; between, the last enhanced picture along the flow of
    dense inverse search (Kroeger et al., ECCV 2016; OpenCV's FAST preset), and nothing else.
    """

    def __init__(self, full: Full, scale: int) -> None:
        self._full, self._scale = full, scale
        self._search: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
        self._before: Bytes | None = None
        self._enhanced: Bytes = np.zeros((0, 0), np.uint8)
        self._since = 0
        self._places: Any = None

    def enhance(self, coded: Coded, target: Picture) -> Work:
        luma = np.ascontiguousarray(coded.picture.y)
        before, self._before = self._before, luma
        self._since += 1
        if before is None or coded.info.is_key or self._since == ANCHOR_EVERY:
            self._since = 0
            work = self._full.enhance(coded, target)
        else:
            work = _NO_WORK
            target.y[:] = self._warped(before, luma)
            resize_chroma(coded.picture, target, self._scale)
        self._enhanced = np.ascontiguousarray(target.y)
        return work

    def _warped(self, before: Bytes, now: Bytes) -> Bytes:
        height, width = self._enhanced.shape
        if self._places is None:
            rows, columns = np.indices((height, width), np.float32)
            self._places = np.stack([columns, rows], axis=2)
        # From the new picture to the old one: each new sample then knows where to fetch its value.
        flow = self._search.calc(now, before, None)
        # Flow is measured in samples of the small picture, hence SCALE below.
        large: Any = cv2.resize(flow, (width, height), interpolation=cv2.INTER_LINEAR)
        places = self._places + self._scale * large
        nothing: Any = None
        warped = cv2.remap(
            self._enhanced, places, nothing, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(warped, np.uint8)
