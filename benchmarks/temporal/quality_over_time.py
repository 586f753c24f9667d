"""Picture by picture, over a key frame: whether errors build up, and whether it pulses."""

from __future__ import annotations

import dataclasses

import numpy as np

from benchmarks.material import BITS_PER_PIXEL
from benchmarks.temporal.coded import coded_frames
from benchmarks.temporal.grid import measure
from benchmarks.temporal.material import Material
from benchmarks.temporal.methods import FULL, HALF, PLAIN, TEMPORAL
from models.training.codec import LiveEncoder

__all__ = ["SHOWN", "QualityOverTime", "follow"]

SHOWN = (FULL, TEMPORAL, HALF, PLAIN)

CODEC = "h264"


@dataclasses.dataclass(frozen=True, slots=True)
class QualityOverTime:
    """One stream by one net."""

    net: str
    kind: str
    key: int
    "The frame that was made a key frame."
    psnr: dict[str, list[float]]
    "PSNR of each frame, by SHOWN."

    def behind(self, method: str, first: int, end: int) -> float:
        """Mean dB that a method's frames lie below the full net's."""
        apart = np.subtract(self.psnr[FULL], self.psnr[method])[first:end]
        return float(np.mean(apart))


def follow(net: str, material: Material) -> QualityOverTime:
    """A key frame in the middle, H.264."""
    frames = len(material.small)
    key = frames // 2
    coded = list(coded_frames(material, LiveEncoder(CODEC, BITS_PER_PIXEL), keys=(key,)))
    cell = measure(net, material, coded, CODEC, every=frames, names=SHOWN)
    psnr = {
        name: [round(float(each), 3) for each in 10 * np.log10(255**2 / track.errors.clip(1e-6))]
        for name, track in cell.tracks.items()
    }
    return QualityOverTime(net, material.kind, key, psnr)
