"""The decision to stop decoding a stream whose key frames break, and only copy it for a while."""

from __future__ import annotations

from workers.errors import BrokenUnit, NoDecoder, PictureTooLarge

MAX_BROKEN_KEYS = 3
"""Key frames in a row that cannot be decoded, after which the stream is only copied."""

REST_S = 30.0
"""Seconds for which it is only copied."""


class Decodability:
    """Counter of key frames that broke. No I/O; times are arguments, in seconds."""

    def __init__(self) -> None:
        self._broken_keys = 0
        self._fault = ""
        self._until = 0.0

    def broke(self, error: BrokenUnit, *, is_key: bool, now: float) -> None:
        """Notes that a unit could not be decoded."""
        # Only key frames count: another unit may break for want of one that was lost, which a key
        # frame mends. A key frame that breaks has no such excuse.
        self._broken_keys += is_key
        if isinstance(error, PictureTooLarge | NoDecoder):
            self._fault, self._until = str(error), now + REST_S
        elif self._broken_keys >= MAX_BROKEN_KEYS:
            # The count begins anew, so that after the rest it takes as many again.
            self._fault = f"The worker cannot decode the publisher's pictures ({error})."
            self._until = now + REST_S
            self._broken_keys = 0

    def decoded(self) -> None:
        """Notes that a picture came out of the decoder."""
        self._broken_keys = 0

    def fault(self, *, now: float) -> str:
        """Returns the reason why the stream is only copied at ``now``; empty if it is decoded."""
        return self._fault if now < self._until else ""
