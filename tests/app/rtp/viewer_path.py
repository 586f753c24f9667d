"""A viewer behind a network path in virtual time: frames out, transport-wide feedback back."""

from __future__ import annotations

import dataclasses
import heapq
import itertools
import random
from collections.abc import Callable

from app.rtp.sent_groups import SentGroups
from app.rtp.transport_feedback import REFERENCE_TICKS, TICK_US, TransportFeedback
from app.rtp.viewer_bandwidth import ViewerBandwidth
from tests.wire.link.virtual_path import Path

PACKET = 1150
"""Payload and header of one packet, in bytes."""

SKEW_S = 7000.0
"""Difference of the viewer's clock from ours."""


@dataclasses.dataclass
class Video:
    """A rendition: frames of one rate, with larger key frames."""

    kbps: float
    fps: float = 30.0
    key_every_s: float = 4.0
    key_factor: float = 6.0

    def frame(self, number: int) -> int:
        """Bytes of one frame."""
        every = max(1, round(self.fps * self.key_every_s))
        mean = self.kbps * 1000 / 8 / self.fps
        # Key frames are taken off the others, so that the rate is what it says.
        other = mean * every / (every - 1 + self.key_factor)
        return max(200, round(other * (self.key_factor if number % every == 0 else 1)))


class Viewer:
    """One viewer; ``run`` lets time pass. ``on_tick`` is called after each feedback."""

    def __init__(self, path: Path, video: Video, *, seed: int = 1) -> None:
        self.path = path
        self.video = video
        self.now = 100.0
        self.rng = random.Random(seed)
        self.groups = SentGroups()
        self.bandwidth = ViewerBandwidth()
        self.back = Path(delay_s=0.02)
        self.feedback_every_s = 0.05
        self.feedback_loss = 0.0
        self.on_tick: Callable[[float], None] = lambda now: None
        self.cross_bps = 0.0
        "Rate of another flow that does not care about congestion."
        self.arrivals: dict[int, float] = {}
        "Arrival of each packet by its number."
        self.frames: list[tuple[float, float]] = []
        "When each frame that came whole was sent, and when it was whole."
        self._sent = 0
        self._frame = 0
        self._told = 0
        self._count = 0
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._at(0.0, self._send)
        self._at(0.01, self._report)
        self._at(0.0, self._cross)

    def _at(self, after_s: float, call: Callable[[], None]) -> None:
        heapq.heappush(self._queue, (self.now + after_s, next(self._order), call))

    def run(self, seconds: float) -> None:
        """Lets time pass."""
        until = self.now + seconds
        while self._queue and self._queue[0][0] <= until:
            self.now, _, call = heapq.heappop(self._queue)
            call()
        self.now = until

    def _send(self) -> None:
        size = self.video.frame(self._frame)
        self._frame += 1
        count = -(-size // PACKET)
        self.groups.sent(count, size, min(PACKET, size), now=self.now)
        came = []
        for index in range(count):
            part = min(PACKET, size - index * PACKET)
            arrival = self.path.arrival(part, self.now, self.rng)
            if arrival is not None:
                self.arrivals[self._sent + index] = arrival
                came.append(arrival)
        self._sent += count
        if len(came) == count:
            self.frames.append((self.now, max(came)))
        self._at(1 / self.video.fps, self._send)

    def _cross(self) -> None:
        if self.cross_bps:
            self.path.arrival(PACKET, self.now, self.rng)
        self._at(PACKET * 8 / max(self.cross_bps, 1e5), self._cross)

    def _report(self) -> None:
        came = {n: at for n, at in self.arrivals.items() if n >= self._told and at <= self.now}
        if came:
            newest = max(came)
            feedback = self._feedback(came, newest)
            self._told = newest + 1
            if self.rng.random() >= self.feedback_loss:
                self._at(self.back.delay_s, lambda: self._read(feedback))
        self._at(self.feedback_every_s, self._report)

    def _feedback(self, came: dict[int, float], newest: int) -> TransportFeedback:
        self._count += 1
        first = min(came.values()) + SKEW_S
        reference = int(first * 1e6) // (TICK_US * REFERENCE_TICKS)
        start = reference * REFERENCE_TICKS
        ticks = tuple(
            round((came[n] + SKEW_S) * 1e6 / TICK_US) - start if n in came else None
            for n in range(self._told, newest + 1)
        )
        return TransportFeedback(
            1, 2, self._told & 0xFFFF, self._count & 0xFF, reference & 0xFFFFFF, ticks
        )

    def _read(self, feedback: TransportFeedback) -> None:
        done = self.groups.read(feedback, now=self.now)
        self.bandwidth.read(done, rtt_s=self.groups.rtt_s, now=self.now)
        self.on_tick(self.now)
