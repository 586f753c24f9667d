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

MAX_HELD = 100
"""Names whose permission one owner may set while nobody publishes them; as many choices."""

MAX_HELD_LIVE = 1_000
"""The same with names that are live: whoever publishes one after another fills no table alone."""

OPERATORS_ENTRIES = 1_000
"""Entries of either table that owners leave to the operator, however many they are."""

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

    def is_over(self, now_us: int) -> bool:
        """Returns whether the key has expired."""
        return 0 < self.expires_us <= now_us


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
    holders: dict[str, Text] = {}
    "Owners by the entry that they made, ``view NAME`` or ``recording NAME``; others: the operator."


class Setter(msgspec.Struct, frozen=True):
    """Whoever makes an entry in the table of permissions, or in that of choices."""

    holder: str = ""
    "Kind of the token and id of its holder; empty: the operator."
    most: int = MAX_HELD
    "Entries of this holder in the table."


OPERATOR = Setter()


class PutResult(enum.Enum):
    """Outcome of a change of a table."""

    DONE = "done"
    OTHER = "other"
    """The entry is another one than the caller knows, or all tables are gone: read them."""
    FULL = "full"
    HELD = "held"
    """The holder has made as many entries as one may."""


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
if have == '' and redis.call('HLEN', KEYS[2]) >= tonumber(ARGV[4]) then return 'full' end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
"""
    + _TOUCH
    + "return 'done'"
)

# KEYS: the state, the table, the holders. ARGV: stream, value before ('' for none), new value,
# maximum, beginning of the table's fields in the holders, holder ('': the operator), its maximum.
_SET = Script(
    """
redis.call('HDEL', KEYS[2], '')
if redis.call('EXISTS', KEYS[1]) == 0 then return 'other' end
local have = redis.call('HGET', KEYS[2], ARGV[1]) or ''
if have ~= ARGV[2] then return 'other' end
if have == '' and redis.call('HLEN', KEYS[2]) >= tonumber(ARGV[4]) then return 'full' end
if have == '' and ARGV[6] ~= '' then
    local all, held = redis.call('HGETALL', KEYS[3]), 0
    for i = 1, #all, 2 do
        local is_here = string.sub(all[i], 1, #ARGV[5]) == ARGV[5]
        if is_here and all[i + 1] == ARGV[6] then held = held + 1 end
    end
    if held >= tonumber(ARGV[7]) then return 'held' end
    redis.call('HSET', KEYS[3], ARGV[5] .. ARGV[1], ARGV[6])
end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
"""
    + _TOUCH
    + "return 'done'"
)

# KEYS: the state, the table, for entries also the holders. ARGV: the field, that in the holders.
_REMOVE = Script(
    """
if redis.call('HDEL', KEYS[2], ARGV[1]) == 0 then return 0 end
if KEYS[3] then redis.call('HDEL', KEYS[3], ARGV[2]) end
"""
    + _TOUCH
    + "return 1"
)

# KEYS: the state, keys, views, recordings, holders. ARGV: the version that the caller has.
_READ = Script(
    """
local version = redis.call('HGET', KEYS[1], 'version') or '0'
if version == ARGV[1] then return {version} end
local signing = redis.call('HGET', KEYS[1], 'signing') or ''
return {version, signing, redis.call('HGETALL', KEYS[2]), redis.call('HGETALL', KEYS[3]),
    redis.call('HGETALL', KEYS[4]), redis.call('HGETALL', KEYS[5])}
"""
)

# KEYS: as above. ARGV: the signing secret, the numbers of keys, views and recordings, then names
# and values of these and of holders. Whichever node comes first writes what it knows; the others
# read that.
_RESTORE = Script(
    """
redis.call('HDEL', KEYS[1], '')
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'signing', ARGV[1])
local place, last = 2, 4 + 2 * ARGV[2]
for i = 5, #ARGV, 2 do
    while place < 5 and i > last do
        place = place + 1
        last = place < 5 and last + 2 * ARGV[place] or #ARGV
    end
    redis.call('HSET', KEYS[place], ARGV[i], ARGV[i + 1])
end
"""
    + _TOUCH
    + "return 1"
)

_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER = msgspec.json.Decoder(StreamKey)
_ALL = [
    keys.ACCESS_STATE,
    keys.STREAM_KEYS,
    keys.VIEWS,
    keys.RECORDING_CHOICES,
    keys.ENTRY_HOLDERS,
]
_VIEW, _RECORDING = "view ", "recording "


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
        found, signing, stream_keys, views, recordings, holders = answer
        return AccessTables(
            version=int(found),
            signing=signing.decode(errors="replace"),
            keys=dict(_parsed_keys(stream_keys)),
            views=dict(_parsed_views(views)),
            recordings=dict(_parsed_recordings(recordings)),
            holders={entry: who.decode(errors="replace") for entry, who in _pairs(holders).items()},
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
        self, stream: str, mode: RecordMode, *, before: RecordMode | None, by: Setter = OPERATOR
    ) -> PutResult:
        """Writes what is recorded of a stream, in the place of ``before`` (None: nobody chose)."""
        most = MAX_RECORDING_CHOICES
        args = [stream, before or "", mode, most if by == OPERATOR else most - OPERATORS_ENTRIES]
        return await self._set(keys.RECORDING_CHOICES, [*args, _RECORDING], by)

    async def remove_recording(self, stream: str) -> bool:
        """Removes the choice of what is recorded of a stream; False if there is none."""
        names = [keys.ACCESS_STATE, keys.RECORDING_CHOICES, keys.ENTRY_HOLDERS]
        return bool(await _REMOVE.run(self._client, names, [stream, _RECORDING + stream]))

    async def set_view(
        self, stream: str, view: View, *, before: View | None, by: Setter = OPERATOR
    ) -> PutResult:
        """Writes who may watch a stream, in the place of ``before`` (None: it was never set)."""
        most = MAX_VIEWS if by == OPERATOR else MAX_VIEWS - OPERATORS_ENTRIES
        args = [stream, before.value if before else "", view.value, most, _VIEW]
        return await self._set(keys.VIEWS, args, by)

    async def remove_view(self, stream: str) -> bool:
        """Removes what was said of who may watch a stream; False if nothing was."""
        names = [keys.ACCESS_STATE, keys.VIEWS, keys.ENTRY_HOLDERS]
        return bool(await _REMOVE.run(self._client, names, [stream, _VIEW + stream]))

    async def _set(self, table: str, args: list[Any], by: Setter) -> PutResult:
        names = [keys.ACCESS_STATE, table, keys.ENTRY_HOLDERS]
        answer = await _SET.run(self._client, names, [*args, by.holder, by.most])
        return PutResult(answer.decode())

    async def restore(self, tables: AccessTables) -> bool:
        """Writes the tables into a Redis that has none; False if it has some."""
        counts = len(tables.keys), len(tables.views), len(tables.recordings)
        args: list[Any] = [tables.signing, *counts]
        for key_id, key in tables.keys.items():
            args += [key_id, _ENCODER.encode(key)]
        for stream, view in tables.views.items():
            args += [stream, view.value]
        for stream, mode in tables.recordings.items():
            args += [stream, mode]
        for entry, holder in tables.holders.items():
            args += [entry, holder]
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
