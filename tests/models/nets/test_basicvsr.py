"""BasicVSR, both ways and forward alone."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch
import torch.nn.functional as F
from torch import Tensor

from models.nets.basicvsr import BasicVSR, BasicVSRConfig, CausalBasicVSR, Trunk
from models.nets.blocks import enlarge, flow_warp

TINY = {"channels": 8, "blocks": 1, "tail": 8, "flow_levels": 2, "flow_channels": 4}


def config(**changes: object) -> BasicVSRConfig:
    return BasicVSRConfig(**{**TINY, **changes})  # type: ignore[arg-type]


def whole(**changes: object) -> BasicVSR:
    torch.manual_seed(1)
    return BasicVSR(config(**changes)).eval()


def causal(**changes: object) -> CausalBasicVSR:
    torch.manual_seed(1)
    return CausalBasicVSR(config(**changes)).eval()


def played(net: CausalBasicVSR, clip: Tensor) -> list[Tensor]:
    state = list(net.start(*clip.shape[-2:], batch=len(clip)))
    shown = []
    with torch.no_grad():
        for t in range(clip.shape[1]):
            enhanced, *state = net.step(clip[:, t : t + 1], *state)
            shown.append(enhanced)
    return shown


@pytest.mark.parametrize(("scale", "colours"), [(2, 1), (4, 3)])
@pytest.mark.parametrize("length", [1, 3])
def test_a_clip_grows_by_the_scale(scale: int, colours: int, length: int) -> None:
    with torch.no_grad():
        y = whole(scale=scale, colours=colours)(torch.rand(2, length, colours, 16, 20))
    assert y.shape == (2, length, colours, 16 * scale, 20 * scale)


@pytest.mark.parametrize("changed", [0, 1, 2])
def test_every_frame_depends_on_the_whole_clip(changed: int) -> None:
    net, clip = whole(), torch.rand(1, 3, 3, 16, 16)
    other = clip.clone()
    other[:, changed] = 1 - other[:, changed]
    with torch.no_grad():
        apart = (net(clip) - net(other)).abs().amax((0, 2, 3, 4))
    assert bool((apart > 0).all())


def test_without_a_tail_it_is_the_bilinear_base() -> None:
    net, clip = whole(scale=2), torch.rand(1, 2, 3, 16, 16)
    with torch.no_grad():
        net.conv_last.weight.zero_()
        assert net.conv_last.bias is not None
        net.conv_last.bias.zero_()
        made = net(clip)
        for t in range(2):
            assert torch.allclose(made[:, t], enlarge(clip[:, t], 2), atol=1e-6)


def test_the_forward_branch_by_hand() -> None:
    """Features of the frame before, read along the flow from this frame to that one."""
    net = causal(scale=2, colours=1)
    clip = torch.rand(1, 2, 1, 16, 16)
    shown = played(net, clip)
    with torch.no_grad():
        first, second = clip[:, 0], clip[:, 1]
        features = net.forward_trunk(first, torch.zeros(1, 8, 16, 16))
        assert torch.allclose(shown[0], net.upsample(features) + enlarge(first, 2), atol=1e-6)
        flow = net.spynet(second.expand(1, 3, 16, 16), first.expand(1, 3, 16, 16))
        features = net.forward_trunk(second, flow_warp(features, flow))
        assert torch.allclose(shown[1], net.upsample(features) + enlarge(second, 2), atol=1e-6)


def test_both_ways_of_one_frame_are_two_trunks_on_nothing() -> None:
    net, clip = whole(), torch.rand(1, 1, 3, 16, 16)
    with torch.no_grad():
        nothing = torch.zeros(1, 8, 16, 16)
        parts = [trunk(clip[:, 0], nothing) for trunk in (net.backward_trunk, net.forward_trunk)]
        fused = F.leaky_relu(net.fusion(torch.cat(parts, dim=1)), 0.1)
        expected = net.upsample(fused) + enlarge(clip[:, 0], 4)
        assert torch.allclose(net(clip)[:, 0], expected, atol=1e-6)


def test_the_causal_net_never_sees_a_later_frame() -> None:
    net, clip = causal(), torch.rand(1, 3, 3, 16, 16)
    other = clip.clone()
    other[:, 2] = 0
    for one, two in zip(played(net, clip)[:2], played(net, other)[:2], strict=True):
        assert torch.equal(one, two)


@pytest.mark.parametrize(("scale", "colours", "batch"), [(2, 1, 1), (4, 3, 2)])
def test_the_state_is_the_last_frame_and_its_features(scale: int, colours: int, batch: int) -> None:
    net = causal(scale=scale, colours=colours)
    state = net.start(16, 20, batch=batch)
    assert [tuple(part.shape) for part in state] == [
        (batch, colours, 16, 20), (batch, 8, 16, 20),
    ]  # fmt: skip
    assert all(not part.any() for part in state)
    frames = torch.rand(batch, 1, colours, 16, 20)
    with torch.no_grad():
        enhanced, last, features = net.step(frames, *state)
    assert enhanced.shape == (batch, colours, 16 * scale, 20 * scale)
    assert torch.equal(last, frames[:, 0])
    assert features.shape == state[1].shape


def test_grey_pictures_are_all_three_colours_of_the_flow() -> None:
    grey, coloured = causal(colours=1, scale=2), causal(colours=3, scale=2)
    coloured.spynet.load_state_dict(grey.spynet.state_dict())
    seen: list[Tensor] = []
    for net in (grey, coloured):
        net.spynet.register_forward_hook(lambda _, inputs, output: seen.append(output))
    clip = torch.rand(1, 2, 1, 16, 16)
    played(grey, clip)
    played(coloured, clip.expand(1, 2, 3, 16, 16))
    assert torch.equal(seen[1], seen[3])


def test_a_trunk_takes_the_frame_and_the_features_side_by_side() -> None:
    trunk = Trunk(config(colours=1))
    frame, features = torch.rand(2, 1, 8, 8), torch.rand(2, 8, 8, 8)
    with torch.no_grad():
        entry = F.leaky_relu(trunk.main[0](torch.cat((frame, features), dim=1)), 0.1)
        assert torch.allclose(trunk(frame, features), trunk.main[2](entry))


@pytest.mark.parametrize("net", [BasicVSR, CausalBasicVSR])
def test_another_scale_is_refused(net: type[BasicVSR] | type[CausalBasicVSR]) -> None:
    with pytest.raises(ValueError, match="scale 3 is neither 2 nor 4"):
        net(config(scale=3))


@pytest.mark.parametrize("levels", [2, 3, 6])
def test_a_frame_of_the_smallest_size_has_a_flow(levels: int) -> None:
    """A caller pads to `smallest`; the coarsest level of the flow needs two pixels."""
    net = causal(flow_levels=levels)
    assert net.smallest == 2**levels
    clip = torch.rand(1, 2, 3, net.smallest, net.smallest)
    assert all(bool(torch.isfinite(y).all()) for y in played(net, clip))
