"""Residual energy: what a net adds, so that the engine's time goes where it adds most."""

from __future__ import annotations

import cv2

from workers.media.picture import Picture
from workers.upscale.model_io import resize

# Roughly one sample a second of 30 fps: the measurement takes a resize and a pass over the enlarged
# luma.
SAMPLE_EVERY = 32
"""Number of frames of a net of which one is measured."""


def residual_energy(picture: Picture, enhanced: Picture, scale: int) -> float:
    """Mean squared difference, in squared luma levels per pixel, between what the net made of
    ``picture`` and what a resize would have.
    """
    plain = Picture.blank(enhanced.width, enhanced.height)
    resize(picture.y, plain.y, scale)
    squared = float(cv2.norm(plain.y, enhanced.y, cv2.NORM_L2SQR))
    return squared / (enhanced.width * enhanced.height)
