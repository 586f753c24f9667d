"""The file in which a recorder keeps the access units of a stream and of its rendition."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Iterator
from pathlib import Path

from media.access_unit import AccessUnit
from wire.batch import Batch, encode_batch, parse_batch

_HEAD = struct.Struct(">BQI")

SOURCE_LOG, ENHANCED_LOG = 0, 1


@dataclasses.dataclass(frozen=True, slots=True)
class Received:
    """One video unit, and when the recorder read it from its log."""

    log: int
    received_us: int
    unit: AccessUnit

    @property
    def age_ms(self) -> float:
        """Time from the arrival of its first packet at the server to the read."""
        return (self.received_us - self.unit.arrival_us) / 1000


def encode(received: Received) -> bytes:
    """Returns the bytes of an entry of the file."""
    batch = encode_batch(Batch(1, (received.unit,)))
    return _HEAD.pack(received.log, received.received_us, len(batch)) + batch


def load(path: Path) -> Iterator[Received]:
    """Reads a file, without an entry at its end that is not whole."""
    data = path.read_bytes() if path.exists() else b""
    at = 0
    while len(data) - at >= _HEAD.size:
        log, received_us, size = _HEAD.unpack_from(data, at)
        at += _HEAD.size
        if len(data) - at < size:
            return
        yield Received(log, received_us, parse_batch(data[at : at + size]).units[0])
        at += size
