"""Made-up frames: what is enhanced is white, what the player scales is black."""

from __future__ import annotations

import numpy as np

from benchmarks.blind.material import Frame

NET = "a net"


def frame(clip: str) -> Frame:
    luma = np.random.default_rng(0).integers(0, 256, (360, 640), np.uint8)
    black = np.zeros((360, 640, 3), np.uint8)
    return Frame(clip, luma, original=black + 99, player=black, enhanced={NET: black + 255})
