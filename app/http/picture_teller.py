"""Tells the event stream of one viewer what it is shown, as soon as that changes."""

from __future__ import annotations

import asyncio
from typing import Protocol

import msgspec

from app.delivery.picture_mark import Why
from app.delivery.viewer_events import PICTURE, PlayerEvent, picture_event
from app.delivery.viewer_queries import (
    MAX_WAIT_S,
    AwaitPicture,
    EventStream,
    PictureView,
    Query,
    parse_picture_seen,
)
from app.errors import AppError, SessionNotFound
from wire import keys

AGAIN_S = 1.0
"""Seconds until a node that did not answer is asked again."""

FAR_WAIT_S = 1.5
"""Seconds for which another node is asked to wait for a change; a request to another node is given
up after two."""


class Asked(Protocol):
    """The parts that the teller asks: the node that has the session, and the records."""

    async def ask(self, stream: str, session: str, query: Query) -> str:
        """Has a query answered where the session is. Raises an AppError."""

    async def state(self, stream: str) -> str:
        """Returns the state of the stream's enhancement; empty where it is not known."""


class PictureTeller:
    """Tells one event stream what its viewer is shown, as soon as that changes."""

    def __init__(
        self, asked: Asked, stream: str, session: str, opened: EventStream, *, is_own: bool
    ) -> None:
        """``is_own``: the session is on this node, which tells at once when it ends."""
        self._asked = asked
        self._stream, self._session, self._id = stream, session, opened.id
        self.is_wanted = not opened.names or PICTURE in opened.names
        self.is_own = is_own
        self._version = ""
        self._told: PictureView | None = None

    async def next(self, wait_s: float) -> list[PlayerEvent]:
        """Waits for another picture, at most so long; returns its event. Raises SessionNotFound
        once the event stream is over.
        """
        # What a worker's absence means is seen in the records, which tell nobody that they changed.
        is_vague = self._told is not None and _is_vague(self._told)
        most_s = min(MAX_WAIT_S if self.is_own else FAR_WAIT_S, VAGUE_S if is_vague else wait_s)
        query = AwaitPicture(self._id, self._version, max(0.0, min(wait_s, most_s)))
        try:
            answer = await self._asked.ask(self._stream, self._session, query)
        except SessionNotFound:
            raise
        except AppError:
            await asyncio.sleep(AGAIN_S)  # its node does not answer at the moment
            return []
        seen = parse_picture_seen(answer)
        self._version = seen.version
        view = seen.view
        if view is not None and _is_vague(view):
            view = _explained(view, await self._asked.state(self._stream))
        if view is None or view == self._told:
            return []
        self._told = view
        return [picture_event(msgspec.json.encode(view).decode())]


VAGUE_S = 2.0
"""Interval in seconds at which the state of a stream is looked at while the source stands in."""

_VAGUE = frozenset(
    why.value for why in (Why.STARTING, Why.GONE, Why.NO_WORKER, Why.NO_TIME, Why.OFF, Why.OWNER)
)
"""Reasons that the state of the stream's enhancement makes clearer, where the source stands in."""


def _is_vague(view: PictureView) -> bool:
    return view.rendition == keys.SOURCE and view.why in _VAGUE


def _explained(view: PictureView, state: str) -> PictureView:
    """Returns the view with what is known of a worker that does not send."""
    better = {"off": Why.OFF, "owner": Why.OWNER, "waiting": Why.NO_WORKER}.get(state)
    if better is None:
        return view
    return msgspec.structs.replace(view, why=better.value)
