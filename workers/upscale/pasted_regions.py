"""Regions that helpers made, pasted over bicubic, where earlier pictures are not propagated."""

from __future__ import annotations

from workers.media.picture import Picture, Plane
from workers.temporal.incremental_bicubic import enlarge_region
from workers.temporal.region_selection import Region
from workers.upscale.team_frame import MadeRegion, TeamFrame

__all__ = ["paste"]


def paste(team: TeamFrame, source: Picture, target: Picture, scale: int) -> list[MadeRegion]:
    """Writes what helpers made of ``source`` into ``target``, its picture by bicubic; returns the
    regions that it was.
    """
    height, width = source.y.shape
    pasted: list[MadeRegion] = []

    def plain(region: Region) -> Plane:
        # Residuals are over this filter's picture, from which OpenCV's differs by a level here and
        # there.
        large = enlarge_region(team.matched.now, region, scale)
        return large[: scale * (height - region.top), : scale * (width - region.left)]

    for result, made in team.decoded(plain):
        region = result.region
        # An odd last row or column of 4:2:0 is left out of the target.
        area = target.y[scale * region.top :, scale * region.left :][
            : made.shape[0], : made.shape[1]
        ]
        area[:] = made[: area.shape[0], : area.shape[1]]
        pasted.append((result.device, region))
    return pasted
