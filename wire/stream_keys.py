"""Stream keys, and view permissions and choices of recording by the names of streams, in Redis.

Every app node keeps a copy (``app/access``) and asks for a newer one by its version. What stands
here of a secret is its SHA-256: enough to know it again, not enough to use it.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from wire import keys
from wire.connection import Redis
from wire.hash_record import Epoch, Text
from wire.recording_board import RecordMode
from wire.script import Script

MAX_STREAM_KEYS = 1_000
"""Stream keys of one Redis, expired ones included; each node has a copy of all, about 1 MB."""

MAX_VIEWS = 10_000
"""Streams whose view permission was set; the name is kept while nobody publishes it."""

MAX_RECORDING_CHOICES = 10_000
"""Streams for which somebody chose what is recorded: as many as have a view permission."""

Limit = Annotated[int, msgspec.Meta(ge=0, lt=2**31)]


class View(enum.Enum):
    """Permissions to watch a stream."""

    PUBLIC = "public"
    UNLISTED = "unlisted"
    """Whoever knows its name; lists leave it out."""
    TOKEN = "token"
    """Whoever has a token for it; lists leave it out."""


class KeyLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Most that the streams of a key may use; 0: no limit but the server's."""

    streams: Limit = 0
    "Streams at a time."
    kbps: Limit = 0
    "Video bitrate of a stream in kbit/s."
    pixels: Limit = 0
    "Pixels of a picture: width times height."
    viewers: Limit = 0
    "Viewers of a stream at a time, on all nodes together."


class StreamKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key for the streams of one name or pattern, without its secret."""

    id: Text
    streams: Text
    "Name of a stream, or a pattern with * and ?."
    note: Text = ""
    "Words of whoever made it, for people."
    hash: Text
    "SHA-256 of the secret, in hexadecimal."
    old_hash: Text = ""
    "Hash of the secret before, which is good until ``old_until_us``."
    old_until_us: Epoch = 0
    created_us: Epoch
    expires_us: Epoch = 0
    "Unix us; 0: never."
    view: View = View.PUBLIC
    "Permission that a stream gets with its first publisher, unless one was set for it."
    limits: KeyLimits = KeyLimits()


class AccessTables(msgspec.Struct, frozen=True, kw_only=True):
    """All stream keys, view permissions and choices of recording at one moment."""

    version: Epoch = 0
    "Grows with every change; 0: Redis has none, since it is new or lost its data."
    signing: Text = ""
    "Secret with which view tokens are signed, in hexadecimal."
    keys: dict[str, StreamKey] = {}
    "Keys by id."
    views: dict[str, View] = {}
    "Permissions by the name of the stream."
    recordings: dict[str, RecordMode] = {}
    "Choices of recording by the name of the stream; others have the server's default."


class PutResult(enum.Enum):
    """Outcome of a change of a table."""

    DONE = "done"
    OTHER = "other"
    """The entry is another one than the caller knows, or all tables are gone: read them."""
    FULL = "full"


# Each script ends by giving the tables another version, which is the server's time.
_TOUCH = """
local t, have = redis.call('TIME'), tonumber(redis.call('HGET', KEYS[1], 'version') or '0')
local version = string.format('%.0f', math.max(t[1] * 1000000 + t[2], have + 1))
redis.call('HSET', KEYS[1], 'version', version)
"""

# The first write of each script is one that a server whose memory is full allows.
# KEYS: the state, the table. ARGV: field, value before ('' for none), new value, maximum.
_PUT = Script(
    """
redis.call('HDEL', KEYS[2], '')
if redis.call('EXISTS', KEYS[1]) == 0 then return 'other' end
local have = redis.call('HGET', KEYS[2], ARGV[1]) or ''
if have ~= ARGV[2] then return 'other' end
if have == '' and #redis.call('HGETALL', KEYS[2]) / 2 >= tonumber(ARGV[4]) then return 'full' end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
"""
    + _TOUCH
    + "return 'done'"
)

_REMOVE = Script(
    """
if redis.call('HDEL', KEYS[2], ARGV[1]) == 0 then return 0 end
"""
    + _TOUCH
    + "return 1"
)

# KEYS: the state, keys, views, recordings. ARGV: the version that the caller has.
_READ = Script(
    """
local version = redis.call('HGET', KEYS[1], 'version') or '0'
if version == ARGV[1] then return {version} end
local signing = redis.call('HGET', KEYS[1], 'signing') or ''
return {version, signing, redis.call('HGETALL', KEYS[2]), redis.call('HGETALL', KEYS[3]),
    redis.call('HGETALL', KEYS[4])}
"""
)

# KEYS: as above. ARGV: the signing secret, the numbers of keys and of views, then names and values
# of keys, of views and of recordings. Whichever node comes first writes what it knows; the others
# read that.
_RESTORE = Script(
    """
