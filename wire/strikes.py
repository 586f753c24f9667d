"""Renditions whose workers die: counted in the record, then set aside.

A job whose holder dies is handed to the next worker, and a stream that kills its decoder would go
through all of them. What counts is said in ``PROTOCOL.md`` section 6.1.
"""

from __future__ import annotations

import contextlib
import enum
from typing import Any

from wire import keys
from wire.connection import Redis
from wire.errors import DamagedKey
from wire.hash_record import UPDATE, flat
from wire.rendition_record import COUNT_STRIKE, PARDON
from wire.script import Script

MAX_STRIKES = 2
"""Strikes after which a stream is only copied."""

GOOD_S = 30.0
"""Decoding for this long without an end forgives all strikes."""

_REST_S = (60, 600, 3600)
"""Seconds for which it is only copied, after the second, third and any further strike; a stream
that shared its worker with the one that killed it comes back by itself."""

_MAX_BACKOFF_S = 30


def rest_s(strikes: int) -> int:
    """Returns the seconds after the last strike for which the stream is only copied."""
    if strikes < MAX_STRIKES:
        return 0
    return _REST_S[min(strikes - MAX_STRIKES, len(_REST_S) - 1)]


def is_set_aside(strikes: int, struck_us: int, *, now_us: int) -> bool:
    """True while the stream is only copied; times are Unix us of the server's clock."""
    rest_us = rest_s(strikes) * 1_000_000
    return rest_us > 0 and now_us < struck_us + rest_us


def backoff_s(strikes: int) -> int:
    """Returns the seconds after the last strike for which nobody leads the stream at all, since
    copying failed as well.
    """
    if strikes <= MAX_STRIKES:
        return 0
    # Bounded before the shift: a record may hold a million strikes, and 2^1,000,000 is a number of
    # 125 kB.
    steps = min(strikes - MAX_STRIKES, 10)
    return min(1 << steps, _MAX_BACKOFF_S)


def sentence(strikes: int) -> str:
    """Returns the sentence that says why a stream is only copied."""
    return (
        f"{strikes} times the worker that decoded this stream ended or failed, so it is only "
        f"copied; it is tried again after {rest_s(strikes) // 60} min."
    )


_STRIKE = Script(
    COUNT_STRIKE
    + """
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return 0 end
redis.call('HDEL', KEYS[1], '')
local t = redis.call('TIME')
count_strike(ARGV[1], t[1] * 1000000 + t[2])
return redis.call('HSET', KEYS[1], 'lead', '', 'decoding', '0')
"""
)

# `struck` names the lead that was struck; it is emptied, so each strike is taken back once at most.
_ALIVE = Script(
    """
if redis.call('HGET', KEYS[1], 'struck') ~= ARGV[1] then return 0 end
local strikes = tonumber(redis.call('HGET', KEYS[1], 'strikes') or '0') or 0
redis.call('HDEL', KEYS[1], '')
redis.call('HSET', KEYS[1], 'strikes', string.format('%.0f', math.max(0, strikes - 1)),
    'struck', '0')
return 1
"""
)


class LeadNote(enum.StrEnum):
    """Things that a lead notes about itself."""

    DECODES = "decodes"
    "It begins to decode; noted before the first unit is."
    RESTS = "rests"
    "It decodes no longer."
    STRIKE = "strike"
    "It failed, and lets go of the stream."
    ALIVE = "alive"
    "It lost the stream but is alive: the strike for it is taken back."
    FORGIVE = "forgive"
    "It decoded for ``GOOD_S``: all strikes are forgotten."


class Strikes:
    """Notes of the leads about themselves. Taking the lead counts a strike for the lead before, if
    that was decoding and did not let go (``RenditionRegistry.take_lead``).
    """

    def __init__(self, client: Redis) -> None:
        self._client = client

    async def note(self, what: LeadNote, stream: str, name: str, epoch: int) -> None:
        """Notes something about the lead of that epoch."""
        match what:
            case LeadNote.DECODES | LeadNote.RESTS:
                await self.decodes(stream, name, epoch, decodes=what is LeadNote.DECODES)
            case LeadNote.STRIKE:
                await self.strike(stream, name, epoch)
            case LeadNote.ALIVE:
                await self.alive(stream, name, epoch)
            case LeadNote.FORGIVE:
                await self.forgive(stream, name, epoch)

    async def decodes(self, stream: str, name: str, epoch: int, *, decodes: bool) -> None:
        """Notes that the lead begins, or ends, to decode; call it before the first unit is."""
        await self._run(UPDATE, stream, name, ["epoch", epoch, 0, "decoding", int(decodes)])

    async def strike(self, stream: str, name: str, epoch: int) -> None:
        """Counts a strike: the lead failed, and lets go of the stream."""
        await self._run(_STRIKE, stream, name, [epoch])

    async def alive(self, stream: str, name: str, epoch: int) -> None:
        """Takes back the strike of a lead that lost the stream but is alive."""
        await self._run(_ALIVE, stream, name, [epoch])

    async def forgive(self, stream: str, name: str, epoch: int) -> None:
        """Forgets all strikes: the lead decoded the stream for ``GOOD_S``."""
        await self._run(UPDATE, stream, name, ["epoch", epoch, 0, *flat(PARDON)])

    async def _run(self, script: Script, stream: str, name: str, args: list[Any]) -> None:
        """Runs a script on the record; a key that holds no record has nothing to be changed."""
        with contextlib.suppress(DamagedKey):
            await script.run(self._client, [keys.rendition(stream, name)], args)
