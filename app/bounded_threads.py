"""Threads of their own for what requests cost: what is asked for twice is made once."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable, Hashable
from functools import partial
from typing import Any, TypeVar

from app.errors import Full

ResultT = TypeVar("ResultT")


class Busy(Full):
    """Too many people ask for this at the moment; try again shortly."""

    title = "Server busy"
    retry_after_s = 2


class BoundedThreads:
    """Does work for requests on so many ``threads``; more than ``most`` pieces are refused.

    Nobody else's work waits behind it. For one event loop.
    """

    def __init__(self, threads: int, name: str, *, most: int) -> None:
        self._executor = concurrent.futures.ThreadPoolExecutor(threads, name)
        self._most = most
        self._under_way: dict[Hashable, asyncio.Future[Any]] = {}
        self.refused = 0
        """Requests that were refused since too much waited."""

    async def do(self, key: Hashable, work: Callable[[], ResultT]) -> ResultT:
        """Returns the result of ``work``, or that of the same ``key`` that is under way.

        Raises Busy where as much waits as may.
        """
        future = self._under_way.get(key)
        if future is None:
            if len(self._under_way) >= self._most:
                self.refused += 1
                raise Busy
            future = asyncio.get_running_loop().run_in_executor(self._executor, work)
            self._under_way[key] = future
            future.add_done_callback(partial(self._end, key))
        # Others may wait for it too, and a thread cannot be cancelled.
        return await asyncio.shield(future)

    def close(self) -> None:
        """Begins nothing more. What runs on a thread ends by itself."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _end(self, key: Hashable, future: asyncio.Future[Any]) -> None:
        del self._under_way[key]
        if not future.cancelled():
            future.exception()  # Else one for which nobody waits any more is in the log.
