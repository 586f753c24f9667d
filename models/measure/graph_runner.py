"""Runs an exported graph by OpenVINO over the frames of a clip, and measures its time."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from models.graph.writer import INPUT, PREVIOUS, STRENGTH
from models.openvino_core import open_core
from models.training.clip import Bytes
from models.training.motion import move

__all__ = ["OpenNet", "bicubic", "time_net"]


class OpenNet:
    """A graph compiled for one size, called with the luma of a clip's frames in order.

    Calls return the enhanced luma. A net that sees its previous picture gets it along the motion.
    """

    def __init__(
        self,
        path: Path,
        height: int,
        width: int,
        *,
        scale: int = 2,
        threads: int = 1,
        strength: float = 0.0,
    ) -> None:
        core = open_core()
        model = core.read_model(str(path))
        names = {port.any_name for port in model.inputs}
        output = model.outputs[0].any_name
        shapes = {INPUT: [1, 1, height, width]}
        if PREVIOUS in names:
            shapes[PREVIOUS] = [1, 1, scale * height, scale * width]
        model.reshape(shapes)
        self.scale = scale
        options = {
            "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",  # as in workers/engines/openvino.py
        }
        self._request = core.compile_model(model, "CPU", options).create_infer_request()
        self._output = output
        self._feeds: dict[str, Any] = {}
        if STRENGTH in names:
            self._feeds[STRENGTH] = np.array([strength], np.float32)
        self._is_temporal = PREVIOUS in names
        self._last: tuple[Bytes, Bytes] | None = None

    def __call__(self, luma: Bytes) -> Bytes:
        feeds = {**self._feeds, INPUT: luma[None, None]}
        if self._is_temporal:
            feeds[PREVIOUS] = self._previous(luma)[None, None]
        result: Any = self._request.infer(feeds)[self._output]
        # The result is a view of the request's memory, which the next call overwrites.
        enhanced = np.array(result[0, 0])
        if self._is_temporal:
            # A caller may fill the same array with its next frame; the motion is searched in the
            # old one.
            self._last = luma.copy(), enhanced
        return enhanced

    def forget(self) -> None:
        """Forgets earlier frames: the next one is the first of a clip."""
        self._last = None

    def _previous(self, luma: Bytes) -> Bytes:
        if self._last is None:
            return bicubic(luma, self.scale)
        before, enhanced = self._last
        return move(enhanced, before, luma)


def bicubic(luma: Bytes, scale: int) -> Bytes:
    """Enlarges luma by OpenCV's bicubic interpolation."""
    height, width = luma.shape
    size = (scale * width, scale * height)
    return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def time_net(path: Path, height: int, width: int, *, scale: int = 2, calls: int = 60) -> float:
    """Measures the median time of a call on one thread in ms, without motion estimation."""
    enhance = OpenNet(path, height, width, scale=scale)
    luma = np.random.default_rng(0).integers(0, 256, (height, width), np.uint8)
    spent = []
    for _ in range(calls):
        # A temporal net without a last picture skips the motion estimation, which is not the
        # graph's time.
        enhance.forget()
        start = time.perf_counter()
        enhance(luma)
        spent.append(1e3 * (time.perf_counter() - start))
    # Other processes lengthen single calls by any amount; the median leaves them out.
    return float(np.median(spent))
