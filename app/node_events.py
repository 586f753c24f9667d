"""Tells webhooks what happens on a node: streams, viewers and recordings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

from app.recording.recording_writer import FinishedFile, Subject
from app.streams.ingest_state import State
from app.webhooks.stream_watch import LiveStream, StreamWatch
from app.webhooks.webhooks import Webhooks

WATCH_S = 0.25
"""Seconds between checks of which streams began and ended."""


class Published(Protocol):
    """The session of a publisher, as far as it is checked."""

    @property
    def stream(self) -> str:
        """The stream's name."""

    @property
    def epoch(self) -> int:
        """The number of the broadcast."""

    @property
    def state(self) -> State:
        """The state of the session."""


class NodeEvents:
    """Makes events of what happens. ``run`` is its one task; it checks the streams."""

    def __init__(self, webhooks: Webhooks, sessions: Callable[[], Iterable[Published]]) -> None:
        self._webhooks = webhooks
        self._sessions = sessions
        self._watch = StreamWatch()

    async def run(self) -> None:
        """Checks the streams again and again, until cancelled."""
        while True:
            self.check()
            await asyncio.sleep(WATCH_S)

    def check(self) -> None:
        """Tells of the streams that began or ended since the last check."""
        live = [
            LiveStream(session.stream, session.epoch)
            for session in self._sessions()
            # A publisher who is away for a moment has not ended the stream.
            if session.state in (State.LIVE, State.AWAY)
        ]
        began, ended = self._watch.step(live)
        # One publisher who takes another's place ends that broadcast before its own begins.
        for kind, streams in (("stream.ended", ended), ("stream.started", began)):
            for each in streams:
                self._webhooks.tell(kind, stream=each.name, broadcast=str(each.epoch))

    def viewer_joined(self, stream: str, rendition: str) -> None:
        """Tells of a viewer whose session began."""
        self._webhooks.tell("viewer.joined", stream=stream, rendition=rendition)

    def recording_ready(self, subject: Subject, file: FinishedFile) -> None:
        """Tells of a recorded file that is whole."""
        self._webhooks.tell(
            "recording.ready",
            stream=subject.stream,
            rendition=subject.rendition,
            file=file.name,
            bytes=file.size,
            length_s=round(file.facts.length_us / 1e6, 3),
            broadcast=str(subject.epoch),
        )

    def recording_failed(self, subject: Subject, reason: str) -> None:
        """Tells that the disk takes no more of a recording."""
        self._webhooks.tell(
            "recording.failed", stream=subject.stream, rendition=subject.rendition, reason=reason
        )
