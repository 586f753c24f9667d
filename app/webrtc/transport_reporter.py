"""Tells a publisher in time which of its packets arrived when, over one transport."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from app.rtp.feedback_writer import FeedbackWriter


class TransportReporter:
    """The timer and the sender of one ``FeedbackWriter``; audio and video of a peer share it.

    ``send`` protects and sends one RTCP packet. Nothing is sent before ``ssrc``, the source of our
    reports, is set.
    """

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send
        self._writer = FeedbackWriter()
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        "Time for which the timer is set."
        self._media_ssrc = 0
        self.ssrc: int | None = None

    def add(self, sequence: int, size: int, media_ssrc: int) -> None:
        """Notes a packet that came now, by its transport-wide sequence number."""
        now = time.monotonic()
        self._media_ssrc = media_ssrc
        if self._writer.add(sequence, size, now=now):
            self._set_timer(now)

    def _set_timer(self, now: float) -> None:
        due = self._writer.next_deadline()
        if due is None or self.ssrc is None:
            return
        if self._timer is not None:
            # Most packets change nothing. A burst makes it due sooner.
            if due >= self._due:
                return
            self._timer.cancel()
        self._due = due
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(max(0.0, due - now), self._report)

    def _report(self) -> None:
        self._timer = None
        if self.ssrc is None:
            return
        told = self._writer.take(
            sender_ssrc=self.ssrc, media_ssrc=self._media_ssrc, now=time.monotonic()
        )
        for feedback in told:
            self._send(feedback.encode())

    def stop(self) -> None:
        """Stops; nothing is sent any more."""
        self.ssrc = None
        if self._timer is not None:
            self._timer.cancel()
