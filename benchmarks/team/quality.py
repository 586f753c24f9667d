"""Judges how much of the full net's gain is in delivered pictures, against the truth."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import av
import numpy as np

from benchmarks import stamps
from benchmarks.team.material import FPS, HEIGHT, LOOP, SCALE, WIDTH, truth_luma
from benchmarks.team.recording import ENHANCED_LOG, SOURCE_LOG, Received
from media.codec import Codec
from models.manifest import load_manifest, model_file
from models.measure.graph_runner import OpenNet, bicubic
from models.training.clip import Bytes
from workers.decode.decoder import UnitDecoder
from workers.encode.encoder import EncoderSpec
from workers.encode.registry import make_encoder
from workers.encode.x264 import STEPPED_PRESET
from workers.media.picture import Colour, Picture

FRAMES = 120
"""Pictures in a row that are judged: four seconds, more than a loop of the clip."""

STAMP_ROWS = SCALE * HEIGHT // 6
"""The frame's number covers the top sixth, which the truth does not have."""


@dataclasses.dataclass(frozen=True, slots=True)
class Quality:
    """Luma PSNR in dB, means over the pictures. ``full`` and ``plain`` are coded as delivered."""

    delivered: float
    """Against the truth."""
    full: float
    """The full net on every picture, against the truth."""
    plain: float
    """Bicubic interpolation, against the truth."""
    to_full: float
    """The delivered picture against that of the full net before it is coded."""
    to_plain: float
    """The delivered picture against that of bicubic interpolation before it is coded."""
    gain: float
    """Part of the full net's gain over bicubic interpolation that is delivered."""
    pictures: int


@dataclasses.dataclass(frozen=True, slots=True)
class Pair:
    """A picture of the source and what the rendition made of it, both decoded luma."""

    small: Bytes
    large: Bytes


def pairs(found: Sequence[Received], begin_us: int, end_us: int) -> tuple[list[Pair], float]:
    """Returns the first pictures in a row that both have within a span, and the rendition's kbit/s.

    Fewer than ``FRAMES`` where the rendition lacks one.
    """
    small = _decode([each for each in found if each.log == SOURCE_LOG])
    chosen: list[Pair] = []
    bits = 0
    made = [each for each in found if each.log == ENHANCED_LOG]
    for each, large in zip(made, _decode_all(made), strict=True):
        if not begin_us <= each.received_us < end_us or len(chosen) == FRAMES:
            continue
        before = small.get(each.unit.pts)
        is_right = large is not None and large.shape == (SCALE * HEIGHT, SCALE * WIDTH)
        if before is None or large is None or not is_right:
            if len(chosen) >= FRAMES // 2:
                break
            chosen, bits = [], 0
            continue
        chosen.append(Pair(before, large))
        bits += 8 * len(each.unit.payload)
    return chosen, bits * FPS / max(1, len(chosen)) / 1000


def judge(found: Sequence[Pair], kbps: float, *, clip: str, model: str) -> Quality | None:
    """Returns the figures of pictures in a row; None where no picture tells its number."""
    truth = truth_luma(clip)
    manifest = load_manifest(model)
    net = OpenNet(model_file(manifest, "int8"), HEIGHT, WIDTH)
    kept = [(stamps.read(pair.small), pair) for pair in found]
    numbers = [number for number, _ in kept if number is not None]
    if len(numbers) < len(kept) or not kept:
        return None
    full = np.stack([net(pair.small) for pair in found])
    plain = np.stack([bicubic(pair.small, SCALE) for pair in found])
    right = truth[[number % LOOP for number in numbers]]
    delivered = np.stack([pair.large for pair in found])
    coded_full, coded_plain = (_coded(pictures, kbps) for pictures in (full, plain))
    got, best, least = (psnr(each, right) for each in (delivered, coded_full, coded_plain))
    return Quality(
        delivered=got,
        full=best,
        plain=least,
        to_full=psnr(delivered, full),
        to_plain=psnr(delivered, plain),
        gain=(got - least) / (best - least),
        pictures=len(found),
    )


def psnr(pictures: Bytes, right: Bytes) -> float:
    """Returns the mean PSNR below the stamp, in dB."""
    difference = pictures[:, STAMP_ROWS:].astype(np.float32) - right[:, STAMP_ROWS:]
    errors = np.maximum(np.mean(difference**2, axis=(1, 2)), 1e-3)
    return float(np.mean(10 * np.log10(255**2 / errors)))


def _coded(luma: Bytes, kbps: float) -> Bytes:
    """Codes pictures by a worker's encoder at the rate of the rendition; without chroma."""
    height, width = luma.shape[1:]
    spec = EncoderSpec(Codec.H264, width, height, kbps, STEPPED_PRESET, Colour())
    encoder, decoder = make_encoder(spec, fps=FPS), UnitDecoder(Codec.H264)
    found: list[Bytes] = []
    for index, plane in enumerate(luma):
        picture = Picture.blank(width, height)
        picture.y[:] = plane
        picture.u[:] = picture.v[:] = 128
        made = encoder.encode(picture, ticks=index * 3000, fps=FPS, key=index == 0)
        found += [decoded.y.copy() for _, decoded in decoder.decode(made.payload, index)]
    return np.stack(found)


def _decode(found: Sequence[Received]) -> dict[int, Bytes]:
    pictures = _decode_all(found)
    return {
        each.unit.pts: luma for each, luma in zip(found, pictures, strict=True) if luma is not None
    }


def _decode_all(found: Sequence[Received]) -> list[Bytes | None]:
    """Decodes units one by one; None for each that gives no picture."""
    names = {Codec.H264: "h264", Codec.VP8: "vp8"}
    decoder: Any = None
    pictures: list[Bytes | None] = []
    for each in found:
        name = names.get(each.unit.codec)
        if each.unit.is_key or decoder is None:
            decoder = av.CodecContext.create(name or "h264", "r")
            decoder.thread_count = 1
            decoder.flags |= 1 << 19  # AV_CODEC_FLAG_LOW_DELAY: a picture for each unit
        pictures.append(_decode_one(decoder, each.unit.payload))
    return pictures


def _decode_one(decoder: Any, payload: bytes) -> Bytes | None:
    try:
        frames = decoder.decode(av.Packet(payload))
    except av.FFmpegError:
        return None
    if not frames:
        return None
    # The plane as it is: a conversion to grey would stretch video levels.
    frame = frames[-1]
    rows = np.frombuffer(frame.planes[0], np.uint8).reshape(-1, frame.planes[0].line_size)
    return rows[: frame.height, : frame.width].copy()
