"""What every net that enhances a running video must do."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

pytest.importorskip("torch")

import torch

from models.export.video import write_video
from models.nets.table import NETS, UnknownNet, build
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


@pytest.mark.parametrize(("name", "shape"), CASES)
def test_its_onnx_graph_equals_it_frame_after_frame(
    name: str, shape: dict[str, int], tmp_path: Path
) -> None:
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    net = made(name, shape)
    path = tmp_path / "net.onnx"
    write_video(net, path, height=HEIGHT, width=WIDTH)
    session = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    frames = clip(net, 2)
    state = [x.numpy() for x in net.start(HEIGHT, WIDTH)]
    for n, expected in enumerate(played(net, frames)):
        feeds = {"frames": frames[:, n : n + net.window].numpy()}
        feeds |= {f"state{k}": x for k, x in enumerate(state)}
        y, *state = session.run(None, feeds)
        assert np.abs(y - expected.numpy()).max() < 1e-4


@pytest.mark.parametrize("name", SMALL)
def test_openvino_runs_its_graph_too(name: str, tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    from models.openvino_core import open_core

    net = made(name, SHAPES[1])
    path = tmp_path / "net.onnx"
    write_video(net, path, height=HEIGHT, width=WIDTH)
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    core = open_core()
    compiled = core.compile_model(core.read_model(path), "CPU", exact)
    frames = clip(net, 1)
    feeds = {"frames": frames.numpy()}
    feeds |= {f"state{k}": x.numpy() for k, x in enumerate(net.start(HEIGHT, WIDTH))}
    y = compiled(feeds)["enhanced"]
    assert np.abs(y - played(net, frames)[0].numpy()).max() < 1e-4


def test_an_unknown_net_or_setting_is_named() -> None:
    with pytest.raises(UnknownNet, match="'edsr'"):
        build("edsr", {})
    with pytest.raises(UnknownNet, match="chanels"):
        build("edvr", {"chanels": 8})


def test_every_video_net_says_what_it_needs() -> None:
    for name in SMALL:
        net = cast(VideoNet, made(name, SHAPES[1]))
        assert 0 <= net.lookahead < net.window
        assert HEIGHT % net.size_multiple == 0
        assert net.smallest <= HEIGHT
