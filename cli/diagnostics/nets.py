"""Check of the nets: the engine that a worker would choose, and the speed of every net on it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from cli.diagnostics.finding import Finding, fault, good, note
from models.errors import ModelError
from models.manifest import Manifest, list_models, model_file
from wire.settings import Settings
from workers.engines.benchmark import time_net
from workers.engines.engine import Engine, PrecisionVariant, padded
from workers.engines.selection import Choice, EngineRequest, choose_engine
from workers.errors import WorkerError
from workers.upscale.batched_model import batch_for

WIDTH, HEIGHT, FPS = 480, 270, 30
"""Size and rate of the stream that speeds are given for: the unit of a worker's capacity."""

MIN_STREAMS = 0.25
"""Below, not even regions of the default net are in time on a quarter of the pictures."""

_ROUNDS = 15
"""Calls of each net; enough for a first quartile, and two dozen nets take a few seconds."""

_ZOO = "Install Sharpcast anew: `pip install --force-reinstall sharpcast`; its wheel has the nets."


def check(settings: Settings) -> Iterator[Finding]:
    """Measures every net of the zoo on the engine that a worker would choose."""
    request = EngineRequest(settings.model, WIDTH, HEIGHT, settings.precision)
    try:
        choice = choose_engine(
            settings.engine,
            request,
            threads=settings.worker_threads,
            cache_dir=settings.engine_cache,
        )
        manifests = list_models()
    except (WorkerError, ModelError) as error:
        cure = "Set SHARPCAST_ENGINE=auto, or install what the engine needs (docs/models.md)."
        yield fault("nets", str(error), cure)
        return
    engine = choice.engine
    yield _chosen(choice, request)
    if not manifests:
        yield fault("nets", "there is no net in the zoo", _ZOO)
    for manifest in manifests:
        for variant in engine.info.variants:
            # A net has files for some precisions only, and an engine runs some of those.
            if variant.file in manifest.files:
                yield _net(engine, manifest, variant, is_wanted=manifest.name == settings.model)
    engine.close()


def _chosen(choice: Choice, request: EngineRequest) -> Finding:
    """Describes the chosen engine, and whether frames of several streams share a call."""
    batch = batch_for(choice.engine, request)
    together = f"{batch} streams' frames together" if batch > 1 else "frames one by one"
    return good(
        "engine in use",
        f"{choice} for {request.model} at {WIDTH}x{HEIGHT}, {together}",
        engine=choice.engine.info.name,
        device=choice.engine.info.device,
        batch=batch,
        trials=[dataclasses.asdict(trial) for trial in choice.trials],
    )


def _net(
    engine: Engine, manifest: Manifest, variant: PrecisionVariant, *, is_wanted: bool
) -> Finding:
    what = f"net {manifest.name} {variant.name}"
    try:
        frame_ms = _measure(engine, manifest, variant)
    except (WorkerError, ModelError) as error:
        return fault(what, str(error), _ZOO)
    is_default = variant.file == manifest.default_precision
    return judge(what, engine.info.name, frame_ms, is_default=is_default, is_wanted=is_wanted)


def judge(what: str, engine: str, frame_ms: float, *, is_default: bool, is_wanted: bool) -> Finding:
    """Judges the time of a net; only the one that streams get by the settings can be a fault."""
    # Nets run one at a time, so the streams of one engine share its time.
    streams = 1000 / FPS / frame_ms
    chosen = " (default)" if is_default else ""
    detail = (
        f"{frame_ms:.1f} ms per frame of {WIDTH}x{HEIGHT} on {engine}: "
        f"{streams:.1f} streams of {FPS} fps, coders left out{chosen}"
    )
    values: dict[str, Any] = {"ms_per_frame": round(frame_ms, 2), "streams": round(streams, 2)}
    if is_default and is_wanted and streams < MIN_STREAMS:
        return fault(
            what,
            detail,
            "Give the worker more processor time, set SHARPCAST_MODEL=live-s, publish a smaller "
            "picture, or let a second machine run `sharpcast work`.",
            **values,
        )
    return good(what, detail, **values) if streams >= 1 else note(what, detail, **values)


def _measure(engine: Engine, manifest: Manifest, variant: PrecisionVariant) -> float:
    width, height = padded(manifest, WIDTH, HEIGHT)
    net = engine.compile(
        manifest,
        model_file(manifest, variant.file),
        width=width,
        height=height,
        precision=variant.name,
    )
    return time_net(net, rounds=_ROUNDS) * 1000.0
