"""Compiled nets by model and size, shared by all streams, compiled on a thread of their own."""

from __future__ import annotations

import dataclasses
import functools
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from pathlib import Path
from typing import TypeVar

from models.errors import ModelError
from models.manifest import ZOO, Manifest, list_models, load_manifest, model_file, weights_file
from workers.engines.benchmark import time_net
from workers.engines.engine import (
    CompiledNet,
    DynamicShapeModel,
    DynamicShapeSession,
    Engine,
    Session,
    padded,
    variant_for,
)
from workers.engines.engine_lock import EngineLock
from workers.engines.registry import make_engine
from workers.errors import DeviceFailed, EngineUnavailable, NetUnusable
from workers.scheduling.batching import BatchCosts
from workers.temporal.region_selection import prepared_sizes
from workers.upscale.batched_model import BatchedNet, measure_batch
from workers.upscale.compile_queue import CompileQueue

log = logging.getLogger(__name__)

MAX_NETS = 16
"""Compiled nets kept; the one not asked for longest goes first. A stream has up to two."""

_SMALLER_PART = 0.5

Key = tuple[str, int, int]
"""Model, width and height."""

Made = TypeVar("Made")


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
    "Seconds that a call took just after compiling, where that was worth knowing."

    def session(self) -> Session:
        """A new session, for one stream; its calls wait for their turn."""
        return self.compiled.session()


@dataclasses.dataclass(frozen=True, slots=True)
class ModelRequest:
    """A request for a net. Only the newest one of an owner and a kind is waited for."""

    owner: str
    kind: str
    may_begin: bool = True
    "False: only if it is there, or on its way."


