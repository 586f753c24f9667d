"""A Redis cluster as one client: each command goes to the server that holds its key.

The map of slots is learnt from any server that answers, and again when one says that a slot has
moved or does not answer. A command is sent again only where the server says that it did not run
it (``MOVED``, ``ASK``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import redis.exceptions
from redis.crc import key_slot

from wire.address import Address
from wire.errors import DamagedKey, ServerAway, ServerRefuses
from wire.redis_errors import REDIS_DOWN, REDIS_URL
from wire.server import Command, Redis

# A slot on its way needs two (MOVED, then ASK). Servers that disagree about a slot would send us to
# and fro for ever.
MAX_REDIRECTS = 5
_MAP_S = 2.0
"""A server that does not tell the map within this time is passed over for the next."""

_AGAIN_S = 0.2
"""The map is asked for at most this often."""

# The number of hash slots is fixed in the cluster's protocol.
_SLOTS = 16_384
# These name no key, so any server can be asked; others go where their first key is.
_KEYLESS = frozenset({"PING", "TIME", "INFO", "ECHO", "FLUSHALL", "CONFIG", "ACL", "CLUSTER"})

Place = tuple[str, int]


class ClusterRedis(Redis):
    """A client of a cluster: keys of one stream are on one server, jobs and records may not be."""

    def __init__(self, address: Address, *, prefix: str, command_s: float, most: int) -> None:
        super().__init__(address, prefix=prefix, command_s=command_s, most=most)
        self._address = address
        self._nodes: dict[Place, Redis] = {}
        self._slots: list[Place | None] = [None] * _SLOTS
        self._masters: list[Place] = []
        self._is_stale = True
        self._learnt_at = -_AGAIN_S
        self._learning = asyncio.Lock()

    async def execute(self, *args: bytes | str | int | float, asking: bool = False) -> Any:
        """Runs one command; raises what the server answers, if that is an error."""
        await self._learn()
        key = key_of(args)
        slot = None if key is None else key_slot(key)
        place = self._masters[0] if slot is None else self._slots[slot]
        if place is None:
            self._is_stale = True
            raise ServerAway("no server of the cluster holds the slot of this key")
        for _ in range(MAX_REDIRECTS):
            node = self._node(place)
            try:
                return await node.execute(*args, asking=asking)
            except redis.exceptions.MovedError as moved:
                place = (moved.host or place[0], moved.port)
                # Other slots may have moved too, so the map is asked for before the next command.
                self._slots[moved.slot_id] = place
                self._is_stale, asking = True, False
            except redis.exceptions.AskError as ask:
                # ASK holds for this one command. The slot stays in the map until its move is over
                # (MOVED).
                place, asking = (ask.host or place[0], ask.port), True
            except REDIS_DOWN as error:
                # A server that is away may have been replaced by its replica. The command is not
                # sent again: it may have run, and an append would be doubled.
                self._is_stale = self._is_stale or not isinstance(error, ServerRefuses)
                raise
        raise ServerAway(f"the cluster sent us on {MAX_REDIRECTS} times")

    async def _several(self, commands: Sequence[Command]) -> list[Any]:
        await self._learn()
        groups: dict[Place, list[int]] = {}
        for number, each in enumerate(commands):
            key = key_of(tuple(each))
            place = self._masters[0] if key is None else self._slots[key_slot(key)]
            if place is None:
                self._is_stale = True
                raise ServerAway("no server of the cluster holds the slot of this key")
            groups.setdefault(place, []).append(number)
        found: list[Any] = [None] * len(commands)
        for place, numbers in groups.items():
            answers = await self._many_of(place, [commands[number] for number in numbers])
            for number, answer in zip(numbers, answers, strict=True):
                found[number] = answer
        return found

    async def _many_of(self, place: Place, commands: Sequence[Command]) -> list[Any]:
        """Runs commands at one server, and those whose slot has moved where that is now."""
        try:
            answers = [each async for each in self._node(place).answers(commands)]
        except REDIS_DOWN as error:
            self._is_stale = self._is_stale or not isinstance(error, ServerRefuses)
            raise
        for number, answer in enumerate(answers):
            if isinstance(answer, redis.exceptions.AskError):
                answers[number] = await self._answer_of(commands[number])
        return answers

    async def _answer_of(self, words: Command) -> Any:
        try:
            return await self.execute(*words)
        except DamagedKey as error:
            return error

    async def time(self, name: str) -> tuple[bytes, bytes]:
        """Returns seconds and microseconds by the clock of the server that holds that key."""
        await self._learn()
        place = self._slots[key_slot(self.key(name).encode())] or self._masters[0]
        return await self._node(place).time(name)

    async def aclose(self) -> None:
        """Closes all connections; a later command opens one again."""
        for node in self._nodes.values():
            await node.aclose()

    async def _servers(self) -> list[Redis]:
        await self._learn()
        return [self._node(place) for place in self._masters]

    def _node(self, place: Place) -> Redis:
        if place not in self._nodes:
            self._nodes[place] = Redis(
                self._address,
                place=place,
                prefix=self.prefix,
                command_s=self._command_s,
                most=self._most,
            )
        return self._nodes[place]

    async def _learn(self) -> None:
        """Asks for the map if it is not known or may be wrong."""
        if not self._is_stale:
            return
        loop = asyncio.get_running_loop()
        async with self._learning:
            # Looked at again under the lock: whoever waited for it finds the map that another task
            # learnt.
            if not self._is_stale or (self._masters and loop.time() - self._learnt_at < _AGAIN_S):
                return
            self._learnt_at = loop.time()
            trouble: Exception = ServerAway("no server of the cluster answers")
            # Known masters are the likeliest to answer; the hosts of the address come last, since
            # they may have left the cluster long ago.
            for place in dict.fromkeys((*self._masters, *self._nodes, *self._address.hosts)):
                try:
                    async with asyncio.timeout(_MAP_S):
                        rows = await self._node(place).execute("CLUSTER", "SLOTS")
                except REDIS_DOWN as error:
                    trouble = error if isinstance(error, ServerRefuses) else trouble
                except redis.exceptions.ResponseError as error:
                    trouble = ServerRefuses(
                        f"{REDIS_URL}: this server is none of a cluster; it says: {error}."
                    )
                    trouble.__cause__ = error
                else:
                    if rows:
                        await self._take_map(rows, asked=place)
                        return
            # An old map is better than none: most slots stay where they were, and a server that
            # lost one says so.
            if not self._masters or isinstance(trouble, ServerRefuses):
                raise trouble

    async def _take_map(self, rows: list[Any], *, asked: Place) -> None:
        slots: list[Place | None] = [None] * _SLOTS
        masters: dict[Place, None] = {}
        for first, last, master, *_ in rows:
            host = (master[0] or b"").decode()
            # A server that does not know its own address is the one that was asked (CLUSTER SLOTS).
            place = (host if host and host != "?" else asked[0], int(master[1]))
            masters[place] = None
            slots[first : last + 1] = [place] * (last + 1 - first)
        self._slots, self._masters, self._is_stale = slots, list(masters), False
        seeds = set(self._address.hosts)
        for place in [each for each in self._nodes if each not in masters and each not in seeds]:
            # A replica now, or gone. What waits for its answer is told so.
            await self._nodes.pop(place).aclose()


def key_of(args: tuple[bytes | str | int | float, ...]) -> bytes | None:
    """Returns the key that decides where a command goes, None for one without keys."""
    name = str(args[0])
    if name in _KEYLESS:
        return None
    # Words of a script are: command, digest or text, number of keys, keys. All keys of one script
    # lie on the same slot (`keys.py`), so the first decides.
    if name in ("EVALSHA", "EVAL"):
        return _bytes(args[3]) if int(args[2]) else None
    if name in ("XREAD", "XREADGROUP"):
        return _bytes(args[args.index("STREAMS") + 1])
    if name in ("XINFO", "XGROUP"):
        return _bytes(args[2])
    return _bytes(args[1])


def _bytes(key: bytes | str | int | float) -> bytes:
    return key if isinstance(key, bytes) else str(key).encode()
