"""Selection of a worker's engine: the named one, or the fastest that gives the right picture.

Engines are measured on the net and the size that are asked for.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.errors import ModelError
from models.manifest import ZOO, load_manifest, model_file
from workers.engines.benchmark import BUDGET_S, EngineTiming, sample_picture, time_net
from workers.engines.engine import Array, CompiledNet, Engine, padded, variant_for
from workers.engines.registry import GRAPHS, make_engine
from workers.errors import DeviceFailed, EngineUnavailable, NetUnusable

log = logging.getLogger(__name__)

MAX_TIME_RATIO = 0.9
"""A later engine of the table must take less than this fraction of an earlier one's time; smaller
differences are within measurement noise."""

MAX_PICTURE_DIFFERENCE = 1.0
"""Mean difference in levels up to which two pictures count as the same. fp32, fp16 and both kinds
of int8 stay within a quarter of a level."""


@dataclasses.dataclass(frozen=True, slots=True)
class EngineRequest:
    """The net and input size that an engine is selected for."""

    model: str
    width: int
    "Width of the input in pixels."
    height: int
    precision: str = "auto"
    zoo: Path = ZOO


@dataclasses.dataclass(frozen=True, slots=True)
class Choice:
    """The selected engine, with the measurements behind it."""

    engine: Engine
    trials: tuple[EngineTiming, ...] = ()
    "One for each candidate, in the table's order; none if the engine was named."

    def __str__(self) -> str:
        found = [f"{trial.engine} {trial.ms:.1f} ms" for trial in self.trials if trial.ms]
        name = self.engine.info.name
        return f"{name} ({', '.join(found)})" if found else name


def choose_engine(
    name: str,
    wanted: EngineRequest,
    *,
    threads: int,
    cache_dir: Path | None = None,
    candidates: Sequence[str] = GRAPHS,
    budget_s: float = BUDGET_S,
) -> Choice:
    """Opens the named engine, or for ``auto`` the fastest one. Raises EngineUnavailable.

    ``budget_s`` limits the calls of each candidate; compiling comes on top, with TensorRT up to
    minutes, once. A model that is missing, or that only torch runs, is no error here: then the
    first usable engine is taken.
    """
    if name != "auto":
        return Choice(make_engine(name, threads=threads, cache_dir=cache_dir))
    if not is_measurable(wanted):
        return Choice(make_engine("auto", threads=threads, cache_dir=cache_dir))
    trials = _without_outliers(
        [_try(candidate, wanted, threads, cache_dir, budget_s) for candidate in candidates]
    )
    chosen = fastest(trials)
    if chosen is None:
        reasons = "; ".join(f"{trial.engine}: {trial.reason}" for trial in trials)
        raise EngineUnavailable("auto", reasons)
    # It is opened again: candidates were closed one by one, so that no two hold memory at a time.
    engine = make_engine(chosen, threads=threads, cache_dir=cache_dir)
    choice = Choice(engine, tuple(trials))
    log.info(
        "engine %s for %s at %dx%d",
        choice,
        wanted.model,
        wanted.width,
        wanted.height,
        extra={"action": "engine_chosen"},
    )
    return choice


def fastest(trials: Sequence[EngineTiming]) -> str | None:
    """Returns the name of the fastest engine; None if none could be measured.

    An earlier engine stays unless a later one is faster by more than the noise.
    """
    best: EngineTiming | None = None
    for trial in trials:
        if trial.ms and (best is None or trial.ms < MAX_TIME_RATIO * best.ms):
            best = trial
    return best.engine if best is not None else None


def is_measurable(wanted: EngineRequest) -> bool:
    """Returns True for a model that exists and consists of graphs."""
    try:
        return load_manifest(wanted.model, wanted.zoo).architecture is None
    except ModelError:
        # Loading the net will report this fault; the selection of an engine need not.
        return False


def compile_requested(engine: Engine, wanted: EngineRequest, *, batch: int = 1) -> CompiledNet:
    """Compiles the requested net, at the next larger size that the model takes.

    Raises NetUnusable or ModelError.
    """
    manifest = load_manifest(wanted.model, wanted.zoo)
    variant = variant_for(engine.info, manifest, wanted.precision)
    width, height = padded(manifest, wanted.width, wanted.height)
    return engine.compile(
        manifest,
        model_file(manifest, variant.file, wanted.zoo),
        width=width,
        height=height,
        batch=batch,
        precision=variant.name,
    )


def _try(
    name: str, wanted: EngineRequest, threads: int, cache_dir: Path | None, budget_s: float
) -> tuple[EngineTiming, Array | None]:
    """Measures one candidate; returns its timing, and its picture if it gave one."""
    try:
        engine = make_engine(name, threads=threads, cache_dir=cache_dir)
    except EngineUnavailable as error:
        return EngineTiming(engine=name, reason=error.reason), None
    try:
        return _measure(engine, wanted, budget_s)
    except (NetUnusable, DeviceFailed, ModelError) as error:
        return EngineTiming(engine=name, reason=str(error).rstrip(".")), None
    finally:
        engine.close()


def _measure(engine: Engine, wanted: EngineRequest, budget_s: float) -> tuple[EngineTiming, Array]:
    net = compile_requested(engine, wanted)
    # Work that only the first call does must not count, since a stream makes many.
    net.warm_up()
    took_s = time_net(net, budget_s=budget_s)
    ms, precision = round(took_s * 1000.0, 2), net.info.precision
    return EngineTiming(engine=engine.info.name, ms=ms, precision=precision), sample_picture(net)


def _without_outliers(measured: Sequence[tuple[EngineTiming, Array | None]]) -> list[EngineTiming]:
    """Returns the timings; one that comes with another picture than the first becomes a reason."""
    reference: Array | None = None
    trials = []
    for trial, picture in measured:
        # Engines that have not run on hardware come last in the table, so the first picture counts.
        reference = picture if reference is None else reference
        if picture is not None and reference is not None and not _are_alike(picture, reference):
            reason = "It gives another picture than the others"
            trial = EngineTiming(engine=trial.engine, reason=reason)
        trials.append(trial)
    return trials


def _are_alike(one: Array, other: Array) -> bool:
    if one.shape != other.shape:
        return False
    return float(np.abs(one.astype(np.float32) - other).mean()) <= MAX_PICTURE_DIFFERENCE
