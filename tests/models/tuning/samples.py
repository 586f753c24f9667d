"""Pictures and nets for the tests of tuning."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.graph.plain import PlainNet
from models.graph.reader import read_float
from models.manifest import load_manifest, model_file
from models.measure.graph_runner import OpenNet
from models.measure.held_out_clips import read_clip, small_clip
from models.tuning.distillation import Lesson

Bytes = npt.NDArray[np.uint8]

CLIPS = Path(__file__).parents[2] / "data" / "clips"
WIDTH, HEIGHT = 128, 96


def pictures(count: int, clip: str = "screen") -> list[Bytes]:
    """Parts of a clip's frames at half the size, spread over the clip."""
    _, small, _ = small_clip(read_clip(CLIPS, clip, 24), 2)
    chosen = np.linspace(0, len(small) - 1, count).astype(int)
    return [np.ascontiguousarray(small[each][40 : 40 + HEIGHT, 60 : 60 + WIDTH]) for each in chosen]


def net(name: str = "live-s") -> PlainNet:
    """A shipped net in float."""
    manifest = load_manifest(name)
    path = model_file(manifest, "fp32")
    return read_float(path, scale=manifest.scale, has_styles=manifest.strength)


def lessons(shown: list[Bytes], teacher: str = "live-m") -> list[Lesson]:
    """The pictures with what the teacher makes of them."""
    path = model_file(load_manifest(teacher), "fp32")
    faithful, crisp = (OpenNet(path, *shown[0].shape, strength=strength) for strength in (0.0, 1.0))
    return [Lesson(luma, faithful(luma), crisp(luma)) for luma in shown]
