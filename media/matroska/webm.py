"""WebM files of VP8 or VP9 with Opus: head, clusters, and the index at the end; no I/O.

A fragment is one cluster (RFC 9559 section 5.1.3), or two behind a pause of the pictures. The
length stands in ``Duration`` and the index in ``Cues``, both in the head, where a browser has them
with its first request.
"""

from __future__ import annotations

import contextlib
import dataclasses
import heapq
import struct
from collections.abc import Sequence
from typing import BinaryIO

from media.access_unit import Kind
from media.codec import Codec
from media.container import (
    MAX_HEAD_BYTES,
    MAX_TIME_US,
    RESERVED_BYTES,
    FragmentPlace,
    Patch,
    PlacedUnit,
    Scan,
    Tracks,
    thinned,
)
from media.matroska.ebml import (
    MAX_HEAD,
    UNKNOWN_SIZE,
    Element,
    children,
    double,
    element,
    encode_id,
    number_of,
    read_element,
    unsigned,
    void,
)

CODEC_IDS = {Codec.VP8: "V_VP8", Codec.VP9: "V_VP9"}
"""Codecs of pictures that a WebM file can hold."""

_EBML, _SEGMENT, _INFO, _TRACKS, _CUES, _CLUSTER = (
    0x1A45DFA3,
    0x18538067,
    0x1549A966,
    0x1654AE6B,
    0x1C53BB6B,
    0x1F43B675,
)
_DURATION, _TIMESTAMP, _SIMPLE_BLOCK, _VOID = 0x4489, 0xE7, 0xA3, 0xEC
_VIDEO, _AUDIO = 1, 2
"""Numbers of the tracks."""

_DURATION_BYTES = len(double(_DURATION, 0.0))
_US_PER_MS = 1000
_EPOCH_2001_US = 978_307_200_000_000
"""Unix time in us from which ``DateUTC`` counts."""

MAX_CUES = 700
"""Places in the index; one takes 22 bytes at most of the space that is reserved."""

MAX_CLUSTER_MS = 5_000
"""Length of a cluster at most: blocks count from its beginning in 16 bits with a sign, 32.7 s. A
picture that was shown for longer has a cluster of its own."""
_MAX_CLUSTER_US = MAX_CLUSTER_MS * _US_PER_MS

MAX_CLUSTER_BYTES = 32 * 2**20
"""A fragment has no more than waits for the disk, 24 MiB; more is damage."""

_LATE_CLUSTERS = 8
"""Clusters that are read for the end of a file. The last one may hold a picture that was shown long
before the last sound."""

_PEEK_BYTES = 4096
"""Bytes of a cluster that hold its time and the heads of its blocks up to the first picture. Sound
that stands before it was captured within a tenth of a second."""


