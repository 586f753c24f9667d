"""The log of one rendition: append, tail, replay from the last key frame, trim.

The log is a Redis Stream of frame batches. It is trimmed on append, by the rule of
``TrimPolicy``; a reader who falls behind the trim sees a gap in the units' sequence numbers.
"""

from __future__ import annotations

import asyncio
import dataclasses

from wire import keys
from wire.batch import Batch, encode_batch, parse_batch
from wire.connection import RETRY_S, Redis, command
from wire.errors import BadBatch, DamagedKey, Fenced, StreamGone
from wire.script import Script

_APPEND = Script(
    """
local owner = redis.call('HGET', KEYS[2], ARGV[1])
if not owner then return 'gone' end
if owner ~= ARGV[2] then return 'fenced' end
local kind = redis.call('TYPE', KEYS[1]).ok
if kind ~= 'stream' and kind ~= 'none' then redis.call('DEL', KEYS[1]) end
local id
if ARGV[3] == '' then
    id = redis.call('XADD', KEYS[1], '*', 'k', ARGV[4], 'b', ARGV[5])
else
    id = redis.call('XADD', KEYS[1], 'MINID', ARGV[3], '*', 'k', ARGV[4], 'b', ARGV[5])
end
redis.call('PEXPIRE', KEYS[1], ARGV[6])
return id
"""
)

_CLEAR = Script(
    """
local owner = redis.call('HGET', KEYS[2], ARGV[1])
if not owner then return 'gone' end
if owner ~= ARGV[2] then return 'fenced' end
redis.call('XTRIM', KEYS[1], 'MAXLEN', 0)
return 'ok'
"""
)

EXPIRY_MS = 120_000
"""A log nobody appended to for this long is removed by the server."""

_REPLAY_PAGE = 64


class TrimPolicy:
    """Which entries a log keeps: from the last key frame on, with a grace, and a time bound.

    Entries are older than the returned id when they precede the last key frame and are at least
    ``grace_s`` old (a reader a little behind still finds its next entry), or when they are
    ``max_age_s`` old, key frame or not. Times are Unix milliseconds as in Redis' entry ids.
    """

    def __init__(self, *, grace_s: float = 2.0, max_age_s: float = 15.0) -> None:
        self._grace_ms = int(grace_s * 1000)
        self._max_age_ms = int(max_age_s * 1000)
        self._last_key_ms: int | None = None
        self._trimmed_ms = 0

    def before_append(self, *, now_ms: int) -> str | None:
        """The id to trim to with this append, or None while there is nothing worth it."""
        keep_from = now_ms - self._max_age_ms
        if self._last_key_ms is not None:
            keep_from = max(keep_from, min(self._last_key_ms, now_ms - self._grace_ms))
        if keep_from - self._trimmed_ms < 500:
            return None
        self._trimmed_ms = keep_from
        return f"{keep_from}-0"

    def on_appended(self, *, id_ms: int, has_key_frame: bool) -> None:
        """The entry's own time: a guess a little later would trim the key frame itself."""
        if has_key_frame:
            self._last_key_ms = id_ms


