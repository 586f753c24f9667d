"""The site of a worker: everything that it asks of the others, and nothing of how it is reached.

A worker next to Redis has a ``RedisSite``; one far away has the same by calls over a link
(``wire/remote``). Each call that cannot be carried out at the moment raises one of REDIS_DOWN.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from typing import Protocol

from wire import control, keys
from wire.batch import Batch
from wire.connection import Redis
from wire.free_workers import SAMPLE, FreeWorker
from wire.heartbeat import Heartbeats, WorkerBeat
from wire.jobs import Job
from wire.log import Entry, LogReader, LogWriter, newest_pts
from wire.redis_jobs import RedisJobs
from wire.rendition_record import RenditionRecord, RenditionRegistry
from wire.stream_record import StreamRecord, StreamRegistry
from wire.strikes import LeadNote, Strikes
from wire.team import Received, TeamMailbox, TeamMessage
from wire.thumbnail import Thumbnail, Thumbnails


@dataclasses.dataclass(frozen=True, slots=True)
class Records:
    """The two records that a lead goes by."""

    stream: StreamRecord
    rendition: RenditionRecord


@dataclasses.dataclass(frozen=True, slots=True)
class TakenLead:
    """The lead of a rendition, as it was just taken."""

    epoch: int
    made_until: int = -1
    """Time of the last unit in the rendition's log, in ticks of the source's clock; what is not
    younger was made by the lead before. -1: none."""


class SiteJobs(Protocol):
    """The job queue, with the worker as one of its consumers; see ``wire/jobs.py``."""

    @property
    def bad_jobs(self) -> int:
        """Entries that were no jobs, and were removed."""

    async def next_job(self, *, block_ms: int, only_handed: bool = False) -> Job | None:
        """Returns a job that was handed to us, whose lease lapsed, or that nobody had; None after
        ``block_ms``. ``only_handed``: nothing but the first, for who has no space.
        """

    async def renew_all(self, jobs: Sequence[Job]) -> list[bool]:
        """Renews our leases; False for each that somebody else has by now, or whose job is gone."""

    async def hand_over(self, job: Job, consumer: str) -> bool:
        """Moves our lease to another worker; False if it was not ours."""

    async def finish(self, entry: str) -> None:
        """Removes the job: its stream or its rendition ended."""

    async def release(self, job: Job) -> None:
        """Lets go of the lease at once."""


class SiteHeartbeats(Protocol):
    """The list of workers."""

    async def beat(self, beat: WorkerBeat) -> None:
        """Shows the worker for a while more."""

    async def leave(self, name: str) -> None:
        """Removes the worker from the list at once."""

    async def draw(self, count: int = SAMPLE) -> list[FreeWorker]:
        """Returns some of the workers that have free capacity, at random."""

    async def find(self, names: Collection[str], model: str) -> list[WorkerBeat]:
        """Returns those of these workers that are alive, by name; of their nets only ``model``, if
        they know it.
        """


class SourceReader(Protocol):
    """The source log of one stream, read from a position on; see ``wire.log.LogReader``."""

    bad_entries: int
    stale_units: int

    @property
    def transit_s(self) -> float:
        """Time that entries may take to get here before they count as late; 0 in a site."""

    async def seek_last_key_frame(self) -> bool:
        """Begins just before the last key frame; False if there is none, or only one of long ago:
        then it begins at the end.
        """

    async def read(self, *, block_ms: int, count: int = 64) -> list[Entry]:
        """Returns the entries behind the position, oldest first; none after ``block_ms``."""

    async def pause(self) -> None:
        """Takes no further entries until the next ``seek_last_key_frame``."""


class SiteLogWriter(Protocol):
    """One log of a rendition that is led; see ``wire.log.LogWriter``."""

    epoch: int

    async def append(self, batch: Batch, *, now_ms: int) -> str:
        """Appends a batch. Raises Fenced or StreamGone too."""

    async def clear(self) -> None:
        """Removes all entries. Raises as ``append`` does."""


class LeadMail(Protocol):
    """Messages to the leads of one stream."""

    bad_messages: int

    async def read(self, *, block_ms: int) -> list[control.Message]:
        """Returns the messages since the last read; empty after ``block_ms`` without any."""


class SiteStream(Protocol):
    """One stream, for those who make its renditions."""

    async def time_us(self) -> int:
        """Returns the time of the server that holds the stream, in Unix us."""

    def source(self) -> SourceReader:
        """Returns a reader of the source log."""

    def mail(self) -> LeadMail:
        """Returns a reader of the messages to the stream's leads."""

    async def ask_key_frame(self, reason: str) -> None:
        """Asks the publisher for a key frame."""

    async def show(self, epoch: int, picture: Thumbnail) -> None:
        """Leaves a small picture of the broadcast with that epoch for lists of streams."""


class SiteLead(Protocol):
    """One job, for the worker that holds its lease."""

    @property
    def granted_kbps(self) -> float | None:
        """Rate of media that the way to the rendition's logs bears; None: any."""

    async def records(self) -> Records:
        """Returns the records of stream and rendition. Raises StreamGone or BadMessage."""

    async def take(self, output: str) -> TakenLead:
        """Takes the lead, with the codec of what is made. Raises StreamGone or DuplicateJob."""

    async def drop(self, epoch: int) -> None:
        """Lets go of the lead; no effect if it is another's by now."""

    async def note(self, what: LeadNote, epoch: int) -> None:
        """Notes something about the lead in the rendition's record."""

    def writer(self, log: str, epoch: int) -> SiteLogWriter:
        """Returns the writer of one of the rendition's logs."""


