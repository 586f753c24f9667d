"""The source of a stream that a worker helps with: followed, decoded, and kept for a second."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from media.access_unit import AccessUnit
from wire.clock_offset import ClockOffset
from wire.site import SiteStream
from wire.supervisor import keep_going
from workers.media.frame_task import FrameTask
from workers.media.route import Route
from workers.media.source_frame import Taker
from workers.source.source_follower import SourceFollower
from workers.team.recent_pictures import RecentPictures

__all__ = ["HelperSource"]

_COMPARE_S = 5.0
"""Interval at which clocks are compared: ages only decide which pictures are kept, so a millisecond
of drift does not matter, and over a link each comparison is a call."""

_JOIN_S = 1.0
"""Time for the decoding thread to end."""


class HelperSource:
    """Decodes one stream of one publisher, for all leads that the worker helps with it.

    ``run`` until ``close``. It is its own taker of units, and the sink of their pictures.
    """

    def __init__(
        self, site: SiteStream, stream: str, epoch: int, *, changed: Callable[[], None]
    ) -> None:
        """``epoch`` is the publisher's. ``changed`` is called from the decoding thread when a frame
        came or was lost.
        """
        self.pictures = RecentPictures()
        self.size: tuple[int, int] | None = None
        "Width and height of the last picture; None before the first."
        self._stream = stream
        self._epoch = epoch
        self._changed = changed
        self._closed = asyncio.Event()
        self._fault = ""
        self._follower = SourceFollower(
            site, stream, self, clock_offset=ClockOffset(), failed=self._on_failure
        )

    @property
    def is_closed(self) -> bool:
        """True once it follows no longer."""
        return self._closed.is_set()

    @property
    def fault(self) -> str:
        """A sentence that says why there are no pictures; empty if there are, or will be."""
        return self._fault or self._follower.decoder.fault

    async def run(self) -> None:
        """Follows until ``close``."""
        follower = self._follower
        works = {"read": follower.read, "watch": self._watch, "ask": follower.ask}
        follower.decoder.start()
        follower.set_awake(True)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(keep_going(name, work), name=f"{name} {self._stream}")
                    for name, work in works.items()
                ]
                await self._closed.wait()
                for task in tasks:
                    task.cancel()
        finally:
            self._closed.set()
            follower.decoder.close()
            await asyncio.to_thread(follower.decoder.join, _JOIN_S)

    def close(self) -> None:
        """Ends ``run``."""
        self._closed.set()

    async def _watch(self) -> None:
        while True:
            await self._follower.compare_clocks()
            await asyncio.sleep(_COMPARE_S)

    # As a taker of units, on the loop.

    async def take(self, unit: AccessUnit, *, is_replay: bool, now: float) -> tuple[Taker, ...]:
        """Takes each unit of the publisher: a later one may refer to it."""
        if self._follower.epoch != self._epoch:
            return ()
        self.pictures.read(unit.sequence)
        return (Taker(self, Route.DECODE),)

    def repeat(self) -> None:
        """Needs nothing: the unit was decoded."""

    # As the sink of pictures, on the decoding thread.

    def offer(self, task: FrameTask) -> bool:
        """Takes a decoded frame."""
        if task.picture is not None:
            self.size = task.picture.width, task.picture.height
            unit = task.unit
            self.pictures.put(unit.sequence, task.picture, at=task.arrived, pts=unit.pts)
            self._changed()
        return True

    def drop(self, task: FrameTask, reason: str) -> None:
        """Notes that a unit becomes no picture."""
        self.pictures.lose(task.unit.sequence)
        self._changed()

    def _on_failure(self, error: Exception) -> None:
        self._fault = f"Decoding failed ({error!r})."
