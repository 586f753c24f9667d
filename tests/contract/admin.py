"""Commands of a test itself, beside those of the code that it tests.

They go to the same servers by a connection of their owner, who may do anything, and name keys
without the prefix of the client under test.
"""

from __future__ import annotations

import re
import weakref
from typing import Any

from wire.connection import Redis

OWNERS: weakref.WeakKeyDictionary[Redis, Redis] = weakref.WeakKeyDictionary()
"""The owner's client for a client under test, where it is another one."""

_OURS = re.compile(r"(\{[^}]*\}:|stream:|worker:|team:|jobs\Z|free-workers\Z)")
_OF_ALL = ("FLUSHALL", "CONFIG", "ACL")


async def command(client: Redis, *args: bytes | str | int | float) -> Any:
    """One command by the owner; the names of our keys get the client's prefix."""
    owner = OWNERS.get(client, client)
    if args[0] == "KEYS":
        found = [name for names in await owner.of_each_server(*args) for name in names]
        return [name.removeprefix(client.prefix.encode()) for name in found]
    if args[0] in _OF_ALL:
        return (await owner.of_each_server(*args))[0]
    return await owner.execute(*(_whole(client, arg) for arg in args))


def _whole(client: Redis, arg: bytes | str | int | float) -> bytes | str | int | float:
    return client.key(arg) if isinstance(arg, str) and _OURS.match(arg) else arg