class ModelCache:
    """``ready`` never waits; ``load`` does. One thread compiles, one net after the other."""

    def __init__(
        self,
        engine: Engine,
        *,
        precision: str = "auto",
        zoo: Path = ZOO,
        models_dir: Path | None = None,
        batch: int = 1,
        temporal: bool = False,
        measure: Callable[[CompiledNet, CompiledNet], BatchCosts] = measure_batch,
    ) -> None:
        """``engine`` runs graphs; a model with an architecture gets the torch engine. ``batch`` is
        how many frames of several streams may go through a graph together, where that is faster.
        ``temporal`` allows temporal propagation. ``measure`` compares calls of one frame with calls
        of several.
        """
        self._engine = engine
        self._measure = measure
        self._precision = precision
        self._batch = batch
        self._zoo = zoo
        self._models_dir = models_dir
        self._torch: Engine | None = None
        self._manifests = _manifests(zoo)
        self._variants: dict[str, tuple[str, Path]] = {}
        "Shipped model and folder of each net that was tuned on a stream, by its name."
        # Side by side, nets would take the cores that decoders and encoders need, and their costs
        # could not be measured apart (decision 22).
        self.engine_lock = EngineLock(engine.info.cores)
        "One net at a time, whichever runtime runs it: they share the processor."
        self.temporal = temporal
        "True if streams may propagate earlier pictures; ``ready_dynamic`` gives the net for it."
        self._futures: OrderedDict[Key, Future[Net]] = OrderedDict()
        self._dynamic: OrderedDict[Key, Future[DynamicShapeModel]] = OrderedDict()
        self._dynamic_nets: dict[str, DynamicShapeModel] = {}
        self._lock = threading.Lock()
        self._compiler = CompileQueue()

    @property
    def engine(self) -> Engine:
        """The engine that runs the nets."""
        return self._engine

    def ready(
        self, model: str, width: int, height: int, *, request: ModelRequest | None = None
    ) -> Net | None:
        """The net, or None while it is being compiled. Raises NetUnusable once that failed."""
        return _there(self._future(model, width, height, request))

    def load(self, model: str, width: int, height: int) -> Net:
        """The net, waiting for it; never on the loop. Raises NetUnusable."""
        while True:
            future = self._future(model, width, height, None)
            try:
                if future is not None:
                    return future.result()
            except CancelledError:
                continue  # another stream had asked for it, and wants another one now

    def ready_dynamic(
        self,
        model: str,
        width: int,
        height: int,
        *,
        request: ModelRequest | None = None,
        is_last: bool = False,
    ) -> DynamicShapeSession | None:
        """A new session of the net for a picture of that size and all regions of it, or None while
        it is being made ready. ``is_last`` calls leave the engine to all others first. Raises
        NetUnusable where the engine, or the net, cannot do that.
        """
        key = (model, width, height)
        net = _there(self._cached(self._dynamic, self._compile_dynamic, key, request))
        if net is None:
            return None
        return self.engine_lock.wrap_dynamic(net.session(), is_last=is_last)

    def prepare_dynamic(
        self, model: str, width: int, height: int, *, request: ModelRequest | None = None
    ) -> None:
        """Begins what ``ready_dynamic`` gives later, if nobody did; a failure shows there."""
        self._cached(self._dynamic, self._compile_dynamic, (model, width, height), request)

    def manifest(self, model: str) -> Manifest | None:
        """The manifest of a model of the zoo, None if it has none of that name; without I/O."""
        return next((each for each in self._manifests if each.name == model), None)

    def smaller(self, model: str) -> str | None:
        """Name of the net to use in the place of ``model`` when time is short, None if the zoo has
        none; as ``smaller_net``.
        """
        return smaller_net(self.shipped(model), self._manifests)

    def add_variant(self, name: str, model: str, folder: Path) -> None:
        """Adds a net that was tuned from a shipped model; it lies in the folder as in a zoo."""
        with self._lock:
            self._variants[name] = (model, folder)

    def remove_variant(self, name: str) -> None:
        """Forgets a tuned net; one in use stays usable. Harmless for one that is not known."""
        with self._lock:
            self._variants.pop(name, None)
            self._dynamic_nets.pop(name, None)
            for known in (self._futures, self._dynamic):
                for key in [each for each in known if each[0] == name]:
                    known.pop(key).cancel()

    def shipped(self, name: str) -> str:
        """Returns the name of the model that a net was tuned from, or its own."""
        return self._variants.get(name, (name, self._zoo))[0]

    def file_of(self, model: str) -> str:
        """Returns the key of the manifest's file that runs here. Raises NetUnusable."""
        manifest = self.manifest(model)
        if manifest is None:
            raise NetUnusable(f"{model} is not in the zoo.")
        return variant_for(self._engine.info, manifest, self._precision).file

    def _folder_of(self, name: str) -> Path:
        return self._variants.get(name, (name, self._zoo))[1]

    def close(self) -> None:
        """Stops compiling; nets in use stay usable."""
        self._compiler.close()
        self._engine.close()
        if self._torch is not None:
            self._torch.close()

    def _future(
        self, model: str, width: int, height: int, request: ModelRequest | None
    ) -> Future[Net] | None:
        return self._cached(self._futures, self._compile, (model, width, height), request)

    def _cached(
        self,
        known: OrderedDict[Key, Future[Made]],
        make: Callable[[str, int, int], Made],
        key: Key,
        request: ModelRequest | None,
    ) -> Future[Made] | None:
        """Returns the future of what ``make`` makes of the key, begun if it is not there; None if
        it is not there and must not be begun.
        """
        request = request or ModelRequest("", f"{make.__name__} {key}")
        with self._lock:
            future = known.get(key)
            # A future is cancelled when a newer request of its owner took its place in the queue; a
            # later request for the same key begins it anew.
            if future is None or future.cancelled():
                if not request.may_begin:
                    return None
                future = self._compiler.submit(
                    request.owner, request.kind, functools.partial(make, *key)
                )
                # The mapping is in the order of the last request: the least recently wanted net
                # goes first.
                known[key] = future
                while len(known) > MAX_NETS:
                    known.popitem(last=False)[1].cancel()
            known.move_to_end(key)
            return future

    def _compile(self, model: str, width: int, height: int) -> Net:
        try:
            manifest = load_manifest(model, self._folder_of(model))
            size = padded(manifest, width, height)
            compiled, trial_s = self._compiled(manifest, size)
        except (ModelError, DeviceFailed) as error:
            raise NetUnusable(f"{_capital(str(error)).rstrip('.')}.") from error
        log.info("net %s is ready for %dx%d", model, width, height, extra={"action": "net_ready"})
        engine = self._engine if manifest.architecture is None else self._torch
        assert engine is not None
        return Net(
            manifest=manifest,
            width=size[0],
            height=size[1],
            engine=engine.info.name,
            compiled=compiled,
            trial_s=trial_s,
        )

    def _compile_dynamic(self, model: str, width: int, height: int) -> DynamicShapeModel:
        try:
            manifest = load_manifest(model, self._folder_of(model))
            if not can_propagate(manifest):
                raise NetUnusable(f"{model} needs all of each picture, or several.")
            form = variant_for(self._engine.info, manifest, self._precision)
            path = model_file(manifest, form.file, self._folder_of(model))
        except ModelError as error:
            raise NetUnusable(f"{_capital(str(error)).rstrip('.')}.") from error
        # One compiled net serves all sizes; only the preparation for a size remains.
        net = self._dynamic_nets.get(model) or self._engine.compile_dynamic(manifest, path)
        self._dynamic_nets[model] = net
        # The net is shown the picture with its edge repeated by the receptive field on each side
        # (temporal_upscaler.py). Warming up is a call, so it needs the lock.
        border = 2 * manifest.receptive_radius
        with self.engine_lock.take():
            net.warm_up(height + border, width + border)
        net.prepare(prepared_sizes(width, height, manifest.receptive_radius))
        return net

    def _compiled(
        self, manifest: Manifest, size: tuple[int, int]
    ) -> tuple[CompiledNet, float | None]:
        """The net, of which one call runs at a time, and its ``trial_s``."""
        if manifest.architecture is not None:
            path = weights_file(manifest, self._zoo, self._models_dir)
            net = self._torch_engine(manifest).compile(
                manifest, path, width=size[0], height=size[1], precision=self._precision
            )
            # What a net by torch takes does not follow from what graphs took, so it is tried out.
            return self.engine_lock.wrap(net), _try_out(net)
        form = variant_for(self._engine.info, manifest, self._precision)
        path = model_file(manifest, form.file, self._folder_of(manifest.name))
        single = self._engine.compile(
            manifest, path, width=size[0], height=size[1], precision=form.name
        )
        if self._batch == 1:
            return self.engine_lock.wrap(single), None
        many = self._engine.compile(
            manifest, path, width=size[0], height=size[1], batch=self._batch, precision=form.name
        )
        costs = self._measure(single, many)
        if not costs.is_worth_it:
            return self.engine_lock.wrap(single), None
        return BatchedNet(single, many, costs, self.engine_lock), None

    def _torch_engine(self, manifest: Manifest) -> Engine:
        # Only the thread that compiles comes here, so no lock is needed.
        if self._torch is None:
            try:
                self._torch = make_engine("torch", threads=self._engine.info.threads)
            except EngineUnavailable as error:
                raise NetUnusable(f"Model {manifest.name!r} needs torch: {error}") from error
        return self._torch


