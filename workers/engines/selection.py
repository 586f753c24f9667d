"""Which engine a worker uses: the one asked for, or the fastest of those that can be used, measured
on the net and the size that are wanted.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.errors import ModelError
from models.manifest import ZOO, load_manifest, model_file
from wire.heartbeat import EngineTrial
from workers.engines import GRAPHS, make_engine
from workers.engines.benchmark import BUDGET_S, sample_picture, time_net
from workers.engines.engine import Array, CompiledNet, Engine, form_for, padded
from workers.errors import DeviceFailed, EngineUnavailable, NetUnusable

log = logging.getLogger(__name__)

MARGIN = 0.9
"""A later engine of the table must take less than this share of an earlier one's time: differences
below that are the machine's mood."""

SAME_PICTURE = 1.0
"""Mean difference in levels up to which two pictures are the same; fp32, fp16 and both kinds of
int8 are within a quarter of one."""


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """What the engine is for."""

    model: str
    width: int
    "Of the input, in pixels."
    height: int
    precision: str = "auto"
    zoo: Path = ZOO


@dataclasses.dataclass(frozen=True, slots=True)
class Choice:
    """The engine, and what speaks for it."""

    engine: Engine
    trials: tuple[EngineTrial, ...] = ()
    "Of every candidate, in the table's order; none where the engine was named."

    def __str__(self) -> str:
        found = [f"{trial.engine} {trial.ms:.1f} ms" for trial in self.trials if trial.ms]
        name = self.engine.info.name
        return f"{name} ({', '.join(found)})" if found else name


def choose_engine(
    name: str,
    wanted: Wanted,
    *,
    threads: int,
    cache_dir: Path | None = None,
    candidates: Sequence[str] = GRAPHS,
    budget_s: float = BUDGET_S,
) -> Choice:
    """The engine of that name, or for ``auto`` the fastest. Raises EngineUnavailable.

    Compiling comes on top of the budget, which is for each candidate; TensorRT compiles for up to
    minutes, once. A model that is not there, or that only torch runs, is no reason to fail here:
    then the first usable engine is taken.
    """
    if name != "auto":
        return Choice(make_engine(name, threads=threads, cache_dir=cache_dir))
    if not is_measurable(wanted):
        return Choice(make_engine("auto", threads=threads, cache_dir=cache_dir))
    trials: list[EngineTrial] = []
    reference: Array | None = None
    for candidate in candidates:
        trial, picture = _try(candidate, wanted, threads, cache_dir, budget_s)
        if picture is not None and reference is not None and not _are_alike(picture, reference):
            trial = EngineTrial(engine=candidate, reason="It gives another picture than the others")
        elif reference is None:
            reference = picture
        trials.append(trial)
    chosen = fastest(trials)
    if chosen is None:
        reasons = "; ".join(f"{trial.engine}: {trial.reason}" for trial in trials)
        raise EngineUnavailable("auto", reasons)
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


def fastest(trials: Sequence[EngineTrial]) -> str | None:
    """The name of the fastest; an earlier one stays unless a later one is clearly faster. None if
    none could be measured.
    """
    best: EngineTrial | None = None
    for trial in trials:
        if trial.ms and (best is None or trial.ms < MARGIN * best.ms):
            best = trial
    return best.engine if best is not None else None


def is_measurable(wanted: Wanted) -> bool:
    """True for a model of graphs that is there."""
    try:
        return load_manifest(wanted.model, wanted.zoo).architecture is None
    except ModelError:
        # Whoever loads the net says so in a sentence; this is only about engines.
        return False


def compile_wanted(engine: Engine, wanted: Wanted, *, batch: int = 1) -> CompiledNet:
    """The wanted net on an engine, at the next size that the model takes. Raises NetUnusable or
    ModelError.
    """
    manifest = load_manifest(wanted.model, wanted.zoo)
    form = form_for(engine.info, manifest, wanted.precision)
    width, height = padded(manifest, wanted.width, wanted.height)
    return engine.compile(
        manifest,
        model_file(manifest, form.file, wanted.zoo),
        width=width,
        height=height,
        batch=batch,
        precision=form.name,
    )


def _try(
    name: str, wanted: Wanted, threads: int, cache_dir: Path | None, budget_s: float
) -> tuple[EngineTrial, Array | None]:
    """The result of one candidate, and its picture if it gave one."""
    try:
        engine = make_engine(name, threads=threads, cache_dir=cache_dir)
    except EngineUnavailable as error:
        return EngineTrial(engine=name, reason=error.reason), None
    try:
        return _measure(engine, wanted, budget_s)
    except (NetUnusable, DeviceFailed, ModelError) as error:
        return EngineTrial(engine=name, reason=str(error).rstrip(".")), None
    finally:
        engine.close()


def _measure(engine: Engine, wanted: Wanted, budget_s: float) -> tuple[EngineTrial, Array]:
    net = compile_wanted(engine, wanted)
    net.warm_up()
    took_s = time_net(net, budget_s=budget_s)
    ms, precision = round(took_s * 1000.0, 2), net.info.precision
    return EngineTrial(engine=engine.info.name, ms=ms, precision=precision), sample_picture(net)


def _are_alike(one: Array, other: Array) -> bool:
    if one.shape != other.shape:
        return False
    return float(np.abs(one.astype(np.float32) - other).mean()) <= SAME_PICTURE
