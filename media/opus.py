"""Opus: one packet is one unit and one RTP payload (RFC 7587 section 4.2)."""

from __future__ import annotations

from media.codec import MAX_PAYLOAD, Codec, CodecDescriptor
from media.coded_picture import FrameInfo, FrameReader
from media.fmtp import parse_parameters
from media.fragment import Fragment

_STEREO = ("stereo", "sprop-stereo")


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
