"""A transport that closes so that the last answer arrives, also where its request does not end.

A socket that is closed with bytes unread resets the connection, and the reset may overtake the
answer. So the sending side is shut first, and what still comes is dropped for a while.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

LINGER_S = 1.0
"""Maximum time in seconds for which the rest of a request is dropped."""

LINGER_BYTES = 2 * 1024 * 1024
"""Maximum number of bytes that are dropped; a client that sends a megabyte at once does not look
for the answer before."""


class LingeringTransport(asyncio.Transport):
    """Passes calls on to a transport; ``close`` waits while a request has not ended."""

    def __init__(self, inner: asyncio.Transport, has_rest: Callable[[], bool]) -> None:
        """``has_rest`` returns True if more of a request may come."""
        super().__init__()
        self._inner = inner
        self._has_rest = has_rest
        self._left = LINGER_BYTES
        self._timer: asyncio.TimerHandle | None = None
        self._is_lost = False

    @property
    def is_lingering(self) -> bool:
        """True while what comes is for ``drop``."""
        return self._timer is not None

    def drop(self, data: bytes) -> None:
        """Drops bytes that came behind the answer, and closes when they are too many."""
        self._left -= len(data)
        if self._left < 0:
            self._inner.close()

    def lost(self) -> None:
        """Ends the wait: the socket is gone."""
        self._is_lost = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def close(self) -> None:
        """Closes at once, or after the rest of a request was dropped."""
        if self.is_lingering:
            return
        if self._is_lost or self._inner.is_closing() or not self._has_rest():
            self._inner.close()
            return
        self._timer = asyncio.get_running_loop().call_later(LINGER_S, self._inner.close)
        # The client sees the end behind the answer. TLS of asyncio cannot say it by halves; there
        # the answer's length and `Connection: close` tell it.
        if self._inner.can_write_eof():
            self._inner.write_eof()
        self._inner.resume_reading()

    def abort(self) -> None:
        """Closes at once and drops what was not sent."""
        self._inner.abort()

    def is_closing(self) -> bool:
        """Returns True from ``close`` on."""
        return self.is_lingering or self._inner.is_closing()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Sends bytes, until ``close``."""
        if not self.is_closing():
            self._inner.write(data)

    def pause_reading(self) -> None:
        """Leaves what comes in the kernel."""
        if not self.is_lingering:
            self._inner.pause_reading()

    def resume_reading(self) -> None:
        """Takes what comes."""
        self._inner.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Returns a fact about the connection."""
        return self._inner.get_extra_info(name, default)
