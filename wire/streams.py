"""The record of a stream: who publishes, who enhances, and what the operator wants.

The record is a hash with expiry that the publisher's app keeps alive. Two epochs stand in it:
``session`` belongs to the publisher and fences the source log, ``epoch`` belongs to the lead and
fences the enhanced logs. Both are drawn from the server's clock in microseconds (two in the same
millisecond differ) and grow, also after Redis lost its data.
"""

from __future__ import annotations

from typing import Any

import msgspec

from wire import keys
from wire.connection import Redis, command
from wire.errors import BadMessage, StreamBusy, StreamGone
from wire.script import Script

_LEASE = "watched_us:"

EXPIRY_MS = 5_000
"""A record that its app did not touch for this long is gone, and the stream with it."""


WATCH_MS = 3_000
"""Whoever wants an enhanced rendition says so; this long it holds."""

WATCH_AGAIN_S = 1.0
"""How often it is said again."""


WISHES = ("enhance", "model", "strength")
"""The record's fields that operators set; whoever brings a record back brings them back too."""


class StreamRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What Redis knows of a stream. Field names are the hash's field names."""

    id: str
    session: int
    "The publisher's epoch."
    state: str = "live"
    codec: str = ""
    "Video codec of the source: h264, vp8 or vp9; empty until the first key frame."
    width: int = 0
    height: int = 0
    fps: float = 0.0
    "Source frame rate, measured over the last seconds."
    kbps: float = 0.0
    "Source video bitrate, measured over the last seconds."
    audio: bool = False
    started_us: int = 0
    enhance: bool = True
    "False: the operator switched enhancement off."
    model: str = ""
    "Net to enhance with; empty: the worker's default."
    strength: float = -1.0
    "Of the look, 0 (faithful) to 1 (crisp), for nets that have one; -1: the worker's default."
    epoch: int = 0
    "The lead's epoch; 0 while no worker ever had the stream."
    lead: str = ""
    "Name of the worker that enhances it, empty while none does."
    job: str = ""
    "Entry id of the stream's job."
    output: str = ""
    "Codec in which the last lead encodes; empty while no worker ever had the stream."
    watched_us: int = 0
    "Until when somebody wants an enhanced rendition, on the server's clock; 0: nobody ever did."
    watched: dict[str, int] = msgspec.field(default_factory=dict)
    "The same by rendition, from the hash's fields ``watched_us:RENDITION``."

    def wanted(self, *, now_us: int) -> frozenset[str]:
        """The enhanced renditions that somebody wants at ``now_us`` of the server's clock."""
        return frozenset(name for name, until_us in self.watched.items() if until_us > now_us)


_CREATE = Script(
    """
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local session = now
if tonumber(ARGV[2]) > 0 then session = ARGV[2] end
redis.call('HSET', KEYS[1], 'id', ARGV[1], 'session', string.format('%.0f', session),
    'state', 'live')
for i = 4, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return tonumber(session)
"""
)

_UPDATE = Script(
    """
local have = redis.call('HGET', KEYS[1], ARGV[1])
if not have then return 'gone' end
if have ~= ARGV[2] then return 'busy' end
for i = 4, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
if ARGV[3] ~= '0' then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return 'ok'
"""
)

_TAKE_LEAD = Script(
    """
if redis.call('HGET', KEYS[1], 'session') ~= ARGV[1] then return 0 end
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local before = tonumber(redis.call('HGET', KEYS[1], 'epoch') or '0')
local epoch = math.max(now, before + 1)
redis.call('HSET', KEYS[1], 'epoch', string.format('%.0f', epoch), 'lead', ARGV[2],
    'output', ARGV[3])
return epoch
"""
)

_WATCH = Script(
    """
if redis.call('HGET', KEYS[1], 'session') ~= ARGV[1] then return 'gone' end
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local lease = 'watched_us:' .. ARGV[3]
local before = tonumber(redis.call('HGET', KEYS[1], lease) or '0') or 0
local until_us = string.format('%.0f', now + ARGV[2] * 1000)
redis.call('HSET', KEYS[1], 'watched_us', until_us, lease, until_us)
return before < now and 'first' or 'again'
"""
)

_END = Script(
    """
if redis.call('HGET', KEYS[1], 'session') ~= ARGV[1] then return 0 end
return redis.call('DEL', unpack(KEYS))
"""
)


def _flat(values: dict[str, Any]) -> list[Any]:
    flat: list[Any] = []
    for name, value in values.items():
        flat += [name, int(value) if isinstance(value, bool) else value]
    return flat


