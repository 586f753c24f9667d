"""Reader of media files: frames on one time line, once or in an endless loop."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from cli.errors import NotPublished
from cli.publisher.demux import frames_of, packets_of

SAMPLE_RATE = 48_000
"""Sample rate of WebRTC's audio codec, in Hz (RFC 7587)."""

PACKET_SAMPLES = 960
"""Samples of one audio packet: 20 ms."""


@dataclasses.dataclass(frozen=True, slots=True)
class Clip:
    """Description of a media file."""

    path: Path
    width: int
    height: int
    fps: Fraction
    duration_s: Fraction
    "Duration of the video; longer sound is cut off."
    has_sound: bool


def probe(path: Path) -> Clip:
    """Reads a file's description. Raises NotPublished if it has no readable video."""
    try:
        with _open(path) as container:
            if not container.streams.video:
                raise NotPublished(f"{path} holds no video.")
            video = container.streams.video[0]
            return Clip(
                path=path,
                width=video.width,
                height=video.height,
                fps=Fraction(video.average_rate or video.guessed_rate or 30),
                duration_s=_duration(path, container, video),
                has_sound=bool(container.streams.audio),
            )
    except (av.error.FFmpegError, OSError) as error:
        raise NotPublished(f"{path} cannot be read: {_reason(error)}.") from error


def pictures(clip: Clip, fps: Fraction, *, loop: bool) -> Iterator[tuple[int, av.VideoFrame]]:
    """Yields (tick, frame) for every 1/fps: the last frame at or before it. Raises NotPublished."""
    # Fractions, not floats: pictures and sound of an endless loop would drift apart by rounding.
    tick = 0
    began = Fraction(0)
    while True:
        held = None
        for time_s, frame in _decode(clip, "video"):
            # Each frame is shown until the next one begins, so a variable frame rate becomes
            # constant.
            while held is not None and tick < (began + time_s) * fps:
                yield tick, held
                tick += 1
            held = frame
        if held is None:
            raise NotPublished(f"{clip.path} holds no picture that can be decoded.")
        began += clip.duration_s
        while tick < began * fps:
            yield tick, held
            tick += 1
        if not loop:
            return


def sound(clip: Clip, *, loop: bool) -> Iterator[av.AudioFrame]:
    """Yields stereo frames of 20 ms at 48 kHz; ``pts`` counts samples, in step with the video."""
    began = Fraction(0)
    while True:
        # A new one for each round, since the last one still holds samples of its end.
        resampler = av.AudioResampler("flt", "stereo", SAMPLE_RATE, PACKET_SAMPLES)
        first, samples = None, 0
        for time_s, frame in _decode(clip, "audio"):
            first = time_s if first is None else first
            for part in resampler.resample(frame):
                begins = first + Fraction(samples, SAMPLE_RATE)
                samples += part.samples
                # Sound behind the last picture would run into the next round.
                if part.samples == PACKET_SAMPLES and begins < clip.duration_s:
                    part.pts = round((began + begins) * SAMPLE_RATE)
                    part.time_base = Fraction(1, SAMPLE_RATE)
                    yield part
        began += clip.duration_s
        if first is None or not loop:
            return


def _decode(clip: Clip, kind: str) -> Iterator[tuple[Fraction, Any]]:
    """Yields (seconds since the start of the video, frame); stops at the first broken packet."""
    try:
        with _open(clip.path) as container:
            # Both kinds count from the first picture, which keeps sound and picture in step.
            origin = _start(container.streams.video[0])
            streams: Any = container.streams
            for frame in frames_of(container, streams.get({kind: 0})[0]):
                if frame.pts is not None and frame.time_base is not None:
                    yield frame.pts * frame.time_base - origin, frame
    except av.error.EOFError:
        return
    except av.error.FFmpegError as error:
        raise NotPublished(f"{clip.path} cannot be decoded: {_reason(error)}.") from error


def _open(path: Path) -> Any:
    """Opens a file, also if its name looks like a protocol's or its tags are not UTF-8."""
    return av.open(f"file:{path}", metadata_errors="replace")


def _start(stream: Any) -> Fraction:
    return Fraction((stream.start_time or 0) * stream.time_base)


def _duration(path: Path, container: Any, video: Any) -> Fraction:
    if video.duration:
        return Fraction(video.duration * video.time_base)
    if container.duration:
        return Fraction(container.duration, av.time_base)
    # Neither the stream nor the file names its duration, so all packets are read once.
    ends = [
        (packet.pts + (packet.duration or 0)) * packet.time_base
        for packet in packets_of(container, video)
        if packet.pts is not None
    ]
    if not ends:
        raise NotPublished(f"{path} holds no picture.")
    return Fraction(max(ends) - _start(video))


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
