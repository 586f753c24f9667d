"""Tracks: what a unit's codec makes of it in MP4, and the initialization segment of some tracks."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Callable, Sequence

from media import av1_obu, opus
from media.access_unit import AccessUnit, Kind
from media.bit_reader import MAX_BYTES
from media.cmaf import sample_entries
from media.cmaf.boxes import UNITY_MATRIX, box, full_box
from media.codec import Codec
from media.codec_table import DESCRIPTORS
from media.h264_stream import MAX_PPS, MAX_SETS, nal_units
from media.limits import MAX_NALS, MAX_SIDE

_SPS, _PPS, _DELIMITER = 7, 8, 9
_UNDETERMINED_LANGUAGE = 0x55C4
"""``und`` in three times five bits (ISO/IEC 14496-12 section 8.4.2.3)."""


class Unpackable(ValueError):
    """The unit has no place in MP4; the message is a sentence for people."""


@dataclasses.dataclass(frozen=True, slots=True)
class TrackFormat:
    """All that an initialization segment says of a track. Two that are equal need no new one."""

    kind: Kind
    codec: Codec
    name: str
    "The codec with its profile as players ask for it (RFC 6381), e.g. ``avc1.42E01F``."
    timescale: int
    "Ticks per second of the track's times."
    entry: bytes
    "Its sample entry box, with the decoder's configuration."
    width: int = 0
    "Luma samples; 0 for sound."
    height: int = 0


_Read = Callable[[AccessUnit], TrackFormat]


def is_packable(codec: Codec) -> bool:
    """Says whether a codec has a place in CMAF."""
    return codec in _READERS


def format_of(unit: AccessUnit) -> TrackFormat:
    """Reads the format of the track that a key unit belongs to.

    A picture of another size or with other parameter sets has another format, and what follows
    needs a new initialization segment. Raises Unpackable.
    """
    read = _READERS.get(unit.codec)
    if read is None:
        raise Unpackable(f"MP4 has no place for {DESCRIPTORS[unit.codec].title}.")
    try:
        return read(unit)
    except (ValueError, IndexError) as error:
        title = DESCRIPTORS[unit.codec].title
        raise Unpackable(f"A key frame of {title} does not tell how to decode it.") from error


def sample_of(unit: AccessUnit) -> bytes:
    """Returns the unit's bytes as they stand in a sample. Raises Unpackable for damaged ones."""
    write = _WRITERS.get(unit.codec)
    if write is None:
        return unit.payload
    try:
        return write(unit)
    except ValueError as error:
        raise Unpackable(f"A unit of {DESCRIPTORS[unit.codec].title} is damaged.") from error


def _video(unit: AccessUnit, made: tuple[bytes, str], size: tuple[int, int]) -> TrackFormat:
    entry, name = made
    return TrackFormat(Kind.VIDEO, unit.codec, name, 90_000, entry, *size)


def _size(unit: AccessUnit) -> tuple[int, int]:
    size = (unit.width, unit.height)
    if not all(size):
        info = DESCRIPTORS[unit.codec].inspect(unit.payload)
        size = (info.width, info.height)
    if not 0 < min(size) <= max(size) <= MAX_SIDE:
        raise ValueError("the size of the picture is not known")
    return size


def _read_h264(unit: AccessUnit) -> TrackFormat:
    # Sets may stand before each slice; each counts once.
    found: dict[bytes, None] = {}
    for nal in nal_units(unit.payload, most=MAX_NALS):
        if nal[0] & 0x1F in (_SPS, _PPS):
            found[nal] = None
    sequence_sets = [nal for nal in found if nal[0] & 0x1F == _SPS]
    picture_sets = [nal for nal in found if nal[0] & 0x1F == _PPS]
    if not sequence_sets or not picture_sets:
        raise ValueError("the parameter sets are missing")
    if len(sequence_sets) > MAX_SETS or len(picture_sets) > MAX_PPS:
        raise ValueError("there are too many parameter sets")
    if max(map(len, found)) > MAX_BYTES:
        raise ValueError("a parameter set is too long")
    size = _size(unit)
    return _video(unit, sample_entries.avc(sequence_sets, picture_sets, *size), size)


def _write_h264(unit: AccessUnit) -> bytes:
    """Puts lengths in front of NAL units, without the parameter sets that the entry holds."""
    left_out = (_SPS, _PPS, _DELIMITER) if unit.is_key else (_DELIMITER,)
    parts: list[bytes] = []
    for nal in nal_units(unit.payload, most=MAX_NALS):
        if nal[0] & 0x1F not in left_out:
            parts += (len(nal).to_bytes(4, "big"), nal)
    return b"".join(parts)


def _read_av1(unit: AccessUnit) -> TrackFormat:
    for obu in av1_obu.split_obus(unit.payload):
        if av1_obu.kind_of(obu) == av1_obu.SEQUENCE_HEADER:
            size = _size(unit)
            return _video(unit, sample_entries.av1(obu, *size), size)
    raise ValueError("the sequence header is missing")


