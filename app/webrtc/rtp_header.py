"""Writes the headers of RTP packets that go to viewers."""

from __future__ import annotations

import struct

from app.webrtc.extension_map import MAX_ONE_BYTE_ID, MAX_ONE_BYTE_LENGTH

_HEADER = struct.Struct("!BBHII")


class RtpHeader:
    """Writes RTP headers with the mid and abs-send-time extensions (RFC 8285, one-byte form).

    What that form has no space for is left out: it may be sent, need not (RFC 8285 section 6).
    The mid is on every packet, as aiortc's sender has it, since a receiver may need it to route.
    """

    def __init__(self, *, ssrc: int, mid: str, mid_id: int | None, time_id: int | None) -> None:
        self._ssrc = ssrc
        self._mid = b""
        # The one-byte form holds the length less one in 4 bits (RFC 8285 section 4.2).
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
        """Writes a header; ``send_time`` is abs-send-time's 24 bits."""
        extension = self._mid
        if self._time_id is not None:
            extension += bytes([self._time_id << 4 | 2]) + send_time.to_bytes(3, "big")
        has_extension = 0x10 if extension else 0
        head = _HEADER.pack(
            0x80 | has_extension, marker << 7 | payload_type, sequence, timestamp, self._ssrc
        )
        if not extension:
            return head
        # The block is counted in words of 32 bits, and zero bytes are padding (RFC 8285 section
        # 4.1).
        extension += bytes(-len(extension) % 4)
        return head + b"\xbe\xde" + (len(extension) // 4).to_bytes(2, "big") + extension
