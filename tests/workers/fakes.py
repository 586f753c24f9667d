"""Fakes of what a machine may be like."""

from __future__ import annotations

import time
from pathlib import Path

from models.manifest import Manifest
from workers.engines.engine import (
    Array,
    CompiledNet,
    EngineInfo,
    Feeds,
    FreeNet,
    Session,
    fixes_sizes,
)


class SlowEngine:
    """An engine that takes as long as it is told to, for a call and for a net."""

    def __init__(self, seconds: float, *, compile_s: float = 0.0) -> None:
        self.seconds = seconds
        self.compile_s = compile_s

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(name="slow", version="1", device="none", threads=1)

    def compile(
        self, manifest: Manifest, path: Path, *, width: int, height: int, **how: object
    ) -> CompiledNet:
        time.sleep(self.compile_s)
        return self

    def session(self) -> Session:
        return self

    def run(self, feeds: Feeds, enhanced: Array) -> None:
        time.sleep(self.seconds)
        enhanced[:] = feeds["luma"].repeat(2, 0).repeat(2, 1)

    def reset(self) -> None:
        pass

    def compile_free(self, manifest: Manifest, path: Path) -> FreeNet:
        raise fixes_sizes("slow")

    def close(self) -> None:
        pass
