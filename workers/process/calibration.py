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
from workers.upscale.model_cache import ModelCache
from workers.upscale.upscaler import Upscaler

PROPAGATION_TIME_RATIO = 0.5
"""Fraction of the full net's time that a hand-held camera needs with temporal propagation."""

PLANNING_MS = 1.5
"""Time for each frame to plan temporal propagation, in ms, at 480x270 on one core."""

_ROUNDS = 19
"""Calls of the net and of the encoder; the whole measurement takes about a second."""

_WARM_UP = 3
"""First calls that are not counted: caches and threads settle."""


@dataclasses.dataclass(frozen=True, slots=True)
class Speed:
    """Measured speed of the machine with one net and one encoder."""

    streams: float
    ms_per_frame: float


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
    )


def measure(nets: ModelCache, output: OutputConfig, *, model: str) -> Speed:
    """Measures the net and the encoder; takes about a second, never on the event loop.

    Raises NetUnusable.
    """
    upscaler = Upscaler()
    upscaler.use(nets.load(model, WIDTH, HEIGHT))

    pictures = [_noise(seed) for seed in range(_ROUNDS)]
    net_ms = _first_quartile_ms(lambda index: upscaler.enhance(pictures[index]))
    spent_ms = PROPAGATION_TIME_RATIO * net_ms + PLANNING_MS if nets.temporal else net_ms
    encode = _encode_call(output, upscaler.resize(pictures[0]))
    encoder_ms = _first_quartile_ms(encode)
    # Decoding is not counted: it takes about half a millisecond a frame at this size.
    # The net uses all its threads at once, the encoder only one core.
    streams = HEADROOM * 1000.0 / FPS / (spent_ms + encoder_ms / usable_cores())
    return Speed(streams=streams, ms_per_frame=net_ms)


def _first_quartile_ms(work: Callable[[int], object]) -> float:
    """Returns the first quartile in ms: slower calls were held up by other work."""
    took = []
    for index in range(_ROUNDS):
        begun = time.perf_counter()
        work(index)
        took.append((time.perf_counter() - begun) * 1000.0)
    # Not the median: where other programs delay more than half of the calls, it measures them.
    steady = sorted(took[_WARM_UP:])
    return steady[len(steady) // 4]


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
