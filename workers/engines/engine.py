"""What an engine is to those who use it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy.typing as npt

from models.manifest import Manifest, TensorSpec

Array = npt.NDArray[Any]
Feeds = Mapping[str, Array]


@dataclasses.dataclass(frozen=True, slots=True)
class EngineInfo:
    """What an engine says of itself."""

    name: str
    version: str
    "Of the runtime."
    device: str
    threads: int
    "Threads that one call uses."


class Session(Protocol):
    """One stream's way to run a compiled net; used by one thread at a time."""

    def run(self, feeds: Feeds, enhanced: Array) -> None:
        """Reads the named inputs, writes the one output. Shapes are those of the net without the
        leading ones of a batch; planes may have any strides.
        """
        ...

    def reset(self) -> None:
        """Forgets earlier frames, where the net remembers any."""
        ...


class CompiledNet(Protocol):
    """A net for one size; any number of sessions share its weights."""

    def session(self) -> Session:
        """A new session, for one stream."""
        ...


class Engine(Protocol):
    """One inference runtime. ``compile`` may be called from any thread."""

    @property
    def info(self) -> EngineInfo:
        """Its name, version and device."""
        ...

    def compile(self, manifest: Manifest, path: Path, *, width: int, height: int) -> CompiledNet:
        """The net of a file for one input size. Raises NetUnusable."""
        ...

    def close(self) -> None:
        """Gives memory back; calling it twice is harmless."""
        ...


def shape_of(spec: TensorSpec, *, width: int, height: int) -> tuple[int, ...]:
    """The shape that a manifest's layout, such as ``1,1,2H,2W``, means for an input size."""
    sides = {"H": height, "W": width}
    return tuple(
        int(part) if part.isdigit() else int(part[:-1] or 1) * sides[part[-1]]
        for part in spec.layout.split(",")
    )


def out_shape(manifest: Manifest, *, width: int, height: int) -> tuple[int, ...]:
    """Of the one output of a luma graph."""
    return (1, 1, manifest.scale * height, manifest.scale * width)
