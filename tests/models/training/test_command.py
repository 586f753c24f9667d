"""The training command, on a cache that is there already."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from models.export.live import load_checkpoint
from models.training.__main__ import main
from models.training.cache import CacheConfig
from models.training.video import load_video


def filled(work: Path, config: CacheConfig) -> None:
    """A cache of noise that holds all its clips, so that none is made."""
    folder = config.folder(work)
    folder.mkdir(parents=True)
    count = config.clips * config.encodes * config.patches
    rng = np.random.default_rng(1)
    for name, side in (("decoded", config.patch), ("original", config.scale * config.patch)):
        shape = (count, config.window, side, side)
        np.save(folder / f"{name}.npy", rng.integers(0, 256, shape, np.uint8))
    if config.window > 1:
        flow = (count, config.window, 2, config.patch // 4, config.patch // 4)
        np.save(folder / "flow.npy", np.zeros(flow, np.float16))
    (folder / "done.txt").write_text(str(config.clips))


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    for name in ("photos/a.jpg", "video/a.mp4"):
        path = tmp_path / "data" / name
        path.parent.mkdir(parents=True)
        path.touch()
    return [
        "--data", str(tmp_path / "data"), "--work", str(tmp_path / "work"), "--name", "tiny",
        "--clips", "1", "--material-seeds", "1", "--steps", "2", "--batch", "1",
    ]  # fmt: skip


def run(monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["training", *arguments])
    main()


def test_a_live_net_is_trained_on_pairs_and_gone_on_with(
    tmp_path: Path,
    arguments: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    filled(tmp_path / "work", CacheConfig(clips=1))
    shape = ["--channels", "8", "--body", "1", "--crisp", "0", "--finish", "1"]
    run(monkeypatch, arguments + shape)
    net, content = load_checkpoint(tmp_path / "work" / "tiny.pt")
    assert (net.config.channels, net.config.body, net.config.crisp) == (8, 1, 0)
    assert content["step"] == 2 and content["training"]["batch"] == 1
    arguments[arguments.index("--steps") + 1] = "3"
    run(monkeypatch, arguments + shape)
    assert load_checkpoint(tmp_path / "work" / "tiny.pt")[1]["step"] == 3
    told = capsys.readouterr().out
    assert "step 2: loss" in told and "step 3: loss" in told
    assert "python -m models.export" in told


def test_a_video_net_is_trained_on_sequences(
    tmp_path: Path, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path / "work", CacheConfig(clips=1, window=6, patch=64, patches=12))
    settings = '{"colours": 1, "scale": 2, "channels": 8, "blocks": [0, 0, 1]}'
    run(monkeypatch, [*arguments, "--net", "unet", "--settings", settings, "--roll-out", "6"])
    net, content = load_video(tmp_path / "work" / "tiny.pt")
    assert content["net_name"] == "unet" and content["step"] == 2
    assert all(bool(torch.isfinite(p).all()) for p in net.parameters())


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (["--scale", "5"], "invalid choice: 5"),
        (["--net", "basicvsr"], "invalid choice: 'basicvsr'"),
        (["--stage", "sharp"], "invalid choice: 'sharp'"),
        (["--steps", "many"], "invalid int value"),
    ],
)
def test_a_wrong_option_is_named_before_anything_is_made(
    tmp_path: Path,
    arguments: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    wrong: list[str],
    words: str,
) -> None:
    with pytest.raises(SystemExit):
        run(monkeypatch, arguments + wrong)
    assert words in capsys.readouterr().err
    assert not (tmp_path / "work").exists()


def test_without_material_the_folder_is_named(
    tmp_path: Path, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data" / "photos" / "a.jpg").unlink()
    with pytest.raises(FileNotFoundError, match=r"holds no photos/\*\.jpg or no video/\*\.mp4"):
        run(monkeypatch, arguments)
