"""The engines' pictures beside the processor's: greatest and mean difference, PSNR."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np

from benchmarks.material import CLIP_FOLDER
from models.measure.held_out_clips import read_clip
from workers.engines.benchmark import blank
from workers.engines.engine import Array, CompiledNet, Port

FRAMES = 3

LIMITS = {"fp32": (1.0, 0.02), "fp16": (4.0, 0.3), "int8": (4.0, 0.5)}
"""Greatest and mean difference in levels from the same file on the processor that count as right.
fp16 rounds features to 11 bits; int8 kernels differ in how they round half a step."""


@dataclasses.dataclass(frozen=True, slots=True)
class Difference:
    """Difference of two pictures in levels of 255."""

    greatest: float
    mean: float
    psnr_db: float

    def is_within(self, precision: str) -> bool:
        """True if the precision explains it."""
        greatest, mean = LIMITS[precision]
        return self.greatest <= greatest and self.mean <= mean


def difference(one: Array, other: Array) -> Difference:
    """Compares two pictures of uint8, or of float32 in 0..1."""
    scale = 1.0 if one.dtype == np.uint8 else 255.0
    apart = np.abs(one.astype(np.float64) - other) * scale
    if not np.isfinite(apart).all():
        return Difference(255.0, 255.0, 0.0)
    error = float(np.mean(apart**2))
    psnr_db = min(99.0, 10.0 * np.log10(255.0**2 / error)) if error else 99.0
    return Difference(float(apart.max()), float(apart.mean()), float(psnr_db))


def feeds_of(net: CompiledNet, strength: float = 0.5) -> list[dict[str, Array]]:
    """Returns what the net is fed for some frames of a clip, and for one of noise."""
    width, height = net.info.width, net.info.height
    clip = read_clip(CLIP_FOLDER, "handheld", FRAMES)
    planes = [cv2.resize(frame, (width, height)) for frame in clip.luma]
    # Noise reaches what no picture does: every level, and the clipping at both ends.
    planes.append(np.random.default_rng(1).integers(0, 256, (height, width), np.uint8))
    return [
        {port.name: _fed(port, plane, strength) for port in net.info.inputs} for plane in planes
    ]


def _fed(port: Port, plane: Array, strength: float) -> Array:
    if len(port.shape) < 2:
        return np.full(port.shape, strength, port.dtype)
    enlarged = cv2.resize(plane, (port.shape[-1], port.shape[-2]), interpolation=cv2.INTER_CUBIC)
    levels = enlarged / 255.0 if port.dtype == "float32" else enlarged
    return np.broadcast_to(levels, port.shape).astype(port.dtype)


def render(net: CompiledNet, fed: list[dict[str, Array]]) -> list[Array]:
    """Returns the net's pictures, one session after the other frame. Raises DeviceFailed."""
    session, made = net.session(), []
    for feeds in fed:
        result = blank(net.info.output)
        session.run(feeds, result)
        made.append(result)
    return made


def worst(pairs: list[tuple[Array, Array]]) -> Difference:
    """Returns the greatest of the differences, of the means, and the lowest PSNR."""
    found = [difference(one, other) for one, other in pairs]
    return Difference(
        max(each.greatest for each in found),
        max(each.mean for each in found),
        min(each.psnr_db for each in found),
    )
