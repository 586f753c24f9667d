from __future__ import annotations

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from models.nets.basicvsr import BasicVSR, BasicVSRConfig  # noqa: E402
from models.nets.blocks import flow_warp  # noqa: E402
from models.nets.edvr import EDVR, EDVRConfig  # noqa: E402
from models.nets.spynet import SPyNet  # noqa: E402
from models.nets.unet import Branch, UNetConfig, UNetVSR  # noqa: E402


def test_a_flow_of_whole_pixels_shifts_and_leaves_zeros_behind() -> None:
    x = torch.rand(1, 2, 6, 7)
    flow = torch.zeros(1, 2, 6, 7)
    flow[:, 0], flow[:, 1] = 2, 1
    moved = flow_warp(x, flow)
    assert torch.allclose(moved[..., :-1, :-2], x[..., 1:, 2:], atol=1e-5)
    assert float(moved[..., -1:, :].abs().max()) < 1e-5


def test_spynet_takes_any_size_and_starts_near_no_motion() -> None:
    torch.manual_seed(0)
    net = SPyNet(levels=4, channels=8)
    flow = net(torch.rand(2, 3, 33, 50), torch.rand(2, 3, 33, 50))
    assert flow.shape == (2, 2, 33, 50)


def test_spynet_learns_a_shift() -> None:
    torch.manual_seed(0)
    net = SPyNet(levels=3, channels=8)
    rng = np.random.default_rng(0)
    noise = cv2.GaussianBlur(rng.random((48, 48, 3)).astype(np.float32), (0, 0), 2)
    picture = torch.from_numpy((noise - noise.min()) / np.ptp(noise)).permute(2, 0, 1)[None]
    moved = picture.roll((0, 2), (2, 3))
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    for _ in range(60):
        flow = net(picture, moved)
        loss = (flow_warp(moved, flow, padding="border") - picture).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    # The first picture's content lies two pixels to the right in the second one.
    assert float(net(picture, moved)[:, 0, 8:-8, 8:-8].median().detach()) == pytest.approx(
        2, abs=0.7
    )


def test_basicvsr_sees_the_whole_clip() -> None:
    torch.manual_seed(0)
    config = BasicVSRConfig(channels=8, blocks=1, tail=8, flow_levels=3, flow_channels=8)
    net = BasicVSR(config).eval()
    clip = torch.rand(1, 3, 3, 16, 16)
    with torch.no_grad():
        first = net(clip)
        assert first.shape == (1, 3, 3, 64, 64)
        later = clip.clone()
        later[:, 2] = 0
        assert not torch.equal(net(later)[:, 0], first[:, 0])


def test_edvr_with_nothing_learned_to_add_is_the_enlarged_middle_frame() -> None:
    config = EDVRConfig(channels=8, groups=2, extract=1, reconstruct=1, tail=8, window=3)
    net = EDVR(config).eval()
    with torch.no_grad():
        net.conv_last.weight.zero_()
        assert net.conv_last.bias is not None
        net.conv_last.bias.zero_()
    frames = torch.rand(1, 3, 3, 8, 8)
    expected = torch.nn.functional.interpolate(frames[:, 1], scale_factor=4, mode="bilinear")
    assert torch.allclose(net(frames), expected, atol=1e-5)


def unet() -> UNetVSR:
    torch.manual_seed(0)
    return UNetVSR(UNetConfig(colours=1, scale=2, channels=8, blocks=(1, 1, 1))).eval()


def test_the_branches_of_the_unet_may_run_apart() -> None:
    net = unet()
    frames, state = torch.rand(1, 1, 1, 16, 16), net.start(16, 16)
    with torch.no_grad():
        whole = net.step(frames, *state)
        entry = net.enter(frames, *state)
        # Each device gets what its branch needs and nothing of the others.
        parts = {}
        for name in reversed(list(net.branches)):
            branch = net.branches[name]
            assert isinstance(branch, Branch)
            parts[name] = branch(branch.shrink(entry))
        apart = net.merge(frames, entry, parts)
    for a, b in zip(whole, apart, strict=True):
        assert torch.equal(a, b)


def test_the_unet_does_without_a_branch_that_is_late() -> None:
    net = unet()
    frames, state = torch.rand(1, 1, 1, 16, 16), net.start(16, 16)
    with torch.no_grad():
        enhanced, *_ = net.merge(frames, net.enter(frames, *state), {})
    assert enhanced.shape == (1, 1, 32, 32)
    assert bool(torch.isfinite(enhanced).all())
