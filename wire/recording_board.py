"""The recordings of all nodes in one hash: who records what, and how it goes.

Each entry is a lease: one node records a rendition, and another one takes it over when the lease is
not renewed. A fence tells two holders of one lease apart: whoever has an older one ends. The
server's clock counts, since nodes' clocks differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from wire import keys
from wire.connection import Redis
from wire.errors import DamagedKey
from wire.script import Script

RecordMode = Literal["off", "source", "enhanced", "both"]
"""The renditions of a stream that are recorded."""

_RENDITIONS: dict[RecordMode, tuple[str, ...]] = {
    "off": (),
    "source": (keys.SOURCE,),
    "enhanced": (keys.ENHANCED,),
    "both": (keys.SOURCE, keys.ENHANCED),
}

LEASE_MS = 750
"""Time after which a recording that was not renewed is taken over. With the fragment
that is being written that is less than the two seconds which the log keeps."""

RENEW_S = 0.2
"""Seconds between renewals: three fit into a lease, so that a busy moment does not cost it."""

_FORGET_MS = 60_000
"""Entries that nobody renewed for this long are removed: nobody takes them over any more."""

MAX_REASON = 200
"""Characters of a reason."""


def renditions_of(chosen: RecordMode | None, default: RecordMode) -> tuple[str, ...]:
    """Returns the renditions to record: of the mode that was chosen, else of the default."""
    return _RENDITIONS[chosen or default]


class RecordingEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One recording as its node told last."""

    stream: str
    rendition: str
    fence: int
    node: str
    epoch: int
    "The publisher's."
    age_ms: int
    "Time since it was renewed."
    durable_us: int = 0
    "Time of capture of the last picture that is on a disk; 0: none is."
    state: str = "waiting"
    bytes: int = 0
    "Bytes written for this publisher's session by this node."
    reason: str = ""
    "Sentence that says why nothing is recorded; empty: it is."

    @property
    def is_lapsed(self) -> bool:
        """True where its node died, or lost Redis."""
        return self.age_ms > LEASE_MS


class RecordingLease(msgspec.Struct, frozen=True):
    """A lease that was got."""

    fence: int
    durable_us: int
    "Time of capture of the last picture that the node before has on a disk; 0: none."


# An entry: fence, node, epoch, time of renewal in ms, then what the node tells. ARGV: field, node,
# epoch, lease in ms, expiry in ms. Numbers have 16 digits, which '%.0f' keeps.
_CLAIM = Script(
    """
local time = redis.call('TIME')
local now, fence, durable = time[1] * 1000 + time[2] / 1000, time[1] * 1000000 + time[2], '0'
local have = redis.call('HGET', KEYS[1], ARGV[1])
if have then
    local f, node, epoch, at, us = string.match(have, '^(%d+) (%S+) (%d+) (%d+) (%d+)')
    if f then
        local is_held = now - tonumber(at) <= tonumber(ARGV[4])
        if tonumber(epoch) > tonumber(ARGV[3]) then return {} end
        if epoch == ARGV[3] then
            if is_held and node ~= ARGV[2] then return {} end
            durable = us
        end
        fence = math.max(fence, tonumber(f) + 1)
    end
end
local text = string.format('%.0f %s %s %.0f %s 0 waiting ', fence, ARGV[2], ARGV[3], now, durable)
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], text)
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return {string.format('%.0f', fence), durable}
"""
)

# ARGV: expiry in ms, then field, fence and text of each. Answers 1, or 0 where it is lost.
_RENEW = Script(
    """
local time = redis.call('TIME')
local now, answers = time[1] * 1000 + time[2] / 1000, {}
for i = 2, #ARGV, 3 do
    local have = redis.call('HGET', KEYS[1], ARGV[i])
    local f, node, epoch = string.match(have or '', '^(%d+) (%S+) (%d+) ')
    if f == ARGV[i + 1] then
        local text = string.format('%s %s %s %.0f %s', f, node, epoch, now, ARGV[i + 2])
        redis.call('HDEL', KEYS[1], ARGV[i])
        redis.call('HSET', KEYS[1], ARGV[i], text)
        answers[#answers + 1] = 1
    else
        answers[#answers + 1] = 0
    end
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return answers
"""
)

