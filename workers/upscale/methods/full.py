"""Full: the wanted net on the whole picture."""

from __future__ import annotations

from workers.media.picture import Picture
from workers.scheduling.decision import Decision
from workers.scheduling.option import MethodInfo, Option, ScaleRule
from workers.upscale.method import MethodContext, UpscaleFrame
from workers.upscale.team_frame import samples_of, whole_picture
from workers.upscale.whole_net import option_of

FULL = MethodInfo("full", quality=1.0, scale=ScaleRule.MODEL)


class FullMethod:
    """Runs the wanted net. Where the frame was planned for, its picture can be propagated."""

    info = FULL

    def __init__(self, context: MethodContext) -> None:
        self._context = context
        self._models = context.models

    def option(self, frame: UpscaleFrame) -> Option | None:
        return option_of(FULL, self._models.full, self._context)

    def run(self, frame: UpscaleFrame, grant: Decision) -> Picture:
        size = frame.picture.width, frame.picture.height
        frame.made = whole_picture(*size)
        frame.samples = samples_of(frame.made, *size)
        # A plan was made for this frame. The net's picture goes into the propagator then, so that
        # the next frames can be predicted from it.
        if frame.wanted is not None:
            return self._models.temporal.full()
        return self._models.full.enhance(frame.picture, frame.strength)

    def reset(self) -> None:
        self._models.full.forget()