def _there(future: Future[Made] | None) -> Made | None:
    """Returns the result, None while there is none; raises what making it raised."""
    if future is None or future.cancelled() or not future.done():
        return None
    return future.result()


def can_propagate(manifest: Manifest) -> bool:
    """True for graphs that see one picture, of any size: what a net remembers, it would have to see
    whole.
    """
    is_graph = manifest.architecture is None and manifest.size_multiple == 1
    return is_graph and not manifest.previous and manifest.window == 1


def smaller_net(model: str, manifests: list[Manifest]) -> str | None:
    """The largest graph of the same scale that takes at most half of the multiply-adds, so that
    using it saves something; none that sees its previous picture, since it serves frames here and
    there.
    """
    known = {manifest.name: manifest for manifest in manifests}
    if model not in known:
        return None
    whole = known[model]
    found = [
        manifest
        for manifest in manifests
        if manifest.scale == whole.scale
        and manifest.architecture is None
        and not manifest.previous
        and manifest.macs_per_pixel <= _SMALLER_PART * whole.macs_per_pixel
    ]
    return max(found, key=lambda manifest: manifest.macs_per_pixel).name if found else None


def _manifests(zoo: Path) -> list[Manifest]:
    try:
        return list_models(zoo)
    except ModelError as error:
        # A damaged model that nobody asked for must not stop a stream.
        log.warning("the zoo cannot be listed: %s", error, extra={"action": "zoo_damaged"})
        return []


def _try_out(compiled: CompiledNet) -> float:
    """Runs a net of unknown speed once, off the stream, so that no frame waits to learn that it is
    slow.
    """
    return time_net(compiled, budget_s=0.0)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
