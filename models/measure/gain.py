"""Luma PSNR of nets over held-out clips that were sent through live encoders, beside bicubic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from models.manifest import Metric, Precision
from models.measure.graph_runner import OpenNet, bicubic
from models.measure.held_out_clips import small_clip
from models.training.clip import Bytes, Clip
from models.training.codec import CODECS, LiveEncoder, transcode

__all__ = ["RATES", "Upscaler", "measure_clip", "measure_upscalers", "psnr"]

RATES = (0.06, 0.12, 0.25)
"""Bit per pixel of the sent stream: a poor, a usual and a good uplink for live video."""

Upscaler = Callable[[Bytes], Bytes]
"""Enlarges luma [H, W] to [sH, sW]; called with the frames of a clip in order."""


def measure_clip(
    name: str,
    clip: Clip,
    nets: dict[Precision, Path],
    *,
    scale: int = 2,
    rates: Sequence[float] = RATES,
    codecs: Sequence[str] = CODECS,
) -> list[Metric]:
    """Measures exported graphs in the faithful style; returns a row for each codec and rate.

    The PSNR is that of the clip's mean squared error.
    """
    # The default argument binds each path at once; a closure over the loop's variable would make
    # every factory open the last file.
    make = {
        key: lambda height, width, path=path: OpenNet(path, height, width, scale=scale)
        for key, path in nets.items()
    }
    return measure_upscalers(name, clip, make, scale=scale, rates=rates, codecs=codecs)  # type: ignore[arg-type]


def measure_upscalers(
    name: str,
    clip: Clip,
    make: dict[Precision, Callable[[int, int], Upscaler]],
    *,
    scale: int = 2,
    rates: Sequence[float] = RATES,
    codecs: Sequence[str] = CODECS,
) -> list[Metric]:
    """Measures upscalers; returns a row for each codec and rate.

    ``make`` gives, by precision, a factory that takes the decoded height and width.
    """
    cut, small, chroma = small_clip(clip, scale)
    height, width = small.shape[1:]
    rows = []
    for codec in codecs:
        for rate in rates:
            seen, _ = transcode(small, chroma, clip.fps, LiveEncoder(codec, rate))
            # A new upscaler for each row: a memory must not hold frames of another encoding.
            scores = {
                key: round(psnr(seen, cut.luma, upscale(height, width)), 3)
                for key, upscale in make.items()
            }
            plain = psnr(seen, cut.luma, lambda luma: bicubic(luma, scale))
            rows.append(Metric(name, codec, rate, round(plain, 3), scores))
    return rows


def psnr(seen: Bytes, truth: Bytes, upscale: Upscaler) -> float:
    """Returns the PSNR in dB over all frames together, after upscaling each."""
    errors = [
        np.mean((upscale(x).astype(np.float32) - y) ** 2) for x, y in zip(seen, truth, strict=True)
    ]
    # Equal pictures would give infinity, which JSON cannot hold: an error of 1e-6, 108 dB, is the
    # end.
    return float(10 * np.log10(255**2 / max(float(np.mean(errors)), 1e-6)))
