"""H.264 encoder for pictures that come at any time, with key frames by the clock."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import Any

import av

from cli.publisher import codecs
from cli.publisher.session import KEY_FRAME_PERIOD_S, SendFormat, set_up_encoder

_MICROSECOND = Fraction(1, 1_000_000)


@dataclasses.dataclass(frozen=True, slots=True)
class SendUnit:
    """One coded picture, or one packet of sound."""

    data: bytes
    at_us: int
    "Time on the session's line."
    is_key: bool = False


class SendEncoder:
    """Encodes pictures of any size into one size; times are microseconds that grow."""

    def __init__(self, sent: SendFormat) -> None:
        self._sent = sent
        coder: Any = av.CodecContext.create(codecs.VIDEO.encoder, "w")
        coder.width, coder.height = sent.width, sent.height
        coder.pix_fmt = "yuv420p"
        coder.framerate = sent.fps
        coder.bit_rate = sent.kbps * 1000
        set_up_encoder(coder, sent)
        coder.time_base = _MICROSECOND
        self._coder = coder
        self._next_key_us = 0

    def encode(self, frame: av.VideoFrame, at_us: int) -> list[SendUnit]:
        """Returns the units that this picture completes; without delay that is its own."""
        fitting = frame.reformat(
            width=self._sent.width,
            height=self._sent.height,
            format="yuv420p",
            interpolation="AREA",
        )
        is_due = at_us >= self._next_key_us
        if is_due:
            self._next_key_us = at_us + KEY_FRAME_PERIOD_S * 1_000_000
        # A camera's rate is seldom the one that it tells, so key frames are forced by time.
        fitting.pict_type = 1 if is_due else 0
        fitting.pts, fitting.time_base = at_us, _MICROSECOND
        return [
            SendUnit(bytes(packet), int(packet.pts), bool(packet.is_keyframe))
            for packet in self._coder.encode(fitting)
        ]
