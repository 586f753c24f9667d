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
from models.training.scheduling import ordinary_scheduling

__all__ = ["AV1", "CODECS", "PRESETS", "PROFILES", "LiveEncoder", "open_encoder", "to_frame"]
__all__ += ["transcode", "transcode_planes"]

CODECS = ("h264", "vp8", "vp9")
AV1 = "av1"
"""Measured, not trained on: SVT-AV1 in its real-time mode, for want of the libaom of browsers.
It takes pictures of 64x64 at least."""
PRESETS = ("ultrafast", "superfast", "veryfast")
PROFILES = ("baseline", "high")
"""Browsers send the first, streaming programs the second."""


@dataclass(frozen=True, slots=True)
class LiveEncoder:
    """One setting of one encoder."""

    codec: str
    """One of CODECS, or AV1."""
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
        return {"h264": "libx264", "vp8": "libvpx", "vp9": "libvpx-vp9", AV1: "libsvtav1"}[
            self.codec
        ]

    @property
    def decoder(self) -> str:
        """FFmpeg's name of the decoder; its own one of AV1 needs hardware."""
        return "libdav1d" if self.codec == AV1 else self.codec


def transcode(luma: Bytes, chroma: Bytes, fps: int, encoder: LiveEncoder) -> tuple[Bytes, float]:
    """Encodes and decodes luma; returns [frames, height, width] and the bits per pixel spent.

    luma: [frames, H, W]; chroma: [frames, 2, H/2, W/2]; H and W even. Deterministic: one encoder
    thread.
    """
    decoded, _, spent = transcode_planes(luma, chroma, fps, encoder)
    return decoded, spent


def transcode_planes(
    luma: Bytes, chroma: Bytes, fps: int, encoder: LiveEncoder
) -> tuple[Bytes, Bytes, float]:
    """Does the same as `transcode`, with the decoded chroma [frames, 2, H/2, W/2] in between."""
    frames, height, width = luma.shape
    context = open_encoder(encoder, width, height, fps)
    # FFmpeg's own decoders take an encoder's packets as they are.
    decoder: Any = av.CodecContext.create(encoder.decoder, "r")
    decoder.thread_count = 1
    decoded: list[Any] = []
    spent = 0
    with ordinary_scheduling():
        for index in range(frames + 1):
            # The call after the last frame, with None, gives out what the encoder still holds.
            frame = None if index == frames else to_frame(luma[index], chroma[index], index)
            for packet in context.encode(frame):
                spent += packet.size * 8
                decoded.extend(decoder.decode(packet))
    decoded.extend(decoder.decode(None))
    # A frame that an encoder left out would pair all later pictures with wrong originals.
    if len(decoded) != frames:
        raise RuntimeError(f"{encoder.codec} returned {len(decoded)} of {frames} frames")
    seen = np.stack([_plane(picture, 0) for picture in decoded])
    colour = np.stack([[_plane(picture, n) for n in (1, 2)] for picture in decoded])
    return seen, colour, spent / (frames * height * width)


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
    if encoder.codec == AV1:
        context.options = _SVT_AV1
    else:
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


_SVT_AV1 = {
    "preset": "10",  # about as fast as browsers' encoders
    # Low delay without looking ahead, constant bitrate, its real-time mode, one thread.
    "svtav1-params": "pred-struct=1:rc=2:rtc=1:lp=1",
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


def _plane(frame: Any, number: int) -> Bytes:
    plane = frame.planes[number]
    # The decoder pads its rows, so a plane's lines are longer than the picture is wide.
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width].copy()
