"""VP9 in RTP: payloads to pieces of frames, and units to payloads (RFC 9628 section 4)."""

from __future__ import annotations

from media.fragment import Fragment, PayloadStart
from media.vp9_descriptor import Descriptor, Structure, parse_descriptor

MAX_PAYLOAD = 1300
"""Bytes of a payload, descriptor included; as for the other codecs."""


def depayload(payload: bytes) -> Fragment:
    """The piece in one payload. Raises ValueError for a malformed descriptor."""
    descriptor, length = parse_descriptor(payload)
    return Fragment(payload[length:], _head(descriptor))


def _head(descriptor: Descriptor) -> PayloadStart:
    if not descriptor.begins_frame:
        return PayloadStart.MIDDLE
    layer = descriptor.layer
    is_base = layer is None or (layer.spatial == 0 and not layer.inter_layer)
    return PayloadStart.KEY if is_base and not descriptor.inter_picture else PayloadStart.FRAME


def packetize(
    data: bytes, *, picture_id: int, is_key: bool, width: int, height: int
) -> list[bytes]:
    """Payloads of one unit, each at most ``MAX_PAYLOAD`` bytes; none for no bytes.

    All of it is one frame to the receiver, whatever layers it was made of. ``picture_id`` is cut
    to 15 bits. A key frame's first payload tells its size, unless that is 0x0.
    """
    structure = Structure(sizes=((width, height),)) if is_key and width else None
    payloads: list[bytes] = []
    at = 0
    while at < len(data):
        room = MAX_PAYLOAD - (3 if at or structure is None else 3 + len(structure.encode()))
        descriptor = Descriptor(
            picture_id=picture_id & 0x7FFF,
            inter_picture=not is_key,
            begins_frame=at == 0,
            ends_frame=at + room >= len(data),
            structure=structure if at == 0 else None,
        )
        payloads.append(descriptor.encode() + data[at : at + room])
        at += room
    return payloads
