"""Degradation by the encoders that live broadcasters run, through PyAV, with rate control over the
whole clip.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np

from models.training.clip import Bytes

__all__ = ["CODECS", "PRESETS", "PROFILES", "LiveEncoder", "open_encoder", "to_frame", "transcode"]

CODECS = ("h264", "vp8", "vp9")
PRESETS = ("ultrafast", "superfast", "veryfast")
PROFILES = ("baseline", "high")
"""Browsers send the first, streaming programs the second."""


@dataclass(frozen=True, slots=True)
class LiveEncoder:
    """One setting of one encoder."""

    codec: str
    """One of CODECS."""
    bits_per_pixel: float
    """Target rate over the coded picture's pixels; the encoder's rate control aims at it, as on a
    live link.
    """
    preset: str = "superfast"
    """x264 only: one of PRESETS."""
    cpu_used: int = 6
    """libvpx only: 4 to 12; browsers use 4 to 8 by picture size, aiortc 6."""

    profile: str = "baseline"
    """x264 only: one of PROFILES."""

    @property
    def library(self) -> str:
        """FFmpeg's name of the encoder."""
        return {"h264": "libx264", "vp8": "libvpx", "vp9": "libvpx-vp9"}[self.codec]


def transcode(luma: Bytes, chroma: Bytes, fps: int, encoder: LiveEncoder) -> tuple[Bytes, float]:
    """Encodes and decodes luma; returns [frames, height, width] and the bits per pixel spent.

    luma: [frames, H, W]; chroma: [frames, 2, H/2, W/2]; H and W even. Deterministic: one encoder
    thread.
    """
    frames, height, width = luma.shape
    context = open_encoder(encoder, width, height, fps)
    # FFmpeg's own decoders take an encoder's packets as they are.
    decoder: Any = av.CodecContext.create(encoder.codec, "r")
    decoder.thread_count = 1
    decoded: list[Bytes] = []
    spent = 0
    for index in range(frames + 1):
        # The call after the last frame, with None, gives out what the encoder still holds.
        frame = None if index == frames else to_frame(luma[index], chroma[index], index)
        for packet in context.encode(frame):
            spent += packet.size * 8
            decoded.extend(_luma(picture) for picture in decoder.decode(packet))
    decoded.extend(_luma(picture) for picture in decoder.decode(None))
    # A frame that an encoder left out would pair all later pictures with wrong originals.
    if len(decoded) != frames:
        raise RuntimeError(f"{encoder.codec} returned {len(decoded)} of {frames} frames")
    return np.stack(decoded), spent / (frames * height * width)


def open_encoder(encoder: LiveEncoder, width: int, height: int, fps: int) -> Any:
    """An ``av.CodecContext`` for yuv420p frames, of one thread and without delay."""
    rate = max(16_000, round(encoder.bits_per_pixel * width * height * fps))
    context: Any = av.CodecContext.create(encoder.library, "w")
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.framerate, context.time_base = fps, Fraction(1, fps)
    context.bit_rate = rate
    # Ten seconds: the cache's clips, 60 frames at 15 to 60 a second, have one key frame each.
    context.gop_size = 10 * fps
    context.thread_count = 1
    context.options = _x264(encoder, rate) if encoder.codec == "h264" else _vpx(encoder, rate)
    return context


def _x264(encoder: LiveEncoder, rate: int) -> dict[str, str]:
    return {
        "preset": encoder.preset,
        "tune": "zerolatency",
        "profile": encoder.profile,
        "maxrate": str(rate),
        # The buffer of the rate control holds one second.
        "bufsize": str(rate),
    }


def _vpx(encoder: LiveEncoder, rate: int) -> dict[str, str]:
    # The values that browsers and aiortc give libvpx for a camera; min = max makes ffmpeg choose
    # CBR.
    options = {
        "deadline": "realtime",
        # A positive number lets VP8 choose its speed by the clock, so that the same clip comes out
        # differently on a busy machine; browsers give it a negative one, which is that speed.
        "cpu-used": str(-encoder.cpu_used if encoder.codec == "vp8" else encoder.cpu_used),
        "lag-in-frames": "0",
        "minrate": str(rate),
        "maxrate": str(rate),
        "bufsize": str(rate),
        "qmin": "2",
        "qmax": "56",
        "undershoot-pct": "100",
        "overshoot-pct": "15",
        "static-thresh": "1",
        "error-resilient": "1",
    }
    if encoder.codec == "vp9":
        # What browsers set for a camera besides.
        options |= {"aq-mode": "3", "row-mt": "0"}
    return options


def to_frame(luma: Bytes, chroma: Bytes, index: int) -> av.VideoFrame:
    """Luma [H, W] and chroma [2, H/2, W/2] as the frame number `index`."""
    height, width = luma.shape
    planes: Sequence[Bytes] = [luma.reshape(-1), chroma.reshape(-1)]
    packed = np.concatenate(planes).reshape(height * 3 // 2, width)
    frame = av.VideoFrame.from_ndarray(packed, format="yuv420p")
    frame.pts = index
    return frame


def _luma(frame: Any) -> Bytes:
    plane = frame.planes[0]
    # The decoder pads its rows, so a plane's lines are longer than the picture is wide.
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return rows[: frame.height, : frame.width].copy()
