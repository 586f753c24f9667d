"""Checks of ``sharpcast doctor``: programs, settings, engines and the speed of every net."""

from __future__ import annotations

import dataclasses
import enum
import errno
import os
import platform
import shutil
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import psutil

from app.gateway.gateway import GatewayOptions, bind_gateway
from app.webrtc.ice import choose_addresses
from app.webrtc.udp_port import bind_udp
from media.codec_table import TABLE
from models.errors import ModelError
from models.manifest import Manifest, list_models, model_file
from wire.embedded import find_server
from wire.errors import BadSettings, NoRedisServer
from wire.settings import Settings
from workers.engines.benchmark import time_net
from workers.engines.engine import Engine, PrecisionVariant, padded
from workers.engines.registry import UNVERIFIED, engine_reasons
from workers.engines.selection import Choice, EngineRequest, choose_engine
from workers.errors import WorkerError
from workers.upscale.batched_model import batch_for

WIDTH, HEIGHT, FPS = 480, 270, 30
"""Size and rate of the stream that speeds are given for: the unit of a worker's capacity."""

_ROUNDS = 15
"""Calls of each net; enough for a first quartile, and two dozen nets take a few seconds."""

_ENCODERS = {
    each.encoder: f"{each.title} output" if each.kind == "video" else "sound of publish"
    for each in TABLE
    if each.encoder
}


class Status(enum.Enum):
    """Result of a check."""

    GOOD = "ok"
    NOTE = "note"
    MISSING = "missing"


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """Finding of one check: one line of the answer."""

    what: str
    status: Status
    detail: str
    "A sentence or a few words for a person."
    values: dict[str, Any] = dataclasses.field(default_factory=dict)
    "Values for programs, as in ``--json``."

    def as_dict(self) -> dict[str, Any]:
        """Returns the finding as JSON values."""
        return {**dataclasses.asdict(self), "status": self.status.value}


def run_checks(settings: Settings) -> list[Finding]:
    """Runs all checks; takes a few seconds, since the nets are measured."""
    return [
        _python(),
        _processor(),
        _memory(),
        _redis(settings),
        *_encoders(),
        *_engines(),
        *_nets(settings),
        _browser(),
        _port(settings),
        _media_port(settings),
        *_gateway(settings),
        _tls(settings),
        _gpu(),
    ]


def _python() -> Finding:
    version = platform.python_version()
    return Finding("python", Status.GOOD, f"{version} at {sys.executable}", {"version": version})


def _processor() -> Finding:
    info = Path("/proc/cpuinfo")
    # Linux lists the flags there; other systems have no such file, and the list stays empty.
    words = set(info.read_text().split()) if info.exists() else set()
    flags = [name for name in ("avx2", "avx512f", "avx512_vnni", "avx_vnni") if name in words]
    cores = os.cpu_count() or 1
    detail = f"{cores} cores, {' '.join(flags) or 'no AVX2: the nets will be slow'}"
    # The flags are those of x86: their absence says nothing of another architecture.
    status = Status.GOOD if "avx2" in flags or platform.machine() != "x86_64" else Status.NOTE
    return Finding("processor", status, detail, {"cores": cores, "flags": flags})


def _memory() -> Finding:
    memory = psutil.virtual_memory()
    detail = f"{memory.total / 2**30:.1f} GiB, {memory.available / 2**30:.1f} GiB free"
    status = Status.GOOD if memory.available > 2**30 else Status.NOTE
    return Finding("memory", status, detail, {"total": memory.total, "free": memory.available})


def _redis(settings: Settings) -> Finding:
    if settings.redis_url:
        return Finding("redis", Status.GOOD, "the one that SHARPCAST_REDIS_URL names")
    try:
        binary = find_server()
    except NoRedisServer as error:
        return Finding("redis", Status.MISSING, str(error))
    return Finding("redis", Status.GOOD, f"embedded, {binary.name}", {"binary": str(binary)})


def _encoders() -> Iterator[Finding]:
    for name, purpose in _ENCODERS.items():
        there = name in av.codec.codecs_available
        yield Finding(
            f"encoder {name}",
            Status.GOOD if there else Status.MISSING,
            purpose if there else f"PyAV is built without it: no {purpose}",
        )


def _engines() -> Iterator[Finding]:
    for name, reason in engine_reasons().items():
        detail = reason or "usable"
        if name in UNVERIFIED:
            detail += "; this engine has not run on hardware yet"
        is_good = not reason and name not in UNVERIFIED
        yield Finding(f"engine {name}", Status.GOOD if is_good else Status.NOTE, detail)


def _nets(settings: Settings) -> Iterator[Finding]:
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
        yield Finding("nets", Status.MISSING, str(error))
        return
    engine = choice.engine
    yield _chosen(choice, request)
    if not manifests:
        yield Finding("nets", Status.MISSING, "there is no net in the zoo")
    for manifest in manifests:
        for variant in engine.info.variants:
            # A net has files for some precisions only, and an engine runs some of those.
            if variant.file in manifest.files:
                yield _net(engine, manifest, variant)
    engine.close()


