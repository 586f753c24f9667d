"""Writes the headers of RTP packets that go to viewers."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from app.webrtc.extension_map import MAX_ONE_BYTE_ID, MAX_ONE_BYTE_LENGTH

_PROFILE = b"\xbe\xde"
"""RFC 8285 section 4.2: the one-byte form."""

_TIME_BYTES, _NUMBER_BYTES = 3, 2


class RtpHeader:
    """Writes RTP headers with the mid, abs-send-time and transport-wide number extensions (RFC
    8285, one-byte form).

    What that form has no space for is left out: it may be sent, need not (RFC 8285 section 6).
    The mid is on every packet, as aiortc's sender has it, since a receiver may need it to route.
    """

    def __init__(
        self,
        *,
        ssrc: int,
        mid: str,
        mid_id: int | None,
        time_id: int | None,
        number_id: int | None = None,
    ) -> None:
        self._ssrc = ssrc
        name = mid.encode()
        extension = b""
        if _fits(mid_id) and 1 <= len(name) <= MAX_ONE_BYTE_LENGTH:
            extension = _element(mid_id, len(name)) + name
        self.has_number = _fits(number_id)
        """True if packets carry transport-wide numbers."""
        # What differs from packet to packet stands at the end: one number of 16 bits, and before it
        # a time of 24.
        self._time = _element(time_id, _TIME_BYTES) if _fits(time_id) else b""
        self._number = _element(number_id, _NUMBER_BYTES) if self.has_number else b""
        length = len(extension)
        length += len(self._time) and 1 + _TIME_BYTES
        length += len(self._number) and 1 + _NUMBER_BYTES
        # The block is counted in words of 32 bits, and zero bytes are padding (RFC 8285 section
        # 4.1). Padding may stand between elements.
        padded = extension + bytes(-length % 4)
        self._fixed = b""
        if length:
            words = (length + 3) // 4
            self._fixed = _PROFILE + words.to_bytes(2, "big") + padded
        self._first = 0x90 if length else 0x80
        tail = len(self._fixed) + (len(self._time) and 1 + _TIME_BYTES) + len(self._number)
        self._layout = struct.Struct(f"!BBHII{tail}s" + ("H" if self.has_number else ""))
        self.size = self._layout.size
        """Bytes of a header."""

    def pack_all(
        self,
        payloads: Sequence[bytes],
        *,
        payload_type: int,
        marker: bool,
        sequence: int,
        timestamp: int,
        send_time: int,
        number: int = 0,
    ) -> list[bytes]:
        """Writes the packets of one unit, or a part of it, that leave together.

        ``sequence`` and ``number`` (transport-wide) are the first packet's, ``marker`` the last
        one's; ``send_time`` is abs-send-time's 24 bits.
        """
        time = self._time and self._time + send_time.to_bytes(_TIME_BYTES, "big")
        tail = self._fixed + time + self._number
        pack, first, ssrc = self._layout.pack, self._first, self._ssrc
        last, packets = len(payloads) - 1, []
        for place, payload in enumerate(payloads):
            kind = payload_type if place < last or not marker else 0x80 | payload_type
            number16 = (sequence + place) & 0xFFFF
            if self.has_number:
                head = pack(first, kind, number16, timestamp, ssrc, tail, (number + place) & 0xFFFF)
            else:
                head = pack(first, kind, number16, timestamp, ssrc, tail)
            packets.append(head + payload)
        return packets


def _fits(number: int | None) -> bool:
    return number is not None and 1 <= number <= MAX_ONE_BYTE_ID


def _element(number: int | None, length: int) -> bytes:
    """Returns the byte before a value, which holds its length less one (RFC 8285 section 4.2)."""
    return bytes([(number or 0) << 4 | length - 1])
