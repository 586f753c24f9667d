"""The queue for the engine."""

from __future__ import annotations


class EngineQueue:
    """Work that was decided on and is not done: the time that the next frame must wait.

    The engine takes frames one at a time in the order in which they were chosen. Whenever one is
    done the next one begins, so the sum of what is left is exact at that moment.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, float] = {}
        self._free_at = 0.0

    def wait_s(self, *, now: float) -> float:
        """Returns the seconds until the engine is free."""
        return max(0.0, self._free_at - now)

    def enter(self, key: str, engine_s: float, *, now: float) -> None:
        """Adds a frame of a stream that is going to take the engine."""
        # Estimates add up to an error; every ``leave`` below corrects it.
        self._waiting[key] = engine_s
        self._free_at = max(self._free_at, now) + engine_s

    def leave(self, key: str, *, now: float) -> None:
        """Removes a stream's frame, which is done or will not come any more."""
        if self._waiting.pop(key, None) is not None:
            self._free_at = now + sum(self._waiting.values())
