"""Restore: the source's size, with less of the codec's artefacts."""

from __future__ import annotations

import cv2
import numpy as np

from workers.media.picture import Picture, Plane
from workers.scheduling.decision import Decision
from workers.scheduling.option import MethodInfo, Option, ScaleRule
from workers.upscale.method import MethodContext, UpscaleFrame
from workers.upscale.team_frame import whole_picture
from workers.upscale.whole_net import option_of

RESTORE = MethodInfo("restore", quality=1.0, scale=ScaleRule.SAME)

BLEND = 0.6
"""Weight of the net's picture against the decoded one. On eleven natural clips (x264 and VP8, 0.06
to 0.25 bit per pixel) 0.75 gains most PSNR and 0.6 a hundredth of a decibel less, with half the
loss where the decoded picture is nearly the original already. The net's picture alone is up to a
decibel worse there.
"""

MIN_STRENGTH = 0.3
"""Strength of the style that the net has at least. Averaging takes detail: at 0 PSNR gains and VMAF
loses 0.2; at 0.3 both gain (0.3 dB and 0.4 on four natural clips at 0.12 bit per pixel), and 0.6
costs a tenth of a decibel.
"""


class RestoreMethod:
    """Averages the wanted net's picture down to the source's size and mixes it with the source.

    Luma only: chroma stays as it was decoded.
    """

    info = RESTORE

    def __init__(self, context: MethodContext) -> None:
        self._context = context
        self._models = context.models

    def option(self, frame: UpscaleFrame) -> Option | None:
        return option_of(RESTORE, self._models.full, self._context)

    def run(self, frame: UpscaleFrame, grant: Decision) -> Picture:
        frame.made = whole_picture(frame.picture.width, frame.picture.height)
        source = frame.picture
        strength = max(frame.strength, MIN_STRENGTH)
        large = self._models.full.enhance_luma(source, strength)
        restored = Picture.blank(source.width, source.height, source.colour)
        restored.y[:] = restore_luma(source.y, large)
        restored.u[:], restored.v[:] = source.u, source.v
        return restored

    def reset(self) -> None:
        self._models.full.forget()


def restore_luma(source: Plane, large: Plane) -> Plane:
    """Returns ``source`` mixed with ``large``, a picture of the same at a greater size."""
    height, width = source.shape
    # In floats until the end: at 45 dB, rounding twice would take a tenth of a decibel.
    mean = cv2.resize(large.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    mixed = cv2.addWeighted(source, 1.0 - BLEND, mean, BLEND, 0.0, dtype=cv2.CV_8U)
    return np.asarray(mixed, np.uint8)
