"""Check of Redis: the embedded server's program, or the server that the settings name."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Iterator

from cli.diagnostics.finding import Finding, fault, good, note
from wire.address import parse_address
from wire.connection import REDIS_DOWN, Redis, command, connect, wait_until_up
from wire.embedded import find_server
from wire.errors import NoRedisServer, ServerRefuses
from wire.server_memory import parse_memory
from wire.settings import Settings

WAIT_S = 3.0
"""Time for an answer; a server on the same network takes a millisecond."""

MIN_BYTES = 128 << 20
"""Memory that 32 streams need for two seconds of all their logs and more (docs/redis.md)."""


@dataclasses.dataclass(frozen=True, slots=True)
class RedisFacts:
    """Figures of a server; those that its user may not ask for are unknown."""

    clock_offset_s: float
    "The server's clock minus ours."
    memory_limit: int = 0
    "Bytes; 0: it has none."
    policy: str = ""
    "Its ``maxmemory_policy``; empty: unknown."


def check(settings: Settings) -> Iterator[Finding]:
    """Looks for the embedded server's program, or asks the named server."""
    if settings.redis_url:
        yield from _named(settings.redis_url)
        return
    try:
        binary = find_server()
    except NoRedisServer as error:
        cure = "Install one: `apt install redis-server`, or set SHARPCAST_REDIS_URL."
        yield fault("redis", str(error), cure)
        return
    yield good("redis", f"embedded, {binary.name}", binary=str(binary))


def _named(url: str) -> Iterator[Finding]:
    shown = parse_address(url).shown()
    try:
        facts = asyncio.run(ask(url))
    except ServerRefuses as error:
        yield fault(
            "redis",
            f"{shown} refuses us: {error}",
            "Correct user and password in SHARPCAST_REDIS_URL=redis://USER:PASSWORD@HOST:6379/0; "
            "docs/redis.md lists the rights that the user needs.",
        )
        return
    if facts is None:
        yield fault(
            "redis",
            f"no server answers at {shown}",
            "Start the server, let its port through the firewall, or correct SHARPCAST_REDIS_URL.",
        )
        return
    yield from judge(shown, facts)


async def ask(url: str) -> RedisFacts | None:
    """Asks a server for its figures; None where none answers. Raises ServerRefuses."""
    client = connect(url, command_s=WAIT_S)
    try:
        if not await wait_until_up(client, WAIT_S):
            return None
        return await _facts(client)
    except ServerRefuses:
        raise
    except REDIS_DOWN:
        return None
    finally:
        await client.aclose()


async def _facts(client: Redis) -> RedisFacts:
    before = time.time()
    seconds, micros = await command(client, "TIME")
    offset = int(seconds) + int(micros) / 1e6 - (before + time.time()) / 2
    try:
        texts = await client.of_each_server("INFO", "memory")
    except ServerRefuses:
        return RedisFacts(offset)  # A user with few rights may not ask, and need not.
    text = min(texts, key=lambda each: parse_memory(each).limit or 1 << 62)
    policy = next(
        (line.split(":")[1] for line in text.decode().splitlines() if "maxmemory_policy" in line),
        "",
    )
    return RedisFacts(offset, parse_memory(text).limit, policy)


def judge(shown: str, facts: RedisFacts) -> Iterator[Finding]:
    """Judges the memory of a server, and what it does when that is used up."""
    if facts.policy and facts.policy != "noeviction":
        yield fault(
            "redis",
            f"{shown} removes keys when its memory is used up ({facts.policy}): records and jobs "
            "of live streams would be lost",
            "Set `maxmemory-policy noeviction` in its configuration, or `CONFIG SET "
            "maxmemory-policy noeviction`.",
            policy=facts.policy,
        )
        return
    limit = facts.memory_limit
    if limit and limit < MIN_BYTES:
        yield fault(
            "redis",
            f"{shown} may use only {limit / 2**20:.0f} MiB",
            f"Raise `maxmemory` to {MIN_BYTES >> 20} MiB at least, 16 MiB for each stream "
            "(docs/redis.md).",
            limit=limit,
        )
        return
    if not facts.policy:
        yield note("redis", f"{shown} answers; its user may not ask for its memory")
        return
    memory = f"{limit / 2**20:.0f} MiB" if limit else "no limit of memory"
    yield good("redis", f"{shown} answers, {memory}, {facts.policy}", limit=limit)
