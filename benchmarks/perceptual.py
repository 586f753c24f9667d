"""Scores by models of human vision: ColorVideoVDP and SSIMULACRA2, where their wheels are there."""

from __future__ import annotations

import functools
import importlib.util
import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["colour_video_vdp", "missing", "ssimulacra2"]

Bytes = NDArray[np.uint8]

DISPLAY = "standard_fhd"
"""ColorVideoVDP's name of a 24-inch monitor of 1920x1080 that shows each pixel as one pixel."""

PART = (192, 320)
"""Height and width of the middle that ColorVideoVDP sees: it needs 2.4 us for each pixel."""

FRAMES = 12
"""Frames that ColorVideoVDP sees, side by side in time: its filters look back for a quarter of a
second."""


def missing() -> list[str]:
    """Returns the wheels that are not installed (``pip install -e .[quality]``)."""
    return [name for name in ("pycvvdp", "ssimulacra2") if not _is_there(name)]


def colour_video_vdp(truth: Bytes, got: Bytes, fps: int) -> float:
    """JOD of the clip [frames, height, width] of luma, 10 at most; nan without the wheel.

    Mantiuk et al., SIGGRAPH 2024. Of two pictures 1 JOD apart, three of four people prefer the
    better one.
    """
    if not _is_there("pycvvdp"):
        return float("nan")
    first = max(0, (len(truth) - FRAMES) // 2)
    clips = (_full_range(_middle(clip[first : first + FRAMES])) for clip in (got, truth))
    # Copies: torch wants memory that it may write to.
    quality, _ = _metric().predict(*clips, dim_order="FHW", frames_per_second=fps)
    return float(quality)


def ssimulacra2(truth: Bytes, got: Bytes, *, every: int = 12) -> float:
    """Mean of the score of one frame in ``every``, 100 at most; nan without the wheel.

    Sneyers, 2023. 90 is hardly told from the original, 50 is medium quality; a bad picture may
    have less than 0.
    """
    if not _is_there("ssimulacra2"):
        return float("nan")
    compute = importlib.import_module("ssimulacra2").compute_ssimulacra2
    frames = range(every // 2, len(truth), every) if len(truth) > every // 2 else range(1)
    values = [compute(*(_bitmap(_full_range(x[n])) for x in (truth, got))) for n in frames]
    return float(np.mean(values))


@functools.cache
def _is_there(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


@functools.cache
def _metric() -> Any:
    """Makes the metric once for a process: it reads tables of contrast sensitivity."""
    torch = importlib.import_module("torch")
    _let_torchvision_load(torch)
    vdp = importlib.import_module("pycvvdp")
    return vdp.cvvdp(display_name=DISPLAY, quiet=True, device=torch.device("cpu"))


_OPERATORS: list[Any] = []
"""Keeps what defines operators: they go when it goes."""


def _let_torchvision_load(torch: Any) -> None:
    """Names two operators that torchvision's Python part wants while it is loaded.

    The torchvision of PyPI is built for torch with CUDA; beside a torch for CPUs its compiled part
    is left out, and its Python part fails for want of these. ColorVideoVDP calls neither.
    """
    if _OPERATORS or torch.version.cuda is not None:
        return
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _OPERATORS.append(library)


def _middle(clip: Bytes) -> Bytes:
    height, width = (min(pair) for pair in zip(PART, clip.shape[1:], strict=True))
    top, left = (clip.shape[1] - height) // 2, (clip.shape[2] - width) // 2
    part: Bytes = clip[:, top : top + height, left : left + width]
    return part


def _full_range(luma: Bytes) -> Bytes:
    """Luma of 16 to 235 as the grey of 0 to 255 that a display gets."""
    stretched = (luma.astype(np.float32) - 16) * (255 / 219)
    return np.asarray(np.clip(np.rint(stretched), 0, 255), np.uint8)


def _bitmap(grey: Bytes) -> io.BytesIO:
    image: Any = importlib.import_module("PIL.Image")
    file = io.BytesIO()
    image.fromarray(grey).save(file, "bmp")
    file.seek(0)
    return file
