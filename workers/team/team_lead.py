"""The lead's side of a team: recruits helpers, sends tasks, and takes what helpers say.

The async adapter around ``coordinator.py``. The decoder's thread gives frames out (``offer``); all
else is the loop's. Without helpers a frame passes as it is.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import time
from collections import deque
from collections.abc import Sequence
from typing import TypedDict

from wire.connection import REDIS_DOWN
from wire.heartbeat import TeamWork, WorkerBeat
from wire.jobs import Job
from wire.site import SiteTeam
from wire.stream_logger import StreamLogger, session_name
from wire.supervisor import keep_going
from wire.team import Declined, Dismiss, Failed, Invite, Ready, Received, Result, Task, TaskRegion
from workers.kernels.readiness import is_warm
from workers.media.frame_task import FrameTask
from workers.media.route import Route
from workers.runtime.frame_counters import FrameCounters
from workers.runtime.loop_callback import on_loop
from workers.team.coordinator import TeamCoordinator, TeamNet
from workers.team.dispatcher import TaskOrder
from workers.team.inbox import TeamInbox
from workers.team.lane_team import TeamGoal
from workers.team.lead_need import need_of, own_ms_per_megasample, own_offer, part_of
from workers.team.recruiting import Choice, Recruiter, candidate_of
from workers.team.roster import Roster
from workers.upscale.model_cache import ModelCache, can_propagate
from workers.upscale.team_frame import TeamTask

__all__ = ["QUALITY", "TeamLead", "TeamLeads", "TeamParts"]

log = logging.getLogger(__name__)

QUALITY = 16
"""Quality of coded results, of 0 to 20: keeps 89 % of the net's gain (``docs/residual``)."""

SHORT_QUALITY = 12
"""The same where the lead is short of cores: 74 %, decoded in two thirds of the time."""

RECRUIT_S = 1.0
"""Interval of invitations: a helper leaves after three that it misses."""

_TICK_S = 0.012
"""Interval at which late tasks are looked for while a frame waits: a few times in each frame's, and
shorter than second orders need to be of any use."""

_LETTER_S = 2.0
"""Life of a message that no frame waits for."""

MAX_LETTERS = 128
"""Messages that wait to be sent: half a second of tasks for 8 helpers. The oldest go first."""


class _Address(TypedDict):
    """The fields that all messages of a team have."""

    stream: str
    rendition: str
    epoch: int


@dataclasses.dataclass(frozen=True, slots=True)
class _Letter:
    to: str
    message: Invite | Dismiss | Task
    deadline: float


@dataclasses.dataclass(frozen=True, slots=True)
class TeamParts:
    """Parts of a worker that its teams use."""

    worker: str
    team: SiteTeam
    inbox: TeamInbox
    roster: Roster
    nets: ModelCache


class TeamLeads:
    """The teams of one worker. Follows ``Teams``."""

    def __init__(self, parts: TeamParts) -> None:
        self._parts = parts

    def team(self, job: Job, epoch: int, counters: FrameCounters) -> TeamLead:
        """Returns the team of a rendition; it has no helpers yet."""
        return TeamLead(self._parts, job, epoch, counters)


