"""The shape of pixels, from the source to the file."""

from __future__ import annotations

import re
import subprocess
import zlib
from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.workers.transcode.films import (
    FFMPEG,
    enhance,
    ffmpeg,
    files_up_to,
    film,
    frames,
    pattern,
    tags,
)
from workers.errors import FileFailed
from workers.transcode.aspect import matroska_head, raw_head
from workers.transcode.job import JobProgress, partial_of


def aspect_of(path: Path) -> Fraction | None:
    with av.open(str(path)) as container:
        return container.streams.video[0].sample_aspect_ratio


@pytest.mark.parametrize("aspect", [(4, 3), (16, 15), (8, 9), (64, 45), (853, 720)])
@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".y4m"])
def test_the_shape_of_pixels_is_kept(
    tmp_path: Path, zoo: Path, suffix: str, aspect: tuple[int, int]
) -> None:
    wanted = Fraction(*aspect)
    source = pattern(
        tmp_path / "in.mkv", "-vf", f"setsar={wanted}:max=2000", "-c:v", "libx264", seconds=0.2
    )
    assert aspect_of(source) == wanted
    target = tmp_path / f"out{suffix}"
    report = enhance(source, target, zoo)
    assert report.notes == ()
    assert aspect_of(target) == wanted
    assert len(frames(target)) == 5
    told = subprocess.run([FFMPEG, "-i", target], capture_output=True, text=True, check=False)
    assert f"SAR {aspect[0]}:{aspect[1]}" in told.stderr


@pytest.mark.parametrize("suffix", [".mkv", ".y4m"])
def test_a_turned_picture_has_turned_pixels(tmp_path: Path, zoo: Path, suffix: str) -> None:
    plain = pattern(tmp_path / "plain.mp4", "-vf", "setsar=4/3", "-c:v", "libx264", seconds=0.2)
    ffmpeg("-display_rotation", 90, "-i", plain, "-c", "copy", tmp_path / "in.mp4")
    enhance(tmp_path / "in.mp4", tmp_path / f"out{suffix}", zoo)
    assert aspect_of(tmp_path / f"out{suffix}") == Fraction(3, 4)


def test_what_is_beside_the_picture_stays_and_the_check_sum_is_right(
    tmp_path: Path, zoo: Path
) -> None:
    film(tmp_path, "film.mkv")
    source = tmp_path / "in.mkv"
    ffmpeg("-i", tmp_path / "film.mkv", "-map", 0, "-c", "copy", "-aspect:v:0", "16:9", source)
    enhance(source, tmp_path / "out.mkv", zoo)
    assert aspect_of(tmp_path / "out.mkv") == aspect_of(source) == Fraction(4, 3)
    assert tags(tmp_path / "out.mkv") == tags(source)
    data = (tmp_path / "out.mkv").read_bytes()
    [found] = re.finditer(rb"\x16\x54\xae\x6b(..)\xbf\x84(....)", data, re.DOTALL)
    size = int.from_bytes(found[1], "big") & 0x3FFF
    end = found.start(1) + 2 + size
    assert zlib.crc32(data[found.end() : end]).to_bytes(4, "little") == found[2]


def test_an_unfinished_file_has_it_too(tmp_path: Path, zoo: Path) -> None:
    source = pattern(tmp_path / "in.mkv", "-vf", "setsar=4/3", "-c:v", "libx264")

    def interrupt(progress: JobProgress) -> None:
        if progress.frames >= 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        enhance(source, tmp_path / "out.mkv", zoo, on_progress=interrupt)
    assert aspect_of(partial_of(tmp_path / "out.mkv")) == Fraction(4, 3)


def test_a_full_disk_does_not_lose_it(tmp_path: Path, zoo: Path) -> None:
    source = pattern(
        tmp_path / "in.mkv", "-vf", "setsar=4/3", "-c:v", "libx264", size="160x96", seconds=4
    )
    with files_up_to(150_000), pytest.raises(FileFailed, match="cannot be written to"):
        enhance(source, tmp_path / "out.mkv", zoo)
    assert aspect_of(partial_of(tmp_path / "out.mkv")) == Fraction(4, 3)


def test_a_head_without_room_is_left_alone() -> None:
    head = b"YUV4MPEG2 W64 H48 F25:1 Ip A0:0 C420jpeg XYSCSS=420JPEG\nFRAME\n"
    made = raw_head(head, Fraction(4, 3))
    assert made is not None and len(made) == head.index(b"\n") + 1
    assert raw_head(b"YUV4MPEG2 W64 H48 A0:0\n", Fraction(1000, 999)) is None
    assert raw_head(b"YUV4MPEG2 W64", Fraction(4, 3)) is None
    for odd in (
        b"",
        b"\0" * 40,
        b"\x1a\x45\xdf\xa3",
        b"\xff" * 40,
        b"\x18\x53\x80\x67\x84\x16\x54",
    ):
        assert matroska_head(odd, Fraction(4, 3)) is None
