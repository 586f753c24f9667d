"""Notes administrative acts: a line in the log of the process, and an entry in Redis."""

from __future__ import annotations

import json
import logging

import msgspec

from wire.audit_log import AuditEntry, AuditLog
from wire.clock import now_us
from wire.connection import REDIS_DOWN, Redis
from wire.errors import DamagedKey

log = logging.getLogger(__name__)

MAX_LENGTH = 256
"""Maximum number of characters of a part; what is longer was written by a client, and is cut."""


class Audit:
    """The audit log of this node."""

    def __init__(self, client: Redis) -> None:
        self._log = AuditLog(client)

    async def note(
        self,
        act: str,
        target: str,
        *,
        who: str,
        address: str,
        detail: str = "",
        by_operator: bool = True,
    ) -> None:
        """Notes an act that was carried out. Never fails: the act is done."""
        entry = AuditEntry(
            at_us=now_us(),
            who=who[:MAX_LENGTH],
            address=address[:MAX_LENGTH],
            act=act[:MAX_LENGTH],
            target=target[:MAX_LENGTH],
            detail=detail[:MAX_LENGTH],
        )
        # One line of JSON, so that no text of a client can look like another line.
        log.info("%s", json.dumps(msgspec.to_builtins(entry)), extra={"action": "audit"})
        try:
            await self._log.add(entry, by_operator=by_operator)
        except (*REDIS_DOWN, DamagedKey) as error:
            log.warning(
                "the act above is in this log alone: %s", error, extra={"action": "not_kept"}
            )

    async def list(self, count: int) -> list[AuditEntry]:
        """Returns so many last acts of the operator and as many of others, the newest first.

        Raises what Redis' errors are.
        """
        return await self._log.list(count)
