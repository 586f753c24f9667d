"""Quantization-aware training: the plain net with rounding in the way, trained to give the picture
of the float one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from models.graph.plain import Conv, PlainNet
from models.quantize.calibrate import Pictures, Quantized, first_stage

__all__ = ["QATConfig", "RoundedNet", "error", "refine", "rounded"]


@dataclass(frozen=True, kw_only=True)
class QATConfig:
    steps: int = 400
    batch: int = 8
    rate: float = 3e-4
    """Learning rate of weights and biases."""
    scale_rate: float = 2e-3
    """Learning rate of the logarithms of the scales."""
    seed: int = 1


def refine(
    start: Quantized,
    exact: PlainNet,
    pictures: Pictures,
    config: QATConfig,
    report: Callable[[str], None],
) -> Quantized:
    """Trains weights, biases and all scales of `start` on the difference to `exact`, heads and all.

    Distillation alone: the float net saw the originals, and the rounded one is to stand in for it.
    Step size learning: Learned Step Size Quantization (Esser et al., ICLR 2020), section 2.1.
    """
    torch.manual_seed(config.seed)
    student, teacher = RoundedNet(start), RoundedNet(replace(start, net=exact))
    teacher.is_exact = True
    optimizer = _optimizer(student, config)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, config.steps)
    rng = np.random.default_rng(config.seed)
    total = 0.0
    for step in range(config.steps):
        rows = np.sort(rng.integers(len(pictures.luma), size=config.batch))
        some = None if pictures.previous is None else pictures.previous[rows]
        entry = first_stage(exact, Pictures(pictures.luma[rows], some))
        with torch.no_grad():
            # The first stage stays float in the graph, so both get the same one.
            wanted = teacher(entry)
        optimizer.zero_grad(set_to_none=True)
        # The heads are compared before base and clip, since clipped places have no gradient.
        loss = ((student(entry) - wanted) ** 2 * teacher.importance).mean()
        loss.backward()
        optimizer.step()
        schedule.step()
        total += float(loss.detach())
        if (step + 1) % 100 == 0:
            report(f"step {step + 1}: squared difference {total / 100:.4f}")
            total = 0.0
    return student.finish()


def _optimizer(student: RoundedNet, config: QATConfig) -> torch.optim.Optimizer:
    groups = [
        {"params": student.weights.parameters(), "lr": config.rate},
        {"params": student.biases.parameters(), "lr": config.rate},
        {"params": student.scales(), "lr": config.scale_rate},
    ]
    # A step of Adam is about as large as its rate, whatever the gradient; logarithms of scales may
    # move further than weights.
    return torch.optim.Adam(groups)


class RoundedNet(nn.Module):
    """Body and head with rounded weights and activations; gradients go straight through.

    Input: the first stage's output before its ReLU, [N, C, H, W]; output: the heads, in levels
    (gates in 0..1).
    """

    def __init__(self, start: Quantized) -> None:
        super().__init__()
        self.is_exact = False
        self._start = start
        convs = start.net.convs
        self.weights = nn.ParameterList([_parameter(conv.weight) for conv in convs])
        self.biases = nn.ParameterList([_parameter(conv.bias) for conv in convs])
        # Their logarithms: a step of the optimizer is a fraction of each, however small it is.
        self.weight_scales = nn.ParameterList([_parameter(np.log(s)) for s in start.weight_scales])
        self.activation_scales = nn.ParameterList(
            [_parameter(np.log(np.float32(s))) for s in start.activation_scales]
        )
        self.importance = _importance(start.net)

    def scales(self) -> list[nn.Parameter]:
        """Returns the scales of weights and activations, which rounding is laid out by."""
        return [*self.weight_scales, *self.activation_scales]

    def forward(self, x: Tensor) -> Tensor:
        scheme = self._start.scheme
        for index, weight in enumerate(self.weights):
            x = F.relu(x)
            kernel: Tensor = weight
            if not self.is_exact:
                x = rounded(x, self.activation_scales[index].exp(), 0, scheme.activation_limit)
                steps = self.weight_scales[index].exp()[:, None, None, None]
                kernel = rounded(weight, steps, -scheme.weight_limit, scheme.weight_limit)
            x = F.conv2d(x, kernel, self.biases[index], padding=weight.shape[-1] // 2)
        return x

    def finish(self) -> Quantized:
        """Returns the trained net, ready to be written."""
        convs = tuple(
            Conv(_array(weight), _array(bias))
            for weight, bias in zip(self.weights, self.biases, strict=True)
        )
        return Quantized(
            replace(self._start.net, body=convs[:-1], head=convs[-1]),
            self._start.scheme,
            tuple(np.exp(_array(s)) for s in self.weight_scales),
            tuple(float(s.detach().exp()) for s in self.activation_scales),
        )


def rounded(x: Tensor, scale: Tensor, low: int, high: int) -> Tensor:
    """x to whole multiples of `scale` within low..high of them.

    Backward: straight through to x within the range; to the scale as by LSQ, eq. 3, its gradient
    made smaller by the count of values that use it (section 2.2).
    """
    gain = 1 / np.sqrt(max(1, x.numel() // max(1, scale.numel())) * high)
    # The value is `scale` itself; its gradient alone is `gain` times as large.
    calm = scale * gain + (scale - scale * gain).detach()
    ratio = (x / calm).clamp(low, high)
    # Rounding has no useful gradient: forward gives the whole number, backward passes it unchanged.
    whole = ratio + (ratio.round() - ratio).detach()
    result: Tensor = whole * calm
    return result


def _importance(net: PlainNet) -> Tensor:
    """Returns the weight of an error in each output of the heads, [1, heads, 1, 1].

    An error of the crisp head shows at full strength only; a gate is in 0..1 and multiplies
    differences of a few levels.
    """
    cells = net.scale**2
    parts = [torch.ones(cells)]
    if net.has_styles:
        parts.append(torch.full((cells,), 0.25))
    if net.past is not None:
        parts.append(torch.full((cells,), 16.0))
    return torch.cat(parts)[None, :, None, None]


def _parameter(value: NDArray[np.float32] | np.float32) -> nn.Parameter:
    return nn.Parameter(torch.tensor(value, dtype=torch.float32))


def _array(parameter: Any) -> NDArray[np.float32]:
    return np.asarray(parameter.detach().numpy().astype(np.float32))


def error(net: Quantized, exact: PlainNet, pictures: Pictures) -> float:
    """Mean squared difference of the heads to those of `exact`, weighed as in training."""
    entry = first_stage(exact, pictures)
    student, teacher = RoundedNet(net), RoundedNet(replace(net, net=exact))
    teacher.is_exact = True
    with torch.no_grad():
        return float(((student(entry) - teacher(entry)) ** 2 * teacher.importance).mean())
