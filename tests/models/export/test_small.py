"""A video net on the frames of a clip, as it will run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("onnx")

import torch

from models.export.small import TorchUpscaler
from models.manifest import load_manifest
from models.nets.table import build
from tests.models.nets.small import SMALL
from tests.models.test_live_net import picture

LUMA = {"colours": 1, "scale": 2}


def upscaler(name: str, height: int, width: int) -> TorchUpscaler:
    torch.manual_seed(5)
    return TorchUpscaler(build(name, SMALL[name] | LUMA), height, width)


@pytest.mark.parametrize("name", ["unet", "tdan", "basicvsr-causal"])
@pytest.mark.parametrize("size", [(20, 28), (17, 23)])
def test_any_size_comes_out_twice_as_large(name: str, size: tuple[int, int]) -> None:
    made = upscaler(name, *size)(picture(*size))
    assert made.shape == (2 * size[0], 2 * size[1]) and made.dtype == np.uint8


def test_a_net_with_memory_sees_earlier_frames_and_another_one_does_not() -> None:
    one, other = upscaler("unet", 16, 16), upscaler("unet", 16, 16)
    first, second = picture(16, 16), picture(16, 16, seed=3)
    one(first)
    assert not np.array_equal(one(second), other(second))


def test_the_first_frame_stands_in_for_those_before_it() -> None:
    net = upscaler("tdan", 16, 16)
    first = net(picture(16, 16))
    # The same picture again changes nothing for a net whose window is filled with it.
    assert np.array_equal(net(picture(16, 16)), first)


def test_a_net_that_runs_as_a_graph_is_refused() -> None:
    with pytest.raises(ValueError, match="live-s is no luma net for torch"):
        TorchUpscaler.load(load_manifest("live-s"), Path("none"), 16, 16)
