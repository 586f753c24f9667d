"""Conversion between 4:2:0 video and RGB, for nets that see all colours."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from workers.media.picture import FULL_RANGE, Colour, Picture
from workers.upscale.chroma import chroma_at_luma, chroma_of_luma

Float = npt.NDArray[np.float32]

# Codes of MatrixCoefficients (ITU-T H.273), with the weights of red and blue in luma.
_BT709 = 1
_BT2020 = 9

_WEIGHTS = {_BT709: (0.2126, 0.0722), _BT2020: (0.2627, 0.0593)}
_BT601 = (0.299, 0.114)


def to_rgb(picture: Picture) -> Float:
    """Converts to RGB, [3, H, W] in 0..1, by the picture's own matrix and range; chroma by bicubic.

    ITU-R BT.601, BT.709 and BT.2020, section "signal format"; without a tag BT.601.
    """
    height, width = picture.y.shape
    low, luma_span, chroma_span = _ranges(picture.colour)
    y = (picture.y.astype(np.float32) - low) / luma_span
    cb, cr = (
        (chroma_at_luma(plane, width, height, picture.colour.siting) - 128.0) / chroma_span
        for plane in (picture.u, picture.v)
    )
    red, blue = _weights(picture.colour)
    r = y + 2 * (1 - red) * cr
    b = y + 2 * (1 - blue) * cb
    g = (y - red * r - blue * b) / (1 - red - blue)
    return np.asarray(np.clip(np.stack((r, g, b)), 0, 1), np.float32)


def from_rgb(rgb: Float, target: Picture) -> None:
    """Fills ``target``, whose size is the picture's, by its own matrix and range."""
    red, blue = _weights(target.colour)
    low, luma_span, chroma_span = _ranges(target.colour)
    r, g, b = np.clip(rgb, 0, 1)
    y = red * r + (1 - red - blue) * g + blue * b
    target.y[:] = _bytes(y * luma_span + low)
    height, width = target.u.shape
    for plane, colour, weight in ((target.u, b, blue), (target.v, r, red)):
        difference = (colour - y) / (2 * (1 - weight))
        small = chroma_of_luma(difference, width, height, target.colour.siting)
        plane[:] = _bytes(small * chroma_span + 128.0)


def _weights(colour: Colour) -> tuple[float, float]:
    return _WEIGHTS.get(colour.matrix, _BT601)


def _ranges(colour: Colour) -> tuple[float, float, float]:
    """Black, and what spans 0..1 of luma and of chroma."""
    return (0.0, 255.0, 255.0) if colour.range == FULL_RANGE else (16.0, 219.0, 224.0)


def _bytes(plane: Float) -> npt.NDArray[np.uint8]:
    # The conversion to uint8 cuts the fraction off, so half a level is added first.
    return np.asarray(np.clip(plane + 0.5, 0, 255), np.uint8)
