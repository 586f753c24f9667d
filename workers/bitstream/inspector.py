"""One stream's codec information, whatever its codec."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict
from typing import Any

from av.video.frame import PictureType

from media.codec import Codec
from workers.bitstream.ffmpeg_side_data import info_of_frame
from workers.bitstream.parsers import PARSERS, UnitParser
from workers.errors import BrokenUnit
from workers.kernels.readiness import is_warm
from workers.media.frame_info import CodecInfo, cells

__all__ = ["CodecInspector"]

_MAX_HELD_UNITS = 32
"""Parsed units whose pictures did not come yet, as many as ``DecodeStep`` waits for."""


class CodecInspector:
    """Sees the units of one decoder in their order, and tells what belongs to each picture. Used by
    the decoding thread.
    """

    def __init__(self, codec: Codec) -> None:
        self._make_parser = PARSERS.get(codec)
        self._parser: UnitParser | None = None
        self._parsed: OrderedDict[int, CodecInfo] = OrderedDict()

    def on_access_unit(self, tag: int, payload: bytes) -> None:
        """Reads a unit that goes to the decoder."""
        # Before loops are compiled they would hold up the stream; nothing is reused then.
        if self._parser is None and self._make_parser is not None and is_warm():
            self._parser = self._make_parser()
        if self._parser is None:
            return
        try:
            # Every unit is parsed, also one whose picture nobody will ask for: the next one builds
            # on its probabilities.
            self._parsed[tag] = self._parser.parse(payload).info
        except BrokenUnit:
            # What the decoder makes of it is its own affair; motion is found in the pixels then.
            self._parsed.pop(tag, None)
        # Units that give no picture, such as hidden ones, would stay for ever.
        while len(self._parsed) > _MAX_HELD_UNITS:
            self._parsed.popitem(last=False)

    def take_info(self, tag: int, frame: Any, coded_bytes: int) -> CodecInfo:
        """Returns what is known of ``frame``, the ``av.VideoFrame`` of the unit ``tag``."""
        parsed = self._parsed.pop(tag, None)
        # Grids of another size would be read and written beyond their ends by compiled loops.
        if parsed is not None and _fits(parsed, cells(frame.width, frame.height)):
            return parsed
        if not is_warm():
            return CodecInfo(is_key=bool(frame.key_frame), coded_bytes=coded_bytes)
        info = info_of_frame(frame, coded_bytes=coded_bytes)
        # Vectors of fields, and of pictures shown in another order, do not lead to the picture
        # before.
        is_plain = not frame.interlaced_frame and frame.pict_type != PictureType.B
        return info if is_plain else dataclasses.replace(info, motion=None)


def _fits(info: CodecInfo, grid: tuple[int, int]) -> bool:
    motion = info.motion
    vectors = () if motion is None else (motion.dx, motion.dy, motion.valid)
    given = (each for each in (info.qp, info.skipped, info.residual) if each is not None)
    return all(each.shape == grid for each in (*given, *vectors))
