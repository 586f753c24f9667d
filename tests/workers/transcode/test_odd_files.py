"""Files as phones, cameras, browsers and discs make them."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.workers.transcode.films import (
    enhance,
    ffmpeg,
    files_up_to,
    film,
    frames,
    music,
    packets,
    pattern,
    plane,
    tags,
    upright,
)
from workers.errors import FileFailed
from workers.transcode.job import partial_of

FLIPS = (("-display_hflip",), ("-display_vflip",), ())


@pytest.mark.parametrize(
    "turn",
    [
        ("-display_rotation", angle, *flip)
        for angle, flip in itertools.product((0, 90, 180, 270), FLIPS)
    ],
)
def test_a_turned_picture_comes_out_upright(
    tmp_path: Path, zoo: Path, turn: tuple[object, ...]
) -> None:
    plain = pattern(tmp_path / "plain.mp4", "-c:v", "libx264", seconds=0.2)
    ffmpeg(*turn, "-i", plain, "-c", "copy", tmp_path / "in.mp4")
    assert enhance(tmp_path / "in.mp4", tmp_path / "out.mkv", zoo).losses == ()
    expected = upright(tmp_path / "in.mp4")
    got = frames(tmp_path / "out.mkv")
    assert len(got) == len(expected) == 5
    for frame, luma in zip(got, expected, strict=True):
        assert frame.rotation == 0
        assert np.array_equal(plane(frame), luma.repeat(2, 0).repeat(2, 1))


def test_a_turn_that_is_no_quarter_is_named(tmp_path: Path, zoo: Path) -> None:
    plain = pattern(tmp_path / "plain.mp4", "-c:v", "libx264", seconds=0.2)
    ffmpeg("-display_rotation", 30, "-i", plain, "-c", "copy", tmp_path / "in.mp4")
    report = enhance(tmp_path / "in.mp4", tmp_path / "out.mkv", zoo)
    assert any("not a quarter" in sentence for sentence in report.losses)
    assert len(frames(tmp_path / "out.mkv")) == 5


def test_the_shape_of_samples_turns_with_the_picture(tmp_path: Path, zoo: Path) -> None:
    plain = pattern(tmp_path / "plain.mp4", "-vf", "setsar=16/15", "-c:v", "libx264", seconds=0.2)
    ffmpeg("-display_rotation", 90, "-i", plain, "-c", "copy", tmp_path / "in.mp4")
    enhance(tmp_path / "in.mp4", tmp_path / "out.mp4", zoo)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.streams.video[0].sample_aspect_ratio == Fraction(15, 16)


def interlaced(path: Path) -> Path:
    ffmpeg(
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=64x64:r=50:d=0.6",
        "-vf",
        "interlace",
        "-flags",
        "+ildct+ilme",
        "-c:v",
        "libx264",
        "-crf",
        4,
        path,
    )
    return path


def test_interlaced_frames_become_progressive_one_for_one(tmp_path: Path, zoo: Path) -> None:
    source = interlaced(tmp_path / "in.mkv")
    report = enhance(source, tmp_path / "out.mkv", zoo)
    assert any("interlaced" in sentence for sentence in report.losses)
    before, after = frames(source), frames(tmp_path / "out.mkv")
    assert len(after) == len(before)
    assert all(frame.interlaced_frame for frame in before)
    assert not any(frame.interlaced_frame for frame in after)
    assert [frame.pts * frame.time_base for frame in after] == [
        frame.pts * frame.time_base for frame in before
    ]
    expected = upright(source, "bwdif=mode=send_frame:deint=interlaced")
    for frame, luma in zip(after[2:-2], expected[2:-2], strict=True):
        assert np.array_equal(plane(frame), luma.repeat(2, 0).repeat(2, 1))


def test_a_damaged_file_gives_all_but_what_is_damaged(tmp_path: Path, zoo: Path) -> None:
    source = pattern(
        tmp_path / "in.mkv", "-c:v", "libx264", "-g", 10, "-b:v", "900k", size="160x96", seconds=4
    )
    data = bytearray(source.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 1500] = bytes(1500)
    source.write_bytes(data)
    report = enhance(source, tmp_path / "out.mkv", zoo)
    assert 70 <= len(frames(tmp_path / "out.mkv")) <= 100
    assert report.frames == len(frames(tmp_path / "out.mkv"))
    assert any("damaged" in note for note in report.notes)
    times = [frame.pts for frame in frames(tmp_path / "out.mkv")]
    assert times == sorted(set(times)), "what is left keeps its time"
    assert max(times) == 3960


@pytest.mark.parametrize("suffix", [".mkv", ".ts", ".y4m"])
@pytest.mark.parametrize("part", [0.4, 0.73])
def test_a_truncated_file_gives_what_is_there(
    tmp_path: Path, zoo: Path, suffix: str, part: float
) -> None:
    codec = () if suffix == ".y4m" else ("-c:v", "libx264", "-g", 5)
    source = pattern(tmp_path / f"in{suffix}", *codec, seconds=2)
    data = source.read_bytes()
    source.write_bytes(data[: int(len(data) * part)])
    report = enhance(source, tmp_path / "out.mkv", zoo)
    assert 50 * part - 14 <= report.frames <= 50 * part + 3
    assert len(frames(tmp_path / "out.mkv")) == report.frames


@pytest.mark.parametrize("second", ["128x96", "48x64", "32x24", "66x50"])
def test_a_picture_that_changes_its_size_is_fitted_into_the_first(
    tmp_path: Path, zoo: Path, second: str
) -> None:
    parts = [
        pattern(tmp_path / f"{n}.ts", "-c:v", "mpeg2video", size=size, seconds=0.4).read_bytes()
        for n, size in enumerate(("64x48", second, "64x48"))
    ]
    (tmp_path / "in.ts").write_bytes(b"".join(parts))
    report = enhance(tmp_path / "in.ts", tmp_path / "out.mp4", zoo)
    got = frames(tmp_path / "out.mp4")
    assert len(got) == report.frames >= 27
    assert {(frame.width, frame.height) for frame in got} == {(128, 96)}
    assert any("changed its size 2 times" in note for note in report.notes), report.notes
    if second == "48x64":
        turned = plane(got[14])
        assert turned[:, :20].mean() < 20 and turned[:, -20:].mean() < 20, "bars at the sides"
        assert turned[:, 40:-40].mean() > 60


def test_everything_beside_the_picture_is_copied(tmp_path: Path, zoo: Path) -> None:
    source = film(tmp_path, "film.mkv", cover=True)
    report = enhance(source, tmp_path / "out.mkv", zoo)
    assert report.losses == ()
    assert tags(tmp_path / "out.mkv") == tags(source)
    for kind, index in (("audio", 0), ("audio", 1), ("subtitle", 0)):
        copied = packets(tmp_path / "out.mkv", kind, index)
        assert copied and copied == packets(source, kind, index)
    assert packets(tmp_path / "out.mkv", "video", 1) == packets(source, "video", 1)
    with av.open(str(tmp_path / "out.mkv")) as container:
        [font] = container.streams.attachments
        assert bytes(font.data) == (tmp_path / "font.ttf").read_bytes()


def test_an_mp4_keeps_what_it_can_and_names_the_rest_first(tmp_path: Path, zoo: Path) -> None:
    source = film(tmp_path, "film.mkv", cover=True)
    told: list[tuple[tuple[str, ...], bool]] = []
    report = enhance(
        source,
        tmp_path / "out.mp4",
        zoo,
        on_losses=lambda found: told.append((found, (tmp_path / "out.mp4").exists())),
    )
    assert told == [(report.losses, False)]
    assert report.losses == (
        "Subtitle stream 3 (subrip, spa) is left out.",
        "Attachment stream 4 (font.ttf) is left out.",
    )
    found = tags(tmp_path / "out.mp4")
    assert found["title"] == "My film" and found["chapters"] == ["One", "Two"]
    kinds = [kind for kind, *_ in found["streams"]]
    assert kinds[:4] == ["video", "audio", "audio", "video"], "and one for the chapters"
    assert [language for _, language, *_ in found["streams"]][1:3] == ["deu", "fra"]


def test_subtitles_of_an_mp4_stay_in_an_mp4(tmp_path: Path, zoo: Path) -> None:
    source = film(tmp_path, "film.mp4")
    enhance(source, tmp_path / "out.mp4", zoo)
    texts = [
        [packet for packet in packets(path, "subtitle") if len(packet) > 2]
        for path in (source, tmp_path / "out.mp4")
    ]
    assert texts[0] and texts[0] == texts[1]


def test_a_raw_file_names_all_that_it_cannot_hold(tmp_path: Path, zoo: Path) -> None:
    report = enhance(film(tmp_path), tmp_path / "out.y4m", zoo)
    text = " ".join(report.losses)
    for words in ("no time stamps", "aac, deu", "aac, fra, Commentary", "subrip", "chapters"):
        assert words in text


FORMATS: dict[str, tuple[str, ...]] = {
    "yuv420p": (),
    "yuvj420p": (),
    "yuv420p10le": ("10 bits",),
    "yuv422p": ("4:2:2",),
    "yuv444p12le": ("12 bits", "4:4:4"),
    "yuva420p": ("Transparency",),
    "gray": (),
    "gray10le": ("10 bits",),
    "gbrp": ("RGB",),
    "gbrap12le": ("12 bits", "RGB", "Transparency"),
    "bgr0": ("RGB",),
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("size", ["64x48", "63x47"])
def test_any_pixel_format_gives_the_right_picture_or_names_its_loss(
    tmp_path: Path, zoo: Path, name: str, size: str
) -> None:
    codec = "mjpeg" if name == "yuvj420p" else "ffv1"
    source = pattern(
        tmp_path / "in.mkv", "-pix_fmt", name, "-c:v", codec, "-q:v", 2, size=size, seconds=0.2
    )
    report = enhance(source, tmp_path / "out.mkv", zoo)
    text = " ".join(report.losses)
    assert len(report.losses) == len(FORMATS[name])
    assert all(words in text for words in FORMATS[name])
    check_colours(source, tmp_path / "out.mkv")


def check_colours(source: Path, target: Path) -> None:
    """The output, made small again, has the source's colours, both seen as RGB by their tags."""
    for before, after in zip(frames(source), frames(target), strict=True):
        wanted = as_rgb(before, before.width, before.height)
        got = as_rgb(after, before.width, before.height)
        inside = np.abs(wanted - got)[4:-4, 4:-4]
        assert np.mean(inside) < 9, "colours, but for what 4:2:0 takes from sharp edges"
        assert abs(float((wanted - got).mean())) < 2, "no cast"


