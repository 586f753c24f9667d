"""The record of an enhanced rendition: its specification, its lead, and who watches it.

The record is a hash with expiry that the app of the stream's publisher keeps alive. Two epochs
stand in it: ``source_epoch`` is the publisher's, ``epoch`` is the lead's and fences the logs of the
rendition. Both grow, also after Redis lost its data.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Annotated, Any

import msgspec

from wire import keys
from wire.connection import Redis, command
from wire.errors import BadMessage, DamagedKey, DuplicateJob, StreamGone, TooManyRenditions
from wire.hash_record import EXPIRY_MS, UPDATE, Epoch, Text, flat, texts, with_prefix
from wire.script import Script
from wire.stream_record import StreamRegistry

MAX_RENDITIONS = 8
"""Enhanced renditions of one stream: each costs an encode, and most of them the net's time."""

WATCH_LEASE_MS = 3_000
"""A watch lease lasts this long: two renewals may be missed."""

WATCH_RENEW_S = 1.0
"""Interval at which the reader of an enhanced log renews its watch lease."""

Words = list[Any]
"""Names of keys or arguments of a script; in the registry ``list`` is one of its methods."""

MAX_NAMES = 256
"""Characters of the pinned workers' names together, and of the excluded ones', as of any text."""

_LEASE = "watched_us:"
_SHARED = "any"
"""Codec in the name of the field that holds the lease of the usual log."""

Strength = Annotated[float, msgspec.Meta(ge=-1.0, le=1.0)]
Factor = Annotated[int, msgspec.Meta(ge=-4, le=8)]
Kbps = Annotated[int, msgspec.Meta(ge=0, le=200_000)]


class RenditionSpec(msgspec.Struct, frozen=True, kw_only=True):
    """The operator's specification of an enhanced rendition."""

    model: Text = ""
    "Net to enhance with; empty: the worker's default."
    factor: Factor = 0
    """Enlargement of width and height; 0: the net's own, 1: the size of the source; below 0: the
    source's size divided by so much, without a net, for viewers on weak links."""
    strength: Strength = -1.0
    "Strength of the style, 0 (faithful) to 1 (crisp), for nets that have one; -1: the worker's."
    codec: Text = ""
    "Codec of the usual log, one that can be encoded; empty: the choice of the lead."
    kbps: Kbps = 0
    "Video bitrate in kbit/s; 0: by the worker's table of sizes."
    enhance: bool = True
    "False: the source is only copied."
    team: Text = ""
    """Helpers: ``on`` (also where the lead could do without), ``regions`` or ``frames`` (so too,
    and in this mode), ``off``, else as the lead lacks time."""
    pinned: Text = ""
    "Names of workers that help whenever they can, with commas between."
    excluded: Text = ""
    "Names of workers that must not help, with commas between; they count before ``pinned``."


SPEC_FIELDS = RenditionSpec.__struct_fields__
"""Fields that operators set; whoever brings a record back brings them back too."""

PARDON = {"strikes": 0, "struck": 0, "struck_us": 0}
"""Fields that forgive a rendition whose workers died; an operator who asks for it pardons it."""


class RenditionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The state of an enhanced rendition in Redis. Field names are the hash's field names."""

    stream: str
    name: str
    source_epoch: Epoch
    "The publisher's epoch."
    model: Text = ""
    factor: Factor = 0
    strength: Strength = -1.0
    codec: Text = ""
    kbps: Kbps = 0
    enhance: bool = True
    team: Text = ""
    pinned: Text = ""
    excluded: Text = ""
    epoch: Epoch = 0
    "The lead's epoch; 0 while no worker ever had the rendition."
    lead: Text = ""
    "Name of the worker that makes it, empty while none does."
    job: Text = ""
    "Entry id of its job."
    output: Text = ""
    "Codec in which the last lead encodes the usual log; empty while there was no lead."
    watched_us: Epoch = 0
    "End of the latest watch lease, on the server's clock; 0: there never was one."
    watched: dict[str, Epoch] = msgspec.field(default_factory=dict)
    "Ends of watch leases by codec of the log that is read; the usual log has an empty codec."
    decoding: bool = False
    "The lead decodes the stream."
    strikes: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0
    "Leads in a row that ended while they decoded, without letting go."
    struck: Epoch = 0
    "The epoch of the last lead that ended so."
    struck_us: Epoch = 0
    "Time of the last strike, on the server's clock; 0: there was none."

    @property
    def spec(self) -> RenditionSpec:
        """The operator's specification."""
        return RenditionSpec(**{name: getattr(self, name) for name in SPEC_FIELDS})

    def watched_logs(self, *, now_us: int) -> frozenset[str]:
        """Names of the rendition's logs that are watched at ``now_us`` of the server's clock."""
        held = (codec for codec, until_us in self.watched.items() if until_us > now_us)
        return frozenset(keys.variant(self.name, codec) for codec in held)


