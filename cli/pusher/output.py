"""One connection to a target: coded units in, by FFmpeg's muxers; no encode of video."""

from __future__ import annotations

import contextlib
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error

from cli.errors import NotPushed
from cli.publisher.certificate import write_certificate
from cli.publisher.codecs import AUDIO, VIDEO
from cli.publisher.template import template_of
from cli.pusher.target import Target, TargetKind
from media.access_unit import AccessUnit, Kind

OPEN_S, WRITE_S = 10.0, 5.0
"""Time limits of the connection's beginning and of each write."""

_AAC_BITRATE = 128_000
_MICROSECOND = Fraction(1, 1_000_000)


class Output:
    """A connection that begins with a key frame. All methods raise NotPushed.

    Times are those of capture, so that video and sound stay together; they never go back.
    """

    def __init__(self, target: Target, key_frame: AccessUnit, *, has_audio: bool) -> None:
        if key_frame.codec is not VIDEO.codec:
            raise NotPushed(
                f"The rendition is {key_frame.codec.name}, and only {VIDEO.title} can be pushed; "
                "enhanced renditions can be had as that."
            )
        self._target = target
        self._zero_us = key_frame.capture_us
        self._last: dict[Kind, int] = {}
        self._sound: _Aac | None = None
        self._audio: Any = None
        self.units = 0
        "Units written."
        with self._failing("cannot be reached"), tempfile.TemporaryDirectory() as folder:
            self._container = self._open(Path(folder))
            self._video = self._container.add_stream_from_template(
                template_of(key_frame.payload), opaque=True
            )
            self._video.time_base = Fraction(1, 90_000)
            if has_audio:
                self._add_audio()
            self._container.start_encoding()

    def _open(self, folder: Path) -> Any:
        target, limits = self._target, (OPEN_S, WRITE_S)
        if target.kind is TargetKind.RTMP:
            return av.open(target.url, "w", format="flv", timeout=limits)
        cert, key = write_certificate(folder)
        options = {"cert_file": str(cert), "key_file": str(key)}
        if target.token:
            options["authorization"] = target.token
        return av.open(target.url, "w", format="whip", options=options, timeout=limits)

    def _add_audio(self) -> None:
        if self._target.kind is TargetKind.RTMP:
            self._audio = self._container.add_stream("aac", rate=48_000, layout="stereo")
            self._audio.bit_rate = _AAC_BITRATE
            self._sound = _Aac(self._audio)
        else:
            # Opened for its parameters alone; what is written was coded by the publisher.
            self._audio = self._container.add_stream(AUDIO.encoder, rate=48_000, layout="stereo")

    def write(self, unit: AccessUnit) -> None:
        """Writes one unit; sound from before the first picture is left out."""
        at = round((unit.capture_us - self._zero_us) * Fraction(unit.clock_rate, 1_000_000))
        if at < 0 or (unit.kind is Kind.AUDIO and self._audio is None):
            return
        # A clock that was set back must not end the connection.
        at = max(at, self._last.get(unit.kind, -1) + 1)
        self._last[unit.kind] = at
        packet: av.Packet[Any] = av.Packet(unit.payload)
        packet.pts = packet.dts = at
        packet.time_base = Fraction(1, unit.clock_rate)
        with self._failing("is lost"):
            if unit.kind is Kind.VIDEO:
                packet.is_keyframe = unit.is_key
                packet.stream = self._video
                self._container.mux(packet)
            elif self._sound is not None:
                for coded in self._sound.encode(packet):
                    self._container.mux(coded)
            else:
                packet.stream = self._audio
                self._container.mux(packet)
        self.units += 1

    def close(self) -> None:
        """Ends the connection; errors of one that is lost already mean nothing."""
        with contextlib.suppress(av.error.FFmpegError):
            self._container.close()

    @contextlib.contextmanager
    def _failing(self, how: str) -> Any:
        try:
            yield
        except av.error.FFmpegError as error:
            reason = error.strerror or type(error).__name__
            raise NotPushed(f"{self._target.shown} {how} ({reason}).") from error


class _Aac:
    """Opus in, AAC out: RTMP knows no Opus."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._decoder: Any = av.CodecContext.create(AUDIO.encoder, "r")
        self._resampler = av.AudioResampler("fltp", "stereo", 48_000, frame_size=1024)

    def encode(self, packet: Any) -> list[Any]:
        """Returns the packets that a packet of Opus completes."""
        frames = [
            made for each in self._decoder.decode(packet) for made in self._resampler.resample(each)
        ]
        return [coded for frame in frames for coded in self._stream.encode(frame)]
