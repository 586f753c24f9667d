"""Small: a smaller net of the same scale on the whole picture."""

from __future__ import annotations

from workers.media.picture import Picture
from workers.scheduling.decision import Decision
from workers.scheduling.option import MethodInfo, Option, ScaleRule
from workers.upscale.method import MethodContext, UpscaleFrame
from workers.upscale.team_frame import whole_picture
from workers.upscale.whole_net import option_of

# ``live-s`` gains 0.71 of the 0.88 dB of ``live-m`` on the held-out clips.
SMALL = MethodInfo("small", quality=0.8, scale=ScaleRule.MODEL)


class SmallMethod:
    """Runs the largest net that takes at most half of the wanted one's work."""

    info = SMALL

    def __init__(self, context: MethodContext) -> None:
        self._context = context
        self._models = context.models

    def option(self, frame: UpscaleFrame) -> Option | None:
        return option_of(SMALL, self._models.small, self._context)

    def run(self, frame: UpscaleFrame, grant: Decision) -> Picture:
        frame.made = whole_picture(frame.picture.width, frame.picture.height)
        return self._models.small.enhance(frame.picture, frame.strength)

    def reset(self) -> None:
        self._models.small.forget()
