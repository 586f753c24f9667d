"""The page of figures, and what each link carries best."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

from benchmarks.features.codings import MASKED, PICTURE, WAYS, Delivered
from benchmarks.features.placements import place_all, place_unet
from benchmarks.features.report import best, curve, draw, markdown
from benchmarks.features.sweep import Found, Loss


def found(clip: str, better: float) -> Found:
    delivered = [
        Delivered(way, setting, mbit_s * (number + 1), db + better, 40 + db)
        for number, way in enumerate(WAYS)
        for setting, mbit_s, db in (("coarse", 2.0, 30.0), ("fine", 8.0, 31.0))
    ]
    return Found(clip, 29.0 + better, 31.5 + better, delivered, [Loss("stage 0", 0.2 + better)])


BOTH = [found("a", 0.0), found("b", 1.0)]


def test_the_best_that_fits_is_taken_from_each_clip() -> None:
    assert best(BOTH, WAYS[0], 100) == pytest.approx(-0.5)
    assert best(BOTH, WAYS[0], 5) == pytest.approx(-1.5)
    assert best(BOTH, WAYS[0], 1) is None
    # The last way needs eight times the rate.
    assert best(BOTH, WAYS[-1], 5) is None


def test_curves_are_means_by_setting() -> None:
    assert curve(BOTH, WAYS[0], "truth") == [(2.0, -1.5), (8.0, -0.5)]
    assert curve(BOTH, WAYS[0], "whole") == [(2.0, 70.0), (8.0, 71.0)]


def test_the_page_has_every_way_and_every_table(tmp_path: Path) -> None:
    draw(BOTH, tmp_path / "features.png")
    assert (tmp_path / "features.png").stat().st_size > 10_000
    text = markdown(BOTH, place_all(), place_unet(), "a machine")
    assert all(text.count(f"| {way} |") == 3 for way in (PICTURE, MASKED))
    assert "| stage 0 | 0.700 | 1.200 |" in text
    assert "| b | 30.00 | 32.50 |" in text
    assert "live-l" in text and "edvr-m" in text and "basicvsr-causal" in text
    assert "does not fit" in text


def test_a_chain_gains_by_devices_and_a_loop_bounds_it() -> None:
    rows = {row.net: row for row in place_all()}
    assert rows["live-l"].loop_fraction == 0 and 3 < rows["live-l"].free <= 4
    # Bytes of features do not pass a link of 20 Mbit/s: one device does better alone.
    assert rows["live-l"].bytes_gain < 1.2 < rows["live-l"].codes_gain
    heavy = rows["basicvsr-causal"]
    assert 0.5 < heavy.loop_fraction < 0.7
    assert heavy.free == pytest.approx(1 / heavy.loop_fraction, rel=0.05)
    assert heavy.regions is not None and heavy.regions > heavy.free
    assert rows["edvr-m"].gmacs == pytest.approx(1095, rel=0.02)
    assert rows["edvr-m"].regions is None


def test_branches_gain_little() -> None:
    for row in place_unet():
        assert row.alone_s / 1.5 < row.spread_s <= row.alone_s
