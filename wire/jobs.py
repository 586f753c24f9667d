"""Jobs and leases: they say which worker makes a rendition.

One entry of the ``jobs`` stream is one enhanced rendition of one stream. A worker that reads it
through the group holds its lease and renews it; a lease that was not renewed for ``LEASE_MS`` can
be taken over. The lease only says who should work; what keeps a late writer out is the epoch
(``RenditionRegistry.take_lead``).
"""

from __future__ import annotations

import dataclasses
import enum
import logging
import re
from collections.abc import Sequence

import redis.exceptions

from wire import keys
from wire.connection import Redis, command
from wire.errors import BadMessage, DamagedKey
from wire.own_leases import OwnLeases
from wire.script import Script

log = logging.getLogger(__name__)

# Epochs are below 2^53 and so have at most 16 digits.
_EPOCH = re.compile(rb"\d{1,16}\Z")

LEASE_MS = 500
"""A lease lives this long without renewal; short, since nobody enhances meanwhile. A worker that
was merely held up for longer gets its job back, or finds itself fenced."""

RENEW_S = 0.1
"""Interval at which the holder of a lease renews it."""


class JobOrigin(enum.Enum):
    """The way by which a worker got a job."""

    NEW = "new"
    "Nobody had it before."
    LAPSED = "lapsed"
    "Its holder let go of it, or did not renew its lease: viewers may wait for it."
    HANDED = "handed"
    "Its holder chose this worker, so it is kept."


@dataclasses.dataclass(frozen=True, slots=True)
class Job:
    """One enhanced rendition of a stream, to be made."""

    entry: str
    "Entry id of the job in the jobs stream."
    stream: str
    rendition: str
    source_epoch: int
    "The publisher's epoch for which the job was made."
    origin: JobOrigin = dataclasses.field(default=JobOrigin.NEW, compare=False)
    "The way by which it came to us."


# XCLAIM takes an entry from whoever holds it. So the script first looks whether it is still ours,
# or a worker that was held up would take its job back from the one that followed. JUSTID leaves out
# the content and does not count a delivery.
_MOVE = Script(
    """
local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[5], ARGV[5], 1)
if #pending == 0 or pending[1][2] ~= ARGV[2] then return 0 end
redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[3], 0, ARGV[5], 'IDLE', ARGV[4], 'JUSTID')
return 1
"""
)

# All leases of a worker go in one call, with two commands inside of it: one for each would be most
# of what Redis does where a thousand workers hold some streams each. The list is that of the
# worker's own leases, so it shows as well what was handed to it; what it released is left out.
_RENEW = Script(
    """
local most = tonumber(ARGV[4])
local rows = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', most, ARGV[2])
local ours, listed, renewed = {}, {}, {}
for _, row in ipairs(rows) do
    ours[row[1]] = true
    if row[3] < tonumber(ARGV[3]) then listed[#listed + 1] = row[1] end
end
local claim = {'XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0}
for i = 5, #ARGV do
    if not ours[ARGV[i]] and #rows == most then
        local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1)
        ours[ARGV[i]] = #pending > 0 and pending[1][2] == ARGV[2]
    end
    renewed[#renewed + 1] = ours[ARGV[i]] and 1 or 0
    if ours[ARGV[i]] then claim[#claim + 1] = ARGV[i] end
end
if #claim > 5 then
    for _, word in ipairs({'IDLE', 0, 'JUSTID'}) do claim[#claim + 1] = word end
    redis.call(unpack(claim))
end
return {renewed, listed, #rows < most and 1 or 0}
"""
)

# A lease that was handed over is among ours without our having asked for it.
_TAKE_HANDED = Script(
    """
local pending = redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1)
if #pending == 0 or pending[1][2] ~= ARGV[2] then return {} end
redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3], 'JUSTID')
return redis.call('XRANGE', KEYS[1], ARGV[3], ARGV[3])
"""
)

