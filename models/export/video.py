"""Any VideoNet as an ONNX graph, for one size."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from models.graph.writer import OUTPUT
from models.nets.video import VideoNet

__all__ = ["OPSET", "write_video"]

OPSET = 18


def write_video(net: nn.Module, path: Path, *, height: int, width: int) -> None:
    """Writes the net's step: inputs `frames` float32 [1, window, colours, H, W] in 0..1,
    `state0`...; outputs `enhanced` float32, not clipped, and `state0_out`...

    The size is fixed: flow pyramids and sampling grids are laid out for it. Deformable convolution
    comes out as GridSample, which every runtime has (OpenVINO refuses DeformConv).
    """
    video = cast(VideoNet, net.eval())
    state = video.start(height, width)
    frames = torch.zeros(1, video.window, video.colours, height, width)
    names = [f"state{n}" for n in range(len(state))]
    with warnings.catch_warnings():
        # torch's own exporter meets its own deprecated calls.
        warnings.simplefilter("ignore")
        program: Any = torch.onnx.export(
            Step(net),
            (frames, *state),
            dynamo=True,
            opset_version=OPSET,
            input_names=["frames", *names],
            output_names=[OUTPUT, *(f"{name}_out" for name in names)],
            verbose=False,
        )
    # Graph and weights stay in one file: the largest net here has 83 MB of float32 weights, far
    # below protobuf's limit of 2 GiB for a message.
    program.save(str(path), external_data=False)


class Step(nn.Module):
    """A net's step as its forward."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, frames: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        return cast(VideoNet, self.net).step(frames, *state)
