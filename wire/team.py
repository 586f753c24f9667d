"""Messages between the lead of a rendition and the workers that help it, and their inboxes.

Each worker has one inbox, a bounded Redis Stream. A message is a MessagePack object with a
``type`` and a time to live; what is late is dropped and counted, by whoever notices first. The
sender's name stands beside the message: Redis' users may be trusted with it, and a gateway writes
the name of the device itself.
"""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Annotated

import msgspec

from media.limits import MAX_SIDE
from wire import clock, keys
from wire.clock_offset import ClockOffset
from wire.connection import RETRY_S, Redis
from wire.errors import BadMessage, DamagedKey
from wire.position import Position
from wire.script import Script

MAX_MESSAGES = 256
"""Messages kept in an inbox: half a second of the results of 16 helpers at 30 frames a second. A
reader that is further behind has missed their deadlines."""

EXPIRY_MS = 10_000
"""An inbox to which nobody wrote for this long is removed by the server."""

MAX_LEFT_S = 10.0
"""Longest time to live of a message; it is lowered to this."""

MAX_TASK_REGIONS = 48
"""Regions of a task: as many as are chosen of a whole frame."""

MAX_RESULT_BYTES = 192 * 1024
"""Coded bytes of all regions of a result; a link carries messages of 240 kB."""

_MAX_PAGE = 64
"""Messages of one read: about 12 MB at worst, usually half a megabyte."""

_COMPARE_US = 10_000_000
"""Time between two comparisons with Redis' clock; crystals drift 1 ms in it at 100 ppm."""

_SEND = Script(
    """
if redis.call('TYPE', KEYS[1]).ok ~= 'stream' then redis.call('DEL', KEYS[1]) end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[2], '*', 'm', ARGV[3], 'from', ARGV[4], 'left', ARGV[5])
return redis.call('PEXPIRE', KEYS[1], ARGV[1])
"""
)

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Words = Annotated[str, msgspec.Meta(max_length=500)]
Number = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
TaskNumber = Annotated[int, msgspec.Meta(ge=0, lt=2**32)]
Place = Annotated[int, msgspec.Meta(ge=0, le=MAX_SIDE)]
Side = Annotated[int, msgspec.Meta(ge=1, le=MAX_SIDE)]
Fraction = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Quality = Annotated[int, msgspec.Meta(ge=0, le=100)]
Milliseconds = Annotated[float, msgspec.Meta(ge=0.0, le=1e6)]
Coded = Annotated[bytes, msgspec.Meta(max_length=MAX_RESULT_BYTES)]


