"""One simulcast layer of a stream: its last group of pictures, and who follows it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from app.streams.ingest_queue import IngestQueue
from app.streams.layer_timeline import LayerTimeline
from app.streams.meters import RateMeter
from media.access_unit import AccessUnit
from wire.stream_record import ReceivedLayer

WATCH_S = 3.0
"""The log is written for this long after somebody said that he reads it: two renewals may be
missed, as with the watch leases of renditions."""

FLOWS_S = 2.0
"""A layer without a picture for this long is not listed any more."""

Follower = Callable[[AccessUnit, int], None]


class LayerFeed:
    """Feeds readers of this node from memory, and the log while somebody else reads it.

    A log that nobody reads would cost Redis as much as the source's, for each layer.
    ``ask`` asks the publisher for a key frame of this layer. No I/O.
    """

    def __init__(self, rendition: str, epoch: int, ask: Callable[[], None]) -> None:
        self.rendition = rendition
        self.epoch = epoch
        self._ask = ask
        self._backlog = IngestQueue()
        self._followers: set[Follower] = set()
        self._meter = RateMeter()
        self._timeline = LayerTimeline()
        self._sequence = 0
        self._size = (0, 0)
        self._last = 0.0
        self._watched_until = 0.0

    def take(self, unit: AccessUnit, source: AccessUnit | None, *, now: float) -> bool:
        """Takes a picture of the layer; True if it waits for the log.

        ``source`` is the last picture of the source, whose time line the layer's pictures get.
        """
        self._last = now
        if source is not None:
            unit = self._timeline.place(unit, source)
        unit = dataclasses.replace(unit, sequence=self._sequence & 0xFFFFFFFF)
        self._sequence += 1
        self._size = (unit.width, unit.height) if unit.width else self._size
        self._meter.add(len(unit.payload), now=now)
        if self._backlog.push(unit) and self.is_wanted(now=now):
            self._ask()
        # A copy, because a follower may leave while it is called.
        for follower in tuple(self._followers):
            follower(unit, self.epoch)
        if self.is_watched(now=now):
            return True
        # Nobody reads the log: what would be written counts as written.
        while self._backlog.pop():
            pass
        return False

    def watch(self, *, now: float) -> None:
        """Notes that somebody reads the log. It begins with the last group of pictures."""
        if not self.is_watched(now=now) and not self._backlog.rewind():
            self._ask()
        self._watched_until = now + WATCH_S

    def is_watched(self, *, now: float) -> bool:
        """True while the log is to be written."""
        return now < self._watched_until

    def is_wanted(self, *, now: float) -> bool:
        """True while anybody gets the layer."""
        return bool(self._followers) or self.is_watched(now=now)

    def follow(self, follower: Follower) -> list[AccessUnit]:
        """Adds a follower of all further units; returns the units since the last key frame."""
        self._followers.add(follower)
        return self._backlog.group()

    def unfollow(self, follower: Follower) -> None:
        """Removes a follower."""
        self._followers.discard(follower)

    def request_key_frame(self) -> None:
        """Asks the publisher for a key frame of the layer."""
        self._ask()

    def replace_connection(self, ask: Callable[[], None]) -> None:
        """Goes on with another connection, at a key frame."""
        self._ask = ask
        self._timeline = LayerTimeline()
        self._backlog.lose("replaced")

    def pop(self) -> list[AccessUnit]:
        """Takes what waits for the log, up to a batch."""
        return self._backlog.pop()

    def put_back(self, units: list[AccessUnit]) -> None:
        """Takes back what could not be written."""
        self._backlog.put_back(units)

    def lose(self, reason: str) -> None:
        """Drops what waits for the log; it goes on at a key frame, which is asked for."""
        self._backlog.lose(reason)
        self._ask()

    @property
    def dropped(self) -> dict[str, int]:
        """Units that did not reach the log while it was read, by reason."""
        return dict(self._backlog.dropped)

    def listed(self, *, now: float) -> ReceivedLayer | None:
        """Returns what the stream's record says of the layer, None while it does not flow."""
        if not self._size[0] or now - self._last > FLOWS_S:
            return None
        return ReceivedLayer(self.rendition, *self._size, round(self._meter.kbps(now=now)))
