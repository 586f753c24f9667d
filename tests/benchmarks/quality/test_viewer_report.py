"""The tables of what reaches viewers."""

from __future__ import annotations

import pytest

pytest.importorskip("bjontegaard")
pytest.importorskip("openvino")

from benchmarks.quality.at_viewer import Cell
from benchmarks.quality.viewer_report import uplink_section, viewer_figures, viewer_section
from models.measure.held_out_clips import CLIPS
from tests.benchmarks.quality.material import pair, points

FOUND = [
    each
    for clip in CLIPS
    for codec in ("h264", "vp8")
    for each in pair(Cell(clip, codec, 0.12), 0.5, 0.6 if clip == "screen" else 0.3)
]
POINTS = [point for clip in CLIPS for point in points(clip, cheaper=0.6)]


def test_targets_are_judged_by_means_of_kinds() -> None:
    rows = {row.name: row for row in viewer_figures(FOUND, POINTS)}
    neg, gained, left, kind, cell, saved, until = rows.values()
    assert gained.value == pytest.approx((4 * 0.3 + 0.6) / 5)
    assert neg.value == pytest.approx(10 * gained.value) and neg.is_met is False
    assert left.value == pytest.approx(100 * gained.value / 0.5)
    assert kind.value == pytest.approx(0.3) and kind.is_met
    assert "0.12 bit/px" in cell.note
    assert saved.value == pytest.approx(40, abs=0.5) and saved.is_met
    assert until.value == 800


def test_neg_comes_first_and_each_cell_says_before_and_after() -> None:
    page = "\n".join(viewer_section(FOUND))
    head = next(line for line in page.splitlines() if line.startswith("| method | VMAF-NEG"))
    assert head.split(" | ")[1:4] == ["VMAF-NEG", "PSNR", "left"]
    row = next(line for line in page.splitlines() if line.startswith("| live-s faithful"))
    assert row.startswith("| live-s faithful | +5.00 / +3.60 | +0.50 / +0.36 | 72 % / 92 % |")
    # CVVDP was not measured here.
    assert "- / -" in row and "nan" not in row


def test_each_kind_clip_codec_and_rate_has_its_column() -> None:
    page = "\n".join(viewer_section(FOUND))
    assert "| method | natural | talking head | animation | screen | game |" in page
    assert f"| method | {' | '.join(CLIPS)} | worst |" in page
    assert "| method | h264 0.12 | vp8 0.12 |" in page
    assert "+0.50 / +0.60" in page


def test_the_uplink_is_given_in_bits_saved_and_where_it_pays() -> None:
    page = "\n".join(uplink_section(POINTS))
    assert "| half size, live-s default style | 40 % | 40 % |" in page
    assert "| street | natural | h264 | 40 % | more than 800 |" in page
    alike = [point for clip in CLIPS for point in points(clip, cheaper=1.0)]
    assert "nowhere" in "\n".join(uplink_section(alike))


def test_a_sweep_without_overlap_says_so() -> None:
    few = [point for point in POINTS if point.kbps < 200]
    assert "no overlap" in "\n".join(uplink_section(few))
