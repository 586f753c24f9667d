"""The encode that reaches viewers: the worker's own encoding step, at its default settings."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from media.access_unit import AccessUnit, Flags, Kind
from media.codec import Codec
from media.codec_table import BY_NAME
from models.training.clip import Bytes
from wire.bitrates import BitrateTable
from wire.settings import Settings
from workers.decode.decoder import UnitDecoder
from workers.encode.encoder import CLOCK_RATE
from workers.encode.step import EncodeStep, OutputConfig
from workers.media.frame_task import FrameTask
from workers.media.picture import Picture
from workers.media.route import Route
from workers.runtime.frame_counters import FrameCounters

__all__ = ["Reached", "default_output", "encode_digest", "enlarge_chroma", "reach_viewers"]

_ENCODE = Path(__file__).parents[2] / "workers" / "encode"
_LOG = "enhanced"
"""Name of the log that the step writes: the one that all viewers have in common."""


@dataclass(frozen=True, slots=True)
class Reached:
    """One clip as viewers decode it."""

    luma: Bytes
    """Luma [frames, height, width]."""
    chroma: Bytes
    """Chroma [frames, 2, height / 2, width / 2]."""
    kbps: float
    """Bitrate that was spent."""
    ms: float
    """Mean time of the encoder for a frame."""


def default_output() -> OutputConfig:
    """Returns the options of a worker that nobody set up."""
    # Without a look at the environment, which may set another bitrate or preset.
    settings = Settings.model_construct()
    return OutputConfig(
        codec=BY_NAME[settings.output_codec].codec,
        preset=settings.x264_preset,
        bitrates=BitrateTable.parse(settings.bitrates),
    )


def reach_viewers(
    luma: Bytes, chroma: Bytes, fps: int, output: OutputConfig | None = None
) -> Reached:
    """Encodes a clip as a worker does for its viewers, and decodes it as they do.

    luma: [frames, H, W]; chroma: [frames, 2, H/2, W/2].
    """
    output = output or default_output()
    step = EncodeStep(
        output,
        FrameCounters(),
        codec=output.codec,
        logs=(_LOG,),
        fps=float(fps),
        need_key=lambda reason: None,
    )
    step.wanted = frozenset({_LOG})
    decoder = UnitDecoder(output.codec)
    decoded: list[tuple[int, Picture]] = []
    spent = 0
    for index in range(len(luma)):
        for made in step.step(_task(luma[index], chroma[index], index, fps, output.codec)):
            if made.unit is not None:
                spent += len(made.unit.payload)
                decoded += decoder.decode(made.unit.payload, index)
    decoded += decoder.flush()
    if [tag for tag, _ in decoded] != list(range(len(luma))):
        raise RuntimeError(f"viewers got {len(decoded)} of {len(luma)} frames")
    return Reached(
        luma=np.stack([np.array(picture.y) for _, picture in decoded]),
        chroma=np.stack([np.array((picture.u, picture.v)) for _, picture in decoded]),
        kbps=8 * spent * fps / len(luma) / 1000,
        ms=1000 * step.spent_s / max(step.coded, 1),
    )


def enlarge_chroma(chroma: Bytes, scale: int) -> Bytes:
    """Enlarges chroma [frames, 2, H, W] as a worker does, by bicubic interpolation."""
    size = (chroma.shape[3] * scale, chroma.shape[2] * scale)
    return np.array(
        [
            [cv2.resize(plane, size, interpolation=cv2.INTER_CUBIC) for plane in frame]
            for frame in chroma
        ],
        np.uint8,
    )


def encode_digest() -> str:
    """Changes with the sources and the default settings of the encode."""
    text = "".join(path.read_text() for path in sorted(_ENCODE.glob("*.py")))
    return hashlib.sha256(f"{text}{default_output()}".encode()).hexdigest()[:12]


def _task(luma: Bytes, chroma: Bytes, index: int, fps: int, codec: Codec) -> FrameTask:
    picture = Picture.blank(luma.shape[1], luma.shape[0])
    picture.y[:], picture.u[:], picture.v[:] = luma, *chroma
    unit = AccessUnit(
        kind=Kind.VIDEO,
        codec=codec,
        flags=Flags.NONE,
        sequence=index,
        pts=index * CLOCK_RATE // fps,
        clock_rate=CLOCK_RATE,
        capture_us=0,
        arrival_us=0,
        payload=b"",
    )
    # It arrives now, since a frame that waited would be left out.
    return FrameTask(unit, Route.WORK, arrived=time.monotonic(), picture=picture)
