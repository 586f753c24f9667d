"""The live net's run-time form against the net that was trained."""

from __future__ import annotations

import pickle
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
import torch.nn.functional as F
from torch import Tensor

from models.export.live import LEVELS, load_checkpoint, plain_live
from models.graph.plain import Conv, PlainNet
from models.nets.live import GATE_LIMIT, CollapsibleConv, LiveConfig, LiveNet
from tests.models.test_live_net import KINDS, pictures, tiny

EVERY = pytest.mark.parametrize("kind", list(KINDS))


def conv(x: Tensor, plain: Conv, pad: int | None = None) -> Tensor:
    weight, bias = torch.from_numpy(plain.weight), torch.from_numpy(plain.bias)
    return F.conv2d(x, weight, bias, padding=plain.pad if pad is None else pad)


def by_definition(net: PlainNet, luma: Tensor, previous: Tensor | None, strength: float) -> Tensor:
    """What PlainNet's docstring says, in levels and not clipped."""
    padded = F.pad(luma, (2,) * 4, mode="replicate")
    base = conv(padded, net.base, 0)
    x = conv(padded, net.first, 0)
    past = None
    if net.past is not None and previous is not None:
        past = F.pixel_unshuffle(previous, net.scale) - base
        x = x + conv(past, net.past)
    for each in net.convs:
        x = conv(F.relu(x), each)
    heads = list(x.chunk(x.shape[1] // net.scale**2, dim=1))
    total = base + heads.pop(0)
    if net.has_styles:
        total = total + strength * heads.pop(0)
    if past is not None:
        total = total + heads.pop(0).clamp(0, net.gate_limit) * past
    assert not heads
    return F.pixel_shuffle(total, net.scale)


@EVERY
@pytest.mark.parametrize("strength", [0.0, 0.7, 1.0])
@torch.no_grad()
def test_plain_convolutions_in_levels_make_the_same_picture(kind: str, strength: float) -> None:
    net = tiny(KINDS[kind])
    seen = pictures(net, 14, 18)
    luma = torch.from_numpy(seen.luma[:, None].astype(np.float32))
    previous = None
    if seen.previous is not None:
        previous = torch.from_numpy(seen.previous[:, None].astype(np.float32))
    before = None if previous is None else previous / 255
    expected = 255 * net(luma / 255, before, strength if net.crisp is not None else 0.0)
    found = by_definition(plain_live(net), luma, previous, strength)
    assert float((found - expected).abs().max()) < 0.02


@EVERY
def test_the_form_follows_from_the_settings(kind: str) -> None:
    config = KINDS[kind]
    plain = plain_live(tiny(config))
    cells = config.scale**2
    assert plain.scale == config.scale
    assert plain.has_styles is bool(config.crisp)
    assert (plain.past is not None) is config.previous
    assert len(plain.body) == config.body
    heads = 1 + bool(config.crisp) + config.previous
    assert plain.head.weight.shape == (heads * cells, config.channels, 3, 3)
    assert plain.head.bias.shape == (heads * cells,)
    assert plain.first.weight.shape == (config.channels, 1, 5, 5)
    assert plain.base.weight.shape == (cells, 1, 5, 5)
    assert plain.gate_limit == GATE_LIMIT
    for each in (plain.first, plain.base, *plain.convs):
        assert each.weight.dtype == each.bias.dtype == np.float32


def test_ranges_change_at_both_ends_and_nowhere_between() -> None:
    net = tiny(KINDS["temporal"])
    plain = plain_live(net)
    cells = net.config.scale**2
    assert net.past is not None and net.gate is not None and plain.past is not None
    for module, found, factor in (
        (net.first, plain.first, 1 / LEVELS),
        (net.past, plain.past, 1 / LEVELS),
        (net.body[0], plain.body[0], 1.0),
    ):
        assert isinstance(module, CollapsibleConv)
        fused = module.fuse()
        assert fused.bias is not None
        assert np.allclose(found.weight, fused.weight.detach().numpy() * factor, atol=1e-7)
        assert np.allclose(found.bias, fused.bias.detach().numpy())
    faithful, gate = net.faithful.fuse(), net.gate.fuse()
    assert faithful.bias is not None and gate.bias is not None
    assert np.allclose(plain.head.weight[:cells], faithful.weight.detach().numpy() * 255)
    assert np.allclose(plain.head.bias[:cells], faithful.bias.detach().numpy() * 255)
    # The gate is a factor in both ranges.
    assert np.allclose(plain.head.weight[2 * cells :], gate.weight.detach().numpy())
    assert np.allclose(plain.head.bias[2 * cells :], gate.bias.detach().numpy())


def test_a_head_of_one_pixel_is_widened_by_zeros() -> None:
    net = tiny(KINDS["x4"])
    assert net.config.crisp == 1 and net.crisp is not None
    crisp = plain_live(net).head.weight[16:]
    ring = crisp.copy()
    ring[:, :, 1, 1] = 0
    assert not ring.any()
    kernel = net.crisp.fuse().weight.detach().numpy()[:, :, 0, 0]
    assert np.allclose(crisp[:, :, 1, 1], kernel * 255)


def test_the_base_has_no_bias_and_keeps_the_mean() -> None:
    for kind in ("plain", "x3", "x4"):
        base = plain_live(tiny(KINDS[kind])).base
        assert not base.bias.any()
        assert np.allclose(base.weight.sum((1, 2, 3)), 1, atol=1e-6)


def saved(path: Path, net: LiveNet, **changes: object) -> Path:
    other = LiveNet(net.config)
    content = {
        "config": asdict(net.config),
        "net": other.state_dict(),
        "ema": net.state_dict(),
        "step": 7,
    }
    torch.save({**content, **changes}, path)
    return path


@EVERY
def test_the_average_of_a_checkpoint_is_loaded_ready_to_run(tmp_path: Path, kind: str) -> None:
    net = tiny(KINDS[kind])
    found, content = load_checkpoint(saved(tmp_path / "a.pt", net))
    assert found.config == net.config and content["step"] == 7
    assert not found.training
    for name, tensor in found.state_dict().items():
        assert torch.equal(tensor, net.state_dict()[name])


def test_a_checkpoint_of_other_settings_does_not_load(tmp_path: Path) -> None:
    net = tiny(KINDS["plain"])
    wider = asdict(replace(net.config, channels=16))
    with pytest.raises(RuntimeError, match="size mismatch"):
        load_checkpoint(saved(tmp_path / "a.pt", net, config=wider))
    unknown = {**asdict(net.config), "depth": 3}
    with pytest.raises(TypeError, match="depth"):
        load_checkpoint(saved(tmp_path / "b.pt", net, config=unknown))


def test_a_checkpoint_that_lacks_a_tensor_does_not_load(tmp_path: Path) -> None:
    net = tiny(KINDS["plain"])
    weights = {name: value for name, value in net.state_dict().items() if name != "first.bias"}
    with pytest.raises(RuntimeError, match=r"first\.bias"):
        load_checkpoint(saved(tmp_path / "a.pt", net, ema=weights))


class Trap:
    """Would run a command when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (exec, ("raise SystemExit('executed')",))


def test_nothing_in_a_checkpoint_is_executed(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.pt", tiny(KINDS["plain"]), step=Trap())
    with pytest.raises(pickle.UnpicklingError):
        load_checkpoint(path)


def test_the_conversion_leaves_the_net_as_it_was() -> None:
    net = tiny(LiveConfig(channels=8, body=1, expansion=16))
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    first, second = plain_live(net), plain_live(net)
    assert np.array_equal(first.head.weight, second.head.weight)
    assert all(torch.equal(tensor, before[name]) for name, tensor in net.state_dict().items())
