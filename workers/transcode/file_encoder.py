"""Encoders of .mp4 files: x264, and those in hardware, which are proved by a real encode."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import av
import av.error

from workers.encode.registry import DEFAULT_ENCODER
from workers.errors import FileFailed

AUTOMATIC, SOFTWARE = "auto", "software"
"""Words of ``--encoder``: the first hardware that works, else software; and software alone."""

_PROBE_SIZE = (640, 368)
_PROBE_FRAMES = 5
"""Pictures of a probe: some encoders give the first packet only after a few, or fail there."""


@dataclasses.dataclass(frozen=True, slots=True)
class FileEncoder:
    """One way to encode a file of .mp4."""

    name: str
    "Word of ``--encoder``."
    codec: str
    "FFmpeg's encoder."
    pixel_format: str
    options: tuple[tuple[str, str], ...]


_X264 = (("preset", "fast"), ("crf", "18"), ("bf", "0"), ("rc-lookahead", "10"))

ENCODERS = (
    FileEncoder(
        "nvenc",
        "h264_nvenc",
        "yuv420p",
        (("preset", "p6"), ("rc", "vbr"), ("cq", "19"), ("bf", "0")),
    ),
    FileEncoder("qsv", "h264_qsv", "nv12", (("preset", "slow"), ("global_quality", "19"))),
    FileEncoder(
        "amf",
        "h264_amf",
        "nv12",
        (("quality", "quality"), ("rc", "cqp"), ("qp_i", "18"), ("qp_p", "20")),
    ),
    FileEncoder("videotoolbox", "h264_videotoolbox", "nv12", (("q:v", "75"),)),
    FileEncoder("v4l2m2m", "h264_v4l2m2m", "nv12", (("b", "12M"),)),
    FileEncoder(SOFTWARE, DEFAULT_ENCODER, "yuv420p", _X264),
)
"""Encoders in the order of ``auto``. Those that take pictures in a GPU's memory alone (VA-API) are
left out: PyAV has no way to hand them over."""

NAMES = (AUTOMATIC, *(encoder.name for encoder in ENCODERS))


def choose_file_encoder(
    wanted: str, *, probe: Callable[[FileEncoder], str] | None = None
) -> FileEncoder:
    """Returns the encoder of that name, which works here. Raises FileFailed.

    ``probe`` returns why an encoder does not work, empty if it does.
    """
    check = probe or obstacle_of
    if wanted == AUTOMATIC:
        for encoder in ENCODERS[:-1]:
            if not check(encoder):
                return encoder
        return ENCODERS[-1]
    found = next((encoder for encoder in ENCODERS if encoder.name == wanted), None)
    if found is None:
        raise FileFailed(f"{wanted!r} is no encoder; there are {', '.join(NAMES)}.")
    if reason := check(found):
        raise FileFailed(f"The encoder {found.name} cannot be used here: {reason}.")
    return found


def obstacle_of(encoder: FileEncoder) -> str:
    """Encodes a few pictures; returns why that does not work, empty if it does."""
    # FFmpeg lists what it was built with, not what the machine has.
    try:
        coder: Any = av.CodecContext.create(encoder.codec, "w")
        coder.width, coder.height = _PROBE_SIZE
        coder.pix_fmt = encoder.pixel_format
        coder.time_base, coder.framerate = Fraction(1, 25), Fraction(25)
        coder.options = dict(encoder.options)
        coded = 0
        for index in range(_PROBE_FRAMES):
            frame = av.VideoFrame(*_PROBE_SIZE, encoder.pixel_format)
            frame.pts, frame.time_base = index, Fraction(1, 25)
            coded += len(coder.encode(frame))
        coded += len(coder.encode(None))
    except (av.error.FFmpegError, ValueError, LookupError) as error:
        return str(getattr(error, "strerror", None) or error).rstrip(".")
    return "" if coded == _PROBE_FRAMES else "it loses pictures"
