"""Jobs and leases: who enhances which stream.

One entry of the ``jobs`` stream is one stream to enhance. A worker that reads it through the
group holds its lease and renews it; a lease that was not renewed for ``LEASE_MS`` can be taken
over. The lease only says who should work; what keeps a late writer out is the epoch
(``StreamRegistry.take_lead``).
"""

from __future__ import annotations

import dataclasses

import redis.exceptions

from wire import keys
from wire.connection import Redis, command
from wire.script import Script

LEASE_MS = 800
"""A lease lives this long without renewal; short, since nobody enhances meanwhile."""

RENEW_S = 0.2
"""How often its holder renews it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Job:
    """One stream to enhance."""

    entry: str
    "Its entry id in the jobs stream."
    stream: str
    session: int
    "The publisher's epoch the job was made for."


_RENEW = Script(
    """
local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1)
if #pending == 0 or pending[1][2] ~= ARGV[2] then return 0 end
redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3], 'JUSTID')
return 1
"""
)


class JobQueue:
    """The consumer group of all workers; ``consumer`` is this worker's name in it."""

    def __init__(self, client: Redis, *, consumer: str = "") -> None:
        self._client = client
        self._consumer = consumer

    async def offer(self, stream: str, session: int) -> str:
        """Adds a job; its entry id."""
        entry = await command(
            self._client, "XADD", keys.JOBS, "*", "stream", stream, "session", session
        )
        return str(entry.decode())

    async def is_there(self, entry: str) -> bool:
        """False once the job was finished, or Redis lost it."""
        return bool(await command(self._client, "XRANGE", keys.JOBS, entry, entry))

    async def claim(self, *, block_ms: int) -> Job | None:
        """The next job nobody holds, or None after ``block_ms`` without one."""
        try:
            answer = await command(
                self._client, "XREADGROUP", "GROUP", keys.JOBS_GROUP, self._consumer,
                "COUNT", 1, "BLOCK", block_ms, "STREAMS", keys.JOBS, ">",
            )  # fmt: skip
        except redis.exceptions.ResponseError as error:
            await self._on_error(error)
            return None
        return _job(answer[0][1][0]) if answer else None

    async def take_over(self, *, min_idle_ms: int = LEASE_MS) -> Job | None:
        """A job whose holder did not renew its lease, now ours; None if there is none."""
        try:
            answer = await command(
                self._client, "XAUTOCLAIM", keys.JOBS, keys.JOBS_GROUP, self._consumer,
                min_idle_ms, "0-0", "COUNT", 1,
            )  # fmt: skip
        except redis.exceptions.ResponseError as error:
            await self._on_error(error)
            return None
        rows = [row for row in answer[1] if row and row[1]]
        return _job(rows[0]) if rows else None

    async def renew(self, job: Job) -> bool:
        """False if the lease is somebody else's by now, or the job is gone."""
        try:
            args = [keys.JOBS_GROUP, self._consumer, job.entry]
            return bool(await _RENEW.run(self._client, [keys.JOBS], args))
        except redis.exceptions.ResponseError as error:
            await self._on_error(error)
            return False

    async def finish(self, entry: str) -> None:
        """Removes the job: its stream ended."""
        try:
            await command(self._client, "XACK", keys.JOBS, keys.JOBS_GROUP, entry)
        except redis.exceptions.ResponseError as error:
            await self._on_error(error)
        await command(self._client, "XDEL", keys.JOBS, entry)

    async def give_back(self, job: Job) -> None:
        """Lets go of the lease at once, so that another worker need not wait for it to lapse."""
        args = [keys.JOBS_GROUP, self._consumer, job.entry]
        if await _RENEW.run(self._client, [keys.JOBS], args):
            # An idle time far above any lease makes the entry the next one to be taken over.
            await command(
                self._client, "XCLAIM", keys.JOBS, keys.JOBS_GROUP, self._consumer, 0, job.entry,
                "IDLE", 3_600_000, "JUSTID",
            )  # fmt: skip

    async def _on_error(self, error: redis.exceptions.ResponseError) -> None:
        """Makes the group where it is missing (first start, or Redis lost it)."""
        if not str(error).startswith("NOGROUP"):
            raise error
        try:
            await command(
                self._client, "XGROUP", "CREATE", keys.JOBS, keys.JOBS_GROUP, "0", "MKSTREAM"
            )
        except redis.exceptions.ResponseError as busy:
            if not str(busy).startswith("BUSYGROUP"):
                raise


def _job(row: tuple[bytes, list[bytes]]) -> Job:
    entry, flat = row
    fields = dict(zip(flat[::2], flat[1::2], strict=True))
    return Job(
        entry=entry.decode(),
        stream=fields[b"stream"].decode(),
        session=int(fields[b"session"]),
    )
