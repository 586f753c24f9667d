"""The parts that need no process."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from cli.errors import NotPublished
from cli.publisher.clip import PACKET_SAMPLES, SAMPLE_RATE, pictures, probe, sound
from cli.publisher.pattern import pattern
from cli.publisher.stamp import BITS, burn, stamped
from cli.restart import Backoff
from tests.cli.clips import make_clip


def test_the_first_death_costs_no_wait_and_others_double_up_to_ten_seconds() -> None:
    backoff = Backoff()
    assert [backoff.after(0.5) for _ in range(7)] == [0.0, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
    assert backoff.after(11.0) == 0.0
    assert backoff.after(0.5) == 1.0


@pytest.mark.parametrize("number", [0, 1, 0xA5C3, 0xFFFF, 0x10001])
def test_a_stamp_holds_each_bit_and_its_inverse(number: int) -> None:
    luma = np.full((270, 480), 128, np.uint8)
    burn(luma, number)
    centres = [30 * index + 15 for index in range(BITS)]
    upper, lower = luma[11, centres] > 128, luma[33, centres] > 128
    bits = [bool(number >> (BITS - 1 - index) & 1) for index in range(BITS)]
    assert upper.tolist() == bits
    assert lower.tolist() == [not bit for bit in bits]
    assert (luma[270 // 12 * 2 :] == 128).all()


@pytest.mark.parametrize("size", [(480, 270), (96, 54), (98, 62)])
def test_the_pattern_moves_and_a_stamp_leaves_the_original(size: tuple[int, int]) -> None:
    (_, first), (tick, second) = islice(pattern(*size), 2)
    before = second.to_ndarray().copy()
    assert (first.to_ndarray() != before).any()
    assert tick == 1
    assert (stamped(second, tick).to_ndarray() != before).any()
    assert (second.to_ndarray() == before).all()


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
