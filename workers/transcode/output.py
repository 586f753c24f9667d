"""Writer of the output file: container, codec and copied streams."""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import errno
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
from av.container import Flags

from workers.encode.registry import DEFAULT_ENCODER
from workers.errors import FileFailed
from workers.media.picture import Colour, Picture, Siting
from workers.transcode.aspect import write_aspect
from workers.transcode.file_encoder import ENCODERS, FileEncoder
from workers.transcode.source import Source, is_cover, url_of

PLANAR = "yuv420p"
"""Sample format of the pictures here; encoders in hardware take others."""

_HYBRID = "hybrid_fragmented"

_DELIMITER = b"\0\0\0\1\x09\xf0"
"""Access unit delimiter of H.264 (ITU-T H.264, 7.3.2.4): a packet that shows no picture."""


@dataclasses.dataclass(frozen=True, slots=True)
class Format:
    """Container and codec of a file suffix."""

    container: str
    codec: str
    options: dict[str, str]
    has_audio: bool
    "True if it can hold sound, subtitles, covers, titles and chapters."
    has_time_stamps: bool
    has_attachments: bool = False
    keeps_aspect: bool = False
    "True if FFmpeg writes the pixel aspect ratio; else ``aspect`` does, into the finished file."
    muxer: dict[str, str] = dataclasses.field(default_factory=dict)
    "Options of the container."
    pixel_format: str = PLANAR
    "Sample format that the encoder takes."


FORMATS = {
    ".mkv": Format(
        "matroska",
        "ffv1",
        {"level": "3", "slicecrc": "1"},
        True,
        True,
        True,
        muxer={"cluster_time_limit": "1000"},  # ms that a sudden end may lose
    ),
    ".mp4": Format(
        "mp4",
        DEFAULT_ENCODER,
        dict(ENCODERS[-1].options),
        True,
        True,
        keeps_aspect=True,
        # Written in fragments, which a sudden end leaves readable, and joined at the end. Short
        # ones, and few pictures inside the encoder, so that the first are soon on the disk.
        muxer={"movflags": _HYBRID, "frag_duration": "500000"},
    ),
    ".y4m": Format("yuv4mpegpipe", "rawvideo", {}, False, False),
}
"""Formats by suffix: lossless, small, raw. Matroska rounds time stamps to 1 ms; .y4m has none."""

_COVERS = {"mjpeg": ("cover.jpg", "image/jpeg"), "png": ("cover.png", "image/png")}
"""Name and type of an attached cover by codec (Matroska's section on attachments)."""

_OWN_TAGS = {
    "encoder",
    "duration",
    "major_brand",
    "minor_version",
    "compatible_brands",
    "rotate",
    "number_of_frames",
    "number_of_bytes",
    "bps",
    "vendor_id",
}
"""Tags that describe the input file itself; the output gets its own."""


_REFUSALS = (errno.EINVAL, errno.ERANGE)
"""Errors of FFmpeg for a packet with impossible times; a failing disk gives other errors."""


def is_refusal(error: Exception) -> bool:
    """Returns True if a packet does not suit the file, False if the file cannot be written."""
    if isinstance(error, (av.error.InvalidDataError, av.error.PatchWelcomeError)):
        return True
    return getattr(error, "errno", None) in _REFUSALS


def format_for(target: Path) -> Format:
    """Returns the format of a target. Raises FileFailed."""
    found = FORMATS.get(target.suffix.lower())
    if found is None:
        known = ", ".join(FORMATS)
        raise FileFailed(f"{target.name} ends in none of {known}, so its format is not known.")
    return found


def with_encoder(target_format: Format, encoder: FileEncoder) -> Format:
    """Returns a format of the default codec with another encoder of it."""
    return dataclasses.replace(
        target_format,
        codec=encoder.codec,
        options=dict(encoder.options),
        pixel_format=encoder.pixel_format,
    )


def kept_tags(tags: dict[str, str]) -> dict[str, str]:
    """Returns the tags that also hold for the output."""
    return {
        name: value
        for name, value in tags.items()
        if name.lower() not in _OWN_TAGS
        and not name.startswith("_STATISTICS")
        and not name.lower().startswith(("duration-", "bps-", "number_of_"))
    }


