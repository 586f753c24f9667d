"""The record of a stream: who publishes, who enhances, and what the operator wants.

The record is a hash with expiry that the publisher's app keeps alive. Two epochs stand in it:
``session`` belongs to the publisher and fences the source log, ``epoch`` belongs to the lead and
fences the enhanced logs. Both are drawn from the server's clock in microseconds (two in the same
millisecond differ) and grow, also after Redis lost its data.
"""

from __future__ import annotations

import contextlib
from typing import Annotated, Any

import msgspec

from wire import keys
from wire.connection import Redis, command
from wire.errors import BadMessage, DamagedKey, DuplicateJob, StreamBusy, StreamGone
from wire.script import Script

_LEASE = "watched_us:"

EXPIRY_MS = 5_000
"""A record that its app did not touch for this long is gone, and the stream with it."""

UNKEPT_MS = 2_000
"""An app touches its records twice a second; one that it did not for so long is an orphan."""

WATCH_MS = 3_000
"""Whoever wants an enhanced rendition says so; this long it holds."""

WATCH_AGAIN_S = 1.0
"""How often it is said again."""

WISHES = ("enhance", "model", "strength")
"""The record's fields that operators set; whoever brings a record back brings them back too."""

Epoch = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
"""Unix microseconds, exact as a double."""

Side = Annotated[int, msgspec.Meta(ge=0, le=65_535)]
Rate = Annotated[float, msgspec.Meta(ge=0.0, le=1e9)]
Text = Annotated[str, msgspec.Meta(max_length=256)]


class StreamRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What Redis knows of a stream. Field names are the hash's field names."""

    id: str
    session: Epoch
    "The publisher's epoch."
    state: Text = "live"
    codec: Text = ""
    "Video codec of the source, by its name; empty until the first key frame."
    width: Side = 0
    height: Side = 0
    fps: Rate = 0.0
    "Source frame rate, measured over the last seconds."
    kbps: Rate = 0.0
    "Source video bitrate, measured over the last seconds."
    audio: bool = False
    started_us: Epoch = 0
    reason: Text = ""
    "Why there is no picture of the source, as a sentence; empty: there is."
    enhance: bool = True
    "False: the operator switched enhancement off."
    model: Text = ""
    "Net to enhance with; empty: the worker's default."
    strength: Annotated[float, msgspec.Meta(ge=-1.0, le=1.0)] = -1.0
    "Of the look, 0 (faithful) to 1 (crisp), for nets that have one; -1: the worker's default."
    epoch: Epoch = 0
    "The lead's epoch; 0 while no worker ever had the stream."
    lead: Text = ""
    "Name of the worker that enhances it, empty while none does."
    job: Text = ""
    "Entry id of the stream's job."
    output: Text = ""
    "Codec in which the last lead encodes; empty while no worker ever had the stream."
    watched_us: Epoch = 0
    "Until when somebody wants an enhanced rendition, on the server's clock; 0: nobody ever did."
    watched: dict[str, Epoch] = msgspec.field(default_factory=dict)
    "The same by rendition, from the hash's fields ``watched_us:RENDITION``."
    decoding: bool = False
    "The lead decodes the stream."
    strikes: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    "How often in a row its lead ended while it decoded, without letting go."
    struck: Epoch = 0
    "The epoch of the last lead that did."
    struck_us: Epoch = 0
    "When that was found, on the server's clock."
    ending: bool = False
    "The operator ends the stream; its app carries it out."

    def wanted(self, *, now_us: int) -> frozenset[str]:
        """The enhanced renditions that somebody wants at ``now_us`` of the server's clock."""
        return frozenset(name for name, until_us in self.watched.items() if until_us > now_us)


