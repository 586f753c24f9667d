"""uvicorn's HTTP protocol with time limits from the first moment of a connection.

uvicorn starts a timer between requests only, and stops it at the first byte of the next one. Here
something always runs: until the first head is complete, until an answer is sent, until the next
request, until that one's head is complete.
"""

from __future__ import annotations

import asyncio
import enum
import json
import sys
import time
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from app.http.edge.addresses import limit_key
from app.http.edge.penalties import Penalties


class Phase(enum.Enum):
    """The phases of a connection, named by the event that ends each."""

    HEAD = "the rest of a request's head"
    ANSWER = "its answer to be sent"
    IDLE = "the next request; uvicorn's own timer runs"


LIMITS_S = {Phase.HEAD: 10.0, Phase.ANSWER: 30.0}
"""Maximum duration of a phase in seconds; of an answer's, a body may take 10 s and Redis 10 s."""

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
    """One HTTP connection; it is aborted when a phase takes too long."""

    penalties: Penalties
    """The delays of addresses; set before the first connection."""

    _key = ""
    _phase = Phase.IDLE
    _timer: asyncio.TimerHandle | None = None
    _timed_cycle: Any = None
    _pause: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Starts the time limit of the first head."""
        super().connection_made(transport)
        self._key = limit_key(self.client[0]) if self.client is not None else ""
        self._enter(Phase.HEAD)

    def data_received(self, data: bytes) -> None:
        """Takes bytes of a head or of a body; a delayed address waits here."""
        if self._phase is not Phase.ANSWER and self._key:
            pause = self.penalties.pause_s(self._key, now=time.monotonic())
            if pause:
                self.transport.pause_reading()
                self._unset_keepalive_if_required()
                self._enter(Phase.HEAD)
                self._pause = self.loop.call_later(pause, self._read_on, data)
                return
        self._take(data)

    def _read_on(self, data: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.resume_reading()
            self._take(data)

    def _take(self, data: bytes) -> None:
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """Ends the time limit of the answer."""
        super().on_response_complete()
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancels the timers of the connection."""
        self._enter(Phase.IDLE)
        if self._pause is not None:
            self._pause.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        is_answering = self.cycle is not None and not self.cycle.response_complete
        if is_answering and self.cycle is not self._timed_cycle:
            self._timed_cycle = self.cycle
            self._enter(Phase.ANSWER)
        elif not is_answering and self.timeout_keep_alive_task is not None:
            self._enter(Phase.IDLE)
        elif not is_answering and self._phase is not Phase.HEAD:
            self._enter(Phase.HEAD)

    def _enter(self, phase: Phase) -> None:
        self._phase = phase
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if phase in LIMITS_S and not self.transport.is_closing():
            self._timer = self.loop.call_later(LIMITS_S[phase], self.transport.abort)

    def send_400_response(self, msg: str) -> None:
        """Answers input that is not HTTP with a problem; h11 suggests the status."""
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
