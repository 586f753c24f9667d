"""Losses of the training; all take pictures in 0..1, [N, 1, H, W]."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["contrast_error", "crisp_error", "fidelity_error", "log_squared_error"]
__all__ += ["relative_error"]


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


def crisp_error(
    y: Tensor, target: Tensor, boost: float = 0.0, contrast: float = 0.02, fidelity: float = 0.0
) -> Tensor:
    """Loss of the crisp style: distance from the original with edges raised by `boost`, from its
    contrast, and what is lost of the original's information.
    """
    raised = target + boost * (target - _blur(target))
    error = relative_error(y, raised) + contrast * contrast_error(y, raised)
    # At a weight of 0 it is left out, because it takes a third of a step's time.
    return error + fidelity * fidelity_error(y, target) if fidelity else error


def _band(x: Tensor) -> Tensor:
    return x - _blur(x)


def _blur(x: Tensor) -> Tensor:
    taps = x.new_tensor([1, 4, 6, 4, 1]) / 16
    x = F.conv2d(F.pad(x, (2, 2, 0, 0), mode="replicate"), taps.view(1, 1, 1, 5))
    return F.conv2d(F.pad(x, (0, 0, 2, 2), mode="replicate"), taps.view(1, 1, 5, 1))


def _energy(band: Tensor, floor: float) -> Tensor:
    # The floor, the square of 1.1 levels, keeps the logarithm finite and mutes fainter contrast.
    return torch.log(F.avg_pool2d(band**2, 8, 4) + floor)


def fidelity_error(y: Tensor, target: Tensor, limit: float = 1.0) -> Tensor:
    """Returns what is lost of the target's visual information, 0 to 1; the mean over four scales.

    Paper: Image Information and Visual Quality (Sheikh and Bovik, IEEE TIP 2006), its pixel-domain
    form, with the windows of VMAF. `limit`: the greatest gain that counts, as VMAF-NEG sets it
    (Li et al., 2020): contrast above the target's earns nothing, so sharpening alone cannot win.
    """
    y, target = 255 * y, 255 * target
    total = y.new_zeros(())
    for scale in range(4):
        # The windows have 17, 9, 5 and 3 taps and a deviation of a fifth of that.
        taps = 2 ** (4 - scale) + 1
        if scale > 0:
            y, target = (_gaussian(x, taps)[..., ::2, ::2] for x in (y, target))
        total = total + _information_lost(y, target, taps, limit)
    return total / 4


def _information_lost(y: Tensor, target: Tensor, taps: int, limit: float) -> Tensor:
    mean_y, mean_t = _gaussian(y, taps), _gaussian(target, taps)
    # Rounding may leave a variance slightly below zero, and its logarithm would be no number.
    var_t = (_gaussian(target**2, taps) - mean_t**2).clamp(min=0)
    var_y = (_gaussian(y**2, taps) - mean_y**2).clamp(min=0)
    both = _gaussian(y * target, taps) - mean_y * mean_t
    gain = both / (var_t + 1e-3)
    noise = (var_y - gain * both).clamp(min=1e-3)
    gain = gain.clamp(0, limit)
    # 2 levels squared: the noise of the eye in that model.
    kept = torch.log1p(gain**2 * var_t / (noise + 2.0)).sum((1, 2, 3))
    whole = torch.log1p(var_t / 2.0).sum((1, 2, 3))
    # Of each patch, so that patches rich in detail do not rule; flat ones hold no information.
    return (1 - (kept + 1.0) / (whole + 1.0)).mean()


def _gaussian(x: Tensor, taps: int) -> Tensor:
    """`x` under a window of `taps`, smaller by `taps` - 1: beyond the border nothing is known."""
    down, across = (_banded(side, taps).to(x) for side in x.shape[-2:])
    return down.T @ (x @ across)


def _banded(side: int, taps: int) -> Tensor:
    """The window along one side as a matrix, [side, side - taps + 1]."""
    # A product of matrices takes a tenth of the time of a convolution of one channel.
    place = torch.arange(taps, dtype=torch.float32) - taps // 2
    window = torch.exp(-(place**2) / (2 * (taps / 5) ** 2))
    rows = torch.arange(side)[:, None] - torch.arange(side - taps + 1)[None, :]
    inside = (rows >= 0) & (rows < taps)
    return torch.where(inside, (window / window.sum())[rows.clamp(0, taps - 1)], 0.0)
