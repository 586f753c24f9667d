"""Optical flow by a pyramid."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from torch import Tensor, nn

from models.nets.blocks import flow_warp
from models.nets.spynet import FlowCorrection, SPyNet


def net(levels: int = 3, channels: int = 4) -> SPyNet:
    torch.manual_seed(0)
    return SPyNet(levels=levels, channels=channels).eval()


def silenced(made: SPyNet) -> SPyNet:
    """The net with corrections of nothing at every level."""
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.zero_()
    return made


def bias_of(made: SPyNet, level: int) -> Tensor:
    """The bias of a level's last conv: the correction where its input tells nothing."""
    part = made.basic_module[level]
    assert isinstance(part, FlowCorrection)
    last = part.basic_module[-1]
    assert isinstance(last, nn.Conv2d) and last.bias is not None
    return last.bias


def noise(side: int = 48) -> Tensor:
    rng = np.random.default_rng(0)
    smooth = cv2.GaussianBlur(rng.random((side, side, 3)).astype(np.float32), (0, 0), 2)
    return torch.from_numpy((smooth - smooth.min()) / np.ptp(smooth)).permute(2, 0, 1)[None]


@pytest.mark.parametrize("size", [(5, 5), (8, 9), (33, 50), (32, 64)])
def test_any_size_gets_a_vector_for_each_pixel(size: tuple[int, int]) -> None:
    with torch.no_grad():
        flow = net()(torch.rand(2, 3, *size), torch.rand(2, 3, *size))
    assert flow.shape == (2, 2, *size)
    assert bool(torch.isfinite(flow).all())


@pytest.mark.parametrize("levels", [2, 3, 6])
def test_a_side_of_one_cell_of_the_coarsest_level_is_read_too(levels: int) -> None:
    made = net(levels)
    for side in (2 ** (levels - 1), 2 ** (levels - 1) + 1):
        pair = torch.rand(2, 1, 3, side, side)
        with torch.no_grad():
            assert bool(torch.isfinite(made(*pair)).all())


@pytest.mark.parametrize("levels", [1, 2, 4])
def test_there_is_one_correction_for_each_level(levels: int) -> None:
    made = net(levels)
    assert len(made.basic_module) == levels
    for part in made.basic_module:
        assert isinstance(part, FlowCorrection)
        assert part(torch.rand(1, 8, 6, 7)).shape == (1, 2, 6, 7)


def test_levels_that_correct_nothing_find_no_motion() -> None:
    with torch.no_grad():
        flow = silenced(net())(noise(), noise().roll(3, 3))
    assert not flow.any()


@pytest.mark.parametrize("level", [0, 1, 2])
def test_a_vector_doubles_with_each_finer_level(level: int) -> None:
    """A correction of one pixel at a coarse level is one of 2 ** (levels behind it) in the end."""
    made = silenced(net(levels=3))
    with torch.no_grad():
        bias_of(made, level).copy_(torch.tensor([1.0, -0.5]))
        flow = made(noise(), noise())
    expected = 2 ** (2 - level)
    assert torch.allclose(flow[:, 0], torch.full((1, 48, 48), float(expected)), atol=1e-4)
    assert torch.allclose(flow[:, 1], torch.full((1, 48, 48), -0.5 * expected), atol=1e-4)


@pytest.mark.parametrize(("height", "width"), [(42, 48), (48, 42), (47, 33)])
def test_vectors_of_a_resized_picture_count_pixels_of_the_given_one(
    height: int, width: int
) -> None:
    made = silenced(net(levels=3))
    with torch.no_grad():
        bias_of(made, 2).copy_(torch.tensor([1.0, 1.0]))
        flow = made(torch.rand(1, 3, height, width), torch.rand(1, 3, height, width))
    unit = 4
    across, down = (-(-side // unit) * unit for side in (width, height))
    assert torch.allclose(flow[:, 0], torch.full((1, height, width), width / across), atol=1e-4)
    assert torch.allclose(flow[:, 1], torch.full((1, height, width), height / down), atol=1e-4)


def test_colours_are_normalized_as_the_published_weights_expect() -> None:
    made = net()
    state = made.state_dict()
    assert state["mean"].shape == state["std"].shape == (1, 3, 1, 1)
    seen: list[Tensor] = []
    made.basic_module[2].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    grey = made.mean.expand(1, 3, 8, 8)
    with torch.no_grad():
        made(grey, grey + made.std)
    first, second = seen[0][:, :3], seen[0][:, 3:6]
    assert torch.allclose(first, torch.zeros_like(first), atol=1e-5)
    assert torch.allclose(second, torch.ones_like(second), atol=1e-4)


def test_each_pair_of_a_batch_has_its_own_flow() -> None:
    made = net()
    one, two = torch.rand(2, 3, 16, 20), torch.rand(2, 3, 16, 20)
    with torch.no_grad():
        both, alone = made(one, two), made(one[1:], two[1:])
    assert torch.allclose(both[1:], alone, atol=1e-5)


def test_a_shift_is_learned_and_points_to_the_second_picture() -> None:
    made = net(channels=8).train()
    picture = noise()
    moved = picture.roll((0, 2), (2, 3))
    optimizer = torch.optim.Adam(made.parameters(), lr=1e-3)
    for _ in range(60):
        flow = made(picture, moved)
        loss = (flow_warp(moved, flow, padding="border") - picture).abs().mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    # The first picture's content lies two pixels to the right in the second one.
    found = made(picture, moved)[:, 0, 8:-8, 8:-8].median().detach()
    assert float(found) == pytest.approx(2, abs=0.7)
