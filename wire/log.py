"""The log of one rendition: append, tail, replay from the last key frame, trim.

The log is a Redis Stream of frame batches. It is trimmed on append, by the rule of
``retention.py``; a reader who falls behind the trim sees a gap in the units' sequence numbers.
"""

from __future__ import annotations

import asyncio
import dataclasses

from media.access_unit import AccessUnit, Kind
from wire import keys
from wire.batch import Batch, encode_batch, is_repeated, parse_batch
from wire.connection import RETRY_S, Redis, command
from wire.errors import BadBatch, DamagedKey, Fenced, LogFull, StreamGone
from wire.position import START, Position, as_pair, just_before
from wire.retention import Retention
from wire.script import Script

_OWNED = """
local owner = redis.pcall('HGET', KEYS[2], 'epoch')
if not owner or type(owner) == 'table' then return 'gone' end
if owner ~= ARGV[1] then return 'fenced' end
"""
"""The beginning of each script of a writer; a record of another type is none."""

# The server refuses XADD while its memory is full, and so would never trim: then the log is cut
# to the reserve first, after which the script may write.
# ARGV: epoch, id to trim to, key flag, batch, expiry in ms, first id of the reserve. MINID has no
# `~`, since an approximate trim would leave bytes behind that `Retention` counts as gone.
_APPEND = Script(
    _OWNED
    + """
local function add()
    if ARGV[2] == '' then
        return redis.pcall('XADD', KEYS[1], '*', 'k', ARGV[3], 'b', ARGV[4])
    end
    return redis.pcall('XADD', KEYS[1], 'MINID', ARGV[2], '*', 'k', ARGV[3], 'b', ARGV[4])
end
local id, note = add(), ''
if type(id) == 'table' then
    if string.find(id.err, 'WRONGTYPE', 1, true) then
        redis.call('DEL', KEYS[1])
    elseif string.find(id.err, 'OOM', 1, true) then
        if ARGV[6] == '' then
            redis.call('XTRIM', KEYS[1], 'MAXLEN', 0)
        else
            redis.call('XTRIM', KEYS[1], 'MINID', ARGV[6])
        end
        note = ' full'
    else
        return id
    end
    id = add()
    if type(id) == 'table' then return id end
end
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return id .. note
"""
)

_CLEAR = Script(
    _OWNED
    + """
if redis.call('TYPE', KEYS[1]).ok == 'stream' then
    redis.call('XTRIM', KEYS[1], 'MAXLEN', 0)
else
    redis.call('DEL', KEYS[1])
end
return 'ok'
"""
)

# On the server, so that looking for a key frame does not move the log to the reader.
# Pages of 32 entries are about a second of video, and bound what the server copies into Lua at
# once.
_LAST_KEY_FRAME = Script(
    """
local upper, newest = '+', '0-0'
while true do
    local rows = redis.call('XREVRANGE', KEYS[1], upper, '-', 'COUNT', 32)
    for _, row in ipairs(rows) do
        if newest == '0-0' then newest = row[1] end
        for i = 1, #row[2] - 1, 2 do
            if row[2][i] == 'k' and row[2][i + 1] == '1' then return {row[1], 1} end
        end
    end
    if #rows < 32 then return {newest, 0} end
    upper = '(' .. rows[#rows][1]
end
"""
)

EXPIRY_MS = 120_000
"""A log nobody appended to for this long is removed by the server."""


