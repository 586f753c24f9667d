"""The sweep of uplinks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("imageio_ffmpeg")
pytest.importorskip("openvino")

from benchmarks.material import CLIP_FOLDER
from benchmarks.quality import uplink
from benchmarks.quality.uplink import KBPS, LARGE, RATES, Uplink, ways


def test_the_half_size_is_enlarged_by_bicubic_and_by_nets_as_they_ship() -> None:
    found = ways(["live-s", "live-m"])
    assert list(found) == [
        "half size, bicubic",
        "half size, live-s default style",
        "half size, live-m default style",
    ]
    assert [each.strength > 0 for each in found.values()] == [False, True, True]


def test_rates_are_those_of_640x360_at_30_frames() -> None:
    assert [round(rate * 640 * 360 * 30 / 1000) for rate in RATES] == list(KBPS)


def test_both_sides_spend_the_same_uplink_and_are_kept(tmp_path: Path) -> None:
    plan = Uplink(clips=CLIP_FOLDER, work=tmp_path, frames=24, models=("live-s",))
    found = uplink._send(plan, "talking", "h264", 0.05)
    assert [point.way for point in found] == [LARGE, *ways(["live-s"])]
    spent = {point.kbps for point in found[1:]}
    assert len(spent) == 1
    # Rate control over less than a second is rough.
    assert found[0].kbps == pytest.approx(spent.pop(), rel=0.4)
    assert all(0 < point.scores.vmaf < 100 for point in found)
    assert uplink._send(plan, "talking", "h264", 0.05) == found or any(
        np.isnan(point.scores.cvvdp) for point in found
    )
    assert len(list(tmp_path.glob("*.json"))) == len(found)


def test_chroma_of_the_large_picture_has_half_its_sides() -> None:
    quarter = np.full((2, 2, 8, 12), 99, np.uint8)
    luma = np.zeros((2, 32, 48), np.uint8)
    assert uplink._chroma_of_large(quarter, luma).shape == (2, 2, 16, 24)
