"""TDAN's values against the paper's equations, written out in numpy pixel by pixel."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

torch = pytest.importorskip("torch")

from models.nets.tdan import TDAN, TDANConfig  # noqa: E402

Array = npt.NDArray[np.float64]

GROUPS, WINDOW = 2, 3


def make_net(scale: int, colours: int) -> TDAN:
    """A small net whose every parameter is far from zero, offsets of some pixels included."""
    config = TDANConfig(
        colours=colours,
        scale=scale,
        channels=4,
        window=WINDOW,
        groups=GROUPS,
        extract=1,
        reconstruct=2,
    )
    torch.manual_seed(7)
    net = TDAN(config).double().eval()
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            spread = 0.6 if name.startswith("off2d") else 0.25
            parameter.copy_(spread * torch.randn_like(parameter))
    return net


def weights(net: TDAN) -> dict[str, Array]:
    return {name: p.detach().numpy() for name, p in net.named_parameters()}


def conv(x: Array, w: dict[str, Array], name: str) -> Array:
    """A 3x3 convolution with zeros beyond the border: [C, H, W] to [out, H, W]."""
    weight, bias = w[f"{name}.weight"], w.get(f"{name}.bias")
    _, height, width = x.shape
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    y = np.zeros((weight.shape[0], height, width))
    for down, right in itertools.product(range(3), range(3)):
        part = padded[:, down : down + height, right : right + width]
        y += np.einsum("oc,chw->ohw", weight[:, :, down, right], part)
    return y if bias is None else y + bias[:, None, None]


def read(plane: Array, row: float, column: float) -> float:
    """A plane between its samples, bilinearly; beyond the border lie zeros."""
    value = 0.0
    top, left = int(np.floor(row)), int(np.floor(column))
    for i, j in itertools.product((top, top + 1), (left, left + 1)):
        if 0 <= i < plane.shape[0] and 0 <= j < plane.shape[1]:
            value += plane[i, j] * (1 - abs(row - i)) * (1 - abs(column - j))
    return value


def deform(x: Array, offset: Array, weight: Array) -> Array:
    """Deformable Convolutional Networks (Dai et al., ICCV 2017), eq. 2, in groups."""
    channels, height, width = x.shape
    y = np.zeros((weight.shape[0], height, width))
    for row, column, c, tap in itertools.product(
        range(height), range(width), range(channels), range(9)
    ):
        at = (c // (channels // GROUPS)) * 18 + 2 * tap
        value = read(
            x[c],
            row + tap // 3 - 1 + offset[at, row, column],
            column + tap % 3 - 1 + offset[at + 1, row, column],
        )
        y[:, row, column] += weight[:, c, tap // 3, tap % 3] * value
    return y


def block(x: Array, w: dict[str, Array], name: str) -> Array:
    return x + conv(np.maximum(conv(x, w, f"{name}.conv1"), 0), w, f"{name}.conv2")


def align(supporting: Array, reference: Array, w: dict[str, Array]) -> Array:
    """Section 3.2: the offsets come from both, the last two steps move the supporting frame."""
    x = conv(np.concatenate((reference, supporting)), w, "cr")
    x = deform(x, conv(x, w, "off2d_1"), w["dconv_1.weight"])
    x = deform(x, conv(x, w, "off2d_2"), w["deconv_2.weight"])
    x = deform(supporting, conv(x, w, "off2d_3"), w["deconv_3.weight"])
    return conv(deform(x, conv(x, w, "off2d"), w["dconv.weight"]), w, "recon_lr")


def shuffle(x: Array) -> Array:
    """Sub-pixel convolution's periodic shuffling by 2 (Shi et al., CVPR 2016, eq. 4)."""
    channels, height, width = x.shape
    y = x.reshape(channels // 4, 2, 2, height, width).transpose(0, 3, 1, 4, 2)
    return y.reshape(channels // 4, 2 * height, 2 * width)


def published(frames: Array, net: TDAN) -> Array:
    """The paper's net over frames [window, C, H, W] of 0..1: the middle one goes in as it is."""
    w = weights(net)
    pictures = frames - 0.5
    features = [
        block(np.maximum(conv(picture, w, "conv_first"), 0), w, "residual_layer.0")
        for picture in pictures
    ]
    centre = WINDOW // 2
    window = [
        pictures[n] if n == centre else align(features[n], features[centre], w)
        for n in range(WINDOW)
    ]
    x = np.maximum(conv(np.concatenate(window), w, "fea_ex.0"), 0)
    for n in range(net.config.reconstruct):
        x = block(x, w, f"recon_layer.{n}")
    for n in range(net.config.scale // 2):
        x = shuffle(conv(x, w, f"up.0.{2 * n}"))
    return conv(x, w, "up.1") + 0.5


@pytest.mark.parametrize(("scale", "colours"), [(4, 3), (2, 1)])
def test_its_picture_is_that_of_the_published_net(scale: int, colours: int) -> None:
    net = make_net(scale, colours)
    frames = np.random.default_rng(3).random((WINDOW, colours, 6, 7))
    with torch.no_grad():
        got = net(torch.from_numpy(frames)[None])[0].numpy()
    expected = published(frames, net)
    assert expected.std() > 0.1
    assert np.abs(got - expected).max() < 1e-9 * np.abs(expected).max()


def test_the_middle_of_the_window_is_the_frame_itself() -> None:
    net, frames = make_net(4, 3), torch.rand(2, WINDOW, 3, 8, 8, dtype=torch.float64)
    enhanced, aligned = net.with_aligned(frames)
    assert enhanced.shape == (2, 3, 32, 32)
    assert aligned.shape == frames.shape
    assert torch.allclose(aligned[:, 1], frames[:, 1], atol=1e-12)
    for n in (0, 2):
        assert (aligned[:, n] - frames[:, n]).abs().max() > 0.1


def test_each_picture_of_a_batch_is_its_own() -> None:
    net, frames = make_net(2, 1), torch.rand(3, WINDOW, 1, 8, 9, dtype=torch.float64)
    together: Any = net(frames)
    for n in range(3):
        assert torch.allclose(together[n], net(frames[n : n + 1])[0], atol=1e-9)