# One XAUTOCLAIM with COUNT 1 looks at ten leases; with a higher one it would claim several. The
# calls are made on the server, and only so many of them, so that a search through the leases of
# thousands of streams holds up nobody. All workers go on from one place: each from its own would
# have to go through all leases by itself, which for a thousand takes minutes. Where leases are few
# many workers would go through them again and again, so it begins anew after a rest only.
_SEARCH = Script(
    """
local cursor = redis.pcall('HGET', KEYS[2], 'cursor')
if type(cursor) == 'table' then redis.call('DEL', KEYS[2]) end
local ms, number = string.match(type(cursor) == 'string' and cursor or '', '^(%d+)%-(%d+)$')
if not ms or #ms > 15 or #number > 19 then cursor = '0-0' end
local began = redis.call('HGET', KEYS[2], 'began')
if cursor == '0-0' then
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    local rest = now - (tonumber(began) or 0)
    if 0 <= rest and rest < tonumber(ARGV[6]) then return {} end
    began = now
end
local found = {}
for _ = 1, ARGV[4] do
    local answer = redis.call('XAUTOCLAIM', KEYS[1], ARGV[1], ARGV[2], ARGV[3], cursor, 'COUNT', 1)
    cursor, found = answer[1], answer[2]
    if #found > 0 or cursor == '0-0' then break end
end
redis.call('HSET', KEYS[2], 'cursor', cursor, 'began', began or 0)
redis.call('PEXPIRE', KEYS[2], ARGV[5])
return found
"""
)

# A worker's name has a random part, so every start adds a consumer; Redis forgets none by itself.
_FORGET_CONSUMERS = Script(
    """
local count = 0
for _, flat in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
    local info = {}
    for i = 1, #flat, 2 do info[flat[i]] = flat[i + 1] end
    if info.pending == 0 and info.idle > tonumber(ARGV[2]) then
        redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], info.name)
        count = count + 1
    end
end
return count
"""
)

# As in ``hash_record.py``, the first write is one that a full server allows.
_ENQUEUE = Script(
    """
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'stream' then redis.call('DEL', KEYS[1]) end
redis.call('XDEL', KEYS[1], '0-1')
return redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'stream', ARGV[2],
    'rendition', ARGV[3], 'source_epoch', ARGV[4])
"""
)

MAX_JOBS = 100_000
"""Far above what apps carry; an entry that is removed beyond it is made again by its app."""

SEARCH_CALLS = 64
"""Calls of one search for a lapsed lease; each looks at ten, so 640 streams are searched at once,
and the next search goes on from there."""

SEARCH_EXPIRY_MS = 10_000
"""Time for which the place is kept from which the next search goes on."""

MAX_LISTED = 512
"""Own leases that a worker sees at once; renewals of others take a command each."""

FREE_IDLE_MS = 3_600_000
"""Idle time of a lease that was released, far above any lease; and of a consumer to forget."""


