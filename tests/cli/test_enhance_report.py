"""Speed and time left of files, in virtual time."""

from __future__ import annotations

import pytest

from cli.enhance_report import EnhanceReport


def begin(report: EnhanceReport, now: float) -> None:
    """The file's first figures, which speed is counted from."""
    report.begin()
    assert report.show(0, 0, fps=25.0, now=now)["fps"] is None


def test_speed_and_time_left_of_a_file() -> None:
    report = EnhanceReport(3)
    begin(report, 100.0)
    figures = report.show(50, 250, fps=25.0, now=102.0)
    assert figures == {
        "frames": 50,
        "frames_total": 250,
        "fps": 25.0,
        "speed": 1.0,
        "left_s": 8.0,
        "file": 1,
        "files": 3,
    }


def test_nothing_is_told_before_it_is_known() -> None:
    report = EnhanceReport(1)
    begin(report, 0.0)
    early = report.show(3, 100, fps=25.0, now=0.2)
    assert early["fps"] is early["speed"] is early["left_s"] is None
    endless = report.show(30, 0, fps=0.0, now=3.0)
    assert endless["fps"] == 10.0
    assert endless["speed"] is endless["left_s"] is endless["frames_total"] is None


def test_an_estimate_of_the_length_that_was_too_small_leaves_no_negative_time() -> None:
    report = EnhanceReport(1)
    begin(report, 0.0)
    assert report.show(120, 100, fps=25.0, now=5.0)["left_s"] == 0.0


def test_the_next_file_begins_anew() -> None:
    report = EnhanceReport(2)
    begin(report, 0.0)
    report.show(100, 100, fps=25.0, now=10.0)
    report.end("done")
    begin(report, 10.0)
    figures = report.show(10, 100, fps=25.0, now=12.0)
    assert (figures["file"], figures["fps"]) == (2, 5.0)


def test_all_files_are_counted_by_their_end() -> None:
    report = EnhanceReport(4)
    for outcome, frames in (("done", 10), ("skipped", 0), ("failed", 7), ("done", 5)):
        if outcome != "skipped":
            begin(report, 0.0)
            report.show(frames, 0, fps=0.0, now=2.0)
        report.end(outcome)
    assert report.summary == {"files": 4, "done": 2, "skipped": 1, "failed": 1, "frames": 15}


@pytest.mark.parametrize("fps", [0.0, 23.976, 60.0])
def test_speed_is_of_the_films_own_rate(fps: float) -> None:
    report = EnhanceReport(1)
    begin(report, 0.0)
    speed = report.show(240, 0, fps=fps, now=10.0)["speed"]
    assert speed is None if not fps else speed == pytest.approx(24 / fps, abs=1e-3)


def test_loading_the_net_is_no_speed() -> None:
    report = EnhanceReport(1)
    report.begin()
    assert report.show(10, 100, fps=25.0, now=60.0)["fps"] is None
    assert report.show(35, 100, fps=25.0, now=61.0)["fps"] == 25.0
