"""Estimates what one viewer's path carries, from its feedback; no I/O, no clock.

Three witnesses: the trend of the delay (``delay_trend.py``) and the loss bound the estimate, as in
draft-ietf-rmcat-gcc-02 sections 4 to 6; trains of packets raise it. A viewer gets a rendition and
not as much as it can take, so that the rate of what arrives proves little: what a frame's packets
are pulled apart by on the path says what it would carry, and costs no padding.
"""

from __future__ import annotations

import collections
import dataclasses
import statistics
from collections.abc import Sequence

from app.rtp.delay_trend import DelayTrend, PathUsage
from app.rtp.sent_groups import SentGroup
from wire.link.base_delay import BaseDelay

MIN_BPS, MAX_BPS = 50_000.0, 50_000_000.0

DECREASE = 0.85
"""Part of what arrived to go on with after congestion (section 5.5)."""

GROWTH_PER_S = 1.08
"""Growth of the estimate while nothing is wrong (section 5.5), up to ``PROVED`` of what arrived."""
PROVED = 1.5

ARRIVAL_WINDOW_S = 0.5
"""Time over which the rate of what arrives is counted."""

QUEUE_WINDOW_S = 0.3
MIN_QUEUE_S = 0.03
"""A queue that was shorter at any time of the last 0.3 s is that of one large frame, and no
congestion."""

SEVERE_QUEUE_S = 0.25
"""A queue of that length is taken for congestion whatever the trend says, if loss comes with it."""

DECREASE_EVERY_S = 0.3
"""Two decreases lie apart by this and a round trip: the first one must show first."""

LOSS_WINDOW_S = 1.0
MIN_PACKETS = 20
HIGH_LOSS, LOW_LOSS = 0.10, 0.02
"""Section 6: above the first the rate falls by half of the loss, below the second it may grow."""

SUDDEN_LOSS, SUDDEN_WINDOW_S = 0.2, 0.3
"""Loss that is not waited a second for: a short queue that overflows shows in no trend."""

LOSSY_PART = 0.7
"""Part of what arrived below which loss alone does not push the estimate."""

TRAIN_BYTES = 400
"""A group is a train if so much follows its first packet: less takes no longer than two ticks of
the viewer's clock at 6 Mbit/s."""

TRAINS, TRAIN_AGE_S = 15, 5.0
"""The median of so many trains, no older, is what the path carries: half a second of frames at
least, and with frames of a single packet the key frames among them."""

MIN_TRAINS = 5
TRAIN_PART = 0.85
"""Part of the trains' median that is promised."""

DISTRUST_S, MAX_DISTRUST_S = 10.0, 60.0
"""Time after congestion in which trains are not believed that promise more than ``PROVED`` of what
arrived then: a shaper with a bucket lets trains through that it would not let follow each other.
Doubles with each further congestion within the time."""

LIMIT_S = 1.5
"""Time after a decrease for which no more is sent than the estimate."""

EPISODE_S = 5.0
"""Decreases that follow each other sooner are one congestion."""


@dataclasses.dataclass(frozen=True, slots=True)
class PathSigns:
    """The signs of a viewer's path at one moment."""

    estimate_bps: float | None
    "None: nothing is known."
    loss: float = 0.0
    queue_s: float = 0.0
    is_behind: bool = False
    "Frames had to be left out, since the ones before them had not left."
    is_proved: bool = True
    "The estimate was measured, and is not bounded by what was sent."


