"""H.264 units taken apart and written by hand."""

from __future__ import annotations

from media.h264_stream import nal_units

START = b"\x00\x00\x00\x01"
SPS, PPS, IDR, SEI = 7, 8, 5, 6


def kinds(data: bytes) -> list[int]:
    """The types of its NAL units."""
    return [nal[0] & 0x1F for nal in nal_units(data)]


def of_kind(data: bytes, *wanted: int) -> list[bytes]:
    """Its NAL units of these types."""
    return [nal for nal in nal_units(data) if nal[0] & 0x1F in wanted]


def unit_of(*nals: bytes) -> bytes:
    """A unit of these NAL units."""
    return b"".join(START + nal for nal in nals)


def without(data: bytes, *unwanted: int) -> bytes:
    """The unit without NAL units of these types."""
    return unit_of(*(nal for nal in nal_units(data) if nal[0] & 0x1F not in unwanted))


def ue(value: int) -> str:
    """Bits of an unsigned Exp-Golomb code."""
    text = f"{value + 1:b}"
    return "0" * (len(text) - 1) + text


def nal_of(head: int, bits: str) -> bytes:
    """A NAL unit of these bits, with the stop bit and what keeps start codes out."""
    bits += "1"
    bits += "0" * (-len(bits) % 8)
    body = bytearray()
    for at in range(0, len(bits), 8):
        byte = int(bits[at : at + 8], 2)
        if byte <= 3 and body[-2:] == b"\x00\x00":
            body.append(3)
        body.append(byte)
    return bytes([head]) + bytes(body)


def sps_of(width: int, height: int, *, number: int = 0) -> bytes:
    """A baseline sequence parameter set; sides are multiples of 16."""
    bits = f"{66:08b}{0:08b}{40:08b}" + ue(number) + ue(0) + ue(2) + ue(1) + "0"
    bits += ue(width // 16 - 1) + ue(height // 16 - 1) + "1100"
    return nal_of(0x67, bits)


def pps_of(number: int, sps: int) -> bytes:
    """A picture parameter set as far as it is read."""
    return nal_of(0x68, ue(number) + ue(sps) + "0" * 12)


def slice_of(first_mb: int, kind: int, pps: int, *, idr: bool) -> bytes:
    """A slice header as far as it is read, and some data."""
    return nal_of(0x65 if idr else 0x41, ue(first_mb) + ue(kind) + ue(pps) + "10" * 40)