class LogWriter:
    """Appends batches while its epoch is the one in the stream's record.

    ``owner_field`` is the record's field that holds the epoch: ``session`` for the source log,
    ``epoch`` for an enhanced one. One writer, one task: appends are awaited in order.
    """

    def __init__(
        self,
        client: Redis,
        *,
        stream: str,
        rendition: str,
        owner_field: str,
        epoch: int,
        trim: TrimPolicy | None = None,
    ) -> None:
        self._client = client
        self._keys = [keys.log(stream, rendition), keys.record(stream)]
        self._owner_field = owner_field
        self._stream = stream
        self._trim = trim or TrimPolicy()
        self._skew_ms: int | None = None
        self.epoch = epoch

    async def append(self, batch: Batch, *, now_ms: int) -> str:
        """The new entry's id. Raises Fenced, StreamGone, BadBatch or one of REDIS_DOWN."""
        data = encode_batch(batch)
        has_key = batch.has_key_frame
        min_id = ""
        # Entry ids are the server's time; a writer whose clock is ahead would trim live entries.
        if self._skew_ms is not None:
            server_ms = now_ms + self._skew_ms
            min_id = self._trim.before_append(now_ms=server_ms) or ""
        args = [self._owner_field, self.epoch, min_id, int(has_key), data, EXPIRY_MS]
        answer = self._judged((await _APPEND.run(self._client, self._keys, args)).decode())
        id_ms = int(answer.partition("-")[0])
        self._skew_ms = id_ms - now_ms
        self._trim.on_appended(id_ms=id_ms, has_key_frame=has_key)
        return answer

    async def clear(self) -> None:
        """Removes all entries: none of them is to be replayed. Raises as ``append`` does."""
        args = [self._owner_field, self.epoch]
        self._judged((await _CLEAR.run(self._client, self._keys, args)).decode())

    def _judged(self, answer: str) -> str:
        if answer == "gone":
            raise StreamGone(f"stream {self._stream} has no record in Redis")
        if answer == "fenced":
            raise Fenced(f"epoch {self.epoch} no longer owns the log of {self._stream}")
        return answer


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a log."""

    id: str
    "Redis' entry id; its first part is the append time in Unix ms."
    batch: Batch


class LogReader:
    """Follows one log from a position; ``bad_entries`` counts what could not be parsed."""

    def __init__(self, client: Redis, *, stream: str, rendition: str) -> None:
        self._client = client
        self._key = client.key(keys.log(stream, rendition))
        self._position = "0-0"
        self.bad_entries = 0

    async def seek_last_key_frame(self) -> bool:
        """Puts the position just before the last entry with a key frame; False if none is there.

        Without one the position is the log's end, so that the next key frame is not missed.
        """
        try:
            return await self._seek_last_key_frame()
        except DamagedKey:
            await self._wait_for_writer()
            self._position = "0-0"
            return False

    async def _seek_last_key_frame(self) -> bool:
        upper = "+"
        newest: str | None = None
        while True:
            rows = await command(
                self._client, "XREVRANGE", self._key, upper, "-", "COUNT", _REPLAY_PAGE
            )
            for row_id, fields in rows:
                newest = newest or row_id.decode()
                if _field(fields, b"k") == b"1":
                    self._position = _just_before(row_id.decode())
                    return True
            if len(rows) < _REPLAY_PAGE:
                self._position = newest or "0-0"
                return False
            upper = "(" + rows[-1][0].decode()

    async def _wait_for_writer(self) -> None:
        """Something that is no log stands in its place; its writer removes it."""
        self.bad_entries += 1
        await asyncio.sleep(RETRY_S)

    async def seek_end(self) -> None:
        """Puts the position behind the newest entry."""
        rows = await command(self._client, "XREVRANGE", self._key, "+", "-", "COUNT", 1)
        self._position = rows[0][0].decode() if rows else "0-0"

    async def read(self, *, block_ms: int, count: int = 64) -> list[Entry]:
        """Entries behind the position, oldest first; empty after ``block_ms`` (1 to 9000)."""
        try:
            answer = await command(
                self._client, "XREAD", "COUNT", count, "BLOCK", block_ms,
                "STREAMS", self._key, self._position,
            )  # fmt: skip
        except DamagedKey:
            await self._wait_for_writer()
            return []
        if not answer:
            return []
        entries = []
        for row_id, fields in answer[0][1]:
            self._position = row_id.decode()
            try:
                data = _field(fields, b"b")
                entries.append(Entry(id=self._position, batch=parse_batch(data or b"")))
            except BadBatch:
                self.bad_entries += 1
        return entries


def _field(fields: list[bytes] | None, name: bytes) -> bytes | None:
    """The value of a field in Redis' flat list of names and values."""
    if not fields:
        return None
    for index in range(0, len(fields) - 1, 2):
        if fields[index] == name:
            return fields[index + 1]
    return None


def _just_before(entry_id: str) -> str:
    """The greatest id smaller than the given one (XREAD is exclusive)."""
    ms, sequence = (int(part) for part in entry_id.split("-"))
    if sequence:
        return f"{ms}-{sequence - 1}"
    return f"{ms - 1}-18446744073709551615"
