"""The linear map between features at a cut and what is sent instead of them.

Three steps, each a convolution. The receiver has the decoded picture, so what a linear filter can
tell of the features from it is not sent. What is left is taken in blocks, and weighed by how much
the delivered picture changes with it. Of the weighed blocks the principal components are sent, so a
squared error of coefficients is the squared error of the picture in levels, and the first ones hold
the most of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["BLOCK", "Cut", "Transform", "fit", "read_transform", "write_transform"]

BLOCK = 4
"""Side of a block in pixels: 48 channels make 768 numbers, whose covariance is still small."""

RADIUS = 4
"""Pixels on each side that the prediction sees. The first half of `live-l` sees 6, of which the
outermost count least.
"""

MARGIN = 12
"""Pixels at the border of a patch that are left out: they feel its zero padding. A multiple of
BLOCK, and more than the radius of the nets.
"""

STABLE = 1e-5
"""Least weight, as a part of the largest: directions that the picture hardly feels would be blown
up by the inverse.
"""


@dataclass(frozen=True)
class Cut:
    """Both parts of a net. Luma is float [N, 1, H, W] in 0..255."""

    front: Callable[[Tensor], Tensor]
    """Luma to features [N, C, H, W], not negative."""
    back: Callable[[Tensor, Tensor], Tensor]
    """Features and luma to the enhanced luma, in levels."""


@dataclass(frozen=True)
class Transform:
    """Kernels of the three convolutions, float16 where they are stored."""

    predictor: NDArray[np.float32]
    """Filter of luma to features, [C, 1, 2 * RADIUS + 1, 2 * RADIUS + 1]."""
    bias: NDArray[np.float32]
    """Constant part of the prediction, [C]."""
    analysis: NDArray[np.float32]
    """Kernels [D, C, BLOCK, BLOCK], applied with stride BLOCK."""
    synthesis: NDArray[np.float32]
    """Kernels [D, C, BLOCK, BLOCK], applied transposed with stride BLOCK."""

    def predict(self, luma: Tensor) -> Tensor:
        """The features that the picture tells of."""
        padded = F.pad(luma, (RADIUS,) * 4, mode="replicate")
        return F.conv2d(padded, torch.from_numpy(self.predictor), torch.from_numpy(self.bias))

    def forward(self, features: Tensor, luma: Tensor) -> Tensor:
        """Coefficients [N, D, H / BLOCK, W / BLOCK]; sides are multiples of BLOCK."""
        rest = features - self.predict(luma)
        return F.conv2d(rest, torch.from_numpy(self.analysis), stride=BLOCK)

    def backward(self, coefficients: Tensor, luma: Tensor) -> Tensor:
        """The features again, as far as the coefficients tell."""
        rest = F.conv_transpose2d(coefficients, torch.from_numpy(self.synthesis), stride=BLOCK)
        # Behind a ReLU no feature is negative, so what is below zero is an error.
        return F.relu(self.predict(luma) + rest)


def fit(
    cut: Cut, pictures: NDArray[np.uint8], *, dimensions: int, seed: int = 0
) -> tuple[Transform, NDArray[np.float32]]:
    """Fits a transform to decoded patches [N, side, side] and returns it with the coefficients of
    the patches, [blocks, dimensions].
    """
    torch.manual_seed(seed)
    blocks: list[Tensor] = []
    weights: list[Tensor] = []
    predictor = _Regression()
    with torch.no_grad():
        for luma in _batches(pictures):
            predictor.add(luma, cut.front(luma))
    kernel, bias = predictor.solve()
    draft = Transform(kernel, bias, *([np.zeros((0,), np.float32)] * 2))
    for number, luma in enumerate(_batches(pictures)):
        with torch.no_grad():
            features = cut.front(luma)
            blocks.append(_blocks(features - draft.predict(luma)))
        # A backward pass takes as long as two forward ones, and its mean settles sooner.
        if number % SENSITIVITY_EVERY == 0:
            weights.append(_sensitivity(cut, features, luma))
    rest = torch.cat(blocks)
    channels = features.shape[1]
    weight = torch.stack(weights).mean(0)
    analysis, synthesis = _components(rest, weight, dimensions)
    shape = (dimensions, channels, BLOCK, BLOCK)
    transform = Transform(kernel, bias, *(_kernel(m, shape) for m in (analysis, synthesis)))
    return transform, (rest @ analysis.T.float()).numpy()


class _Regression:
    """Least squares of features on the window of luma around them."""

    def __init__(self) -> None:
        taps = (2 * RADIUS + 1) ** 2 + 1
        self._square = torch.zeros(taps, taps, dtype=torch.float64)
        self._product: Tensor | float = 0.0

    def add(self, luma: Tensor, features: Tensor) -> None:
        windows = F.unfold(luma, 2 * RADIUS + 1)
        inner = features[:, :, RADIUS:-RADIUS, RADIUS:-RADIUS].flatten(2)
        ones = torch.ones_like(windows[:, :1])
        seen = torch.cat((windows, ones), 1).transpose(1, 2).reshape(-1, self._square.shape[0])
        wanted = inner.transpose(1, 2).reshape(-1, features.shape[1])
        # Neighbours tell the same; every seventh place is enough and costs a seventh.
        seen, wanted = seen[::7].double(), wanted[::7].double()
        self._square += seen.T @ seen
        self._product = self._product + seen.T @ wanted

    def solve(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The kernel and the bias."""
        # A little ridge keeps flat material from making the system singular.
        ridge = 1e-6 * self._square.diagonal().mean() * torch.eye(len(self._square)).double()
        weights = torch.linalg.solve(self._square + ridge, torch.as_tensor(self._product))
        side = 2 * RADIUS + 1
        kernel = weights[:-1].T.reshape(-1, 1, side, side)
        return _stored(kernel), _stored(weights[-1])


