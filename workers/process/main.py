"""The worker process: calibrates, connects, works, and stops on a signal."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import gc
import logging
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from media.codec_table import BY_NAME
from models.manifest import Manifest
from wire import stop_signals, trace_export
from wire.bitrates import BitrateTable
from wire.errors import BadSettings, ServerRefuses
from wire.heartbeat import EngineTrial, ModelInfo
from wire.log_lines import is_json
from wire.settings import Settings
from wire.site import Site
from workers.encode.step import OutputConfig
from workers.engines.engine import Engine
from workers.engines.registry import make_engine
from workers.engines.selection import Choice, EngineRequest, choose_engine
from workers.errors import WorkerError
from workers.process import calibration, jit_warmup
from workers.process.calibration_store import Calibration, CalibrationStore, is_busy, key_for
from workers.process.containment import contain
from workers.process.installed_models import list_installed, model_info
from workers.process.reach import missing, reached
from workers.process.worker import Worker
from workers.process.worker_state import WorkerEvent, WorkerLife, worker_life
from workers.scheduling import capacity
from workers.scheduling.placement import Place
from workers.session.config import SessionConfig
from workers.tuning.tunings import Tunings, obstacle
from workers.upscale.batched_model import batch_for
from workers.upscale.model_cache import ModelCache

log = logging.getLogger(__name__)


def run(settings: Settings) -> int:
    """Works until SIGTERM or SIGINT; returns the exit status.

    Status 2 means that it cannot start; it has printed the reason.
    """
    lacking = missing(settings)
    if lacking:
        return _refuse(lacking)
    # Before the first child process, which inherits the limits.
    contain()
    try:
        with trace_export.running(settings, "sharpcast-worker"):
            asyncio.run(_work(settings))
    except (WorkerError, ServerRefuses, BadSettings) as error:
        return _refuse(str(error))
    return 0


def _refuse(sentence: str) -> int:
    if is_json():
        log.critical("%s", sentence, extra={"action": "refused"})
    else:
        print(sentence, file=sys.stderr)
    return 2


async def _work(settings: Settings) -> None:
    stopping = asyncio.Event()
    with stop_signals.heard((signal.SIGTERM, signal.SIGINT), stopping.set):
        async with reached(settings) as site:
            await _work_with(site, stopping, settings)


async def _work_with(site: Site, stopping: asyncio.Event, settings: Settings) -> None:
    life = worker_life(settings.worker_name)

    start = await asyncio.to_thread(_start, settings, life)
    choice, nets = start.choice, start.nets
    undo = contextlib.ExitStack()
    undo.callback(nets.close)
    try:
        # Manifests and weights are files, and the loop must not wait for a disk.
        manifests = await asyncio.to_thread(list_installed)
        config = await asyncio.to_thread(_config, settings, start, manifests)
        if config.tunings is not None:
            undo.callback(config.tunings.close)
        if config.place is not Place.COMPOSER and settings.temporal:
            # Now, and not when the first stream is waiting for it.
            nets.prepare_dynamic(settings.model, capacity.WIDTH, capacity.HEIGHT)
        trials = [EngineTrial(**dataclasses.asdict(trial)) for trial in choice.trials]
        worker = Worker(
            site,
            nets,
            config,
            engines=[nets.engine.info.name],
            zoo=await asyncio.to_thread(_model_infos, manifests, settings.models_dir),
            trials=trials,
            life=life,
        )
        # A garbage collection over all objects of the libraries would take a tenth of a second.
        gc.freeze()
        async with asyncio.TaskGroup() as group:
            group.create_task(_stop_when(stopping, worker), name="stop")
            compiling = None
            if settings.temporal:
                compiling = group.create_task(jit_warmup.make_warm(), name="loop compiler")
            await worker.run()
            # The group waits for its tasks: the compiler, which takes half a minute at the first
            # start on a machine, would hold up the stop.
            if compiling is not None:
                compiling.cancel()
    finally:
        await asyncio.to_thread(undo.close)


@dataclasses.dataclass(frozen=True, slots=True)
class _Start:
    """Engine, nets and measured speed that a worker starts with."""

    choice: Choice
    nets: ModelCache
    speed: calibration.Speed


def _start(settings: Settings, life: WorkerLife) -> _Start:
    """Loads the calibration that another worker left on this machine, or measures and keeps one."""
    # A calibration outlives processes and boots, so its age is by the wall clock.
    store = CalibrationStore(settings.engine_cache.parent, key_for(settings))
    known = store.recall(now_s=time.time())
    if known is not None:
        try:
            return _as_before(settings, known)
        except WorkerError as error:
            log.info("measures anew: %s", error, extra={"action": "memory_refused"})
    life.apply(WorkerEvent.CALIBRATE)
    start, batch = _calibrate(settings)
    result = Calibration(
        engine=start.choice.engine.info.name,
        trials=start.choice.trials,
        batch=batch,
        streams=start.speed.streams,
        ms_per_frame=start.speed.ms_per_frame,
        core_ms=start.speed.core_ms,
        coding_ms=start.speed.coding_ms,
        measured_s=time.time(),
        busy=is_busy(),
    )
    store.keep(result)
    return start


def _as_before(settings: Settings, known: Calibration) -> _Start:
    """Loads engine and net of an earlier calibration. Raises WorkerError if one is missing."""
    engine = make_engine(
        known.engine, threads=settings.worker_threads, cache_dir=settings.engine_cache
    )
    with _closed_on_failure(_model_cache(settings, engine, known.batch)) as nets:
        nets.load(settings.model, capacity.WIDTH, capacity.HEIGHT)
    speed = calibration.Speed(known.streams, known.ms_per_frame, known.core_ms, known.coding_ms)
    return _Start(Choice(engine, known.trials), nets, speed)


def _calibrate(settings: Settings) -> tuple[_Start, int]:
    """Selects the engine for the default net, and measures the machine with it."""
    wanted = EngineRequest(settings.model, capacity.WIDTH, capacity.HEIGHT, settings.precision)
    choice = choose_engine(
        settings.engine, wanted, threads=settings.worker_threads, cache_dir=settings.engine_cache
    )
    batch = batch_for(choice.engine, wanted)
    with _closed_on_failure(_model_cache(settings, choice.engine, batch)) as nets:
        speed = calibration.measure(nets, _output(settings), model=settings.model)
    return _Start(choice, nets, speed), batch


@contextlib.contextmanager
def _closed_on_failure(nets: ModelCache) -> Iterator[ModelCache]:
    with contextlib.ExitStack() as undo:
        undo.callback(nets.close)
        yield nets
        # Nothing failed, so the nets stay open; from here they belong to the caller.
        undo.pop_all()


def _model_cache(settings: Settings, engine: Engine, batch: int) -> ModelCache:
    return ModelCache(
        engine,
        precision=settings.precision,
        models_dir=settings.models_dir,
        batch=batch,
        temporal=settings.temporal,
    )


def _output(settings: Settings) -> OutputConfig:
    return OutputConfig(
        codec=BY_NAME[settings.output_codec].codec,
        preset=settings.x264_preset,
        bitrates=BitrateTable.parse(settings.bitrates),
    )


def _config(settings: Settings, start: _Start, manifests: list[Manifest]) -> SessionConfig:
    place = _place(settings)
    composes = place is Place.COMPOSER
    measured = calibration.capacity_of(
        start.nets,
        calibration.composing(start.speed) if composes else start.speed,
        manifests,
        model=settings.model,
        override=settings.worker_capacity,
    )
    output = _output(settings)
    log.info(
        "worker %s%s: %s takes %.1f ms per frame, capacity %.2f streams",
        settings.worker_name,
        ", a composer" if composes else "",
        settings.model,
        measured.ms_per_frame,
        measured.streams,
        extra={"action": "measured"},
    )
    return SessionConfig(
        worker=settings.worker_name,
        model=settings.model,
        output=output,
        capacity=measured,
        strength=settings.strength,
        enhance_unwatched=settings.enhance_unwatched,
        place=place,
        tunings=None if composes else _tunings(settings),
    )


def _tunings(settings: Settings) -> Tunings | None:
    """Returns the tuning of nets, where it is wanted and can be had."""
    if not settings.tune:
        return None
    why = obstacle()
    if why:
        log.warning("no net is tuned: %s", why, extra={"action": "no_tuning"})
        return None
    return Tunings()


def _place(settings: Settings) -> Place:
    if settings.worker_role == "compose":
        return Place.COMPOSER
    return Place.FAR if settings.join else Place.SITE


def _model_infos(manifests: list[Manifest], models_dir: Path) -> list[ModelInfo]:
    return [model_info(manifest, models_dir=models_dir) for manifest in manifests]


async def _stop_when(stopping: asyncio.Event, worker: Worker) -> None:
    await stopping.wait()
    worker.stop()
