"""A worker's help for one lead: prepares the net, answers tasks, and leaves when it is not wanted.

Without I/O and clock: the owner hands over messages and the time (seconds, monotonic), and sends
what comes back.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Iterable
from typing import Protocol, TypedDict

from wire import tracing
from wire.heartbeat import HelperWork
from wire.team import Failed, Invite, Ready, Result, Task, TaskRegion, TeamMessage
from wire.unit_spans import tell_task
from workers.errors import NetUnusable
from workers.kernels.readiness import is_warm
from workers.team.helper_figures import HelperFigures
from workers.team.helper_state import HelperEvent, HelperState, helper_life
from workers.team.recent_pictures import MAX_BYTES, RecentPictures
from workers.team.region_maker import RegionMaker
from workers.team.task_queue import HelperTask, TaskRefusal, TeamKey
from workers.team.task_runner import FinishedTask, TaskRunner
from workers.team.work_meter import WorkMeter
from workers.temporal.region_selection import Region
from workers.upscale.model_cache import ModelCache, ModelRequest
from workers.upscale.region_net import RegionNet

__all__ = ["INVITATION_S", "HelperSession", "Letter", "source_bytes"]

log = logging.getLogger(__name__)

INVITATION_S = 3.0
"""Life of an invitation, which the lead repeats every second: two may be lost on the way."""

READY_S = 1.0
"""Interval at which the lead is told of the pace and of what is free."""

_MESSAGE_S = 2.0
"""Life of a message that no frame waits for."""

MAX_LATE_S = 0.1
"""Lateness up to which a result is still sent: its times teach the lead what this device can do,
and its deadline may have been guessed too early."""

_FIXED_BYTES = 24 * 1024 * 1024
"""Memory of a followed source beside its pictures: contexts of the decoder and of the net."""

_KEPT_PICTURES = 40
"""Pictures for which memory is planned: those of a second at 30 frames a second, and those in the
decoder."""

SENTENCES = {
    TaskRefusal.LATE: "The task could not be done before its deadline.",
    TaskRefusal.GONE: "The frame was lost on the way here, or could not be decoded.",
    TaskRefusal.FULL: "Too many tasks waited.",
    TaskRefusal.BAD: "The task names regions that the picture does not have, or too many.",
    TaskRefusal.UNPREPARED: "The helper was not ready.",
    TaskRefusal.LEFT: "The helper has left the team.",
    TaskRefusal.FAILED: "The net or the coder failed; the helper's log says why.",
}
"""Reasons of ``Failed``."""


class _Address(TypedDict):
    """The fields that all messages of a team have."""

    stream: str
    rendition: str
    epoch: int


@dataclasses.dataclass(frozen=True, slots=True)
class Letter:
    """A message to a lead."""

    to: str
    message: TeamMessage
    left_s: float = _MESSAGE_S


class PictureSource(Protocol):
    """The source of a session's stream."""

    @property
    def pictures(self) -> RecentPictures:
        """The pictures of the last second."""

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height of the last picture; None before the first."""

    @property
    def fault(self) -> str:
        """A sentence that says why there are no pictures; empty if there are, or will be."""


class HelperSession:
    """One rendition of one lead; made with the first invitation, used from the loop."""

    def __init__(
        self,
        team: TeamKey,
        invite: Invite,
        source: PictureSource,
        runner: TaskRunner,
        nets: ModelCache,
        *,
        now: float,
    ) -> None:
        self.team = team
        self._source = source
        self.figures = HelperFigures()
        self.fault = ""
        "A sentence that says why it ended by itself; empty if it did not."
        self._life = helper_life(team.stream, team.rendition, team.lead)
        self._invite = invite
        self._invited_at = now
        self._runner = runner
        self._nets = nets
        self._maker: RegionMaker | None = None
        self._ready_at = now
        self._meter = WorkMeter()

    @property
    def epoch(self) -> int:
        """The lead's epoch."""
        return self._invite.epoch

    @property
    def source_epoch(self) -> int:
        """The publisher's epoch."""
        return self._invite.source_epoch

    @property
    def is_over(self) -> bool:
        """True once it has left."""
        return self._life.state is HelperState.ENDED

    def busy(self, *, now: float) -> float:
        """Returns the part of the time that its tasks took, over the last seconds."""
        return self._meter.fraction(now=now)

    def fits(self, invite: Invite) -> bool:
        """Returns whether an invitation only goes on with this one."""
        mine = self._invite
        return (invite.epoch, invite.source_epoch, invite.model) == (
            mine.epoch,
            mine.source_epoch,
            mine.model,
        )

    def renew(self, invite: Invite, *, now: float) -> None:
        """Takes the invitation again."""
        self._invite, self._invited_at = invite, now
        if self._maker is not None:
            self._maker.strength = invite.strength

    def tick(self, *, now: float, free: float, memory: int, parity: float = 0.0) -> list[Letter]:
        """Goes on; returns what the lead is to be told. ``free`` is the part of the device that
        others leave, ``memory`` the bytes that may be taken, ``parity`` what its link adds to each
        byte.
        """
        if now - self._invited_at > INVITATION_S:
            self.end(HelperEvent.LAPSE)
        elif self._life.state is HelperState.PREPARING and self._maker is None:
            self._prepare(memory)
        if self._life.state is not HelperState.READY or now < self._ready_at:
            return []
        self._ready_at = now + READY_S
        pace = self._maker.pace.ms_per_megasample if self._maker is not None else 0.0
        ready = Ready(
            **self._address(),
            model=self._invite.model,
            ms_per_megasample=pace,
            free=free,
            parity=round(min(parity, 1.0), 3),
        )
        return [Letter(self.team.lead, ready)]

    def take(self, task: Task, *, now: float, left_s: float) -> None:
        """Takes a task; what becomes of it comes to ``finished``."""
        regions = _regions(task.regions)
        samples = 0 if self._maker is None else self._maker.samples(regions)
        self._runner.put(
            HelperTask(
                team=self.team,
                number=task.number,
                sequence=task.sequence,
                regions=regions,
                quality=task.quality,
                read_at=now,
                deadline=now + left_s,
                samples=samples,
            )
        )

    def prepared(self) -> None:
        """Notes that the net was measured: tasks may come."""
        # The lead may have gone meanwhile.
        self._life.apply_if_accepted(HelperEvent.PREPARE)

    def finished(self, finished: FinishedTask, *, now: float) -> tuple[FinishedTask, Letter]:
        """Takes the end of a task; returns what it counts as, and the answer to the lead."""
        task, late_s = finished.task, now - finished.task.deadline
        self._tell(finished)
        if finished.busy_s:
            self._meter.add(finished.busy_s, now=now)
        if finished.refusal is None and late_s < MAX_LATE_S:
            letter = Letter(
                self.team.lead, self._result(finished, now, late_s), max(-late_s, MAX_LATE_S)
            )
        else:
            reason = SENTENCES[finished.refusal or TaskRefusal.LATE]
            failed = Failed(**self._address(), number=task.number, reason=reason)
            letter = Letter(self.team.lead, failed)
        if finished.refusal is None and late_s > 0.0:
            finished = dataclasses.replace(finished, refusal=TaskRefusal.LATE)
        self.figures.count(finished)
        return finished, letter

    def end(self, event: HelperEvent, why: str = "") -> None:
        """Leaves the team; tasks that wait are refused. Harmless when repeated."""
        if self._life.apply_if_accepted(event):
            self.fault = why
            self._runner.remove(self.team)
            log.info("helps no more: %s", why or event.value, extra={"action": "helper_left"})

    def work(self, *, now: float) -> HelperWork:
        """Returns its part of the heartbeat."""
        return HelperWork(
            stream=self.team.stream,
            rendition=self.team.rendition,
            lead=self.team.lead,
            state=self._life.state.value,
            model=self._invite.model,
            tasks_per_s=round(self._meter.per_s(now=now), 1),
            busy=round(self._meter.fraction(now=now), 5),
            outcomes=self.figures.outcomes,
            engine_ms=round(self.figures.engine_ms, 1),
        )

    def _prepare(self, memory: int) -> None:
        """Takes what became ready; leaves if something cannot."""
        size = self._source.size
        if self._source.fault:
            self.end(HelperEvent.FAIL, self._source.fault)
            return
        if size is None or not is_warm():
            # At the first start on a machine compiling the loops takes half a minute.
            return
        if source_bytes(*size) > memory:
            self.end(HelperEvent.FAIL, "Pictures of this size do not fit into the free memory.")
            return
        request = ModelRequest(f"helper {self.team}", "regions")
        try:
            session = self._nets.ready_dynamic(
                self._invite.model, *size, request=request, is_last=True
            )
        except NetUnusable as error:
            self.end(HelperEvent.FAIL, str(error))
            return
        manifest = self._nets.manifest(self._invite.model)
        if session is None or manifest is None:
            return
        net = RegionNet(manifest, session)
        self._maker = RegionMaker(self._source.pictures, net, strength=self._invite.strength)
        self._runner.add(self.team, self._maker)

    def _tell(self, finished: FinishedTask) -> None:
        """Tells the trace of the picture what this task took."""
        team, task = self.team, finished.task
        pts = None if tracing.current is None else self._source.pictures.pts(task.sequence)
        if pts is not None:
            outcome = "made" if finished.refusal is None else finished.refusal.value
            facts: dict[str, tracing.Attribute] = {
                "number": task.number,
                "samples": task.samples,
                "outcome": outcome,
            }
            tell_task(team.stream, team.rendition, pts, finished.busy_s, facts)

    def _result(self, finished: FinishedTask, now: float, late_s: float) -> Result:
        task = finished.task
        return Result(
            **self._address(),
            number=task.number,
            sequence=task.sequence,
            coded=finished.coded,
            engine_ms=1000.0 * finished.engine_s,
            whole_ms=1000.0 * (now - task.read_at),
            waited_ms=1000.0 * max(0.0, finished.begun - task.read_at),
            late_ms=1000.0 * max(0.0, late_s),
        )

    def _address(self) -> _Address:
        team = self.team
        return _Address(stream=team.stream, rendition=team.rendition, epoch=self._invite.epoch)


def source_bytes(width: int, height: int) -> int:
    """Returns the memory that a followed source takes."""
    kept = min(MAX_BYTES, _KEPT_PICTURES * width * height * 3 // 2)
    return _FIXED_BYTES + kept


def _regions(given: Iterable[TaskRegion]) -> tuple[Region, ...]:
    return tuple(Region(each.top, each.left, each.height, each.width) for each in given)
