"""Scores of a picture, by tools that others use: luma PSNR, SSIM, VMAF, XPSNR, and flicker."""

from __future__ import annotations

import json
import math
import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from models.training.clip import Bytes

__all__ = ["Scores", "flicker", "neg", "psnr", "score", "vmaf"]

_MODELS = r"version=vmaf_v0.6.1\:name=vmaf|version=vmaf_v0.6.1neg\:name=neg"


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of one clip; higher is better but for flicker."""

    psnr: float
    """dB, of the mean squared error over all frames."""
    ssim: float
    """Wang et al., 2004; libvmaf's."""
    vmaf: float
    """Netflix' model v0.6.1, mean over frames; sharpening alone raises it."""
    neg: float
    """VMAF-NEG: the same without credit for enhancement."""
    xpsnr: float
    """dB (Helmrich et al., 2020)."""
    flicker: float
    """Levels; see `flicker`."""
    cvvdp: float = math.nan
    """JOD (`benchmarks.perceptual`); nan where it was not asked for."""
    ssimulacra2: float = math.nan
    """Mean of single frames (`benchmarks.perceptual`); nan where it was not asked for."""


def score(truth: Bytes, got: Bytes, *, every: int = 1) -> Scores:
    """Scores a clip; both are [T, H, W] luma, and VMAF is taken of one frame in `every`."""
    found = _ask_ffmpeg(truth, got, every)
    return Scores(psnr=psnr(truth, got), flicker=flicker(truth, got), **found)


def psnr(truth: Bytes, got: Bytes) -> float:
    """dB over all frames together."""
    # Frame by frame: the difference of whole clips in floats would take four times their memory.
    # The error is averaged before the logarithm, as one picture without any error would make the
    # mean of decibels infinite.
    error = np.mean([np.mean((a.astype(np.float32) - b) ** 2) for a, b in zip(truth, got)])  # noqa: B905
    return float(10 * np.log10(255**2 / max(float(error), 1e-6)))


def flicker(truth: Bytes, got: Bytes) -> float:
    """Mean absolute error of the change from frame to frame: what moves or shimmers though it does
    not in the original, or stands still though it moves.
    """
    changes = [
        np.mean(np.abs(np.subtract(b1, b0, dtype=np.int16) - np.subtract(a1, a0, dtype=np.int16)))
        for a0, a1, b0, b1 in zip(truth[:-1], truth[1:], got[:-1], got[1:], strict=True)
    ]
    return float(np.mean(changes)) if changes else 0.0


def vmaf(truth: Bytes, got: Bytes, *, every: int = 1) -> float:
    """VMAF alone, as in `Scores`; several times as fast."""
    return _vmaf(truth, got, r"version=vmaf_v0.6.1\:name=vmaf", every)


def neg(truth: Bytes, got: Bytes, *, every: int = 1) -> float:
    """VMAF-NEG alone, as in `Scores`."""
    return _vmaf(truth, got, r"version=vmaf_v0.6.1neg\:name=vmaf", every)


def _vmaf(truth: Bytes, got: Bytes, model: str, every: int) -> float:
    graph = f"[0:v][1:v]libvmaf=model='{model}':log_fmt=json:log_path=vmaf.json:n_subsample={every}"
    pooled, _ = _compare(truth, got, graph + "[a]", ["a"])
    return float(pooled["vmaf"]["mean"])


def _ask_ffmpeg(truth: Bytes, got: Bytes, every: int) -> dict[str, float]:
    vmaf = f"libvmaf=model='{_MODELS}':feature='name=float_ssim':log_fmt=json"
    vmaf += f":log_path=vmaf.json:n_threads=1:n_subsample={every}"
    graph = "[0:v]split[g1][g2];[1:v]split[t1][t2];"
    graph += f"[g1][t1]{vmaf}[a];[g2][t2]xpsnr=stats_file=-[b]"
    pooled, said = _compare(truth, got, graph, ["a", "b"])
    xpsnr = re.search(r"XPSNR\s+y:\s*([\d.]+|inf)", said)
    if xpsnr is None:
        raise RuntimeError(f"ffmpeg printed no XPSNR: {said[-500:]}")
    return {
        "ssim": pooled["float_ssim"]["mean"],
        "vmaf": pooled["vmaf"]["mean"],
        "neg": pooled["neg"]["mean"],
        # Equal pictures give infinity, which no mean over clips survives.
        "xpsnr": min(float(xpsnr[1]), 100.0),
    }


def _compare(
    truth: Bytes, got: Bytes, graph: str, outputs: Sequence[str]
) -> tuple[dict[str, dict[str, float]], str]:
    """Returns libvmaf's scores over all frames, and FFmpeg's output; input 0 is what was got."""
    height, width = truth.shape[1:]
    raw = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{width}x{height}", "-r", "30"]
    # As yuv420p, so that nothing converts the range of levels on the way.
    grey = bytes([128]) * (height * width // 2)
    with tempfile.TemporaryDirectory() as folder:
        for name, part in (("truth", truth), ("got", got)):
            with Path(folder, name).open("wb") as file:
                for frame in part:
                    file.write(frame.tobytes() + grey)
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-threads", "1"]
        command += [*raw, "-i", "got", *raw, "-i", "truth", "-filter_complex", graph]
        for output in outputs:
            command += ["-map", f"[{output}]", "-f", "null", "-"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"ffmpeg could not compare: {done.stderr[-500:]}")
        return json.loads(Path(folder, "vmaf.json").read_text())["pooled_metrics"], done.stderr