# The first write of each script is one that a server whose memory is full allows; it then allows
# the others too. So records, which are small, outlive a full server.
_CREATE = Script(
    """
local least = tonumber(ARGV[4])
if redis.call('TYPE', KEYS[1]).ok == 'hash' and redis.call('PTTL', KEYS[1]) > 0 then
    local have = tonumber(redis.call('HGET', KEYS[1], 'session'))
    if have and ARGV[5] == '0' then return 0 end
    if have then least = math.max(least, have + 1) end
end
redis.call('DEL', KEYS[1])
local session = ARGV[2]
if session == '0' then
    local t = redis.call('TIME')
    session = string.format('%.0f', math.max(t[1] * 1000000 + t[2], least))
    for i = 2, #KEYS do redis.call('DEL', KEYS[i]) end
end
redis.call('HSET', KEYS[1], 'id', ARGV[1], 'session', session, 'state', 'live')
for i = 6, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return tonumber(session)
"""
)

UPDATE = Script(
    """
local have = redis.call('HGET', KEYS[1], ARGV[1])
if not have then return 'gone' end
if have ~= ARGV[2] then return 'busy' end
redis.call('HDEL', KEYS[1], '')
for i = 4, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
if ARGV[3] ~= '0' then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return 'ok'
"""
)

_SET_JOB = Script(
    """
if redis.call('HGET', KEYS[1], 'session') ~= ARGV[1] then return 'gone' end
local job = redis.call('HGET', KEYS[1], 'job') or ''
if job ~= ARGV[2] then return job end
redis.call('HDEL', KEYS[1], '')
redis.call('HSET', KEYS[1], 'job', ARGV[3])
return ARGV[3]
"""
)

COUNT_STRIKE = """
local function count_strike(epoch, now)
    local strikes = (tonumber(redis.call('HGET', KEYS[1], 'strikes') or '0') or 0) + 1
    redis.call('HSET', KEYS[1], 'strikes', string.format('%.0f', strikes), 'struck', epoch,
        'struck_us', string.format('%.0f', now))
end
"""
"""What a script begins with that counts a strike for the lead of an epoch."""

_TAKE_LEAD = Script(
    COUNT_STRIKE
    + """
if redis.call('HGET', KEYS[1], 'session') ~= ARGV[1] then return 0 end
local job = redis.call('HGET', KEYS[1], 'job') or ''
if ARGV[3] ~= '' and job ~= '' and job ~= ARGV[3] then return -1 end
redis.call('HDEL', KEYS[1], '')
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'job', ARGV[3]) end
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local before = tonumber(redis.call('HGET', KEYS[1], 'epoch') or '0')
local epoch = math.max(now, before + 1)
if redis.call('HGET', KEYS[1], 'decoding') == '1'
    and (redis.call('HGET', KEYS[1], 'lead') or '') ~= '' then
    count_strike(string.format('%.0f', before), now)
end
redis.call('HSET', KEYS[1], 'epoch', string.format('%.0f', epoch), 'lead', ARGV[2],
    'output', ARGV[4], 'decoding', '0')
return epoch
"""
)

