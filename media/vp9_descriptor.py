"""The payload descriptor in front of every VP9 payload (RFC 9628 section 4.2)."""

from __future__ import annotations

import dataclasses

ENDS_FRAME = 0x04
"""The bit E in the first byte."""

MAX_REFERENCES = 3
"""Pictures that a frame may name as its references."""


@dataclasses.dataclass(frozen=True, slots=True)
class Layer:
    """The temporal and the spatial layer of a frame."""

    temporal: int
    "TID, 0 to 7."
    spatial: int
    "SID, 0 to 7."
    switching_up: bool = False
    "U: frames of higher temporal layers that follow need nothing before this one."
    inter_layer: bool = False
    "D: predicted from the spatial layer below."


@dataclasses.dataclass(frozen=True, slots=True)
class GroupPicture:
    """One picture of a group's pattern."""

    temporal: int
    "0 to 7."
    switching_up: bool = False
    references: tuple[int, ...] = ()
    "Distances of its references in pictures, 0 to 255; up to ``MAX_REFERENCES``."


@dataclasses.dataclass(frozen=True, slots=True)
class Structure:
    """The scalability structure (SS): what the stream is made of from here on."""

    layers: int = 1
    "Spatial layers, 1 to 8."
    sizes: tuple[tuple[int, int], ...] = ()
    "(width, height) of each layer, up to 65535; empty where not told."
    group: tuple[GroupPicture, ...] | None = None
    "The pattern of pictures, up to 255; None where not told."

    def encode(self) -> bytes:
        """Writes its bytes (RFC 9628 section 4.2.1)."""
        has_sizes, has_group = bool(self.sizes), self.group is not None
        parts = [bytes([self.layers - 1 << 5 | has_sizes << 4 | has_group << 3])]
        parts += [w.to_bytes(2, "big") + h.to_bytes(2, "big") for w, h in self.sizes]
        if self.group is not None:
            parts.append(bytes([len(self.group)]))
            for picture in self.group:
                count = len(picture.references)
                head = picture.temporal << 5 | picture.switching_up << 4 | count << 2
                parts.append(bytes([head, *picture.references]))
        return b"".join(parts)


@dataclasses.dataclass(frozen=True, slots=True)
class Descriptor:
    """One payload's descriptor; the bit that each field is in RFC 9628 stands in capitals."""

    picture_id: int | None = None
    "I: 15 bits, or 7 if ``is_short``."
    is_short: bool = False
    "M is 0: the picture ID has 7 bits."
    inter_picture: bool = False
    "P: the frame is predicted from earlier pictures."
    begins_frame: bool = False
    "B: the first payload of a frame of one layer."
    ends_frame: bool = False
    "E: the last payload of a frame of one layer."
    is_discardable: bool = False
    "Z: higher spatial layers are not predicted from it."
    layer: Layer | None = None
    "L and what follows it: the layer; None if L is 0."
    tl0_picture_index: int | None = None
    "TL0PICIDX, 8 bits: there exactly if ``layer`` is and the mode is not flexible."
    is_flexible: bool = False
    "F: each frame names its references."
    references: tuple[int, ...] = ()
    "P_DIFF, 0 to 127: how many pictures back; 1 to 3 of them if P and F are set, else none."
    structure: Structure | None = None
    "V and what follows it: the scalability structure; None if V is 0."

    def encode(self) -> bytes:
        """Writes the bytes in front of the payload."""
        bits = (
            self.picture_id is not None,
            self.inter_picture,
            self.layer is not None,
            self.is_flexible,
            self.begins_frame,
            self.ends_frame,
            self.structure is not None,
            self.is_discardable,
        )
        out = bytearray([sum(bit << 7 - place for place, bit in enumerate(bits))])
        if self.picture_id is not None:
            length = 1 if self.is_short else 2
            out += (self.picture_id | (0 if self.is_short else 0x8000)).to_bytes(length, "big")
        if (layer := self.layer) is not None:
            out.append(
                layer.temporal << 5
                | layer.switching_up << 4
                | layer.spatial << 1
                | layer.inter_layer
            )
            if self.tl0_picture_index is not None:
                out.append(self.tl0_picture_index)
        last = len(self.references) - 1
        out += bytes(step << 1 | (place < last) for place, step in enumerate(self.references))
        return bytes(out) + (self.structure.encode() if self.structure is not None else b"")