class Webm:
    """The format, for files whose pictures are in one of ``CODEC_IDS``."""

    suffix = ".webm"
    media_type = "video/webm"

    def head(self, tracks: Tracks) -> bytes:
        """Returns the beginning of a file."""
        date = (tracks.started_us - _EPOCH_2001_US) * 1000
        info = element(
            _INFO,
            unsigned(0x2AD7B1, 1_000_000)  # TimestampScale: times are in ms
            + void(_DURATION_BYTES)
            + element(0x4461, struct.pack(">q", date))
            + element(0x4D80, b"Sharpcast")
            + element(0x5741, b"Sharpcast"),
        )
        entries = _video_track(tracks) + (_audio_track() if tracks.has_audio else b"")
        segment = info + element(_TRACKS, entries) + void(RESERVED_BYTES)
        return _ebml_head() + encode_id(_SEGMENT) + UNKNOWN_SIZE + segment

    def fragment(self, samples: Sequence[PlacedUnit], *, number: int) -> bytes:
        """Returns one cluster, or more where the samples are far apart."""
        # A picture comes behind the sound of its time, since the next one tells its duration.
        ordered = sorted(samples, key=lambda sample: sample.time_us)
        clusters: list[list[PlacedUnit]] = []
        for sample in ordered:
            if not clusters or sample.time_us - clusters[-1][0].time_us > _MAX_CLUSTER_US:
                clusters.append([])
            clusters[-1].append(sample)
        return b"".join(map(_cluster, clusters))

    def scan(self, file: BinaryIO) -> Scan:
        """Reads the places of all whole clusters.

        Raises ValueError for a file of another kind, and for a cluster that is damaged.
        """
        file.seek(0)
        head = file.read(MAX_HEAD_BYTES)
        clusters: list[tuple[FragmentPlace, Element]] = []
        at = _body_of_segment(head)
        size = file.seek(0, 2)
        while (found := _peek(file, at)) is not None:
            element_head, data = found
            if element_head.size < 0 or at + element_head.end > size:
                break
            if element_head.id == _CLUSTER:
                if element_head.size > MAX_CLUSTER_BYTES:
                    break
                clusters.append((_place(data, element_head, at), element_head))
            at += element_head.end
        return Scan(tuple(place for place, _ in clusters), _end_us(file, clusters), at)

    def patches(self, head: bytes, found: Scan) -> list[Patch]:
        """Returns length and index. Raises ValueError for a head of another kind."""
        segment, changes = _body_of_segment(head), []
        at = segment
        while (part := read_element(head, at)) is not None and part.id != _CLUSTER:
            if part.id == _INFO:
                changes += _length(head, part, found)
            elif part.id in (_VOID, _CUES):
                # Behind the index of a file that was finished before is what it left of the space.
                rest = read_element(head, part.end)
                if part.id == _CUES and rest is not None and rest.id == _VOID:
                    part = dataclasses.replace(part, size=rest.end - part.body)
                changes.append(Patch(part.begin, _cues(found, segment, part.end - part.begin)))
            at = part.end
        return changes


def _ebml_head() -> bytes:
    return element(
        _EBML,
        unsigned(0x4286, 1)  # EBMLVersion
        + unsigned(0x42F7, 1)
        + unsigned(0x42F2, 4)
        + unsigned(0x42F3, 8)
        + element(0x4282, b"webm")
        + unsigned(0x4287, 4)  # DocTypeVersion
        + unsigned(0x4285, 2),
    )


def _video_track(tracks: Tracks) -> bytes:
    unit = tracks.key_frame
    picture = unsigned(0xB0, unit.width) + unsigned(0xBA, unit.height)
    return element(
        0xAE,
        unsigned(0xD7, _VIDEO)
        + unsigned(0x73C5, _VIDEO)
        + unsigned(0x83, 1)  # TrackType: video
        + unsigned(0x9C, 0)  # FlagLacing: a block holds one frame
        + element(0x86, CODEC_IDS[unit.codec].encode())
        + element(0xE0, picture),
    )


def _audio_track() -> bytes:
    # RFC 7845 section 5.1: version, channels, samples to skip, rate, gain and mapping. Live sound
    # begins in the middle of a stream, so nothing is skipped.
    opus_head = b"OpusHead" + struct.pack("<BBHIhB", 1, 2, 0, 48_000, 0, 0)
    sound = double(0xB5, 48_000.0) + unsigned(0x9F, 2)
    return element(
        0xAE,
        unsigned(0xD7, _AUDIO)
        + unsigned(0x73C5, _AUDIO)
        + unsigned(0x83, 2)  # TrackType: audio
        + unsigned(0x9C, 0)
        + element(0x86, b"A_OPUS")
        + element(0x63A2, opus_head)
        + unsigned(0x56BB, 80_000_000)  # SeekPreRoll in ns (RFC 7845 section 4.2)
        + element(0xE1, sound),
    )


def _cluster(samples: Sequence[PlacedUnit]) -> bytes:
    first_ms = samples[0].time_us // _US_PER_MS
    blocks = b"".join(_block(sample, first_ms) for sample in samples)
    return element(_CLUSTER, unsigned(_TIMESTAMP, first_ms) + blocks)


