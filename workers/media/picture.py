"""A picture in YUV 4:2:0, 8 bit: three planes over memory that PyAV owns.

Decoders' and encoders' planes are wrapped, not copied; rows may be padded (strides are honoured
by numpy). Other pixel formats are converted once, by PyAV. There is no RGB.
"""

from __future__ import annotations

import dataclasses
import enum
from typing import Any

import av
import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.uint8]

PLAIN = ("yuv420p", "yuvj420p")
"""Pixel formats of 8-bit 4:2:0, by FFmpeg's names."""

FULL_RANGE = 2  # AVCOL_RANGE_JPEG
_UNKNOWN = 2  # "unspecified" of matrix, primaries and transfer (ITU-T H.273)


class Siting(enum.Enum):
    """Horizontal place of the chroma samples of 4:2:0, by FFmpeg's names."""

    LEFT = "left"
    "Samples lie in a column of luma samples: MPEG-2, H.264, and everything that says nothing."
    CENTRE = "center"
    "Samples lie between two columns: JPEG, MPEG-1."


@dataclasses.dataclass(frozen=True, slots=True)
class Colour:
    """Meaning of the samples: the codes of ITU-T H.273, as FFmpeg numbers them."""

    range: int = 0
    "0 unknown, 1 limited, 2 full."
    matrix: int = _UNKNOWN
    primaries: int = _UNKNOWN
    transfer: int = _UNKNOWN
    siting: Siting = Siting.LEFT


def chroma_side(luma_side: int) -> int:
    """Samples of a chroma plane along a side: half, rounded up."""
    return (luma_side + 1) // 2


@dataclasses.dataclass(frozen=True, slots=True)
class Picture:
    """Luma and the two chroma planes; the planes are views into ``frame``."""

    y: Plane
    u: Plane
    v: Plane
    colour: Colour
    frame: Any
    "The av.VideoFrame whose memory the planes are."

    @property
    def width(self) -> int:
        """Luma samples in a row."""
        return int(self.y.shape[1])

    @property
    def height(self) -> int:
        """Luma rows."""
        return int(self.y.shape[0])

    @classmethod
    def blank(cls, width: int, height: int, colour: Colour = Colour()) -> Picture:
        """A picture of undefined content, to be written into."""
        return _wrap(av.VideoFrame(width, height, "yuv420p"), colour)

    def copy(self) -> Picture:
        """Returns the same picture in memory of its own."""
        copied = Picture.blank(self.width, self.height, self.colour)
        copied.y[:], copied.u[:], copied.v[:] = self.y, self.u, self.v
        return copied

    @classmethod
    def of_frame(cls, frame: Any) -> Picture:
        """The picture in a decoded frame."""
        colour = colour_of(frame)
        if frame.format.name not in PLAIN:
            frame = frame.reformat(format="yuv420p")
            # swscale turns the full range of the yuvj formats into limited range, so the tag must
            # be that of the converted frame.
            colour = dataclasses.replace(colour, range=int(frame.color_range))
        return _wrap(frame, colour)


def colour_of(frame: Any) -> Colour:
    """The tags of a frame; yuvj420p is another name for full range."""
    full = frame.format.name.startswith("yuvj")
    return Colour(
        range=FULL_RANGE if full else int(frame.color_range),
        matrix=int(frame.colorspace),
        primaries=int(frame.color_primaries),
        transfer=int(frame.color_trc),
    )


def _wrap(frame: Any, colour: Colour) -> Picture:
    width, height = frame.width, frame.height
    small = chroma_side(width), chroma_side(height)
    planes = [
        _plane(plane, *size)
        for plane, size in zip(frame.planes, ((width, height), small, small), strict=True)
    ]
    return Picture(y=planes[0], u=planes[1], v=planes[2], colour=colour, frame=frame)


def _plane(plane: Any, width: int, height: int) -> Plane:
    # Rows may be longer than the picture is wide.
    return np.ndarray((height, width), np.uint8, plane, strides=(plane.line_size, 1))
