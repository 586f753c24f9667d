"""Fakes of what a machine may be like."""

from __future__ import annotations

import time
from pathlib import Path

from models.manifest import Manifest
from workers.engines.engine import (
    Array,
    CompiledNet,
    DynamicShapeModel,
    EngineInfo,
    Feeds,
    NetInfo,
    Session,
    describe,
    no_dynamic_shapes,
)


class PacedEngine:
    """An engine whose nets take a time by their size; notes when they run side by side."""

    def __init__(self, seconds_per_mac: float) -> None:
        self.seconds_per_mac = seconds_per_mac
        self.running = 0
        self.most_running = 0

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(name="paced", version="1", device="none", threads=1)

    def compile(
        self, manifest: Manifest, path: Path, *, width: int, height: int, **how: object
    ) -> CompiledNet:
        return _PacedNet(
            self,
            manifest,
            describe(
                manifest, width=width, height=height, batch=1, precision="fp32", device="none"
            ),
        )

    def compile_dynamic(self, manifest: Manifest, path: Path) -> DynamicShapeModel:
        raise no_dynamic_shapes("paced")

    def close(self) -> None:
        pass


class _PacedNet:
    def __init__(self, engine: PacedEngine, manifest: Manifest, info: NetInfo) -> None:
        self._engine = engine
        self._manifest = manifest
        self.info = info

    def session(self) -> Session:
        return self

    def run(self, feeds: Feeds, enhanced: Array) -> None:
        self._engine.running += 1
        self._engine.most_running = max(self._engine.most_running, self._engine.running)
        time.sleep(self._engine.seconds_per_mac * self._manifest.macs_per_pixel)
        enhanced[:] = feeds["luma"].repeat(2, 0).repeat(2, 1)
        if self._manifest.name == "small":
            enhanced[:] = 255 - enhanced
        self._engine.running -= 1

    def warm_up(self) -> None:
        pass

    def reset(self) -> None:
        pass


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
        info = describe(
            manifest, width=width, height=height, batch=1, precision="fp32", device="none"
        )
        return _SlowNet(self.seconds, info)

    def compile_dynamic(self, manifest: Manifest, path: Path) -> DynamicShapeModel:
        raise no_dynamic_shapes("slow")

    def close(self) -> None:
        pass


class _SlowNet:
    def __init__(self, seconds: float, info: NetInfo) -> None:
        self._seconds = seconds
        self.info = info

    def session(self) -> Session:
        return self

    def run(self, feeds: Feeds, enhanced: Array) -> None:
        time.sleep(self._seconds)
        enhanced[:] = feeds["luma"].repeat(2, 0).repeat(2, 1)

    def warm_up(self) -> None:
        pass

    def reset(self) -> None:
        pass
