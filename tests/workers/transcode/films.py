"""Odd files as people have them, made by ffmpeg, and what is in a file."""

from __future__ import annotations

import contextlib
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import imageio_ffmpeg
import numpy as np

from workers.transcode.job import FileEnhancer, FileOptions, FileReport

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()

CALLS = ("overwrite", "on_losses", "on_progress")
"""Arguments of a call; all others are options."""

SUBTITLES = "1\n00:00:00,100 --> 00:00:00,600\nHello\n\n"
CHAPTERS = """;FFMETADATA1
title=My film
artist=Somebody
[CHAPTER]
TIMEBASE=1/1000
START=0
END=500
title=One
[CHAPTER]
TIMEBASE=1/1000
START=500
END=1000
title=Two
"""


def ffmpeg(*words: object) -> None:
    """Runs ffmpeg quietly; fails with what it says."""
    done = subprocess.run(
        [FFMPEG, "-hide_banner", "-loglevel", "error", "-y", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def pattern(path: Path, *options: object, size: str = "64x48", seconds: float = 1.0) -> Path:
    """A test pattern at 25 frames per second."""
    ffmpeg("-f", "lavfi", "-i", f"testsrc2=s={size}:d={seconds}:r=25", *options, path)
    return path


def film(folder: Path, name: str = "film.mkv", *, cover: bool = False) -> Path:
    """Picture, two sounds with languages, subtitles, chapters, titles, a font, a cover."""
    (folder / "s.srt").write_text(SUBTITLES)
    (folder / "chapters.txt").write_text(CHAPTERS)
    (folder / "font.ttf").write_bytes(b"no real font" * 9)
    target = folder / name
    fonts: list[object] = []
    if name.endswith(".mkv"):
        font = folder / "font.ttf"
        fonts = ["-attach", font, "-metadata:s:t:0", "mimetype=application/x-truetype-font"]
    words: list[object] = [
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=64x48:d=1:r=25",
        "-f",
        "lavfi",
        "-i",
        "sine=d=1",
        "-f",
        "lavfi",
        "-i",
        "sine=500:d=1",
        "-i",
        folder / "s.srt",
        "-i",
        folder / "chapters.txt",
    ]
    maps: list[object] = ["-map", "0:v", "-map", "1:a", "-map", "2:a", "-map", "3:s"]
    if cover:
        ffmpeg("-f", "lavfi", "-i", "color=red:s=32x32", "-frames:v", 1, folder / "cover.jpg")
        fonts += ["-attach", folder / "cover.jpg", "-metadata:s:t:1", "mimetype=image/jpeg"]
    subtitles = "mov_text" if name.endswith(".mp4") else "srt"
    ffmpeg(
        *words,
        *maps,
        "-map_metadata",
        4,
        "-c:v:0",
        "libx264",
        "-c:a",
        "aac",
        "-c:s",
        subtitles,
        "-metadata:s:a:0",
        "language=deu",
        "-metadata:s:a:1",
        "language=fra",
        "-metadata:s:a:1",
        "title=Commentary",
        "-metadata:s:s:0",
        "language=spa",
        "-disposition:a:1",
        "default",
        "-disposition:a:0",
        "0",
        *fonts,
        target,
    )
    return target


def music(folder: Path, *, cover_first: bool = False) -> Path:
    """Sound with a cover, and no video."""
    cover, target = folder / "c.jpg", folder / "in.mp4"
    ffmpeg("-f", "lavfi", "-i", "color=red:s=32x32", "-frames:v", 1, cover)
    first, second = (1, 0) if cover_first else (0, 1)
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "sine=d=1",
        "-i",
        cover,
        "-map",
        first,
        "-map",
        second,
        "-c:v",
        "copy",
        "-c:a",
        "aac",
        "-disposition:v",
        "attached_pic",
        target,
    )
    return target


@contextlib.contextmanager
def files_up_to(length: int) -> Iterator[None]:
    """As a full disk: no file of this process grows beyond ``length`` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (length, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def enhance(source: Path, target: Path, zoo: Path, **options: Any) -> FileReport:
    """By the small net, on one thread."""
    calls = {name: options.pop(name) for name in CALLS if name in options}
    wanted = FileOptions(**{"model": "tiny", "threads": 1, "zoo": zoo, **options})
    with FileEnhancer(wanted) as enhancer:
        return enhancer.enhance(source, target, **calls)


def frames(path: Path) -> list[Any]:
    """All pictures of the first video stream."""
    with av.open(str(path)) as container:
        return list(container.decode(container.streams.video[0]))


def plane(frame: Any, index: int = 0) -> np.ndarray:
    """One plane, without the padding of its rows."""
    part = frame.planes[index]
    rows = np.frombuffer(part, np.uint8).reshape(-1, part.line_size)
    return rows[: part.height, : part.width]


def upright(path: Path, *filters: str) -> list[np.ndarray]:
    """The luma planes that ffmpeg's own player would show, in 8-bit 4:2:0."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        width, height = video.codec_context.width, video.codec_context.height
    done = subprocess.run(
        [
            FFMPEG,
            "-hide_banner",
            "-loglevel",
            "error",
            "-i",
            str(path),
            "-map",
            "0:v:0",
            *(["-vf", ",".join(filters)] if filters else []),
            "-fps_mode",
            "passthrough",
            "-f",
            "yuv4mpegpipe",
            "-pix_fmt",
            "yuv420p",
            "-strict",
            "-1",
            "pipe:1",
        ],
        capture_output=True,
        timeout=60,
        check=True,
    ).stdout
    head, _, rest = done.partition(b"\n")
    sizes = {word[:1]: word[1:] for word in head.split()}
    width, height = int(sizes[b"W"]), int(sizes[b"H"])
    length = width * height + 2 * (-(-width // 2)) * (-(-height // 2))
    found = []
    while rest:
        _, _, rest = rest.partition(b"\n")
        found.append(np.frombuffer(rest[: width * height], np.uint8).reshape(height, width))
        rest = rest[length:]
    return found


def tags(path: Path) -> dict[str, Any]:
    """What is written about a file and its streams, besides pictures."""
    with av.open(str(path)) as container:
        return {
            "title": container.metadata.get("title"),
            "artist": container.metadata.get("artist"),
            "chapters": [chapter["metadata"].get("title") for chapter in container.chapters()],
            "streams": [
                (
                    stream.type,
                    stream.metadata.get("language"),
                    stream.metadata.get("title"),
                    str(stream.disposition).rpartition(".")[2],
                )
                for stream in container.streams
            ],
        }


def packets(path: Path, kind: str, index: int = 0) -> list[bytes]:
    """The coded packets of one stream."""
    with av.open(str(path)) as container:
        stream = [each for each in container.streams if each.type == kind][index]
        return [bytes(packet) for packet in container.demux(stream) if packet.dts is not None]
