"""Ways to send a net's pictures to who has the plain ones: the codec, and standard ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt

from workers.team.residual_codec import decode_region, encode_region

__all__ = ["QUALITIES", "WAYS", "Sent", "Way", "residual"]

Bytes = npt.NDArray[np.uint8]

QUALITIES = (0, 3, 6, 8, 10, 12, 13, 14, 15, 16, 17, 18)
"""Qualities of the codec that are measured."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Pictures that came through, and what that took."""

    made: Bytes
    size: int
    """Bytes of all."""
    encode_s: float
    """Processor time of all, on one thread, and likewise..."""
    decode_s: float
    """Processor time of decoding."""


Way = Callable[[Bytes, Bytes, int], Sent]
"""Sends made pictures to who has the plain ones, [frames, height, width], at frames a second."""


def residual(quality: int) -> Way:
    """Returns the codec of the team: each picture by itself."""

    def send(made: Bytes, plain: Bytes, fps: int) -> Sent:
        coded, encode_s = _timed(lambda: [encode_region(*p, quality) for p in _pairs(made, plain)])
        back, decode_s = _timed(lambda: [decode_region(*p) for p in zip(coded, plain, strict=True)])
        return Sent(np.stack(back), sum(map(len, coded)), encode_s, decode_s)

    return send


def _pairs(made: Bytes, plain: Bytes) -> Iterable[tuple[Bytes, Bytes]]:
    return zip(made, plain, strict=True)


def _timed(run: Callable[[], list[Any]]) -> tuple[list[Any], float]:
    begun = time.process_time()
    found = run()
    return found, time.process_time() - begun


def _jpeg(quality: int) -> Way:
    def send(made: Bytes, plain: Bytes, fps: int) -> Sent:
        options = [cv2.IMWRITE_JPEG_QUALITY, quality]
        coded, encode_s = _timed(
            lambda: [cv2.imencode(".jpg", each, options)[1] for each in _grey(made, plain)]
        )
        back, decode_s = _timed(lambda: [cv2.imdecode(c, cv2.IMREAD_GRAYSCALE) for c in coded])
        return Sent(_over(np.stack(back), plain), sum(map(len, coded)), encode_s, decode_s)

    return send


def _grey(made: Bytes, plain: Bytes) -> Bytes:
    """The residual around 128."""
    return (made.astype(np.int16) - plain + 128).clip(0, 255).astype(np.uint8)


def _over(grey: Bytes, plain: Bytes) -> Bytes:
    return (plain.astype(np.int16) + grey - 128).clip(0, 255).astype(np.uint8)


def _x264_residual(crf: int) -> Way:
    def send(made: Bytes, plain: Bytes, fps: int) -> Sent:
        sent = _x264(_grey(made, plain), fps, crf)
        return Sent(_over(sent.made, plain), sent.size, sent.encode_s, sent.decode_s)

    return send


def _x264_picture(crf: int) -> Way:
    return lambda made, plain, fps: _x264(made, fps, crf)


def _x264(pictures: Bytes, fps: int, crf: int) -> Sent:
    """Sends pictures through x264, superfast, P frames after the first one."""
    frames = [_frame(picture, number) for number, picture in enumerate(pictures)]
    coder: Any = av.CodecContext.create("libx264", "w")
    coder.width, coder.height, coder.pix_fmt = frames[0].width, frames[0].height, "yuv420p"
    coder.time_base, coder.framerate, coder.gop_size = Fraction(1, fps), fps, 10 * fps
    coder.thread_count = 1
    coder.options = {"preset": "superfast", "tune": "zerolatency", "crf": str(crf)}
    packets, encode_s = _timed(lambda: [p for f in [*frames, None] for p in coder.encode(f)])
    decoder: Any = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    back, decode_s = _timed(lambda: [f for p in [*packets, None] for f in decoder.decode(p)])
    height, width = pictures.shape[1:]
    luma = np.stack([f.to_ndarray()[: f.height, : f.width][:height, :width] for f in back])
    return Sent(luma, sum(packet.size for packet in packets), encode_s, decode_s)


def _frame(picture: Bytes, number: int) -> Any:
    # 4:2:0 needs even sides.
    luma = np.pad(picture, [(0, side % 2) for side in picture.shape], "edge")
    height, width = luma.shape
    planes = np.concatenate([luma, np.full((height // 2, width), 128, np.uint8)])
    frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
    frame.pts = number
    return frame


WAYS: dict[str, dict[str, Way]] = {
    "residual codec": {f"quality {each}": residual(each) for each in QUALITIES},
    "residual by x264, P frames": {f"CRF {each}": _x264_residual(each) for each in (18, 22, 26)},
    "residual by JPEG": {f"{each}": _jpeg(each) for each in (95, 92, 85)},
    "the picture by x264, P frames": {f"CRF {each}": _x264_picture(each) for each in (14, 18)},
}
"""Ways by kind and setting."""
