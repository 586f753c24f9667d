"""The encoders by codec."""

from __future__ import annotations

from collections.abc import Callable

from media.codec import Codec
from media.h264 import H264
from workers.encode.encoder import Encoder, EncoderSpec
from workers.encode.vp8 import Vp8Encoder
from workers.encode.x264 import STEPPED_PRESET, X264Encoder

_TABLE: dict[Codec, Callable[..., Encoder]] = {Codec.H264: X264Encoder, Codec.VP8: Vp8Encoder}


DEFAULT_ENCODER = H264.encoder
"""FFmpeg's encoder for files that everything plays."""

CODECS = tuple(_TABLE)
"""Codecs that can be encoded."""

WITH_PLAIN = frozenset({Codec.H264})
"""Codecs that are encoded in two forms: with tools that some decoders lack, and without."""


def has_steps(codec: Codec, preset: str) -> bool:
    """Returns whether an encoder has more than one ``Refinement``."""
    return codec is Codec.H264 and preset == STEPPED_PRESET


def make_encoder(spec: EncoderSpec, *, fps: float) -> Encoder:
    """Returns an open encoder. Raises EncoderFailed."""
    return _TABLE[spec.codec](spec, fps=fps)
