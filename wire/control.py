"""Small messages about one stream, on two bounded Redis Streams.

``control`` goes to the stream's lead, ``feedback`` to the app that holds its publisher. Both are
hints: whoever misses one reads the stream's record. Messages are JSON with a ``type``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from wire import keys
from wire.connection import RETRY_S, Redis
from wire.errors import BadMessage, DamagedKey
from wire.position import Position
from wire.script import Script

MAX_LENGTH = 64
"""Messages kept per stream; older ones are dropped by the server."""

EXPIRY_MS = 60_000
"""A mailbox nobody wrote to for this long is removed by the server."""

# In one step: a sender that dies between the two commands would leave a key for ever. The first
# write is one that a full server allows.
_SEND = Script(
    """
if redis.call('TYPE', KEYS[1]).ok ~= 'stream' then redis.call('DEL', KEYS[1]) end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[1], '*', 'm', ARGV[2])
return redis.call('PEXPIRE', KEYS[1], ARGV[3])
"""
)


class KeyFrameRequest(msgspec.Struct, frozen=True, tag="key_frame"):
    """A viewer or a decoder cannot go on without a key frame."""

    rendition: str
    "``source`` or a simulcast layer (to the app), or an enhanced rendition (to the lead)."
    reason: str = ""


class RecordChanged(msgspec.Struct, frozen=True, tag="record_changed"):
    """The operator changed the stream's record; read it again."""


class MapRequest(msgspec.Struct, frozen=True, tag="map_wanted"):
    """Somebody looks at who makes which part of a rendition; repeated each second, to the lead."""

    rendition: str


class LayerWatched(msgspec.Struct, frozen=True, tag="layer_watched"):
    """Somebody reads the log of a simulcast layer; repeated each second, to the app."""

    rendition: str


class EndStream(msgspec.Struct, frozen=True, tag="end_stream"):
    """The operator ends the stream (to the app)."""


Message = KeyFrameRequest | RecordChanged | MapRequest | LayerWatched | EndStream
MessageT = TypeVar("MessageT", bound=msgspec.Struct)
_ENCODER = msgspec.json.Encoder()
_DECODER: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)


def parse_message(data: bytes) -> Message:
    """Parses the message in ``data``. Raises BadMessage."""
    try:
        # Text that is no UTF-8 and nesting deeper than Python's stack have exceptions of their own.
        return _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadMessage(f"control message: {error}") from error


class Mailbox(Generic[MessageT]):
    """Sends to and reads from one mailbox; what it holds at most is ``max_length`` messages."""

    def __init__(
        self,
        client: Redis,
        name: str,
        parse: Callable[[bytes], MessageT],
        *,
        max_length: int = MAX_LENGTH,
    ) -> None:
        """``name`` is the mailbox's key; ``parse`` raises BadMessage."""
        self._client = client
        self._name = name
        self._parse = parse
        self._max_length = max_length
        self._position = Position(client, client.key(name))
        self._is_open = False
        self.bad_messages = 0

    async def send(self, message: MessageT) -> None:
        """Adds a message; the oldest go when there are more than ``max_length``."""
        args = [self._max_length, _ENCODER.encode(message), EXPIRY_MS]
        await _SEND.run(self._client, [self._name], args)

    async def read(self, *, block_ms: int) -> list[MessageT]:
        """Returns the messages sent since the last read (the first read starts at its own call).

        Empty after ``block_ms`` (1 to 9000) without any.
        """
        try:
            # Opened by the first read and not by the constructor: senders make mailboxes too, and
            # need no position. Older messages are of no use, since a new reader has just read the
            # record.
            if not self._is_open:
                await self._position.to_end()
                self._is_open = True
            rows = await self._position.read(block_ms=block_ms, count=self._max_length)
        except DamagedKey:
            self.bad_messages += 1
            await asyncio.sleep(RETRY_S)  # whoever writes next puts it right
            return []
        messages: list[MessageT] = []
        for _, fields in rows:
            try:
                messages.append(self._parse(fields[1]))
            except BadMessage:
                self.bad_messages += 1
        return messages


def to_lead(client: Redis, stream: str) -> Mailbox[Message]:
    """Returns the mailbox of the stream's lead."""
    return Mailbox(client, keys.control(stream), parse_message)


def to_publisher(client: Redis, stream: str) -> Mailbox[Message]:
    """Returns the mailbox of the app that holds the stream's publisher."""
    return Mailbox(client, keys.feedback(stream), parse_message)
