"""The lanes of one device at its gateway: streams that it follows, and logs that it writes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from wire.connection import Redis
from wire.errors import BadMessage, Fenced, StreamGone
from wire.jobs import Job
from wire.link.message import Message
from wire.log import LogWriter
from wire.remote import calls
from wire.remote.feed import Feed
from wire.remote.outlet import Outlet
from wire.remote.sink import Sink
from wire.supervisor import keep_going

MAX_LANES = 4 * calls.MAX_HELD
"""Lanes of one device: a stream and three logs for each job."""

Spawn = Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]]


class Lanes:
    """Feeds and sinks by their lanes; ``spawn`` runs their tasks."""

    def __init__(self, client: Redis, outlet: Outlet, spawn: Spawn) -> None:
        self._client = client
        self._outlet = outlet
        self._spawn = spawn
        self._feeds: dict[int, tuple[Feed, asyncio.Task[None]]] = {}
        self._sinks: dict[int, tuple[Sink, asyncio.Task[None]]] = {}
        self._stray_units = 0

    @property
    def stray_units(self) -> int:
        """Parts of batches for logs that are not open."""
        return self._stray_units

    async def follow(self, stream: str, lane: int, after: str) -> bool:
        """Sends a stream's units in a lane; returns True if there is a key frame to begin at."""
        self._check(lane)
        feed = Feed(self._client, self._outlet, stream=stream, lane=lane, after=after)
        work = keep_going(f"the feed of {stream}", feed.run)
        self._feeds[lane] = (feed, self._spawn(work, f"feed {stream}"))
        return await feed.found

    def unfollow(self, lane: int) -> None:
        """Ends a feed; none is there if the device repeats itself."""
        found = self._feeds.pop(lane, None)
        if found is not None:
            found[1].cancel()

    def open_log(self, job: Job, name: str, epoch: int, lane: int) -> None:
        """Takes batches of a lane into a log; one that was open for the log before is closed."""
        for older, (sink, task) in list(self._sinks.items()):
            if (sink.job.entry, sink.name) == (job.entry, name):
                task.cancel()
                del self._sinks[older]
        self._check(lane)
        writer = LogWriter(self._client, stream=job.stream, rendition=name, epoch=epoch)

        def lost(reason: str) -> None:
            told = calls.KeyFrameWanted(stream=job.stream, rendition=name, reason=reason)
            self._outlet.tell(told)

        sink = Sink(writer, job, name, lost=lost)
        self._sinks[lane] = (sink, self._spawn(self._write(sink), f"log {job.stream} {name}"))

    def clear_log(self, lane: int, turn: int) -> None:
        """Empties the log of a lane. Raises BadMessage."""
        found = self._sinks.get(lane)
        if found is None:
            raise BadMessage(f"there is no log of lane {lane}")
        found[0].clear(turn)

    def close_logs(self, entry: str) -> None:
        """Closes the logs of a job."""
        for lane, (sink, task) in list(self._sinks.items()):
            if sink.job.entry == entry:
                task.cancel()
                del self._sinks[lane]

    def put(self, message: Message) -> None:
        """Takes a part of a batch."""
        found = self._sinks.get(message.lane)
        if found is None:
            self._stray_units += 1
        else:
            found[0].put(message.serial, message.content)

    async def _write(self, sink: Sink) -> None:
        job = sink.job
        name = f"the log {sink.name} of {job.stream}"
        try:
            await keep_going(name, sink.run, passes=(Fenced, StreamGone))
        except (Fenced, StreamGone) as error:
            told = calls.JobLost(entry=job.entry, error=type(error).__name__, reason=str(error))
            self._outlet.tell(told)

    def _check(self, lane: int) -> None:
        if lane in self._feeds or lane in self._sinks:
            raise BadMessage(f"lane {lane} is in use")
        if len(self._feeds) + len(self._sinks) >= MAX_LANES:
            raise BadMessage(f"a device has at most {MAX_LANES} lanes")
