"""The short measurements: nets by engine and size, the encoder, Redis."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator

import numpy as np
import redis as library

from benchmarks.quick.cells import FPS, Cell
from media.codec import Codec
from models.errors import ModelError
from models.manifest import load_manifest, model_file
from wire.embedded import EmbeddedServer
from wire.errors import NoRedisServer
from workers.encode.encoder import EncoderSpec
from workers.encode.registry import make_encoder
from workers.engines.benchmark import blank, sample_feeds
from workers.engines.engine import Engine, padded, variant_for
from workers.engines.registry import GRAPHS, make_engine
from workers.errors import EngineUnavailable, WorkerError
from workers.media.picture import Colour, Picture

NETS = ("live-s", "live-m", "live-l")
SIZES = ((480, 270), (640, 360), (320, 180))
"""Sizes of the source, the most telling first."""

CELL_S = 0.7
"""Time for the calls of one cell; compiling comes on top."""

MIN_CALLS = 3
MAX_CALLS = 40


def first_quartile(work: Callable[[], object], budget_s: float) -> tuple[float, float]:
    """Calls again and again; returns first quartiles of elapsed and processor time, in ms.

    Not the medians: where other programs delay more than half of the calls, they measure those.
    """
    elapsed: list[float] = []
    spent: list[float] = []
    end = time.perf_counter() + budget_s
    while len(elapsed) < MIN_CALLS or (time.perf_counter() < end and len(elapsed) < MAX_CALLS):
        begun, used = time.perf_counter(), time.process_time()
        work()
        elapsed.append((time.perf_counter() - begun) * 1000.0)
        spent.append((time.process_time() - used) * 1000.0)
    # The first call warms up.
    steady, cpu = sorted(elapsed[1:]), sorted(spent[1:])
    return round(steady[len(steady) // 4], 3), round(cpu[len(cpu) // 4], 3)


def nets(*, until_s: float, clock: Callable[[], float] = time.monotonic) -> Iterator[Cell]:
    """Measures nets on every engine that runs here, until the time is over."""
    engines = list(_engines())
    try:
        # Every engine has its turn with the default net before larger nets and other sizes.
        for size, net, engine in itertools.product(SIZES, NETS, engines):
            if clock() > until_s:
                return
            if (cell := _net(engine, net, *size)) is not None:
                yield cell
    finally:
        for engine in engines:
            engine.close()


def _engines() -> Iterator[Engine]:
    for name in GRAPHS:
        try:
            yield make_engine(name, threads=0)
        except EngineUnavailable:
            continue


def _net(engine: Engine, name: str, width: int, height: int) -> Cell | None:
    """Measures one net; None for one that the engine does not run."""
    try:
        manifest = load_manifest(name)
        variant = variant_for(engine.info, manifest, "auto")
        wide, high = padded(manifest, width, height)
        net = engine.compile(
            manifest,
            model_file(manifest, variant.file),
            width=wide,
            height=high,
            precision=variant.name,
        )
        session, feeds, result = net.session(), sample_feeds(net.info), blank(net.info.output)
        ms, cpu = first_quartile(lambda: session.run(feeds, result), CELL_S)
    except (WorkerError, ModelError):
        return None
    what = f"{name} {variant.name}"
    return Cell(what=what, engine=engine.info.name, size=f"{width}x{height}", ms=ms, cpu_ms=cpu)


def encoder() -> Iterator[Cell]:
    """Measures x264 as the default output has it, on waves that move."""
    for width, height, kbps in ((960, 540, 3750.0), (1280, 720, 6000.0)):
        ms, cpu = first_quartile(_encode_call(width, height, kbps), CELL_S)
        yield Cell(what="H.264", engine="x264", size=f"{width}x{height}", ms=ms, cpu_ms=cpu)


def _encode_call(width: int, height: int, kbps: float) -> Callable[[], object]:
    spec = EncoderSpec(Codec.H264, width, height, kbps, "superfast", Colour())
    made = make_encoder(spec, fps=FPS)
    pictures = itertools.cycle([_smooth(width, height, seed) for seed in range(4)])
    numbers = itertools.count()

    def call() -> object:
        number = next(numbers)
        return made.encode(next(pictures), ticks=number * 3000, fps=FPS, key=number == 0)

    return call


def _smooth(width: int, height: int, seed: int) -> Picture:
    """A picture with the bytes of a plain scene: waves that move, and a little noise."""
    picture = Picture.blank(width, height)
    random = np.random.default_rng(seed)
    y, x = np.indices(picture.y.shape)
    waves = 128 + 60 * np.sin((x + 3 * seed) / 17) + 30 * np.cos((y + seed) / 11)
    picture.y[:] = (waves + random.normal(0, 2, waves.shape)).clip(16, 235).astype(np.uint8)
    return picture


def redis_append() -> Iterator[Cell]:
    """Measures an append of a frame to a log of the embedded server, with its answer."""
    try:
        with EmbeddedServer() as server:
            client = library.Redis.from_url(server.url)
            try:
                body = bytes(8192)
                add = {b"d": body}
                ms, cpu = first_quartile(
                    lambda: client.xadd("bench", add, maxlen=100, approximate=True),  # type: ignore[arg-type]
                    CELL_S,
                )
            finally:
                client.close()
    except NoRedisServer:
        return
    yield Cell(what="append of 8 KiB", engine="Redis", size="", ms=ms, cpu_ms=cpu)