redis.call('HDEL', KEYS[1], '')
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'signing', ARGV[1])
local last_key = 3 + 2 * ARGV[2]
local last_view = last_key + 2 * ARGV[3]
for i = 4, #ARGV, 2 do
    local place = i <= last_key and 2 or i <= last_view and 3 or 4
    redis.call('HSET', KEYS[place], ARGV[i], ARGV[i + 1])
end
"""
    + _TOUCH
    + "return 1"
)

_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER = msgspec.json.Decoder(StreamKey)
_ALL = [keys.ACCESS_STATE, keys.STREAM_KEYS, keys.VIEWS, keys.RECORDING_CHOICES]


class AccessRegistry:
    """Reads and changes the tables; each change is one step, whichever node carries it out."""

    def __init__(self, client: Redis, *, max_keys: int = MAX_STREAM_KEYS) -> None:
        self._client = client
        self._max_keys = max_keys

    async def read(self, version: int = 0) -> AccessTables | None:
        """Returns the tables, None where they have this version still.

        Version 0 in the answer: Redis has none. Entries that cannot be read are left out.
        """
        # Nobody has version -1: a caller without a copy is answered in full.
        answer = await _READ.run(self._client, _ALL, [version or -1])
        if len(answer) == 1:
            return None
        found, signing, stream_keys, views, recordings = answer
        return AccessTables(
            version=int(found),
            signing=signing.decode(errors="replace"),
            keys=dict(_parsed_keys(stream_keys)),
            views=dict(_parsed_views(views)),
            recordings=dict(_parsed_recordings(recordings)),
        )

    async def put(self, key: StreamKey, *, before: StreamKey | None = None) -> PutResult:
        """Writes a key in the place of ``before``, or a new one.

        The tables must be there: a Redis that lost them is restored first, or the rest stays lost.
        """
        have = _ENCODER.encode(before) if before is not None else b""
        args = [key.id, have, _ENCODER.encode(key), self._max_keys]
        answer = await _PUT.run(self._client, [keys.ACCESS_STATE, keys.STREAM_KEYS], args)
        return PutResult(answer.decode())

    async def remove(self, key_id: str) -> bool:
        """Removes a key; False if there is none of this id."""
        names = [keys.ACCESS_STATE, keys.STREAM_KEYS]
        return bool(await _REMOVE.run(self._client, names, [key_id]))

    async def set_recording(
        self, stream: str, mode: RecordMode, *, before: RecordMode | None
    ) -> PutResult:
        """Writes what is recorded of a stream, in the place of ``before`` (None: nobody chose)."""
        args = [stream, before or "", mode, MAX_RECORDING_CHOICES]
        names = [keys.ACCESS_STATE, keys.RECORDING_CHOICES]
        return PutResult((await _PUT.run(self._client, names, args)).decode())

    async def remove_recording(self, stream: str) -> bool:
        """Removes the choice of what is recorded of a stream; False if there is none."""
        names = [keys.ACCESS_STATE, keys.RECORDING_CHOICES]
        return bool(await _REMOVE.run(self._client, names, [stream]))

    async def set_view(self, stream: str, view: View, *, before: View | None) -> PutResult:
        """Writes who may watch a stream, in the place of ``before`` (None: it was never set)."""
        args = [stream, before.value if before else "", view.value, MAX_VIEWS]
        answer = await _PUT.run(self._client, [keys.ACCESS_STATE, keys.VIEWS], args)
        return PutResult(answer.decode())

    async def restore(self, tables: AccessTables) -> bool:
        """Writes the tables into a Redis that has none; False if it has some."""
        args: list[Any] = [tables.signing, len(tables.keys), len(tables.views)]
        for key_id, key in tables.keys.items():
            args += [key_id, _ENCODER.encode(key)]
        for stream, view in tables.views.items():
            args += [stream, view.value]
        for stream, mode in tables.recordings.items():
            args += [stream, mode]
        return bool(await _RESTORE.run(self._client, _ALL, args))


def _pairs(answer: list[bytes]) -> Mapping[str, bytes]:
    names = (name.decode(errors="replace") for name in answer[::2])
    return dict(zip(names, answer[1::2], strict=True))


def _parsed_keys(answer: list[bytes]) -> Any:
    for name, text in _pairs(answer).items():
        try:
            key = _DECODER.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue  # what cannot be read lets nobody in
        if key.id == name:
            yield name, key


def _parsed_views(answer: list[bytes]) -> Any:
    for name, text in _pairs(answer).items():
        try:
            yield name, View(text.decode(errors="replace"))
        except ValueError:
            yield name, View.TOKEN  # what cannot be read opens nothing


def _parsed_recordings(answer: list[bytes]) -> Any:
    for name, text in _pairs(answer).items():
        try:
            yield name, msgspec.convert(text.decode(errors="replace"), RecordMode)
        except msgspec.ValidationError:
            continue  # what cannot be read leaves it to the server
