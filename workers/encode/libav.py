"""Opening and use of FFmpeg's encoders, the same for all codecs."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import av.error
from av.video.frame import PictureType

from workers.encode.encoder import CLOCK_RATE, EncodedFrame, EncoderSpec
from workers.errors import EncoderFailed
from workers.media.picture import Picture
from workers.runtime.cores import usable_cores

_SMALL_PIXELS = 960 * 540
_TIME_BASE = Fraction(1, CLOCK_RATE)


def encoder_threads(spec: EncoderSpec) -> int:
    """Returns the number of threads: one up to 960x540, where a second one only takes time from the
    net; two above.
    """
    return 1 if spec.width * spec.height <= _SMALL_PIXELS else min(2, usable_cores())


def open_context(name: str, spec: EncoderSpec, *, fps: float, options: dict[str, str]) -> Any:
    """Returns an open encoder. Raises EncoderFailed."""
    context: Any = av.CodecContext.create(name, "w")
    context.width, context.height, context.pix_fmt = spec.width, spec.height, "yuv420p"
    context.time_base = _TIME_BASE
    # 1001 is the denominator of the NTSC rates (30000/1001), and small enough for every encoder.
    context.framerate = Fraction(fps).limit_denominator(1001)
    context.bit_rate = int(spec.kbps * 1000)
    context.thread_count = encoder_threads(spec)
    context.color_range = spec.colour.range
    context.colorspace = spec.colour.matrix
    context.color_primaries = spec.colour.primaries
    context.color_trc = spec.colour.transfer
    context.options = options
    try:
        context.open()
    except (av.error.FFmpegError, ValueError) as error:
        raise EncoderFailed(f"{name} cannot code {spec.width}x{spec.height}: {error}") from error
    return context


def encode_one(context: Any, picture: Picture, *, ticks: int, key: bool) -> EncodedFrame:
    """Codes one picture. Raises EncoderFailed if that gives anything but one unit."""
    frame = picture.frame
    frame.pts = ticks
    frame.time_base = _TIME_BASE
    # A decoded frame still has the type that the publisher's encoder gave it, which would be taken
    # for a request.
    frame.pict_type = PictureType.I if key else PictureType.NONE
    try:
        packets = context.encode(frame)
    except av.error.FFmpegError as error:
        raise EncoderFailed(f"{context.name}: {error}") from error
    # An encoder that holds a picture back would put the next one's stamps on it, and add a frame of
    # delay for good.
    if len(packets) != 1:
        raise EncoderFailed(f"{context.name} gave {len(packets)} units for one picture")
    return EncodedFrame(payload=bytes(packets[0]), is_key=bool(packets[0].is_keyframe))
