"""Parameters of a coded video track for FFmpeg's muxers, read from its first key frame."""

from __future__ import annotations

import io
from typing import Any

import av

from cli.publisher.codecs import VIDEO


def template_of(key_frame: bytes) -> Any:
    """Returns a stream with the parameters of a key frame: its size and its parameter sets."""
    source = av.open(io.BytesIO(key_frame), format=VIDEO.name)
    return source.streams.video[0]
