"""A net as a chain of parts, and the measured cost of each: multiply-adds, and what it gives."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from models.split.placement import Stage

__all__ = ["Chain", "Part", "Tensors", "count_macs", "measure"]

Tensors = tuple[Tensor, ...]


@dataclass(frozen=True)
class Part:
    """The layers between two cut points.

    Frames are at hand everywhere and do not pass a cut. `run` takes the frames, what the part
    before gave, and the net's memory of the frame before; it returns what the next part needs.
    """

    name: str
    run: Callable[[Tensor, Tensors, Tensors], Tensors]
    is_in_loop: bool = False
    """True on the way from the memory of one frame to that of the next."""


@dataclass(frozen=True)
class Chain:
    """Parts that together compute what the whole net does for one frame."""

    parts: tuple[Part, ...]

    def run(self, frames: Tensor, memory: Tensors = ()) -> tuple[Tensor, Tensors]:
        """The enhanced frame, and the new memory, empty for a net without one."""
        carried: Tensors = ()
        kept: Tensors = ()
        for part in self.parts:
            carried = part.run(frames, carried, memory)
            if part.is_in_loop:
                # What the last part of the loop gives is what the next frame needs.
                kept = carried
        return carried[0], kept


@torch.no_grad()
def measure(
    chain: Chain, frames: Tensor, memory: Tensors = (), *, value_bits: float, result_bits: float
) -> tuple[Stage, ...]:
    """Runs a frame and counts; `value_bits` is what a number takes when it passes a cut, and
    `result_bits` the coded result.
    """
    stages: list[Stage] = []
    carried: Tensors = ()
    for part in chain.parts:
        before = carried

        def once(part: Part = part, before: Tensors = before) -> None:
            nonlocal carried
            carried = part.run(frames, before, memory)

        macs = count_macs(once)
        passed = value_bits * sum(each.numel() for each in carried)
        stages.append(Stage(part.name, macs, passed, part.is_in_loop))
    last = stages.pop()
    return (*stages, Stage(last.name, last.macs, result_bits, last.is_in_loop))


def count_macs(call: Callable[[], object]) -> int:
    """Multiply-adds of the convolutions and of the products of matrices of a call."""
    counter = _Counter()
    with counter:
        call()
    return counter.macs


class _Counter(TorchFunctionMode):
    """Counts by the shapes that each call had. torch's own counter does the same, and loads the
    compiler for that, which takes many seconds.
    """

    def __init__(self) -> None:
        super().__init__()
        self.macs: int = 0

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        if func is torch.conv2d:
            # Each number of the result is a sum over the inputs that a kernel covers.
            self.macs += made.numel() * args[1][0].numel()
        elif func in _PRODUCTS:
            self.macs += made.numel() * args[0].shape[-1]
        elif func is torch.einsum:
            self.macs += _einsum_macs(args[0], args[1:])
        return made


_PRODUCTS = (torch.matmul, torch.Tensor.matmul, torch.Tensor.__matmul__, torch.bmm)


def _einsum_macs(equation: str, tensors: Any) -> int:
    """One multiply-add for each combination of the indices of both tensors."""
    sizes: dict[str, int] = {}
    for letters, tensor in zip(equation.split("->")[0].split(","), tensors, strict=True):
        sizes.update(zip(letters.strip(), tensor.shape, strict=True))
    return math.prod(sizes.values())
