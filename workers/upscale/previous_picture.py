"""The previous enhanced picture, moved to where its content is now."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from workers.media.picture import Plane
from workers.temporal.optical_flow import has_flow

CUT_LEVELS = 24.0
"""Mean absolute difference, after moving, that only another scene leaves."""


class PreviousPicture:
    """Follows one stream; ``of`` and ``keep`` alternate.

    Backward DIS flow (Kroeger et al., ECCV 2016) between decoded pictures, as training has it.
    """

    def __init__(self, scale: int) -> None:
        self._scale = scale
        self._search: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._decoded: Plane | None = None
        self._enhanced: Plane | None = None

    def of(self, luma: Plane) -> Plane:
        """Returns what the net sees beside ``luma``: the last enhanced picture moved here, or a
        bicubic one where there is none, or the scene is another.
        """
        # The search of OpenCV takes packed planes only.
        luma = np.ascontiguousarray(luma)
        height, width = luma.shape
        if self._decoded is None or self._enhanced is None or not has_flow(width, height):
            return self._bicubic(luma)
        # The direction is backward: it says for each sample of this picture where it was, which is
        # what remap needs.
        flow = self._search.calc(luma, self._decoded, None)
        if _difference(luma, _moved(self._decoded, flow)) > CUT_LEVELS:
            return self._bicubic(luma)
        height, width = self._enhanced.shape
        # Vectors count in decoded samples, each of which is ``scale`` enlarged ones.
        fine = cv2.resize(flow, (width, height), interpolation=cv2.INTER_LINEAR) * self._scale
        return _moved(self._enhanced, fine)

    def keep(self, luma: Plane, enhanced: Plane) -> None:
        """The net made ``enhanced`` of ``luma``."""
        self._decoded, self._enhanced = luma.copy(), enhanced.copy()

    def forget(self) -> None:
        """The next picture is a first one."""
        self._decoded = self._enhanced = None

    def _bicubic(self, luma: Plane) -> Plane:
        height, width = luma.shape
        size = (self._scale * width, self._scale * height)
        return np.asarray(cv2.resize(luma, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def _moved(plane: Plane, flow: Any) -> Plane:
    height, width = plane.shape
    grid: Any = flow.copy()
    grid[:, :, 0] += np.arange(width, dtype=np.float32)
    grid[:, :, 1] += np.arange(height, dtype=np.float32)[:, None]
    nothing: Any = None
    moved = cv2.remap(plane, grid, nothing, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)


def _difference(one: Plane, other: Plane) -> float:
    return float(cv2.absdiff(one, other).mean())
