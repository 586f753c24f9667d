"""The commands that write a trained net into a zoo."""

from __future__ import annotations

import shutil
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

import torch

from models.export import __main__ as command
from models.export import small
from models.export.__main__ import _pictures, main
from models.export.small import TorchUpscaler
from models.manifest import load_manifest, model_file, weights_file
from models.measure.gain import RATES
from models.measure.held_out_clips import CLIPS
from models.nets.live import LiveConfig, LiveNet
from models.nets.table import build
from models.training.codec import CODECS
from tests.cli.clips import make_clip

TINY = LiveConfig(channels=8, body=1, expansion=8)
UNET = {"colours": 1, "scale": 2, "channels": 8, "blocks": [1, 1, 1]}


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny clip of each held-out name."""
    folder = tmp_path_factory.mktemp("clips")
    made = make_clip(folder / f"{CLIPS[0]}.mp4", seconds=1)
    for name in CLIPS[1:]:
        shutil.copy(made, folder / f"{name}.mp4")
    return folder


def checkpoint(folder: Path, config: LiveConfig = TINY) -> Path:
    torch.manual_seed(1)
    weights = LiveNet(config).state_dict()
    content = {"config": asdict(config), "ema": weights, "training": {"seed": 3}, "step": 40}
    torch.save(content, folder / "a.pt")
    return folder / "a.pt"


def cache(folder: Path, filled: int = 6, blank: int = 4, frames: int = 1) -> Path:
    folder.mkdir()
    patches = np.zeros((filled + blank, frames, 16, 16), np.uint8)
    rng = np.random.default_rng(1)
    patches[:filled] = rng.integers(1, 256, patches[:filled].shape)
    np.save(folder / "decoded.npy", patches)
    (folder / "done.txt").write_text("1")
    return folder


def test_a_checkpoint_becomes_a_model_with_files_and_measurements(
    tmp_path: Path,
    clips: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = [str(checkpoint(tmp_path)), "--name", "tiny", "--title", "A tiny net"]
    arguments += ["--zoo", str(tmp_path / "zoo"), "--clips", str(clips), "--frames", "1"]
    arguments += ["--material", str(cache(tmp_path / "cache")), "--qat", "2"]
    monkeypatch.setattr(sys, "argv", ["export", *arguments])
    # One clip of all: a graph is compiled for each row and precision.
    monkeypatch.setattr(command, "CLIPS", CLIPS[:1])
    main()
    found = load_manifest("tiny", tmp_path / "zoo")
    assert set(found.files) == {"fp32", "int8", "int8-s8s8"}
    assert found.default_precision == "int8" and found.title == "A tiny net"
    assert found.training is not None
    assert (found.training.seed, found.training.steps) == (3, 40)
    for precision in found.files:
        assert model_file(found, precision, tmp_path / "zoo").stat().st_size > 0
    grid = [(row.clip, row.codec, row.bpp) for row in found.metrics]
    assert grid == [(CLIPS[0], codec, rate) for codec in CODECS for rate in RATES]
    told = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in told] == [CLIPS[0]]


@pytest.mark.parametrize("material", [None, "absent"])
def test_calibration_without_material_is_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, material: str | None
) -> None:
    arguments = [str(checkpoint(tmp_path)), "--zoo", str(tmp_path / "zoo")]
    arguments += ["--material", str(tmp_path / material)] if material else []
    monkeypatch.setattr(sys, "argv", ["export", *arguments])
    with pytest.raises(SystemExit, match="name the patch cache with --material"):
        main()
    assert not (tmp_path / "zoo").exists()


@pytest.mark.parametrize("count", [1, 6, 20])
def test_pictures_are_spread_over_what_was_filled(tmp_path: Path, count: int) -> None:
    folder = cache(tmp_path / "cache", filled=6, blank=4)
    patches = np.load(folder / "decoded.npy")
    pictures = _pictures(folder, LiveNet(TINY), count)
    assert pictures.luma.shape == (count, 16, 16) and pictures.previous is None
    # A blank patch has no number above 0, a filled one none below 1.
    assert pictures.luma.min() >= 1
    assert np.array_equal(pictures.luma[0], patches[0, 0])
    if count > 1:
        assert np.array_equal(pictures.luma[-1], patches[5, 0])


def test_a_net_with_a_memory_is_calibrated_on_second_frames(tmp_path: Path) -> None:
    config = LiveConfig(channels=8, body=1, expansion=8, previous=True)
    folder = cache(tmp_path / "cache", frames=3)
    pictures = _pictures(folder, LiveNet(config).eval(), 4)
    patches = np.load(folder / "decoded.npy")
    assert np.array_equal(pictures.luma[0], patches[0, 1])
    assert pictures.previous is not None
    assert pictures.previous.shape == (4, 32, 32) and pictures.previous.dtype == np.uint8


def shipped(folder: Path, clips: Path) -> list[str]:
    torch.manual_seed(1)
    content = {
        "net_name": "unet",
        "settings": UNET,
        "ema": build("unet", UNET).state_dict(),
        "training": {"seed": 2},
        "step": 9,
    }
    torch.save(content, folder / "a.pt")
    arguments = [str(folder / "a.pt"), "--name", "tiny", "--title", "A tiny U-net"]
    return [*arguments, "--zoo", str(folder / "zoo"), "--clips", str(clips), "--frames", "1"]


def test_a_video_net_ships_with_its_weights(
    tmp_path: Path, clips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["small", *shipped(tmp_path, clips)])
    small.main()
    found = load_manifest("tiny", tmp_path / "zoo")
    assert found.architecture is not None and found.architecture.config == UNET
    assert found.training is not None and found.training.steps == 9
    assert len(found.metrics) == len(CLIPS) * len(CODECS) * len(RATES)
    path = weights_file(found, tmp_path / "zoo")
    luma = np.random.default_rng(0).integers(0, 256, (18, 22), np.uint8)
    assert TorchUpscaler.load(found, path, 18, 22)(luma).shape == (36, 44)


def test_weights_too_large_for_the_repository_are_refused(
    tmp_path: Path, clips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["small", *shipped(tmp_path, clips)])
    monkeypatch.setattr(small, "MAX_BYTES", 1000)
    with pytest.raises(SystemExit, match=r"weights\.pth has \d+ bytes, too many to ship"):
        small.main()
    assert not (tmp_path / "zoo" / "tiny" / "manifest.json").exists()
