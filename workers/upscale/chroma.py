"""Chroma planes made larger or smaller without moving them against the luma.

A 4:2:0 sample lies between two rows of luma, and across either in a column of luma (``LEFT``, as
H.264 has it unless it says otherwise) or between two (``CENTRE``); ITU-T H.264, annex E, figure
E-1. Filters are those of ``cubic.py``.
"""

from __future__ import annotations

import functools
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from workers.media.cubic import place_of, weights_at
from workers.media.picture import Picture, Plane, Siting

Float = npt.NDArray[np.float32]

OFFSETS = {Siting.CENTRE: 0.5, Siting.LEFT: 0.25}
"""Place of a sample across the square that it stands for, from the square's left side."""


def resize_chroma(picture: Picture, target: Picture, scale: int) -> None:
    """Writes both planes, made ``scale`` times as large by bicubic, into ``target``; what lies
    beyond it is left out.
    """
    for plane, large in ((picture.u, target.u), (picture.v, target.v)):
        _enlarge(plane, large, scale, OFFSETS[picture.colour.siting])


def chroma_at_luma(plane: Plane, width: int, height: int, siting: Siting) -> Float:
    """Returns a chroma plane's value at each luma sample by bicubic, [height, width]."""
    rows, columns = plane.shape
    # In floats, since colours are computed from it.
    tall = cv2.resize(plane.astype(np.float32), (columns, 2 * rows), interpolation=cv2.INTER_CUBIC)
    # Luma sample x lies at x / 2 of the chroma row where chroma lies in a column of luma, and at x
    # / 2 - 1/4 where it lies between two.
    right = 0.25 if siting is Siting.LEFT else 0.0
    large = np.empty((2 * rows, 2 * columns), np.float32)
    for phase in range(2):
        _across(tall, (phase + 0.5) / 2 - 0.5 + right, large[:, phase::2])
    return large[:height, :width]


def chroma_of_luma(full: Float, width: int, height: int, siting: Siting) -> Float:
    """Returns the chroma plane, [height, width], of values given at each luma sample: means over
    the samples that each one stands for.
    """
    if siting is Siting.CENTRE:
        small = cv2.resize(full, (width, height), interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.float32)
    low = cv2.resize(full, (full.shape[1], height), interpolation=cv2.INTER_AREA)
    # A sample that lies in a column stands for that column and for half of each neighbour.
    kernel = np.array([[0.25, 0.5, 0.25]], np.float32)
    even = cv2.filter2D(low, -1, kernel, borderType=cv2.BORDER_REPLICATE)[:, ::2]
    return np.asarray(even, np.float32)


def _enlarge(plane: Plane, target: Plane, scale: int, offset: float) -> None:
    rows, columns = plane.shape
    height, width = target.shape
    # In sixteenths, so that it is rounded and cut off at the ends of the range once, at the end.
    # int16 holds 16 * 255 with any overshoot of the filter, which is below a half.
    wide = np.empty((rows, scale * columns), np.int16)
    for phase in range(scale):
        # Rounding merges phases that differ by floating-point error only, so that they share an
        # entry of the kernels' cache.
        kernel = 16 * _kernel(round(place_of(phase, scale, offset), 6))
        wide[:, phase::scale] = cv2.filter2D(
            plane, cv2.CV_16S, kernel, borderType=cv2.BORDER_REPLICATE
        )
    size = (scale * columns, scale * rows)
    large = cv2.resize(wide, size, interpolation=cv2.INTER_CUBIC)[:height, :width]
    target[:] = cv2.multiply(large, np.ones(1), scale=1 / 16, dtype=cv2.CV_8U)


def _across(rows: npt.NDArray[Any], place: float, out: npt.NDArray[Any]) -> None:
    """Reads each row between its samples: ``out[:, i]`` becomes its value at ``i + place``."""
    moved = cv2.filter2D(rows, -1, _kernel(round(place, 6)), borderType=cv2.BORDER_REPLICATE)
    out[:] = moved[:, : out.shape[1]]


@functools.cache
def _kernel(place: float) -> Float:
    """Returns the weights of seven samples, the middle one at 0, for the value at ``place``, from
    -1 to 1.
    """
    first, found = weights_at(place)
    weights = np.zeros((1, 7), np.float32)
    # filter2D correlates: the weight at index k belongs to the sample k - 3 places further right.
    weights[0, 3 + first : 7 + first] = found
    return weights
