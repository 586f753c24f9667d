"""Files as runs of frames."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import pytest

from cli.errors import NotPublished
from cli.publisher.clip import PACKET_SAMPLES, SAMPLE_RATE, pictures, probe, sound
from tests.cli.clips import make_clip
from tests.cli.publisher.sources import make_late_sound


def test_a_file_may_have_the_name_of_a_protocol_and_words_in_any_encoding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make_clip(tmp_path / "in.mp4", seconds=1)
    content = made.read_bytes()
    assert b"Lavf" in content
    (tmp_path / "12:00.mp4").write_bytes(content.replace(b"Lavf", b"L\xe4vf"))
    monkeypatch.chdir(tmp_path)
    clip = probe(Path("12:00.mp4"))
    assert len(list(pictures(clip, clip.fps, loop=False))) == 25


@pytest.mark.parametrize(("fps", "count"), [(25, 50), (50, 100), (10, 20)])
def test_pictures_come_at_the_rate_asked_for(tmp_path: Path, fps: int, count: int) -> None:
    clip = probe(make_clip(tmp_path / "in.mp4"))
    assert (clip.width, clip.height) == (96, 54)
    assert clip.fps == 25 and clip.duration_s == 2
    ticks = [tick for tick, _ in pictures(clip, Fraction(fps), loop=False)]
    assert ticks == list(range(count))


def test_picture_and_sound_stay_in_step_over_many_rounds(tmp_path: Path) -> None:
    clip = probe(make_clip(tmp_path / "in.mp4", seconds=1, has_sound=True))
    ticks = [tick for tick, _ in islice(pictures(clip, clip.fps, loop=True), 100)]
    assert ticks == list(range(100))
    pts = [frame.pts or 0 for frame in islice(sound(clip, loop=True), 180)]
    assert pts == sorted(set(pts))
    rounds = [[p for p in pts if p // SAMPLE_RATE == second] for second in range(3)]
    assert [len(part) for part in rounds] == [len(rounds[0])] * 3
    assert rounds[2][0] - rounds[1][0] == SAMPLE_RATE
    assert pts[1] - pts[0] == PACKET_SAMPLES


def test_a_file_without_video_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text.mp4"
    path.write_text("no video")
    with pytest.raises(NotPublished, match="cannot be read"):
        probe(path)


def test_a_film_tells_what_it_holds(tmp_path: Path) -> None:
    silent = probe(make_clip(tmp_path / "silent.mp4", seconds=1))
    spoken = probe(make_clip(tmp_path / "spoken.mp4", seconds=1, has_sound=True))
    assert (silent.has_sound, spoken.has_sound) == (False, True)
    assert spoken.duration_s == pytest.approx(1.0, abs=0.1)


def test_a_file_of_sound_alone_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    with av.open(str(path), "w") as container:
        audio = container.add_stream("pcm_s16le", rate=48_000, layout="mono")
        frame = av.AudioFrame(format="s16", layout="mono", samples=960)
        frame.sample_rate = 48_000
        container.mux(audio.encode(frame))
    with pytest.raises(NotPublished, match=r"tone\.wav holds no video\.$"):
        probe(path)


@pytest.mark.parametrize("name", ["missing.mp4", ""])
def test_what_is_not_there_or_a_folder_is_one_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotPublished, match=r"cannot be read: .*\.$"):
        probe(tmp_path / name)


def test_pictures_of_a_stream_of_packets_are_counted_to_its_end(tmp_path: Path) -> None:
    clip = probe(make_clip(tmp_path / "in.ts"))
    assert clip.duration_s == pytest.approx(2.0, abs=0.1)
    assert len(list(pictures(clip, Fraction(25), loop=False))) in (49, 50, 51)


def test_a_file_that_ends_in_the_middle_gives_what_can_be_decoded(tmp_path: Path) -> None:
    path = make_clip(tmp_path / "in.ts")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    clip = probe(path)
    shown = list(pictures(clip, clip.fps, loop=False))
    assert 10 < len(shown) <= 51
    assert [tick for tick, _ in shown] == list(range(len(shown)))


def test_a_second_round_begins_with_the_first_picture(tmp_path: Path) -> None:
    clip = probe(make_clip(tmp_path / "in.mp4", seconds=1))
    drawn = [frame.to_ndarray() for _, frame in islice(pictures(clip, clip.fps, loop=True), 51)]
    assert (drawn[0] == drawn[25]).all() and (drawn[0] == drawn[50]).all()
    assert (drawn[0] != drawn[24]).any()


def test_pictures_that_are_all_broken_are_one_sentence_and_no_endless_loop(
    tmp_path: Path,
) -> None:
    path = make_clip(tmp_path / "in.mp4", seconds=1)
    clip = probe(path)
    data = path.read_bytes()
    start, end = data.index(b"mdat") + 4, data.index(b"moov") - 4
    path.write_bytes(data[:start] + bytes(end - start) + data[end:])
    with pytest.raises(NotPublished, match="can be decoded|cannot be decoded"):
        list(islice(pictures(clip, clip.fps, loop=True), 9))


def test_sound_is_stereo_of_twenty_milliseconds_at_48_khz(tmp_path: Path) -> None:
    clip = probe(make_clip(tmp_path / "in.mp4", seconds=1, has_sound=True))
    parts = list(sound(clip, loop=False))
    assert {part.samples for part in parts} == {PACKET_SAMPLES}
    assert {(part.sample_rate, part.layout.name) for part in parts} == {(SAMPLE_RATE, "stereo")}
    assert 48 <= len(parts) <= 50


def test_sound_that_lasts_longer_than_the_pictures_ends_with_them(tmp_path: Path) -> None:
    clip = probe(make_clip(tmp_path / "in.mp4", has_sound=True))
    short = dataclasses.replace(clip, duration_s=Fraction(1, 2))
    parts = list(sound(short, loop=False))
    assert len(parts) == 25
    assert max(part.pts or 0 for part in parts) == 24 * PACKET_SAMPLES


def test_sound_that_begins_in_the_middle_ends_no_picture(tmp_path: Path) -> None:
    clip = probe(make_late_sound(tmp_path / "late.ts", rounds_behind=4))
    assert not clip.has_sound
    assert sum(1 for _ in pictures(clip, clip.fps, loop=False)) == 200
