"""The last administrative acts in Redis: who did what to what, and when."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from wire import keys
from wire.connection import Redis, command
from wire.hash_record import Epoch

MAX_ENTRIES = 1_000
"""Acts of the operator that are kept, and as many of others, about 200 KB each; the log of the
process has them all."""

Words = Annotated[str, msgspec.Meta(max_length=512)]


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One act."""

    at_us: Epoch
    "Unix us."
    who: Words
    "Kind of the token and id of its holder, such as ``key 1f0a9c33d2``."
    address: Words
    act: Words
    "Name of the act, such as ``key_revoked``."
    target: Words
    "The stream, key or device to which it was done."
    detail: Words = ""
    "The change, in words for people."


_DECODER = msgspec.json.Decoder(AuditEntry)


class AuditLog:
    """Adds and lists acts; the oldest make place for new ones: of owners for owners' acts only, so
    that no owner can push out what the operator did."""

    def __init__(self, client: Redis, *, most: int = MAX_ENTRIES) -> None:
        self._client = client
        self._most = most

    async def add(self, entry: AuditEntry, *, by_operator: bool = True) -> None:
        """Adds an act. Raises what ``command`` does."""
        key = self._client.key(keys.AUDIT if by_operator else keys.OWNERS_AUDIT)
        text = msgspec.json.encode(entry)
        await command(self._client, "XADD", key, "MAXLEN", self._most, "*", "e", text)

    async def list(self, count: int = MAX_ENTRIES) -> list[AuditEntry]:
        """Returns so many last acts of the operator and as many of others, the newest first.

        What cannot be read is left out.
        """
        found = []
        for name in (keys.AUDIT, keys.OWNERS_AUDIT):
            key = self._client.key(name)
            found += await command(self._client, "XREVRANGE", key, "+", "-", "COUNT", count)
        # By the ids, which are the server's time: the clocks of two nodes may differ.
        found.sort(key=_place, reverse=True)
        return list(_parsed(found))


def _place(entry: Any) -> tuple[int, ...]:
    return tuple(int(part) for part in entry[0].split(b"-"))


def _parsed(answer: Any) -> Any:
    for _, fields in answer:
        try:
            yield _DECODER.decode(dict(zip(fields[::2], fields[1::2], strict=True))[b"e"])
        except (KeyError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
