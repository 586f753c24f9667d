"""The listening socket; it counts connections from accept to close.

A connection that never speaks, or never ends its TLS handshake, is seen by no protocol; so the
count is kept where the kernel hands the socket over.
"""

from __future__ import annotations

import functools
import socket
from collections.abc import Callable
from typing import Any

from app.client_address import limit_key
from app.http.edge.connections import ConnectionCounts

_REFUSED_AT_A_TIME = 8
"""Maximum number of refused connections in one turn of the event loop."""


class _Connection(socket.socket):
    """An accepted socket that calls back when it is closed."""

    on_close: Callable[[], None] | None = None

    def close(self) -> None:
        """Closes the socket; a second call does nothing."""
        super().close()
        on_close, self.on_close = self.on_close, None
        if on_close is not None:
            on_close()


class Listener(socket.socket):
    """A TCP socket whose connections are counted by address."""

    counts: ConnectionCounts

    @classmethod
    def make(cls, host: str, counts: ConnectionCounts) -> Listener:
        """Creates a socket that is not bound yet; ``host`` gives its address family."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        # The protocol is named, since asyncio sends small answers at once (TCP_NODELAY) only on
        # sockets that say so; others wait 40 ms for the client's acknowledgement.
        listener = cls(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.counts = counts
        # After a restart, connections of the last run may still be in TIME-WAIT on this port.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return listener

    @classmethod
    def adopt(cls, descriptor: int, counts: ConnectionCounts) -> Listener:
        """Takes a socket over that listens already; the program that started us opened it."""
        listener = cls(fileno=descriptor)
        listener.counts = counts
        return listener

    def accept(self) -> tuple[socket.socket, Any]:
        """Returns the next admitted connection; closes refused ones. Raises BlockingIOError."""
        for _ in range(_REFUSED_AT_A_TIME):
            # `socket.accept` would make a plain socket of the descriptor, and nothing would tell
            # its end.
            number, address = self._accept()  # type: ignore[attr-defined]
            connection = _Connection(self.family, self.type, self.proto, fileno=number)
            key = limit_key(str(address[0]))
            if self.counts.admit(key):
                connection.on_close = functools.partial(self.counts.leave, key)
                return connection, address
            # No answer is possible: under TLS nothing can be said before the handshake.
            connection.close()
        # To asyncio this means that nobody waits any more. The listener stays readable, so it comes
        # back in the next turn of the loop, and packets have theirs in between.
        raise BlockingIOError
