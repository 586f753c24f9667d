"""Bounded queue of what is to be sent to one viewer, with a drop rule; no I/O, no clock.

A viewer whose link cannot carry the rendition loses video up to the next key frame, again and
again; nobody else notices. Audio is never dropped for video's sake: it is small.
"""

from __future__ import annotations

import collections
import dataclasses
import math

from media.codec import Codec

MAX_UNITS = 600
"""Video units that may wait: two of the longest groups and what comes while they are paced, so
that a viewer who changes over and back gets both whole."""

MAX_AUDIO = 100
"""Audio units that may wait; two seconds."""

MAX_WAIT_S = 1.0
"""A video unit that waited longer is stale: everything up to the next key frame goes."""

SLOW_AFTER_S = 2.0
"""The viewer must report too little bandwidth for this long before it is paced."""

SOME_LOSS, STANDING_S = 0.02, 0.1
"""An estimate that is too low is believed only where more than this is lost of what is sent, or
stands in a queue so long: the round trip is longer by it than the shortest one. Without either all
arrives in time, and the estimate is low since little is sent (it grows by little more than what
comes) or since a busy machine reads it in bursts."""

HOLD_S, MAX_HOLD_S = 5.0, 40.0
"""Time for which loss and queues count. It doubles each time that all is sent again and this shows
the same within ``AGAIN_S``."""
AGAIN_S = 10.0


@dataclasses.dataclass(frozen=True, slots=True)
class PacketizedFrame:
    """One unit on its way to one viewer."""

    payloads: tuple[bytes, ...]
    "RTP payloads, shared by all viewers of the rendition."
    codec: Codec
    pts: int
    clock_rate: int
    capture_us: int
    is_video: bool
    is_key: bool
    is_live: bool = True
    "False while a replay catches up; such a unit is no base for a sender report."
    size: int = dataclasses.field(init=False)
    "Payload bytes. Every viewer's queue asks for them, so they are counted once."

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", sum(map(len, self.payloads)))


class SendQueue:
    """One viewer's queue. ``dropped`` counts video units that were not sent, by reason."""

    def __init__(self) -> None:
        self._video: collections.deque[tuple[float, PacketizedFrame]] = collections.deque()
        self._audio: collections.deque[PacketizedFrame] = collections.deque()
        self._needs_key = True
        self._rate_bps: float | None = None
        self._slow_since: float | None = None
        self._full_at = -math.inf
        "Time of the last report that the path is full."
        self._freed_at = -math.inf
        self._hold_s = HOLD_S
        self._least_rtt_s = math.inf
        self._offered: collections.deque[tuple[float, int]] = collections.deque()
        self._free_at = 0.0
        self.dropped: collections.Counter[str] = collections.Counter()

    def pass_by(self, unit: PacketizedFrame, *, now: float) -> bool:
        """True if the unit may leave at once, as by ``push`` and ``pop``; if not, push it.

        Nearly every unit finds nothing that waits, and then no queue is needed.
        """
        if not unit.is_video:
            return not self._audio
        if self._video or now < self._free_at or (self._needs_key and not unit.is_key):
            return False
        if unit.is_live:
            self._offered.append((now, unit.size))
            self._forget_offered(now)
        self._needs_key = False
        self._count_rate(unit, now)
        return True

    def push(self, unit: PacketizedFrame, *, now: float) -> None:
        """Takes one unit; drops by the rules above."""
        if not unit.is_video:
            if len(self._audio) >= MAX_AUDIO:
                self._audio.popleft()
                self.dropped["audio"] += 1
            self._audio.append(unit)
            return
        # A replay puts out a whole group in one moment, which says nothing about the rendition's
        # rate.
        if unit.is_live:
            self._offered.append((now, unit.size))
        self._forget_offered(now)
        if self._is_stale(now) or len(self._video) >= MAX_UNITS:
            self.dropped["slow"] += len(self._video)
            self._video.clear()
            self._needs_key = True
        if self._needs_key:
            if not unit.is_key:
                self.dropped["no_key"] += 1
                return
            self._needs_key = False
        self._video.append((now, unit))

    def on_unsendable(self, unit: PacketizedFrame) -> None:
        """Notes that a unit cannot be sent; video goes on at the next key frame."""
        self.dropped["unsendable"] += 1
        if not unit.is_video:
            return
        # What waits up to the next key frame refers to the unit that was left out.
        while self._video and not self._video[0][1].is_key:
            self._video.popleft()
            self.dropped["unsendable"] += 1
        self._needs_key = not self._video

    def _is_stale(self, now: float) -> bool:
        return bool(self._video) and now - self._video[0][0] > MAX_WAIT_S

    @property
    def needs_key(self) -> bool:
        """True while video waits for a key frame."""
        return self._needs_key

    def restart(self) -> None:
        """Forgets waiting video; the next unit must be a key frame."""
        self._video.clear()
        self._needs_key = True

    def on_bandwidth(self, bps: float, *, now: float) -> None:
        """Takes the viewer's estimate (REMB) of what its link carries, in bit/s.

        An estimate grows only while it is used, so it binds only once it has stayed well below
        what the rendition offers, and while reports say that the path is full.
        """
        if bps >= 0.8 * self.live_rate(now=now) or now - self._full_at > self._hold_s:
            if self._rate_bps is not None:
                self._freed_at = now
            # What was put off while the viewer was paced leaves at once.
            self._slow_since = self._rate_bps = None
            self._free_at = now
            return
        if self._slow_since is None:
            self._slow_since = now
        if now - self._slow_since >= SLOW_AFTER_S:
            if self._rate_bps is None:
                is_again = now - self._freed_at < AGAIN_S
                self._hold_s = min(2 * self._hold_s, MAX_HOLD_S) if is_again else HOLD_S
            # An estimate may be zero, and sizes are divided by it.
            self._rate_bps = max(bps, 50_000.0)

    def on_report(self, loss: float, rtt_s: float | None, *, now: float) -> None:
        """Takes a viewer's receiver report: loss since the last one, round trip if it is known."""
        is_standing = False
        if rtt_s is not None:
            # The shortest one is forgotten slowly, since the path may become another.
            self._least_rtt_s = min(rtt_s, 1.01 * self._least_rtt_s)
            is_standing = rtt_s > self._least_rtt_s + STANDING_S
        if loss > SOME_LOSS or is_standing:
            self._full_at = now

    def _forget_offered(self, now: float) -> None:
        while self._offered and now - self._offered[0][0] > 2.0:
            self._offered.popleft()

    def live_rate(self, *, now: float) -> float:
        """Returns the rendition's rate over the last two seconds in bit/s; replays do not count."""
        self._forget_offered(now)
        return sum(size for _, size in self._offered) * 8 / 2.0

    def pop(self, *, now: float) -> PacketizedFrame | None:
        """Returns the next unit to send now, audio first; None if there is none or it must wait."""
        if self._audio:
            return self._audio.popleft()
        if not self._video or now < self._free_at:
            return None
        _, unit = self._video.popleft()
        self._count_rate(unit, now)
        return unit

    def _count_rate(self, unit: PacketizedFrame, now: float) -> None:
        if self._rate_bps is not None:
            self._free_at = max(now, self._free_at) + unit.size * 8 / self._rate_bps

    def next_deadline(self, *, now: float) -> float | None:
        """Returns when ``pop`` is worth calling again; None while nothing waits."""
        if self._audio:
            return now
        return max(now, self._free_at) if self._video else None