class LogWriter:
    """Appends batches while its epoch is the one in the record of the log's owner.

    ``epoch`` is the publisher's for the source log, the lead's for those of an enhanced rendition;
    ``rendition`` is the log's name, as in ``keys.logs_of``. One writer, one task: appends are
    awaited in order.
    """

    def __init__(
        self,
        client: Redis,
        *,
        stream: str,
        rendition: str,
        epoch: int,
        retention: Retention | None = None,
    ) -> None:
        self._client = client
        self._keys = [keys.log(stream, rendition), keys.owner(stream, rendition)]
        self._stream = stream
        self._rendition = rendition
        self._retention = retention or Retention()
        self.epoch = epoch

    async def append(self, batch: Batch, *, now_ms: int) -> str:
        """Appends a batch and returns the entry's id. Raises Fenced, StreamGone, BadBatch, LogFull
        or one of REDIS_DOWN.

        ``now_ms`` is by any clock that does not jump, the same for all appends of a writer.
        """
        data, is_key = encode_batch(batch), batch.has_key_frame
        plan = self._retention.plan(size=len(data), is_key=is_key, now_ms=now_ms)
        if plan is None:
            raise LogFull(f"the log of {self._stream} is full until the next key frame")
        args = [
            self.epoch,
            plan.trim_to,
            int(is_key),
            data,
            EXPIRY_MS,
            plan.reserve_from,
        ]
        answer = self._judged((await _APPEND.run(self._client, self._keys, args)).decode())
        entry_id, _, note = answer.partition(" ")
        if note:
            # The script cut the log to the reserve, which must be noted before the new entry is.
            self._retention.reserved(plan)
            self._client.say_full()
        self._retention.appended(entry_id, size=len(data), is_key=is_key, now_ms=now_ms)
        return entry_id

    async def clear(self) -> None:
        """Removes all entries: none of them is to be replayed. Raises as ``append`` does."""
        args = [self.epoch]
        self._judged((await _CLEAR.run(self._client, self._keys, args)).decode())
        self._retention.cleared()

    def _judged(self, answer: str) -> str:
        if answer == "gone":
            self._retention.cleared()  # Redis may have lost the log too, and its clock be set back.
            raise StreamGone(self._missing())
        if answer == "fenced":
            raise Fenced(f"epoch {self.epoch} no longer owns the log of {self._stream}")
        return answer

    def _missing(self) -> str:
        """Returns which record is not there: the stream's for the source log, else a rendition's,
        which an operator may have removed from a stream that goes on.
        """
        if self._rendition == keys.SOURCE or keys.is_layer(self._rendition):
            return f"stream {self._stream} has no record in Redis"
        rendition, _ = keys.rendition_of(self._rendition)
        return f"stream {self._stream} has no rendition {rendition} in Redis"


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a log."""

    id: str
    "Redis' entry id; its first part is the append time in Unix ms."
    batch: Batch


class LogReader:
    """Follows one log from a position, and never a smaller epoch than one it has seen."""

    def __init__(self, client: Redis, *, stream: str, rendition: str) -> None:
        self._client = client
        self._name = keys.log(stream, rendition)
        self._position = Position(client, client.key(self._name))
        self._epoch = 0
        self._last: dict[Kind, int] = {}
        self._restarts = 0
        self.bad_entries = 0
        "Entries that could not be parsed, and times that no log was there but something else."
        self.stale_units = 0
        "Units of a writer that another has followed, or seen before."

    async def seek_last_key_frame(self) -> bool:
        """Puts the position just before the last entry with a key frame; False if none is there.

        Without one the position is the log's end, so that the next key frame is not missed.
        """
        try:
            entry, found = await _LAST_KEY_FRAME.run(self._client, [self._name], [])
        except DamagedKey:
            await self._wait_for_writer()
            entry, found = START.encode(), 0
        self._last.clear()
        self._position.at = just_before(entry.decode()) if found else entry.decode()
        return bool(found)

    @property
    def position_ms(self) -> int:
        """The time of the position, by the server's clock in Unix ms; 0 at the log's beginning."""
        return as_pair(self._position.at)[0]

    def seek_behind(self, entry_id: str) -> None:
        """Puts the position behind an entry, which need not be there any more."""
        self._last.clear()
        self._position.at = entry_id

    async def seek_end(self) -> None:
        """Puts the position behind the newest entry."""
        self._last.clear()
        try:
            await self._position.to_end()
        except DamagedKey:
            await self._wait_for_writer()
            self._position.at = START

    async def read(self, *, block_ms: int, count: int = 64) -> list[Entry]:
        """Returns the entries behind the position, oldest first, at most ``count``; none after
        ``block_ms`` (1 to 9000) without any.
        """
        try:
            rows = await self._position.read(block_ms=block_ms, count=count)
        except DamagedKey:
            await self._wait_for_writer()
            return []
        entries = []
        for row_id, fields in rows:
            try:
                batch = parse_batch(_field(fields, b"b") or b"")
            except BadBatch:
                self.bad_entries += 1
                continue
            units = self._fresh(batch)
            if units:
                batch = batch if units == batch.units else dataclasses.replace(batch, units=units)
                entries.append(Entry(id=row_id.decode(), batch=batch))
        return entries

    def _fresh(self, batch: Batch) -> tuple[AccessUnit, ...]:
        """Returns the units to be handed on: none of an older writer, none twice."""
        if batch.epoch < self._epoch:
            self.stale_units += len(batch.units)
            return ()
        if batch.epoch > self._epoch:
            self._epoch = batch.epoch
            self._last.clear()
            self._restarts = self._position.restarts
        units = batch.units
        # Where the log began anew (a fail-over lost its end) what is there may have been read.
        if self._restarts != self._position.restarts:
            units = tuple(
                unit for unit in units if not is_repeated(unit.sequence, self._last.get(unit.kind))
            )
            self.stale_units += len(batch.units) - len(units)
            if units:
                self._restarts = self._position.restarts
        for unit in units:
            self._last[unit.kind] = unit.sequence
        return units

    async def _wait_for_writer(self) -> None:
        """Waits, since the key holds something other than a log; its writer removes that."""
        self.bad_entries += 1
        await asyncio.sleep(RETRY_S)


async def newest_pts(client: Redis, *, stream: str, rendition: str) -> int:
    """Returns the time of the last video unit of a log, in ticks of its clock; -1 if it tells
    none.
    """
    name = client.key(keys.log(stream, rendition))
    try:
        rows = await command(client, "XREVRANGE", name, "+", "-", "COUNT", 1)
        batch = parse_batch(_field(rows[0][1], b"b") or b"") if rows else None
    except (DamagedKey, BadBatch):
        # Whoever writes the log mends it.
        return -1
    times = [unit.pts for unit in batch.units if unit.kind is Kind.VIDEO] if batch else []
    return max(times, default=-1)


def _field(fields: list[bytes] | None, name: bytes) -> bytes | None:
    """Returns the value of a field in Redis' flat list of names and values."""
    if not fields:
        return None
    for index in range(0, len(fields) - 1, 2):
        if fields[index] == name:
            return fields[index + 1]
    return None
