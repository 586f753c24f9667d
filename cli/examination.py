"""The checks of ``sharpcast doctor``."""

from __future__ import annotations

import dataclasses
import enum
import os
import platform
import shutil
import socket
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import psutil

from models.errors import ModelError
from models.manifest import Manifest, list_models, model_file
from wire.embedded import find_server
from wire.errors import NoRedisServer
from wire.settings import Settings
from workers.engines import engine_reasons, make_engine
from workers.engines.engine import Engine, shape_of
from workers.errors import WorkerError

WIDTH, HEIGHT, FPS = 480, 270, 30
_ROUNDS = 15
_WARM_UP = 3
_CODERS = {"libx264": "H.264 output", "libvpx": "VP8 output", "libopus": "sound of publish"}


class Verdict(enum.Enum):
    """How a finding is meant."""

    GOOD = "ok"
    NOTE = "note"
    MISSING = "missing"


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One line of the answer."""

    what: str
    verdict: Verdict
    detail: str
    "A sentence or a few words for a person."
    values: dict[str, Any] = dataclasses.field(default_factory=dict)
    "The same for a program."

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**dataclasses.asdict(self), "verdict": self.verdict.value}


def examine(settings: Settings) -> list[Finding]:
    """All checks; takes a few seconds, since the nets are measured."""
    return [
        _python(), _processor(), _memory(), _redis(settings), *_coders(), *_engines(),
        *_nets(settings), _browser(), _port(settings), _tls(settings), _gpu(),
    ]  # fmt: skip


def _python() -> Finding:
    version = platform.python_version()
    return Finding("python", Verdict.GOOD, f"{version} at {sys.executable}", {"version": version})


def _processor() -> Finding:
    info = Path("/proc/cpuinfo")
    words = set(info.read_text().split()) if info.exists() else set()
    flags = [name for name in ("avx2", "avx512f", "avx512_vnni", "avx_vnni") if name in words]
    cores = os.cpu_count() or 1
    detail = f"{cores} cores, {' '.join(flags) or 'no AVX2: the nets will be slow'}"
    verdict = Verdict.GOOD if "avx2" in flags or platform.machine() != "x86_64" else Verdict.NOTE
    return Finding("processor", verdict, detail, {"cores": cores, "flags": flags})


def _memory() -> Finding:
    memory = psutil.virtual_memory()
    detail = f"{memory.total / 2**30:.1f} GiB, {memory.available / 2**30:.1f} GiB free"
    verdict = Verdict.GOOD if memory.available > 2**30 else Verdict.NOTE
    return Finding("memory", verdict, detail, {"total": memory.total, "free": memory.available})


def _redis(settings: Settings) -> Finding:
    if settings.redis_url:
        return Finding("redis", Verdict.GOOD, "the one that SHARPCAST_REDIS_URL names")
    try:
        binary = find_server()
    except NoRedisServer as error:
        return Finding("redis", Verdict.MISSING, str(error))
    return Finding("redis", Verdict.GOOD, f"embedded, {binary.name}", {"binary": str(binary)})


def _coders() -> Iterator[Finding]:
    for name, purpose in _CODERS.items():
        there = name in av.codec.codecs_available
        yield Finding(
            f"encoder {name}",
            Verdict.GOOD if there else Verdict.MISSING,
            purpose if there else f"PyAV is built without it: no {purpose}",
        )


def _engines() -> Iterator[Finding]:
    for name, reason in engine_reasons().items():
        yield Finding(
            f"engine {name}", Verdict.NOTE if reason else Verdict.GOOD, reason or "usable"
        )


def _nets(settings: Settings) -> Iterator[Finding]:
    """Every net of the zoo, on the engine that the settings choose, as the worker would run it."""
    try:
        engine = make_engine(settings.engine, threads=settings.worker_threads)
        manifests = list_models()
    except (WorkerError, ModelError) as error:
        yield Finding("nets", Verdict.MISSING, str(error))
        return
    if not manifests:
        yield Finding("nets", Verdict.MISSING, "there is no net in the zoo")
    for manifest in manifests:
        for precision in sorted(set(manifest.files) - {"int8-s8s8"}):
            yield _net(engine, manifest, precision)
    engine.close()


def _net(engine: Engine, manifest: Manifest, precision: str) -> Finding:
    what = f"net {manifest.name} {precision}"
    try:
        median_ms = _measure(engine, manifest, precision)
    except (WorkerError, ModelError) as error:
        return Finding(what, Verdict.MISSING, str(error))
    streams = 1000 / FPS / median_ms
    chosen = " (default)" if precision == manifest.default_precision else ""
    return Finding(
        what,
        Verdict.GOOD if streams >= 1 else Verdict.NOTE,
        f"{median_ms:.1f} ms per frame of {WIDTH}x{HEIGHT} on {engine.info.name}: "
        f"{streams:.1f} streams of {FPS} fps, coders left out{chosen}",
        {"ms_per_frame": round(median_ms, 2), "streams": round(streams, 2)},
    )


def _measure(engine: Engine, manifest: Manifest, precision: str) -> float:
    size = manifest.size_multiple
    width, height = -(-WIDTH // size) * size, -(-HEIGHT // size) * size
    path = model_file(manifest, precision)
    session = engine.compile(manifest, path, width=width, height=height).session()
    feeds = {
        spec.name: np.zeros(shape_of(spec, width=width, height=height), spec.dtype)
        for spec in manifest.inputs
    }
    feeds["luma"] = np.random.default_rng(0).integers(16, 236, (height, width), dtype=np.uint8)
    enhanced = np.empty((height * manifest.scale, width * manifest.scale), np.uint8)
    took = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        session.run(feeds, enhanced)
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took[_WARM_UP:])


def _browser() -> Finding:
    found = shutil.which("chromium")
    if found:
        return Finding("chromium", Verdict.GOOD, "the browser tests can run")
    return Finding("chromium", Verdict.NOTE, "not installed; only the browser tests need it")


def _port(settings: Settings) -> Finding:
    place = f"{settings.http_host}:{settings.http_port}"
    family = socket.AF_INET6 if ":" in settings.http_host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.http_host, settings.http_port))
        except OSError as error:
            detail = f"{place} is taken ({error.strerror}); set SHARPCAST_HTTP_PORT"
            return Finding("web port", Verdict.NOTE, detail)
    return Finding("web port", Verdict.GOOD, f"{place} is free; media takes any free UDP port")


def _tls(settings: Settings) -> Finding:
    if settings.tls_cert:
        return Finding("TLS", Verdict.GOOD, "SHARPCAST_TLS_CERT is set")
    return Finding(
        "TLS", Verdict.NOTE,
        "not set; browsers give the camera to https pages and to localhost only",
    )  # fmt: skip


def _gpu() -> Finding:
    there = Path("/dev/nvidiactl").exists()
    return Finding(
        "GPU", Verdict.NOTE,
        "there, but this version runs nets on the processor; TensorRT was never run" if there
        else "none; TensorRT was never run, nets run on the processor",
    )  # fmt: skip
