"""Thread that reads a source, so that a camera that hangs blocks neither Ctrl-C nor the sender."""

from __future__ import annotations

import collections
import dataclasses
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from cli.errors import NotPublished

MAX_PACKETS = 600
"""Packets that may wait: some six seconds of video and sound."""


@dataclasses.dataclass(frozen=True, slots=True)
class ReadPacket:
    """A packet with the time at which it was read."""

    packet: Any
    "Empty at the end of a round, which ends its decoder's frames."
    at_s: float
    "Monotonic time in s."
    after_loss: bool = False
    "True if packets before it were dropped."


class PacketReader:
    """Reads packets in a thread of its own.

    A source in real time never waits: a full queue loses all that waits, which is counted. Any
    other source is read no further than the queue is long.
    """

    def __init__(self, *, is_real_time: bool, most: int = MAX_PACKETS) -> None:
        self._is_real_time = is_real_time
        self._most = most
        self._waiting: collections.deque[ReadPacket] = collections.deque()
        self._changed = threading.Condition()
        self._is_over = self._is_closed = self._has_lost = False
        self._error: NotPublished | None = None
        self.dropped = 0
        "Packets that were read and not handed on, since the sender was too slow."

    def start(self, packets: Callable[[], Iterator[Any]]) -> None:
        """Begins to read; what ``packets`` raises as NotPublished comes out of ``get``.

        Anything else that it raises is a fault of ours: it is printed with its place, and comes out
        of ``get`` as a NotPublished that names it.
        """
        # A daemon: a read that hangs must not hold up the end of the process.
        threading.Thread(target=self._run, args=(packets,), name="read source", daemon=True).start()

    def get(self, timeout_s: float) -> ReadPacket | None:
        """Returns the next packet; None after a time without one.

        Raises EOFError at the end, and NotPublished where the source is lost.
        """
        with self._changed:
            self._changed.wait_for(lambda: bool(self._waiting) or self._is_over, timeout_s)
            if self._waiting:
                self._changed.notify_all()
                return self._waiting.popleft()
            if self._error is not None:
                raise self._error
            if self._is_over:
                raise EOFError
            return None

    def close(self) -> None:
        """Ends the thread at its next packet."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _run(self, packets: Callable[[], Iterator[Any]]) -> None:
        error = None
        try:
            for packet in packets():
                if not self._put(packet):
                    break
        except NotPublished as failure:
            error = failure
        finally:
            # Also where a fault ends the thread: whoever asks for packets would wait for ever.
            fault = sys.exception()
            if fault is not None:
                words = f"The source cannot be read on: {type(fault).__name__}: {fault}."
                error = NotPublished(words)
            with self._changed:
                self._error, self._is_over = error, True
                self._changed.notify_all()

    def _put(self, packet: Any) -> bool:
        """Adds a packet; returns False once it was closed."""
        with self._changed:
            if len(self._waiting) >= self._most and self._is_real_time:
                self.dropped += len(self._waiting)
                self._waiting.clear()
                self._has_lost = True
            self._changed.wait_for(lambda: len(self._waiting) < self._most or self._is_closed)
            self._waiting.append(ReadPacket(packet, time.monotonic(), self._has_lost))
            self._has_lost = False
            self._changed.notify_all()
            return not self._is_closed