def _chosen(choice: Choice, request: EngineRequest) -> Finding:
    """Describes the chosen engine, and whether frames of several streams share a call."""
    batch = batch_for(choice.engine, request)
    together = f"{batch} streams' frames together" if batch > 1 else "frames one by one"
    return Finding(
        "engine in use",
        Status.GOOD,
        f"{choice} for {request.model} at {WIDTH}x{HEIGHT}, {together}",
        {
            "engine": choice.engine.info.name,
            "device": choice.engine.info.device,
            "batch": batch,
            "trials": [dataclasses.asdict(trial) for trial in choice.trials],
        },
    )


def _net(engine: Engine, manifest: Manifest, variant: PrecisionVariant) -> Finding:
    what = f"net {manifest.name} {variant.name}"
    try:
        frame_ms = _measure(engine, manifest, variant)
    except (WorkerError, ModelError) as error:
        return Finding(what, Status.MISSING, str(error))
    # Nets run one at a time, so the streams of one engine share its time.
    streams = 1000 / FPS / frame_ms
    chosen = " (default)" if variant.file == manifest.default_precision else ""
    return Finding(
        what,
        Status.GOOD if streams >= 1 else Status.NOTE,
        f"{frame_ms:.1f} ms per frame of {WIDTH}x{HEIGHT} on {engine.info.name}: "
        f"{streams:.1f} streams of {FPS} fps, coders left out{chosen}",
        {"ms_per_frame": round(frame_ms, 2), "streams": round(streams, 2)},
    )


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


def _browser() -> Finding:
    found = shutil.which("chromium")
    if found:
        return Finding("chromium", Status.GOOD, "the browser tests can run")
    return Finding("chromium", Status.NOTE, "not installed; only the browser tests need it")


def _port(settings: Settings) -> Finding:
    place = f"{settings.http_host}:{settings.http_port}"
    family = socket.AF_INET6 if ":" in settings.http_host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As the server binds: otherwise a server that has just ended would make its port look
        # taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.http_host, settings.http_port))
        except OSError as error:
            if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
                detail = f"{settings.http_host} is no address of this machine ({error.strerror})"
                return Finding("web port", Status.NOTE, f"{detail}; set SHARPCAST_HTTP_HOST")
            detail = f"{place} is taken ({error.strerror}); set SHARPCAST_HTTP_PORT"
            return Finding("web port", Status.NOTE, detail)
    return Finding("web port", Status.GOOD, f"{place} is free")


def _media_port(settings: Settings) -> Finding:
    what = "media port"
    addresses = choose_addresses(settings.ice_addresses, loopback_only=settings.is_loopback)
    for host in addresses.local:
        try:
            bind_udp(host, settings.udp_port).close()
        except OSError as error:
            detail = f"UDP {host}:{settings.udp_port} cannot be had ({error.strerror})"
            return Finding(what, Status.NOTE, f"{detail}; set SHARPCAST_UDP_PORT")
    offered = ", ".join((() if addresses.hides_local else addresses.local) + addresses.mapped)
    port = f"UDP port {settings.udp_port}" if settings.udp_port else "any UDP port"
    return Finding(what, Status.GOOD, f"{port} is free; peers are offered {offered}")


def _gateway(settings: Settings) -> Iterator[Finding]:
    """Checks the port for devices at other sites, where one is set."""
    what = "gateway port"
    if not settings.gateway_host:
        yield Finding(what, Status.NOTE, "SHARPCAST_GATEWAY_HOST is not set; no device can join")
        return
    token = settings.join_token.get_secret_value()
    who = "with the shared token or one of its own" if token else "with a token of its own each"
    options = GatewayOptions(settings.gateway_host, settings.gateway_port)
    try:
        bind_gateway(options).close()
    except BadSettings as error:
        yield Finding(what, Status.NOTE, str(error))
        return
    place = f"{options.host}:{options.port}"
    detail = f"{place} (UDP) is free; devices join {who}"
    yield Finding(what, Status.GOOD, detail)


def _tls(settings: Settings) -> Finding:
    if settings.tls_cert:
        return Finding("TLS", Status.GOOD, "SHARPCAST_TLS_CERT is set")
    return Finding(
        "TLS",
        Status.NOTE,
        "not set; browsers give the camera to https pages and to localhost only",
    )


def _gpu() -> Finding:
    # The driver makes this file. Asking CUDA would take seconds, and memory of the device.
    if not Path("/dev/nvidiactl").exists():
        return Finding("GPU", Status.NOTE, "none; nets run on the processor")
    return Finding(
        "GPU",
        Status.NOTE,
        "there; the engines that use it have not run on hardware yet, and `auto` takes one only "
        "if it is faster and gives the same picture",
    )