def as_rgb(frame: Any, width: int, height: int) -> np.ndarray:
    source = {"src_colorspace": frame.colorspace} if frame.colorspace not in (0, 2) else {}
    made = frame.reformat(width, height, "rgb24", interpolation="AREA", **source)
    return np.asarray(made.to_ndarray(), float)


@pytest.mark.parametrize(
    ("matrix", "primaries", "transfer", "space"),
    [
        ("bt709", "bt709", "bt709", 1),
        ("smpte170m", "smpte170m", "smpte170m", 6),
        ("bt2020nc", "bt2020", "smpte2084", 9),
    ],
)
@pytest.mark.parametrize("wide", ["tv", "pc"])
@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_colour_tags_are_those_of_the_source(
    tmp_path: Path,
    zoo: Path,
    matrix: str,
    primaries: str,
    transfer: str,
    space: int,
    wide: str,
    suffix: str,
) -> None:
    tagged = (
        f"setparams=colorspace={matrix}:color_primaries={primaries}:color_trc={transfer}"
        f":range={wide}"
    )
    source = pattern(tmp_path / "in.mkv", "-vf", tagged, "-c:v", "ffv1", seconds=0.1)
    report = enhance(source, tmp_path / f"out{suffix}", zoo)
    before, after = frames(source)[0], frames(tmp_path / f"out{suffix}")[0]
    assert int(after.colorspace) == space
    for name in ("colorspace", "color_primaries", "color_trc", "color_range"):
        assert getattr(after, name) == getattr(before, name), name
    assert ("HDR (PQ)" in " ".join(report.losses)) is (transfer == "smpte2084")


