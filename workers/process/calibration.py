"""Calibration: measures the machine's capacity with the default net and the real encoder."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable

import numpy as np

from models.manifest import Manifest
from workers.encode.encoder import EncoderSpec
from workers.encode.registry import make_encoder
from workers.encode.step import OutputConfig
from workers.media.picture import Colour, Picture
from workers.runtime.cores import usable_cores
from workers.scheduling.capacity import FPS, HEIGHT, WIDTH, Capacity
from workers.scheduling.job_load import HEADROOM
from workers.upscale.model_cache import ModelCache, can_propagate
from workers.upscale.upscaler import Upscaler

PROPAGATION_TIME_RATIO = 0.5
"""Fraction of the full net's time that a hand-held camera needs with temporal propagation."""

PLANNING_MS = 1.5
"""Time for each frame to plan temporal propagation, in ms, at 480x270 on one core."""

PLANNING_OF_CODING = 0.5
"""The same over the time that the encoder takes on that core, where that is more."""

COMPOSING_MS = 7.0
"""Time for each frame to decode it and what helpers made of it, and to compose it, in ms, at
480x270 on one core: half of each picture by helpers at 3 Mbit/s."""

COMPOSER_CORES = 1.5
"""Cores that one process keeps busy at composing: the interpreter's lock is held for a half."""

_ROUNDS = 19
"""Calls of the net and of the encoder; the whole measurement takes about a second."""

_WARM_UP = 3
"""First calls that are not counted: caches and threads settle."""


@dataclasses.dataclass(frozen=True, slots=True)
class Speed:
    """Measured speed of the machine with one net and one encoder."""

    streams: float
    ms_per_frame: float
    core_ms: float = 0.0
    "Time of one core for all of a frame, in ms; 0 where it was not measured."
    coding_ms: float = 0.0
    "The same for the encoder alone."


def capacity_of(
    nets: ModelCache, speed: Speed, manifests: list[Manifest], *, model: str, override: float
) -> Capacity:
    """Returns the capacity at a measured speed, with the relative costs of all installed models.

    An ``override`` other than 0 replaces the measured number of streams.
    """
    smaller = {manifest.name: nets.smaller(manifest.name) for manifest in manifests}
    return Capacity(
        streams=round(override or speed.streams, 2),
        ms_per_frame=round(speed.ms_per_frame, 2),
        macs={manifest.name: manifest.macs_per_pixel for manifest in manifests},
        model=model,
        scales={manifest.name: manifest.scale for manifest in manifests},
        smaller={name: less for name, less in smaller.items() if less is not None},
        core_ms=speed.core_ms,
        is_fixed=override > 0.0,
        propagating=frozenset(
            manifest.name for manifest in manifests if nets.temporal and can_propagate(manifest)
        ),
        planning_ms=max(PLANNING_MS, PLANNING_OF_CODING * speed.coding_ms),
    )


def composing(speed: Speed) -> Speed:
    """Returns the speed of a worker that leaves the net to helpers, on the same machine."""
    core_ms = speed.coding_ms + PLANNING_MS + COMPOSING_MS
    streams = HEADROOM * 1000.0 / FPS * min(COMPOSER_CORES, usable_cores()) / core_ms
    return dataclasses.replace(speed, streams=streams, core_ms=core_ms)


def measure(nets: ModelCache, output: OutputConfig, *, model: str) -> Speed:
    """Measures the net and the encoder; takes about a second, never on the event loop.

    Raises NetUnusable.
    """
    upscaler = Upscaler()
    upscaler.use(nets.load(model, WIDTH, HEIGHT))

    pictures = [_noise(seed) for seed in range(_ROUNDS)]
    net = _first_quartile(lambda index: upscaler.enhance(pictures[index]))
    encode = _encode_call(output, upscaler.resize(pictures[0]))
    encoder = _first_quartile(encode)

    def of_a_stream(net_ms: float) -> float:
        return PROPAGATION_TIME_RATIO * net_ms + PLANNING_MS if nets.temporal else net_ms

    # Decoding is not counted: it takes about half a millisecond a frame at this size.
    # The net uses all its threads at once, the encoder only one core.
    elapsed_ms = of_a_stream(net.elapsed_ms) + encoder.elapsed_ms / usable_cores()
    return Speed(
        streams=HEADROOM * 1000.0 / FPS / elapsed_ms,
        ms_per_frame=net.without_waiting(nets.engine.info.cores),
        core_ms=of_a_stream(net.core_ms) + encoder.core_ms,
        coding_ms=encoder.core_ms,
    )


@dataclasses.dataclass(frozen=True, slots=True)
class _Took:
    elapsed_ms: float
    core_ms: float
    "Time of all cores together: under a quota, far less than what passed."

    def without_waiting(self, cores: int) -> float:
        """Returns what passed, in ms, less the time for which a quota or others' work stopped what
        keeps so many cores busy; 0 cores for a device of its own.
        """
        return min(self.elapsed_ms, self.core_ms / cores) if cores else self.elapsed_ms


def _first_quartile(work: Callable[[int], object]) -> _Took:
    """Returns first quartiles: slower calls were held up by other work."""
    elapsed, cores = [], []
    for index in range(_ROUNDS):
        begun, spent = time.perf_counter(), time.process_time()
        work(index)
        elapsed.append((time.perf_counter() - begun) * 1000.0)
        cores.append((time.process_time() - spent) * 1000.0)
    # Not the medians: where other programs delay more than half of the calls, they measure those.
    quarter = (_ROUNDS - _WARM_UP) // 4
    return _Took(sorted(elapsed[_WARM_UP:])[quarter], sorted(cores[_WARM_UP:])[quarter])


def _encode_call(output: OutputConfig, picture: Picture) -> Callable[[int], object]:
    spec = EncoderSpec(
        codec=output.codec,
        width=picture.width,
        height=picture.height,
        kbps=output.bitrates.kbps(picture.width, picture.height),
        preset=output.preset,
        colour=Colour(),
    )
    # Only the first is a key frame, as on a live stream, where one in 120 pictures is.
    encoder = make_encoder(spec, fps=FPS)
    return lambda index: encoder.encode(picture, ticks=index * 3000, fps=FPS, key=index == 0)


def _noise(seed: int) -> Picture:
    picture = Picture.blank(WIDTH, HEIGHT)
    random = np.random.default_rng(seed)
    for plane in (picture.y, picture.u, picture.v):
        plane[:] = random.integers(16, 236, plane.shape, dtype=np.uint8)
    return picture