def _block(sample: PlacedUnit, first_ms: int) -> bytes:
    track = _VIDEO if sample.unit.kind is Kind.VIDEO else _AUDIO
    after_ms = sample.time_us // _US_PER_MS - first_ms
    flags = 0x80 if sample.unit.is_key else 0
    head = struct.pack(">BhB", 0x80 | track, after_ms, flags)
    return element(_SIMPLE_BLOCK, head + sample.unit.payload)


def _body_of_segment(head: bytes) -> int:
    first = read_element(head, 0)
    if first is None or first.id != _EBML or first.size < 0:
        raise ValueError("it does not begin as a WebM file")
    segment = read_element(head, first.end)
    if segment is None or segment.id != _SEGMENT:
        raise ValueError("it has no segment")
    return segment.body


def _peek(file: BinaryIO, at: int) -> tuple[Element, bytes] | None:
    """Reads the head of the element at an offset; None at the end, or where damage begins."""
    file.seek(at)
    data = file.read(MAX_HEAD + _PEEK_BYTES)
    try:
        found = read_element(data, 0)
    except ValueError:
        return None
    return None if found is None else (found, data)


def _place(data: bytes, cluster: Element, at: int) -> FragmentPlace:
    time = read_element(data, cluster.body)
    if time is None or time.id != _TIMESTAMP:
        raise ValueError(f"the cluster at byte {at} has no time")
    begin_us = number_of(data, time) * _US_PER_MS
    if begin_us > MAX_TIME_US:
        raise ValueError(f"the cluster at byte {at} has no time that can be")
    return FragmentPlace(at, begin_us, _begins_with_key(data[: cluster.end], time.end))


def _begins_with_key(data: bytes, at: int) -> bool:
    """True where the first picture of a cluster is a key frame, by the heads of its blocks."""
    with contextlib.suppress(ValueError):  # damage is no key frame
        while (block := read_element(data, at)) is not None and block.size >= 0:
            head = data[block.body : block.body + 4]
            if len(head) == 4 and block.id == _SIMPLE_BLOCK and head[0] == 0x80 | _VIDEO:
                return bool(head[3] & 0x80)
            at = block.end
    return False


def _end_us(file: BinaryIO, clusters: Sequence[tuple[FragmentPlace, Element]]) -> int:
    """Returns the time of the last picture or sound, by those clusters that can hold it."""
    late = heapq.nlargest(_LATE_CLUSTERS, clusters, key=lambda each: each[0].time_us)
    end_us = 0
    for place, cluster in (*late, *clusters[-1:]):
        file.seek(place.offset)
        data = file.read(cluster.end)
        end_us = max(end_us, place.time_us)
        with contextlib.suppress(ValueError):  # one that is damaged inside tells its beginning
            end_us = max(end_us, place.time_us + _length_us(data, cluster))
    return end_us


def _length_us(data: bytes, cluster: Element) -> int:
    """Returns the time of the last picture or sound from the cluster's beginning."""
    blocks = (
        struct.unpack_from(">h", data, part.body + 1)[0]
        for part in children(data, cluster.body, cluster.end)
        if part.id == _SIMPLE_BLOCK and part.size >= 4
    )
    return max(blocks, default=0) * _US_PER_MS


def _length(head: bytes, info: Element, found: Scan) -> list[Patch]:
    value = double(_DURATION, found.end_us / _US_PER_MS)
    return [
        Patch(part.begin, value)
        for part in children(head, info.body, info.end)
        if part.end - part.begin == _DURATION_BYTES and part.id in (_VOID, _DURATION)
    ]


def _cues(found: Scan, segment: int, space: int) -> bytes:
    """Returns the index in exactly ``space`` bytes."""
    points = b"".join(
        element(
            0xBB,
            unsigned(0xB3, place.time_us // _US_PER_MS)
            + element(0xB7, unsigned(0xF7, _VIDEO) + unsigned(0xF1, place.offset - segment)),
        )
        for place in thinned(found.places, MAX_CUES)
    )
    index = element(_CUES, points)
    return index + void(space - len(index))
