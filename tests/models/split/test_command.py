"""The command that fits what passes a cut, on a cache that is there already."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

from models.split.__main__ import main
from models.split.features import feature_file, load_features
from models.split.transform import read_transform
from models.split.tune import read_receiver
from models.training.cache import CacheConfig
from tests.models.test_live_net import picture
from workers.team.feature_codebook import read_codebook


def test_files_and_manifest_are_written_and_read_by_the_runtime(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("photos/a.jpg", "video/a.mp4"):
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True)
        path.touch()
    cache = CacheConfig(clips=1, frames=24, patches=24, patch=64, seed=5)
    folder = cache.folder(tmp_path / "work")
    folder.mkdir(parents=True)
    for name, side in (("decoded", 64), ("original", 128)):
        patches = np.stack([picture(side, side, seed) for seed in range(72)])[:, None]
        np.save(folder / f"{name}.npy", patches)
    (folder / "done.txt").write_text("1")
    arguments = [
        "--net", "live-s", "--convs", "2", "--clips", "1", "--patches", "16", "--stages", "2",
        "--dimensions", "32", "--tune", "2", "--data", str(tmp_path / "data"),
        "--work", str(tmp_path / "work"),
        "--zoo", str(tmp_path / "zoo"),
    ]  # fmt: skip
    monkeypatch.setattr(sys, "argv", ["split", *arguments])
    main()
    manifest = load_features("live-s", tmp_path / "zoo")
    assert (manifest.net, manifest.convs, manifest.block) == ("live-s", 2, 4)
    transform = read_transform(feature_file(manifest, manifest.transform, tmp_path / "zoo"))
    assert transform.analysis.shape == (32, 16, 4, 4)
    book = read_codebook(feature_file(manifest, manifest.codebook, tmp_path / "zoo"))
    assert (book.stages, book.dimensions, book.width) == (2, 32, 16)
    weights = read_receiver(feature_file(manifest, manifest.receiver, tmp_path / "zoo"))
    assert weights["conv2_w"].shape == (16, 16, 3, 3) and "conv1_w" not in weights
