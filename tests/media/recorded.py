"""Samples of real encoders, as a recorder hands them to a container."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import av

from media.access_unit import AccessUnit, Flags, Kind
from media.codec import Codec
from media.container import Container, Patch, PlacedUnit, Scan, Tracks
from tests.app import coding

SIZE = (96, 64)
STARTED_US = 1_750_000_000_000_000

CODED: dict[Codec, Callable[..., tuple[bytes, ...]]] = {
    Codec.VP8: coding.vp8,
    Codec.VP9: coding.vp9,
    Codec.H264: coding.h264,
    Codec.AV1: coding.av1,
}


def picture(codec: Codec, payload: bytes, number: int, *, key: bool) -> AccessUnit:
    """One unit of a stream of 30 pictures a second."""
    return AccessUnit(
        kind=Kind.VIDEO,
        codec=codec,
        flags=Flags.KEY if key else Flags.NONE,
        sequence=number,
        pts=3000 * number,
        clock_rate=90_000,
        capture_us=STARTED_US + number * 33_333,
        arrival_us=STARTED_US + number * 33_333,
        payload=payload,
        width=SIZE[0],
        height=SIZE[1],
    )


def sound(number: int) -> AccessUnit:
    """One Opus packet of 20 ms."""
    return AccessUnit(
        kind=Kind.AUDIO,
        codec=Codec.OPUS,
        flags=Flags.KEY,
        sequence=number,
        pts=960 * number,
        clock_rate=48_000,
        capture_us=STARTED_US + number * 20_000,
        arrival_us=STARTED_US + number * 20_000,
        payload=coding.OPUS_SILENCE,
    )


def groups(codec: Codec, count: int, *, length: int = 10) -> list[list[AccessUnit]]:
    """Groups of pictures, each begun by a key frame of its own encoder, with their sound."""
    coded = CODED[codec](*SIZE, length)
    found = []
    for group in range(count):
        first = group * length
        units = [picture(codec, payload, first + n, key=n == 0) for n, payload in enumerate(coded)]
        begin, end = units[0].capture_us, units[-1].capture_us + 33_333
        numbers = range((begin - STARTED_US) // 20_000, (end - STARTED_US) // 20_000)
        found.append(units + [sound(number) for number in numbers])
    return found


def samples(units: Sequence[AccessUnit]) -> list[PlacedUnit]:
    """The units on the time line of a file that began with the first picture."""
    return [
        PlacedUnit(
            unit,
            unit.capture_us - STARTED_US,
            33_333 if unit.kind is Kind.VIDEO else 20_000,
        )
        for unit in units
    ]


def recorded(
    container: Container, codec: Codec, count: int, *, has_audio: bool = True
) -> tuple[bytes, list[int]]:
    """A file of so many groups, and the offsets at which its fragments end; not finished."""
    made = groups(codec, count)
    data = container.head(Tracks(made[0][0], has_audio, STARTED_US))
    ends = []
    for number, units in enumerate(made, 1):
        kept = [unit for unit in units if has_audio or unit.kind is Kind.VIDEO]
        data += container.fragment(samples(kept), number=number)
        ends.append(len(data))
    return data, ends


def finished(container: Container, data: bytes) -> bytes:
    """The file with its length and index."""
    found = container.scan(io.BytesIO(data))
    return patched(data[: found.size], container.patches(data, found))


def patched(data: bytes, changes: list[Patch]) -> bytes:
    """The file with the changes."""
    made = bytearray(data)
    for change in changes:
        made[change.offset : change.offset + len(change.data)] = change.data
    assert len(made) == len(data)
    return bytes(made)


def scanned(container: Container, data: bytes) -> Scan:
    """What is found in a file."""
    return container.scan(io.BytesIO(data))


def decoded(data: bytes | Path) -> tuple[list[float], list[float], float]:
    """Times of all pictures and of all sound that FFmpeg decodes, and the length it tells, in s."""
    pictures: list[float] = []
    sounds: list[float] = []
    container: Any = av.open(io.BytesIO(data) if isinstance(data, bytes) else str(data))
    with container as file:
        length = (file.duration or 0) / 1e6
        for packet in file.demux():
            for frame in packet.decode():
                into = pictures if isinstance(frame, av.VideoFrame) else sounds
                into.append(float(frame.time or 0.0))
    return pictures, sounds, length