SENSITIVITY_EVERY = 3
"""Batches of which one tells the weight of features."""


def _sensitivity(cut: Cut, features: Tensor, luma: Tensor) -> Tensor:
    """The mean over blocks of J^T J, J being the change of the picture with a block's features.

    A random sign for each pixel of the picture makes one backward pass an unbiased estimate
    (Hutchinson, 1990).
    """
    probe = features.detach().requires_grad_(True)
    picture = cut.back(probe, luma)
    signs = torch.randint(0, 2, picture.shape).float() * 2 - 1
    (gradient,) = torch.autograd.grad((picture * signs).sum(), probe)
    found = _blocks(gradient).double()
    return found.T @ found / len(found)


def _components(rest: Tensor, weight: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Matrices [count, numbers of a block] to coefficients and (transposed) back."""
    values, vectors = torch.linalg.eigh(weight)
    root = values.clamp_min(float(values.max()) * STABLE).sqrt()
    into = (vectors * root) @ vectors.T
    out = (vectors / root) @ vectors.T
    energy = rest.double()
    _, principal = torch.linalg.eigh(into @ (energy.T @ energy / len(energy)) @ into)
    # Eigenvalues ascend.
    principal = principal.flip(1)[:, :count]
    return principal.T @ into, principal.T @ out


def _blocks(x: Tensor) -> Tensor:
    """Blocks inside the margin, [blocks, C * BLOCK * BLOCK]."""
    inner = x[:, :, MARGIN:-MARGIN, MARGIN:-MARGIN]
    return F.unfold(inner, BLOCK, stride=BLOCK).transpose(1, 2).reshape(-1, x.shape[1] * BLOCK**2)


def _batches(pictures: NDArray[np.uint8], size: int = 8) -> Iterator[Tensor]:
    for first in range(0, len(pictures), size):
        yield torch.from_numpy(pictures[first : first + size].astype(np.float32))[:, None]


def _kernel(matrix: Tensor, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return _stored(matrix.reshape(shape))


def _stored(x: Tensor) -> NDArray[np.float32]:
    """The numbers as a file keeps them: half precision, which costs 0.0005 of their size."""
    return x.half().float().contiguous().numpy()


def write_transform(transform: Transform, path: Path) -> None:
    """Saves the kernels as float16."""
    kernels = {name: getattr(transform, name).astype(np.float16) for name in _NAMES}
    np.savez_compressed(path, **kernels)


def read_transform(path: Path) -> Transform:
    """Reads what `write_transform` saved."""
    with np.load(path, allow_pickle=False) as stored:
        return Transform(*(stored[name].astype(np.float32) for name in _NAMES))


_NAMES = ("predictor", "bias", "analysis", "synthesis")