class ViewerBandwidth:
    """The estimate for one viewer. ``now`` in seconds, never going back."""

    def __init__(self) -> None:
        self.estimate_bps: float | None = None
        "Estimate of the path's rate; None before anything is known."
        self.loss = 0.0
        "Part of the packets of the last second that were lost."
        self.rtt_s = 0.0
        self.queue_s = 0.0
        "The least delay of the last 0.3 s beyond the path's own."
        self._trend = DelayTrend()
        self._base = BaseDelay()
        self._delays: collections.deque[tuple[float, float]] = collections.deque()
        self._arrived: collections.deque[tuple[float, int]] = collections.deque()
        self._arrived_bytes = 0
        self._trains: collections.deque[tuple[float, float]] = collections.deque(maxlen=TRAINS)
        self._counts, self._loss_since = [0, 0], 0.0
        self._read_at: float | None = None
        self._decreased_at = float("-inf")
        self._distrust_s = DISTRUST_S
        self._ceiling_bps = MAX_BPS
        self._congestions = 0

    @property
    def congestions(self) -> int:
        """Times that the path was found congested."""
        return self._congestions

    @property
    def is_measured(self) -> bool:
        """True where transport-wide feedback comes."""
        return self._read_at is not None

    def limit_bps(self, *, now: float) -> float | None:
        """Returns the rate to send at while the path is congested; None else, since trains must be
        faster than the path to measure it.
        """
        if self.estimate_bps is None or now - self._decreased_at > LIMIT_S:
            return None
        return self.estimate_bps

    @property
    def arrived_bps(self) -> float:
        """Rate that arrived in the last half second."""
        return self._arrived_bytes * 8 / ARRIVAL_WINDOW_S

    @property
    def train_bps(self) -> float | None:
        """Rate of the path by trains; None where too few came of late."""
        if len(self._trains) < MIN_TRAINS:
            return None
        return statistics.median(bps for _, bps in self._trains)

    def read(self, groups: Sequence[SentGroup], *, rtt_s: float, now: float) -> None:
        """Takes the groups that transport-wide feedback told of."""
        self.rtt_s = rtt_s
        for group in groups:
            if group.arrived:
                self._take(group, now)
            self._counts[0] += group.arrived
            self._counts[1] += group.lost
        self._forget(now)
        is_lossy = self._note_loss(now)
        if not self._delays:
            return
        self.queue_s = min(delay for _, delay in self._delays) - self._base.least_s
        fills = self._trend.usage is PathUsage.OVER and self.queue_s >= MIN_QUEUE_S
        if fills or is_lossy or (self.queue_s >= SEVERE_QUEUE_S and self.loss > LOW_LOSS):
            self._decrease(is_lossy, now)
        else:
            self._increase(now)
        self._read_at = now

    def on_estimate(self, bps: float, *, now: float) -> None:
        """Takes the viewer's own estimate (REMB) where it sends no transport-wide feedback."""
        if self._read_at is None or now - self._read_at > ARRIVAL_WINDOW_S:
            self.estimate_bps = min(max(bps, MIN_BPS), MAX_BPS)

    def on_report(self, loss: float, rtt_s: float | None, *, now: float) -> None:
        """Takes a receiver report: loss since the last one, round trip if it is known."""
        if self._read_at is None or now - self._read_at > ARRIVAL_WINDOW_S:
            self.loss = loss
            self.rtt_s = self.rtt_s if rtt_s is None else rtt_s

    def _take(self, group: SentGroup, now: float) -> None:
        delay = group.first_at - group.sent_at
        self._base.add(delay, now=now)
        self._delays.append((now, delay))
        self._trend.add(group.sent_at, group.first_at)
        size = group.size * group.arrived // group.count
        self._arrived.append((now, size))
        self._arrived_bytes += size
        # With one packet missing it is not known whether the path or chance pulled them apart.
        # The first packet's own length is not between the two arrivals.
        between = group.size - group.first_size
        if between >= TRAIN_BYTES and not group.lost:
            # Less than a tick of the viewer's clock cannot be told from nothing.
            span_s = max(group.last_at - group.first_at, 0.00025)
            self._trains.append((now, min(between * 8 / span_s, MAX_BPS)))

    def _forget(self, now: float) -> None:
        while self._delays and self._delays[0][0] < now - QUEUE_WINDOW_S:
            self._delays.popleft()
        while self._arrived and self._arrived[0][0] < now - ARRIVAL_WINDOW_S:
            self._arrived_bytes -= self._arrived.popleft()[1]
        while self._trains and self._trains[0][0] < now - TRAIN_AGE_S:
            self._trains.popleft()

    def _note_loss(self, now: float) -> bool:
        """Counts the loss of each second; returns True where it is congestion."""
        arrived, lost = self._counts
        is_sudden = lost > SUDDEN_LOSS * (arrived + lost)
        window_s = SUDDEN_WINDOW_S if is_sudden else LOSS_WINDOW_S
        if now - self._loss_since < window_s or arrived + lost < MIN_PACKETS:
            return False
        self.loss = lost / (arrived + lost)
        self._counts, self._loss_since = [0, 0], now
        return self.loss > HIGH_LOSS

    def _decrease(self, is_lossy: bool, now: float) -> None:
        if now - self._decreased_at < DECREASE_EVERY_S + self.rtt_s and not is_lossy:
            return
        part = 1 - 0.5 * self.loss if is_lossy else DECREASE
        arrived = max(self.arrived_bps, MIN_BPS)
        bound = part * arrived
        if is_lossy:
            # Never far below what did arrive: a rate that fits loses nothing to a full queue.
            bound = part * min(self.estimate_bps or MAX_BPS, PROVED * arrived)
            bound = max(bound, LOSSY_PART * arrived)
        before = self.estimate_bps
        self.estimate_bps = max(MIN_BPS, bound if before is None else min(before, bound))
        self._note_congestion(now)
        self._ceiling_bps = PROVED * arrived

    def _note_congestion(self, now: float) -> None:
        since_s, self._decreased_at = now - self._decreased_at, now
        if since_s < EPISODE_S:
            return
        self._congestions += 1
        is_again = since_s < self._distrust_s
        self._distrust_s = min(2 * self._distrust_s, MAX_DISTRUST_S) if is_again else DISTRUST_S

    def _increase(self, now: float) -> None:
        estimate, trains = self.estimate_bps or 0.0, self.train_bps
        if self._read_at is not None and self.loss <= LOW_LOSS and estimate:
            since_s = min(1.0, now - self._read_at)
            proved = min(PROVED * self.arrived_bps, trains or MAX_BPS)
            estimate = max(estimate, min(estimate * GROWTH_PER_S**since_s, proved))
        if trains is not None and now - self._decreased_at > DECREASE_EVERY_S + self.rtt_s:
            if now - self._decreased_at > self._distrust_s:
                self._ceiling_bps = MAX_BPS
            estimate = max(estimate, min(TRAIN_PART * trains, self._ceiling_bps))
        if estimate:
            self.estimate_bps = min(max(estimate, MIN_BPS), MAX_BPS)
