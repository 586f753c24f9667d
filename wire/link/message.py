"""A message of a link, which has a deadline, and its form in bytes."""

from __future__ import annotations

import dataclasses
import struct

from wire.errors import BadMessage

MAX_CONTENT_BYTES = 240 * 1024
"""A key frame of 1080p at 8 Mbit/s has up to 150 kB; 255 stripes hold a little more than this."""

_HEAD = struct.Struct(">BHHBH")
HEAD_BYTES = _HEAD.size


@dataclasses.dataclass(frozen=True, slots=True)
class Message:
    """One unit of work or media that is worth nothing after its deadline."""

    kind: int
    """Number of the kind of content, 0..255; the link does not look at it."""
    lane: int
    """Messages of one kind and lane have an order, 0..65535."""
    serial: int
    """Place in the lane, modulo 65536."""
    content: bytes
    """Bytes, at most ``MAX_CONTENT_BYTES``."""
    is_precious: bool = dataclasses.field(default=False, compare=False)
    """True if much more than itself is worth nothing without it, as what follows a coded picture.
    Not sent.
    """


def encode_body(message: Message) -> bytes:
    """Returns the bytes that are cut into stripes. Raises ValueError beyond the limits."""
    size = len(message.content)
    if size > MAX_CONTENT_BYTES:
        raise ValueError(f"a message has at most {MAX_CONTENT_BYTES} bytes, this one has {size}")
    head = _HEAD.pack(message.kind, message.lane, message.serial, size >> 16, size & 0xFFFF)
    return head + message.content


def parse_body(body: bytes) -> Message:
    """Reads joined stripes, padding included. Raises BadMessage."""
    if len(body) < HEAD_BYTES:
        raise BadMessage(f"a message of {len(body)} bytes has no head")
    kind, lane, serial, high, low = _HEAD.unpack_from(body)
    size = high << 16 | low
    if size > len(body) - HEAD_BYTES:
        raise BadMessage(f"a message says {size} bytes and has {len(body) - HEAD_BYTES}")
    return Message(kind, lane, serial, body[HEAD_BYTES : HEAD_BYTES + size])