_RELEASE = Script(
    """
local have = redis.call('HGET', KEYS[1], ARGV[1])
if have and string.match(have, '^(%d+) ') == ARGV[2] then
    return redis.call('HDEL', KEYS[1], ARGV[1])
end
return 0
"""
)

# Answers field, age in ms and text of each entry. ARGV: age in ms above which it is removed.
_READ = Script(
    """
local time = redis.call('TIME')
local now, found = time[1] * 1000 + time[2] / 1000, {}
local flat = redis.call('HGETALL', KEYS[1])
for i = 1, #flat, 2 do
    local at = string.match(flat[i + 1], '^%d+ %S+ %d+ (%d+) ')
    if not at or now - tonumber(at) > tonumber(ARGV[1]) then
        redis.call('HDEL', KEYS[1], flat[i])
    else
        found[#found + 1] = flat[i]
        found[#found + 1] = string.format('%.0f', math.max(0, now - tonumber(at)))
        found[#found + 1] = flat[i + 1]
    end
end
return found
"""
)


class RecordingBoard:
    """The hash of all recordings."""

    def __init__(self, client: Redis, *, lease_ms: int = LEASE_MS) -> None:
        self._client = client
        self._lease_ms = lease_ms

    async def claim(
        self, stream: str, rendition: str, *, epoch: int, node: str
    ) -> RecordingLease | None:
        """Takes a recording that nobody holds, or a node that died did; None if another holds it.

        An older publisher's recording is nobody's. Raises one of REDIS_DOWN.
        """
        args = [_field(stream, rendition), node, epoch, self._lease_ms, _FORGET_MS]
        answer = await self._run(_CLAIM, args)
        return RecordingLease(int(answer[0]), int(answer[1])) if answer else None

    async def renew(self, entries: Sequence[RecordingEntry]) -> list[bool]:
        """Renews the leases of entries, and tells how they go; False where a lease was lost."""
        if not entries:
            return []
        args: list[Any] = [_FORGET_MS]
        for entry in entries:
            reason = " ".join(entry.reason.split())[:MAX_REASON]
            text = f"{entry.durable_us} {entry.bytes} {entry.state} {reason}"
            args += [_field(entry.stream, entry.rendition), entry.fence, text]
        answers = await self._run(_RENEW, args)
        return [bool(answer) for answer in answers] if answers else [False] * len(entries)

    async def release(self, stream: str, rendition: str, fence: int) -> None:
        """Gives a lease up; one that was lost already stays another's."""
        await self._run(_RELEASE, [_field(stream, rendition), fence])

    async def read(self) -> list[RecordingEntry]:
        """Returns all recordings, those of nodes that died too for a while."""
        flat = await self._run(_READ, [_FORGET_MS]) or []
        rows = zip(flat[::3], flat[1::3], flat[2::3], strict=True)
        return [entry for row in rows if (entry := _parse(*row)) is not None]

    async def _run(self, script: Script, args: list[Any]) -> Any:
        """Runs a script; None where the key was something else, which is removed."""
        try:
            return await script.run(self._client, [keys.RECORDINGS], args)
        except DamagedKey:
            await self._client.execute("DEL", self._client.key(keys.RECORDINGS))
            return None


def _field(stream: str, rendition: str) -> str:
    # Neither has a space.
    return f"{stream} {rendition}"


def _parse(field: bytes, age_ms: bytes, text: bytes) -> RecordingEntry | None:
    try:
        stream, rendition = field.decode().split(" ")
        fence, node, epoch, _, durable_us, size, state, reason = text.decode().split(" ", 7)
        if not keys.is_stream_id(stream) or not keys.is_node(node):
            return None
        return RecordingEntry(
            stream=stream,
            rendition=rendition,
            fence=int(fence),
            node=node,
            epoch=int(epoch),
            age_ms=int(age_ms),
            durable_us=int(durable_us),
            state=state,
            bytes=int(size),
            reason=reason,
        )
    except ValueError:
        return None
