"""Callbacks that threads of a pipeline call, and that the event loop runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


def on_loop(function: Callable[..., object]) -> Callable[..., None]:
    """Returns a callback for any thread: it has the running loop call ``function``, in order, and
    does not wait for it. To be called from the loop.
    """
    loop = asyncio.get_running_loop()

    def call(*args: object) -> None:
        # State of a session is the loop's alone. A thread that touched it would need a lock around
        # every access, and an asyncio.Event that it set would not wake the loop from its select.
        loop.call_soon_threadsafe(function, *args)

    return call
