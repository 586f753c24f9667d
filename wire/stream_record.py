"""The record of a stream: its publisher, its source, and the names of its renditions.

The record is a hash with expiry that the publisher's app keeps alive. ``epoch`` belongs to the
publisher and fences the source log. It is drawn from the server's clock in microseconds (two in the
same millisecond differ) and grows, also after Redis lost its data. What is made of the source
stands in the records of the renditions (``rendition_record.py``).
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from typing import Annotated, Any

import msgspec

from wire import keys
from wire.connection import Redis, command
from wire.errors import BadMessage, DamagedKey, StreamBusy, StreamGone
from wire.hash_record import EXPIRY_MS, UPDATE, Epoch, Text, flat, texts, with_prefix
from wire.script import Script

ORPHAN_MS = 2_000
"""An app touches its records twice a second; one that it did not for so long is an orphan."""

_LAYER_WORD = re.compile(r"([a-z0-9]{1,8})=([0-9]{1,5})x([0-9]{1,5})@([0-9]{1,6})")

Side = Annotated[int, msgspec.Meta(ge=0, le=65_535)]
Rate = Annotated[float, msgspec.Meta(ge=0.0, le=1e9)]


class StreamRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a stream in Redis. Field names are the hash's field names."""

    id: str
    epoch: Epoch
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
    "Sentence that says why there is no picture of the source; empty: there is one."
    layers: Text = ""
    """Simulcast layers that flow, the largest first, with spaces between: NAME=WIDTHxHEIGHT@KBPS,
    where ``source-NAME`` is the rendition; empty without simulcast."""
    key: Text = ""
    """Holder whose streams are counted: id of the stream key that it is published with, or ``jwt:``
    or ``hook:`` and a subject; empty: nobody's."""
    max_viewers: Annotated[int, msgspec.Meta(ge=0, lt=2**31)] = 0
    "Viewers at a time that its publisher may have; 0: as many as the server allows."
    original: bool = False
    "The broadcaster wants viewers to see the original: no net works on the stream."
    ending: bool = False
    "The operator ends the stream; its app carries it out."
    renditions: tuple[str, ...] = ()
    "Names of its enhanced renditions, the default one first, from the fields ``rendition:NAME``."


class ReceivedLayer(msgspec.Struct, frozen=True):
    """One simulcast layer of a publisher."""

    rendition: str
    width: int
    height: int
    kbps: int


def encode_layers(layers: Iterable[ReceivedLayer]) -> str:
    """Returns the value of ``StreamRecord.layers``."""
    return " ".join(
        f"{each.rendition.removeprefix(keys.LAYER_PREFIX)}={each.width}x{each.height}@{each.kbps}"
        for each in layers
    )


def parse_layers(text: str) -> tuple[ReceivedLayer, ...]:
    """Returns the layers in such a value; words that are none are left out."""
    found = []
    for word in text.split():
        match = _LAYER_WORD.fullmatch(word)
        if match is not None and keys.is_layer(keys.LAYER_PREFIX + match[1]):
            width, height, kbps = (int(number) for number in match.group(2, 3, 4))
            found.append(ReceivedLayer(keys.LAYER_PREFIX + match[1], width, height, kbps))
    return tuple(found)


# KEYS: the record, then all other keys of the stream. ARGV: id, epoch to bring back (0: a new one),
# expiry in ms, least epoch, 1 to take over, then fields and values. Numbers are formatted by
# '%.0f', since Lua's own conversion keeps 14 digits and epochs have 16. A hash without expiry is
# none of ours, as this script always sets one.
_CREATE = Script(
    """
local least = tonumber(ARGV[4])
if redis.call('TYPE', KEYS[1]).ok == 'hash' and redis.call('PTTL', KEYS[1]) > 0 then
    local have = tonumber(redis.call('HGET', KEYS[1], 'epoch'))
    if have and ARGV[5] == '0' then return 0 end
    if have then least = math.max(least, have + 1) end
end
redis.call('DEL', KEYS[1])
local epoch = ARGV[2]
if epoch == '0' then
    local t = redis.call('TIME')
    epoch = string.format('%.0f', math.max(t[1] * 1000000 + t[2], least))
    for i = 2, #KEYS do redis.call('DEL', KEYS[i]) end
end
redis.call('HSET', KEYS[1], 'id', ARGV[1], 'epoch', epoch, 'state', 'live')
for i = 6, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return tonumber(epoch)
"""
)

_END = Script(
    """
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 0 end
return redis.call('DEL', unpack(KEYS))
"""
)


