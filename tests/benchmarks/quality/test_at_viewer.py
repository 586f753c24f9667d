"""The sweep before and after the viewer's encode."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("imageio_ffmpeg")
pytest.importorskip("openvino")

from benchmarks.material import CLIP_FOLDER
from benchmarks.quality import at_viewer
from benchmarks.quality.at_viewer import BICUBIC, USUAL_RATE, Cell, Sweep, enlargers
from models.measure.held_out_clips import CLIPS
from wire.settings import Settings


def plan(work: Path, **changes: object) -> Sweep:
    values = {
        "clips": CLIP_FOLDER,
        "work": work,
        "frames": 3,
        "every": 3,
        "models": ("live-s",),
        "codecs": ("h264",),
        "rates": (0.06, USUAL_RATE),
    }
    return Sweep(**(values | changes))  # type: ignore[arg-type]


def test_each_net_is_measured_faithful_and_as_it_ships() -> None:
    found = enlargers(["live-s", "live-m-x3"], 2)
    assert [each.name for each in found] == [BICUBIC, "live-s faithful", "live-s default style"]
    assert [each.strength for each in found] == [0, 0, Settings.model_fields["strength"].default]
    assert [each.model for each in enlargers(["live-s", "live-m-x3"], 3)][1:] == ["live-m-x3"] * 2


def test_the_usual_rate_comes_first_and_other_scales_last(tmp_path: Path) -> None:
    cells = plan(tmp_path, codecs=("h264", "vp8"), others=("live-m-x3",)).cells()
    assert [cell.bpp for cell in cells[: 2 * len(CLIPS)]] == [USUAL_RATE] * 2 * len(CLIPS)
    assert {cell.scale for cell in cells[: 4 * len(CLIPS)]} == {2}
    assert [(c.codec, c.bpp, c.scale) for c in cells[4 * len(CLIPS) :]] == [
        ("h264", USUAL_RATE, 3)
    ] * len(CLIPS)


@pytest.mark.parametrize("scale", [2, 3])
def test_an_enlarger_multiplies_width_and_height(scale: int) -> None:
    seen = np.random.default_rng(0).integers(16, 236, (2, 32, 48), np.uint8)
    for each in enlargers(["live-s", "live-m-x3"], scale):
        assert each.enlarge(seen).shape == (2, 32 * scale, 48 * scale)


def test_a_cell_is_measured_once_and_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_viewer, "colour_video_vdp", lambda *_: 9.5)
    monkeypatch.setattr(at_viewer, "ssimulacra2", lambda *_: 50.0)
    cell = Cell("talking", "h264", USUAL_RATE)
    found = at_viewer._cell(plan(tmp_path), cell)
    assert [each.method for each in found] == [BICUBIC, "live-s faithful", "live-s default style"]
    for each in found:
        assert each.cell == cell and each.kbps > 0
        # The encode costs something, but not much.
        assert 0 < each.before.psnr - each.after.psnr < 1
        assert each.before.cvvdp == 9.5 and each.after.ssimulacra2 == 50
    held = sorted(tmp_path.glob("*.json"))
    assert len(held) == 3
    changed = json.loads(held[0].read_text())
    changed["kbps"] = 1.0
    held[0].write_text(json.dumps(changed))
    assert 1.0 in [each.kbps for each in at_viewer._cell(plan(tmp_path), cell)]


def test_slow_scores_are_left_out_at_other_rates(tmp_path: Path) -> None:
    found = at_viewer._cell(plan(tmp_path), Cell("talking", "h264", 0.06))
    assert all(np.isnan(each.after.cvvdp) for each in found)


def test_another_clip_or_encode_under_the_same_name_is_measured_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    each = enlargers(["live-s"], 2)[1]
    cell = Cell("talking", "h264", 0.06)
    first = at_viewer._name(plan(tmp_path), cell, each)
    assert at_viewer._name(plan(tmp_path), cell, each) == first
    assert at_viewer._name(plan(tmp_path, frames=4), cell, each) != first
    shutil.copy(CLIP_FOLDER / "screen.mp4", tmp_path / "talking.mp4")
    assert at_viewer._name(plan(tmp_path, clips=tmp_path), cell, each) != first
    monkeypatch.setattr(at_viewer, "encode_digest", lambda: "another")
    assert at_viewer._name(plan(tmp_path), cell, each) != first