class StreamRegistry:
    """Creates, keeps alive, reads and ends stream records."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    async def create(self, stream: str, *, session: int = 0, **fields: Any) -> int:
        """The new session's epoch. Raises StreamBusy while the record is there.

        ``session`` other than 0 brings a record back, with its old epoch, after Redis lost it.
        """
        answer = await _CREATE.run(
            self._client, [keys.record(stream)], [stream, session, EXPIRY_MS, *_flat(fields)]
        )
        if not answer:
            raise StreamBusy(f"stream {stream} already has a publisher")
        return int(answer)

    async def touch(self, stream: str, session: int, **fields: Any) -> None:
        """Keeps the record alive and sets fields. Raises StreamGone or StreamBusy."""
        args = ["session", session, EXPIRY_MS, *_flat(fields)]
        self._judge(stream, await _UPDATE.run(self._client, [keys.record(stream)], args))

    async def set_wish(self, stream: str, session: int, **fields: Any) -> None:
        """Sets what the operator wants (``enhance``, ``model``) without prolonging the life."""
        args = ["session", session, 0, *_flat(fields)]
        self._judge(stream, await _UPDATE.run(self._client, [keys.record(stream)], args))

    @staticmethod
    def _judge(stream: str, answer: bytes) -> None:
        if answer == b"gone":
            raise StreamGone(f"stream {stream} has no record in Redis")
        if answer == b"busy":
            raise StreamBusy(f"stream {stream} belongs to another publisher now")

    async def watch(self, stream: str, session: int, rendition: str = keys.ENHANCED) -> bool:
        """Says for ``WATCH_MS`` more that somebody wants this enhanced rendition. True if nobody
        did until now: then tell the lead to look at the record. Raises StreamGone.
        """
        args = [session, WATCH_MS, rendition]
        answer = await _WATCH.run(self._client, [keys.record(stream)], args)
        if answer == b"gone":
            raise StreamGone(f"stream {stream} ended")
        return bool(answer == b"first")

    async def take_lead(self, stream: str, session: int, worker: str, *, output: str = "") -> int:
        """The lead's new epoch, greater than any before. Raises StreamGone.

        ``output`` is the codec in which it encodes, unless a viewer needs another one.
        """
        args = [session, worker, output]
        answer = await _TAKE_LEAD.run(self._client, [keys.record(stream)], args)
        if not answer:
            raise StreamGone(f"stream {stream} ended")
        return int(answer)

    async def drop_lead(self, stream: str, epoch: int) -> None:
        """Says that nobody enhances the stream; a no-op if somebody else does by now."""
        args = ["epoch", epoch, 0, "lead", ""]
        await _UPDATE.run(self._client, [keys.record(stream)], args)

    async def get(self, stream: str) -> StreamRecord:
        """The record. Raises StreamGone or BadMessage."""
        record = parse_record(await command(self._client, "HGETALL", keys.record(stream)))
        if record is None:
            raise StreamGone(f"stream {stream} is not live")
        return record

    async def list(self) -> list[StreamRecord]:
        """All records, by id. Records that cannot be read are left out."""
        found: list[StreamRecord] = []
        cursor = b"0"
        while True:
            cursor, names = await command(
                self._client, "SCAN", cursor, "MATCH", keys.RECORDS_PATTERN, "COUNT", 200
            )
            for name in names:
                try:
                    record = parse_record(await command(self._client, "HGETALL", name))
                except BadMessage:
                    continue
                if record is not None:
                    found.append(record)
            if cursor == b"0":
                return sorted({r.id: r for r in found}.values(), key=lambda r: r.id)

    async def end(self, stream: str, session: int, renditions: tuple[str, ...]) -> bool:
        """Removes the record and the logs, if they are still this session's."""
        doomed = [
            keys.record(stream),
            keys.log(stream, keys.SOURCE),
            *(keys.log(stream, rendition) for rendition in renditions),
            keys.control(stream),
            keys.feedback(stream),
        ]
        return bool(await _END.run(self._client, doomed, [session]))


def parse_record(answer: Any) -> StreamRecord | None:
    """The record in HGETALL's answer, None where the key is not there. Raises BadMessage."""
    if not answer:
        return None
    pairs = zip(answer[::2], answer[1::2], strict=True)
    try:
        texts = {name.decode(): value.decode() for name, value in pairs}
        leases = {
            name.removeprefix(_LEASE): value
            for name, value in texts.items()
            if name.startswith(_LEASE)
        }
        return msgspec.convert(texts | {"watched": leases}, StreamRecord, strict=False)
    except (msgspec.ValidationError, UnicodeDecodeError) as error:
        raise BadMessage(f"stream record: {error}") from error
