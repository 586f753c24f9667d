"""Bicubic: a resize, which can always be had."""

from __future__ import annotations

from workers.media.picture import Picture
from workers.scheduling.decision import Decision
from workers.scheduling.option import MethodInfo, Option, ScaleRule
from workers.upscale.method import MethodContext, UpscaleFrame
from workers.upscale.pasted_regions import paste
from workers.upscale.shrink import shrunk
from workers.upscale.team_frame import samples_of

BICUBIC = MethodInfo("bicubic", quality=0.0, scale=ScaleRule.ANY, is_free=True)


class BicubicMethod:
    """Resizes all planes and pastes in what helpers made. At the source's size the picture stays as
    it is; for weak links it is made smaller.
    """

    info = BICUBIC

    def __init__(self, context: MethodContext) -> None:
        self._models = context.models

    def option(self, frame: UpscaleFrame) -> Option | None:
        return Option(BICUBIC)

    def run(self, frame: UpscaleFrame, grant: Decision) -> Picture:
        if self._models.is_plain:
            return shrunk(frame.picture, -self._models.factor)
        # At the source's size a copy would be the same picture, made at a cost.
        if self._models.scale == 1:
            return frame.picture
        made = self._models.full.resize(frame.picture)
        if frame.team is not None:
            frame.made = paste(frame.team, frame.picture, made, self._models.scale)
            frame.samples = samples_of(frame.made, frame.picture.width, frame.picture.height)
        return made

    def reset(self) -> None:
        """Does nothing, since resizing keeps no state."""
