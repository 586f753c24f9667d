"""Files through the real steps: every frame once, twice the size, at its time."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from tests.workers.clips import picture
from tests.workers.transcode import films
from tests.workers.transcode.films import enhance
from tests.workers.upscale import sited
from workers.errors import EngineUnavailable, FileFailed, NetUnusable
from workers.transcode.job import JobProgress, partial_of

WIDTH, HEIGHT, FRAMES = 64, 48, 20


def write(
    path: Path,
    *,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    codec: str = "ffv1",
    pts: list[int] | None = None,
    audio: str = "",
    colour_range: int = 1,
) -> list[np.ndarray]:
    """A clip at 25 frames per second in a time base of 1/1000 s; its luma planes."""
    planes = []
    with av.open(str(path), "w") as container:
        video: Any = container.add_stream(codec, rate=25)
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        video.time_base = video.codec_context.time_base = Fraction(1, 1000)
        video.codec_context.color_range = colour_range
        sound: Any = container.add_stream(audio, rate=48_000) if audio else None
        for index in range(FRAMES):
            made = picture(index, *size)
            planes.append(np.array(made.y))
            made.frame.pts = (pts or [40 * number for number in range(FRAMES)])[index]
            made.frame.time_base = Fraction(1, 1000)
            container.mux(video.encode(made.frame))
            if sound is not None:
                container.mux(sound.encode(_tone(index, sound)))
        container.mux(video.encode(None))
        if sound is not None:
            container.mux(sound.encode(None))
    return planes


def _tone(index: int, stream: Any) -> Any:
    layout = stream.codec_context.format.name
    samples = np.sin(np.arange(1920) * 2 * math.pi * 440 / 48_000)
    wanted = samples.astype(np.float32) if "flt" in layout else (samples * 9000).astype(np.int16)
    rows = np.repeat(wanted[None], stream.codec_context.channels, 0)
    if not layout.endswith("p"):
        rows = rows.T.reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(
        np.ascontiguousarray(rows), format=layout, layout=stream.codec_context.layout.name
    )
    frame.sample_rate, frame.pts, frame.time_base = 48_000, index * 1920, Fraction(1, 48_000)
    return frame


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".y4m"])
def test_every_frame_comes_once_at_its_time_and_twice_its_size(
    tmp_path: Path, zoo: Path, suffix: str
) -> None:
    originals = write(tmp_path / "in.mkv")
    progress: list[tuple[int, int]] = []
    report = enhance(
        tmp_path / "in.mkv",
        tmp_path / f"out{suffix}",
        zoo,
        on_progress=lambda each: progress.append((each.frames, each.total)),
    )
    assert (report.frames, report.width, report.height) == (FRAMES, 128, 96)
    assert report.model == "tiny" and report.engine and report.notes == ()
    frames = films.frames(tmp_path / f"out{suffix}")
    assert [(frame.width, frame.height) for frame in frames] == [(128, 96)] * FRAMES
    assert [frame.pts * frame.time_base for frame in frames] == [
        Fraction(index, 25) for index in range(FRAMES)
    ]
    assert progress[-1] == (FRAMES, FRAMES) and progress == sorted(progress)
    for frame, original in zip(frames, originals, strict=True):
        expected = original.repeat(2, 0).repeat(2, 1)
        if suffix == ".mp4":
            error = films.plane(frame).astype(float) - expected
            assert np.sqrt(np.mean(error**2)) < 6
        else:
            assert np.array_equal(films.plane(frame), expected)


@pytest.mark.parametrize("size", [(63, 47), (64, 47), (63, 48)])
def test_odd_sizes_and_their_chroma_are_exact(
    tmp_path: Path, zoo: Path, size: tuple[int, int]
) -> None:
    width, height = size
    write(tmp_path / "in.mkv", size=size)
    enhance(tmp_path / "in.mkv", tmp_path / "out.mkv", zoo)
    sources, made_frames = (films.frames(tmp_path / name) for name in ("in.mkv", "out.mkv"))
    for source, frame in zip(sources, made_frames, strict=True):
        assert (frame.width, frame.height) == (2 * width, 2 * height)
        expected = sited.enlarged(films.plane(source, 1), 2)
        made = films.plane(frame, 1)
        assert made.shape == (height, width)
        assert np.abs(made - expected[:height, :width]).max() < 2


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_uneven_times_and_colour_tags_are_kept(tmp_path: Path, zoo: Path, suffix: str) -> None:
    times = [7 + 33 * index + (index % 3) * 5 for index in range(FRAMES)]
    write(tmp_path / "in.mkv", pts=times, colour_range=2)
    enhance(tmp_path / "in.mkv", tmp_path / f"out{suffix}", zoo)
    frames = films.frames(tmp_path / f"out{suffix}")
    first = frames[0].pts * frames[0].time_base - Fraction(times[0], 1000)
    assert [frame.pts * frame.time_base - first for frame in frames] == [
        Fraction(time, 1000) for time in times
    ]
    assert all(int(frame.color_range) == 2 for frame in frames)


def test_audio_is_copied_where_the_container_takes_it(tmp_path: Path, zoo: Path) -> None:
    write(tmp_path / "in.mkv", audio="flac")
    assert enhance(tmp_path / "in.mkv", tmp_path / "out.mkv", zoo).losses == ()
    packets = films.packets(tmp_path / "in.mkv", "audio")
    assert packets and packets == films.packets(tmp_path / "out.mkv", "audio")
    report = enhance(tmp_path / "in.mkv", tmp_path / "out.y4m", zoo)
    assert "Audio stream 1 (flac) is left out." in report.losses


def test_the_target_is_replaced_only_when_asked_for(tmp_path: Path, zoo: Path) -> None:
    write(tmp_path / "in.mkv")
    target = tmp_path / "out.mkv"
    target.write_text("precious")
    with pytest.raises(FileFailed, match="exists already"):
        enhance(tmp_path / "in.mkv", target, zoo)
    assert target.read_text() == "precious"
    enhance(tmp_path / "in.mkv", target, zoo, overwrite=True)
    assert len(films.frames(target)) == FRAMES
    with pytest.raises(FileFailed, match="is the input itself"):
        enhance(target, target, zoo, overwrite=True)


def test_what_cannot_be_done_is_said_in_a_sentence_and_leaves_nothing(
    tmp_path: Path, zoo: Path
) -> None:
    good, text, empty = tmp_path / "in.mkv", tmp_path / "text.mkv", tmp_path / "empty.mkv"
    write(good)
    text.write_text("this is no video")
    empty.write_bytes(b"")
    cut = tmp_path / "cut.y4m"
    cut.write_bytes(b"YUV4MPEG2 W64 H48 F25:1 C420jpeg\n")
    before = sorted(tmp_path.iterdir())
    for source, target, words in (
        (good, tmp_path / "out.avi", "ends in none of .mkv, .mp4, .y4m"),
        (tmp_path / "nowhere.mkv", tmp_path / "out.mkv", "cannot be read"),
        (text, tmp_path / "out.mkv", "cannot be read"),
        (empty, tmp_path / "out.mkv", "cannot be read"),
        (cut, tmp_path / "out.mkv", "has no picture"),
        # FFmpeg's muxer of fragments must not end a file without a packet.
        (cut, tmp_path / "out.mp4", "has no picture"),
        (good, tmp_path / "no" / "folder.mkv", "cannot be written"),
    ):
        with pytest.raises(FileFailed, match=words) as caught:
            enhance(source, target, zoo)
        assert str(caught.value).endswith(".") and "\n" not in str(caught.value)
    with pytest.raises(NetUnusable, match="no model named"):
        enhance(good, tmp_path / "out.mkv", zoo, model="nowhere")
    with pytest.raises(EngineUnavailable, match="abacus"):
        enhance(good, tmp_path / "out.mkv", zoo, engine="abacus")
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_an_interruption_keeps_what_was_finished(tmp_path: Path, zoo: Path, suffix: str) -> None:
    write(tmp_path / "in.mkv")
    target = tmp_path / f"out{suffix}"

    def interrupt(progress: JobProgress) -> None:
        if progress.frames >= 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        enhance(tmp_path / "in.mkv", target, zoo, on_progress=interrupt)
    assert not target.exists()
    assert partial_of(target).name == f"out.partial{suffix}"
    assert 1 <= len(films.frames(partial_of(target))) < FRAMES
    enhance(tmp_path / "in.mkv", target, zoo)
    assert len(films.frames(target)) == FRAMES and not partial_of(target).exists()


def test_an_interruption_before_the_first_picture_leaves_nothing(tmp_path: Path, zoo: Path) -> None:
    write(tmp_path / "in.mkv")

    def interrupt(sentences: tuple[str, ...]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        enhance(tmp_path / "in.mkv", tmp_path / "out.mkv", zoo, on_losses=interrupt)
    assert [path.name for path in tmp_path.iterdir()] == ["in.mkv"]