# KEYS: the rendition's record, the stream's, the rendition's logs. ARGV: source epoch, stream,
# name, prefix of the fields that name renditions, their maximum, expiry in ms, 1 for a repair, the
# lead's epoch of a record to bring back (0: a new one), then fields and values.
_ENSURE = Script(
    """
if redis.call('HGET', KEYS[2], 'epoch') ~= ARGV[1] then return 'gone' end
local field = ARGV[4] .. ARGV[3]
if not redis.call('HGET', KEYS[2], field) then
    if ARGV[7] == '1' then return 'gone' end
    local count, pairs = 0, redis.call('HGETALL', KEYS[2])
    for i = 1, #pairs, 2 do
        if string.sub(pairs[i], 1, #ARGV[4]) == ARGV[4] then count = count + 1 end
    end
    if count >= tonumber(ARGV[5]) then return 'full' end
end
redis.call('HDEL', KEYS[2], '')
redis.call('HSET', KEYS[2], field, '1')
if redis.call('TYPE', KEYS[1]).ok == 'hash' and redis.call('PTTL', KEYS[1]) > 0
    and redis.call('HGET', KEYS[1], 'source_epoch') == ARGV[1] then return 'kept' end
redis.call('DEL', KEYS[1])
if ARGV[8] == '0' then for i = 3, #KEYS do redis.call('DEL', KEYS[i]) end end
redis.call('HSET', KEYS[1], 'stream', ARGV[2], 'name', ARGV[3], 'source_epoch', ARGV[1],
    'epoch', ARGV[8])
for i = 9, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('PEXPIRE', KEYS[1], ARGV[6])
return 'made'
"""
)

# False and not an empty text where there is nothing to remove: a rendition may have no job yet.
_REMOVE = Script(
    """
if redis.call('HGET', KEYS[2], 'epoch') ~= ARGV[1] then return false end
if redis.call('HDEL', KEYS[2], ARGV[2]) == 0 then return false end
local job = ''
if redis.call('TYPE', KEYS[1]).ok == 'hash' then job = redis.call('HGET', KEYS[1], 'job') or '' end
redis.call('DEL', KEYS[1])
for i = 3, #KEYS do redis.call('DEL', KEYS[i]) end
return job
"""
)

