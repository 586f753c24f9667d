"""Parts that several nets share."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch
from torch import Tensor, nn

from models.nets.blocks import (
    ResidualBlock,
    ShuffleUpsampler,
    damp,
    enlarge,
    flow_warp,
    pixel_grid,
    residual_blocks,
)


class Tail(ShuffleUpsampler):
    """The tail alone."""

    def __init__(self, *, scale: int, colours: int) -> None:
        super().__init__()
        self.build_tail(4, 6, scale=scale, colours=colours)

    def forward(self, x: Tensor) -> Tensor:
        return self.upsample(x)


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("colours", [1, 3])
def test_a_tail_enlarges_by_its_scale(scale: int, colours: int) -> None:
    made = Tail(scale=scale, colours=colours)(torch.rand(2, 4, 5, 7))
    assert made.shape == (2, colours, 5 * scale, 7 * scale)


@pytest.mark.parametrize("scale", [1, 3, 8])
def test_a_tail_of_another_scale_is_refused(scale: int) -> None:
    with pytest.raises(ValueError, match=f"scale {scale} is neither 2 nor 4"):
        Tail(scale=scale, colours=1)


def test_a_tail_by_two_has_one_shuffle_and_no_parameters_of_another() -> None:
    names = {name.split(".")[0] for name in Tail(scale=2, colours=1).state_dict()}
    assert names == {"upconv1", "conv_hr", "conv_last"}


def test_a_deep_trunk_begins_near_the_identity() -> None:
    torch.manual_seed(0)
    x = torch.rand(1, 8, 12, 12)
    with torch.no_grad():
        change = (residual_blocks(10, 8)(x) - x).std() / x.std()
    assert 0 < float(change) < 0.6


def test_a_block_adds_what_its_convolutions_make() -> None:
    block = ResidualBlock(4)
    x = torch.rand(1, 4, 6, 6)
    with torch.no_grad():
        expected = x + block.conv2(torch.relu(block.conv1(x)))
        assert torch.equal(block(x), expected)
        block.conv2.weight.zero_()
        assert torch.equal(block(x), x)


def test_damping_keeps_a_tenth_and_no_bias() -> None:
    torch.manual_seed(1)
    small, large = nn.Conv2d(16, 16, 3), nn.Conv2d(16, 16, 3, bias=False)
    damp(small)
    damp(large, factor=1.0)
    assert small.bias is not None and not small.bias.any()
    ratio = float((small.weight.std() / large.weight.std()).detach())
    assert ratio == pytest.approx(0.1, rel=0.2)


def test_the_base_is_bilinear_and_keeps_an_even_picture() -> None:
    assert torch.equal(enlarge(torch.full((1, 2, 3, 4), 0.25), 2), torch.full((1, 2, 6, 8), 0.25))
    ramp = enlarge(torch.tensor([[[[0.0, 1.0]]]]), 2)[0, 0, 0]
    assert ramp.tolist() == [0.0, 0.25, 0.75, 1.0]


def test_a_grid_names_rows_and_columns() -> None:
    rows, columns = pixel_grid(torch.zeros(1, 1, 2, 3))
    assert rows.tolist() == [[0.0], [1.0]] and columns.tolist() == [[0.0, 1.0, 2.0]]


@pytest.mark.parametrize(("padding", "beyond"), [("zeros", 0.0), ("border", 1.0)])
def test_what_lies_beyond_the_border_is_as_asked(padding: str, beyond: float) -> None:
    flow = torch.full((1, 2, 4, 4), 50.0)
    moved = flow_warp(torch.ones(1, 1, 4, 4), flow, padding=padding)
    assert float(moved.min()) == float(moved.max()) == beyond


def test_half_a_pixel_is_the_mean_of_two() -> None:
    x = torch.arange(4.0).reshape(1, 1, 1, 4).expand(1, 1, 2, 4)
    flow = torch.zeros(1, 2, 2, 4)
    flow[:, 0] = 0.5
    assert torch.allclose(flow_warp(x, flow, padding="border")[0, 0, 0, :3], x[0, 0, 0, :3] + 0.5)


def test_a_flow_of_whole_pixels_shifts_and_leaves_zeros_behind() -> None:
    x = torch.rand(1, 2, 6, 7)
    flow = torch.zeros(1, 2, 6, 7)
    flow[:, 0], flow[:, 1] = 2, 1
    moved = flow_warp(x, flow)
    assert torch.allclose(moved[..., :-1, :-2], x[..., 1:, 2:], atol=1e-5)
    assert float(moved[..., -1:, :].abs().max()) < 1e-5
