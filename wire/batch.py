"""The frame batch: 1..256 consecutive access units in one log entry.

``parse_batch`` and ``encode_batch`` are inverse to each other; every number is big-endian. The
layout, the limits and the reason for every rejection are in ``PROTOCOL.md`` section 2.
"""

from __future__ import annotations

import dataclasses
import struct

from media.access_unit import AccessUnit, Checkpoint, Flags, Kind
from media.codec import Codec
from media.codec_table import TABLE
from media.limits import MAX_SIDE
from media.treatment import MAX_NET_NAME, Treatment
from wire.errors import BadBatch

# Every length in a batch is bounded, so that a damaged or hostile entry costs a reader no more
# memory than the entry itself. The bounds are part of the protocol: a larger one is a new version
# of it.
MAGIC = b"SCFB"
VERSION = 3
MAX_UNITS = 256
# The three limits below are bytes of a unit, bytes of a batch and stamps of a unit.
MAX_PAYLOAD = 4 * 1024 * 1024
MAX_BATCH = 16 * 1024 * 1024
MAX_STAMPS = 16
# Ticks per second: RTP gives video 90,000 and Opus 48,000.
MAX_CLOCK_RATE = 192_000

# `>` also switches off the padding of C structs, so the sizes are 20, 46 and 9 bytes as in the
# tables of PROTOCOL.md section 2.
_HEADER = struct.Struct(">4sBBHIQ")
_UNIT = struct.Struct(">BBBBHHIIqqqIBB")
_STAMP = struct.Struct(">Bq")
_UNSIGNED_32 = 0xFFFFFFFF
_MIN_INT64, _MAX_INT64 = -(2**63), 2**63 - 1


_ALL_FLAGS = int(Flags.KEY | Flags.BYPASS | Flags.DISCONTINUITY)

# Looking a member up takes a tenth of what calling its class does, and each unit has a dozen.
_KINDS = {int(kind): kind for kind in Kind}
_CODECS = {int(codec): codec for codec in Codec}
_FLAGS = {number: Flags(number) for number in range(_ALL_FLAGS + 1)}
_KIND_OF = {each.codec: Kind[each.kind.upper()] for each in TABLE}
_STAGES = {int(stage): stage for stage in Checkpoint}
_TREATMENTS = {int(treatment): treatment for treatment in Treatment}


def is_repeated(sequence: int, last: int | None) -> bool:
    """True for the number of a unit that a reader of the same epoch had before (modulo 2^32)."""
    # The difference lies in the upper half of the circle if the number is `last` or up to 2^31
    # behind it, also where the numbers wrapped around in between.
    return last is not None and (sequence - last - 1) & _UNSIGNED_32 >= 2**31


@dataclasses.dataclass(frozen=True, slots=True)
class Batch:
    """The content of one log entry."""

    epoch: int
    "The writer's epoch, the publisher's or the lead's; grows, never returns."
    units: tuple[AccessUnit, ...]

    @property
    def has_key_frame(self) -> bool:
        """True if a decoder can start at one of its video units."""
        return any(unit.kind is Kind.VIDEO and unit.is_key for unit in self.units)


def _check_unit(unit: AccessUnit) -> None:
    if _KIND_OF[unit.codec] is not unit.kind:
        raise BadBatch(f"codec {unit.codec.name} cannot be {unit.kind.name.lower()}")
    if not 1 <= unit.clock_rate <= MAX_CLOCK_RATE:
        raise BadBatch(f"clock rate {unit.clock_rate} is not within 1..{MAX_CLOCK_RATE}")
    if not (0 <= unit.width <= MAX_SIDE and 0 <= unit.height <= MAX_SIDE):
        raise BadBatch(f"size {unit.width}x{unit.height} is over {MAX_SIDE} on a side")
    if not 1 <= len(unit.payload) <= MAX_PAYLOAD:
        raise BadBatch(f"payload of {len(unit.payload)} bytes is not within 1..{MAX_PAYLOAD}")
    if len(unit.stamps) > MAX_STAMPS:
        raise BadBatch(f"{len(unit.stamps)} stamps are more than {MAX_STAMPS}")
    if len(unit.net) > MAX_NET_NAME or not unit.net.isascii():
        raise BadBatch(f"net {unit.net[:MAX_NET_NAME]!r} is not up to {MAX_NET_NAME} of ASCII")


def _check_numbers(unit: AccessUnit) -> None:
    """Checks the numbers that cannot be wrong in a unit that came as bytes."""
    if int(unit.flags) & ~_ALL_FLAGS:
        raise BadBatch(f"unit flags {int(unit.flags):#x} are not known")
    times = [unit.pts, unit.capture_us, unit.arrival_us, *[at_us for _, at_us in unit.stamps]]
    if min(times) < _MIN_INT64 or max(times) > _MAX_INT64:
        raise BadBatch("a time does not fit in 64 bits")


