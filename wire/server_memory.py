"""The memory that the Redis servers use, and may use."""

from __future__ import annotations

import dataclasses

from wire.connection import Redis
from wire.errors import ServerRefuses


@dataclasses.dataclass(frozen=True, slots=True)
class ServerMemory:
    """Memory of one Redis server in bytes."""

    used: int = 0
    limit: int = 0
    "0: it has none."

    @property
    def fraction(self) -> float:
        """The used fraction of the limit, 0 to 1 and somewhat over; 0 where there is no limit."""
        return self.used / self.limit if self.limit else 0.0


async def read_memory(client: Redis) -> ServerMemory | None:
    """Reads the memory of the fullest server; returns None where the Redis user may not ask.

    Raises one of REDIS_DOWN.
    """
    try:
        texts = await client.of_each_server("INFO", "memory")
    except ServerRefuses:
        return None
    found = [parse_memory(text) for text in texts]
    return max(found, key=lambda memory: (memory.fraction, memory.used), default=None)


def parse_memory(text: bytes) -> ServerMemory:
    """Reads the answer to ``INFO memory``; a number that is not in it is 0."""
    numbers = {}
    for line in text.decode("ascii", errors="replace").splitlines():
        name, _, value = line.partition(":")
        if value.isdigit():
            numbers[name] = int(value)
    return ServerMemory(numbers.get("used_memory", 0), numbers.get("maxmemory", 0))
