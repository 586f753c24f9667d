"""Made-up results of the sweeps at the viewer."""

from __future__ import annotations

from benchmarks.quality.at_viewer import BICUBIC, Cell, Passed
from benchmarks.quality.uplink import KBPS, LARGE, Point
from benchmarks.scores import Scores

HALF = "half size, live-s default style"


def scores(psnr: float, neg: float = 50.0, vmaf: float = 50.0) -> Scores:
    return Scores(psnr=psnr, ssim=0.9, vmaf=vmaf, neg=neg, xpsnr=psnr, flicker=1.0)


def passed(method: str, cell: Cell, before: float, after: float) -> Passed:
    """A cell with these luma PSNRs; VMAF-NEG is ten times as large."""
    first, second = (scores(value, neg=10 * value) for value in (before, after))
    return Passed(method, cell, first, second, kbps=1200.0, ms=3.0)


def pair(cell: Cell, gained: float, left: float, cost: float = 0.1) -> list[Passed]:
    """Bicubic, which loses ``cost`` in the encode, and a net with a gain before and after."""
    return [
        passed(BICUBIC, cell, 30.0, 30.0 - cost),
        passed("live-s faithful", cell, 30.0 + gained, 30.0 + left),
        passed("live-s default style", cell, 30.0 + gained, 30.0 + left),
    ]


def points(clip: str, codec: str = "h264", *, cheaper: float = 0.5, way: str = HALF) -> list[Point]:
    """A large picture whose VMAF grows with the logarithm of its bits, and a half size that needs
    ``cheaper`` of its bits for the same."""
    found = []
    for number, kbps in enumerate(KBPS):
        each = scores(30.0 + number, vmaf=40 + 10 * number, neg=40 + 10 * number)
        found.append(Point(LARGE, clip, codec, float(kbps), each))
        found.append(Point(way, clip, codec, kbps * cheaper, each))
    return found
