"""Pictures to code: clips through a live encoder, enlarged by bicubic and by the nets.

What the tables are trained on (``training_pictures``) and what the codec is measured on
(``MEASURED``) have no clip in common.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.material import BITS_PER_PIXEL, CLIP_FOLDER
from models.manifest import load_manifest, model_file
from models.measure.graph_runner import OpenNet, bicubic
from models.measure.held_out_clips import CLIPS, small_clip
from models.training.codec import LiveEncoder, transcode
from models.training.film import read_passage

__all__ = ["DATA", "MEASURED", "NETS", "Film", "Pictures", "film", "training_pictures"]

Bytes = npt.NDArray[np.uint8]

DATA = Path("..") / "shared" / "data"
"""Folder of the clips that are too large for the project."""

KEPT_OUT = ("dog_walk", "face_selfie", "marathon", "road_car")
"""Clips of DATA that no table was trained on. The nets were trained on the first two; the others
are whole what `dashcam` and `street` of the held-out clips are parts of.
"""

MEASURED = (*CLIPS, *KEPT_OUT)
"""Clips to measure with: the held-out ones of all benchmarks first, which no net has seen."""

NETS = {"live-m": 0.0, "live-s": 0.0, "live-m crisp": 1.0}
"""Nets and the strengths of their styles."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """One frame."""

    plain: Bytes
    """Luma by bicubic."""
    made: Bytes
    """Luma by a net."""


@dataclass(frozen=True, slots=True)
class Film:
    """Frames of one clip: [frames, height, width]."""

    truth: Bytes
    plain: Bytes
    made: Bytes
    fps: int


def film(name: str, net: str = "live-m", frames: int = 48) -> Film:
    """Returns a clip of MEASURED as a live stream is seen, by one of NETS."""
    folder = CLIP_FOLDER if name in CLIPS else DATA / "natural"
    live = LiveEncoder("h264", BITS_PER_PIXEL)
    return _film(folder / f"{name}.mp4", 0, frames, live, net)


def training_pictures() -> Iterator[Pictures]:
    """Yields four frames of each training clip and codec, mostly by ``live-m``."""
    nets = itertools.cycle(("live-m", "live-s", "live-m", "live-m crisp"))
    for path, begin, live in _training_clips():
        net = next(nets)
        seen = _film(path, begin, _TRAINING_FRAMES, live, net)
        for number in range(0, _TRAINING_FRAMES, 6):
            yield Pictures(seen.plain[number], seen.made[number])


_TRAINING_FRAMES = 24


def _training_clips() -> Iterator[tuple[Path, int, LiveEncoder]]:
    """Yields clips, their first frames, and how they are coded."""
    usual = LiveEncoder("h264", BITS_PER_PIXEL)
    others = itertools.cycle(
        (LiveEncoder("vp8", 0.12), LiveEncoder("h264", 0.25), LiveEncoder("h264", 0.06))
    )
    for path in sorted((DATA / "natural").glob("*.mp4")):
        if path.stem not in KEPT_OUT:
            yield path, 0, usual
            yield path, 0, next(others)
    for part in "ab":
        for begin in (300, 1200, 2000):
            yield DATA / "video" / f"bbb_{part}_360p24.mp4", begin, usual


def _film(path: Path, begin: int, frames: int, live: LiveEncoder, net: str) -> Film:
    cut, small, chroma = small_clip(read_passage(path, begin, frames), 2)
    seen, _ = transcode(small, chroma, cut.fps, live)
    file = model_file(load_manifest(net.split()[0]))
    run = OpenNet(file, *small.shape[1:], strength=NETS[net])
    plain = np.stack([bicubic(frame, 2) for frame in seen])
    return Film(cut.luma, plain, np.stack([run(frame) for frame in seen]), cut.fps)