class FileOutput:
    """Writes one video stream, and copies the other streams of the source.

    ``start`` comes first; ``code`` is the encoding thread's, ``mux`` and ``close`` the caller's.
    """

    def __init__(
        self, path: Path, target_format: Format, source: Source, size: tuple[int, int]
    ) -> None:
        """Opens nothing yet; the file is created by ``start``."""
        self._format = target_format
        self._path = path
        self._folder = path.parent
        self._container: Any = av.open(
            url_of(path), "w", format=target_format.container, options=target_format.muxer
        )
        # What was muxed is on the disk at once, so a sudden end loses little.
        flush: Any = Flags.flush_packets.value
        self._container.flags |= flush
        self._copies: dict[int, Any] = {}
        self._held: set[int] = set()
        self._closed = False
        self._aspect: tuple[Fraction, tuple[int, int]] | None = None
        self.lost_aspect = False
        "True if the pixel aspect ratio could not be written."
        self.is_started = False
        "True once a file may exist."
        self._has_header = self._has_packet = False
        self.refused: collections.Counter[str] = collections.Counter()
        "Copied packets that the container refused, by the kind of their stream."
        self._video: Any = self._add_streams(source, size)

    def takes(self, stream: Any) -> bool:
        """Returns True if a stream of the input can be copied."""
        if stream.type == "attachment":
            return self._format.has_attachments
        if stream.type not in ("audio", "subtitle", "video") or not self._format.has_audio:
            return False
        if stream.type == "video" and not is_cover(stream):
            return False
        if stream.codec_context is None:
            return False  # a codec that FFmpeg does not know
        return stream.codec_context.codec.canonical_name in self._container.supported_codecs

    def _add_streams(self, source: Source, size: tuple[int, int]) -> Any:
        """Makes the encoder for pictures of ``size``, which is returned, and the copied streams, in
        the source's order; copies titles and chapters.
        """
        video: Any = None
        for stream in source.container.streams:
            if stream.index == source.video.index:
                video = self._make_video(source, size)
                self._label(video, stream)
            elif is_cover(stream) and self._format.has_attachments:
                self._attach_cover(stream, source.covers)
            elif self.takes(stream):
                copy = self._container.add_stream_from_template(stream)
                self._label(copy, stream)
                self._copies[stream.index] = copy
        if self._format.has_audio:
            self._container.metadata.update(kept_tags(source.container.metadata))
            self._container.set_chapters(source.container.chapters())
        return video

    def _attach_cover(self, stream: Any, covers: dict[int, bytes]) -> None:
        """Attaches a cover: Matroska keeps covers as attached files, not as streams."""
        kind = _COVERS.get(stream.codec_context.codec.canonical_name)
        data = covers.get(stream.index)
        if kind is None or data is None:
            return
        name, mimetype = kind
        self._container.add_attachment(stream.metadata.get("filename", name), mimetype, data)
        self._held.add(stream.index)

    @property
    def copied(self) -> set[int]:
        """Indices of the input streams whose packets are copied."""
        return set(self._copies)

    @property
    def kept(self) -> set[int]:
        """Indices of the input streams that the target holds, besides the video."""
        return self.copied | self._held

    def _label(self, stream: Any, source: Any) -> None:
        if not self._format.has_audio:
            return
        stream.metadata.update(kept_tags(source.metadata))
        stream.disposition = source.disposition

    def _make_video(self, source: Source, size: tuple[int, int]) -> Any:
        stream, facts = source.video, source.facts
        rate = stream.average_rate or stream.guessed_rate or Fraction(30)
        video = self._container.add_stream(self._format.codec, rate=rate)
        context = video.codec_context
        context.width, context.height = size
        context.pix_fmt = self._format.pixel_format
        # The source's own time base, so that no time stamp is rounded.
        context.time_base = stream.time_base if self._format.has_time_stamps else 1 / rate
        video.time_base = context.time_base
        _tag(context, facts.picture.colour)
        aspect = stream.sample_aspect_ratio
        if aspect:
            # The aspect is that of the stored picture; a quarter turn exchanges its sides.
            is_turned = facts.turn is not None and facts.turn.is_quarter
            aspect = 1 / aspect if is_turned else aspect
            context.sample_aspect_ratio = aspect
            if aspect != 1 and not self._format.keeps_aspect:
                self._aspect = (aspect, size)
        context.options = self._options(facts.picture.colour)
        # The net has the other cores, and an encoder with frame threads holds pictures back.
        context.thread_count = 1
        return video

    def _options(self, colour: Colour) -> dict[str, str]:
        # LEFT is what players assume of H.264 when nothing is said.
        if colour.siting is Siting.LEFT:
            return dict(self._format.options)
        return {**self._format.options, "chroma_sample_location": colour.siting.value}

    def code(self, picture: Picture | None, pts: int, index: int) -> list[Any]:
        """Encodes picture number ``index``; None returns the packets that are still inside."""
        if picture is None:
            return list(self._video.encode(None))
        frame = picture.frame
        if self._format.pixel_format != PLANAR:
            frame = frame.reformat(format=self._format.pixel_format)
        frame.pts = pts if self._format.has_time_stamps else index
        frame.time_base = self._video.codec_context.time_base
        return list(self._video.encode(frame))

    def start(self) -> None:
        """Writes the file's header. Raises FileFailed."""
        self.is_started = True
        try:
            self._container.start_encoding()
            self._has_header = True
        except (av.error.FFmpegError, OSError) as error:
            raise self._failed(error) from error

    def mux(self, packet: Any, copy_of: int | None) -> None:
        """Writes a coded picture's packet, or a copied one of a stream of the input; one of those
        that the container does not take is left out and counted. Raises FileFailed.
        """
        if copy_of is not None:
            packet.stream = self._copies[copy_of]
        try:
            self._container.mux(packet)
            self._has_packet = True
        except (av.error.FFmpegError, OSError) as error:
            self._leave_out(error, copy_of)

    def close(self) -> None:
        """Finishes the file; a second call has no effect. Raises FileFailed."""
        if self._closed:
            return
        # Set first: a failure must not make ``salvage`` try again.
        self._closed = True
        try:
            # Without a header, on a full disk, a packet would make FFmpeg write another one, and
            # crash the process.
            if self._has_header and not self._has_packet:
                self._put_filler()
            self._container.close()
        except (av.error.FFmpegError, OSError) as error:
            self._leave_out(error, None)
        finally:
            if self._aspect is not None and self.is_started and self._path.exists():
                self._write_aspect(*self._aspect)

    def _put_filler(self) -> None:
        """Writes a packet without a picture where the muxer cannot end a file that has none.

        FFmpeg's hybrid fragments crash the process there; ``has_picture`` is False of such a file.
        """
        if _HYBRID not in self._format.muxer.get("movflags", ""):
            return
        filler: Any = av.Packet(_DELIMITER)
        filler.stream = self._video
        filler.time_base = self._video.time_base
        filler.pts = filler.dts = 0
        self._container.mux(filler)

    def _write_aspect(self, aspect: Fraction, size: tuple[int, int]) -> None:
        try:
            self.lost_aspect = not write_aspect(self._path, aspect, size)
        except OSError as error:
            raise self._failed(error) from error

    def _leave_out(self, error: Any, copy_of: int | None) -> None:
        """Counts a refused packet; raises FileFailed for any other error.

        FFmpeg sorts packets by time, so a copied one may be refused when a picture's is handed in.
        """
        if not self._copies or not is_refusal(error):
            raise self._failed(error) from error
        stream = self._copies[next(iter(self._copies)) if copy_of is None else copy_of]
        self.refused[stream.type] += 1

    def _failed(self, error: Any) -> FileFailed:
        if is_refusal(error):
            return FileFailed(
                f"The pictures or sounds do not fit into {self._format.container}: "
                f"{error.strerror}."
            )
        return FileFailed(f"{self._folder} cannot be written to: {error.strerror}.")

    def salvage(self) -> None:
        """Finishes the file after a failure, as far as possible."""
        with contextlib.suppress(FileFailed):
            self.close()


def _tag(context: Any, colour: Colour) -> None:
    context.color_range = colour.range
    context.colorspace = colour.matrix
    context.color_primaries = colour.primaries
    context.color_trc = colour.transfer
