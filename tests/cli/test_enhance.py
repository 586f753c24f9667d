"""``sharpcast enhance`` on tiny clips."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.clips import make_clip, size_and_frames
from tests.cli.command import sharpcast
from tests.workers.transcode.films import film


@pytest.mark.parametrize("has_sound", [False, True], ids=["silent", "with sound"])
def test_every_frame_comes_out_twice_as_large(tmp_path: Path, has_sound: bool) -> None:
    clip = make_clip(tmp_path / "in.mp4", has_sound=has_sound)
    target = tmp_path / "out.mp4"
    result = sharpcast("enhance", str(clip), str(target))
    assert result.returncode == 0, result.stderr
    assert size_and_frames(target) == (192, 108, 50)
    assert "50 frames of 192x108" in result.stdout
    again = sharpcast("enhance", str(clip), str(target))
    assert again.returncode == 1
    assert "exists already" in again.stderr
    assert sharpcast("enhance", str(clip), str(target), "--overwrite").returncode == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--engine", "abacus"), "abacus"),
        (("--model", "nothing"), "nothing"),
    ],
)
def test_what_is_not_there_is_told_in_a_sentence(
    tmp_path: Path, options: tuple[str, str], words: str
) -> None:
    clip = make_clip(tmp_path / "in.mp4", seconds=1)
    result = sharpcast("enhance", str(clip), str(tmp_path / "out.mp4"), *options)
    assert result.returncode == 1
    assert words in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "out.mp4").exists()


def test_what_is_no_video_is_told_in_a_sentence(tmp_path: Path) -> None:
    result = sharpcast("enhance", __file__, str(tmp_path / "out.mp4"))
    assert result.returncode == 1
    assert "cannot be read" in result.stderr
    assert "Traceback" not in result.stderr


def test_what_will_be_lost_is_said_before_the_work(tmp_path: Path) -> None:
    clip = film(tmp_path)
    result = sharpcast("enhance", str(clip), str(tmp_path / "out.mp4"))
    assert result.returncode == 0, result.stderr
    assert "Subtitle stream 3 (subrip, spa) is left out." in result.stderr
    assert "left out" not in result.stdout


def test_only_what_this_run_finished_is_named(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "in.mp4", seconds=1)
    (tmp_path / "out.partial.mp4").write_text("of yesterday")
    (tmp_path / "out.mp4").write_text("precious")
    result = sharpcast("enhance", str(clip), str(tmp_path / "out.mp4"))
    assert result.returncode == 1
    assert "exists already" in result.stderr and "partial" not in result.stderr
