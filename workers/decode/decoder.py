"""One decoder of H.264 or VP8."""

from __future__ import annotations

from typing import Any

import av
import av.error

from wire.batch import Codec
from workers.errors import BrokenUnit
from workers.picture import Picture
from workers.reuse.side_data import EXPORT

_NAMES = {Codec.H264: "h264", Codec.VP8: "vp8"}


class UnitDecoder:
    """Units in, pictures out, in the order of presentation; used by one thread.

    A unit's ``tag`` comes back with its picture. Sizes may change at key frames. One thread and
    ``low_delay``, so that a picture leaves with its unit (frame threads would hold some back).
    """

    def __init__(self, codec: Codec) -> None:
        self.codec = codec
        self._context: Any = av.CodecContext.create(_NAMES[codec], "r")
        self._context.thread_count = 1
        self._context.options = {"flags": "+low_delay", **EXPORT}

    def decode(self, payload: bytes, tag: int) -> list[tuple[int, Picture]]:
        """The pictures that are complete now. Raises BrokenUnit."""
        packet = av.Packet(payload)
        packet.pts = packet.dts = tag
        try:
            frames = self._context.decode(packet)
        except av.error.FFmpegError as error:
            raise BrokenUnit(f"{self.codec.name} unit: {error}") from error
        return self._pictures(frames)

    def flush(self) -> list[tuple[int, Picture]]:
        """The pictures still inside; the decoder is of no use afterwards."""
        try:
            return self._pictures(self._context.decode(None))
        except av.error.FFmpegError:
            return []

    @staticmethod
    def _pictures(frames: list[Any]) -> list[tuple[int, Picture]]:
        if any(frame.is_corrupt for frame in frames):
            raise BrokenUnit("a picture was only concealed")
        return [(int(frame.pts), Picture.of_frame(frame)) for frame in frames]