_SET_JOB = Script(
    """
if redis.call('HGET', KEYS[1], 'source_epoch') ~= ARGV[1] then return 'gone' end
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
"""The beginning of a script that counts a strike for the lead of an epoch."""

# The epoch is the server's time, so it is greater than all before even if the record was lost.
# Where that clock was set back, it counts on from the last one.
_TAKE_LEAD = Script(
    COUNT_STRIKE
    + """
if redis.call('HGET', KEYS[2], 'epoch') ~= ARGV[1] then return 0 end
if redis.call('HGET', KEYS[1], 'source_epoch') ~= ARGV[1] then return 0 end
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
if redis.call('HGET', KEYS[1], 'source_epoch') ~= ARGV[1] then return 'gone' end
redis.call('HDEL', KEYS[1], '')
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local before = tonumber(redis.call('HGET', KEYS[1], ARGV[3]) or '0') or 0
local until_us = string.format('%.0f', now + ARGV[2] * 1000)
redis.call('HSET', KEYS[1], 'watched_us', until_us, ARGV[3], until_us)
return before < now and 'first' or 'again'
"""
)


class RenditionRegistry:
    """Makes, reads, changes and removes the records of enhanced renditions.

    All methods raise StreamGone where the stream, its publisher's epoch or the rendition is gone.
    """

    def __init__(self, client: Redis) -> None:
        self._client = client

    async def ensure(
        self,
        stream: str,
        name: str,
        source_epoch: int,
        spec: RenditionSpec,
        *,
        epoch: int = 0,
        is_repair: bool = False,
    ) -> bool:
        """Adds a rendition to the stream if it is not there; True if its record was made now. A
        record that is there stays as it is. Raises TooManyRenditions beyond ``MAX_RENDITIONS``.

        ``epoch`` other than 0 brings a record back, with its last lead's epoch, after Redis lost
        it; a new one finds no logs. A repair makes nothing that the stream's record does not name:
        it may have been removed meanwhile.
        """
        fields = msgspec.structs.asdict(spec)
        args = [
            source_epoch, stream, name, keys.RENDITION_FIELD, MAX_RENDITIONS, EXPIRY_MS,
            int(is_repair), epoch, *flat(fields),
        ]  # fmt: skip
        answer = await self._run(_ENSURE, self._keys(stream, name), args)
        if answer == b"full":
            raise TooManyRenditions(f"Stream {stream} has {MAX_RENDITIONS} renditions already.")
        self._check(answer, stream, name)
        return bool(answer == b"made")

    async def discard(self, stream: str, name: str) -> None:
        """Removes a record that cannot be read; ``ensure`` then makes it anew."""
        await command(self._client, "DEL", self._client.key(keys.rendition(stream, name)))

    async def remove(self, stream: str, name: str, source_epoch: int) -> str:
        """Removes a rendition with its logs. Returns the id of its job, which the caller is to
        finish, or an empty text.
        """
        args = [source_epoch, keys.RENDITION_FIELD + name]
        answer = await self._run(_REMOVE, self._keys(stream, name), args)
        if answer is None:
            raise _gone(stream, name)
        return str(answer.decode())

    async def get(self, stream: str, name: str) -> RenditionRecord:
        """Returns the record. Raises StreamGone or BadMessage."""
        key = self._client.key(keys.rendition(stream, name))
        try:
            answer = await command(self._client, "HGETALL", key)
        except DamagedKey as error:
            raise BadMessage(f"rendition record: {error}") from error
        record = parse_rendition_record(answer)
        if record is None:
            raise _gone(stream, name)
        return record

    async def list_all(self, names: Iterable[tuple[str, str]]) -> list[RenditionRecord]:
        """Returns the records of these streams' renditions that are there and can be read."""
        asked = [("HGETALL", self._client.key(keys.rendition(*each))) for each in names]
        found = []
        async for answer in self._client.answers(asked):
            with contextlib.suppress(BadMessage):
                found.append(parse_rendition_record(answer))
        return [record for record in found if record is not None]

    async def list(self, stream: str) -> list[RenditionRecord]:
        """Returns the records that the stream's record names. Raises StreamGone."""
        names = (await StreamRegistry(self._client).get(stream)).renditions
        return await self.list_all((stream, name) for name in names)

    async def set_config(self, stream: str, name: str, source_epoch: int, **fields: Any) -> None:
        """Sets fields of the specification, or those of ``PARDON``, without prolonging the life of
        the record.
        """
        args = ["source_epoch", source_epoch, 0, *flat(fields)]
        answer = await self._run(UPDATE, [keys.rendition(stream, name)], args)
        self._check(answer, stream, name)

    async def set_job(
        self, stream: str, name: str, source_epoch: int, *, before: str, job: str
    ) -> str:
        """Makes ``job`` the rendition's job if that was ``before``; returns which it is now.

        Of two jobs made for one rendition, in whatever order answers are lost, one is chosen so.
        """
        args = [source_epoch, before, job]
        answer = await self._run(_SET_JOB, [keys.rendition(stream, name)], args)
        self._check(answer, stream, name)
        return str(answer.decode())

    async def take_lead(
        self,
        stream: str,
        name: str,
        source_epoch: int,
        worker: str,
        *,
        job: str = "",
        output: str = "",
    ) -> int:
        """Returns the lead's new epoch, greater than any before. Raises DuplicateJob if the
        rendition has another job than ``job``; the first that is led becomes the rendition's.

        A lead that was decoding and did not let go gets a strike (``wire/strikes.py``).
        ``output`` is the codec in which it encodes the usual log.
        """
        names = [keys.rendition(stream, name), keys.record(stream)]
        answer = await self._run(_TAKE_LEAD, names, [source_epoch, worker, job, output])
        if not answer or answer == b"gone":
            raise _gone(stream, name)
        if answer < 0:
            raise DuplicateJob(f"rendition {name} of stream {stream} has another job than {job}")
        return int(answer)

    async def drop_lead(self, stream: str, name: str, epoch: int) -> None:
        """Empties ``lead``; a no-op if another worker took the rendition over."""
        await self._run(UPDATE, [keys.rendition(stream, name)], ["epoch", epoch, 0, "lead", ""])

    async def renew_watch(self, stream: str, name: str, source_epoch: int, codec: str = "") -> bool:
        """Renews the watch lease of the usual log, or of the one in ``codec``, for
        ``WATCH_LEASE_MS``. True if there was none until now: then the lead is to be told.
        """
        args = [source_epoch, WATCH_LEASE_MS, _LEASE + (codec or _SHARED)]
        answer = await self._run(_WATCH, [keys.rendition(stream, name)], args)
        self._check(answer, stream, name)
        return bool(answer == b"first")

    async def _run(self, script: Script, names: Words, args: Words) -> Any:
        try:
            # A key of another type is no record; `ensure` removes it when it makes the record anew.
            return await script.run(self._client, names, args)
        except DamagedKey:
            return b"gone"

    @staticmethod
    def _keys(stream: str, name: str) -> Words:
        own, *logs = keys.of_rendition(stream, name)
        return [own, keys.record(stream), *logs]

    @staticmethod
    def _check(answer: bytes, stream: str, name: str) -> None:
        if answer in (b"gone", b"busy"):
            raise _gone(stream, name)


def _gone(stream: str, name: str) -> StreamGone:
    return StreamGone(f"stream {stream} has no rendition {name} in Redis")


def parse_rendition_record(answer: Any) -> RenditionRecord | None:
    """Returns the record in HGETALL's answer, None if the key is not there. Raises BadMessage."""
    if not answer:
        return None
    fields: dict[str, Any] = texts(answer, "rendition record")
    leases = {
        "" if codec == _SHARED else codec: value
        for codec, value in with_prefix(fields, _LEASE).items()
        if codec in (_SHARED, *keys.VARIANTS)
    }
    try:
        record = msgspec.convert(fields | {"watched": leases}, RenditionRecord, strict=False)
    except msgspec.ValidationError as error:
        raise BadMessage(f"rendition record: {error}") from error
    if not keys.is_stream_id(record.stream) or not keys.is_rendition(record.name):
        raise BadMessage("rendition record: it names no rendition of a stream")
    return record
