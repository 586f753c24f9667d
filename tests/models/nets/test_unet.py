"""The recurrent U-net's own rules; what all video nets share is tested in test_video."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch
import torch.nn.functional as F
from torch import Tensor

from models.nets.blocks import enlarge
from models.nets.unet import SCALES, Branch, UNetConfig, UNetVSR


def net(**changes: object) -> UNetVSR:
    torch.manual_seed(1)
    values = {"channels": 8, "blocks": (1, 1, 1), "scale": 2, "colours": 1} | changes
    return UNetVSR(UNetConfig(**values)).eval()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wrong", [{"scale": 1}, {"scale": 3}, {"blocks": (1, 1)}, {"blocks": (1, 1, 1, 1)}]
)
def test_settings_that_cannot_be_are_refused_in_a_sentence(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="scale must be 2 or 4, and blocks a number for each"):
        net(**wrong)


@pytest.mark.parametrize("scale", [2, 4])
@pytest.mark.parametrize("colours", [1, 3])
def test_a_step_enlarges_and_keeps_its_state_s_shape(scale: int, colours: int) -> None:
    made = net(scale=scale, colours=colours)
    state = made.start(16, 24, batch=2)
    frames = torch.rand(2, made.window, colours, 16, 24)
    with torch.no_grad():
        enhanced, *after = made.step(frames, *state)
    assert enhanced.shape == (2, colours, 16 * scale, 24 * scale)
    assert [part.shape for part in after] == [part.shape for part in state]


def test_before_the_first_frame_there_is_nothing() -> None:
    assert all(not part.any() for part in net().start(16, 16))


def test_streams_of_a_batch_do_not_disturb_each_other() -> None:
    made = net()
    frames = torch.rand(2, made.window, 1, 16, 16)
    with torch.no_grad():
        both = made.step(frames, *made.start(16, 16, batch=2))[0]
        alone = made.step(frames[1:], *made.start(16, 16))[0]
    assert torch.allclose(both[1:], alone, atol=1e-5)


def test_branches_may_run_apart_and_in_any_order() -> None:
    made = net()
    frames, state = torch.rand(1, 1, 1, 16, 16), made.start(16, 16)
    with torch.no_grad():
        whole = made.step(frames, *state)
        entry = made.enter(frames, *state)
        # Each device gets what its branch needs and nothing of the others.
        parts = {}
        for name in reversed(list(made.branches)):
            branch = made.branches[name]
            assert isinstance(branch, Branch)
            parts[name] = branch(branch.shrink(entry))
        apart = made.merge(frames, entry, parts)
    for a, b in zip(whole, apart, strict=True):
        assert torch.equal(a, b)


def entered(made: UNetVSR, side: int = 16) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
    """A frame, the entry and what each branch makes of it."""
    frames = torch.rand(1, 1, 1, side, side)
    entry = made.enter(frames, *made.start(side, side))
    parts = {}
    for name, branch in made.branches.items():
        assert isinstance(branch, Branch)
        parts[name] = branch(branch.shrink(entry))
    return frames, entry, parts


@pytest.mark.parametrize("late", SCALES)
@torch.no_grad()
def test_a_branch_that_is_late_counts_as_nothing(late: str) -> None:
    made = net()
    frames, entry, parts = entered(made)
    rest = {name: part for name, part in parts.items() if name != late}
    without = made.merge(frames, entry, rest)
    silent = made.merge(frames, entry, {**rest, late: torch.zeros_like(parts[late])})
    for a, b in zip(without, silent, strict=True):
        assert torch.equal(a, b)
    assert not torch.equal(without[0], made.merge(frames, entry, parts)[0])


@torch.no_grad()
def test_merging_sums_the_entry_and_the_enlarged_parts() -> None:
    made = net()
    frames, entry, parts = entered(made)
    total = entry + parts["at_full"]
    total = total + enlarge(parts["at_half"], 2) + enlarge(parts["at_quarter"], 4)
    enhanced, last, features = made.merge(frames, entry, parts)
    residual = F.pixel_shuffle(made.last(total), 2)
    assert torch.allclose(enhanced, residual + enlarge(frames[:, -1], 2), atol=1e-6)
    assert torch.equal(last, enhanced)
    assert torch.allclose(features, F.leaky_relu(made.memory(total), 0.1), atol=1e-6)


@pytest.mark.parametrize(("shrink", "side"), [(1, 16), (2, 8), (4, 4)])
@torch.no_grad()
def test_a_branch_gets_the_mean_of_each_cell(shrink: int, side: int) -> None:
    branch = Branch(8, 1, shrink=shrink)
    entry = torch.rand(1, 8, 16, 16)
    seen = branch.shrink(entry)
    assert seen.shape == (1, 8, side, side)
    cells = entry.reshape(1, 8, side, shrink, side, shrink).mean((3, 5))
    assert torch.allclose(seen, cells, atol=1e-6)


@torch.no_grad()
def test_a_branch_without_blocks_adds_nothing() -> None:
    branch = Branch(8, 0, shrink=2)
    assert not branch(torch.rand(1, 8, 8, 8)).any()


@torch.no_grad()
def test_a_fresh_net_is_near_its_base() -> None:
    made = net()
    frames = torch.rand(1, 1, 1, 16, 16)
    enhanced = made.step(frames, *made.start(16, 16))[0]
    assert float((enhanced - enlarge(frames[:, 0], 2)).abs().mean()) < 0.2
