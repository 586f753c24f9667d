"""What an engine is to those who use it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

Luma = npt.NDArray[np.uint8]


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

    def run(self, luma: Luma, enhanced: Luma) -> None:
        """Reads ``luma`` (H, W), writes ``enhanced`` (2H, 2W); both 8 bit, any strides."""
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

    def compile(self, path: Path, *, width: int, height: int, scale: int) -> CompiledNet:
        """The net of an ONNX file for one input size. Raises NetUnusable."""
        ...

    def close(self) -> None:
        """Gives memory back; calling it twice is harmless."""
        ...