class TeamLead:
    """The helpers of one rendition. Follows ``LaneTeam``."""

    def __init__(self, parts: TeamParts, job: Job, epoch: int, counters: FrameCounters) -> None:
        self._parts = parts
        self._job = job
        self._counters = counters
        self._address = _Address(stream=job.stream, rendition=job.rendition, epoch=epoch)
        session = session_name(job.source_epoch)
        self._log = StreamLogger(log, stream=job.stream, session=session, rendition=job.rendition)
        self._recruiter = Recruiter(parts.worker)
        self._choice = Choice((), (), "No frame came yet.")
        self._goal: TeamGoal | None = None
        self._coordinator: TeamCoordinator | None = None
        self._letters: deque[_Letter] = deque()
        self._has_letters, self._is_waiting = asyncio.Event(), asyncio.Event()
        self._post_tasks = on_loop(self._post_orders)

    # For the decoder's thread.

    def offer(self, task: FrameTask) -> FrameTask:
        """Returns a decoded frame, given out where there are helpers."""
        coordinator, goal, picture = self._coordinator, self._goal, task.picture
        if coordinator is None or goal is None or picture is None:
            return task
        now = time.monotonic()
        is_shared = coordinator.has_helpers and not coordinator.is_resting(now=now)
        if not is_shared or task.route is not Route.WORK or task.is_replay:
            coordinator.pause()
            return task
        given = coordinator.give_out(
            task.unit.sequence,
            picture.y,
            task.info,
            now=now,
            own=own_offer(goal, coordinator.net.halo),
        )
        if given.tasks:
            self._post_tasks(given.tasks)
        return TeamTask.of(task, given.frame)

    # For the lane.

    def follow(self, goal: TeamGoal) -> None:
        """Takes what is to be made."""
        self._goal = goal
        net = self._net(goal)
        if net != (self._coordinator and self._coordinator.net):
            # Another net: what helpers are ready for fits no longer.
            self._coordinator = TeamCoordinator(net, self._counters) if net is not None else None
        if self._coordinator is not None:
            self._coordinator.pin(goal.mode)

    def part(self) -> float:
        """Returns the part of what frames want of the net that the helpers can make."""
        if self._coordinator is None or self._goal is None:
            return 0.0
        return part_of(self._coordinator, self._goal)

    async def run(self) -> None:
        """Recruits helpers and talks with them until cancelled."""
        job, inbox = self._job, self._parts.inbox
        inbox.add_lead(job.stream, job.rendition, self._take)
        works = {"recruiting": self._recruit, "asking": self._send_all, "hedging": self._tick}
        try:
            async with asyncio.TaskGroup() as group:
                for name, work in works.items():
                    task = keep_going(name, work, logger=self._log)
                    group.create_task(task, name=f"{name} {job.stream}")
        finally:
            inbox.remove_lead(job.stream, job.rendition)

    def work(self) -> TeamWork:
        """Returns what the team does, for the heartbeat."""
        reason = self._obstacle() or self._choice.reason
        invited = len(self._choice.invited)
        if self._coordinator is None:
            is_off = self._goal is not None and self._goal.is_off
            return TeamWork(mode="off" if is_off else "alone", reason=reason, invited=invited)
        return self._coordinator.work(reason, invited, now=time.monotonic())

    # Recruiting.

    async def _recruit(self) -> None:
        while True:
            try:
                beats = await self._candidates()
            except REDIS_DOWN:
                beats = []
            self._choose(beats, time.monotonic())
            await asyncio.sleep(RECRUIT_S)

    async def _candidates(self) -> list[WorkerBeat]:
        """Returns workers to choose from, the lead included; none where nobody is to be asked."""
        goal, invited = self._goal, self._choice.invited
        if goal is None or self._obstacle():
            return []
        is_lacking = need_of(goal, self._coordinator, 0.0).lacking_ms_per_s > 0.0
        if not (is_lacking or invited or goal.pinned):
            return []
        names = {self._parts.worker, *invited, *goal.pinned}
        return await self._parts.roster.beats(names, goal.model)

    def _choose(self, beats: Sequence[WorkerBeat], now: float) -> None:
        goal, coordinator = self._goal, self._coordinator
        if goal is None:
            return
        own = next((beat for beat in beats if beat.name == self._parts.worker), None)
        speeds = {}
        if coordinator is not None:
            speeds = coordinator.speeds(own_ms_per_megasample(goal, coordinator.net.halo))
        candidates = [
            candidate_of(
                beat,
                stream=self._job.stream,
                rendition=self._job.rendition,
                speed=speeds.get(beat.name, 0.0),
            )
            for beat in ([] if self._obstacle() else beats)
        ]
        need = need_of(goal, coordinator, own.ms_per_frame if own is not None else 0.0)
        choice = self._choice = self._recruiter.choose(
            candidates, need, now=now, pinned=goal.pinned, excluded=goal.excluded
        )
        for name in choice.dismissed:
            self._post(name, Dismiss(**self._address))
            self._lose(name, "is let go")
        for name in choice.invited:
            self._post(name, self._invite(goal))

    def _invite(self, goal: TeamGoal) -> Invite:
        return Invite(
            **self._address,
            source_epoch=self._job.source_epoch,
            model=goal.model,
            strength=goal.strength,
            quality=QUALITY,
        )

    def _net(self, goal: TeamGoal) -> TeamNet | None:
        """Returns the net that a team would run; None where nobody may help."""
        manifest = self._parts.nets.manifest(goal.model)
        if goal.obstacle or manifest is None or not can_propagate(manifest):
            return None
        return TeamNet(goal.model, manifest.receptive_radius, propagates=self._parts.nets.temporal)

    def _obstacle(self) -> str:
        """Returns a sentence that says why nobody is asked; empty if somebody may be."""
        goal = self._goal
        if goal is None:
            return "No frame came yet."
        manifest = self._parts.nets.manifest(goal.model)
        if goal.obstacle:
            return goal.obstacle
        if manifest is None or not can_propagate(manifest):
            return f"{goal.model} needs all of each picture, or several: no regions of it."
        return "" if is_warm() else "The loops for it are being compiled."

    # Messages.

    def _take(self, received: Received) -> None:
        """Takes a message of a helper."""
        coordinator, message, name = self._coordinator, received.message, received.sender
        if message.epoch != self._address["epoch"] or coordinator is None:
            return
        now = time.monotonic()
        if isinstance(message, Ready) and name in self._choice.invited:
            if name not in coordinator.helpers:
                self._log.info("%s helps", name, extra={"action": "helper_ready"})
            self._recruiter.ready(name)
            coordinator.ready(name, message, now=now)
        elif isinstance(message, Declined):
            self._recruiter.declined(name, now=now)
            self._lose(name, message.reason)
        elif isinstance(message, Result):
            coordinator.result(name, message, now=now)
        elif isinstance(message, Failed):
            coordinator.failed(name, message.number, now=now)

    def _lose(self, name: str, why: str) -> None:
        if self._coordinator is not None and name in self._coordinator.helpers:
            self._log.info("%s helps no more: %s", name, why, extra={"action": "helper_gone"})
            self._coordinator.leave(name, now=time.monotonic())

    def _post_orders(self, orders: Sequence[TaskOrder]) -> None:
        is_short = self._coordinator is not None and self._coordinator.is_short
        for order in orders:
            regions = tuple(
                TaskRegion(one.region.top, one.region.left, one.region.height, one.region.width)
                for one in order.regions
            )
            task = Task(
                **self._address,
                number=order.number,
                sequence=order.sequence,
                regions=regions,
                quality=SHORT_QUALITY if is_short else QUALITY,
            )
            self._post(order.to, task, deadline=order.deadline)
        self._is_waiting.set()

    def _post(
        self, to: str, message: Invite | Dismiss | Task, *, deadline: float | None = None
    ) -> None:
        if len(self._letters) >= MAX_LETTERS:
            self._letters.popleft()
            self._counters.count_results("unsent")
        until = time.monotonic() + _LETTER_S if deadline is None else deadline
        self._letters.append(_Letter(to, message, until))
        self._has_letters.set()

    async def _send_all(self) -> None:
        while True:
            await self._has_letters.wait()
            while self._letters:
                letter = self._letters.popleft()
                left_s = letter.deadline - time.monotonic()
                try:
                    await self._parts.team.send(letter.to, letter.message, left_s)
                except REDIS_DOWN:
                    self._counters.count_results("unsent")
            self._has_letters.clear()

    async def _tick(self) -> None:
        while True:
            await self._is_waiting.wait()
            coordinator = self._coordinator
            while coordinator is not None and coordinator.is_waiting:
                await asyncio.sleep(_TICK_S)
                self._post_orders(coordinator.on_time(now=time.monotonic()))
            self._is_waiting.clear()
