"""Finds the first group of packets that make a key frame; no I/O."""

from __future__ import annotations

from media.codec import Codec
from media.codec_table import DESCRIPTORS
from media.fragment import PayloadStart


class FirstPicture:
    """Collects the packets of one video track until a key frame is whole."""

    def __init__(self) -> None:
        self._codec = DESCRIPTORS[Codec.H264]
        self._parts: dict[int, tuple[bytes, int, bool]] = {}
        "Payload, RTP time and marker by sequence number."
        self._starts: set[int] = set()

    def take(self, sequence: int, timestamp: int, payload: bytes, *, marker: bool) -> bytes | None:
        """Takes one packet; returns the coded key frame with the packet that makes it whole."""
        try:
            fragment = self._codec.depacketize(payload)
        except ValueError:
            return None
        self._parts[sequence] = (fragment.data, timestamp, marker)
        if fragment.head is PayloadStart.KEY or any(self._codec.key_frame_size(fragment)):
            self._starts.add(sequence)
        for start in self._starts:
            if (unit := self._from(start)) is not None:
                return unit
        return None

    def _from(self, start: int) -> bytes | None:
        timestamp = self._parts[start][1]
        found, at = [], start
        while (part := self._parts.get(at)) is not None and part[1] == timestamp:
            found.append(part[0])
            if part[2]:
                return b"".join(found)
            at = (at + 1) & 0xFFFF
        return None


def rtp_payload(data: bytes) -> bytes:
    """Returns the payload of an RTP packet. Raises IndexError where its head is cut short."""
    start = 12 + 4 * (data[0] & 0x0F)
    if data[0] & 0x10:
        # RFC 3550 section 5.3.1: the length of the extension is counted in words of 32 bits.
        start += 4 + 4 * (data[start + 2] << 8 | data[start + 3])
    return data[start:]
