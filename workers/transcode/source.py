"""Reader of a video file, and its properties before the work begins."""

from __future__ import annotations

import dataclasses
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import av.error
from av.stream import Disposition

from workers.errors import FileFailed
from workers.media.picture import Picture
from workers.transcode.frames import FrameFilter, Turn, is_interlaced, turn_of

_MAX_PEEK_PACKETS = 600
"""Packets read at most until the first picture: about ten seconds of sound and video."""


@dataclasses.dataclass(frozen=True, slots=True)
class PixelFormat:
    """Sample format of the file's pictures."""

    bits: int
    "Bits of a sample."
    chroma: str
    "Chroma format: 4:2:0, 4:2:2, ..., RGB or gray."
    has_alpha: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """Properties of the first picture."""

    stored: PixelFormat
    turn: Turn | None
    "Turn that makes it upright; None for an angle that is no quarter, which is left out."
    interlaced: bool
    picture: Picture
    "The first picture, upright, in 8-bit 4:2:0."


@dataclasses.dataclass(frozen=True, slots=True)
class Source:
    """An open input; close its ``container``."""

    name: str
    container: Any
    video: Any
    "The stream to enhance: the first that is not a cover."
    frames: int
    "Number of frames, as the container says or by its duration; 0 if neither is known."
    facts: Facts
    covers: dict[int, bytes]
    "Still pictures of the file (covers), as coded, by their stream."

    @property
    def others(self) -> list[Any]:
        """All other streams, in the file's order."""
        return [each for each in self.container.streams if each.index != self.video.index]


def is_cover(stream: Any) -> bool:
    """Returns True for a still picture of the file, such as a cover."""
    return stream.type == "video" and bool(stream.disposition & Disposition.attached_pic)


def open_source(path: Path) -> Source:
    """Opens a file and decodes its first picture. Raises FileFailed."""
    # Opened twice: decoding the first picture reads ahead, and not every container can be rewound.
    container = _open(path)
    try:
        facts = _peek(path, container, _video(path, container))
        covers = _covers(container)
    finally:
        container.close()
    container = _open(path)
    video = _video(path, container)
    # Matroska does not count frames, so they are estimated there.
    frames = int(video.frames)
    if not frames and container.duration and video.average_rate:
        frames = round(container.duration / av.time_base * float(video.average_rate))
    return Source(path.name, container, video, frames, facts, covers)


def url_of(path: Path) -> str:
    """Returns the path as FFmpeg opens it: a name such as ``a:b.mp4`` is a file, not a protocol."""
    return f"file:{os.path.abspath(path)}"


def has_picture(path: Path) -> bool:
    """Returns True if the file opens and a picture of its video can be decoded."""
    try:
        with av.open(url_of(path), metadata_errors="replace") as container:
            film = _film(container)
            return film is not None and any(True for _ in frames_of(container, film))
    except (OSError, av.error.FFmpegError):
        return False


def packets_of(container: Any, *streams: Any) -> Iterator[Any]:
    """Yields the packets of these streams, and at the end an empty one of each."""
    try:
        yield from container.demux(*streams)
    except IndexError:
        # Damage can look like a new stream; PyAV flushes it too, after the streams that it knows.
        return


def frames_of(container: Any, stream: Any) -> Iterator[Any]:
    """Yields the frames of one stream. Raises what FFmpeg raises."""
    for packet in packets_of(container, stream):
        yield from packet.decode()


def _open(path: Path) -> Any:
    try:
        return av.open(url_of(path), metadata_errors="replace")
    except (OSError, av.error.FFmpegError) as error:
        raise FileFailed(f"{path} cannot be read: {error.strerror}.") from error


def _film(container: Any) -> Any | None:
    """Returns the first video stream that is not a cover, None if there is none."""
    return next((each for each in container.streams.video if not is_cover(each)), None)


def _video(path: Path, container: Any) -> Any:
    video = _film(container)
    if video is None:
        container.close()
        raise FileFailed(f"{path} has no video in it.")
    if video.codec_context is None:
        container.close()
        raise FileFailed(f"{path} has video of a codec that is not known here.")
    # Frame threads would report an error with a later packet than the damaged one.
    video.codec_context.thread_count = 1
    return video


def _peek(path: Path, container: Any, video: Any) -> Facts:
    """Returns the facts of the first picture. Raises FileFailed if none can be decoded."""
    packets = packets_of(container, video)
    for _ in range(_MAX_PEEK_PACKETS):
        try:
            frames = next(packets).decode()
        except (StopIteration, EOFError):
            break
        except av.error.FFmpegError:
            continue  # the job counts damaged packets
        if frames:
            return _facts(frames[0], video)
    raise FileFailed(f"{path.name} has no picture that can be decoded.")


def _covers(container: Any) -> dict[int, bytes]:
    """Returns the covers by stream; FFmpeg hands them out before anything else."""
    wanted = [stream for stream in container.streams.video if is_cover(stream)]
    found: dict[int, bytes] = {}
    if not wanted:
        return found
    try:
        container.seek(0)
    except (OSError, av.error.FFmpegError):
        return found  # a file that cannot be rewound is damaged; its pictures may still be read
    # Each cover is one packet, and its stream ends with an empty one: two for each are enough.
    for packet in itertools.islice(packets_of(container, *wanted), 2 * len(wanted)):
        if packet.size:
            found.setdefault(packet.stream.index, bytes(packet))
    return found


def _facts(frame: Any, video: Any) -> Facts:
    interlaced, turn = is_interlaced(frame), turn_of(frame)
    ready = FrameFilter(video)
    made = [*ready.push(frame), *ready.flush()]
    return Facts(
        stored=pixel_format(frame.format), turn=turn, interlaced=interlaced, picture=made[0].picture
    )


def pixel_format(stored: Any) -> PixelFormat:
    """Returns the properties of FFmpeg's pixel format."""
    components = stored.components
    colours = [part for part in components if not part.is_alpha]
    if stored.is_rgb or stored.has_palette:
        chroma = "RGB"
    elif len(colours) < 3:
        chroma = "gray"
    else:
        # The chroma samples of a square of 16 tell the subsampling on both axes.
        across, down = stored.chroma_width(16), stored.chroma_height(16)
        names = {(8, 8): "4:2:0", (8, 16): "4:2:2", (16, 16): "4:4:4", (4, 16): "4:1:1"}
        chroma = names.get((across, down), f"{across}x{down} of 16")
    return PixelFormat(
        bits=max((part.bits for part in components), default=8),
        chroma=chroma,
        has_alpha=any(part.is_alpha for part in components),
    )
