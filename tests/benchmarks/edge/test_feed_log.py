"""What the feeder notes and others read."""

from __future__ import annotations

from pathlib import Path

from benchmarks.edge.feed_log import frame_line, read_log, request_line


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text(frame_line(3000, 17) + request_line(18) + frame_line(6000, 19))
    log = read_log(path)
    assert log.sent == {3000: 17, 6000: 19}
    assert log.asked == [18]


def test_a_line_that_is_still_written_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text(frame_line(3000, 17) + "F 60")
    assert read_log(path).sent == {3000: 17}


def test_an_empty_log_has_nothing(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("")
    assert (read_log(path).sent, read_log(path).asked) == ({}, [])