def encode_batch(batch: Batch) -> bytes:
    """Encodes a batch. Raises BadBatch for what ``parse_batch`` would refuse."""
    if not 1 <= len(batch.units) <= MAX_UNITS:
        raise BadBatch(f"{len(batch.units)} units are not within 1..{MAX_UNITS}")
    if not 0 <= batch.epoch < 2**64:
        raise BadBatch(f"epoch {batch.epoch} does not fit in 64 bits")
    # The header comes first but holds the length of all, so its place is filled at the end.
    parts: list[bytes] = [b""]
    for unit in batch.units:
        _check_unit(unit)
        _check_numbers(unit)
        parts.append(
            _UNIT.pack(
                unit.kind,
                unit.codec,
                unit.flags,
                len(unit.stamps),
                unit.width,
                unit.height,
                unit.sequence & _UNSIGNED_32,
                unit.clock_rate,
                unit.pts,
                unit.capture_us,
                unit.arrival_us,
                len(unit.payload),
                unit.treatment,
                len(unit.net),
            )
        )
        parts.extend(_STAMP.pack(stage, at_us) for stage, at_us in unit.stamps)
        parts.append(unit.net.encode("ascii"))
        parts.append(unit.payload)
    length = _HEADER.size + sum(map(len, parts))
    if length > MAX_BATCH:
        raise BadBatch(f"a batch of {length} bytes is over {MAX_BATCH}")
    parts[0] = _HEADER.pack(MAGIC, VERSION, 0, len(batch.units), length, batch.epoch)
    return b"".join(parts)


def parse_batch(data: bytes) -> Batch:
    """Parses the batch in ``data``. Raises BadBatch with the reason for anything else."""
    if len(data) < _HEADER.size:
        raise BadBatch(f"{len(data)} bytes are shorter than the header of {_HEADER.size}")
    magic, version, reserved, count, length, epoch = _HEADER.unpack_from(data)
    if magic != MAGIC:
        raise BadBatch(f"magic is {magic!r}, not {MAGIC!r}")
    if version != VERSION:
        raise BadBatch(f"version {version} is not {VERSION}")
    if reserved:
        raise BadBatch(f"reserved flags {reserved:#x} are set")
    if length != len(data):
        raise BadBatch(f"length says {length} bytes, there are {len(data)}")
    if length > MAX_BATCH:
        raise BadBatch(f"a batch of {length} bytes is over {MAX_BATCH}")
    if not 1 <= count <= MAX_UNITS:
        raise BadBatch(f"{count} units are not within 1..{MAX_UNITS}")
    offset = _HEADER.size
    units = []
    for _ in range(count):
        unit, offset = _parse_unit(data, offset)
        units.append(unit)
    if offset != len(data):
        raise BadBatch(f"{len(data) - offset} bytes follow the last unit")
    return Batch(epoch=epoch, units=tuple(units))


def _parse_unit(data: bytes, offset: int) -> tuple[AccessUnit, int]:
    if offset + _UNIT.size > len(data):
        raise BadBatch(f"a unit header at byte {offset} is cut off")
    kind, codec, flags, stamp_count, width, height, *numbers = _UNIT.unpack_from(data, offset)
    sequence, clock_rate, pts, capture_us, arrival_us, size, treatment, net_size = numbers
    offset += _UNIT.size
    if flags & ~_ALL_FLAGS:
        raise BadBatch(f"unit flags {flags:#x} are not known")
    if stamp_count > MAX_STAMPS:
        raise BadBatch(f"{stamp_count} stamps are more than {MAX_STAMPS}")
    # A slice beyond the end would be shorter without an error, so the lengths are compared
    # beforehand.
    if offset + stamp_count * _STAMP.size + net_size + size > len(data):
        raise BadBatch(f"a unit of {size} bytes at byte {offset} is cut off")
    stamps, offset = _parse_stamps(data, offset, stamp_count)
    net, offset = _parse_net(data, offset, net_size)
    try:
        unit = AccessUnit(
            kind=_KINDS[kind],
            codec=_CODECS[codec],
            flags=_FLAGS[flags],
            sequence=sequence,
            pts=pts,
            clock_rate=clock_rate,
            capture_us=capture_us,
            arrival_us=arrival_us,
            payload=data[offset : offset + size],
            width=width,
            height=height,
            stamps=stamps,
            treatment=_TREATMENTS[treatment],
            net=net,
        )
    except KeyError as error:
        what = f"kind {kind}, codec {codec} or treatment {treatment}"
        raise BadBatch(f"{what} is not known") from error
    _check_unit(unit)
    return unit, offset + size


def _parse_stamps(
    data: bytes, offset: int, count: int
) -> tuple[tuple[tuple[Checkpoint, int], ...], int]:
    stamps = []
    for _ in range(count):
        stage, at_us = _STAMP.unpack_from(data, offset)
        offset += _STAMP.size
        try:
            stamps.append((_STAGES[stage], at_us))
        except KeyError as error:
            raise BadBatch(f"stage {stage} is not known") from error
    return tuple(stamps), offset


def _parse_net(data: bytes, offset: int, size: int) -> tuple[str, int]:
    # Most units of the source and all of sound have none.
    if not size:
        return "", offset
    try:
        return data[offset : offset + size].decode("ascii"), offset + size
    except UnicodeDecodeError as error:
        raise BadBatch("the name of a net is not ASCII") from error
