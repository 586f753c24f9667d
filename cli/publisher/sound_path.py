"""Way of a source's sound: Opus is copied, everything else becomes Opus."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import av.error

from cli.publisher import codecs
from cli.publisher.clip import PACKET_SAMPLES, SAMPLE_RATE
from cli.publisher.send_encoder import SendUnit
from cli.publisher.timeline import Timeline
from cli.publisher.video_path import stamp_us
from media.access_unit import Kind

BITRATE = 96_000
"""Rate of coded sound in bit/s, as of files."""

_MICROSECONDS = 1_000_000
_PACKET_US = 20_000
_MAX_DRIFT_US = 60_000
"""Distance of a packet's time from the samples' count at which the count begins anew."""


class SoundPath:
    """Takes packets of one track and yields packets of Opus."""

    def __init__(self, codec: str, timeline: Timeline) -> None:
        self.is_copied = codec == codecs.AUDIO.name
        self.codec = codec
        self.damaged = 0
        self._timeline = timeline
        self._coder: Any = None
        self._resampler: Any = None
        self._samples_at: int | None = None

    def take(self, packet: Any, *, now_us: int) -> Iterator[SendUnit]:
        """Yields what to send after a packet."""
        if not packet.size:
            return
        step = _PACKET_US
        if packet.duration and packet.time_base:
            step = round(packet.duration * packet.time_base * _MICROSECONDS)
        at = self._timeline.place(Kind.AUDIO, stamp_us(packet), step=step, now=now_us)
        if self.is_copied:
            yield SendUnit(bytes(packet), at)
            return
        try:
            yield from self._code(list(packet.decode()), at)
        except av.error.FFmpegError:
            self.damaged += 1

    def _code(self, frames: list[Any], at: int) -> Iterator[SendUnit]:
        for frame in frames:
            self._follow(frame, at)
            at += round(frame.samples * _MICROSECONDS / frame.sample_rate)
            for part in self._resampler.resample(frame):
                part.pts, part.time_base = self._samples_at, Fraction(1, SAMPLE_RATE)
                assert self._samples_at is not None
                self._samples_at += part.samples
                for coded in self._coder.encode(part):
                    placed = round(coded.pts * coded.time_base * _MICROSECONDS)
                    yield SendUnit(bytes(coded), placed)

    def _follow(self, frame: Any, at: int) -> None:
        """Sets the count of samples by the frame's time, at first and after a gap."""
        counted = self._samples_at
        wanted = round(at * SAMPLE_RATE / _MICROSECONDS)
        # What is inside the resampler was counted by nobody yet: less than one packet.
        limit = _MAX_DRIFT_US * SAMPLE_RATE // _MICROSECONDS
        if counted is not None and abs(wanted - counted) <= limit + PACKET_SAMPLES:
            frame.pts = None
            return
        self._samples_at = wanted
        self._resampler = av.AudioResampler("flt", "stereo", SAMPLE_RATE, PACKET_SAMPLES)
        self._coder = av.CodecContext.create(codecs.AUDIO.encoder, "w")
        self._coder.sample_rate, self._coder.layout = SAMPLE_RATE, "stereo"
        self._coder.format, self._coder.bit_rate = "flt", BITRATE
        self._coder.time_base = Fraction(1, SAMPLE_RATE)
        frame.pts = None
