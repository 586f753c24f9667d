"""MP4 files of recorded streams: CMAF fragments behind a head, and an index at the end; no I/O.

The index (``sidx``, ISO/IEC 14496-12 section 8.16.3) stands in the head, in place of a ``free`` box
of the same size, so that a browser has the length and all places with its first request.
"""

from __future__ import annotations

import dataclasses
import itertools
import struct
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from media.access_unit import Kind
from media.cmaf import fragments, sample_entries
from media.cmaf.boxes import box, full_box
from media.cmaf.tracks import TrackFormat, format_of, init_segment, sample_of
from media.codec import Codec
from media.container import (
    MAX_TIME_US,
    RESERVED_BYTES,
    FragmentPlace,
    Patch,
    PlacedUnit,
    Scan,
    Tracks,
    thinned,
)

_VIDEO, _AUDIO = 1, 2
"""Numbers of the tracks."""

_VIDEO_RATE, _AUDIO_RATE = 90_000, 48_000
_RATES = {_VIDEO: _VIDEO_RATE, _AUDIO: _AUDIO_RATE}

MAX_REFERENCES = 1_200
"""Places in the index; one takes 12 bytes of the space that is reserved."""

MAX_MOOF_BYTES = 2**20
"""The head of a fragment of two seconds has some kilobytes; more is damage."""

_MAX_REFERENCE_BYTES, _MAX_REFERENCE_TICKS = 2**31 - 1, 2**32 - 1
"""The fields of a reference have 31 and 32 bits."""

_IS_SYNC = 0x01000000
_SAP_TYPE_1 = 0x90000000
"""A reference that begins with a picture from which all can be shown (type 1)."""


class Mp4:
    """The format, for files whose pictures have a place in CMAF."""

    suffix = ".mp4"
    media_type = "video/mp4"

    def head(self, tracks: Tracks) -> bytes:
        """Returns the beginning of a file. Raises Unpackable."""
        formats = [format_of(tracks.key_frame)]
        if tracks.has_audio:
            entry, name = sample_entries.opus()
            formats.append(TrackFormat(Kind.AUDIO, Codec.OPUS, name, _AUDIO_RATE, entry))
        return init_segment(formats) + box(b"free", bytes(RESERVED_BYTES))

    def fragment(self, samples: Sequence[PlacedUnit], *, number: int) -> bytes:
        """Returns one fragment. Raises Unpackable for a unit that is damaged."""
        runs = [
            fragments.Run(track, _run(samples, kind, _RATES[track]))
            for track, kind in ((_VIDEO, Kind.VIDEO), (_AUDIO, Kind.AUDIO))
        ]
        return fragments.fragment(number, runs)

    def scan(self, file: BinaryIO) -> Scan:
        """Reads the places of all whole fragments.

        Raises ValueError for a file of another kind, and for a fragment that is damaged.
        """
        size = file.seek(0, 2)
        places, at, end_us, begin = [], 0, 0, -1
        moof = b""
        while (found := _read_box(file, at)) is not None and found.end <= size:
            if at == 0 and found.kind != b"ftyp":
                raise ValueError("it does not begin as an MP4 file")
            if found.kind == b"moof":
                if found.end - at > MAX_MOOF_BYTES:
                    break
                begin = at
                file.seek(at)
                moof = file.read(found.end - at)
            elif found.kind == b"mdat" and begin >= 0:
                place, fragment_end_us = _facts(moof, begin)
                places.append(place)
                end_us = max(end_us, fragment_end_us)
                begin = -1
            at = found.end
        if not at:
            raise ValueError("it does not begin as an MP4 file")
        # A moof whose mdat is missing is a part of a fragment.
        return Scan(tuple(places), end_us, at if begin < 0 else begin)

    def patches(self, head: bytes, found: Scan) -> list[Patch]:
        """Returns the index. Raises ValueError for a head of another kind."""
        if head[4:8] != b"ftyp":
            raise ValueError("it does not begin as an MP4 file")
        begin, space = -1, 0
        for each in _boxes(head, 0, len(head)):
            if each.kind in (b"free", b"sidx"):
                begin = each.begin if begin < 0 else begin
                space = each.end - begin
            elif each.kind == b"moof":
                break
        if space < RESERVED_BYTES or not found.places:
            return []
        return [Patch(begin, _index(found, begin + space, space))]


@dataclasses.dataclass(frozen=True, slots=True)
class _Box:
    kind: bytes
    begin: int
    end: int

    @property
    def body(self) -> int:
        return self.begin + 8


