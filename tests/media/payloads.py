"""Coded units to RTP payloads and back, by the descriptor of their codec."""

from __future__ import annotations

from media.codec import MAX_PAYLOAD, Codec
from media.codec_table import DESCRIPTORS
from media.coded_picture import FrameInfo
from media.fragment import Fragment


def inspect(codec: Codec, unit: bytes) -> FrameInfo:
    return DESCRIPTORS[codec].inspect(unit)


def packetize(
    codec: Codec, unit: bytes, *, picture_id: int = 0, mtu: int = MAX_PAYLOAD
) -> list[bytes]:
    info = inspect(codec, unit)
    return DESCRIPTORS[codec].packetize(
        unit,
        picture_id=picture_id,
        is_key=info.is_key,
        size=(info.width, info.height),
        mtu=mtu,
    )


def depacketize(codec: Codec, payload: bytes) -> Fragment:
    return DESCRIPTORS[codec].depacketize(payload)


def joined(codec: Codec, payloads: list[bytes]) -> bytes:
    """The unit of some payloads, as a publisher's would be passed on."""
    fragments = [depacketize(codec, payload) for payload in payloads]
    reader = DESCRIPTORS[codec].open_reader()
    picture = reader.read(
        b"".join(fragment.data for fragment in fragments),
        head=fragments[0].head,
        cuts=(),
        after_loss=False,
    )
    return picture.payload
