"""The table that ships and the page of figures, out of points."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from benchmarks.sending.__main__ import write
from benchmarks.sending.sweep import CLIPS, RATES, Point, file_name, measured

SLOPES = {"1/3": 2.0, "1/2": 4.0, "3/4": 6.0, "1": 20.0}


def points_of(clip: str, codec: str, size: str) -> list[Point]:
    found = []
    for name in ("", "gauss 0.4") if (size, codec) == ("1/2", "h264") else ("",):
        for kbps in RATES:
            neg = 60 + SLOPES[size] * (kbps / 560 - 1)
            bpp = kbps * 1000 / (640 * 360 * 30)
            found.append(Point(clip, codec, size, name, kbps, bpp, neg, 33.0))
    return found


def test_what_was_measured_is_taken_from_disk_and_written(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    for clip in CLIPS:
        for codec in ("h264", "vp8"):
            for size in SLOPES:
                rows = [dataclasses.asdict(point) for point in points_of(clip, codec, size)]
                (work / file_name(clip, codec, size)).write_text(json.dumps(rows))
    points = measured(tmp_path / "no-clips", work, 1)
    assert len(points) == len(CLIPS) * (2 * len(SLOPES) + 1) * len(RATES)
    table, out = tmp_path / "sizes.json", tmp_path / "out"
    write(points, table, out)
    found = json.loads(table.read_text())
    assert found["sizes"][0] == {"fraction": 0.3333, "min_bpp": 0.0}
    assert found["sizes"][-1]["fraction"] == 1.0 and "benchmarks.sending" in found["made_by"]
    page = (out / "README.md").read_text()
    assert "| kbit/s | 1/3 | 1/2 | 3/4 | 1 |" in page
    assert "| gauss 0.4 | coffee_pour | h264 | +0.0 % |" in page
