"""Many files, one after the other, with the shipped net."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import cv2
import pytest

from benchmarks.waiting import until
from tests.cli.clips import make_clip, size_and_frames
from tests.cli.command import SHARPCAST, Process, environment, sharpcast


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def kinds(text: str) -> list[str]:
    return [each["event"] for each in events(text) if each["event"] != "progress"]


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """Two films, one of them deep, and one that is broken."""
    root = tmp_path / "films"
    (root / "deep").mkdir(parents=True)
    make_clip(root / "a.mp4", seconds=1)
    (root / "broken.mp4").write_text("no film")
    make_clip(root / "deep" / "c.mkv", seconds=1)
    return root


def test_a_folder_is_mirrored_a_broken_film_stops_no_other_and_the_next_run_goes_on(
    films: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    first = sharpcast("enhance", str(films), "--out", str(out), "--json")
    assert first.returncode == 1, first.stderr
    assert kinds(first.stdout) == ["begin", "done", "begin", "failed", "begin", "done", "summary"]
    summary = events(first.stdout)[-1]
    assert (summary["done"], summary["failed"], summary["frames"]) == (2, 1, 50)
    assert size_and_frames(out / "a.mp4") == (192, 108, 25)
    assert size_and_frames(out / "deep" / "c.mp4") == (192, 108, 25)
    assert sorted(path.name for path in out.rglob("*.*")) == ["a.mp4", "c.mp4"]

    make_clip(films / "broken.mp4", seconds=1)
    # What an earlier run left half done begins again.
    (out / "broken.partial.mp4").write_text("half")
    again = sharpcast("enhance", str(films), "--out", str(out), "--json")
    assert again.returncode == 0, again.stderr
    assert kinds(again.stdout).count("skipped") >= 2
    assert size_and_frames(out / "broken.mp4") == (192, 108, 25)
    assert not list(out.rglob("*.partial.*"))


def test_ctrl_c_leaves_no_half_film_and_has_its_status(tmp_path: Path) -> None:
    make_clip(tmp_path / "long.mp4", seconds=120)
    out = tmp_path / "out"
    words = ["enhance", str(tmp_path / "long.mp4"), "--out", str(out), "--json"]
    running = Process(tmp_path, "enhance", [*SHARPCAST, *words], environment())
    try:
        until("progress", lambda: '"progress"' in running.text, 60)
        assert running.end(signal.SIGINT, 40) == 130
    finally:
        running.kill()
    assert '"interrupted"' in running.text and "Traceback" not in running.text
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("keeps_partial", [True, False], ids=["one", "many"])
def test_an_early_end_says_what_is_left(tmp_path: Path, keeps_partial: bool) -> None:
    make_clip(tmp_path / "in.mp4", seconds=60)
    out = tmp_path / "out"
    out.mkdir()
    where = [str(out / "in.mp4")] if keeps_partial else ["--out", str(out)]
    words = [*SHARPCAST, "enhance", str(tmp_path / "in.mp4"), *where]
    running = Process(tmp_path, "enhance", words, environment())
    try:
        # The header is there before the first picture, which waits for the net.
        until("the partial file", lambda: any(out.iterdir()), 60)
        assert running.end(signal.SIGTERM, 40) == 130, running.text
    finally:
        running.kill()
    assert "Interrupted." in running.text and "Traceback" not in running.text
    # A quick machine may have finished pictures before the signal came.
    left, text = list(out.iterdir()), running.text
    if keeps_partial and "What was finished is in" in text:
        assert left == [out / "in.partial.mp4"] and f"is in {left[0]}." in text
        assert size_and_frames(left[0])[2] > 0
        return
    assert left == []
    assert ("No picture was finished yet." in text) is keeps_partial


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("a.mp4",), "Give IN and OUT"),
        (("a.mp4", "b.mp4", "c.mp4"), "Give IN and OUT"),
        (("a.mp4", "--out", "out", "--format", "gif"), "none of mkv, mp4, y4m"),
        (("a.mp4", "b.mp4", "--encoder", "abacus"), "none of auto, nvenc"),
        (("a.mp4", "b.mp4", "--preview", "a.png"), "--preview takes one input"),
        (("a.mp4", "b.avi"), "ends in none of .mkv, .mp4, .y4m"),
        (("a.mp4", "--preview", "a.jpg"), "ends in none of .png, .webp"),
        ((".", "--out", "."), "Input and output folder are the same"),
        (("--strength", "2", "a.mp4", "b.mp4"), "--strength"),
        ((), "Missing argument"),
    ],
)
def test_wrong_use_has_a_status_of_its_own(words: tuple[str, ...], said: str) -> None:
    result = sharpcast("enhance", *words)
    assert result.returncode == 2
    assert said in result.stderr and "Traceback" not in result.stderr


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_a_still_shows_before_and_after(tmp_path: Path, suffix: str) -> None:
    clip = make_clip(tmp_path / "in.mp4")
    still = tmp_path / f"still{suffix}"
    result = sharpcast("enhance", str(clip), "--preview", str(still))
    assert result.returncode == 0, result.stderr
    assert "192x108, of the picture at" in result.stdout
    image = cv2.imread(str(still))
    assert image is not None and image.shape == (108, 192, 3)
    again = sharpcast("enhance", str(clip), "--preview", str(still))
    assert again.returncode == 1 and "exists already" in again.stderr
