"""Tasks that belong to one owner."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

log = logging.getLogger(__name__)


class TaskSet:
    """Owns named tasks from their start to their end, and logs what one of them died of."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Starts a task."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        # The event loop has weak references only: a task that nobody holds may vanish while it
        # waits.
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error(
                "task %s died",
                task.get_name(),
                exc_info=task.exception(),
                extra={"action": "task_failed"},
            )

    async def finish(self, timeout_s: float) -> None:
        """Waits until all tasks have ended by themselves, or for ``timeout_s``."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=timeout_s)

    async def cancel(self) -> None:
        """Cancels what still runs and waits for its end."""
        # A copy, since each task takes itself out of the set when it ends.
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        # What they died of is in the log by now.
        await asyncio.gather(*tasks, return_exceptions=True)
