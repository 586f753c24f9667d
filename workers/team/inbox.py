"""The inbox of a worker, whose messages are for its helper or for one of the leads here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from wire.connection import REDIS_DOWN, RETRY_S
from wire.site import SiteTeam
from wire.team import Dismiss, Invite, Received, Task

__all__ = ["TeamInbox"]

_BLOCK_MS = 1000
"""Time that a read waits for messages."""

Take = Callable[[Received], None]
"""Function that takes a message; called on the loop, and short."""


class TeamInbox:
    """One worker's; ``run`` as a task. All of it is for the loop."""

    def __init__(self, team: SiteTeam, to_helper: Take) -> None:
        self._team = team
        self._to_helper = to_helper
        self._leads: dict[tuple[str, str], Take] = {}
        "Leads by stream and rendition."
        self.unclaimed = 0
        "Messages to a lead that is none any more."

    @property
    def late(self) -> int:
        """Messages, sent or received, that were past their deadline and dropped."""
        return self._team.late

    @property
    def bad_messages(self) -> int:
        """Entries that were no messages."""
        return self._team.bad_messages

    def add_lead(self, stream: str, rendition: str, take: Take) -> None:
        """Hands what helpers say of a rendition to its lead here."""
        self._leads[stream, rendition] = take

    def remove_lead(self, stream: str, rendition: str) -> None:
        """Ends ``add_lead``."""
        self._leads.pop((stream, rendition), None)

    async def run(self) -> None:
        """Reads until cancelled."""
        while True:
            try:
                received = await self._team.read(_BLOCK_MS)
            except REDIS_DOWN:
                await asyncio.sleep(RETRY_S)
                continue
            for each in received:
                self._hand_on(each)

    def _hand_on(self, received: Received) -> None:
        message = received.message
        if isinstance(message, Invite | Dismiss | Task):
            self._to_helper(received)
            return
        take = self._leads.get((message.stream, message.rendition))
        if take is None:
            self.unclaimed += 1
        else:
            take(received)
