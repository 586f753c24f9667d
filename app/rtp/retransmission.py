"""Lost packets that may come back: what is asked for again and when it is given up.

No I/O, no clock. Every call costs what it changes, not what is missing: a publisher decides how
much that is.
"""

from __future__ import annotations

import collections
import heapq
import itertools

MIN_NACK_S = 0.02
"""Minimum time between two requests for a packet."""

MAX_NACK_S = 0.3
"""Maximum time between two requests: beyond it none would be left before the packet is given up."""

GIVE_UP_S = 0.2
"""Time that a missing packet is waited for before a key frame is asked for instead, on short paths:
three answers on one of 50 ms."""

ANSWERS = 3
"""Answers that are waited for where the round trip is long. At 5 % loss both ways one request of
ten fails, so one lost packet in a thousand has no answer; with two it is one in a hundred."""

PACED_S = 0.02
"""Time by which retransmissions take longer than a check on the same path: libwebrtc sends them at
a pace, and asking again before they can be there only makes them come twice."""

MAX_GIVE_UP_S = 0.6
"""The same on the longest of paths: viewers' players wait about as long."""

UNANSWERED = 8
"""Packets in a row that were asked for and given up, after which a publisher counts as one that
keeps none: OBS answers for its highest simulcast layer alone."""

HOPELESS_S = 0.05
"""Time that a missing packet of such a publisher is waited for: it can only be late."""

MAX_NACKS = 64
"""Sequence numbers named in one NACK at most."""


MAX_ASKED = 4096
"""Requests remembered; several times what may be missing."""


class RoundTripEstimator:
    """Estimates the time to the peer and back by smoothed means, as TCP does (RFC 6298 section 2).

    The gains are those of the RFC, 1/8 and 1/4. The deviation begins at a quarter of the first
    sample, not at half of it, and counts twice, not four times. By the RFC's numbers the first
    expectation would be three round trips: of 0.1 s each, a packet would be given up
    (``GIVE_UP_S``) before it could be asked for again.
    """

    def __init__(self) -> None:
        self.smoothed_s = 0.05
        self._deviation_s = 0.0
        self._is_measured = False

    def add(self, sample_s: float) -> None:
        """Takes one measurement."""
        if not self._is_measured:
            self._is_measured = True
            self.smoothed_s, self._deviation_s = sample_s, sample_s / 4
            return
        self._deviation_s += (abs(self.smoothed_s - sample_s) - self._deviation_s) / 4
        self.smoothed_s += (sample_s - self.smoothed_s) / 8

    @property
    def expected_s(self) -> float:
        """The time in seconds by which nearly every answer is there."""
        return self.smoothed_s + 2 * self._deviation_s


class NackGenerator:
    """Requests for the missing packets of one track, by ascending unwrapped sequence number."""

    def __init__(self) -> None:
        self.round_trip = RoundTripEstimator()
        self._missing: dict[int, tuple[float, int, float]] = {}
        "(missing since, times asked for, last at); ascending in number and in since."
        self._fresh: collections.deque[int] = collections.deque()
        "Numbers without a request; what arrived may still be in it."
        self._asked: list[tuple[float, int]] = []
        "Heap of (to be asked for again at, number); what arrived may still be in it."
        self._unanswered = 0
        "Packets in a row that were asked for and given up."

    def __len__(self) -> int:
        return len(self._missing)

    @property
    def _give_up_s(self) -> float:
        if self._unanswered >= UNANSWERED:
            return HOPELESS_S
        return min(MAX_GIVE_UP_S, max(GIVE_UP_S, ANSWERS * self.round_trip.expected_s))

    def add_missing(self, first: int, end: int, *, now: float) -> None:
        """Notes packets as missing: ``first`` to ``end - 1``, all above those noted before."""
        for number in range(first, end):
            self._missing[number] = (now, 0, now)
            self._fresh.append(number)

    def on_arrival(self, number: int, *, now: float) -> None:
        """Notes that a packet came, in answer to a request or by itself."""
        entry = self._missing.pop(number, None)
        self._unanswered = 0
        if entry is not None and entry[1] == 1:
            # Karn's algorithm: after a second request nobody knows which one was answered.
            self.round_trip.add(now - entry[2])

    def on_late(self) -> None:
        """Notes that a packet came that was given up: there are answers, and they take longer."""
        self._unanswered = 0

    def forget_below(self, number: int) -> int:
        """Gives up all packets below ``number``; returns how many these were."""
        gone = list(itertools.takewhile(lambda missing: missing < number, self._missing))
        for missing in gone:
            if self._missing.pop(missing)[1]:
                self._unanswered += 1
        while self._fresh and self._fresh[0] < number:
            self._fresh.popleft()
        return len(gone)

    def forget_all(self) -> int:
        """Gives up all packets; returns how many these were."""
        gone = len(self._missing)
        self._missing.clear()
        self._fresh.clear()
        self._asked.clear()
        return gone

    def take_nacks(self, *, now: float) -> list[int]:
        """Returns the numbers whose next request is due, ``MAX_NACKS`` at most."""
        taken: list[int] = []
        # Repeated requests go before new ones: their packets are given up sooner.
        while self._asked and self._asked[0][0] <= now and len(taken) < MAX_NACKS:
            self._ask(heapq.heappop(self._asked)[1], taken, now)
        while self._fresh and len(taken) < MAX_NACKS:
            self._ask(self._fresh.popleft(), taken, now)
        return sorted(taken)

    def _ask(self, number: int, taken: list[int], now: float) -> None:
        entry = self._missing.get(number)
        if entry is None:
            return
        taken.append(number)
        self._missing[number] = (entry[0], entry[1] + 1, now)
        wait = min(MAX_NACK_S, max(MIN_NACK_S, self.round_trip.expected_s))
        # Entries of packets that arrived stay in the heap until their time has come, because taking
        # one out of the middle costs a search. Their number is bounded by cleaning the whole heap.
        heapq.heappush(self._asked, (now + wait, number))
        if len(self._asked) > MAX_ASKED:
            self._asked = [again for again in self._asked if again[1] in self._missing]
            heapq.heapify(self._asked)

    def overdue(self, *, now: float) -> int | None:
        """Returns the highest number that was waited for long enough, None if there is none."""
        found = None
        for number, (since, _, _) in self._missing.items():
            # Numbers are noted as missing in ascending order of time, so the first one that may
            # still come ends the search.
            if now - since < self._give_up_s:
                break
            found = number
        return found

    def next_deadline(self) -> float | None:
        """Returns the time of the next request or loss, None while nothing is missing."""
        if not self._missing:
            self.forget_all()  # what is left of it came meanwhile
            return None
        since = next(iter(self._missing.values()))[0]
        while self._asked and self._asked[0][1] not in self._missing:
            heapq.heappop(self._asked)
        # More were missing than one NACK may name, so the next request is due already.
        if self._fresh:
            return since
        return min(since + self._give_up_s, self._asked[0][0] if self._asked else since)