class JobQueue:
    """The consumer group of all workers; ``consumer`` is this worker's name in it."""

    def __init__(
        self, client: Redis, *, consumer: str = "", free_idle_ms: int = FREE_IDLE_MS
    ) -> None:
        """``free_idle_ms`` is the idle time of a lease that was released."""
        self._client = client
        self._free_idle_ms = free_idle_ms
        self._key = client.key(keys.JOBS)
        self._consumer = consumer
        self._tidied = False
        self._own = OwnLeases()
        self.bad_jobs = 0
        "Entries that were no jobs, and were removed."

    async def enqueue(self, stream: str, rendition: str, source_epoch: int) -> str:
        """Adds a job and returns its entry id.

        If the answer is lost there is a job of which its maker does not know. It does no harm:
        ``RenditionRegistry.take_lead`` and ``set_job`` choose one, and the other is finished.
        """
        args = [MAX_JOBS, stream, rendition, source_epoch]
        entry = await _ENQUEUE.run(self._client, [keys.JOBS], args)
        return str(entry.decode())

    async def exists(self, entry: str) -> bool:
        """Returns False once the job was finished, or Redis lost it."""
        try:
            return bool(await command(self._client, "XRANGE", self._key, entry, entry))
        except DamagedKey:
            return False

    async def claim(self, *, block_ms: int) -> Job | None:
        """Returns a job that nobody holds, or None after ``block_ms`` (1 to 9000) without one."""
        try:
            if not self._tidied:
                args = [keys.JOBS_GROUP, self._free_idle_ms]
                await _FORGET_CONSUMERS.run(self._client, [keys.JOBS], args)
                self._tidied = True
            answer = await command(
                self._client,
                "XREADGROUP",
                "GROUP",
                keys.JOBS_GROUP,
                self._consumer,
                "COUNT",
                1,
                "BLOCK",
                block_ms,
                "STREAMS",
                self._key,
                ">",
            )
        except (redis.exceptions.ResponseError, DamagedKey) as error:
            await self._on_error(error)
            return None
        return await self._readable(answer[0][1][0]) if answer else None

    async def find_handed(self) -> Job | None:
        """Returns a job whose lease another worker moved to us, as the last renewal saw it; None if
        there is none.
        """
        while (entry := self._own.next_handed()) is not None:
            args = [keys.JOBS_GROUP, self._consumer, entry]
            try:
                rows = await _TAKE_HANDED.run(self._client, [keys.JOBS], args)
            except (redis.exceptions.ResponseError, DamagedKey) as error:
                await self._on_error(error)
                return None
            job = await self._readable(rows[0]) if rows else None
            if job is not None:
                return dataclasses.replace(job, origin=JobOrigin.HANDED)
        return None

    async def take_over(self, *, min_idle_ms: int = LEASE_MS, rest_ms: int = 0) -> Job | None:
        """Takes over a job whose holder did not renew its lease; None if none was found.

        A search goes through ``10 * SEARCH_CALLS`` leases; the next one, of whichever worker, goes
        on behind them. Who would begin with the first lease again less than ``rest_ms`` after
        somebody did finds nothing.
        """
        args = [keys.JOBS_GROUP, self._consumer, min_idle_ms, SEARCH_CALLS, SEARCH_EXPIRY_MS]
        args.append(rest_ms)
        names = [keys.JOBS, keys.job_search(self._client.prefix)]
        try:
            while True:
                rows = await _SEARCH.run(self._client, names, args)
                if not rows:
                    return None
                job = await self._readable(rows[0])
                if job is not None:
                    return dataclasses.replace(job, origin=JobOrigin.LAPSED)
        except (redis.exceptions.ResponseError, DamagedKey) as error:
            await self._on_error(error)
            return None

    async def renew(self, job: Job) -> bool:
        """Renews our lease; False if somebody else has it by now, or the job is gone."""
        return (await self.renew_all([job]))[0]

    async def renew_all(self, jobs: Sequence[Job]) -> list[bool]:
        """Renews our leases, in one command; one result for each, as that of ``renew``. It sees as
        well what was handed to us, for ``find_handed``.
        """
        entries = [job.entry for job in jobs]
        for entry in entries:
            self._own.add(entry)
        mark = self._own.mark()
        args = [keys.JOBS_GROUP, self._consumer, self._free_idle_ms, MAX_LISTED, *entries]
        try:
            renewed, listed, is_whole = await _RENEW.run(self._client, [keys.JOBS], args)
        except (redis.exceptions.ResponseError, DamagedKey) as error:
            await self._on_error(error)
            return [False] * len(jobs)
        if self._own.listed((each.decode() for each in listed), mark, is_whole=bool(is_whole)):
            self._on_handed()
        return [bool(each) for each in renewed]

    def _on_handed(self) -> None:
        """Called when ``find_handed`` may find something."""

    async def hand_over(self, job: Job, consumer: str) -> bool:
        """Moves our lease to another worker, which finds it by ``find_handed``; False if it was not
        ours. Should that one not look within ``LEASE_MS``, any worker takes it over.
        """
        # Should it be handed back, it must be found.
        self._own.forget(job.entry)
        return await self._move(job.entry, to=consumer, idle_ms=0)

    async def finish(self, entry: str) -> None:
        """Removes the job: its stream or its rendition ended."""
        try:
            await command(self._client, "XACK", self._key, keys.JOBS_GROUP, entry)
        except (redis.exceptions.ResponseError, DamagedKey) as error:
            await self._on_error(error)
        await command(self._client, "XDEL", self._key, entry)

    async def release(self, job: Job) -> None:
        """Lets go of the lease at once, so that another worker need not wait for it to lapse."""
        await self._free(job.entry)

    async def release_all(self) -> int:
        """Lets go of all leases of a worker that has ended; returns their number."""
        span: list[str | int] = [keys.JOBS_GROUP, "-", "+", MAX_LISTED, self._consumer]
        try:
            rows = await command(self._client, "XPENDING", self._key, *span) or []
        except (redis.exceptions.ResponseError, DamagedKey) as error:
            await self._on_error(error)
            rows = []
        return sum([await self._free(row[0].decode()) for row in rows])

    async def _free(self, entry: str) -> bool:
        return await self._move(entry, to=self._consumer, idle_ms=self._free_idle_ms)

    async def _move(self, entry: str, *, to: str, idle_ms: int) -> bool:
        """Gives our lease to a worker with that idle time; False, and no change, if not ours."""
        args = [keys.JOBS_GROUP, self._consumer, to, idle_ms, entry]
        try:
            return bool(await _MOVE.run(self._client, [keys.JOBS], args))
        except (redis.exceptions.ResponseError, DamagedKey) as error:
            await self._on_error(error)
            return False

    async def _readable(self, row: tuple[bytes, list[bytes] | None]) -> Job | None:
        """Returns the entry as a job, or removes it if it is none: it would go from worker to
        worker.
        """
        self._own.add(row[0].decode())
        try:
            return parse_job(row)
        except BadMessage as error:
            self.bad_jobs += 1
            log.warning("jobs: set aside: %s", error, extra={"action": "bad_job"})
            await self.finish(row[0].decode())
            return None

    async def _on_error(self, error: redis.exceptions.ResponseError | DamagedKey) -> None:
        """Makes the consumer group where it is missing (first start, or Redis lost it)."""
        if isinstance(error, DamagedKey):
            log.warning("%s is no stream, and is made anew", self._key, extra={"action": "bad_key"})
            await command(self._client, "DEL", self._key)
            return
        # XINFO says "no such key" where the other commands say NOGROUP; a read that blocks while
        # the key goes says UNBLOCKED (Redis 7.0) or NOGROUP (later).
        if not any(words in str(error) for words in ("NOGROUP", "UNBLOCKED", "no such key")):
            raise error
        try:
            await command(
                self._client, "XGROUP", "CREATE", self._key, keys.JOBS_GROUP, "0", "MKSTREAM"
            )
        except redis.exceptions.ResponseError as busy:
            if not str(busy).startswith("BUSYGROUP"):
                raise


def parse_job(row: tuple[bytes, list[bytes] | None]) -> Job:
    """Returns the job in an entry of the jobs stream. Raises BadMessage."""
    entry, flat = row
    fields = dict(zip((flat or [])[::2], (flat or [])[1::2], strict=False))
    stream = fields.get(b"stream", b"").decode("ascii", errors="replace")
    rendition = fields.get(b"rendition", b"").decode("ascii", errors="replace")
    source_epoch = fields.get(b"source_epoch", b"")
    if not keys.is_stream_id(stream):
        raise BadMessage(f"entry {entry.decode()} names no stream")
    if not keys.is_rendition(rendition):
        raise BadMessage(f"entry {entry.decode()} names no rendition")
    if not _EPOCH.match(source_epoch):
        raise BadMessage(f"entry {entry.decode()} has no epoch of a publisher")
    return Job(
        entry=entry.decode(), stream=stream, rendition=rendition, source_epoch=int(source_epoch)
    )
