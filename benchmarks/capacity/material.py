"""Coded streams in memory: the held-out clips run back and forth through x264, as live as a
broadcaster sends them.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from av.video.frame import PictureType

from benchmarks.material import BITS_PER_PIXEL, back_and_forth
from models.training.clip import Bytes
from models.training.codec import LiveEncoder, open_encoder, to_frame
from models.training.film import read_passage

__all__ = ["CONTENTS", "FPS", "HEIGHT", "WIDTH", "CodedFrame", "Material"]

WIDTH, HEIGHT, FPS = 480, 270, 30
KEY_EVERY = 10 * FPS
"""Frames from key frame to key frame, as the encoder's settings have it."""

CONTENTS = {
    "fixed": ("speaker",),
    "mixed": ("speaker", "handheld", "screen", "animation"),
}
"""Clips that the streams of a run show, in turn."""

VARIANTS = 8
"""Variants of each clip: the same pictures with the key frames elsewhere."""

_ENCODER = LiveEncoder("h264", BITS_PER_PIXEL)
_CLIP_FRAMES = 48
_SEED = 7


@dataclasses.dataclass(frozen=True, slots=True)
class CodedFrame:
    """One access unit, H.264 in Annex B."""

    payload: bytes
    is_key: bool


class Material:
    """Codes what is asked for, once; ``frames`` is the length of every stream."""

    def __init__(self, folder: Path, frames: int) -> None:
        self._folder = folder
        self._frames = frames
        self._coded: dict[tuple[str, int], list[CodedFrame]] = {}

    def streams(self, content: str, number: int) -> list[list[CodedFrame]]:
        """Returns so many streams of one of CONTENTS."""
        clips = CONTENTS[content]
        return [
            self._stream(clips[index % len(clips)], index // len(clips) % VARIANTS)
            for index in range(number)
        ]

    def _stream(self, clip: str, variant: int) -> list[CodedFrame]:
        key = (clip, variant)
        if key not in self._coded:
            # Key frames of several streams must not come at the same moment: the first interval
            # of each stream is cut short somewhere.
            phase = random.Random(f"{_SEED} {clip} {variant}").randrange(1, KEY_EVERY)
            luma, chroma = _pictures(self._folder, clip)
            self._coded[key] = code(luma, chroma, self._frames, second_key=phase)
        return self._coded[key]


def code(luma: Bytes, chroma: Bytes, frames: int, *, second_key: int) -> list[CodedFrame]:
    """Pictures [n, H, W] and [n, 2, H/2, W/2] run back and forth; key frames are the first one,
    number ``second_key`` and every KEY_EVERY after it.
    """
    context = open_encoder(_ENCODER, luma.shape[2], luma.shape[1], FPS)
    coded = []
    for index, source in enumerate(back_and_forth(len(luma), frames)):
        frame: Any = to_frame(luma[source], chroma[source], index)
        if index == second_key:
            frame.pict_type = PictureType.I
        (packet,) = context.encode(frame)
        coded.append(CodedFrame(bytes(packet), bool(packet.is_keyframe)))
    return coded


@lru_cache(maxsize=len(CONTENTS["mixed"]))
def _pictures(folder: Path, name: str) -> tuple[Bytes, Bytes]:
    """A clip's luma and chroma as a camera of 480x270 would see it; smaller than the usual half
    where the clip itself is small.
    """
    clip = read_passage(folder / f"{name}.mp4", 0, _CLIP_FRAMES)
    luma = _resized(clip.luma, WIDTH, HEIGHT)
    planes = [_resized(clip.chroma[:, part], WIDTH // 2, HEIGHT // 2) for part in range(2)]
    return luma, np.stack(planes, axis=1)


def _resized(frames: Sequence[Bytes] | Bytes, width: int, height: int) -> Bytes:
    # INTER_AREA averages all samples that become one, as a camera's sensor does; others would
    # alias.
    size = (width, height)
    return np.stack(
        [np.asarray(cv2.resize(frame, size, interpolation=cv2.INTER_AREA)) for frame in frames]
    )