class _OfTeam(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """The part that all messages have: the rendition that the team makes, and its lead's epoch."""

    stream: Name
    rendition: Name
    epoch: Number
    "The lead's epoch. A message of an earlier lead is about nothing that still is."


class Invite(_OfTeam, frozen=True, kw_only=True, tag="invite"):
    """Asks a worker to help the sender, which leads the rendition; repeated every second."""

    source_epoch: Number
    "The publisher's epoch: the source log to follow."
    model: Name
    strength: Fraction
    "Strength of the net's style."
    quality: Quality
    "Quality of coded results, unless a task says otherwise."


class Dismiss(_OfTeam, frozen=True, kw_only=True, tag="dismiss"):
    """Ends an invitation at once."""


class Ready(_OfTeam, frozen=True, kw_only=True, tag="ready"):
    """Says that the sender follows the source and takes tasks; repeated every second."""

    model: Name
    ms_per_megasample: Milliseconds
    "Measured time of the net per million decoded samples, halo included; 0: not measured."
    free: Fraction
    "Part of the device that its own streams and other teams leave free."
    parity: Fraction = 0.0
    "Bytes of parity that its link adds to each byte of its results."


class Declined(_OfTeam, frozen=True, kw_only=True, tag="declined"):
    """Says that the sender does not help, with the reason as a sentence."""

    reason: Words


class TaskRegion(msgspec.Struct, frozen=True, array_like=True):
    """A rectangle of the decoded picture in luma samples, without the net's halo. The reader of a
    task checks that it begins within the picture.
    """

    top: Place
    left: Place
    height: Side
    width: Side


class Task(_OfTeam, frozen=True, kw_only=True, tag="task"):
    """Asks a helper for the net's picture of some regions of a frame, while the message lives."""

    number: TaskNumber
    "Chosen by the lead, greater than that of its earlier tasks of this epoch."
    sequence: TaskNumber
    "Sequence of the frame's unit in the source log."
    regions: Annotated[
        tuple[TaskRegion, ...], msgspec.Meta(min_length=1, max_length=MAX_TASK_REGIONS)
    ]
    quality: Quality


class Result(_OfTeam, frozen=True, kw_only=True, tag="result"):
    """The coded picture of a task's regions, with the times that it took."""

    number: TaskNumber
    "The task's number."
    sequence: TaskNumber
    "The task's sequence."
    coded: Annotated[tuple[Coded, ...], msgspec.Meta(min_length=1, max_length=MAX_TASK_REGIONS)]
    "The coded residual of each of the task's regions, in their order."
    engine_ms: Milliseconds
    "Time of the net."
    whole_ms: Milliseconds
    "Time from reading the task to this message."
    waited_ms: Milliseconds = 0.0
    "Time of that before work on the task began: for its frame, or for earlier tasks."
    late_ms: Milliseconds = 0.0
    "Time by which this message was made after the task's deadline."


class Failed(_OfTeam, frozen=True, kw_only=True, tag="failed"):
    """Says that a task will have no result, with the reason as a sentence."""

    number: TaskNumber
    reason: Words


TeamMessage = Invite | Dismiss | Ready | Declined | Task | Result | Failed
_ENCODER = msgspec.msgpack.Encoder()
_DECODER: msgspec.msgpack.Decoder[TeamMessage] = msgspec.msgpack.Decoder(TeamMessage)


def encode_team_message(message: TeamMessage) -> bytes:
    """Returns the bytes of a message."""
    return _ENCODER.encode(message)


def parse_team_message(data: bytes) -> TeamMessage:
    """Parses the message in ``data``. Raises BadMessage."""
    try:
        message: TeamMessage = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadMessage(f"team message: {error}") from error
    if not keys.is_stream_id(message.stream) or not keys.is_rendition(message.rendition):
        raise BadMessage("team message: it names no rendition of a stream")
    if isinstance(message, Result) and sum(map(len, message.coded)) > MAX_RESULT_BYTES:
        raise BadMessage(f"team message: a result has more than {MAX_RESULT_BYTES} bytes")
    return message


@dataclasses.dataclass(frozen=True, slots=True)
class Received:
    """A message of an inbox that is still in time."""

    sender: str
    "Name of the worker that sent it."
    message: TeamMessage
    left_s: float
    "Time until it is late, in s."


class TeamMailbox:
    """Sends to the inboxes of workers, and reads one of them. One reader for each inbox."""

    def __init__(self, client: Redis, name: str) -> None:
        """``name`` is the worker whose inbox is read, and the sender of what is sent."""
        self._client = client
        self._name = name
        self._position = Position(client, client.key(keys.team(name)))
        self._offset = ClockOffset()
        self._compared_us: int | None = None
        self._drained_us: int | None = None
        self.late = 0
        "Messages, sent or received, that were past their deadline and dropped."
        self.bad_messages = 0
        "Entries of the inbox that were no messages."

    @property
    def parity(self) -> float:
        """Always 0: nothing is lost in a site."""
        return 0.0

    async def send(self, to: str, message: TeamMessage, left_s: float) -> None:
        """Adds a message to the inbox of the worker ``to``, to be taken within ``left_s``; where it
        has more than ``MAX_MESSAGES`` the oldest go. Raises one of REDIS_DOWN.
        """
        left_ms = int(1000 * min(left_s, MAX_LEFT_S))
        if left_ms <= 0:
            self.late += 1
            return
        data = encode_team_message(message)
        args = [EXPIRY_MS, MAX_MESSAGES, data, self._name, left_ms]
        await _SEND.run(self._client, [keys.team(to)], args)

    async def read(self, block_ms: int) -> list[Received]:
        """Returns the messages sent since the last read (the first starts at its own call), oldest
        first; empty after ``block_ms`` (1 to 9000) without any. Raises one of REDIS_DOWN.
        """
        try:
            await self._compare_clocks()
            rows = await self._position.read(block_ms=block_ms, count=_MAX_PAGE)
        except DamagedKey:
            self.bad_messages += 1
            await asyncio.sleep(RETRY_S)  # whoever writes next puts it right
            return []
        now_us = clock.now_us()
        found = [one for row in rows if (one := self._received(row, now_us)) is not None]
        # A page that is not full was the end of the inbox: what comes next cannot be older.
        self._drained_us = now_us if len(rows) < _MAX_PAGE else None
        return found

    async def _compare_clocks(self) -> None:
        if self._compared_us is None:
            await self._position.to_end()
        elif clock.now_us() - self._compared_us < _COMPARE_US:
            return
        before_us = clock.now_us()
        seconds, micros = await self._client.time(keys.team(self._name))
        self._compared_us = clock.now_us()
        redis_us = int(seconds) * 1_000_000 + int(micros)
        self._offset.learn(redis_us, before_us=before_us, after_us=self._compared_us)

    def _received(self, row: tuple[bytes, list[bytes]], now_us: int) -> Received | None:
        entry_id, flat = row
        fields = dict(zip(flat[::2], flat[1::2], strict=False))
        try:
            message = parse_team_message(fields[b"m"])
            sender, left_s = fields[b"from"].decode(), int(fields[b"left"]) / 1000
        except (BadMessage, KeyError, ValueError):
            self.bad_messages += 1
            return None
        if not keys.is_worker(sender):
            self.bad_messages += 1
            return None
        age_us = self._offset.in_stream_us(
            entry_id.decode(), now_us=now_us, since_us=self._drained_us
        )
        left_s = min(left_s, MAX_LEFT_S) - max(0, age_us) / 1_000_000
        if left_s <= 0.0:
            self.late += 1
            return None
        return Received(sender, message, left_s)
