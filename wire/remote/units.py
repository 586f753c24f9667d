"""The content of messages that carry frame batches between gateway and device.

A batch is cut into parts that fit into messages: flags u8 (1: more parts follow), turn u16 (times
that the log was emptied before it, modulo 65536), then bytes of an entry (to the device: id of two
u64, then the batch) or of a batch (to the gateway). All numbers are big-endian.
"""

from __future__ import annotations

import re
import struct

from wire.batch import Batch, encode_batch, parse_batch
from wire.errors import BadBatch
from wire.log import Entry

SOURCE_UNITS = 1
"""Kind of a message with a part of an entry of a source log, to the device."""

RENDITION_UNITS = 2
"""Kind of a message with a part of a batch of a rendition, to the gateway."""

UNIT_S = 0.3
"""Time that a batch may take from one site to the other: two round trips of 100 ms and a little."""

REPLAY_S = 2.0
"""The same for what is replayed from the last key frame, which is sent at once."""

PATIENCE_S = 0.15
"""Time that a batch waits for a missing one before it: the link has asked for that again within 50
ms, and a round trip of 100 ms later it is there or lost."""

PART_BYTES = 120 * 1024
"""Bytes in one message: half of what one may have, so that parity finds space in it too."""

MAX_JOINED_BYTES = 4_500_000
"""Bytes of parts that are joined; a unit has at most 4 MiB (``wire/batch.py``)."""

_HEAD = struct.Struct(">BH")
_MORE = 1
_ID = struct.Struct(">QQ")
_ENTRY_ID = re.compile(r"(\d{1,19})-(\d{1,19})\Z")


def cut(content: bytes, turn: int = 0) -> list[bytes]:
    """Returns the parts of an entry or a batch, in order."""
    cuts = range(0, max(1, len(content)), PART_BYTES)
    return [
        _HEAD.pack(0 if at == cuts[-1] else _MORE, turn) + content[at : at + PART_BYTES]
        for at in cuts
    ]


class Joiner:
    """Joins the parts of one lane, which come in order."""

    def __init__(self) -> None:
        self._begun = bytearray()

    def add(self, part: bytes) -> tuple[int, bytes] | None:
        """Takes a part; returns turn and content once they are whole. Raises BadBatch."""
        if len(part) < _HEAD.size:
            raise BadBatch(f"a part of {len(part)} bytes has no head")
        flags, turn = _HEAD.unpack_from(part)
        self._begun += part[_HEAD.size :]
        if len(self._begun) > MAX_JOINED_BYTES:
            self.reset()
            raise BadBatch(f"parts of more than {MAX_JOINED_BYTES} bytes")
        if flags & _MORE:
            return None
        content = bytes(self._begun)
        self.reset()
        return turn, content

    def reset(self) -> None:
        """Forgets parts, since one of them was lost."""
        self._begun.clear()


def encode_entry(entry: Entry) -> bytes:
    """Returns an entry of a log: its id in 16 bytes, then the batch."""
    match = _ENTRY_ID.match(entry.id)
    if match is None:
        raise BadBatch(f"{entry.id!r} is no id of an entry")
    return _ID.pack(int(match[1]), int(match[2])) + encode_batch(entry.batch)


def parse_entry(data: bytes) -> Entry:
    """Reads an entry. Raises BadBatch."""
    if len(data) < _ID.size:
        raise BadBatch(f"an entry of {len(data)} bytes has no id")
    first, second = _ID.unpack_from(data)
    return Entry(id=f"{first}-{second}", batch=parse_batch(data[_ID.size :]))


def encode_units(batch: Batch) -> bytes:
    """Returns a batch of a rendition."""
    return encode_batch(batch)


def parse_units(data: bytes) -> Batch:
    """Reads a batch of a rendition. Raises BadBatch."""
    return parse_batch(data)
