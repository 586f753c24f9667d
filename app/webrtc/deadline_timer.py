"""Calls back at the one deadline of a policy, which may become another with each packet."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


class DeadlineTimer:
    """Runs one callback at the deadline that was set last. For use on the event loop."""

    def __init__(self) -> None:
        self._handle: asyncio.TimerHandle | None = None
        self._is_over = False

    def set(self, deadline: float | None, call: Callable[[], None]) -> None:
        """Calls ``call`` at ``deadline``, in seconds of ``time.monotonic``, in the place of what
        was set before; soon where that is past, never where it is None.
        """
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        if deadline is not None and not self._is_over:
            wait = max(0.0, deadline - time.monotonic())
            self._handle = asyncio.get_running_loop().call_later(wait, call)

    def stop(self) -> None:
        """Stops; nothing is called any more."""
        self._is_over = True
        self.set(None, self.stop)
