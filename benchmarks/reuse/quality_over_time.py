"""Picture by picture, over a key frame: whether errors build up, and whether it pulses."""

from __future__ import annotations

import dataclasses

import numpy as np

from benchmarks.reuse.coded import coded_frames
from benchmarks.reuse.grid import BPP, measure
from benchmarks.reuse.material import Material
from benchmarks.reuse.methods import FULL, HALF, PLAIN, REUSE
from models.training.codec import LiveEncoder

__all__ = ["SHOWN", "Course", "follow"]

SHOWN = (FULL, REUSE, HALF, PLAIN)

CODEC = "h264"


@dataclasses.dataclass(frozen=True, slots=True)
class Course:
    """One stream by one net."""

    net: str
    kind: str
    key: int
    "The frame that was made a key frame."
    psnr: dict[str, list[float]]
    "By SHOWN, of each frame."

    def behind(self, method: str, first: int, end: int) -> float:
        """Mean dB that a method's frames lie below the full net's."""
        apart = np.subtract(self.psnr[FULL], self.psnr[method])[first:end]
        return float(np.mean(apart))


def follow(net: str, material: Material) -> Course:
    """A key frame in the middle, H.264."""
    frames = len(material.small)
    key = frames // 2
    coded = list(coded_frames(material, LiveEncoder(CODEC, BPP), keys=(key,)))
    cell = measure(net, material, coded, CODEC, every=frames, names=SHOWN)
    psnr = {
        name: [round(float(each), 3) for each in 10 * np.log10(255**2 / track.errors.clip(1e-6))]
        for name, track in cell.tracks.items()
    }
    return Course(net, material.kind, key, psnr)
