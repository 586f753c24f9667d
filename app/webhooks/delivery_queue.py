"""The events that one receiver was not told yet, and when each is tried again; no I/O, no clock.

Events go out one behind the other, so that a receiver learns them in their order. A full queue
drops those of viewers first, whom anybody can invent, and then the oldest: what is newest tells
most of how things stand.
"""

from __future__ import annotations

import collections
import dataclasses
import random

from app.webhooks.visits import Visit, WaitingVisits

MAX_EVENTS = 1_000
"""Events that wait for a receiver: an hour of one each 3.6 s, about 1 MB."""

FIRST_PAUSE_S = 1.0
MAX_PAUSE_S = 300.0
"""Pauses double from the first to the longest; each is between half of it and all of it, so that
the queues of many nodes do not come back at one moment."""

MAX_AGE_S = 3_600.0
"""Age at which an event is given up: it is no news any more."""


@dataclasses.dataclass(frozen=True, slots=True)
class HookEvent:
    """One event as it is sent."""

    id: str
    "The same in all attempts, by which a receiver knows what it has had."
    body: bytes
    at_s: float
    "Time of the event, by the clock of ``now``."
    visit: Visit | None = None
    "Set if it tells of a viewer."


class DeliveryQueue:
    """The queue of one receiver. ``dropped`` counts by reason what it is never told."""

    def __init__(
        self, *, max_events: int = MAX_EVENTS, chance: random.Random | None = None
    ) -> None:
        self._events: collections.OrderedDict[str, HookEvent] = collections.OrderedDict()
        self._visits = WaitingVisits(max_untold=max_events)
        self._max_events = max_events
        self._chance = chance or random.Random()
        self._failures = 0
        self._due_s = float("-inf")
        self.dropped: collections.Counter[str] = collections.Counter()

    def __len__(self) -> int:
        """Returns the number of events that wait."""
        return len(self._events)

    def push(self, event: HookEvent) -> None:
        """Adds an event. Where there are too many, all events of a viewer go, else the oldest."""
        if event.visit is not None and not self._visits.add(event.id, event.visit):
            self.dropped["viewers"] += 1
            return
        self._events[event.id] = event
        if len(self._events) <= self._max_events:
            return
        if given := self._visits.give_way():
            for event_id in given:
                del self._events[event_id]
            self.dropped["viewers"] += len(given)
        else:
            self._events.popitem(last=False)
            self.dropped["full"] += 1

    def next(self, *, now: float) -> HookEvent | None:
        """Returns the event to send now, None while there is none or the time has not come."""
        while (first := self._first()) is not None and now - first.at_s > MAX_AGE_S:
            self._hold(first)
            self._take(first)
            self.dropped["late"] += 1
        if first is None or now < self._due_s:
            return None
        self._hold(first)
        return first

    def wait_s(self, *, now: float) -> float | None:
        """Returns the time until something is to be sent; None while nothing waits."""
        return max(0.0, self._due_s - now) if self._events else None

    def succeeded(self, event: HookEvent) -> None:
        """Notes that the receiver has the event."""
        self._failures, self._due_s = 0, float("-inf")
        self._take(event)

    def refused(self, event: HookEvent) -> None:
        """Notes that the receiver will never take the event."""
        self._failures, self._due_s = 0, float("-inf")
        if self._take(event):
            self.dropped["refused"] += 1

    def failed(self, *, now: float) -> None:
        """Notes that the receiver could not be told: it is tried again after a pause."""
        pause_s = min(MAX_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(self._failures, 20))
        self._failures += 1
        self._due_s = now + pause_s * self._chance.uniform(0.5, 1.0)

    def _first(self) -> HookEvent | None:
        return next(iter(self._events.values()), None)

    def _hold(self, event: HookEvent) -> None:
        # The receiver may have it from now on: it is not taken back with the rest of its visit.
        if event.visit is not None:
            self._visits.leave(event.id, event.visit)

    def _take(self, event: HookEvent) -> bool:
        # While it was sent it may have been dropped for a newer one.
        return self._events.pop(event.id, None) is not None
