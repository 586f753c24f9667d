"""The decoder of one coded sequence."""

from __future__ import annotations

from typing import Any

import av
import av.error
from av.codec.codec import UnknownCodecError

from media.codec import Codec, CodecDescriptor
from media.codec_table import DESCRIPTORS
from media.limits import MAX_PIXELS, is_too_large
from workers.bitstream.ffmpeg_side_data import EXPORT
from workers.errors import BrokenUnit, NoDecoder, PictureTooLarge
from workers.media.picture import Picture


def open_decoder(described: CodecDescriptor) -> Any:
    """Makes FFmpeg's decoder of a codec. Raises NoDecoder where it was built without."""
    try:
        return av.CodecContext.create(described.decoder, "r")
    except UnknownCodecError as error:
        raise NoDecoder(described.title, described.decoder) from error


class UnitDecoder:
    """Units in, pictures out, in the order of presentation; used by one thread.

    A unit's ``tag`` comes back with its picture. Sizes may change, with some codecs at any unit.
    One thread and ``low_delay``, so that a picture leaves with its unit (frame threads would hold
    some back). Pictures over ``MAX_PIXELS`` are not made: the decoder refuses them before it has
    memory for them.
    """

    def __init__(self, codec: Codec) -> None:
        """Opens a decoder of ``codec``. Raises NoDecoder."""
        self.codec = codec
        self._context = open_decoder(DESCRIPTORS[codec])
        self._context.thread_count = 1
        self._context.options = {"flags": "+low_delay", "max_pixels": str(MAX_PIXELS), **EXPORT}

    @property
    def may_hold_back(self) -> bool:
        """True if a picture may come later than its unit; else one that did not come is hidden."""
        return DESCRIPTORS[self.codec].reorders

    def decode(self, payload: bytes, tag: int) -> list[tuple[int, Picture]]:
        """Returns the pictures that are complete now, one a unit. Raises BrokenUnit or
        PictureTooLarge.
        """
        packet = av.Packet(payload)
        # The tag travels in place of the time stamp: the publisher's may repeat or run backwards,
        # and would not tell whose picture it is.
        packet.pts = packet.dts = tag
        try:
            frames = self._context.decode(packet)
        except av.error.FFmpegError as error:
            raise BrokenUnit(f"{self.codec.name} unit: {error}") from error
        return self._pictures(frames)

    def flush(self) -> list[tuple[int, Picture]]:
        """Returns the pictures still inside; the decoder is of no use afterwards."""
        try:
            return self._pictures(self._context.decode(None))
        except av.error.FFmpegError:
            return []

    @staticmethod
    def _pictures(frames: list[Any]) -> list[tuple[int, Picture]]:
        # FFmpeg fills what it cannot decode from its neighbours and only flags the picture. Shown
        # and referred to, the damage would stay until the next key frame.
        if any(frame.is_corrupt for frame in frames):
            raise BrokenUnit("a picture was only concealed")
        for frame in frames:
            # The limit of the decoder is that of the coded size, which is no smaller; to be sure.
            if is_too_large(frame.width, frame.height):
                raise PictureTooLarge(frame.width, frame.height)
        # Spatial layers come out one by one; the highest is the last and is the picture.
        last = {int(frame.pts): frame for frame in frames}
        return [(tag, Picture.of_frame(frame)) for tag, frame in last.items()]