class SiteTeam(Protocol):
    """The worker's team mailbox; see ``wire.team.TeamMailbox``."""

    late: int
    bad_messages: int

    @property
    def parity(self) -> float:
        """Bytes of parity for each byte that was sent lately; 0 in a site."""

    async def send(self, to: str, message: TeamMessage, left_s: float) -> None:
        """Sends a message to the worker ``to``, to be taken within ``left_s``."""

    async def read(self, block_ms: int) -> list[Received]:
        """Returns the messages since the last read; empty after ``block_ms`` without any."""


class Site(Protocol):
    """The whole of what a worker holds of its site."""

    @property
    def jobs(self) -> SiteJobs:
        """The job queue."""

    @property
    def heartbeats(self) -> SiteHeartbeats:
        """The list of workers."""

    @property
    def team(self) -> SiteTeam:
        """The team mailbox; it has one reader."""

    def stream(self, name: str) -> SiteStream:
        """Returns a stream."""

    def lead(self, job: Job) -> SiteLead:
        """Returns a job's lead."""


class RedisSite:
    """The site of a worker that reaches Redis itself. Follows ``Site``."""

    def __init__(self, client: Redis, worker: str) -> None:
        """``worker`` is its name among the workers."""
        self._client = client
        self._worker = worker
        self.heartbeats = Heartbeats(client)
        self.team = TeamMailbox(client, worker)
        self.jobs = RedisJobs(client, consumer=worker, workers=lambda: self.heartbeats.free)

    def stream(self, name: str) -> RedisStream:
        """Returns a stream."""
        return RedisStream(self._client, name)

    def lead(self, job: Job) -> RedisLead:
        """Returns a job's lead."""
        return RedisLead(self._client, job, self._worker)


class RedisStream:
    """One stream in Redis. Follows ``SiteStream``."""

    def __init__(self, client: Redis, name: str) -> None:
        self._client = client
        self._name = name
        self._publisher = control.to_publisher(client, name)
        self._thumbnails = Thumbnails(client)

    async def time_us(self) -> int:
        """Returns the time of the server that holds the stream, in Unix us."""
        seconds, micros = await self._client.time(keys.record(self._name))
        return int(seconds) * 1_000_000 + int(micros)

    def source(self) -> SourceLogReader:
        """Returns a reader of the source log."""
        return SourceLogReader(self._client, stream=self._name, rendition=keys.SOURCE)

    def mail(self) -> LeadMail:
        """Returns a reader of the messages to the stream's leads."""
        return control.to_lead(self._client, self._name)

    async def ask_key_frame(self, reason: str) -> None:
        """Asks the publisher for a key frame."""
        request = control.KeyFrameRequest(rendition=keys.SOURCE, reason=reason)
        await self._publisher.send(request)

    async def show(self, epoch: int, picture: Thumbnail) -> None:
        """Leaves a small picture of the broadcast with that epoch for lists of streams."""
        await self._thumbnails.put(self._name, epoch, picture)


class SourceLogReader(LogReader):
    """The source log of one stream. Follows ``SourceReader``."""

    @property
    def transit_s(self) -> float:
        """Always 0: the log is in the site."""
        return 0.0

    async def pause(self) -> None:
        """Needs nothing here: entries come when they are asked for."""


class RedisLead:
    """One job's records and logs in Redis. Follows ``SiteLead``."""

    def __init__(self, client: Redis, job: Job, worker: str) -> None:
        self._client = client
        self._job = job
        self._worker = worker
        self._streams = StreamRegistry(client)
        self._renditions = RenditionRegistry(client)
        self._strikes = Strikes(client)

    @property
    def granted_kbps(self) -> None:
        """Always None: a site has no slow ways."""

    async def records(self) -> Records:
        """Returns the records of stream and rendition. Raises StreamGone or BadMessage."""
        stream = await self._streams.get(self._job.stream)
        return Records(stream, await self._renditions.get(self._job.stream, self._job.rendition))

    async def take(self, output: str) -> TakenLead:
        """Takes the lead. Raises StreamGone or DuplicateJob."""
        job = self._job
        epoch = await self._renditions.take_lead(
            job.stream,
            job.rendition,
            job.source_epoch,
            self._worker,
            job=job.entry,
            output=output,
        )
        # Read afterwards: the lead before can append nothing more.
        until = await newest_pts(self._client, stream=job.stream, rendition=job.rendition)
        return TakenLead(epoch, until)

    async def drop(self, epoch: int) -> None:
        """Lets go of the lead; no effect if it is another's by now."""
        await self._renditions.drop_lead(self._job.stream, self._job.rendition, epoch)

    async def note(self, what: LeadNote, epoch: int) -> None:
        """Notes something about the lead in the rendition's record."""
        await self._strikes.note(what, self._job.stream, self._job.rendition, epoch)

    def writer(self, log: str, epoch: int) -> LogWriter:
        """Returns the writer of one of the rendition's logs."""
        return LogWriter(self._client, stream=self._job.stream, rendition=log, epoch=epoch)
