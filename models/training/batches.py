"""Batches for training, from caches of patches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from models.training.clip import Bytes

__all__ = ["Batch", "Material", "Pairs", "Patches", "RollOuts", "Sequences", "warp"]

Pairs = tuple[Bytes, Bytes]
"""Decoded [n, p, p] and original [n, s*p, s*p]."""

Sequences = tuple[Bytes, Bytes, NDArray[np.float16]]
"""Decoded [n, T, p, p], original [n, T, s*p, s*p], backward flow [n, T, 2, p/4, p/4] in decoded
pixels, x then y: where in the previous frame a pixel was.
"""


@dataclass(frozen=True, slots=True)
class Batch:
    """Crops for one step of training; all values are in 0..1."""

    decoded: Tensor
    """Decoded luma, [N, 1, p, p]."""
    original: Tensor
    """Original luma, [N, 1, s*p, s*p]."""
    previous: Tensor | None = None
    """[N, 1, s*p, s*p]: the net's last output, moved to this frame."""


class Material(Protocol):
    """Source of batches.

    Step n's batch follows from the seed, n and, for nets that see their previous picture, from the
    outputs that were kept since the last whole roll-out.
    """

    def batch(self, step: int) -> Batch:
        """The batch of this step; steps come in order."""
        ...

    def keep(self, enhanced: Tensor) -> None:
        """Takes what the net made of the last batch."""
        ...


class Patches:
    """Single frames, from one part of the cache at a time."""

    def __init__(self, parts: list[Pairs], *, size: int, seed: int) -> None:
        self._parts = parts
        self._size = size
        self._seed = seed

    def batch(self, step: int) -> Batch:
        # The seed and the step alone decide, so a resumed run gets the batches that it missed.
        rng = np.random.default_rng([self._seed, step])
        decoded, original = self._parts[int(rng.integers(len(self._parts)))]
        # The parts are mapped files, and sorted rows are read forwards; no loss sees their order.
        rows = np.sort(rng.integers(len(decoded), size=self._size))
        x, y = (_unit(part[rows])[:, None] for part in (decoded, original))
        if rng.random() < 0.5:
            x, y = x.flip(3), y.flip(3)
        if rng.random() < 0.5:
            x, y = x.flip(2), y.flip(2)
        if rng.random() < 0.5:
            x, y = x.transpose(2, 3), y.transpose(2, 3)
        return Batch(x.contiguous(), y.contiguous())

    def keep(self, enhanced: Tensor) -> None:
        """Keeps nothing: single frames have no frame before them."""


class RollOuts:
    """Frame after frame of a few sequences, each batch with the net's own last output.

    No gradient flows into earlier frames: the net learns to make the best of what it gave itself,
    errors included, which is what keeps it stable. A roll-out is as long as the sequences.
    """

    def __init__(self, parts: list[Sequences], *, size: int, seed: int, scale: int) -> None:
        self._parts = parts
        self._size = size
        self._seed = seed
        self._scale = scale
        self._last: Tensor | None = None
        self._load(0)

    @property
    def length(self) -> int:
        """Frames of a roll-out."""
        return int(self._parts[0][0].shape[1])

    def batch(self, step: int) -> Batch:
        frame = step % self.length
        # A run that was resumed within a roll-out has no last output: it begins with the base.
        if frame == 0 or self._last is None:
            self._load(step // self.length)
            self._last = None
        decoded, original, flow = self._now
        x, y = decoded[:, frame, None], original[:, frame, None]
        if self._last is None:
            return Batch(x, y, enlarge(x, self._scale))
        return Batch(x, y, warp(self._last, flow[:, frame], self._scale))

    def keep(self, enhanced: Tensor) -> None:
        # The picture that a stream carries on is made of bytes, so it never leaves 0..1.
        self._last = enhanced.detach().clamp(0, 1)

    def _load(self, roll_out: int) -> None:
        rng = np.random.default_rng([self._seed, roll_out])
        decoded, original, flow = self._parts[int(rng.integers(len(self._parts)))]
        rows = np.sort(rng.integers(len(decoded), size=self._size))
        x, y = _unit(decoded[rows]), _unit(original[rows])
        motion = torch.from_numpy(flow[rows].astype(np.float32))
        if rng.random() < 0.5:
            # In a mirrored picture the motion along that axis has the other sign.
            x, y, motion = x.flip(3), y.flip(3), motion.flip(4) * _signs(-1, 1)
        if rng.random() < 0.5:
            x, y, motion = x.flip(2), y.flip(2), motion.flip(3) * _signs(1, -1)
        self._now = x, y, motion


def enlarge(x: Tensor, scale: int) -> Tensor:
    """Bicubic, as cv2.INTER_CUBIC up to the border."""
    return F.interpolate(x, scale_factor=scale, mode="bicubic", align_corners=False)


def warp(picture: Tensor, flow: Tensor, scale: int) -> Tensor:
    """`picture` [N, 1, s*p, s*p] read bilinearly at its own place plus `flow` [N, 2, p/4, p/4],
    which is in pixels of the small frame; border replicated.
    """
    height, width = picture.shape[-2:]
    fine = F.interpolate(flow, size=(height, width), mode="bilinear", align_corners=False) * scale
    rows = torch.arange(height, dtype=picture.dtype)[:, None]
    columns = torch.arange(width, dtype=picture.dtype)[None, :]
    # align_corners=True puts -1 and 1 on the centres of the outermost pixels.
    across = (columns + fine[:, 0]) * (2 / (width - 1)) - 1
    down = (rows + fine[:, 1]) * (2 / (height - 1)) - 1
    grid = torch.stack([across, down], dim=-1)
    return F.grid_sample(picture, grid, padding_mode="border", align_corners=True)


def _unit(part: Bytes) -> Tensor:
    return torch.from_numpy(part.astype(np.float32)) / 255


def _signs(across: int, down: int) -> Tensor:
    return torch.tensor([across, down], dtype=torch.float32)[None, None, :, None, None]
