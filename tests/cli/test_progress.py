"""The bar of a file and sentences above it, and lines of JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.progress import FileProgress, JsonProgress

FIGURES: dict[str, Any] = {
    "frames": 3,
    "frames_total": 50,
    "fps": 12.5,
    "speed": 0.5,
    "left_s": 4.0,
    "file": 1,
    "files": 1,
}


def test_all_of_it_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    with FileProgress() as progress:
        progress.show(FIGURES, now=1.0)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "enhancing" in captured.err and "3/50" in captured.err
    assert "12.5 fps, 0.50 x real time" in captured.err


def test_many_files_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    with FileProgress() as progress:
        progress.begin(Path("a.mp4"))
        progress.show({**FIGURES, "file": 2, "files": 7}, now=1.0)
    assert "enhancing 2/7" in capsys.readouterr().err


def test_a_file_of_unknown_length_counts_all_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with FileProgress() as progress:
        progress.show({**FIGURES, "frames": 7, "frames_total": None}, now=1.0)
    assert "7/?" in capsys.readouterr().err


def test_sentences_are_said_as_they_are_however_long(capsys: pytest.CaptureFixture[str]) -> None:
    sentence = "Stream 3 [bold]is[/bold] left out: " + "word " * 60 + "12:00 'x'."
    with FileProgress() as progress:
        progress.say((sentence, "Another one."))
    lines = capsys.readouterr().err.splitlines()
    assert sentence in lines and "Another one." in lines


def test_after_an_error_the_bar_is_over_and_the_error_goes_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(ValueError, match="broken"), FileProgress() as progress:
        progress.show(FIGURES, now=1.0)
        raise ValueError("broken")
    capsys.readouterr()
    progress.say(("Afterwards.",))
    assert capsys.readouterr().err == "Afterwards.\n"


def test_nothing_done_has_no_rate(capsys: pytest.CaptureFixture[str]) -> None:
    with FileProgress() as progress:
        progress.show({**FIGURES, "frames": 0, "fps": None, "speed": None}, now=0.0)
    assert "- fps" in capsys.readouterr().err


def test_results_go_to_stdout_and_failures_do_not(capsys: pytest.CaptureFixture[str]) -> None:
    progress = FileProgress()
    progress.end("done", text="a.mp4: 50 frames", frames=50)
    progress.end("summary", text="")
    progress.end("failed", text="b.mp4 is broken.")
    captured = capsys.readouterr()
    assert captured.out == "a.mp4: 50 frames\n"
    assert captured.err == "sharpcast: b.mp4 is broken.\n"


def test_json_is_one_object_a_line_and_names_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    with JsonProgress() as progress:
        progress.begin(Path("a b.mp4"))
        progress.say(("One.", "Two."))
        progress.show(FIGURES, now=1.0)
        progress.end("done", text="all\nof it", frames=50)
        progress.end("summary", done=1)
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["event"] for each in events] == [
        "begin",
        "note",
        "note",
        "progress",
        "done",
        "summary",
    ]
    assert {each["source"] for each in events[:-1]} == {"a b.mp4"}
    assert "source" not in events[-1]
    assert events[3]["left_s"] == 4.0 and events[4]["text"] == "all\nof it"


def test_json_has_two_lines_of_progress_a_second_at_most(
    capsys: pytest.CaptureFixture[str],
) -> None:
    progress = JsonProgress()
    for file in ("a.mp4", "b.mp4"):
        progress.begin(Path(file))
        for tick in range(31):
            progress.show(FIGURES, now=tick / 30)
    told = capsys.readouterr().out.count('"progress"')
    assert told == 6
