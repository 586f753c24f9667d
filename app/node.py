"""One app process: its publishers, readers and viewers, each with an owner of its own."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import secrets
from collections.abc import Iterator
from pathlib import Path

from app.admission import Admission
from app.audience import Audience
from app.delivery.viewers import Viewers
from app.hls.packagers import Packagers
from app.ice.refusals import Refusals
from app.node_events import NodeEvents
from app.node_figures import NodeFigures
from app.recording.recorders import Choices, Recorders, RecorderSources, RecordingOptions
from app.session_router import SessionOwner, SessionRouter
from app.streams.publishers import PublisherOptions, Publishers
from app.streams.readers import ReaderTimes, RenditionReaders
from app.streams.stream_directory import StreamDirectory
from app.task_set import TaskSet
from app.webhooks.webhooks import WebhookOptions, Webhooks
from app.webrtc.peer_ports import installed
from wire.app_heartbeat import PERIOD_S, AppHeartbeats
from wire.connection import REDIS_DOWN, Redis
from wire.node_messages import SessionKind
from wire.supervisor import keep_going

log = logging.getLogger(__name__)

RECORDERS_CLOSE_S = 1.5
"""Seconds in which recordings end; a disk that takes longer has them repaired at the next start."""

WEBHOOKS_CLOSE_S = 1.0
"""Seconds in which receivers are told of the end, while the node leaves the list of nodes."""

CLOSE_S = 2.5
"""Seconds in which publishers and viewers are told of the end; the whole stop has 5 s."""


@dataclasses.dataclass(frozen=True, slots=True)
class NodeOptions:
    """Settings of one app node."""

    publishers: PublisherOptions
    max_viewers: int
    name: str = ""
    "Empty: a random one."
    reader_times: ReaderTimes = ReaderTimes()
    recording: RecordingOptions = RecordingOptions(Path("recordings"))
    webhooks: WebhookOptions = WebhookOptions()


class AppNode:
    """Builds the owners and ties them together; ``close`` ends them in order.

    ``run`` is its one task: the node is listed while it runs, and carries out what other nodes ask.
    """

    def __init__(
        self, client: Redis, options: NodeOptions, *, recording_of: Choices = lambda _: None
    ) -> None:
        """``recording_of`` tells what was chosen to be recorded of a stream; None: nobody chose."""
        self.name = options.name or secrets.token_hex(4)
        self.refusals = Refusals()
        """Packets of known peers that were not taken, by reason."""
        self.ports = installed()
        """The ports that its peers share."""
        self.admission = Admission(self._pending)
        self._heartbeats = AppHeartbeats(client)
        self._publisher_tasks = TaskSet()
        self.publishers = Publishers(
            client,
            options.publishers,
            refusals=self.refusals,
            admission=self.admission,
            spawn=self._publisher_tasks.spawn,
            ended=self._publisher_ended,
        )
        self.directory = StreamDirectory(client, ingest=self.publishers.ingest_session)
        self.readers = self._readers(client, options.reader_times)
        self.viewers = Viewers(
            self.directory,
            self.readers,
            max_viewers=options.max_viewers,
            admission=self.admission,
            refusals=self.refusals,
        )
        self.packagers = Packagers(self.directory, self.readers)
        self.webhooks = Webhooks(options.webhooks, node=self.name)
        self.audience = Audience(self.viewers.watching)
        self.events = NodeEvents(self.webhooks, self.publishers.ingest_sessions, self.audience)
        self.recorders = self._recorders(client, options.recording, recording_of)
        self.sessions = SessionRouter(client, self.name, self._owners())
        of = (self.sessions, self.publishers, self.readers, self.viewers, self.audience)
        self.figures = NodeFigures(*of)

    def _owners(self) -> dict[SessionKind, SessionOwner]:
        return {SessionKind.WHIP: self.publishers, SessionKind.WHEP: self.viewers}

    def _readers(self, client: Redis, times: ReaderTimes) -> RenditionReaders:
        return RenditionReaders(
            client,
            record=self.directory.record,
            # Viewers of a stream that is published here are fed from memory, and notice nothing
            # while Redis is away.
            ingest=self.publishers.ingest_session,
            times=times,
        )

    def _recorders(self, client: Redis, options: RecordingOptions, chosen: Choices) -> Recorders:
        ingests, viewers = self.publishers.ingest_sessions, self.viewers.counts
        sources = RecorderSources(ingests, self.readers, self.directory, viewers, chosen)
        return Recorders(client, options, node=self.name, sources=sources, events=self.events)

    def _pending(self) -> Iterator[str]:
        """Yields the addresses of all whose connection does not stand yet."""
        yield from self.publishers.pending()
        yield from self.viewers.pending()

    async def _publisher_ended(self, stream: str, session: int) -> None:
        await self.viewers.end_stream(stream, session)

    async def run(self) -> None:
        """Serves the other nodes until cancelled."""
        async with asyncio.TaskGroup() as group:
            # Each is begun anew after a failure. Without them the streams go on, but no other node
            # could end their sessions or count their viewers.
            works = {
                "node-requests": self.sessions.run,
                "node-beat": self._beat,
                "viewers-adapt": self.viewers.run,
                "recorders": self.recorders.run,
                "webhooks": self.webhooks.run,
                "webhook-streams": self.events.run,
            }
            for name, work in works.items():
                group.create_task(keep_going(name, work, logger=log), name=name)

    async def _beat(self) -> None:
        while True:
            try:
                await self._heartbeats.beat(self.figures.beat())
            except REDIS_DOWN:
                log.debug("Redis is away", extra={"action": "redis_down"})
            await asyncio.sleep(PERIOD_S)

    async def close(self) -> None:
        """Ends everything: publishers and viewers, then readers. Calling it twice is harmless."""
        self.publishers.close()
        # Both at the same time, for each may take all of ``CLOSE_S``.
        await asyncio.gather(self.viewers.close(CLOSE_S), self._publisher_tasks.finish(CLOSE_S))
        # Whoever was not told by now is cut off.
        await self._publisher_tasks.cancel()
        await self.packagers.close()
        # Behind the publishers, so that files end with their last pictures.
        await self.recorders.close(RECORDERS_CLOSE_S)
        await self.readers.close()
        self.audience.clear()
        self.events.check()
        await asyncio.gather(self._leave(), self.webhooks.finish(WEBHOOKS_CLOSE_S))

    async def _leave(self) -> None:
        try:
            # Redis may be away. The heartbeat that then stays expires after 3 s by itself.
            async with asyncio.timeout(1.0):
                await self._heartbeats.leave(self.name)
        except (TimeoutError, *REDIS_DOWN):
            log.debug("the node's heartbeat will expire", extra={"action": "beat_kept"})
