"""A worker's help for other leads: invitations by what is free, their sources, and one thread.

The worker hands over what its inbox has for helpers (``receive``) and runs ``run`` as a task.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import time
from collections import deque
from collections.abc import Callable, Collection

from wire.connection import REDIS_DOWN
from wire.heartbeat import HelperWork
from wire.site import Site
from wire.supervisor import keep_going
from wire.team import Declined, Dismiss, Failed, Invite, Received, Task
from workers.kernels.jit import IS_COMPILED
from workers.runtime.loop_callback import on_loop
from workers.team.helper_figures import HelperFigures
from workers.team.helper_session import SENTENCES, HelperSession, Letter, source_bytes
from workers.team.helper_source import HelperSource
from workers.team.helper_state import HelperEvent
from workers.team.task_queue import TaskRefusal, TeamKey
from workers.team.task_runner import FinishedTask, TaskRunner
from workers.upscale.model_cache import ModelCache, can_propagate

__all__ = ["MAX_TEAMS", "MIN_FREE", "Helper", "OwnWork"]

log = logging.getLogger(__name__)

MAX_TEAMS = 4
"""Teams at once: each source is decoded all the time, which takes 1 % of a core at 480x270."""

MIN_FREE = 0.1
"""Part of the device that must be free for one team more: less than 3 ms of each frame's 33 would
give a region or two."""

MAX_LETTERS = 64
"""Messages that wait to be sent: two seconds of results. The oldest go, which are late by then."""

_TICK_S = 0.2
"""Interval at which sessions go on: preparing takes seconds, and an invitation lives for three."""

_JOIN_S = 1.0
"""Time for the thread to end its task; with ``_SEND_S`` less than a worker has for its stop."""

_SEND_S = 0.5
"""Time to send the last messages."""

_MAX_REASON = 300
"""Letters of a reason: a message may have 500 bytes of it."""

STOPS = "This worker stops."
"""Reason of a worker that was told to stop."""


@dataclasses.dataclass(frozen=True, slots=True)
class OwnWork:
    """Functions that tell what a worker's own renditions take."""

    load: Callable[[], float]
    "Part of what the worker holds, from 0; beyond 1 it is overloaded."
    memory: Callable[[], int]
    "Bytes of memory that they leave."


@dataclasses.dataclass(frozen=True, slots=True)
class HelperParts:
    """Parts of a worker that its help uses."""

    name: str
    "Name of the worker."
    site: Site
    nets: ModelCache