def _write_av1(unit: AccessUnit) -> bytes:
    """Leaves delimiters and padding out (AV1's ISOBMFF binding, section 2.4)."""
    left_out = (av1_obu.TEMPORAL_DELIMITER, av1_obu.TILE_LIST, av1_obu.PADDING)
    obus = av1_obu.split_obus(unit.payload)
    return b"".join(av1_obu.with_size(obu) for obu in obus if av1_obu.kind_of(obu) not in left_out)


def _read_vp9(unit: AccessUnit) -> TrackFormat:
    size = _size(unit)
    return _video(unit, sample_entries.vp9(*size), size)


def _read_opus(unit: AccessUnit) -> TrackFormat:
    entry, name = sample_entries.opus()
    return TrackFormat(Kind.AUDIO, unit.codec, name, 48_000, entry)


_READERS: dict[Codec, _Read] = {
    Codec.H264: _read_h264,
    Codec.AV1: _read_av1,
    Codec.VP9: _read_vp9,
    Codec.OPUS: _read_opus,
}
_WRITERS: dict[Codec, Callable[[AccessUnit], bytes]] = {
    Codec.H264: _write_h264,
    Codec.AV1: _write_av1,
}
"""Codecs whose samples are not their units as they are."""


def init_segment(tracks: Sequence[TrackFormat]) -> bytes:
    """Returns the initialization segment (``ftyp``, ``moov``) of tracks, numbered from 1."""
    numbered = list(enumerate(tracks, 1))
    # ISO/IEC 14496-12 section 8.2.2: no duration, rate 1, volume 1.
    header = struct.pack(">IIIIIH10x", 0, 0, 1000, 0, 0x10000, 0x100) + UNITY_MATRIX
    movie = full_box(b"mvhd", 0, 0, header, struct.pack(">24xI", len(numbered) + 1))
    # Flags of samples stand in each run, so that the defaults are not used.
    extends = [full_box(b"trex", 0, 0, struct.pack(">IIIII", n, 1, 0, 0, 0)) for n, _ in numbered]
    return b"".join(
        (
            box(b"ftyp", b"iso6", b"\x00\x00\x00\x00", b"iso6cmfcmp41"),
            box(b"moov", movie, *(_track(*each) for each in numbered), box(b"mvex", *extends)),
        )
    )


def _track(number: int, track: TrackFormat) -> bytes:
    is_sound = track.kind is Kind.AUDIO
    # Section 8.3.2: enabled and in the movie; sound of full volume, picture of its size in 16.16.
    times = struct.pack(">III4xI8x", 0, 0, number, 0)
    shown = struct.pack(">hhH2x", 0, 0, 0x100 if is_sound else 0) + UNITY_MATRIX
    size = struct.pack(">II", track.width << 16, track.height << 16)
    header = full_box(b"tkhd", 0, 3, times, shown, size)
    media_header = full_box(
        b"mdhd", 0, 0, struct.pack(">IIIIH2x", 0, 0, track.timescale, 0, _UNDETERMINED_LANGUAGE)
    )
    handler = b"soun" if is_sound else b"vide"
    name = b"sound\x00" if is_sound else b"video\x00"
    handler_box = full_box(b"hdlr", 0, 0, struct.pack(">4x4s12x", handler), name)
    kind_header = (
        full_box(b"smhd", 0, 0, bytes(4)) if is_sound else full_box(b"vmhd", 0, 1, bytes(8))
    )
    here = full_box(b"url ", 0, 1)
    references = box(b"dinf", full_box(b"dref", 0, 0, struct.pack(">I", 1), here))
    samples = box(
        b"stbl",
        full_box(b"stsd", 0, 0, struct.pack(">I", 1), track.entry),
        full_box(b"stts", 0, 0, bytes(4)),
        full_box(b"stsc", 0, 0, bytes(4)),
        full_box(b"stsz", 0, 0, bytes(8)),
        full_box(b"stco", 0, 0, bytes(4)),
    )
    information = box(b"minf", kind_header, references, samples)
    return box(b"trak", header, box(b"mdia", media_header, handler_box, information))


def usual_names(codec: Codec | None, width: int, height: int, *, has_sound: bool) -> list[str]:
    """Returns the names under which players ask for codecs before a unit of them was seen.

    They name profiles that hold most streams; None stands for the codec that workers encode.
    """
    if codec is Codec.VP9:
        picture = sample_entries.vp9(width, height)[1]
    else:
        picture = "av01.0.08M.08" if codec is Codec.AV1 else "avc1.640028"
    return [picture, "opus"] if has_sound else [picture]


def sound_ticks(unit: AccessUnit) -> int:
    """Returns the length of a packet of sound in its track's ticks; 0 for a damaged one."""
    return opus.duration_of(unit.payload)


SILENCE, SILENCE_TICKS = b"\xf8\xff\xfe", 960
"""A packet of silence (RFC 6716: 20 ms, CELT), which fills holes in a track of sound."""
