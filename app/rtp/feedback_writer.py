"""Collects the arrivals of one transport and tells them to its sender in time.

Transport-wide congestion control (draft-holmer-rmcat-transport-wide-cc-extensions-01) leaves the
estimate to the sender; the receiver only reports. No I/O, no clock.
"""

from __future__ import annotations

from app.rtp.transport_feedback import REFERENCE_TICKS, TICK_US, TransportFeedback
from media.serial import Unwrapper

MIN_INTERVAL_S = 0.05
"""Minimum time between feedbacks, as in libwebrtc's own receiver."""

MAX_INTERVAL_S = 0.25
"""Maximum time between them while packets come, also libwebrtc's."""

RTCP_FRACTION = 0.05
"""Fraction of the media's bandwidth that feedback may take (RFC 3550 section 6.2). It allows one
each 50 ms from 220 kbit/s on, one each 100 ms from 110 kbit/s on."""

FEEDBACK_BYTES = 68
"""A feedback's usual size with its IP, UDP and SRTCP headers, as libwebrtc counts it."""

BURST = 100
"""Arrivals after which the next feedback is due before its time."""

BURST_INTERVAL_S = 0.02
"""Minimum time between feedbacks even then: fifty a second."""

MAX_RECEIVED = 400
"""Arrivals told in one packet at most: each takes up to two bytes of deltas and a third of a byte
of status, and 1200 bytes pass everywhere."""

MAX_SPAN = 4096
"""Sequence numbers from the first to the last untold one. What jumps further begins anew: no sender
remembers so many packets, and one feedback may not tell of more."""

KEPT = 512
"""Sequence numbers for which a late arrival still corrects what was told."""

_MAX_DELTA = 0x7FFF
"Ticks that a delta can have, 8 s."


class FeedbackWriter:
    """Makes the feedback about the packets of one transport, audio and video alike.

    A packet that comes behind its successors is told when it comes, with all above it once more;
    duplicates count by their first arrival. Holds at most ``MAX_SPAN + KEPT`` arrivals.
    """

    def __init__(self) -> None:
        self._sequences = Unwrapper(16)
        self._ticks: dict[int, int] = {}
        "Arrival of each sequence number in ticks of 250 us."
        self._from: int | None = None
        "The first sequence number of the next feedback."
        self._highest = 0
        self._count = 0
        self._untold = 0
        self._untold_bytes = 0
        self._rate = 0.0
        "Bytes a second, smoothed over feedbacks."
        self._since = 0.0
        "Time of the last feedback; of the first untold arrival where a pause went before it."

    def add(self, sequence: int, size: int, *, now: float) -> bool:
        """Notes a packet of ``size`` bytes with this transport-wide number (16 bits).

        Returns False where it will not be told: it came before, or lies too far behind.
        """
        number = self._sequences.unwrap(sequence)
        start = self._from
        if start is None or number - start >= MAX_SPAN:
            start = number
            self._ticks.clear()
            self._highest = number - 1
            self._untold = self._untold_bytes = 0
        elif number <= self._highest - KEPT:
            return False
        if number in self._ticks:
            return False
        self._ticks[number] = int(now * 1_000_000) // TICK_US
        if not self._untold and now - self._since > MAX_INTERVAL_S:
            self._since = now
        self._untold += 1
        self._untold_bytes += size
        self._from = min(start, number)
        self._highest = max(self._highest, number)
        return True

    def next_deadline(self) -> float | None:
        """Returns the time at which the next feedback is due, None while there is nothing new."""
        if not self._untold:
            return None
        if self._untold >= BURST:
            return self._since + BURST_INTERVAL_S
        return self._since + self._interval_s()

    def _interval_s(self) -> float:
        if not self._rate:
            return MIN_INTERVAL_S  # the first ones let a sender ramp up
        return min(
            MAX_INTERVAL_S, max(MIN_INTERVAL_S, FEEDBACK_BYTES / (RTCP_FRACTION * self._rate))
        )

    def take(self, *, sender_ssrc: int, media_ssrc: int, now: float) -> list[TransportFeedback]:
        """Returns the feedback about everything new, in as many packets as it needs."""
        start = self._from
        if not self._untold or start is None:
            return []
        self._note_rate(now)
        found: list[TransportFeedback] = []
        while start <= self._highest:
            end = self._end_of(start)
            found.append(self._feedback(start, end, sender_ssrc, media_ssrc))
            start = end
        self._from = start
        for told in [n for n in self._ticks if n <= self._highest - KEPT]:
            del self._ticks[told]
        return found

    def _note_rate(self, now: float) -> None:
        passed = max(BURST_INTERVAL_S, now - self._since)
        sample = self._untold_bytes / passed
        self._rate = sample if not self._rate else self._rate + (sample - self._rate) / 4
        self._untold = self._untold_bytes = 0
        self._since = now

    def _end_of(self, start: int) -> int:
        """Returns where a feedback that begins at ``start`` has to end: behind an arrival."""
        last: int | None = None
        end = start + 1
        received = 0
        for number in range(start, self._highest + 1):
            tick = self._ticks.get(number)
            if tick is None:
                continue
            if received == MAX_RECEIVED or (last is not None and abs(tick - last) > _MAX_DELTA):
                break
            received, last, end = received + 1, tick, number + 1
        return end

    def _feedback(self, start: int, end: int, sender: int, media: int) -> TransportFeedback:
        ticks = [self._ticks.get(number) for number in range(start, end)]
        first = next((tick for tick in ticks if tick is not None), 0)
        reference = first // REFERENCE_TICKS
        base = reference * REFERENCE_TICKS
        count, self._count = self._count, (self._count + 1) & 0xFF
        wrapped = reference & 0xFFFFFF
        return TransportFeedback(
            sender_ssrc=sender,
            media_ssrc=media,
            base=start & 0xFFFF,
            count=count,
            reference=wrapped - 0x1000000 if wrapped & 0x800000 else wrapped,
            arrivals=tuple(None if tick is None else tick - base for tick in ticks),
        )
