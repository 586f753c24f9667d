"""uvicorn's HTTP protocol with time limits from the first moment of a connection.

uvicorn starts a timer between requests only, and stops it at the first byte of the next one. Here
something always runs: until the first head is complete, until an answer is sent, until the next
request, until that one's head is complete.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from app.client_address import limit_key
from app.http.edge.connection_state import CONNECTION, ConnectionEvent, ConnectionState
from app.http.edge.lingering import LingeringTransport
from app.http.edge.penalties import Penalties
from wire.state_machine import StateMachine

LIMITS_S = {
    ConnectionState.HEAD: 10.0,
    # Receiving a body may take 10 s of it, and a command to a Redis that is away 10 s more.
    ConnectionState.ANSWER: 30.0,
    ConnectionState.CLOSING: 10.0,
}
"""Maximum time in a state in seconds, after which the connection is aborted. uvicorn's own timer
runs in the state ``IDLE``.
"""

_HOST_SENTENCES = {
    "Missing mandatory Host: header": "The request has no Host header, which HTTP/1.1 needs.",
    "Found multiple Host: headers": "The request has more than one Host header.",
}
"""Sentences by h11's message, since h11 has one class for all errors."""

_SENTENCES = {
    400: ("Bad request", "This is not HTTP."),
    413: ("Body too large", "The request body is too large."),
    431: ("Head too large", "The head of a request may have 16 KiB at most."),
    501: ("Not implemented", "This transfer coding is not understood."),
}


class TimedProtocol(H11Protocol):
    """One HTTP connection; it is aborted when it stays in a state for too long."""

    penalties: Penalties
    """The delays of addresses; set before the first connection."""

    _life: StateMachine[ConnectionState, ConnectionEvent]
    _wire: LingeringTransport
    _key = ""
    _timer: asyncio.TimerHandle | None = None
    _timed_cycle: Any = None
    _pause: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Starts the time limit of the first head."""
        self._wire = LingeringTransport(transport, self._has_rest)
        super().connection_made(self._wire)
        self._key = limit_key(self.client[0]) if self.client is not None else ""
        self._life = StateMachine(CONNECTION, owner="HTTP connection", on_change=self._on_change)
        self._start_timer()

    def data_received(self, data: bytes) -> None:
        """Takes bytes of a head or of a body; a delayed address waits here."""
        if self._wire.is_lingering:
            self._wire.drop(data)
            return
        # A request that was taken is finished: its body, or one pipelined behind it, is not held
        # back. Under TLS bytes may also come while the connection is being closed.
        if self._life.accepts(ConnectionEvent.BEGIN) and self._key:
            pause = self.penalties.pause_s(self._key, now=time.monotonic())
            if pause:
                self.transport.pause_reading()
                # Otherwise uvicorn would close the connection while its request lies here.
                self._unset_keepalive_if_required()
                self._life.apply(ConnectionEvent.BEGIN)
                self._pause = self.loop.call_later(pause, self._read_on, data)
                return
        self._take(data)

    def _has_rest(self) -> bool:
        """Returns True if more of a request may come, or lies here unread."""
        is_within = self.conn.their_state in (h11.SEND_BODY, h11.ERROR)
        return is_within or bool(self.conn.trailing_data[0])

    def _read_on(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.resume_reading()
            self._take(data)

    def _take(self, data: bytes) -> None:
        super().data_received(data)
        self._follow()

    def on_response_complete(self) -> None:
        """Ends the time limit of the answer."""
        super().on_response_complete()
        self._follow()

    def timeout_keep_alive_handler(self) -> None:
        """Closes a connection that sent no other request in time."""
        super().timeout_keep_alive_handler()
        self._follow()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancels the timers of the connection."""
        self._life.apply(ConnectionEvent.LOSE)
        self._wire.lost()
        if self._pause is not None:
            self._pause.cancel()
        super().connection_lost(exc)

    def _follow(self) -> None:
        """Applies the event that uvicorn's part of a call amounts to."""
        is_answering = self.cycle is not None and not self.cycle.response_complete
        if self.transport.is_closing():
            self._life.apply_if_accepted(ConnectionEvent.CLOSE)
        elif is_answering:
            # Bytes of its body do not give a request more time.
            if self.cycle is not self._timed_cycle:
                self._timed_cycle = self.cycle
                self._life.apply(ConnectionEvent.REQUEST)
        elif self.timeout_keep_alive_task is not None:
            self._life.apply(ConnectionEvent.REST)
        elif self._life.state is not ConnectionState.HEAD:
            self._life.apply(ConnectionEvent.BEGIN)

    def _on_change(
        self, before: ConnectionState, event: ConnectionEvent, after: ConnectionState
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._start_timer()

    def _start_timer(self) -> None:
        limit_s = LIMITS_S.get(self._life.state)
        if limit_s is not None:
            # ``close`` waits for whatever is written already, and a client that reads nothing would
            # hold its socket for ever; ``abort`` drops it.
            self._timer = self.loop.call_later(limit_s, self.transport.abort)

    def send_400_response(self, msg: str) -> None:
        """Answers input that is not HTTP with a problem; h11 suggests the status."""
        # uvicorn calls this while it handles the parser's exception, and does not pass it on.
        error = sys.exc_info()[1]
        hint = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else 400
        status = hint if hint in _SENTENCES else 400
        title, detail = _SENTENCES[status]
        detail = _HOST_SENTENCES.get(str(error), detail)
        problem = {"type": "about:blank", "title": title, "status": status, "detail": detail}
        body = json.dumps(problem).encode()
        if self.conn.our_state is not h11.IDLE:
            self.transport.close()  # an answer is under way already
            return
        headers = [
            (b"content-type", b"application/problem+json"),
            (b"content-length", str(len(body)).encode()),
            # Other answers get their headers from the ASGI layer, which never sees what is no
            # request.
            (b"access-control-allow-origin", b"*"),
            (b"connection", b"close"),
        ]
        for event in (
            h11.Response(status_code=status, headers=headers, reason=title.encode()),
            h11.Data(data=body),
            h11.EndOfMessage(),
        ):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
