"""Opus: one packet is one unit and one RTP payload (RFC 7587 section 4.2)."""

from __future__ import annotations

from media.codec import MAX_PAYLOAD, Codec, CodecDescriptor
from media.coded_picture import FrameInfo, FrameReader
from media.fmtp import parse_parameters
from media.fragment import Fragment

_STEREO = ("stereo", "sprop-stereo")

_SILK_TICKS = (480, 960, 1920, 2880)
_HYBRID_TICKS = (480, 960)
_CELT_TICKS = (120, 240, 480, 960)
"""Length of a frame by its configuration, in ticks of 1/48000 s (RFC 6716, table 2)."""

MAX_TICKS = 5_760
"""A packet has 120 ms at most (RFC 6716 section 3.2.5)."""


def packetize(
    unit: bytes,
    *,
    picture_id: int,
    is_key: bool,
    size: tuple[int, int],
    mtu: int = MAX_PAYLOAD,
) -> list[bytes]:
    """Returns the packet as it is, however long: it cannot be cut."""
    return [unit] if unit else []


def depacketize(payload: bytes) -> Fragment:
    """Returns the packet as it is."""
    return Fragment(payload)


def key_frame_size(fragment: Fragment) -> tuple[int, int]:
    """Returns zeros: sound has no size."""
    return 0, 0


def inspect(unit: bytes) -> FrameInfo:
    """Returns that it is a key unit: decoding can start at every packet."""
    return FrameInfo(is_key=True)


def duration_of(unit: bytes) -> int:
    """Returns the length of a packet in ticks of 1/48000 s; 0 for one that is damaged."""
    if not unit:
        return 0
    number, code = unit[0] >> 3, unit[0] & 3
    if number < 12:
        ticks = _SILK_TICKS[number % 4]
    elif number < 16:
        ticks = _HYBRID_TICKS[number % 2]
    else:
        ticks = _CELT_TICKS[number % 4]
    # RFC 6716 section 3.2: one frame, two, or as many as the second byte says.
    count = (1, 2, 2, unit[1] & 0x3F if len(unit) > 1 else 0)[code]
    return ticks * count if ticks * count <= MAX_TICKS else 0


def open_reader() -> FrameReader:
    """Makes the reader of one stream."""
    return FrameReader(inspect)


def answer(fmtp: str) -> str:
    """Answers ``stereo=1`` wherever the offer speaks of stereo.

    RFC 7587 section 7.1: libwebrtc sends and plays two channels only where that is said.
    """
    names = parse_parameters(fmtp)
    # stereo is what the offerer wants to receive, sprop-stereo what it sends (RFC 7587 section
    # 6.1).
    is_stereo = "1" in [names.get(name) for name in _STEREO]
    added = [f"{name}=1" for name in _STEREO if is_stereo and name not in names]
    return ";".join(filter(None, [fmtp, *added]))


OPUS = CodecDescriptor(
    codec=Codec.OPUS,
    kind="audio",
    title="Opus",
    encoding_name="opus",
    clock_rate=48_000,
    channels=2,
    answer=answer,
    packetize=packetize,
    depacketize=depacketize,
    key_frame_size=key_frame_size,
    inspect=inspect,
    open_reader=open_reader,
    decoder="libopus",
    encoder="libopus",
)
"""Two channels are named whatever is sent (RFC 7587 section 7)."""
