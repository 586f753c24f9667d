"""Workers with free capacity, in one hash, of which a few can be drawn at random.

A worker that wants to hand something on looks at a few of them and takes the best: with two random
choices the fullest is hardly fuller than with all known (Mitzenmacher, "The Power of Two Choices in
Randomized Load Balancing", 2001), and what it costs does not grow with their number.
"""

from __future__ import annotations

import random
from typing import Any

import msgspec

from wire import keys
from wire.connection import Redis
from wire.errors import DamagedKey
from wire.script import Script

SHOWN_MS = 1_200
"""Time for which a worker is shown after the last ``show``: two heartbeats and what delays them, as
what is handed to one that died is made by nobody for a while."""

SAMPLE = 8
"""Workers that are drawn at once."""

MAX_DRAWN = 16
"""Workers that are drawn for a team, which has half as many helpers at most."""


class FreeWorker(msgspec.Struct, frozen=True, kw_only=True):
    """A worker that takes further renditions."""

    name: str
    capacity: float
    "Streams of 480x270 at 30 fps that it holds in time."
    load: float
    "Capacity in use, in the same unit."
    rtt_ms: float = 0.0
    "Round trip of its link to this site; 0 for a worker in the site."
    composes: bool = False
    "It leads renditions, and leaves nets to helpers."


# The server's clock stamps each entry, since workers' clocks differ. The first write is one that a
# full server allows.
_SHOW = Script(
    """
local time = redis.call('TIME')
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], time[1] .. '.' .. time[2] .. ' ' .. ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return redis.call('HLEN', KEYS[1])
"""
)

# A worker that died stays in the hash until somebody draws it, so whoever does removes it.
_DRAW = Script(
    """
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
local flat = redis.call('HRANDFIELD', KEYS[1], ARGV[1], 'WITHVALUES')
local found = {}
for i = 1, #flat, 2 do
    local at, us, text = string.match(flat[i + 1], '^(%d+)%.(%d+) (.*)$')
    if at and now - (at * 1000 + us / 1000) <= tonumber(ARGV[2]) then
        found[#found + 1] = text
    else
        redis.call('HDEL', KEYS[1], flat[i])
    end
end
return found
"""
)

_HIDE = Script(
    """
redis.call('HDEL', KEYS[1], ARGV[1])
return redis.call('HLEN', KEYS[1])
"""
)


class FreeWorkers:
    """The hash of workers with free capacity."""

    def __init__(self, client: Redis, *, expiry_ms: int = SHOWN_MS) -> None:
        """``expiry_ms`` is how long a worker is shown after the last ``show``."""
        self._client = client
        self._expiry_ms = expiry_ms

    async def show(self, worker: FreeWorker) -> int:
        """Shows a worker for ``expiry_ms`` more; returns how many are shown."""
        args = [worker.name, msgspec.json.encode(worker), self._expiry_ms]
        return int(await self._run(_SHOW, args) or 0)

    async def hide(self, name: str) -> int:
        """Shows a worker no longer; returns how many are shown."""
        return int(await self._run(_HIDE, [name]) or 0)

    async def draw(self, count: int = SAMPLE) -> list[FreeWorker]:
        """Returns up to ``count`` workers drawn at random, in random order; entries that cannot be
        read are left out.
        """
        found = []
        for row in await self._run(_DRAW, [count, self._expiry_ms]) or []:
            try:
                found.append(msgspec.json.decode(row, type=FreeWorker))
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                # It expires: its worker writes it anew, or is none.
                continue
        # Where most of a hash are drawn they come in its order.
        random.shuffle(found)
        return found

    async def _run(self, script: Script, args: list[Any]) -> Any:
        """Runs a script on the hash; None where the key was something else, which is removed."""
        try:
            return await script.run(self._client, [keys.FREE_WORKERS], args)
        except DamagedKey:
            await self._client.execute("DEL", self._client.key(keys.FREE_WORKERS))
            return None