class StreamRegistry:
    """Creates, keeps alive, reads and ends stream records."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    async def create(
        self, stream: str, *, epoch: int = 0, above: int = 0, over: bool = False, **fields: Any
    ) -> int:
        """Returns the publisher's new epoch. Raises StreamBusy while the record is there, unless it
        is taken ``over``: then whoever had the stream is fenced, and so are the leads.

        ``epoch`` other than 0 brings a record back, with its old epoch, after Redis lost it. A new
        one is greater than ``above``, whatever the server's clock says, and finds no log.
        """
        args = [stream, epoch, EXPIRY_MS, above + 1, int(over), *flat(fields)]
        names = [keys.ENHANCED, *(await self._names(stream) if over else ())]
        answer = await _CREATE.run(self._client, keys.of_stream(stream, names), args)
        if not answer:
            raise StreamBusy(f"stream {stream} already has a publisher")
        return int(answer)

    async def touch(
        self, stream: str, epoch: int, *, renditions: Iterable[str] = (), **fields: Any
    ) -> None:
        """Sets fields and keeps the record alive, and those of the ``renditions``. Raises
        StreamGone or StreamBusy.
        """
        names = [keys.record(stream), *(keys.rendition(stream, name) for name in renditions)]
        await self._update(stream, names, ["epoch", epoch, EXPIRY_MS, *flat(fields)])

    async def set_config(self, stream: str, epoch: int, **fields: Any) -> None:
        """Sets what the operator wants (``ending``, ``original``) without prolonging the record's
        life. Raises StreamGone or StreamBusy.
        """
        await self._update(stream, [keys.record(stream)], ["epoch", epoch, 0, *flat(fields)])

    async def _update(self, stream: str, names: list[str], args: list[Any]) -> None:
        try:
            answer = await UPDATE.run(self._client, names, args)
        except DamagedKey:
            answer = b"gone"
        if answer == b"gone":
            raise StreamGone(f"stream {stream} has no record in Redis")
        if answer == b"busy":
            raise StreamBusy(f"stream {stream} belongs to another publisher now")

    async def get(self, stream: str) -> StreamRecord:
        """Returns the record. Raises StreamGone or BadMessage."""
        try:
            answer = await command(self._client, "HGETALL", self._client.key(keys.record(stream)))
        except DamagedKey as error:
            raise BadMessage(f"stream record: {error}") from error
        record = parse_stream_record(answer)
        if record is None:
            raise StreamGone(f"stream {stream} is not live")
        return record

    async def is_kept(self, stream: str) -> bool:
        """Returns False if no app has touched the record for ``ORPHAN_MS``: it died, or cannot."""
        # What is left of its life tells when it was touched last, by the server's clock alone.
        left = await command(self._client, "PTTL", self._client.key(keys.record(stream)))
        return bool(left > EXPIRY_MS - ORPHAN_MS)

    async def list(self) -> list[StreamRecord]:
        """Returns all records, by id. Records that cannot be read are left out."""
        found: dict[str, StreamRecord] = {}
        names = await self._client.scan(keys.RECORDS_PATTERN)
        async for answer in self._client.answers([("HGETALL", name) for name in names]):
            with contextlib.suppress(BadMessage):
                record = parse_stream_record(answer)
                if record is not None:
                    found[record.id] = record
        return [found[name] for name in sorted(found)]

    async def end(self, stream: str, epoch: int, renditions: Iterable[str]) -> bool:
        """Removes the record, the source log, the mailboxes, and the records and logs of these
        renditions, if the stream is still this publisher's.
        """
        return bool(await _END.run(self._client, keys.of_stream(stream, renditions), [epoch]))

    async def _names(self, stream: str) -> tuple[str, ...]:
        try:
            return (await self.get(stream)).renditions
        except (StreamGone, BadMessage):
            return ()


def parse_stream_record(answer: Any) -> StreamRecord | None:
    """Returns the record in HGETALL's answer, None if the key is not there. Raises BadMessage."""
    if not answer:
        return None
    fields: dict[str, Any] = texts(answer, "stream record")
    names = filter(keys.is_rendition, with_prefix(fields, keys.RENDITION_FIELD))
    # False sorts before True, so the default rendition comes first.
    fields["renditions"] = sorted(names, key=lambda name: (name != keys.ENHANCED, name))
    try:
        record = msgspec.convert(fields, StreamRecord, strict=False)
    except msgspec.ValidationError as error:
        raise BadMessage(f"stream record: {error}") from error
    if not keys.is_stream_id(record.id):
        raise BadMessage("stream record: its id is not one of a stream")
    return record
