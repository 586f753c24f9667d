"""The last administrative acts in Redis: who did what to what, and when."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from wire import keys
from wire.connection import Redis, command
from wire.hash_record import Epoch

MAX_ENTRIES = 1_000
"""Acts that are kept, about 200 KB; the log of the process has them all."""

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
    """Adds and lists acts; the oldest make place for new ones."""

    def __init__(self, client: Redis, *, most: int = MAX_ENTRIES) -> None:
        self._client = client
        self._most = most

    async def add(self, entry: AuditEntry) -> None:
        """Adds an act. Raises what ``command`` does."""
        key = self._client.key(keys.AUDIT)
        text = msgspec.json.encode(entry)
        await command(self._client, "XADD", key, "MAXLEN", self._most, "*", "e", text)

    async def list(self, count: int = MAX_ENTRIES) -> list[AuditEntry]:
        """Returns the last acts, the newest first. What cannot be read is left out."""
        key = self._client.key(keys.AUDIT)
        answer = await command(self._client, "XREVRANGE", key, "+", "-", "COUNT", count)
        return list(_parsed(answer))


def _parsed(answer: Any) -> Any:
    for _, fields in answer:
        try:
            yield _DECODER.decode(dict(zip(fields[::2], fields[1::2], strict=True))[b"e"])
        except (KeyError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
