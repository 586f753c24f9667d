"""Frames as viewers get them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("imageio_ffmpeg")
pytest.importorskip("openvino")

from benchmarks.blind import material
from benchmarks.blind.material import film
from benchmarks.material import CLIP_FOLDER
from benchmarks.quality.at_viewer import enlargers


def error(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.mean((a.astype(float) - b) ** 2))


def test_a_frame_has_the_original_the_players_and_every_enhanced_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(material, "FRAMES", 4)
    each = enlargers(["live-s"], 2)[1:]
    frame = film(CLIP_FOLDER / "talking.mp4", each)
    assert frame.clip == "talking"
    assert set(frame.enhanced) == {"live-s faithful", "live-s default style"}
    shapes = {x.shape for x in (frame.original, frame.player, *frame.enhanced.values())}
    assert shapes == {(*frame.luma.shape, 3)}
    # All are the same frame, in colour.
    assert error(frame.player, frame.original) < 300
    assert error(frame.enhanced["live-s faithful"], frame.original) < 300
    assert error(frame.original[..., 0], frame.original[..., 2]) > 1


def test_a_file_that_is_no_video_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no video")
    with pytest.raises((OSError, ValueError)):
        film(tmp_path / "a.mp4", [])