class _Bytes:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def take(self, what: str) -> int:
        if self.at >= len(self._data):
            raise ValueError(f"a VP9 payload descriptor is cut off before its {what}")
        self.at += 1
        return self._data[self.at - 1]

    def take_pair(self, what: str) -> int:
        return self.take(what) << 8 | self.take(what)


def parse_descriptor(payload: bytes) -> tuple[Descriptor, int]:
    """Reads (the descriptor, its length in bytes). Raises ValueError for a malformed one."""
    data = _Bytes(payload)
    # I, P, L, F, B, E, V and Z, from the highest bit on (section 4.2).
    bits = data.take("first byte")
    has_id, inter, has_layer, flexible, begins, ends, has_structure, discardable = (
        bool(bits >> place & 1) for place in range(7, -1, -1)
    )
    if flexible and not has_id:
        raise ValueError("a VP9 payload descriptor of flexible mode has no picture ID")
    picture_id, is_short = _parse_picture_id(data) if has_id else (None, False)
    layer = _parse_layer(data) if has_layer else None
    # Flexible mode names its references, and has no such index.
    index = data.take("TL0PICIDX") if layer is not None and not flexible else None
    references = _parse_references(data) if inter and flexible else ()
    structure = _parse_structure(data) if has_structure else None
    descriptor = Descriptor(
        picture_id=picture_id,
        is_short=is_short,
        inter_picture=inter,
        begins_frame=begins,
        ends_frame=ends,
        is_discardable=discardable,
        layer=layer,
        tl0_picture_index=index,
        is_flexible=flexible,
        references=references,
        structure=structure,
    )
    return descriptor, data.at


def _parse_picture_id(data: _Bytes) -> tuple[int, bool]:
    first = data.take("picture ID")
    if not first & 0x80:
        return first, True
    return (first & 0x7F) << 8 | data.take("picture ID"), False


def _parse_layer(data: _Bytes) -> Layer:
    byte = data.take("layer indices")
    layer = Layer(byte >> 5, byte >> 1 & 7, bool(byte >> 4 & 1), bool(byte & 1))
    if layer.inter_layer and layer.spatial == 0:
        raise ValueError("a VP9 payload descriptor has a layer predicted from one below the lowest")
    return layer


def _parse_references(data: _Bytes) -> tuple[int, ...]:
    found: list[int] = []
    more = 1
    while more:
        if len(found) == MAX_REFERENCES:
            raise ValueError("a VP9 payload descriptor names more than 3 references")
        byte = data.take("references")
        found.append(byte >> 1)
        # N, the lowest bit, says that another reference follows.
        more = byte & 1
    return tuple(found)


def _parse_structure(data: _Bytes) -> Structure:
    what = "scalability structure"
    byte = data.take(what)
    layers = (byte >> 5) + 1
    sizes: tuple[tuple[int, int], ...] = ()
    if byte >> 4 & 1:
        sizes = tuple((data.take_pair(what), data.take_pair(what)) for _ in range(layers))
    group: tuple[GroupPicture, ...] | None = None
    if byte >> 3 & 1:
        group = tuple(_parse_picture(data, what) for _ in range(data.take(what)))
    return Structure(layers, sizes, group)


def _parse_picture(data: _Bytes, what: str) -> GroupPicture:
    byte = data.take(what)
    references = tuple(data.take(what) for _ in range(byte >> 2 & 3))
    return GroupPicture(byte >> 5, bool(byte >> 4 & 1), references)
