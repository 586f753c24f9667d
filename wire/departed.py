"""Takes a worker that has died off the lists, for a process that saw it end."""

from __future__ import annotations

import asyncio

from wire.connection import connect
from wire.heartbeat import Heartbeats
from wire.jobs import JobQueue

TIMEOUT_S = 1.0
"""Time for it: after that the worker's leases have lapsed by themselves."""


async def take_off(redis_url: str, prefix: str, worker: str) -> int:
    """Takes a worker that has ended off the lists, and frees what it held; returns the number of
    its leases.

    Others take its jobs within a tenth of a second, and need not wait for the leases to lapse.
    Raises one of REDIS_DOWN, TimeoutError among them.
    """
    client = connect(redis_url, prefix=prefix)
    try:
        async with asyncio.timeout(TIMEOUT_S):
            # Off the lists first: devices leave a job to a near worker that seems to have space.
            await Heartbeats(client).leave(worker)
            return await JobQueue(client, consumer=worker).release_all()
    finally:
        await client.aclose()
