"""A file's properties before the work begins."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from tests.cli.publisher.sources import make_late_sound
from tests.workers.transcode.films import ffmpeg, film, pattern
from workers.errors import FileFailed
from workers.transcode.frames import Turn
from workers.transcode.source import (
    PixelFormat,
    frames_of,
    has_picture,
    is_cover,
    open_source,
    packets_of,
    pixel_format,
    url_of,
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("yuv420p", PixelFormat(8, "4:2:0", False)),
        ("yuvj422p", PixelFormat(8, "4:2:2", False)),
        ("yuv444p10le", PixelFormat(10, "4:4:4", False)),
        ("yuv411p", PixelFormat(8, "4:1:1", False)),
        ("yuva420p", PixelFormat(8, "4:2:0", True)),
        ("nv12", PixelFormat(8, "4:2:0", False)),
        ("p010le", PixelFormat(10, "4:2:0", False)),
        ("rgb24", PixelFormat(8, "RGB", False)),
        ("rgba", PixelFormat(8, "RGB", True)),
        ("gbrp12le", PixelFormat(12, "RGB", False)),
        ("gray16le", PixelFormat(16, "gray", False)),
        ("yuv440p", PixelFormat(8, "16x8 of 16", False)),
    ],
)
def test_pixel_formats_are_told_by_bits_chroma_and_alpha(name: str, expected: PixelFormat) -> None:
    assert pixel_format(av.VideoFormat(name, 16, 16)) == expected


def test_a_film_tells_its_frames_and_first_picture(tmp_path: Path) -> None:
    source = open_source(pattern(tmp_path / "in.mp4", "-c:v", "libx264", seconds=1))
    try:
        assert (source.name, source.frames, source.others) == ("in.mp4", 25, [])
        facts = source.facts
        assert facts.stored == PixelFormat(8, "4:2:0", False)
        assert (facts.turn, facts.interlaced) == (Turn.NONE, False)
        assert (facts.picture.width, facts.picture.height) == (64, 48)
        # The container is at its beginning, whatever was looked at.
        first = next(source.container.decode(source.video))
        assert first.pts == 0
    finally:
        source.container.close()


def test_frames_that_nobody_counted_follow_from_the_duration(tmp_path: Path) -> None:
    source = open_source(pattern(tmp_path / "in.mkv", "-c:v", "libx264", seconds=2))
    source.container.close()
    assert 49 <= source.frames <= 51


def test_other_streams_and_covers_are_kept_apart(tmp_path: Path) -> None:
    source = open_source(film(tmp_path, cover=True))
    try:
        assert {stream.type for stream in source.others} >= {"audio", "subtitle"}
        covers = [stream for stream in source.others if is_cover(stream)]
        assert [stream.index for stream in covers] == list(source.covers)
        assert all(len(data) > 20 for data in source.covers.values())
        assert not is_cover(source.video)
    finally:
        source.container.close()


@pytest.mark.parametrize("name", ["a:b.mp4", "http:x.mp4", "-i.mp4", "100%.mp4"])
def test_a_name_is_a_file_whatever_it_looks_like(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    pattern(tmp_path / "in.mp4", "-c:v", "libx264", seconds=0.2).rename(path)
    assert url_of(path) == f"file:{path}"
    assert has_picture(path)


def test_a_relative_name_is_made_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert url_of(Path("x.mp4")) == f"file:{tmp_path}/x.mp4"


def test_what_shows_no_picture_has_none(tmp_path: Path) -> None:
    assert not has_picture(tmp_path / "missing.mp4")
    (tmp_path / "text.mp4").write_text("no film")
    assert not has_picture(tmp_path / "text.mp4")
    ffmpeg("-f", "lavfi", "-i", "sine=d=0.2", tmp_path / "tone.wav")
    assert not has_picture(tmp_path / "tone.wav")


@pytest.mark.parametrize(
    ("name", "words"), [("missing.mp4", "cannot be read: No such file"), ("", "cannot be read")]
)
def test_what_cannot_be_opened_is_one_sentence(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(FileFailed, match=words) as caught:
        open_source(tmp_path / name)
    assert str(caught.value).endswith(".")


def test_sound_alone_is_refused(tmp_path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "sine=d=0.2", tmp_path / "tone.wav")
    with pytest.raises(FileFailed, match=r"has no video in it\.$"):
        open_source(tmp_path / "tone.wav")


def test_packets_end_with_an_empty_one_of_each_stream(tmp_path: Path) -> None:
    source = open_source(film(tmp_path))
    try:
        video, sound = source.video, source.container.streams.audio[0]
        found = list(packets_of(source.container, video, sound))
    finally:
        source.container.close()
    empty = [packet.stream.index for packet in found if not packet.size]
    assert sorted(empty) == sorted([video.index, sound.index])


def test_a_stream_that_appears_in_the_middle_ends_no_pictures(tmp_path: Path) -> None:
    film = make_late_sound(tmp_path / "late.ts", rounds_behind=4)
    assert has_picture(film)
    with av.open(url_of(film)) as container:
        assert sum(1 for _ in frames_of(container, container.streams.video[0])) == 1050
