"""Regions that helpers made, pasted over bicubic, where earlier pictures are not propagated."""

from __future__ import annotations

from workers.media.picture import Picture, Plane
from workers.temporal.incremental_bicubic import enlarge_region
from workers.temporal.region_selection import Region
from workers.upscale.team_frame import TeamFrame, visible_samples

__all__ = ["paste"]


def paste(team: TeamFrame, source: Picture, target: Picture, scale: int) -> dict[str, int]:
    """Writes what helpers made of ``source`` into ``target``, its picture by bicubic; returns the
    decoded luma samples that it was, by device.
    """
    height, width = source.y.shape
    samples: dict[str, int] = {}

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
        before = samples.get(result.device, 0)
        samples[result.device] = before + visible_samples(region, width, height)
    return samples
