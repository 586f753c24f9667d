"""The interface of encoders, and the specification that one is made from."""

from __future__ import annotations

import dataclasses
from typing import Protocol

from media.codec import Codec
from workers.encode.refinement import Refinement
from workers.media.picture import Colour, Picture

CLOCK_RATE = 90_000
"""Ticks per second of an encoder's time; RTP's rate for video (RFC 6184, RFC 7741)."""


@dataclasses.dataclass(frozen=True, slots=True)
class EncoderSpec:
    """Everything that needs a new encoder when it changes."""

    codec: Codec
    width: int
    height: int
    kbps: float
    preset: str
    "Preset of x264; other encoders have one speed."
    colour: Colour
    refinement: Refinement = Refinement.FAST
    is_plain: bool = False
    "Only tools that every decoder of the codec has: H.264's constrained baseline profile."


@dataclasses.dataclass(frozen=True, slots=True)
class EncodedFrame:
    """One coded picture."""

    payload: bytes
    is_key: bool


class Encoder(Protocol):
    """One coded sequence; used by one thread. Every picture gives one coded picture at once."""

    def encode(self, picture: Picture, *, ticks: int, fps: float, key: bool) -> EncodedFrame:
        """Codes a picture at ``ticks`` of 1/90000 s, greater than before. Raises EncoderFailed.

        ``fps`` is the present frame rate; it only steers the bits spent per picture.
        """
        ...


class MonotonicPts:
    """Maps a publisher's time to an encoder's, which starts at zero and grows by a second at most.

    A publisher's time may stand still, run backwards or jump; an encoder's must not.
    """

    def __init__(self) -> None:
        self._last_pts: int | None = None
        self._ticks = 0

    def at(self, pts: int, clock_rate: int) -> int:
        """Returns the ticks for the picture at ``pts``."""
        if self._last_pts is not None:
            # At least one tick: a time stamp that does not grow is an error to an encoder.
            step = (pts - self._last_pts) * CLOCK_RATE // clock_rate
            self._ticks += min(max(step, 1), CLOCK_RATE)
        self._last_pts = pts
        return self._ticks
