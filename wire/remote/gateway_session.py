"""Answers one device: its calls are carried out for its own jobs, and for nothing else.

The session holds the leases of the device's jobs while the device names them, so that no call waits
for a round trip to keep one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import msgspec

from wire import control, keys
from wire.connection import REDIS_DOWN, RETRY_S, Redis
from wire.errors import BadMessage, NoLease, ServerAway, WireError
from wire.heartbeat import WorkerBeat
from wire.jobs import RENEW_S, Job, JobOrigin
from wire.link.message import Message
from wire.remote import calls, units
from wire.remote.claim_order import HEAD_START_S, ClaimOrder, has_free_worker
from wire.remote.device_jobs import DeviceJobs
from wire.remote.lanes import Lanes
from wire.remote.outlet import Outlet
from wire.remote.team_desk import TeamDesk
from wire.remote.team_units import TEAM
from wire.site import RedisSite
from wire.supervisor import keep_going

__all__ = ["GatewaySession", "Outlet"]

log = logging.getLogger(__name__)

MAX_CALLS = 64
"""Calls of one device that are carried out at a time; a worker waits for each before the next."""

CLAIM_S = 0.9
"""Time for which a claim waits for a job: an idle device then asks about once a second."""

MAX_SILENCE_S = 2.0
"""A device that was not heard for so long gets no job: idle ones are heard once a second."""

_CLAIM_BLOCK_MS = 100
_MAIL_BLOCK_MS = 1000
_ENTRY_ID = re.compile(r"\d{1,15}-\d{1,19}\Z")


class GatewaySession:
    """One device at the gateway; ``run`` until cancelled."""

    def __init__(
        self, client: Redis, device: str, outlet: Outlet, jobs: DeviceJobs | None = None
    ) -> None:
        """``jobs`` are those of an earlier connection of the device, which this one replaces: it
        goes on with what the device still has.
        """
        self._device = device
        self._outlet = outlet
        self._site = RedisSite(client, device)
        self._client = client
        self.jobs = jobs or DeviceJobs()
        self.jobs.begin()
        self._order = ClaimOrder()
        self._mails: dict[str, asyncio.Task[None]] = {}
        self._lanes = Lanes(client, outlet, self._spawn)
        self._team = TeamDesk(client, device, outlet, self.jobs)
        self._profile: WorkerBeat | None = None
        self._group: asyncio.TaskGroup | None = None
        self._calls = 0
        self._is_claiming = False
        self._is_replaced = False
        self.bad_messages = 0
        "Messages that could not be read or were none of the device's business."
        self._handlers = self._make_handlers()

    def _make_handlers(self) -> dict[type[Any], Callable[[Any], Awaitable[object]]]:
        return {
            calls.Claim: self._claim,
            calls.Resume: self._resume,
            calls.Release: self._release,
            calls.HandOver: self._hand_over,
            calls.DrawWorkers: self._draw_workers,
            calls.Finish: self._finish,
            calls.GetRecords: self._get_records,
            calls.TakeLead: self._take_lead,
            calls.DropLead: self._drop_lead,
            calls.Note: self._note,
            calls.Beat: self._beat,
            calls.Leave: self._leave,
            calls.FindWorkers: self._find_workers,
            calls.AskKeyFrame: self._ask_key_frame,
            calls.Follow: self._follow,
            calls.Unfollow: self._unfollow,
            calls.OpenLog: self._open_log,
            calls.ClearLog: self._clear_log,
            calls.GetTime: self._get_time,
        }

    @property
    def held(self) -> list[Job]:
        """The jobs that the device holds."""
        return self.jobs.held

    @property
    def stray_units(self) -> int:
        """Parts of batches for logs that are not open, such as one whose job was just lost."""
        return self._lanes.stray_units

    def replace(self) -> DeviceJobs:
        """Returns the jobs for a session of a new connection of the device. The session's owner
        then ends it; it gives nothing back.
        """
        self._is_replaced = True
        return self.jobs

    async def run(self) -> None:
        """Keeps the leases and carries units until cancelled; then gives all jobs back."""
        try:
            async with asyncio.TaskGroup() as self._group:
                self._spawn(keep_going("leases", self._renew), "leases")
                self._spawn(keep_going("the inbox", self._team.forward), "inbox")
        finally:
            self._group = None
            if not self._is_replaced:
                await self._give_back()

    def on_control(self, data: bytes) -> None:
        """Takes a control message of the device; the reply follows later."""
        try:
            message = calls.parse_from_device(data)
        except BadMessage as error:
            self.bad_messages += 1
            log.warning("%s: %s", self._device, error, extra={"action": "bad_call"})
            return
        match message:
            case calls.Holding(entries=entries):
                self.jobs.name(entries, now=time.monotonic())
            case calls.Request() if self._group is not None:
                if self._calls >= MAX_CALLS:
                    self._fail(message.number, ServerAway("too many calls at a time"))
                    return
                self._calls += 1
                name = f"{type(message.call).__name__} of {self._device}"
                self._spawn(self._answer(message), name)
            case calls.Hello():
                self.bad_messages += 1  # it has joined already

    def on_message(self, message: Message) -> None:
        """Takes a message of the device."""
        if message.kind == units.RENDITION_UNITS:
            self._lanes.put(message)
        elif message.kind == TEAM:
            self.bad_messages += not self._team.take(message.content)
        else:
            self.bad_messages += 1

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        if self._group is None:
            work.close()
            raise ServerAway("the session has ended")
        return self._group.create_task(work, name=name)

    async def _answer(self, request: calls.Request) -> None:
        try:
            value = await self._handlers[type(request.call)](request.call)
        except (*REDIS_DOWN, WireError) as error:
            self._fail(request.number, error)
        except Exception as error:
            # The task's border: raised in the group, it would end the device's other work.
            log.exception("%s: a call failed", self._device, extra={"action": "call_failed"})
            self._fail(request.number, ServerAway(repr(error)))
        else:
            self._outlet.reply(calls.Reply(number=request.number, value=value))
        finally:
            self._calls -= 1

    def _fail(self, number: int, error: Exception) -> None:
        name, reason = type(error).__name__, str(error)[:500]
        self._outlet.reply(calls.Reply(number=number, error=name, reason=reason))

    # Jobs.

    async def _claim(self, _: calls.Claim) -> object:
        # One that the device gave up still waits for a job; two would get one more than it wants.
        if self._is_claiming or self.jobs.is_full:
            return None
        self._is_claiming = True
        try:
            job = await self._next_job(time.monotonic() + CLAIM_S)
        finally:
            self._is_claiming = False
        if job is None:
            return None
        self._hold(job)
        return msgspec.to_builtins(job)

    async def _next_job(self, until: float) -> Job | None:
        while time.monotonic() < until and self._outlet.silence_s() < MAX_SILENCE_S:
            job = await self._site.jobs.next_job(block_ms=_CLAIM_BLOCK_MS)
            if job is None:
                continue
            if job.origin is JobOrigin.HANDED:
                return job
            has_free = has_free_worker(await self._site.heartbeats.draw())
            if self._order.may_take(job.entry, has_free=has_free, now=time.monotonic()):
                return job
            await self._site.jobs.release(job)
            # Not again and again meanwhile: the near worker would have to find it between two looks
            # of all devices.
            await asyncio.sleep(HEAD_START_S)
        return None

    async def _resume(self, call: calls.Resume) -> list[str]:
        known = []
        for entry in call.entries:
            with contextlib.suppress(NoLease):
                known.append(self.jobs.known(entry))
        held = await self._site.jobs.renew_all(known)
        kept = [job for job, is_held in zip(known, held, strict=True) if is_held]
        for job in kept:
            self._hold(job)
        return [job.entry for job in kept]

    def _hold(self, job: Job) -> None:
        self.jobs.hold(job, now=time.monotonic())
        if job.stream not in self._mails:
            work = keep_going(f"mail of {job.stream}", lambda: self._forward(job.stream))
            self._mails[job.stream] = self._spawn(work, f"mail {job.stream}")

    def _let_go(self, entry: str) -> None:
        self.jobs.let_go(entry)
        self._lanes.close_logs(entry)
        for stream in [each for each in self._mails if not self.jobs.holds_stream(each)]:
            self._mails.pop(stream).cancel()

    async def _release(self, call: calls.Release) -> None:
        job = self.jobs.job(call.entry)
        self._let_go(call.entry)
        await self._site.jobs.release(job)

    async def _hand_over(self, call: calls.HandOver) -> bool:
        job = self.jobs.job(call.entry)
        is_moved = await self._site.jobs.hand_over(job, call.to)
        if is_moved:
            # Its logs stay open: the device writes them until the new lead's epoch shuts it out.
            self.jobs.let_go(call.entry)
        return is_moved

    async def _finish(self, call: calls.Finish) -> None:
        self.jobs.job(call.entry)
        self._let_go(call.entry)
        await self._site.jobs.finish(call.entry)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_S)
            for job in self.jobs.lapsed(now=time.monotonic()):
                self._lose(job, "the device did not say that it goes on with the job")
            jobs = self.held
            try:
                held = await self._site.jobs.renew_all(jobs)
            except REDIS_DOWN:
                continue
            for job, is_held in zip(jobs, held, strict=True):
                if not is_held and self.jobs.is_held(job):
                    self._lose(job, "the lease is somebody else's now")

    def _lose(self, job: Job, reason: str) -> None:
        self._let_go(job.entry)
        self._outlet.tell(calls.JobLost(entry=job.entry, error="Fenced", reason=reason))

    async def _give_back(self) -> None:
        with contextlib.suppress(*REDIS_DOWN, WireError):
            for job in self.held:
                await self._site.jobs.release(job)
                self.jobs.let_go(job.entry)
            await self._site.heartbeats.leave(self._device)

    # Records.

    async def _get_records(self, call: calls.GetRecords) -> object:
        records = await self._site.lead(self.jobs.job(call.entry)).records()
        return [msgspec.to_builtins(records.stream), msgspec.to_builtins(records.rendition)]

    async def _take_lead(self, call: calls.TakeLead) -> object:
        taken = await self._site.lead(self.jobs.job(call.entry)).take(call.output)
        return msgspec.to_builtins(taken)

    async def _drop_lead(self, call: calls.DropLead) -> None:
        await self._site.lead(self.jobs.known(call.entry)).drop(call.epoch)

    async def _note(self, call: calls.Note) -> None:
        await self._site.lead(self.jobs.known(call.entry)).note(call.what, call.epoch)

    # The list of workers.

    async def _beat(self, call: calls.Beat) -> None:
        beat = call.beat
        if not call.is_brief:
            self._profile = beat
        elif self._profile is None:
            raise BadMessage("the first heartbeat of a connection has all parts")
        else:
            engines, models, trials = (
                self._profile.engines,
                self._profile.models,
                self._profile.trials,
            )
            beat = msgspec.structs.replace(beat, engines=engines, models=models, trials=trials)
        beat = msgspec.structs.replace(beat, name=self._device, is_remote=True)
        await self._site.heartbeats.beat(beat)

    async def _leave(self, _: calls.Leave) -> None:
        await self._site.heartbeats.leave(self._device)

    async def _draw_workers(self, call: calls.DrawWorkers) -> object:
        return [msgspec.to_builtins(each) for each in await self._site.heartbeats.draw(call.count)]

    async def _find_workers(self, call: calls.FindWorkers) -> object:
        names = [name for name in call.names if keys.is_worker(name)]
        return [_brief(each) for each in await self._site.heartbeats.find(names, call.model)]

    # Streams.

    async def _ask_key_frame(self, call: calls.AskKeyFrame) -> None:
        self._check_stream(call.stream)
        await self._site.stream(call.stream).ask_key_frame(call.reason)

    async def _get_time(self, call: calls.GetTime) -> int:
        self._check_stream(call.stream)
        return await self._site.stream(call.stream).time_us()

    async def _follow(self, call: calls.Follow) -> bool:
        self._check_stream(call.stream)
        if call.after and not _ENTRY_ID.match(call.after):
            raise BadMessage(f"{call.after!r} is no id of an entry")
        return await self._lanes.follow(call.stream, call.lane, call.after)

    async def _unfollow(self, call: calls.Unfollow) -> None:
        self._lanes.unfollow(call.lane)

    async def _open_log(self, call: calls.OpenLog) -> None:
        job = self.jobs.job(call.entry)
        if call.log not in keys.logs_of(job.rendition):
            raise BadMessage(f"{call.log!r} is no log of the rendition")
        self._lanes.open_log(job, call.log, call.epoch, call.lane)

    async def _clear_log(self, call: calls.ClearLog) -> None:
        self._lanes.clear_log(call.lane, call.turn)

    def _check_stream(self, stream: str) -> None:
        if not self._team.rights.may_follow(stream, now=time.monotonic()):
            raise NoLease(f"the device has no business with stream {stream}")

    async def _forward(self, stream: str) -> None:
        mailbox = control.to_lead(self._client, stream)
        while True:
            try:
                messages = await mailbox.read(block_ms=_MAIL_BLOCK_MS)
            except REDIS_DOWN:
                await asyncio.sleep(RETRY_S)
                continue
            for message in messages:
                match message:
                    case control.RecordChanged():
                        self._outlet.tell(calls.Changed(stream=stream))
                    case control.KeyFrameRequest(rendition, reason):
                        self._outlet.tell(
                            calls.KeyFrameWanted(
                                stream=stream, rendition=rendition[:128], reason=reason[:500]
                            )
                        )
                    case control.MapRequest(rendition):
                        self._outlet.tell(calls.MapWanted(stream=stream, rendition=rendition[:128]))


def _brief(beat: WorkerBeat) -> dict[str, object]:
    """Returns what a lead asks of a worker; a list of whole ones would take a part of its link."""
    beat = msgspec.structs.replace(
        beat, host="", pid=0, engines=[], trials=[], streams=[], helping=[], helped={}
    )
    values = msgspec.to_builtins(beat)
    return {
        field.name: values[field.name]
        for field in msgspec.structs.fields(WorkerBeat)
        if field.required or getattr(beat, field.name) not in (field.default, [], {})
    }