def _run(samples: Sequence[PlacedUnit], kind: Kind, rate: int) -> list[fragments.Sample]:
    made: list[fragments.Sample] = []
    for sample in samples:
        if sample.unit.kind is kind:
            time = round(sample.time_us * rate / 1_000_000)
            # Two pictures may have one time stamp, and a run takes none twice.
            time = max(time, made[-1].time + 1) if made else time
            duration = max(1, round(sample.duration_us * rate / 1_000_000))
            offset = round(sample.offset_us * rate / 1_000_000)
            data = sample_of(sample.unit)
            made.append(fragments.Sample(data, time, duration, offset, sample.unit.is_key))
    return made


def _read_box(file: BinaryIO, at: int) -> _Box | None:
    """Reads the head of the box at an offset; None at the end, or where damage begins."""
    file.seek(at)
    head = file.read(8)
    if len(head) < 8:
        return None
    size = int.from_bytes(head[:4], "big")
    return _Box(head[4:], at, at + size) if size >= 8 else None


def _boxes(data: bytes, begin: int, end: int) -> Iterator[_Box]:
    """Yields the boxes of a body, up to one that is cut off."""
    while begin + 8 <= end:
        size = int.from_bytes(data[begin : begin + 4], "big")
        if size < 8:
            return
        yield _Box(data[begin + 4 : begin + 8], begin, begin + size)
        begin += size


def _facts(moof: bytes, at: int) -> tuple[FragmentPlace, int]:
    """Returns the place of a fragment, and the time of its end in us."""
    begin_us, end_us, is_key, has_video = 0, 0, False, False
    for traf in _boxes(moof, 8, len(moof)):
        if traf.kind != b"traf":
            continue
        parts = {part.kind: part.body for part in _boxes(moof, traf.body, traf.end)}
        try:
            (track,) = struct.unpack_from(">I", moof, parts[b"tfhd"] + 4)
            (time,) = struct.unpack_from(">Q", moof, parts[b"tfdt"] + 4)
            length, first_flags = _length(moof, parts[b"trun"])
        except (KeyError, struct.error) as error:
            raise ValueError(f"the fragment at byte {at} is damaged") from error
        us_of = 1_000_000 / _RATES.get(track, _VIDEO_RATE)
        end_us = max(end_us, round((time + length) * us_of))
        if track == _VIDEO or not has_video:
            begin_us = round(time * us_of)
        if track == _VIDEO:
            has_video, is_key = True, not first_flags & 0x00010000
    if end_us > MAX_TIME_US:
        raise ValueError(f"the fragment at byte {at} has no time that can be")
    return FragmentPlace(at, begin_us, is_key), end_us


def _length(moof: bytes, run: int) -> tuple[int, int]:
    """Returns the ticks of all samples of a run, and the flags of the first."""
    flags, count = struct.unpack_from(">II", moof, run)
    # Duration, size and flags are always there, offsets only with B-frames.
    size = 16 if flags & 0x800 else 12
    table = [struct.unpack_from(">III", moof, run + 12 + size * n) for n in range(count)]
    return sum(row[0] for row in table), table[0][2] if table else _IS_SYNC


def _index(found: Scan, end: int, space: int) -> bytes:
    """Returns the index in exactly ``space`` bytes, which end at the offset ``end``.

    Where a reference would be longer than its field holds (2 GiB, 13 hours without a key frame),
    nothing stands in its place: players find their way without it, but not by a wrong one.
    """
    starts = thinned(found.places, MAX_REFERENCES) or list(found.places[:1])
    # All bytes of the fragments belong to some reference.
    offsets = [found.places[0].offset, *(place.offset for place in starts[1:]), found.size]
    times = [_ticks(place.time_us) for place in starts] + [_ticks(found.end_us)]
    sizes = [after - before for before, after in itertools.pairwise(offsets)]
    durations = [max(1, later - sooner) for sooner, later in itertools.pairwise(times)]
    if max(sizes) > _MAX_REFERENCE_BYTES or max(durations) > _MAX_REFERENCE_TICKS:
        return box(b"free", bytes(space - 8))
    rows = [
        struct.pack(">III", size, duration, _SAP_TYPE_1)
        for size, duration in zip(sizes, durations, strict=True)
    ]
    left = space - (12 + 28 + 12 * len(rows))
    facts = struct.pack(">IIQQHH", _VIDEO, _VIDEO_RATE, times[0], left, 0, len(rows))
    return full_box(b"sidx", 1, 0, facts, *rows) + box(b"free", bytes(left - 8))


def _ticks(time_us: int) -> int:
    return round(time_us * _VIDEO_RATE / 1_000_000)
