"""Limits of what a stream is published with: a key, a JWT or an answer of the access hook."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection

from app.errors import KeyUsed
from wire.held_since import held_since

OVER_FACTOR = 1.25
"""Rate at which a stream counts as above its limit, over the limit: encoders miss their target by a
tenth, and a key frame in the second of measuring adds as much."""

OVER_S = 5.0
"""Seconds for which a stream may be above it: a sender that was told less follows within three."""


@dataclasses.dataclass(frozen=True, slots=True)
class StreamLimits:
    """Most that the stream of a publisher may use; 0: no limit but the server's."""

    key: str = ""
    "Holder whose streams are counted: id of a key, or subject of a JWT or of a hook's answer."
    streams: int = 0
    "Streams that this holder may have at a time."
    kbps: int = 0
    pixels: int = 0
    viewers: int = 0

    def check_streams(self, others: Collection[str]) -> None:
        """Raises KeyUsed where the holder has as many other streams as it may."""
        if self.streams and len(others) >= self.streams:
            raise KeyUsed(
                f"What you publish with allows {self.streams} streams at a time, and has them."
            )


NO_LIMITS = StreamLimits()
"""The limits of a publisher for whom none are set."""


class LimitWatch:
    """Says when a stream has to end since it is above its limits. ``now`` is in seconds."""

    def __init__(self) -> None:
        self._over_since: float | None = None

    def fault(self, limits: StreamLimits, *, size: tuple[int, int], kbps: float, now: float) -> str:
        """Returns the sentence with which the stream is to end, "" while it may go on."""
        width, height = size
        if limits.pixels and width * height > limits.pixels:
            return (
                f"what it is published with allows pictures of {limits.pixels} pixels, and these "
                f"have {width}x{height}"
            )
        is_over = limits.kbps > 0 and kbps > limits.kbps * OVER_FACTOR
        self._over_since = held_since(self._over_since, is_over, now=now)
        if self._over_since is None or now - self._over_since < OVER_S:
            return ""
        return (
            f"what it is published with allows {limits.kbps} kbit/s, and the stream has {kbps:.0f}"
        )
