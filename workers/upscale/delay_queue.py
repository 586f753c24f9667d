"""The queue between decoder and upscaler, which holds back frames that helpers work on."""

from __future__ import annotations

import math
import threading
import time

from workers.media.frame_task import FrameTask
from workers.runtime.bounded_queue import BoundedQueue
from workers.upscale.release_pacing import ReleasePacing
from workers.upscale.team_frame import TeamFrame, team_of

__all__ = ["DelayQueue"]


class DelayQueue(BoundedQueue[FrameTask]):
    """First in, first out: ``get`` waits until the frame at the head has its results, at most until
    its playout deadline. Frames without a team pass at once, unless those before them were held:
    then the delay goes down by and by.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._pacing = ReleasePacing()
        self._closing = threading.Event()
        self._head: TeamFrame | None = None

    def put(self, item: FrameTask) -> bool:
        """Waits for space and adds a frame; returns False, adding nothing, after the end."""
        item.queued = time.monotonic()
        return super().put(item)

    def get(self) -> FrameTask | None:
        """Waits for the next frame; returns None if the queue is closed, or finished and empty.

        ``held_s`` of the frame tells how long it was held back on purpose.
        """
        item = super().get()
        if item is None:
            return None
        ready, until = item.queued, math.inf
        team = self._head = team_of(item)
        # Race: ``close`` sets its flag before it looks at the head. So it either finds this frame
        # there and releases it, or this thread sees the flag.
        if team is not None and not self.is_closed:
            team.wait(now=time.monotonic())
            ready, until = team.released_at, team.until
        leaves = self._pacing.release(queued=item.queued, ready=ready, until=until)
        item.held_s = leaves - item.queued
        left_s = leaves - time.monotonic()
        if team is not None:
            team.late_s = max(0.0, -left_s)
        if item.held_s > 0.0 and left_s > 0.0:
            self._closing.wait(left_s)
        return None if self.is_closed else item

    def close(self) -> None:
        """Ends both sides at once; frames inside are lost."""
        super().close()
        self._closing.set()
        head = self._head
        if head is not None:
            head.release(now=time.monotonic())
