"""One H.264 stream as decoders need it: each picture's parameter sets known, and put where a
decoder may start.

Senders put them before every key frame, before the first one only, or into the SDP only
(RFC 6184 section 8.1, sprop-parameter-sets). Joining viewers, workers that wake and workers that
take over start at any key frame.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import re
from collections.abc import Iterator

from media.h264_parameter_sets import (
    Pps,
    SliceHead,
    Sps,
    has_recovery_point,
    parse_pps,
    parse_slice,
    parse_sps,
)
from media.limits import MAX_NALS, MAX_PREFIX_BYTES, MAX_SLICES

MAX_PPS = 32
"""Picture parameter sets kept; the one sent longest ago goes first."""

MAX_SETS = 16
"""Parameter sets in one unit that differ from those known; encoders send two to five."""

_SLICES_READ = 8
"""Slice headers read in a unit; all of a picture have the same sequence parameter set."""

_SLICE, _PARTITION_A, _IDR, _SEI, _SPS, _PPS, _DELIMITER = 1, 2, 5, 6, 7, 8, 9
_SLICES = (_SLICE, _PARTITION_A, _IDR)
_START = b"\x00\x00\x00\x01"
_I_SLICES = (2, 4)
_B_SLICE = 1
_SPROP = re.compile(r"sprop-parameter-sets=([A-Za-z0-9+/=,]{1,8192})")


class TooManyParts(ValueError):
    """The access unit has more NAL units, slices or parameter sets than any encoder makes."""


@dataclasses.dataclass(frozen=True, slots=True)
class PictureHead:
    """Properties of a picture, read from the heads of its NAL units."""

    has_slice: bool
    is_idr: bool = False
    is_start: bool = False
    "Decoding can start here though it is no IDR: a recovery point, or an I picture with an SPS."
    is_whole: bool = True
    "Its first slice is the picture's first; else what came before it was lost."
    has_b: bool = False
    width: int = 0
    "Luma samples; 0 where the parameter sets are not known."
    height: int = 0
    missing: tuple[bytes, ...] = ()
    "Parameter sets that its pictures need, are known, and do not stand in it."


def nal_units(data: bytes, *, most: int | None = None) -> Iterator[bytes]:
    """Splits an Annex B stream into its NAL units, without start codes (H.264 annex B.1).

    Raises TooManyParts after ``most`` start codes.
    """
    start, count = data.find(b"\x00\x00\x01"), 0
    while start >= 0:
        start, count = start + 3, count + 1
        if most is not None and count > most:
            raise TooManyParts
        end = data.find(b"\x00\x00\x01", start)
        # Zeros in front of a start code belong to it or are padding (annex B.1), never to the unit.
        unit = data[start:] if end < 0 else data[start:end].rstrip(b"\x00")
        if unit:
            yield unit
        start = end


def has_slice(data: bytes) -> bool:
    """True if the unit has a part of a picture; else it belongs to the next one."""
    at = data.find(b"\x00\x00\x01", 0, MAX_PREFIX_BYTES)
    for _ in range(MAX_NALS):
        if at < 0 or at + 3 >= len(data):
            return len(data) > MAX_PREFIX_BYTES
        if 1 <= data[at + 3] & 0x1F <= _IDR:
            return True
        at = data.find(b"\x00\x00\x01", at + 3, MAX_PREFIX_BYTES)
    return True  # and refused for its number of parts


class H264Stream:
    """Follows one stream's parameter sets. Work and memory are bounded."""

    def __init__(self) -> None:
        self._sps: dict[int, Sps] = {}
        self._pps: dict[int, Pps] = {}

    def learn(self, fmtp: str) -> None:
        """Takes the parameter sets that an SDP's format parameters hold; damaged ones are left."""
        match = _SPROP.search(fmtp)
        for text in match[1].split(",")[:MAX_SETS] if match else ():
            try:
                self._take(base64.b64decode(text, validate=True))
            except (binascii.Error, ValueError, IndexError):
                continue

    def read(self, data: bytes) -> PictureHead:
        """Reads the heads of one access unit. Raises TooManyParts."""
        slices: list[SliceHead | None] = []
        own: set[bytes] = set()
        is_idr = recovers = sends_sps = False
        for number, nal in enumerate(nal_units(data, most=MAX_NALS)):
            kind = nal[0] & 0x1F
            if kind in _SLICES:
                slices.append(_slice(nal) if len(slices) < _SLICES_READ else None)
                is_idr = is_idr or kind == _IDR
            elif kind in (_SPS, _PPS):
                sends_sps = sends_sps or kind == _SPS
                self._take_sent(nal, own)
            elif kind == _SEI:
                recovers = recovers or (number < _SLICES_READ and has_recovery_point(nal))
            if len(slices) > MAX_SLICES or len(own) > MAX_SETS:
                raise TooManyParts
        heads = [head for head in slices if head is not None]
        is_intra = bool(heads) and all(head.kind in _I_SLICES for head in heads)
        width, height = self._size(heads)
        return PictureHead(
            has_slice=bool(slices),
            is_idr=is_idr,
            # FFmpeg starts at both, so workers do too.
            is_start=bool(slices) and (recovers or (sends_sps and is_intra)),
            is_whole=bool(heads) and heads[0].first_mb == 0,
            has_b=any(head.kind == _B_SLICE for head in heads),
            width=width,
            height=height,
            missing=tuple(nal for nal in self._needed(heads) if nal not in own),
        )

    def newest_size(self) -> tuple[int, int]:
        """Returns the size in the last sequence parameter set that came; zeros before the first."""
        newest = next(reversed(self._sps.values()), None)
        return (newest.width, newest.height) if newest else (0, 0)

    def _take_sent(self, nal: bytes, own: set[bytes]) -> None:
        # The same set again, before each slice for example, is no further set.
        if nal in own:
            return
        own.add(nal)
        try:
            self._take(nal)
        except (IndexError, ValueError):
            return  # the decoder refuses it too, or is told the limit itself

    def _take(self, nal: bytes) -> None:
        kind = nal[0] & 0x1F
        if kind == _SPS:
            if any(sps.nal == nal for sps in self._sps.values()):
                return
            sps = parse_sps(nal)
            # Put in at the end again, so that the newest set is the last one.
            self._sps.pop(sps.id, None)
            self._sps[sps.id] = sps
        elif kind == _PPS:
            pps = parse_pps(nal)
            self._pps.pop(pps.id, None)
            self._pps[pps.id] = pps
            while len(self._pps) > MAX_PPS:
                del self._pps[next(iter(self._pps))]

    def _sps_of(self, head: SliceHead) -> Sps | None:
        pps = self._pps.get(head.pps)
        return self._sps.get(pps.sps) if pps is not None else None

    def _size(self, heads: list[SliceHead]) -> tuple[int, int]:
        """Returns the largest size of a slice; zeros if the parameter sets of one are unknown."""
        found = [self._sps_of(head) for head in heads]
        sizes = [(sps.width, sps.height) for sps in found if sps is not None]
        if not sizes or len(sizes) < len(found):
            return 0, 0
        return max(sizes, key=lambda size: size[0] * size[1])

    def _needed(self, heads: list[SliceHead]) -> list[bytes]:
        """Returns the sequence parameter sets of the slices, with all picture parameter sets of
        theirs, which later pictures may need.
        """
        used = {sps.id: sps.nal for head in heads if (sps := self._sps_of(head)) is not None}
        return [*used.values(), *(pps.nal for pps in self._pps.values() if pps.sps in used)]


def _slice(nal: bytes) -> SliceHead | None:
    try:
        return parse_slice(nal)
    except (IndexError, ValueError):
        return None


def with_sets(data: bytes, sets: tuple[bytes, ...]) -> bytes:
    """Puts parameter sets in front of the unit, behind its delimiter (section 7.4.1.2.3)."""
    if not sets:
        return data
    start = data.find(b"\x00\x00\x01")
    if start >= 0 and data[start + 3 : start + 4] and data[start + 3] & 0x1F == _DELIMITER:
        end = data.find(b"\x00\x00\x01", start + 3)
        end = end if end >= 0 else len(data)
        # The first zero of a start code of four bytes belongs to the unit behind.
        end -= end > 0 and data[end - 1] == 0
        head, rest = data[:end], data[end:]
    else:
        head, rest = b"", data
    return head + b"".join(_START + nal for nal in sets) + rest
