"""What every net that enhances a running video must do."""

from __future__ import annotations

from typing import Any, cast

import pytest

pytest.importorskip("torch")

import torch

from models.nets.table import NETS, build
from models.nets.video import VideoNet
from tests.models.nets.small import SHAPES, SMALL

HEIGHT, WIDTH = 20, 28
CASES = [(name, shape) for name in SMALL for shape in SHAPES]


def made(name: str, shape: dict[str, int], seed: int = 3) -> Any:
    torch.manual_seed(seed)
    net = build(name, SMALL[name] | shape).eval()
    with torch.no_grad():
        for parameter in net.parameters():
            # Offsets of nothing and residuals of nothing would show nothing.
            parameter.add_(0.05 * torch.randn_like(parameter))
    return net


def clip(net: VideoNet, count: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(5)
    shape = (1, count + net.window - 1, net.colours, HEIGHT, WIDTH)
    return torch.rand(shape, generator=generator)


def played(net: Any, frames: torch.Tensor) -> list[torch.Tensor]:
    """The outputs of one call after the other."""
    state = net.start(HEIGHT, WIDTH)
    enhanced = []
    with torch.no_grad():
        for n in range(frames.shape[1] - net.window + 1):
            y, *state = net.step(frames[:, n : n + net.window], *state)
            enhanced.append(y)
    return enhanced


def test_the_table_names_every_video_net() -> None:
    assert set(NETS) == {*SMALL, "basicvsr"}


@pytest.mark.parametrize(("name", "shape"), CASES)
def test_frames_grow_by_the_scale_and_stay_finite(name: str, shape: dict[str, int]) -> None:
    net = made(name, shape)
    for y in played(net, clip(net, 3)):
        scale = shape["scale"]
        assert y.shape == (1, shape["colours"], scale * HEIGHT, scale * WIDTH)
        assert bool(torch.isfinite(y).all())


@pytest.mark.parametrize("name", SMALL)
def test_a_second_run_gives_the_same_and_a_net_with_state_remembers(name: str) -> None:
    net = made(name, SHAPES[1])
    frames = clip(net, 2)
    first, second = played(net, frames), played(net, frames)
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    fresh = played(net, frames[:, 1:])[0]
    has_state = bool(net.start(HEIGHT, WIDTH))
    assert torch.equal(first[1], fresh) is not has_state


@pytest.mark.parametrize("name", SMALL)
def test_a_batch_is_its_members_side_by_side(name: str) -> None:
    net = made(name, SHAPES[1])
    frames = torch.cat((clip(net, 1), clip(net, 1).flip(3)))
    with torch.no_grad():
        both = net.step(frames, *net.start(HEIGHT, WIDTH, batch=2))[0]
        alone = net.step(frames[1:], *net.start(HEIGHT, WIDTH))[0]
    assert torch.allclose(both[1:], alone, atol=1e-5)


def test_every_video_net_says_what_it_needs() -> None:
    for name in SMALL:
        net = cast(VideoNet, made(name, SHAPES[1]))
        assert 0 <= net.lookahead < net.window
        assert HEIGHT % net.size_multiple == 0
        assert net.smallest <= HEIGHT


@pytest.mark.parametrize("name", SMALL)
def test_a_net_runs_at_its_smallest_size_and_no_pixel_is_lost(name: str) -> None:
    net = made(name, SHAPES[1])
    side = -(-net.smallest // net.size_multiple) * net.size_multiple
    frames = torch.rand(1, net.window, 1, side, side)
    with torch.no_grad():
        y = net.step(frames, *net.start(side, side))[0]
    assert y.shape == (1, 1, 2 * side, 2 * side)
    assert bool(torch.isfinite(y).all())


@pytest.mark.parametrize("name", SMALL)
def test_a_state_can_be_taken_elsewhere_and_gone_on_with(name: str) -> None:
    """A stream moves to another worker: another copy of the net goes on from the state alone."""
    net, copy = made(name, SHAPES[1]), made(name, SHAPES[1])
    frames = clip(net, 2)
    state = net.start(HEIGHT, WIDTH)
    with torch.no_grad():
        _, *state = net.step(frames[:, : net.window], *state)
        carried = [part.clone() for part in state]
        here = net.step(frames[:, 1:], *state)[0]
        there = copy.step(frames[:, 1:], *carried)[0]
    assert torch.equal(here, there)


@pytest.mark.parametrize("name", SMALL)
def test_a_step_leaves_its_inputs_as_they_were(name: str) -> None:
    net = made(name, SHAPES[1])
    frames, state = clip(net, 1), net.start(HEIGHT, WIDTH)
    before = [x.clone() for x in (frames, *state)]
    with torch.no_grad():
        net.step(frames, *state)
    assert all(torch.equal(a, b) for a, b in zip(before, (frames, *state), strict=True))


@pytest.mark.parametrize("name", SMALL)
def test_the_state_has_the_same_form_after_every_frame(name: str) -> None:
    net = made(name, SHAPES[0])
    state: list[torch.Tensor] = list(net.start(HEIGHT, WIDTH))
    form = [(part.shape, part.dtype) for part in state]
    for frames in (clip(net, 1), clip(net, 1).flip(3)):
        with torch.no_grad():
            _, *state = net.step(frames, *state)
        assert [(part.shape, part.dtype) for part in state] == form


@pytest.mark.parametrize("name", SMALL)
def test_brighter_by_a_little_is_brighter_by_a_little(name: str) -> None:
    """No net answers a change of one level by a jump of many."""
    net = made(name, SHAPES[1])
    frames = clip(net, 1) * 0.5 + 0.25
    with torch.no_grad():
        dark = net.step(frames, *net.start(HEIGHT, WIDTH))[0]
        light = net.step(frames + 1 / 255, *net.start(HEIGHT, WIDTH))[0]
    assert float((light - dark).abs().max()) < 0.1
