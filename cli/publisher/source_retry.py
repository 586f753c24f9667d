"""Waits between tries to open a source that was there and is away; no I/O, no clock."""

from __future__ import annotations

FIRST_WAIT_S, MAX_WAIT_S = 0.5, 15.0
"""Waits before the next try; they double. A camera that starts again takes half a minute, and a
try costs it a connection."""


class SourceRetry:
    """The policy for one source that is away."""

    def __init__(self) -> None:
        self._wait_s = FIRST_WAIT_S
        self._told = ""

    def wait_s(self, chance: float) -> float:
        """Returns the time to wait, in s. ``chance`` (0 to 1) spreads the tries of many."""
        wait_s = self._wait_s * (0.5 + chance / 2)
        self._wait_s = min(2 * self._wait_s, MAX_WAIT_S)
        return wait_s

    def is_news(self, sentence: str) -> bool:
        """Returns True for a reason that was not told last: each is said once in a row."""
        is_new, self._told = sentence != self._told, sentence
        return is_new
