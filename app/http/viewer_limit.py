"""The limit of viewers that a publisher's grant sets, on all nodes, by WHEP and HLS together."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator

from app.errors import Full
from app.http.snapshot import Snapshot
from app.node import AppNode


class ViewerLimit:
    """Keeps further viewers out of a stream that has as many as its publisher may have."""

    def __init__(self, node: AppNode, snapshot: Snapshot) -> None:
        self._node = node
        self._snapshot = snapshot

    @contextlib.asynccontextmanager
    async def place(self, stream: str, name: str) -> AsyncIterator[str]:
        """Keeps a place while the block makes a session; gives the viewer's name, or one to it.

        Raises Full or RedisAway.
        """
        name = name or secrets.token_urlsafe(9)
        await self.check(stream, name)
        with self._node.audience.joining(stream, name):
            yield name

    async def check(self, stream: str, name: str) -> None:
        """Lets a viewer pass who watches already, or has a place. Raises Full or RedisAway.

        Does not wait behind its decision: what the caller counts at once cannot be outrun here.
        """
        seen = await self._snapshot.get()
        record = seen.record(stream)
        if record is None or not record.max_viewers:
            return
        # Those of this node as they are now, those of others as they were a second ago.
        others, more = seen.nodes.without(self._node.name).audience(stream)
        audience, most = self._node.audience, record.max_viewers
        if not audience.has_place(stream, name, most=most, others=others, more_others=more):
            raise Full(
                f"{stream} has as many viewers as its publisher may have ({most}). "
                "There is room again when one of them leaves."
            )
