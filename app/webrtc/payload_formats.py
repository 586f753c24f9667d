"""Between coded units and RTP payloads, by aiortc's own packers and, for VP9, by ours.

H.264: RFC 6184, packetization-mode 1. VP8: RFC 7741. VP9: RFC 9628. Opus: RFC 7587, one packet
per payload.
"""

from __future__ import annotations

import struct

from aiortc.codecs.h264 import H264Encoder, h264_depayload
from aiortc.codecs.vpx import Vp8Encoder, vp8_depayload

from app.webrtc.extension_map import MAX_ONE_BYTE_ID, MAX_ONE_BYTE_LENGTH
from media import vp9
from media.codec import Codec
from media.fragment import Fragment, PayloadStart
from media.frame_head import inspect

CODEC_NAMES = {"h264": Codec.H264, "vp8": Codec.VP8, "vp9": Codec.VP9, "opus": Codec.OPUS}
"""By the encoding name of an SDP rtpmap, in lower case."""

MAX_AGGREGATED = 64
"""NAL units in one packet at most; each costs the event loop a microsecond."""

_STAP_A = 24

_HEADER = struct.Struct("!BBHII")


def depayload(codec: Codec, payload: bytes) -> Fragment:
    """What one RTP payload holds. Raises ValueError if it is malformed."""
    if not payload:
        return Fragment(b"")
    if codec is Codec.H264:
        if _aggregates_too_many(payload):
            raise ValueError(f"a packet aggregates more than {MAX_AGGREGATED} NAL units")
        return Fragment(h264_depayload(payload))
    if codec is Codec.VP8:
        # RFC 7741 section 4.2: S, the start of a partition, and its number PID.
        begins = bool(payload[0] & 0x10) and not payload[0] & 0x07
        return Fragment(
            vp8_depayload(payload), PayloadStart.UNKNOWN if begins else PayloadStart.MIDDLE
        )
    if codec is Codec.VP9:
        return vp9.depayload(payload)
    return Fragment(payload)


def _aggregates_too_many(payload: bytes) -> bool:
    """True for a STAP-A (RFC 6184 section 5.7.1) of more units than anybody sends."""
    if payload[0] & 0x1F != _STAP_A:
        return False
    at = 1
    for _ in range(MAX_AGGREGATED):
        if at >= len(payload):
            return False
        at += 2 + int.from_bytes(payload[at : at + 2], "big")
    return at < len(payload)


def packetize(codec: Codec, data: bytes, *, picture_id: int) -> list[bytes]:
    """RTP payloads of one unit, each at most 1300 bytes.

    ``picture_id`` counts the video units that one receiver gets; 15 bits of it go out, with VP8
    and VP9 only.
    """
    if codec is Codec.H264:
        # aiortc's packer cannot take an empty NAL unit, and a publisher may send one.
        return H264Encoder._packetize(nal for nal in H264Encoder._split_bitstream(data) if nal)
    if codec is Codec.VP8:
        return Vp8Encoder._packetize(data, picture_id & 0x7FFF)
    if codec is Codec.VP9:
        info = inspect(codec, data)
        return vp9.packetize(
            data, picture_id=picture_id, is_key=info.is_key, width=info.width, height=info.height
        )
    return [data]


class RtpHeader:
    """Writes RTP headers with the mid and abs-send-time extensions (RFC 8285, one-byte form).

    What that form has no room for is left out: it may be sent, need not (RFC 8285 section 6).
    The mid is on every packet, as aiortc's sender has it, since a receiver may need it to route.
    """

    def __init__(self, *, ssrc: int, mid: str, mid_id: int | None, time_id: int | None) -> None:
        self._ssrc = ssrc
        self._mid = b""
        name = mid.encode()
        if (
            mid_id is not None
            and 1 <= mid_id <= MAX_ONE_BYTE_ID
            and 1 <= len(name) <= MAX_ONE_BYTE_LENGTH
        ):
            self._mid = bytes([mid_id << 4 | len(name) - 1]) + name
        self._time_id = time_id if time_id is not None and 1 <= time_id <= MAX_ONE_BYTE_ID else None

    def pack(
        self, *, payload_type: int, marker: bool, sequence: int, timestamp: int, send_time: int
    ) -> bytes:
        """A header; ``send_time`` is abs-send-time's 24 bits."""
        extension = self._mid
        if self._time_id is not None:
            extension += bytes([self._time_id << 4 | 2]) + send_time.to_bytes(3, "big")
        has_extension = 0x10 if extension else 0
        head = _HEADER.pack(
            0x80 | has_extension, marker << 7 | payload_type, sequence, timestamp, self._ssrc
        )
        if not extension:
            return head
        extension += bytes(-len(extension) % 4)
        return head + b"\xbe\xde" + (len(extension) // 4).to_bytes(2, "big") + extension
