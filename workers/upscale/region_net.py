"""A net on rectangles of a picture, with the samples that it gives on all of it.

The net sees the picture with its edge repeated outwards by its receptive field, and each rectangle
with as much of the picture around it. So what it makes of a sample depends neither on where the
rectangle ends nor on which device runs it. That holds for nets that see one picture
(``can_propagate``); what a recurrent net remembers, it would have to see whole.
"""

from __future__ import annotations

import cv2
import numpy as np

from models.manifest import Manifest
from workers.engines.engine import Array, DynamicShapeSession
from workers.media.frame_info import CELL
from workers.temporal.region_selection import Region

__all__ = ["RegionNet"]


class RegionNet:
    """One stream's way of regions through one net; used by one thread.

    ``take`` a picture, then ``whole``, ``framed`` and ``part`` of it; what they return is valid
    until the next call.
    """

    def __init__(self, manifest: Manifest, net: DynamicShapeSession) -> None:
        self.halo = manifest.receptive_radius
        "Samples that the net sees beyond each side of a region."
        self.scale = manifest.scale
        self._net = net
        self._size = (0, 0)
        self._seen: Array = np.zeros((0, 0), np.uint8)

    def take(self, luma: Array) -> None:
        """Takes the decoded luma of the next picture."""
        # Regions lie on cells, and one at the right or bottom may reach beyond the picture by part
        # of one.
        self._size = height, width = luma.shape
        bottom, right = (self.halo + -side % CELL for side in (height, width))
        self._seen = np.asarray(
            cv2.copyMakeBorder(luma, self.halo, bottom, self.halo, right, cv2.BORDER_REPLICATE),
            np.uint8,
        )

    def whole(self, strength: float) -> Array:
        """Returns the net's picture of all of it, ``halo`` more on each side."""
        # This is the size that was warmed up (``ModelCache.ready_dynamic``): without the cells that
        # are only in part in the picture.
        height, width = (side + 2 * self.halo for side in self._size)
        return self._net.run(self._seen[:height, :width], strength)

    def framed(self, region: Region, strength: float) -> Array:
        """Returns the net's picture of a region, ``halo`` more on each side."""
        bottom = region.top + region.height + 2 * self.halo
        right = region.left + region.width + 2 * self.halo
        cut = np.ascontiguousarray(self._seen[region.top : bottom, region.left : right])
        return self._net.run(cut, strength)

    def part(self, region: Region, strength: float) -> Array:
        """Returns the net's picture of a region, as far as that lies in the picture; a view."""
        height = min(region.height, self._size[0] - region.top)
        width = min(region.width, self._size[1] - region.left)
        rows, columns = (
            slice(self.scale * self.halo, self.scale * (self.halo + side))
            for side in (height, width)
        )
        return self.framed(region, strength)[rows, columns]
