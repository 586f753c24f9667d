"""Protocol of a GPU, as the TensorRT engine uses it."""

from __future__ import annotations

import dataclasses
from typing import Protocol

from workers.engines.engine import Array
from workers.engines.tensorrt.buffers import BufferPlan

Shapes = tuple[tuple[str, tuple[int, ...]], ...]
"""Input shapes by name, in the graph's order. A net is compiled for one size, so the least, the
usual and the greatest shape are the same."""


@dataclasses.dataclass(frozen=True, slots=True)
class Gpu:
    """Identity of a GPU. A plan works only on the same kind of GPU and version of TensorRT."""

    name: str
    capability: str
    "Compute capability, such as 9.0."
    tensorrt: str
    "Version of TensorRT."


class Runner(Protocol):
    """Buffers and work queue of one stream; used by one thread at a time."""

    @property
    def memory(self) -> Array:
        """Page-locked uint8 memory, laid out by the BufferPlan.

        Callers write the inputs and read the output here.
        """
        ...

    def run(self) -> None:
        """Copies the inputs to the GPU, runs the net, and copies the output back.

        Returns when the output has arrived. Raises DeviceFailed.
        """
        ...


class LoadedPlan(Protocol):
    """A plan that is loaded into the GPU's memory."""

    def refit(self, graph: bytes) -> bool:
        """Takes the weights of another graph of the same structure.

        Returns False if that fails; then the plan must not be used any more.
        """
        ...

    def runner(self, buffers: BufferPlan) -> Runner:
        """Creates a runner with buffers of its own. Raises DeviceFailed."""
        ...


class Device(Protocol):
    """One GPU; may be called from any thread."""

    @property
    def gpu(self) -> Gpu:
        """Identity of the GPU."""
        ...

    def build(self, graph: bytes, shapes: Shapes, *, refittable: bool) -> bytes:
        """Compiles a graph; takes seconds to minutes. Raises DeviceFailed with the reason."""
        ...

    def load(self, plan: bytes) -> LoadedPlan | None:
        """Loads a plan made by ``build``; None if it is damaged or of another version.

        Raises DeviceFailed if memory is short.
        """
        ...

    def close(self) -> None:
        """Releases the GPU; a second call has no effect."""
        ...