def test_a_file_with_sound_alone_is_refused(tmp_path: Path, zoo: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "sine=d=1", tmp_path / "in.mka")
    with pytest.raises(FileFailed, match="no video in it"):
        enhance(tmp_path / "in.mka", tmp_path / "out.mkv", zoo)


def test_music_with_a_cover_has_no_video(tmp_path: Path, zoo: Path) -> None:
    with pytest.raises(FileFailed, match="no video in it"):
        enhance(music(tmp_path), tmp_path / "out.mkv", zoo)


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_a_full_disk_is_said_and_leaves_what_was_finished(
    tmp_path: Path, zoo: Path, suffix: str
) -> None:
    source = pattern(tmp_path / "in.mkv", "-c:v", "libx264", size="160x96", seconds=6)
    target = tmp_path / f"out{suffix}"
    with files_up_to(150_000), pytest.raises(FileFailed, match="cannot be written to: "):
        enhance(source, target, zoo)
    assert not target.exists()
    with av.open(str(partial_of(target))) as container:
        pictures = container.decode(container.streams.video[0])
        # The last one may be cut off.
        assert sum(1 for _ in itertools.islice(pictures, 5)) == 5


def test_a_codec_that_nobody_knows_is_said(tmp_path: Path, zoo: Path) -> None:
    source = film(tmp_path, "film.mp4")
    source.write_bytes(source.read_bytes().replace(b"avc1", b"zzz9"))
    with pytest.raises(FileFailed, match="codec that is not known"):
        enhance(source, tmp_path / "out.mkv", zoo)
