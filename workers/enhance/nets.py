"""Compiled nets by model and size, shared by all streams, compiled on a thread of their own."""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np

from models.errors import ModelError
from models.manifest import ZOO, Manifest, load_manifest, model_file, weights_file
from workers.engines import make_engine
from workers.engines.engine import CompiledNet, Engine, Session
from workers.errors import EngineUnavailable, NetUnusable

log = logging.getLogger(__name__)

MAX_NETS = 8
"""Compiled nets kept; the one not asked for longest goes first."""


@dataclasses.dataclass(frozen=True, slots=True)
class Net:
    """A net compiled for an input size, with what one must know to feed it."""

    manifest: Manifest
    width: int
    "Input it was compiled for, a multiple of the manifest's size_multiple."
    height: int
    engine: str
    "Name of the engine that runs it."
    compiled: CompiledNet
    trial_s: float | None = None
    "What a picture of noise took just after compiling, where that was worth knowing."

    def session(self) -> Session:
        """A new session, for one stream."""
        return self.compiled.session()


class NetCache:
    """``ready`` never waits; ``load`` does. One thread compiles, one net after the other."""

    def __init__(
        self,
        engine: Engine,
        *,
        precision: str = "auto",
        zoo: Path = ZOO,
        models_dir: Path | None = None,
    ) -> None:
        """``engine`` runs graphs; a model with an architecture gets the torch engine."""
        self._engine = engine
        self._precision = None if precision == "auto" else precision
        self._zoo = zoo
        self._models_dir = models_dir
        self._torch: Engine | None = None
        self._futures: OrderedDict[tuple[str, int, int], Future[Net]] = OrderedDict()
        self._lock = threading.Lock()
        self._compiler = ThreadPoolExecutor(1, thread_name_prefix="net-compiler")

    @property
    def engine(self) -> Engine:
        """The engine that runs the nets."""
        return self._engine

    def ready(self, model: str, width: int, height: int) -> Net | None:
        """The net, or None while it is being compiled. Raises NetUnusable once that failed."""
        future = self._future(model, width, height)
        return future.result() if future.done() else None

    def load(self, model: str, width: int, height: int) -> Net:
        """The net, waiting for it; never on the loop. Raises NetUnusable."""
        return self._future(model, width, height).result()

    def close(self) -> None:
        """Stops compiling; nets in use stay usable."""
        self._compiler.shutdown(wait=True, cancel_futures=True)
        self._engine.close()
        if self._torch is not None:
            self._torch.close()

    def _future(self, model: str, width: int, height: int) -> Future[Net]:
        key = (model, width, height)
        with self._lock:
            future = self._futures.get(key)
            if future is None:
                future = self._compiler.submit(self._compile, *key)
                self._futures[key] = future
                while len(self._futures) > MAX_NETS:
                    self._futures.popitem(last=False)
            self._futures.move_to_end(key)
            return future

    def _compile(self, model: str, width: int, height: int) -> Net:
        try:
            manifest = load_manifest(model, self._zoo)
            engine, path = self._engine_for(manifest)
        except ModelError as error:
            raise NetUnusable(f"{_capital(str(error)).rstrip('.')}.") from error
        unit = manifest.size_multiple
        padded = (_padded(width, unit, manifest.smallest), _padded(height, unit, manifest.smallest))
        compiled = engine.compile(manifest, path, width=padded[0], height=padded[1])
        log.info("net %s is ready for %dx%d", model, width, height, extra={"action": "net_ready"})
        return Net(
            manifest=manifest,
            width=padded[0],
            height=padded[1],
            engine=engine.info.name,
            compiled=compiled,
            trial_s=None if manifest.architecture is None else _try_out(manifest, compiled, padded),
        )

    def _engine_for(self, manifest: Manifest) -> tuple[Engine, Path]:
        if manifest.architecture is None:
            return self._engine, model_file(manifest, self._precision_of(manifest), self._zoo)
        path = weights_file(manifest, self._zoo, self._models_dir)
        if self._torch is None:
            try:
                self._torch = make_engine("torch", threads=self._engine.info.threads)
            except EngineUnavailable as error:
                raise NetUnusable(f"Model {manifest.name!r} needs torch: {error}") from error
        return self._torch, path

    def _precision_of(self, manifest: Manifest) -> str | None:
        """The wished one; a model without it serves its own default."""
        return self._precision if self._precision in manifest.files else None


def _try_out(manifest: Manifest, compiled: CompiledNet, size: tuple[int, int]) -> float:
    """Runs a net of unknown speed off the stream, so that no frame waits to learn that it is
    slow.
    """
    channels = 1 if manifest.colour == "luma" else 3
    shape = (manifest.window, channels, size[1], size[0])
    frames = np.random.default_rng(0).random(shape, np.float32)
    scale = manifest.scale
    result = np.empty((channels, scale * size[1], scale * size[0]), np.float32)
    session = compiled.session()
    begun = time.monotonic()
    session.run({"frames": frames}, result)
    return time.monotonic() - begun


def _padded(side: int, unit: int, smallest: int) -> int:
    return max(-(-side // unit), -(-smallest // unit)) * unit


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
