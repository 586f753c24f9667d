"""Compiled nets by model and size, shared by all streams, compiled on a thread of their own."""

from __future__ import annotations

import dataclasses
import logging
import threading
from collections import OrderedDict
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from models.errors import ModelError
from models.manifest import ZOO, Manifest, load_manifest, model_file
from workers.engines.engine import CompiledNet, Engine, Session
from workers.errors import NetUnusable

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
    compiled: CompiledNet

    def session(self) -> Session:
        """A new session, for one stream."""
        return self.compiled.session()


class NetCache:
    """``ready`` never waits; ``load`` does. One thread compiles, one net after the other."""

    def __init__(self, engine: Engine, *, precision: str = "auto", zoo: Path = ZOO) -> None:
        self._engine = engine
        self._precision = None if precision == "auto" else precision
        self._zoo = zoo
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
            path = model_file(manifest, self._precision, self._zoo)
        except ModelError as error:
            raise NetUnusable(f"{_capital(str(error))}.") from error
        if manifest.scale != 2 or manifest.window != 1:
            raise NetUnusable(f"Model {model!r} does not make one frame twice as large.")
        size = manifest.size_multiple
        padded = (-(-width // size) * size, -(-height // size) * size)
        compiled = self._engine.compile(path, width=padded[0], height=padded[1], scale=2)
        log.info("net %s is ready for %dx%d", model, width, height, extra={"action": "net_ready"})
        return Net(manifest=manifest, width=padded[0], height=padded[1], compiled=compiled)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
