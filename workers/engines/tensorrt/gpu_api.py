"""What the engine asks of a GPU."""

from __future__ import annotations

import dataclasses
from typing import Protocol

from workers.engines.engine import Array
from workers.engines.tensorrt.buffers import BufferPlan

Shapes = tuple[tuple[str, tuple[int, ...]], ...]
"""Of the inputs, by name and in the graph's order: least, usual and greatest are the same, since a
net is compiled for one size."""


@dataclasses.dataclass(frozen=True, slots=True)
class Gpu:
    """What a plan depends on: it is of no use on another kind of GPU or under another version."""

    name: str
    capability: str
    "Compute capability, such as 9.0."
    tensorrt: str
    "Version."


class Runner(Protocol):
    """One stream's buffers and queue of work; used by one thread at a time."""

    @property
    def memory(self) -> Array:
        """uint8, page-locked, laid out by the BufferPlan: inputs are written here, the output is
        read here.
        """
        ...

    def run(self) -> None:
        """Inputs to the GPU, the net, the output back; returns when it is there. Raises
        DeviceFailed.
        """
        ...


class LoadedPlan(Protocol):
    """A plan in the GPU's memory."""

    def refit(self, graph: bytes) -> bool:
        """Takes the weights of another graph of the same structure; False if that cannot be done,
        and then the plan must not be used any more.
        """
        ...

    def runner(self, buffers: BufferPlan) -> Runner:
        """Buffers of its own. Raises DeviceFailed."""
        ...


class Device(Protocol):
    """One GPU. May be called from any thread."""

    @property
    def gpu(self) -> Gpu:
        """What it is."""
        ...

    def build(self, graph: bytes, shapes: Shapes, *, refittable: bool) -> bytes:
        """Compiles a graph; takes seconds to minutes. Raises DeviceFailed, whose text says why."""
        ...

    def load(self, plan: bytes) -> LoadedPlan | None:
        """A plan made by ``build``; None if it is damaged or of another version. Raises
        DeviceFailed where memory is short.
        """
        ...

    def close(self) -> None:
        """Gives the GPU back; calling it twice is harmless."""
        ...
