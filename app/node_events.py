"""Tells webhooks what happens on a node: streams, viewers and recordings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from app.audience import Audience, name_hash
from app.recording.recording_writer import FinishedFile, Subject
from app.streams.ingest_state import State
from app.webhooks.stream_watch import LiveStream, StreamWatch
from app.webhooks.viewer_watch import Viewer, ViewerWatch
from app.webhooks.visits import Visit
from app.webhooks.webhooks import Webhooks

WATCH_S = 0.25
"""Seconds between checks of which streams began and ended, and who watches."""


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

    @property
    def end_reason(self) -> str:
        """The reason why it ended, as a clause; empty before."""


class NodeEvents:
    """Makes events of what happens. ``run`` is its one task; it checks streams and viewers."""

    def __init__(
        self,
        webhooks: Webhooks,
        sessions: Callable[[], Iterable[Published]],
        audience: Audience,
    ) -> None:
        self._webhooks = webhooks
        self._sessions = sessions
        self._audience = audience
        self._watch = StreamWatch()
        self._live: dict[LiveStream, Published] = {}
        self._viewers = ViewerWatch()

    async def run(self) -> None:
        """Checks streams and viewers again and again, until cancelled."""
        while True:
            self.check()
            await asyncio.sleep(WATCH_S)

    def check(self) -> None:
        """Tells of streams that began or ended since the last check, and viewers who came or left.

        Viewers join behind the beginning of their stream, and leave before its end.
        """
        if not self._webhooks.are_there:
            return
        joined, left = self._viewers.step(self._audience.present())
        self._tell_viewers("viewer.left", left, is_begin=False)
        self._check_streams()
        self._tell_viewers("viewer.joined", joined, is_begin=True)

    def _check_streams(self) -> None:
        live = {
            LiveStream(session.stream, session.epoch): session
            for session in self._sessions()
            # A publisher who is away for a moment has not ended the stream.
            if session.state in (State.LIVE, State.AWAY)
        }
        began, ended = self._watch.step(live)
        before, self._live = self._live, live
        # One publisher who takes another's place ends that broadcast before its own begins.
        for each in ended:
            reason = before[each].end_reason
            broadcast = str(each.epoch)
            self._webhooks.tell(
                "stream.ended", stream=each.name, broadcast=broadcast, reason=reason
            )
        for each in began:
            self._webhooks.tell("stream.started", stream=each.name, broadcast=str(each.epoch))

    def _tell_viewers(self, kind: str, viewers: Mapping[Viewer, str], *, is_begin: bool) -> None:
        for (stream, name), rendition in viewers.items():
            # Only the hash may leave the process.
            viewer = name_hash(stream, name)
            visit = Visit(f"{stream} {viewer}", is_begin)
            self._webhooks.tell(
                kind, visit=visit, stream=stream, rendition=rendition, viewer=viewer
            )

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
