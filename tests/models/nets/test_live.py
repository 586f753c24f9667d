"""The live net's own parts; what is exported of it is compared in test_live_net."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from models.nets.live import (
    GATE_LIMIT,
    CollapsibleConv,
    LiveConfig,
    LiveNet,
    bicubic_kernel,
)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_base_is_opencvs_bicubic_up_to_the_border(scale: int) -> None:
    luma = np.random.default_rng(1).random((9, 11)).astype(np.float32)
    net = LiveNet(LiveConfig(scale=scale, channels=8, body=1, expansion=8))
    with torch.no_grad():
        made = net.enlarge(torch.from_numpy(luma)[None, None])[0, 0].numpy()
    expected = cv2.resize(luma, (11 * scale, 9 * scale), interpolation=cv2.INTER_CUBIC)
    assert np.abs(made - expected).max() < 1e-5


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_every_phase_of_the_base_sums_to_one(scale: int) -> None:
    kernel = bicubic_kernel(scale)
    assert kernel.shape == (scale**2, 1, 5, 5)
    assert torch.allclose(kernel.sum((1, 2, 3)), torch.ones(scale**2), atol=1e-6)
    # The phases mirror each other.
    assert torch.allclose(kernel, kernel.flip(0).flip(2).flip(3), atol=1e-6)


@pytest.mark.parametrize(("inputs", "outputs"), [(4, 4), (1, 8), (8, 4)])
@pytest.mark.parametrize("side", [1, 3, 5])
def test_a_collapsed_conv_is_its_branches(inputs: int, outputs: int, side: int) -> None:
    torch.manual_seed(1)
    conv = CollapsibleConv(inputs, outputs, hidden=16, side=side, pad=side // 2)
    x = torch.rand(2, inputs, 7, 9)
    with torch.no_grad():
        assert torch.allclose(conv(x), conv.forward_expanded(x), atol=1e-5)
        assert torch.allclose(conv(x), conv.fuse()(x), atol=1e-6)
    assert conv.identity is (inputs == outputs)


def test_damping_leaves_a_square_conv_near_the_identity() -> None:
    conv = CollapsibleConv(4, 4, hidden=16, side=3, pad=1)
    conv.damp(1e-4)
    x = torch.rand(1, 4, 6, 6)
    with torch.no_grad():
        assert torch.allclose(conv(x), x, atol=0.05)


def test_a_net_that_follows_wants_the_previous_picture() -> None:
    net = LiveNet(LiveConfig(channels=8, body=1, previous=True, expansion=8))
    with pytest.raises(ValueError, match="needs the previous picture"):
        net(torch.rand(1, 1, 8, 8))


def test_no_gate_keeps_more_of_the_past_than_its_limit() -> None:
    net = LiveNet(LiveConfig(channels=8, body=1, previous=True, crisp=0, expansion=8)).eval()
    assert net.gate is not None
    with torch.no_grad():
        net.gate.bias.fill_(50.0)
        luma = torch.rand(1, 1, 8, 8)
        base = net.enlarge(luma)
        one, other = net(luma, base), net(luma, base + 1.0)
    # A wide open gate: the difference is the limit, and what the past tells the features.
    change = other - one
    assert 0 < GATE_LIMIT < 1
    assert float(change.mean()) == pytest.approx(GATE_LIMIT, abs=0.3)


def test_the_strength_scales_what_the_crisp_head_adds() -> None:
    torch.manual_seed(4)
    net = LiveNet(LiveConfig(channels=8, body=1, expansion=8)).eval()
    luma = torch.rand(1, 1, 8, 8)
    with torch.no_grad():
        plain, half, whole = (net(luma, strength=s) for s in (0.0, 0.5, 1.0))
        each = net(luma.expand(2, 1, 8, 8), strength=torch.tensor([0.0, 1.0])[:, None, None, None])
    assert torch.allclose(half - plain, (whole - plain) / 2, atol=1e-6)
    assert torch.allclose(each[0], plain[0], atol=1e-6)
    assert torch.allclose(each[1], whole[0], atol=1e-6)
