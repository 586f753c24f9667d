"""Access units of a source's H.264 as WebRTC wants them: Annex B, parameter sets in key frames."""

from __future__ import annotations

import base64
from typing import Any

from media.coded_picture import CodedPicture
from media.fragment import PayloadStart
from media.h264 import H264Reader
from media.h264_stream import nal_units
from media.limits import MAX_NALS, MAX_PREFIX_BYTES, MAX_UNIT_BYTES

_START = b"\x00\x00\x00\x01"


class H264Units:
    """Reads one track's packets; files and RTMP have lengths where Annex B has start codes.

    Their parameter sets stand in the track's head (ISO 14496-15, section 5.3.3.1), and may change
    with a later head.
    """

    def __init__(self) -> None:
        self._reader = H264Reader()
        self._head: bytes | None = None
        self._length_bytes = 0
        self._before = b""

    def read(self, packet: Any) -> CodedPicture | None:
        """Returns the packet's picture; None for one that is damaged, too large or none."""
        head = bytes(packet.stream.codec_context.extradata or b"")
        if head != self._head:
            self._head = head
            self._length_bytes, sets = parse_head(head)
            coded = ",".join(base64.b64encode(nal).decode() for nal in sets)
            self._reader.learn(f"sprop-parameter-sets={coded}")
        data = bytes(packet)
        if len(data) > MAX_UNIT_BYTES:
            return None
        if self._length_bytes and not data.startswith((_START, _START[1:])):
            annex_b = with_start_codes(data, self._length_bytes)
            if annex_b is None:
                return None
            data = annex_b
        # Sets that come in a packet of their own belong to the picture behind them.
        data, self._before = self._before + data, b""
        if not self._reader.has_picture(data):
            self._before = data if len(data) <= MAX_PREFIX_BYTES else b""
            return None
        picture = self._reader.read(data, head=PayloadStart.UNKNOWN, cuts=(), after_loss=False)
        return picture if picture.fault is None else None


def parse_head(head: bytes) -> tuple[int, list[bytes]]:
    """Returns the bytes of a length, 0 for Annex B, and the parameter sets."""
    if not head.startswith(b"\x01") or len(head) < 7:
        return 0, list(nal_units(head)) if head.startswith((_START, _START[1:])) else []
    length_bytes = (head[4] & 3) + 1
    at = 5
    sets: list[bytes] = []
    for mask in (0x1F, 0xFF):
        if at >= len(head):
            break
        count, at = head[at] & mask, at + 1
        for _ in range(count):
            size = int.from_bytes(head[at : at + 2], "big")
            nal = head[at + 2 : at + 2 + size]
            if len(nal) < size or not nal:
                return length_bytes, sets
            sets.append(nal)
            at += 2 + size
    return length_bytes, sets


def with_start_codes(data: bytes, length_bytes: int) -> bytes | None:
    """Returns the NAL units with start codes; None if a length leads beyond the end."""
    at = 0
    parts: list[bytes] = []
    while at < len(data):
        end = at + length_bytes + int.from_bytes(data[at : at + length_bytes], "big")
        if end > len(data) or len(parts) > 2 * MAX_NALS:
            return None
        if end > at + length_bytes:
            parts += (_START, data[at + length_bytes : end])
        at = end
    return b"".join(parts)
