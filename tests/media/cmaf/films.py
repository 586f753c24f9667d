"""Units of real encoders as CMAF, and what FFmpeg makes of it again."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence

import av

from media.access_unit import AccessUnit, Flags, Kind
from media.cmaf.fragments import Run, Sample, fragment
from media.cmaf.tracks import TrackFormat, format_of, init_segment, sample_of
from media.codec import Codec
from tests.app import coding

FRAME_TICKS = 3_000
SOUND_TICKS = 960


def video(
    codec: Codec, units: Sequence[bytes], *, size: tuple[int, int] = (96, 64)
) -> list[AccessUnit]:
    """Units of one key frame and what follows, at 30 fps."""
    return [
        AccessUnit(
            Kind.VIDEO,
            codec,
            Flags.NONE if index else Flags.KEY,
            index,
            index * FRAME_TICKS,
            90_000,
            0,
            0,
            payload,
            *size,
        )
        for index, payload in enumerate(units)
    ]


def sound(count: int) -> list[AccessUnit]:
    """Packets of 20 ms each."""
    return [
        AccessUnit(
            Kind.AUDIO,
            Codec.OPUS,
            Flags.KEY,
            index,
            index * SOUND_TICKS,
            48_000,
            0,
            0,
            coding.OPUS_SILENCE,
        )
        for index in range(count)
    ]


def samples(units: Sequence[AccessUnit], duration: int) -> list[Sample]:
    """The samples of units that are shown in the order of decoding."""
    return [
        Sample(sample_of(unit), unit.pts, duration, is_sync=unit.is_key)
        for unit in units
        if unit.payload
    ]


def film(units: Sequence[AccessUnit], *, part: int = 4, with_sound: bool = True) -> bytes:
    """A whole file in parts of ``part`` pictures, with 20 ms of sound more than pictures."""
    tracks: list[TrackFormat] = [format_of(units[0])]
    packets = sound(len(units) * FRAME_TICKS * 48 // 90 // SOUND_TICKS + 1 if with_sound else 0)
    if packets:
        tracks.append(format_of(packets[0]))
    data = [init_segment(tracks)]
    for number, at in enumerate(range(0, len(units), part)):
        # The last part takes what sound is left.
        end = (at + part) * FRAME_TICKS / 90_000 if at + part < len(units) else float("inf")
        now, packets = (
            [each for each in packets if each.pts / 48_000 < end],
            [each for each in packets if each.pts / 48_000 >= end],
        )
        runs = [Run(1, samples(units[at : at + part], FRAME_TICKS))]
        runs.append(Run(2, samples(now, SOUND_TICKS)))
        data.append(fragment(number, runs))
    return b"".join(data)


def decoded(data: bytes) -> tuple[list[tuple[int, int, int]], int]:
    """((pts, width, height) of each picture that FFmpeg decodes, number of samples of sound)."""
    pictures: list[tuple[int, int, int]] = []
    heard = 0
    with av.open(io.BytesIO(data), "r", format="mov") as opened:
        for frame in opened.decode(opened.streams.video[0]):
            assert isinstance(frame, av.VideoFrame)
            pictures.append((int(frame.pts or 0), frame.width, frame.height))
    with av.open(io.BytesIO(data), "r", format="mov") as opened:
        for audio in opened.streams.audio[:1]:
            for heard_frame in opened.decode(audio):
                assert isinstance(heard_frame, av.AudioFrame)
                heard += heard_frame.samples
    return pictures, heard


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """(type, body) of the boxes at the top."""
    at = 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        assert 8 <= size <= len(data) - at
        yield kind, data[at + 8 : at + size]
        at += size


def inside(data: bytes, *path: bytes) -> bytes:
    """The body of the first box of that path."""
    for kind in path:
        data = next(body for found, body in boxes(data) if found == kind)
    return data