_WATCH = Script(
    """
if redis.call('HGET', KEYS[1], 'session') ~= ARGV[1] then return 'gone' end
redis.call('HDEL', KEYS[1], '')
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


def _keys_of(stream: str, enhanced: tuple[str, ...]) -> list[str]:
    """The stream's keys, its record first, with the logs of these enhanced renditions."""
    return [
        keys.record(stream),
        *(keys.log(stream, rendition) for rendition in (keys.SOURCE, *enhanced)),
        keys.control(stream),
        keys.feedback(stream),
    ]


class StreamRegistry:
    """Creates, keeps alive, reads and ends stream records."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    async def create(
        self, stream: str, *, session: int = 0, above: int = 0, over: bool = False, **fields: Any
    ) -> int:
        """The new session's epoch. Raises StreamBusy while the record is there, unless it is taken
        ``over``: then whoever had the stream is fenced.

        ``session`` other than 0 brings a record back, with its old epoch, after Redis lost it. A
        new session is greater than ``above``, whatever the server's clock says, and finds no log.
        """
        args = [stream, session, EXPIRY_MS, above + 1, int(over), *_flat(fields)]
        answer = await _CREATE.run(self._client, _keys_of(stream, keys.ALL_ENHANCED), args)
        if not answer:
            raise StreamBusy(f"stream {stream} already has a publisher")
        return int(answer)

    async def touch(self, stream: str, session: int, **fields: Any) -> None:
        """Keeps the record alive and sets fields. Raises StreamGone or StreamBusy."""
        args = ["session", session, EXPIRY_MS, *_flat(fields)]
        self._judge(stream, await self._run(UPDATE, stream, args))

    async def set_wish(self, stream: str, session: int, **fields: Any) -> None:
        """Sets what the operator wants (``enhance``, ``model``, ``strength``, ``ending``) without
        prolonging the life.
        """
        args = ["session", session, 0, *_flat(fields)]
        self._judge(stream, await self._run(UPDATE, stream, args))

    async def set_job(self, stream: str, session: int, *, before: str, job: str) -> str:
        """Makes ``job`` the stream's job if that was ``before``; returns which it is now.

        Of two jobs made for one stream, in whatever order answers are lost, one is chosen so.
        Raises StreamGone.
        """
        answer = await self._run(_SET_JOB, stream, [session, before, job])
        if answer == b"gone":
            raise StreamGone(f"stream {stream} ended")
        return str(answer.decode())

    async def _run(self, script: Script, stream: str, args: list[Any]) -> Any:
        """Runs a script on the record. Raises StreamGone for one that is no record at all."""
        try:
            return await script.run(self._client, [keys.record(stream)], args)
        except DamagedKey as error:
            raise StreamGone(f"stream {stream} has no record in Redis") from error

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
        answer = await self._run(_WATCH, stream, [session, WATCH_MS, rendition])
        if answer == b"gone":
            raise StreamGone(f"stream {stream} ended")
        return bool(answer == b"first")

    async def take_lead(
        self, stream: str, session: int, worker: str, *, job: str = "", output: str = ""
    ) -> int:
        """The lead's new epoch, greater than any before. Raises StreamGone, or DuplicateJob if the
        stream has another job than ``job``; the first that is led becomes the stream's.

        A lead that was decoding and did not let go gets a strike (``wire/strikes.py``).
        ``output`` is the codec in which it encodes, unless a viewer needs another one.
        """
        answer = await self._run(_TAKE_LEAD, stream, [session, worker, job, output])
        if not answer:
            raise StreamGone(f"stream {stream} ended")
        if answer < 0:
            raise DuplicateJob(f"stream {stream} has another job than {job}")
        return int(answer)

    async def drop_lead(self, stream: str, epoch: int) -> None:
        """Says that nobody enhances the stream; a no-op if somebody else does by now."""
        args = ["epoch", epoch, 0, "lead", ""]
        await self._run(UPDATE, stream, args)

    async def get(self, stream: str) -> StreamRecord:
        """The record. Raises StreamGone or BadMessage."""
        try:
            answer = await command(self._client, "HGETALL", self._client.key(keys.record(stream)))
        except DamagedKey as error:
            raise BadMessage(f"stream record: {error}") from error
        record = parse_record(answer)
        if record is None:
            raise StreamGone(f"stream {stream} is not live")
        return record

    async def is_kept(self, stream: str) -> bool:
        """False where no app has touched the record for ``UNKEPT_MS``: it died, or cannot."""
        left = await command(self._client, "PTTL", self._client.key(keys.record(stream)))
        return bool(left > EXPIRY_MS - UNKEPT_MS)

    async def list(self) -> list[StreamRecord]:
        """All records, by id. Records that cannot be read are left out."""
        found: dict[str, StreamRecord] = {}
        for key in await self._client.scan(keys.RECORDS_PATTERN):
            with contextlib.suppress(BadMessage, DamagedKey):
                record = parse_record(await command(self._client, "HGETALL", key))
                if record is not None:
                    found[record.id] = record
        return [found[name] for name in sorted(found)]

    async def end(self, stream: str, session: int, renditions: tuple[str, ...]) -> bool:
        """Removes the record and the logs, if they are still this session's."""
        return bool(await _END.run(self._client, _keys_of(stream, renditions), [session]))


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
        record = msgspec.convert(texts | {"watched": leases}, StreamRecord, strict=False)
    except (msgspec.ValidationError, UnicodeDecodeError) as error:
        raise BadMessage(f"stream record: {error}") from error
    if not keys.is_stream_id(record.id):
        raise BadMessage("stream record: its id is not one of a stream")
    return record
