"""Finds the rate that a path carries, from the delay of packets; random loss does not slow it.

A queue that stands (the least delay of a round trip is above that of the path) is congestion, as in
CoDel (RFC 8289 section 3) and SCReAM (RFC 8298); loss is congestion only where it grows far
beyond what the path lost before, as at a policer without a queue.
"""

from __future__ import annotations

import collections
import math

import msgspec

from wire.link.base_delay import BaseDelay
from wire.link.path_report import PathReport

START_BPS = 3_000_000.0
"""Two small streams; a path that carries less is noticed after one round trip."""

MIN_BPS = 150_000.0
"""Control, reports and a little; below this a link is of no use for video."""

MAX_BPS = 200_000_000.0

MAX_STANDING_S = 0.025
"""A queue may stand so long: five times CoDel's target, since timers of weak devices are late."""

DECREASE = 0.85
"""Part of the delivered rate to go on with, so that the queue drains."""

PROBE = 1.25
"""Growth per round trip until the first congestion."""

GROWTH_BPS = 400_000.0
"""Growth per second afterwards. It is the same for fast and slow links, so that those that meet at
one bottleneck come to equal rates (Chiu and Jain, 1989): all lose a part and gain an amount."""

CALM_S = 3.0
"""Time without congestion after which the path is taken for a better one; equal links at one
bottleneck meet a queue more often."""

CALM_GROWTH = 1.08
"""Growth per round trip then."""

SEVERE_STANDING_S = 0.1
"""Below it the rate is at most halved at once: a link that had little to send, and so delivered
little, is not the one that fills the queue."""

HEADROOM = 2.5
"""The rate is at most this many times what was sent lately: nothing else is proved."""

MIN_STANDING_ROUNDS = 2
"""Rounds in a row in which a queue that is not severe must stand: a device that has no time for its
socket, since its processor is busy or throttled, looks like a queue for a moment."""

CLEAR_S = 0.008
"""A queue that is shorter is none: less than two packets of 1200 bytes at 3 Mbit/s. Where it is so
short soon after a decrease, the path can do what it did before, and the rate returns quickly."""

MIN_ROUND_S = 0.1
"""Shortest time between two decisions; three frames, so that a pause of the sender is no queue."""

EXCESS_LOSS = 0.15
"""Loss beyond the path's own that is taken for congestion."""

SILENCE_S = 0.5
"""A path that tells nothing of packets for so long is taken for half as good; at most three times,
since an outage says nothing about the path after it."""

MAX_HALVINGS = 3

DELIVERY_WINDOW_S = 0.5
LOSS_WINDOW_S = 1.0


class _Delivered(msgspec.Struct, frozen=True, gc=False):
    at: float
    size: int
    delay_s: float


