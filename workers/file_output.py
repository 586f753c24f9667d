"""The file that enhanced pictures are written to: container, codec, copied audio."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error

from workers.errors import FileFailed
from workers.picture import Picture


@dataclasses.dataclass(frozen=True, slots=True)
class Format:
    """What a suffix stands for."""

    container: str
    codec: str
    options: dict[str, str]
    has_audio: bool
    has_time_stamps: bool


FORMATS = {
    ".mkv": Format("matroska", "ffv1", {"level": "3", "slicecrc": "1"}, True, True),
    ".mp4": Format("mp4", "libx264", {"preset": "fast", "crf": "18", "bf": "0"}, True, True),
    ".y4m": Format("yuv4mpegpipe", "rawvideo", {}, False, False),
}
"""By suffix: lossless, small, or raw. Matroska keeps time stamps to the millisecond, .y4m none."""


def format_for(target: Path) -> Format:
    """The format of a target. Raises FileFailed."""
    found = FORMATS.get(target.suffix.lower())
    if found is None:
        known = ", ".join(FORMATS)
        raise FileFailed(f"{target.name} ends in none of {known}, so its format is not known.")
    return found


class FileOutput:
    """Writes one video stream, and copies of audio streams.

    ``code`` is the encoding thread's, ``mux`` and ``close`` the caller's; ``add_audio`` comes
    before either.
    """

    def __init__(self, path: Path, target_format: Format) -> None:
        self._format = target_format
        self._folder = path.parent
        self._container: Any = av.open(str(path), "w", format=target_format.container)
        self._audio: dict[int, Any] = {}
        self._video: Any = None
        self.left_out: list[str] = []

    def add_audio(self, stream: Any) -> bool:
        """Copies an input's audio stream; False, and noted, if the container does not take it."""
        name = stream.codec.canonical_name
        if not self._format.has_audio or name not in self._container.supported_codecs:
            self.left_out.append(name)
            return False
        self._audio[stream.index] = self._container.add_stream_from_template(stream)
        return True

    def open_video(self, picture: Picture, source: Any) -> None:
        """Makes the encoder for pictures like this one, timed like the source's stream."""
        rate = source.average_rate or source.guessed_rate or Fraction(30)
        video = self._container.add_stream(self._format.codec, rate=rate)
        context = video.codec_context
        context.width, context.height, context.pix_fmt = picture.width, picture.height, "yuv420p"
        context.time_base = source.time_base if self._format.has_time_stamps else 1 / rate
        video.time_base = context.time_base
        context.color_range = picture.colour.range
        context.colorspace = picture.colour.matrix
        context.color_primaries = picture.colour.primaries
        context.color_trc = picture.colour.transfer
        if source.sample_aspect_ratio:
            context.sample_aspect_ratio = source.sample_aspect_ratio
        context.options = self._format.options
        context.thread_count = 1
        self._video = video

    def code(self, picture: Picture | None, pts: int, index: int) -> list[Any]:
        """Packets of the picture number ``index``; of what is left inside for None."""
        if picture is None:
            return [] if self._video is None else list(self._video.encode(None))
        frame = picture.frame
        frame.pts = pts if self._format.has_time_stamps else index
        frame.time_base = self._video.codec_context.time_base
        return list(self._video.encode(frame))

    def mux(self, packet: Any, audio_index: int | None) -> None:
        """Writes a coded picture's packet, or a copied one of an audio stream."""
        if audio_index is not None:
            packet.stream = self._audio[audio_index]
        try:
            self._container.mux(packet)
        except (av.error.FFmpegError, OSError) as error:
            raise FileFailed(f"{self._folder} cannot be written to: {error.strerror}.") from error

    def close(self) -> None:
        """Ends the file."""
        self._container.close()
