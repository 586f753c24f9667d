"""One team's way from a task to coded regions: the net on each, as a residual over bicubic."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from workers.engines.engine import Array
from workers.media.frame_info import CELL
from workers.media.picture import Plane
from workers.team.net_pace import NetPace
from workers.team.recent_pictures import RecentPictures
from workers.team.residual_codec import MAX_QUALITY, encode_region
from workers.temporal.incremental_bicubic import enlarge_region
from workers.temporal.padding import bordered
from workers.temporal.region_selection import Region, pixels
from workers.upscale.region_net import RegionNet

__all__ = ["MAX_PICTURES", "RegionMaker"]

MAX_PICTURES = 2.0
"""Samples of a task, halos included, in whole pictures: a plan that wants all of a picture in 48
regions takes one and a half."""

_TRIAL_SIDE = 8 * CELL
"""Side of the region with which a net is measured, which is a usual one."""


class RegionMaker:
    """Makes the regions of one stream by one net; used by one thread.

    Regions run one by one. Batches of equal ones gain nothing on processors: measured with OpenVINO
    on one core, four regions in a call take between 0.8 and 1.4 times as long as four calls, at any
    size from 22 to 142 samples.
    """

    def __init__(self, pictures: RecentPictures, net: RegionNet, *, strength: float) -> None:
        self.pictures = pictures
        self.pace = NetPace()
        self.strength = strength
        "Strength of the style; may be set from any thread."
        self._net = net

    def samples(self, regions: Sequence[Region]) -> int:
        """Returns the samples that the net works on for regions, halos included."""
        return pixels(regions, self._net.halo)

    def fits(self, regions: Sequence[Region], luma: Plane) -> bool:
        """Returns whether a picture has these regions, and not fewer samples than are asked for."""
        height, width = luma.shape
        whole = (height + 2 * self._net.halo) * (width + 2 * self._net.halo)
        return self.samples(regions) <= MAX_PICTURES * whole and all(
            _is_within(region, height, width) for region in regions
        )

    def make(
        self, luma: Plane, regions: Sequence[Region], quality: int, *, may_go_on: Callable[[], bool]
    ) -> list[bytes] | None:
        """Returns the coded regions, which must fit; None once ``may_go_on`` says False."""
        self._net.take(luma)
        around = bordered(luma)
        # A lead of another version may know finer qualities.
        quality = min(quality, MAX_QUALITY)
        coded = []
        for region in regions:
            if not may_go_on():
                return None
            made, plain = self._both(around, region)
            coded.append(encode_region(made, plain, quality))
        return coded

    def try_out(self, luma: Plane) -> int:
        """Runs the net on a usual region, or on all of a small picture; returns the samples."""
        height, width = luma.shape
        side = min(_TRIAL_SIDE, height // CELL * CELL, width // CELL * CELL)
        self._net.take(luma)
        if side:
            self._net.framed(Region(0, 0, side, side), self.strength)
        else:
            self._net.whole(self.strength)
        return self.samples((Region(0, 0, side or height, side or width),))

    def _both(self, around: Array, region: Region) -> tuple[Array, Array]:
        """Returns the net's picture of a region and bicubic's, as far as the region lies in the
        picture.
        """
        made = self._net.part(region, self.strength)
        plain = enlarge_region(around, region, self._net.scale)
        return made, plain[: made.shape[0], : made.shape[1]]


def _is_within(region: Region, height: int, width: int) -> bool:
    """Returns whether a region lies on cells, and in the picture up to whole cells."""
    sides = ((region.top, region.height, height), (region.left, region.width, width))
    return all(
        begin % CELL == side % CELL == 0 <= begin < begin + side <= -(-whole // CELL) * CELL
        for begin, side, whole in sides
    )
