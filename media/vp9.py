"""VP9: its RTP payload format (RFC 9628), and units of one or more spatial layers.

The payload descriptor is read and written by ``vp9_descriptor.py``, frames by ``vp9_frame.py``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from media.codec import MAX_PAYLOAD, Codec, CodecDescriptor, Parameters, SideData
from media.coded_picture import FrameInfo, FrameReader
from media.coded_picture import key_frame_size as size_by_head
from media.fragment import Fragment, PayloadStart
from media.limits import MAX_SIDE
from media.vp9_descriptor import ENDS_FRAME, Descriptor, Structure, parse_descriptor
from media.vp9_frame import join_layers, parse_head, split_superframe


def depacketize(payload: bytes) -> Fragment:
    """Reads one payload. Raises ValueError for a malformed descriptor."""
    if not payload:
        return Fragment(b"")
    descriptor, length = parse_descriptor(payload)
    return Fragment(payload[length:], _start(descriptor))


def _start(descriptor: Descriptor) -> PayloadStart:
    if not descriptor.begins_frame:
        return PayloadStart.MIDDLE
    layer = descriptor.layer
    is_base = layer is None or (layer.spatial == 0 and not layer.inter_layer)
    return PayloadStart.KEY if is_base and not descriptor.inter_picture else PayloadStart.FRAME


def packetize(
    unit: bytes,
    *,
    picture_id: int,
    is_key: bool,
    size: tuple[int, int],
    mtu: int = MAX_PAYLOAD,
) -> list[bytes]:
    """Cuts a unit into payloads; 15 bits of ``picture_id`` go out.

    All of it is one frame to the receiver, whatever layers it was made of. A key frame's first
    payload tells its size, unless that is 0x0.
    """
    if not unit:
        return []
    # A receiver may learn the size here, without reading the frame.
    structure = Structure(sizes=(size,)) if is_key and size[0] else None
    plain = Descriptor(picture_id=picture_id & 0x7FFF, inter_picture=not is_key)
    first = dataclasses.replace(plain, begins_frame=True, structure=structure).encode()
    other = plain.encode()
    at, capacity = mtu - len(first), mtu - len(other)
    payloads = [first + unit[:at]]
    payloads += [other + unit[place : place + capacity] for place in range(at, len(unit), capacity)]
    # The end of the frame is only known behind the loop; the bit does not change the length.
    last = payloads[-1]
    payloads[-1] = bytes([last[0] | ENDS_FRAME]) + last[1:]
    return payloads


def key_frame_size(fragment: Fragment) -> tuple[int, int]:
    """Returns the size of the key frame that a payload begins."""
    return size_by_head(inspect, fragment.head, fragment.data)


def inspect(unit: bytes) -> FrameInfo:
    """Reads the heads of a unit's frames.

    Decoding starts with the first frame; the last one, of the highest layer, is shown.
    """
    try:
        heads = [parse_head(frame) for frame in split_superframe(unit)]
    except ValueError:
        return FrameInfo(is_key=False)
    # A frame that has the size of a reference tells none.
    told = [(head.width, head.height) for head in heads if head.width]
    largest = max(told, key=lambda size: size[0] * size[1], default=(0, 0))
    sizes = [size for size in told if max(size) <= MAX_SIDE]
    if heads[0].is_key and not sizes:
        return FrameInfo(is_key=False, largest=largest)
    return FrameInfo(heads[0].is_key, *(sizes[-1] if sizes else (0, 0)), largest=largest)


def open_reader() -> FrameReader:
    """Makes the reader of one stream: spatial layers become one superframe."""
    return FrameReader(inspect, join_layers)


def choose(offered: Sequence[Parameters], publishes: bool) -> Sequence[int]:
    """Chooses profile 0, which is meant where none is named (RFC 9628 section 6)."""
    return [at for at, each in enumerate(offered) if each.get("profile-id", "0") == "0"]


VP9 = CodecDescriptor(
    codec=Codec.VP9,
    kind="video",
    title="VP9",
    encoding_name="VP9",
    clock_rate=90_000,
    rank=1,
    acceptable="VP9 of profile 0",
    choose=choose,
    packetize=packetize,
    depacketize=depacketize,
    key_frame_size=key_frame_size,
    inspect=inspect,
    open_reader=open_reader,
    decoder="vp9",
    side_data=SideData.QUANTIZERS,
)
"""Behind the others in an answer: everything plays H.264 and VP8, and a worker learns more from
them. The profile is answered as offered."""