class Helper:
    """One worker's; all methods are called from the loop. ``run`` once, until ``stop``."""

    def __init__(self, parts: HelperParts, own: OwnWork) -> None:
        self.figures = HelperFigures()
        self.declined = 0
        "Invitations that were declined."
        self.unsent = 0
        "Messages to leads that could not be sent, or found no space."
        self._parts = parts
        self._own = own
        self._sessions: dict[TeamKey, HelperSession] = {}
        self._sources: dict[tuple[str, int], HelperSource] = {}
        "Followed sources by stream and publisher's epoch."
        self._letters: deque[tuple[float, Letter]] = deque()
        "Messages to be sent, with their deadlines."
        self._has_letters, self._is_sent = asyncio.Event(), asyncio.Event()
        self._is_sent.set()
        self._has_sessions = asyncio.Event()
        self._stopping = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_started = False
        self._runner = TaskRunner(
            parts.name,
            parts.nets.engine_lock,
            finished=on_loop(self._on_finished),
            ready=on_loop(self._on_ready),
        )

    # What a worker asks.

    def work(self) -> list[HelperWork]:
        """Returns what it does for each lead, for the heartbeat."""
        now = time.monotonic()
        return [session.work(now=now) for session in self._sessions.values()]

    def receive(self, received: Received) -> None:
        """Takes a message to helpers."""
        now, lead, message = time.monotonic(), received.sender, received.message
        team = TeamKey(message.stream, message.rendition, lead)
        if isinstance(message, Invite):
            self._on_invite(team, message, now)
        elif isinstance(message, Dismiss):
            self._end(team, HelperEvent.DISMISS)
        elif isinstance(message, Task):
            self._on_task(team, message, now, received.left_s)

    def stop(self) -> None:
        """Leaves all teams and ends ``run``; a task that is being done is still answered."""
        self._stopping.set()

    async def run(self) -> None:
        """Helps until ``stop``."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            tasks = [
                group.create_task(keep_going(name, work), name=name)
                for name, work in {"helping": self._go_on, "answering": self._send_all}.items()
            ]
            try:
                await self._stopping.wait()
                await self._leave()
            finally:
                self._runner.close()
                for source in self._sources.values():
                    source.close()
                for task in tasks:
                    task.cancel()

    # Invitations and tasks.

    def _on_invite(self, team: TeamKey, invite: Invite, now: float) -> None:
        session = self._sessions.get(team)
        if session is not None and not session.fits(invite):
            # A new lead of the same name, another publisher or another net: all begins anew.
            self._end(team, HelperEvent.STOP)
            session = None
        if session is not None:
            session.renew(invite, now=now)
            return
        # Leads of the same rendition before this one: they have died, or handed it over.
        earlier = {
            each
            for each, session in self._sessions.items()
            if (each.stream, each.rendition) == (team.stream, team.rendition)
            and session.epoch < invite.epoch
        }
        why = self._why_not(invite, now, but=earlier)
        if why:
            self._decline(team, invite.epoch, why)
            return
        # Before they end, so that the source is followed on.
        self._begin(team, invite, now)
        for each in earlier:
            self._end(each, HelperEvent.STOP)

    def _why_not(self, invite: Invite, now: float, *, but: Collection[TeamKey]) -> str:
        """Returns the reason not to help, as a sentence; empty if there is none. What is done for
        the teams ``but`` does not count.
        """
        manifest = self._parts.nets.manifest(invite.model)
        if self._stopping.is_set():
            return STOPS
        if manifest is None:
            return f"This worker has no model {invite.model!r}."
        if not can_propagate(manifest):
            return f"{manifest.title} needs all of each picture, or several: no regions of it."
        if not (self._parts.nets.temporal and IS_COMPILED):
            return "This worker has no compiled loops: SHARPCAST_TEMPORAL is off, or numba missing."
        if len(self._sessions.keys() - set(but)) >= MAX_TEAMS:
            return f"This worker helps {MAX_TEAMS} leads already."
        if self._free(now, but=but) < MIN_FREE:
            return "This worker's own streams, and the leads that it helps, leave nothing free."
        return ""

    def _begin(self, team: TeamKey, invite: Invite, now: float) -> None:
        if not self._is_started:
            # A worker that is never invited has no thread for it.
            self._runner.start()
            self._is_started = True
        key = (team.stream, invite.source_epoch)
        source = self._sources.get(key)
        if source is None or source.is_closed:
            site = self._parts.site.stream(team.stream)
            source = HelperSource(site, *key, changed=self._runner.wake)
            self._sources[key] = source
            self._group.create_task(source.run(), name=f"follow {team.stream}")
        self._sessions[team] = HelperSession(
            team, invite, source, self._runner, self._parts.nets, now=now
        )
        self._has_sessions.set()
        log.info("helps %s for %s", team.lead, team.stream, extra={"action": "helper_began"})

    def _on_task(self, team: TeamKey, task: Task, now: float, left_s: float) -> None:
        session = self._sessions.get(team)
        if session is not None and session.epoch == task.epoch:
            session.take(task, now=now, left_s=left_s)
            return
        reason = SENTENCES[TaskRefusal.UNPREPARED]
        failed = Failed(
            stream=team.stream,
            rendition=team.rendition,
            epoch=task.epoch,
            number=task.number,
            reason=reason,
        )
        self._post(Letter(team.lead, failed))

    def _on_finished(self, finished: FinishedTask) -> None:
        now = time.monotonic()
        session = self._sessions.get(finished.task.team)
        if session is not None:
            ended, letter = session.finished(finished, now=now)
            self.figures.count(ended)
            self._post(letter)

    def _on_ready(self, team: TeamKey) -> None:
        session = self._sessions.get(team)
        if session is not None:
            session.prepared()

    # Its own tasks.

    async def _go_on(self) -> None:
        while True:
            await self._has_sessions.wait()
            now = time.monotonic()
            parity = self._parts.site.team.parity
            for team, session in list(self._sessions.items()):
                free = self._free(now, but={team})
                memory = self._memory(but=(team.stream, session.source_epoch))
                for letter in session.tick(now=now, free=free, memory=memory, parity=parity):
                    self._post(letter)
                if session.is_over:
                    self._forget(team, session)
            if not self._sessions:
                self._has_sessions.clear()
            await asyncio.sleep(_TICK_S)

    def _end(self, team: TeamKey, event: HelperEvent) -> None:
        session = self._sessions.get(team)
        if session is not None:
            session.end(event)
            self._forget(team, session)

    def _forget(self, team: TeamKey, session: HelperSession) -> None:
        """Drops a session that ended, and the source that nobody else needs."""
        self._sessions.pop(team, None)
        if session.fault:
            self._decline(team, session.epoch, session.fault)
        used = {(team.stream, other.source_epoch) for team, other in self._sessions.items()}
        for key in self._sources.keys() - used:
            self._sources.pop(key).close()

    def _decline(self, team: TeamKey, epoch: int, why: str) -> None:
        self.declined += 1
        log.info("does not help %s: %s", team.lead, why, extra={"action": "declined"})
        declined = Declined(
            stream=team.stream, rendition=team.rendition, epoch=epoch, reason=why[:_MAX_REASON]
        )
        self._post(Letter(team.lead, declined))

    def _free(self, now: float, *, but: Collection[TeamKey]) -> float:
        """Returns the part of the device that its own streams and the other teams leave."""
        others = sum(
            session.busy(now=now) for team, session in self._sessions.items() if team not in but
        )
        return min(1.0, max(0.0, 1.0 - self._own.load() - others))

    def _memory(self, *, but: tuple[str, int]) -> int:
        """Returns the bytes that its own streams and the other followed sources leave."""
        sizes = [source.size for key, source in self._sources.items() if key != but]
        return self._own.memory() - sum(source_bytes(*size) for size in sizes if size is not None)

    def _post(self, letter: Letter) -> None:
        if len(self._letters) >= MAX_LETTERS:
            self._letters.popleft()
            self.unsent += 1
        self._letters.append((time.monotonic() + letter.left_s, letter))
        self._has_letters.set()
        self._is_sent.clear()

    async def _send_all(self) -> None:
        while True:
            await self._has_letters.wait()
            while self._letters:
                deadline, letter = self._letters.popleft()
                left_s = deadline - time.monotonic()
                try:
                    await self._parts.site.team.send(letter.to, letter.message, left_s)
                except REDIS_DOWN:
                    self.unsent += 1
            self._has_letters.clear()
            self._is_sent.set()

    async def _leave(self) -> None:
        """Tells the leads, lets the thread end its task, and sends its result."""
        for team, session in list(self._sessions.items()):
            self._decline(team, session.epoch, STOPS)
        self._runner.close()
        if not await asyncio.to_thread(self._runner.join, _JOIN_S):
            log.info("a task did not end in time", extra={"action": "thread_stuck"})
        # What the thread handed over comes to the loop before this goes on; then it is sent.
        await asyncio.sleep(0)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_SEND_S):
                await self._is_sent.wait()
        for team in list(self._sessions):
            self._end(team, HelperEvent.STOP)
