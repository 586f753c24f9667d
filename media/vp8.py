"""VP8: its RTP payload format (RFC 7741), and the heads of its frames (RFC 6386 section 9.1)."""

from __future__ import annotations

from media.codec import MAX_PAYLOAD, Codec, CodecDescriptor
from media.coded_picture import FrameInfo, FrameReader
from media.coded_picture import key_frame_size as size_by_head
from media.fragment import Fragment, PayloadStart
from media.limits import MAX_SIDE

_START_CODE = b"\x9d\x01\x2a"
_EXTENDED, _BEGINS_PARTITION = 0x80, 0x10
_HAS_PICTURE_ID, _HAS_TL0_INDEX, _HAS_TID_OR_KEY_INDEX = 0x80, 0x40, 0x30
_DESCRIPTOR_BYTES = 4
"""Bytes of the descriptor that we send: two of flags, and a picture ID of 15 bits."""


def packetize(
    unit: bytes,
    *,
    picture_id: int,
    is_key: bool,
    size: tuple[int, int],
    mtu: int = MAX_PAYLOAD,
) -> list[bytes]:
    """Cuts a frame into payloads; all of it counts as one partition (RFC 7741 section 4.4)."""
    # The highest bit (M) says that the picture ID has 15 bits.
    tail = bytes([_HAS_PICTURE_ID]) + (0x8000 | picture_id & 0x7FFF).to_bytes(2, "big")
    first = bytes([_EXTENDED | _BEGINS_PARTITION]) + tail
    other = bytes([_EXTENDED]) + tail
    capacity = mtu - _DESCRIPTOR_BYTES
    return [
        (other if at else first) + unit[at : at + capacity] for at in range(0, len(unit), capacity)
    ]


def depacketize(payload: bytes) -> Fragment:
    """Reads one payload. Raises ValueError if its descriptor is cut off (RFC 7741 section 4.2)."""
    if not payload:
        return Fragment(b"")
    first, at = payload[0], 1
    if first & _EXTENDED:
        at = _descriptor_end(payload)
    if at > len(payload):
        raise ValueError("a VP8 payload descriptor is cut off")
    # S, the start of a partition, and PID, its number: 0 is a frame's first.
    begins = first & _BEGINS_PARTITION and not first & 0x07
    return Fragment(payload[at:], PayloadStart.UNKNOWN if begins else PayloadStart.MIDDLE)


def _descriptor_end(payload: bytes) -> int:
    """Returns the length of an extended descriptor; more than the payload has if it is cut off."""
    flags, at = payload[1] if len(payload) > 1 else 0, 2
    if flags & _HAS_PICTURE_ID:
        is_long = at < len(payload) and payload[at] & 0x80
        at += 2 if is_long else 1
    # T and K share the last byte.
    at += bool(flags & _HAS_TL0_INDEX)
    return at + bool(flags & _HAS_TID_OR_KEY_INDEX)


def key_frame_size(fragment: Fragment) -> tuple[int, int]:
    """Returns the size of the key frame that a payload begins."""
    return size_by_head(inspect, fragment.head, fragment.data)


def inspect(unit: bytes) -> FrameInfo:
    """Reads a frame's tag: bit 0 is 0 for key frames, whose start code and size follow."""
    # A tag of three bytes, a start code of three and a size of four.
    if len(unit) < 10 or unit[0] & 1:
        return FrameInfo(is_key=False)
    # The upper two bits of each are the scaling that a player may do.
    width, height = (int.from_bytes(unit[at : at + 2], "little") & 0x3FFF for at in (6, 8))
    is_possible = 0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE
    if unit[3:6] != _START_CODE or not is_possible:
        return FrameInfo(is_key=False, largest=(width, height))
    return FrameInfo(True, width, height, largest=(width, height))


def open_reader() -> FrameReader:
    """Makes the reader of one stream: hidden frames (alternate references) are units."""
    return FrameReader(inspect, has_hidden_frames=True)


def answer(fmtp: str) -> str:
    """Answers with nothing: parameters are limits of who states them (RFC 7741 section 6.2.1)."""
    return ""


VP8 = CodecDescriptor(
    codec=Codec.VP8,
    kind="video",
    title="VP8",
    encoding_name="VP8",
    clock_rate=90_000,
    answer=answer,
    packetize=packetize,
    depacketize=depacketize,
    key_frame_size=key_frame_size,
    inspect=inspect,
    open_reader=open_reader,
    decoder="vp8",
    encoder="libvpx",
)
