"""The event streams of one viewer's session (WHEP's server-sent events)."""

from __future__ import annotations

import secrets

from app.delivery.viewer_queries import EventStream
from app.errors import SessionNotFound

MAX_STREAMS = 4
"""Maximum number of event streams of a session; a player needs one. One more ends the oldest."""


class EventStreams:
    """Keeps the event streams of a session until they are closed; they end with it."""

    def __init__(self, media: str) -> None:
        self._media = media
        self._streams: dict[str, EventStream] = {}

    def open(self, names: tuple[str, ...]) -> EventStream:
        """Opens one."""
        made = EventStream(secrets.token_urlsafe(9), names, self._media)
        while len(self._streams) >= MAX_STREAMS:
            del self._streams[next(iter(self._streams))]
        self._streams[made.id] = made
        return made

    def see(self, stream_id: str) -> EventStream:
        """Returns one that is open. Raises SessionNotFound."""
        found = self._streams.get(stream_id)
        if found is None:
            raise SessionNotFound("No such event stream; it may have ended already.")
        return found

    def close(self, stream_id: str) -> EventStream:
        """Ends one. Raises SessionNotFound."""
        found = self.see(stream_id)
        del self._streams[stream_id]
        return found