class RateControl:
    """The rate at which a link may send, in bit/s. ``now`` in seconds, never going back."""

    def __init__(self, start_bps: float = START_BPS) -> None:
        self.rate_bps = start_bps
        self._start_bps = start_bps
        self._recent: collections.deque[_Delivered] = collections.deque()
        self._gone: collections.deque[tuple[float, int]] = collections.deque()
        self._base = BaseDelay()
        self._losses: collections.deque[float] = collections.deque(maxlen=30)
        self._arrived, self._lost, self._loss_since = 0, 0, 0.0
        self._over, self._is_policed = 0, False
        self._next_round = 0.0
        self._congested_at: float | None = None
        self._before_bps = 0.0
        self._standing_rounds = 0
        self._decided_at: float | None = None
        self._unheard_since: float | None = None
        self._halvings = 0
        self._began_at: float | None = None
        self._window_s = DELIVERY_WINDOW_S
        self.standing_queue_s = 0.0
        """The least delay of the last round beyond the path's own."""

    @property
    def delivered_bps(self) -> float:
        """Rate that arrived in the last half second, or since the first arrival."""
        return sum(each.size for each in self._recent) * 8 / self._window_s

    def read(self, report: PathReport, *, now: float) -> None:
        """Takes what a report tells and may decide anew."""
        self._unheard_since, self._halvings = None, 0
        if self._began_at is None:
            self._began_at = now
        self._window_s = min(DELIVERY_WINDOW_S, MIN_ROUND_S + now - self._began_at)
        for each in report.arrivals:
            delay = each.arrived_at - each.sent_at
            self._recent.append(_Delivered(now, each.size, delay))
            self._base.add(delay, now=now)
        while self._recent and self._recent[0].at < now - DELIVERY_WINDOW_S:
            self._recent.popleft()
        if report.lost:
            self._gone.append((now, report.lost_bytes))
        while self._gone and self._gone[0][0] < now - DELIVERY_WINDOW_S:
            self._gone.popleft()
        self._note_loss(len(report.arrivals), report.lost, now=now)
        if now >= self._next_round and self._recent:
            round_s = max(MIN_ROUND_S, report.rtt_s)
            self._next_round = now + round_s
            self._decide(round_s, now=now)

    def sent(self, *, now: float) -> None:
        """Notes that something was sent, of which a report should tell."""
        if self._unheard_since is None:
            self._unheard_since = now

    def tick(self, *, now: float) -> None:
        """Halves the rate if reports stay away."""
        since = self._unheard_since
        if since is None or now - since <= SILENCE_S or self._halvings == MAX_HALVINGS:
            return
        self._unheard_since = now
        self._halvings += 1
        self.rate_bps = max(MIN_BPS, self.rate_bps / 2)

    def _note_loss(self, arrived: int, lost: int, *, now: float) -> None:
        self._arrived += arrived
        self._lost += lost
        total = self._arrived + self._lost
        if now < self._loss_since + LOSS_WINDOW_S or total < 50:
            return
        loss = self._lost / total
        own = min(self._losses, default=loss)
        self._losses.append(loss)
        self._arrived, self._lost, self._loss_since = 0, 0, now
        self._over = self._over + 1 if loss > own + EXCESS_LOSS else 0
        # One window may be an outage of the path; two that follow each other are a limit.
        self._is_policed = self._over >= 2

    def _decide(self, round_s: float, *, now: float) -> None:
        # Reports are rare while there is little to send; each then stands for several rounds.
        since_s = round_s if self._decided_at is None else min(1.0, now - self._decided_at)
        self._decided_at = now
        base = self._base.least_s
        lately = [each.delay_s for each in self._recent if each.at > now - round_s]
        self.standing_queue_s = max(0.0, min(lately) - base) if lately else 0.0
        delivered = self.delivered_bps
        self._standing_rounds += 1
        if self.standing_queue_s <= MAX_STANDING_S:
            self._standing_rounds = 0
        stands = (
            self._standing_rounds >= MIN_STANDING_ROUNDS
            or self.standing_queue_s >= SEVERE_STANDING_S
        )
        if stands or self._is_policed:
            target = DECREASE * delivered
            if self.standing_queue_s < SEVERE_STANDING_S and not self._is_policed:
                target = max(target, self.rate_bps / 2)
            self._congested_at, self._is_policed, self._standing_rounds = now, False, 0
            self._before_bps = self.rate_bps
            self.rate_bps = max(MIN_BPS, min(self.rate_bps, target))
            # Packets that are in the queue already tell the same for another round.
            self._next_round = now + round_s + self.standing_queue_s
            return
        if self._standing_rounds:
            return
        # Packets that the path loses at random took their place on it all the same.
        gone = sum(size for _, size in self._gone) * 8 / self._window_s
        proved = max(self._start_bps, HEADROOM * (delivered + gone))
        grown = self._grow(since_s, round_s, now=now)
        # A sender with little to send proves nothing, and loses nothing that was proved before.
        self.rate_bps = min(MAX_BPS, max(self.rate_bps, min(grown, proved)))

    def _grow(self, since_s: float, round_s: float, *, now: float) -> float:
        rounds = since_s / round_s
        if self._congested_at is None:
            return self.rate_bps * math.pow(PROBE, rounds)
        if now >= self._congested_at + CALM_S:
            return self.rate_bps * math.pow(CALM_GROWTH, rounds)
        returned = DECREASE * self._before_bps
        if self.standing_queue_s < CLEAR_S and self.rate_bps < returned:
            return min(returned, self.rate_bps * math.pow(PROBE, rounds))
        return self.rate_bps + GROWTH_BPS * since_s
