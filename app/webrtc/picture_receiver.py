"""Receives the pictures of one source: jitter buffer, requests to the publisher, and their timers.

A track has one such source, or one for each simulcast layer.
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import time
from collections.abc import Callable, Sequence

from app.rtp.jitter_buffer import CodedUnit, JitterBufferOutput, Packet, VideoJitterBuffer
from app.rtp.key_frame_answers import KeyFrameAnswers
from app.rtp.key_frame_pace import KeyFramePace
from app.webrtc.deadline_timer import DeadlineTimer
from media.codec import CodecDescriptor


@dataclasses.dataclass(frozen=True, slots=True)
class Media:
    """One packet's part of a coded picture or of sound."""

    codec: CodecDescriptor
    clock_rate: int
    packet: Packet
    resent: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Requests:
    """Ways to ask the publisher. Called on the event loop; must not block."""

    send_nack: Callable[[int, Sequence[int]], None]
    "(SSRC, 16-bit sequence numbers)"
    send_pli: Callable[[int], None]
    "(SSRC): RFC 4585 section 6.3.1"


class PictureReceiver:
    """Makes units of one source's packets; a unit is handed over in the call that completes it.

    ``on_unit`` gets (codec, clock rate in Hz, unit). ``ssrc`` is whom requests name; None before
    the first packet.
    """

    def __init__(
        self,
        requests: Requests,
        on_unit: Callable[[CodecDescriptor, int, CodedUnit], None],
        *,
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        """``is_wanted`` tells whether a loss is worth a key frame."""
        self.ssrc: int | None = None
        self.buffer = VideoJitterBuffer()
        self._requests = requests
        self._on_unit = on_unit
        self._is_wanted = is_wanted
        self._pace = KeyFramePace()
        self._answers = KeyFrameAnswers()
        self._key_frame_timer: asyncio.TimerHandle | None = None
        self._timer = DeadlineTimer()
        self._is_over = False

    def take(self, media: Media, *, now: float) -> None:
        """Takes one packet."""
        out = self.buffer.add(media.packet, now=now, resent=media.resent)
        self._carry_out(media.codec, media.clock_rate, out)

    def restart(self, ssrc: int) -> None:
        """Begins with another source, whose numbers and times are its own."""
        self.ssrc = ssrc
        self.buffer.restart()

    def request_key_frame(self) -> None:
        """Sends a PLI once the source is known, soon: at most two a second."""
        if self.ssrc is None or self._is_over:
            return
        if self._pace.ask(now=time.monotonic()):
            self._ask(self.ssrc)
        elif self._key_frame_timer is None:
            wait = (self._pace.next_deadline() or 0.0) - time.monotonic()
            loop = asyncio.get_running_loop()
            self._key_frame_timer = loop.call_later(max(0.0, wait), self._on_key_frame_time)

    def take_key_frame(self) -> None:
        """Notes that the source sent a key frame: requests that wait are fulfilled."""
        self._pace.fulfil()
        self._answers.come(now=time.monotonic())

    def stop(self) -> None:
        """Stops; nothing follows."""
        self._is_over = True
        self._timer.stop()
        if self._key_frame_timer is not None:
            self._key_frame_timer.cancel()

    def _on_key_frame_time(self) -> None:
        self._key_frame_timer = None
        if self.ssrc is not None and self._pace.on_time(now=time.monotonic()):
            self._ask(self.ssrc)

    def _ask(self, ssrc: int) -> None:
        self._answers.ask(now=time.monotonic())
        self._requests.send_pli(ssrc)

    def _carry_out(self, codec: CodecDescriptor, clock_rate: int, out: JitterBufferOutput) -> None:
        for unit in out.units:
            if unit.discontinuity and codec.conceals and self._answers.is_deaf:
                # A gap that stays open for seconds is worse than what a decoder conceals.
                unit = dataclasses.replace(unit, discontinuity=False)
            self._on_unit(codec, clock_rate, unit)
        if out.nacks and self.ssrc is not None:
            self._requests.send_nack(self.ssrc, out.nacks)
        if out.pli and self._is_wanted():
            self.request_key_frame()
        self._timer.set(
            self.buffer.next_deadline(), functools.partial(self._on_timer, codec, clock_rate)
        )

    def _on_timer(self, codec: CodecDescriptor, clock_rate: int) -> None:
        self._carry_out(codec, clock_rate, self.buffer.on_time(now=time.monotonic()))
