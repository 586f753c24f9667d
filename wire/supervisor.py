"""Keeps a task of a stream going: an error that nobody foresaw costs a pause, not the stream.

An answer of Redis that has no class, or a fault of our own, must not end a broadcast with all its
viewers. It is logged with its place, and the task begins anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

from wire.stream_logger import StreamLogger

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class Pauses:
    """The times between a failure and the next beginning, in seconds."""

    first_s: float = 0.2
    "The pause after a failure that follows none; viewers notice little of it."
    max_s: float = 5.0
    "Pauses double up to this: a task that always fails neither burns a core nor fills a log."


CALM_S = 30.0
"""Time without a failure after which the next pause is short again."""


async def keep_going(
    name: str,
    work: Callable[[], Awaitable[None]],
    *,
    passes: tuple[type[Exception], ...] = (),
    failed: Callable[[], None] = lambda: None,
    logger: logging.Logger | StreamLogger = log,
    pauses: Pauses = Pauses(),
) -> None:
    """Runs ``work`` until it returns or is cancelled; begins it anew after any other end.

    ``passes`` are the exceptions that mean something to the caller, and pass through. ``failed``
    is called after each failure, which ``logger`` is told.
    """
    loop = asyncio.get_running_loop()
    pause_s = pauses.first_s
    while True:
        began = loop.time()
        try:
            await work()
        # Above the broad handler, which would catch them as well. A cancellation is no `Exception`
        # and passes both.
        except passes:
            raise
        except Exception:  # The border of a task, whose end would end the stream.
            logger.exception(
                "%s failed, and goes on in %.1f s", name, pause_s, extra={"action": "task_failed"}
            )
        else:
            return
        failed()
        if loop.time() - began > CALM_S:
            pause_s = pauses.first_s
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, pauses.max_s)


Beside = Callable[[asyncio.Event], Coroutine[Any, Any, None]]
"""Work beside a server, until the event is set."""


@contextlib.asynccontextmanager
async def running_beside(work: Beside | None, stop: asyncio.Event) -> AsyncIterator[None]:
    """Runs ``work`` while the block runs, and ends it by ``stop``; raises what it died of."""
    if work is None:
        yield
        return
    task = asyncio.get_running_loop().create_task(work(stop), name="beside")
    try:
        yield
    finally:
        stop.set()
        await task
