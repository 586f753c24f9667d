"""Losses of the training; all take pictures in 0..1, [N, 1, H, W]."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["contrast_error", "crisp_error", "log_squared_error", "relative_error"]


def relative_error(y: Tensor, target: Tensor, epsilon: float = 1e-3, floor: float = 0.01) -> Tensor:
    """Charbonnier error (ICIP 1994) of each patch over its own size, so that faint detail counts as
    much as text.

    PSNR is a logarithm: what matters is the fraction of a patch's error that is removed. `floor`
    (2.5 levels) keeps flat patches from ruling the batch.
    """
    error = torch.sqrt((y - target) ** 2 + epsilon**2)
    # Detached: the weight balances patches; a gradient through it would weaken large errors.
    weight = 1 / (error.detach().mean((1, 2, 3), keepdim=True) + floor)
    return (error * weight).mean() / weight.mean()


def log_squared_error(y: Tensor, target: Tensor, floor: float = 1e-5) -> Tensor:
    """PSNR itself, upside down, for the end of training; from the start it would be restless.

    Where it is unsure an absolute error makes the net sharpen, a squared one makes it hold back.
    `floor` is the square of 0.8 levels. The factor makes gradients as large as relative_error's.
    """
    return 0.02 * torch.log(((y - target) ** 2).mean((1, 2, 3)) + floor).mean()


def contrast_error(y: Tensor, target: Tensor, levels: int = 3, floor: float = 2e-5) -> Tensor:
    """Mean distance of each band's local contrast from the original's, in natural logarithms.

    Bands are those of a Laplacian pyramid (Burt and Adelson, 1983); contrast is the mean square
    over 8x8 pixels of a band. What is smoothed away counts, wherever exactly it should be; what is
    sharper than the original counts as much.
    """
    total = y.new_zeros(())
    for level in range(levels):
        fine, wanted = _band(y), _band(target)
        # Half the logarithm of a mean square is the logarithm of an amplitude.
        total = total + (_energy(fine, floor) - _energy(wanted, floor)).abs().mean() / 2
        if level + 1 < levels:
            y, target = (F.avg_pool2d(x, 2) for x in (y, target))
    return total / levels


def crisp_error(y: Tensor, target: Tensor, boost: float = 0.0, contrast: float = 0.02) -> Tensor:
    """Loss of the crisp style: distance from the original with edges raised by `boost`, and from
    its contrast.
    """
    raised = target + boost * (target - _blur(target))
    return relative_error(y, raised) + contrast * contrast_error(y, raised)


def _band(x: Tensor) -> Tensor:
    return x - _blur(x)


def _blur(x: Tensor) -> Tensor:
    taps = x.new_tensor([1, 4, 6, 4, 1]) / 16
    x = F.conv2d(F.pad(x, (2, 2, 0, 0), mode="replicate"), taps.view(1, 1, 1, 5))
    return F.conv2d(F.pad(x, (0, 0, 2, 2), mode="replicate"), taps.view(1, 1, 5, 1))


def _energy(band: Tensor, floor: float) -> Tensor:
    # The floor, the square of 1.1 levels, keeps the logarithm finite and mutes fainter contrast.
    return torch.log(F.avg_pool2d(band**2, 8, 4) + floor)
