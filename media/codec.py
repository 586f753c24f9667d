"""The description of a codec: all that the other packages may ask about it.

``codec_table.py`` holds one descriptor per codec; each is made in a file of the codec's name.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol

from media.coded_picture import FrameInfo, UnitReader
from media.fragment import Fragment

MAX_PAYLOAD = 1300
"""Bytes of an RTP payload at most: with SRTP, UDP and IPv6 headers it stays under the 1,400 bytes
that tunnels and mobile networks let through without fragmentation."""

Parameters = Mapping[str, str]
"""The format parameters (``a=fmtp``) of one payload type, by name in lower case."""


class Codec(enum.IntEnum):
    """Codecs by their numbers on the wire, with the form of one access unit."""

    H264 = 1
    "ITU-T H.264, Annex B byte stream with start codes, one access unit."
    VP8 = 2
    "One frame of RFC 6386."
    OPUS = 3
    "One packet of RFC 6716."
    VP9 = 4
    "VP9 bitstream specification: a frame, or a superframe (annex B) of one picture's frames."
    AV1 = 5
    "AV1 bitstream specification: a temporal unit in the low-overhead form, delimiter first."


class SideData(enum.Flag):
    """Information that FFmpeg's decoder exports beside each picture."""

    NONE = 0
    VECTORS = 1
    "Motion vectors (AVMotionVector)."
    QUANTIZERS = 2
    "Quantizers of blocks (AVVideoEncParams)."


class Packetizer(Protocol):
    """Cuts one unit into RTP payloads of at most ``mtu`` bytes; none for an empty unit."""

    def __call__(
        self,
        unit: bytes,
        *,
        picture_id: int,
        is_key: bool,
        size: tuple[int, int],
        mtu: int = MAX_PAYLOAD,
    ) -> list[bytes]:
        """``picture_id`` counts the video units that one receiver gets, without a bound.

        ``size`` is (width, height) of the picture, zeros where unknown.
        """
        ...


def every(offered: Sequence[Parameters], publishes: bool) -> Sequence[int]:
    """Chooses all payload types, whatever their parameters say."""
    return range(len(offered))


def anything(parameters: Parameters) -> bool:
    """Says that a decoder has all tools of its codec, whatever its parameters are."""
    return True


def as_offered(fmtp: str) -> str:
    """Answers with the parameters of the offer."""
    return fmtp


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CodecDescriptor:
    """One codec: its names, its RTP payload format, its bitstream, and FFmpeg's coders."""

    codec: Codec
    kind: Literal["video", "audio"]
    title: str
    "Its name in sentences."
    encoding_name: str
    "Its name in ``a=rtpmap``; in lower case its name in records and in the API."
    clock_rate: int
    "Rate of its RTP time stamps, in Hz."
    channels: int = 0
    "Number of channels in ``a=rtpmap``; 0: none is named."
    rank: int = 0
    "Payload types of a greater rank go behind all others in an answer."
    acceptable: str = ""
    "Its title with the parameters that an offer must name; empty: any will do."
    unacceptable: str = ""
    'Follows "is offered" in the sentence that refuses an offer of this codec alone.'

    choose: Callable[[Sequence[Parameters], bool], Sequence[int]] = every
    "(parameters of its offered payload types, publishes) to the places of those that can be used."
    decodes_all: Callable[[Parameters], bool] = anything
    "Says whether a decoder with these parameters has all tools that our encoder uses."
    answer: Callable[[str], str] = as_offered
    "The ``a=fmtp`` of an answer, by that of the offer; empty for none."

    packetize: Packetizer
    depacketize: Callable[[bytes], Fragment]
    "Reads one RTP payload. Raises ValueError if it is malformed."
    key_frame_size: Callable[[Fragment], tuple[int, int]]
    "(width, height) of the key frame that a payload begins, else zeros. Cheap for other payloads."

    inspect: Callable[[bytes], FrameInfo]
    "Reads the head of one unit. A damaged head is no key frame."
    open_reader: Callable[[], UnitReader]
    "Makes the reader of one publisher's stream."

    decoder: str
    "FFmpeg's name."
    encoder: str = ""
    "FFmpeg's name; empty: renditions are not encoded in this codec."
    reorders: bool = False
    "A picture may leave the decoder later than its unit went in."
    conceals: bool = False
    "A decoder goes on behind a lost picture, with what it has of the others."
    side_data: SideData = SideData.NONE

    @property
    def name(self) -> str:
        """Its name in records, settings and the API: ``h264``."""
        return self.encoding_name.lower()

    @property
    def mime_type(self) -> str:
        """Its MIME type: ``video/H264``."""
        return f"{self.kind}/{self.encoding_name}"

    @property
    def rtpmap(self) -> str:
        """The value of ``a=rtpmap`` behind the payload type."""
        channels = f"/{self.channels}" if self.channels else ""
        return f"{self.encoding_name}/{self.clock_rate}{channels}"
