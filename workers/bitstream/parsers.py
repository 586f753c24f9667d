"""The table of our own parsers, for codecs of which FFmpeg's decoder tells nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from media.codec import Codec
from workers.bitstream import vp8
from workers.media.frame_info import CodecInfo


class ParsedUnit(Protocol):
    """One unit as a parser has read it."""

    @property
    def info(self) -> CodecInfo:
        """The codec information of its picture."""
        ...


class UnitParser(Protocol):
    """Reads the units of one stream in their order."""

    def parse(self, payload: bytes) -> ParsedUnit:
        """Reads one unit. Raises BrokenUnit."""
        ...


# H.264 and VP9 are missing on purpose: FFmpeg's own decoders export what they know of them
# (ffmpeg_side_data.py).
PARSERS: dict[Codec, Callable[[], UnitParser]] = {Codec.VP8: vp8.Vp8Parser}


def warm_up() -> None:
    """Compiles the loops of all parsers, or loads them."""
    vp8.warm_up()
