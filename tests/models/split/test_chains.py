"""Cut points of the nets: the parts one after the other compute what the whole net does."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")

from models.export.live import plain_live  # noqa: E402
from models.manifest import load_manifest, model_file  # noqa: E402
from models.nets.basicvsr import BasicVSRConfig, CausalBasicVSR  # noqa: E402
from models.nets.edvr import EDVR, EDVRConfig  # noqa: E402
from models.nets.unet import SCALES, UNetConfig, UNetVSR  # noqa: E402
from models.split.chain import Chain, Tensors, count_macs, measure  # noqa: E402
from models.split.chains import (  # noqa: E402
    basicvsr_chain,
    edvr_chain,
    live_chain,
    unet_branches,
)
from models.split.live_parts import read_live  # noqa: E402
from tests.models.test_live_net import LOOKS, tiny  # noqa: E402

BASICVSR = BasicVSRConfig(
    colours=1, scale=2, channels=8, tail=8, blocks=3, flow_levels=2, flow_channels=4
)
EDVR_SMALL = EDVRConfig(
    colours=1, scale=4, channels=8, tail=8, window=3, groups=2, extract=1, reconstruct=2
)
UNET = UNetConfig(colours=1, scale=2, channels=8, blocks=(3, 2, 1))


def names(chain: Chain) -> list[str]:
    return [part.name for part in chain.parts]


def test_a_live_net_in_parts() -> None:
    net = tiny(LOOKS)
    chain = live_chain(plain_live(net))
    luma = torch.rand(1, 1, 12, 16)
    with torch.no_grad():
        made, memory = chain.run(luma * 255)
        assert memory == ()
        assert torch.allclose(made / 255, net(luma), atol=1e-5)
    assert names(chain) == ["first", "body0", "head"]


def test_the_shipped_large_net_has_nine_parts_and_its_own_multiply_adds() -> None:
    manifest = load_manifest("live-l")
    net = read_live(model_file(manifest, "fp32"))
    stages = measure(live_chain(net), torch.zeros(1, 1, 8, 8), value_bits=8, result_bits=1)
    assert len(stages) == 9
    # The crisp style is left out: 4 of 8 channels of the head.
    total = sum(stage.macs for stage in stages) / 64
    assert total == manifest.macs_per_pixel - 4 * 48 * 9
    assert {stage.passed_bits for stage in stages[:-1]} == {8 * 48 * 64}


def test_basicvsr_in_parts_over_two_frames() -> None:
    torch.manual_seed(0)
    net = CausalBasicVSR(BASICVSR).eval()
    chain = basicvsr_chain(net)
    clip = torch.rand(1, 3, 1, 16, 16)
    state = net.start(16, 16)
    memory: Tensors = (state[1],)
    before = state[0]
    with torch.no_grad():
        for t in range(3):
            now = clip[:, t : t + 1]
            whole, *rest = net.step(now, *state)
            state = tuple(rest)
            made, memory = chain.run(torch.stack((before, clip[:, t]), dim=1), memory)
            before = clip[:, t]
            assert torch.allclose(made, whole, atol=1e-6)
            assert torch.allclose(memory[0], state[1], atol=1e-6)
    assert names(chain) == ["flow", "warp", "block0", "block1", "block2", "upconv1", "last"]
    assert [part.is_in_loop for part in chain.parts] == [False, *[True] * 4, False, False]


def test_edvr_in_parts() -> None:
    torch.manual_seed(0)
    net = EDVR(EDVR_SMALL).eval()
    chain = edvr_chain(net)
    frames = torch.rand(1, 3, 1, 16, 16)
    with torch.no_grad():
        assert torch.allclose(chain.run(frames)[0], net(frames), atol=1e-6)
    expected = ["pyramid", "align", "fusion", "block0", "block1", "upconv1", "upconv2", "last"]
    assert names(chain) == expected
    assert not any(part.is_in_loop for part in chain.parts)


def test_parts_cost_what_the_whole_costs() -> None:
    net = EDVR(EDVR_SMALL).eval()
    frames = torch.rand(1, 3, 1, 16, 16)
    with torch.no_grad():
        whole = count_macs(lambda: net(frames))
    stages = measure(edvr_chain(net), frames, value_bits=8, result_bits=77)
    assert sum(stage.macs for stage in stages) == whole
    # Three levels of three frames: 8 channels of 256, 64 and 16 pixels.
    assert stages[0].passed_bits == 8 * 3 * 8 * (256 + 64 + 16)
    assert stages[-1].passed_bits == 77


def test_the_unet_by_branches() -> None:
    torch.manual_seed(0)
    net = UNetVSR(UNET).eval()
    frames, memory = torch.rand(1, 1, 1, 16, 16), net.start(16, 16)
    with torch.no_grad():
        whole = count_macs(lambda: net.step(frames, *memory))
    entry, branches, gather = unet_branches(net, frames, memory, value_bits=8)
    assert tuple(branches) == SCALES
    assert entry + gather + sum(branch.macs for branch in branches.values()) == whole
    # A coarser branch passes a quarter of what the finer one does.
    taken = [branch.taken_bits for branch in branches.values()]
    assert taken == [8 * 8 * 256, 8 * 8 * 64, 8 * 8 * 16]
    assert all(branch.given_bits == branch.taken_bits for branch in branches.values())
