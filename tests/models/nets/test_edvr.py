"""EDVR's alignment, fusion and whole."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch
import torch.nn.functional as F
from torch import Tensor

from models.nets.edvr import EDVR, AttentionFusion, EDVRConfig, PyramidAlignment

TINY = {"channels": 8, "groups": 2, "extract": 1, "reconstruct": 1, "tail": 8, "window": 3}


def net(**changes: object) -> EDVR:
    torch.manual_seed(2)
    return EDVR(EDVRConfig(**{**TINY, **changes})).eval()  # type: ignore[arg-type]


def levels(seed: int, channels: int = 8) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.rand(1, channels, side, side, generator=generator) for side in (16, 8, 4)]


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("attention", [True, False])
def test_a_window_becomes_one_larger_frame(scale: int, attention: bool) -> None:
    made = net(scale=scale, attention=attention, colours=1)
    with torch.no_grad():
        y = made(torch.rand(2, 3, 1, 16, 20))
    assert y.shape == (2, 1, 16 * scale, 20 * scale)


@pytest.mark.parametrize("scale", [1, 3, 8])
def test_another_scale_is_refused_in_a_sentence(scale: int) -> None:
    with pytest.raises(ValueError, match=f"scale {scale} is neither 2 nor 4"):
        net(scale=scale)


@pytest.mark.parametrize("window", [1, 3, 5])
def test_half_of_the_window_comes_after_the_current_frame(window: int) -> None:
    made = net(window=window)
    assert (made.window, made.lookahead) == (window, window // 2)
    assert made.start(16, 16) == ()
    frames = torch.rand(1, window, 3, 16, 16)
    with torch.no_grad():
        (stepped,) = made.step(frames)
        assert torch.equal(stepped, made(frames))


def test_with_nothing_learned_to_add_it_is_the_enlarged_middle_frame() -> None:
    made = net()
    with torch.no_grad():
        made.conv_last.weight.zero_()
        assert made.conv_last.bias is not None
        made.conv_last.bias.zero_()
        frames = torch.rand(1, 3, 3, 8, 8)
        expected = F.interpolate(frames[:, 1], scale_factor=4, mode="bilinear")
        assert torch.allclose(made(frames), expected, atol=1e-5)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_every_frame_of_the_window_counts(place: int) -> None:
    made = net()
    frames = torch.rand(1, 3, 3, 16, 16)
    other = frames.clone()
    other[:, place] = 1 - other[:, place]
    with torch.no_grad():
        assert float((made(frames) - made(other)).abs().max()) > 1e-6


def test_each_window_of_a_batch_is_its_own() -> None:
    made = net()
    frames = torch.rand(2, 3, 3, 16, 16)
    with torch.no_grad():
        assert torch.allclose(made(frames)[1:], made(frames[1:]), atol=1e-5)


def test_the_pyramid_halves_the_size_twice() -> None:
    with torch.no_grad():
        found = net()._pyramid(torch.rand(2, 3, 16, 24))
    assert [tuple(level.shape) for level in found] == [(2, 8, 16, 24), (2, 8, 8, 12), (2, 8, 4, 6)]


def test_alignment_keeps_the_finest_level_s_shape_and_reads_every_level() -> None:
    torch.manual_seed(4)
    align = PyramidAlignment(8, 2).eval()
    neighbour, reference = levels(1), levels(2)
    with torch.no_grad():
        aligned = align(neighbour, reference)
        assert aligned.shape == neighbour[0].shape
        for index in range(3):
            other = [level.clone() for level in neighbour]
            other[index] += 1
            assert not torch.equal(align(other, reference), aligned)


def test_a_coarse_offset_moves_the_finer_level_twice_as_far() -> None:
    """Fresh deformable convs have no offset of their own: what they get from above is seen."""
    torch.manual_seed(5)
    align = PyramidAlignment(8, 2).eval()
    given: dict[str, Tensor] = {}
    for name in ("l2", "l1"):
        align.offset_conv2[name].register_forward_pre_hook(
            lambda _, inputs, name=name: given.__setitem__(name, inputs[0][:, 8:])
        )
    found: dict[str, Tensor] = {}
    for name, module in (("l3", align.offset_conv2["l3"]), ("l2", align.offset_conv3["l2"])):
        module.register_forward_hook(
            lambda _, inputs, output, name=name: found.__setitem__(name, output)
        )
    with torch.no_grad():
        align(levels(1), levels(2))
    for coarse, fine in (("l3", "l2"), ("l2", "l1")):
        offset = F.leaky_relu(found[coarse], 0.1)
        expected = 2 * F.interpolate(offset, scale_factor=2, mode="bilinear")
        assert torch.allclose(given[fine], expected, atol=1e-5)


def fusion(window: int = 3, channels: int = 4) -> AttentionFusion:
    torch.manual_seed(6)
    return AttentionFusion(channels, window).eval()


def test_frames_are_weighed_by_their_likeness_to_the_current_one() -> None:
    made = fusion()
    aligned = torch.rand(1, 12, 8, 8)
    with torch.no_grad():
        weighed = made._weigh(aligned)
        # Half of everything, where the embedding tells nothing.
        for conv in (made.temporal_attn1, made.temporal_attn2):
            conv.weight.zero_()
            assert conv.bias is not None
            conv.bias.zero_()
        assert torch.allclose(made._weigh(aligned), aligned / 2)
        # Embeddings of the same sign let all through, of opposite signs nothing.
        made.temporal_attn1.bias.fill_(10)  # type: ignore[union-attr]
        made.temporal_attn2.bias.fill_(10)  # type: ignore[union-attr]
        assert torch.allclose(made._weigh(aligned), aligned)
        made.temporal_attn2.bias.fill_(-10)  # type: ignore[union-attr]
        assert float(made._weigh(aligned).abs().max()) < 1e-6
    assert weighed.shape == aligned.shape
    assert bool(((weighed >= 0) & (weighed <= aligned)).all())


def test_an_attention_of_zero_leaves_the_features_as_they_are() -> None:
    made = fusion()
    aligned = torch.rand(1, 12, 8, 12)
    with torch.no_grad():
        for conv in (made.spatial_attn5, made.spatial_attn_add2):
            conv.weight.zero_()
            assert conv.bias is not None
            conv.bias.zero_()
        features = F.leaky_relu(made.feat_fusion(made._weigh(aligned)), 0.1)
        assert torch.allclose(made(aligned), features, atol=1e-6)


def test_a_small_step_lessens_the_error() -> None:
    made = net(colours=1, scale=2).train()
    frames = torch.rand(2, 3, 1, 16, 16)
    target = F.interpolate(frames[:, 1], scale_factor=2, mode="nearest")
    optimizer = torch.optim.Adam(made.parameters(), lr=1e-3)
    losses = []
    for _ in range(6):
        loss = (made(frames) - target).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]
    # Every parameter has a part in the picture.
    assert all(p.grad is not None for p in made.parameters())
