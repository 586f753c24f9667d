"""The ingest bench, where this machine can run it: ``benchmarks/edge/ingest.py``."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from benchmarks.edge import chromium_publisher, ingest, ingest_clip, wrtc_publisher
from benchmarks.edge.ingest_figures import Sample
from benchmarks.edge.ingest_stage import read_lines
from benchmarks.network import lab


def test_each_publisher_has_a_command() -> None:
    for name, make in ingest.PUBLISHERS.items():
        command = make(Path("clip.y4m"))
        assert ("clip.y4m" in command) is ("wrtc" not in name)
    options = json.loads(ingest.PUBLISHERS["Chromium H264"](Path("x"))[-1])
    assert options["codec"] == "H264"
    assert set(ingest.ADAPTIVE) <= set(ingest.PUBLISHERS)


def test_the_clip_is_a_loop_of_full_pictures(tmp_path: Path) -> None:
    path = tmp_path / "clip.y4m"
    ingest_clip.write(path)
    head, _, rest = path.read_bytes().partition(b"\n")
    assert head.startswith(b"YUV4MPEG2 W640 H360 F30:1 ")
    assert len(rest) % (len(b"FRAME\n") + 640 * 360 * 3 // 2) == 0
    assert len(rest) // (640 * 360 * 3 // 2) >= 60


def test_a_line_that_is_half_written_is_left(tmp_path: Path) -> None:
    whole = msgspec.json.encode(Sample(1.0, frames=1, bytes=2))
    path = tmp_path / "out"
    path.write_bytes(whole + b"\n" + whole[:9])
    assert read_lines(path, Sample) == [Sample(1.0, frames=1, bytes=2)]


def test_without_namespaces_it_says_why(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lab, "missing", lambda: "This machine has no namespaces.")
    assert ingest.main([]) == 1
    assert "no namespaces" in capsys.readouterr().out


def test_pictures_without_a_camera_move_and_have_all_planes() -> None:
    first, second, *_ = wrtc_publisher.pictures()
    assert len(first) == 640 * 360 * 3 // 2
    assert first != second


def test_the_page_asks_for_what_the_options_say() -> None:
    for word in ("token", "codec", "maxKbps", "scales", "without"):
        assert word in chromium_publisher.PUBLISH
