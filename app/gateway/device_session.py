"""One connection of a device: hello, the check, then its work until it leaves or has to."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import time
from typing import Protocol

from app.client_address import shown_address
from app.gateway.device_state import DEVICE, DeviceEvent, DeviceState
from app.gateway.doorkeeper import AdmittedDevice, Applicant, Doorkeeper, RefusedDevice
from wire.clock import now_us
from wire.connection import REDIS_DOWN, Redis
from wire.devices import Devices, DeviceStanding, FirstJoin
from wire.errors import BadMessage, DamagedKey
from wire.gateway_heartbeat import HeldJob, JoinedDevice
from wire.link.endpoint import Endpoint, LinkPeer
from wire.link.link import MAX_EVENTS, ControlReceived, MessageReceived
from wire.link.message import Message
from wire.remote import calls
from wire.remote.device_jobs import DeviceJobs
from wire.remote.gateway_session import GatewaySession
from wire.remote.outlet import Outlet
from wire.state_machine import StateMachine

log = logging.getLogger(__name__)

HELLO_S = 5.0
"""Time in which a device says hello; two retries of a lost piece fit."""

FAREWELL_S = 1.0
"""Time that a refused device has to hear why; it closes the connection once it has."""

STANDING_S = 0.5
"""Interval at which the registry is asked if the device may still work: a removed one works no
longer than this."""

GIVE_BACK_S = 1.5
"""Time in which a session that ends gives its jobs back; what takes longer ends with its lease.
The whole process stops within 5 s."""

_REMOVED = "This device was removed by an operator."
_REPLACED = "This device has joined again."


class Joins(Protocol):
    """The gateway, as one session needs it."""

    def welcome(self, session: DeviceSession) -> DeviceSession | None:
        """Takes the session of a device that may work; returns the one that it replaces."""

    def leave(self, session: DeviceSession) -> None:
        """Forgets the session."""

    def count_refused(self, what: str) -> None:
        """Counts a device that was refused."""


@dataclasses.dataclass(frozen=True, slots=True)
class SessionParts:
    """Parts that all sessions of a gateway have in common."""

    client: Redis
    endpoint: Endpoint
    doorkeeper: Doorkeeper
    joins: Joins


class DeviceSession:
    """Serves one DTLS peer; ``run`` ends with the connection."""

    def __init__(self, parts: SessionParts, peer: LinkPeer) -> None:
        self.peer = peer
        self.name = ""
        """Name of the device once it has joined."""
        self._parts = parts
        self._devices = Devices(parts.client)
        self._machine = StateMachine(DEVICE, owner="a device", on_change=self._changed)
        self._work: GatewaySession | None = None
        self._begun_us = now_us()
        self._over = asyncio.Event()
        self._ended = asyncio.Event()
        self._farewell = ""

    @property
    def state(self) -> DeviceState:
        """The state of the connection."""
        return self._machine.state

    @property
    def bad_messages(self) -> int:
        """Messages of the device that could not be read, or were none of its business."""
        return self._work.bad_messages if self._work is not None else 0

    async def run(self) -> None:
        """Serves the device until it is gone."""
        try:
            admission = await self._join()
            if admission is not None:
                await self._serve(admission)
            if self.state is DeviceState.REFUSED:
                await self._say_farewell()
        finally:
            self._machine.apply_if_accepted(DeviceEvent.LEAVE)
            self._parts.endpoint.disconnect(self.peer)
            self._parts.joins.leave(self)
            self._ended.set()

    def end(self, event: DeviceEvent) -> None:
        """Ends the session soon, if the event means something now."""
        if self._machine.apply_if_accepted(event):
            self._over.set()

    async def replace(self) -> DeviceJobs | None:
        """Ends the session for a newer one of the same device, which goes on with its jobs."""
        jobs = self._work.replace() if self._work is not None else None
        self.end(DeviceEvent.REPLACE)
        # Two that work under one name at a time would write the same heartbeat.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GIVE_BACK_S):
                await self._ended.wait()
        return jobs

    def link(self) -> JoinedDevice:
        """Returns the figures of the link, for the gateway's heartbeat."""
        figures = self.peer.link.figures()
        out, incoming = figures.outgoing, figures.incoming
        jobs = self._work.held if self._work is not None else []
        return JoinedDevice(
            name=self.name,
            address=shown_address(self.peer.address[0]),
            joined_us=self._begun_us,
            silent_ms=round(1000 * self._silence_s(), 1),
            rtt_ms=round(1000 * figures.rtt_s, 1),
            loss=round(figures.loss, 4),
            rate_kbps=round(figures.rate_bps / 1000, 1),
            delivered_kbps=round(figures.delivered_bps / 1000, 1),
            queue_ms=round(1000 * figures.standing_queue_s, 1),
            queued_bytes=figures.queued_bytes,
            jobs=[HeldJob(stream=each.stream, rendition=each.rendition) for each in jobs],
            messages={
                "sent": out.sent,
                "received": incoming.whole,
                "restored": incoming.restored,
                "late": out.late + incoming.late,
                "refused": out.refused,
            },
        )

    # Joining.

    async def _join(self) -> AdmittedDevice | None:
        hello = await self._hello()
        if hello is None:
            self._parts.joins.count_refused("no_hello")
            self._machine.apply_if_accepted(DeviceEvent.TIME_OUT)
            return None
        if not self._machine.apply_if_accepted(DeviceEvent.HELLO):
            return None
        secure = self.peer.secure
        applicant = Applicant(
            shown_address(self.peer.address[0]), secure.fingerprint, secure.exporter
        )
        found = await self._parts.doorkeeper.admit(hello, applicant, now=time.monotonic())
        if isinstance(found, RefusedDevice):
            self._refuse(found)
            return None
        return found

    async def _hello(self) -> calls.Hello | None:
        """Returns the first message, if it is a hello; None if it is not, or does not come."""
        with contextlib.suppress(TimeoutError, BadMessage):
            async with asyncio.timeout(HELLO_S):
                event = await self.peer.events.get()
            if isinstance(event, ControlReceived):
                message = calls.parse_from_device(event.content)
                return message if isinstance(message, calls.Hello) else None
        return None

    def _refuse(self, refusal: RefusedDevice) -> None:
        self._parts.joins.count_refused(refusal.what)
        log.warning(
            "a device at %s was refused: %s",
            shown_address(self.peer.address[0]),
            refusal.sentence,
            extra={"action": "device_refused"},
        )
        self._farewell = refusal.sentence
        self._machine.apply_if_accepted(DeviceEvent.REFUSE)

    async def _say_farewell(self) -> None:
        self._tell(calls.encode(calls.Refused(reason=self._farewell)))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_S):
                # What it still sends is read by nobody, so that its queue stays empty.
                while await self.peer.events.get() is not None:
                    pass
        self._machine.apply_if_accepted(DeviceEvent.TIME_OUT)

    # Working.

    async def _serve(self, admission: AdmittedDevice) -> None:
        self.name = admission.join.name
        older = self._parts.joins.welcome(self)
        jobs = await older.replace() if older is not None else None
        if not self._machine.apply_if_accepted(DeviceEvent.WELCOME):
            return
        self.peer.max_events = MAX_EVENTS
        outlet = Outlet(self._tell, self._send, self._silence_s)
        self._work = work = GatewaySession(self._parts.client, self.name, outlet, jobs)
        self._tell(calls.encode(calls.Welcome(name=self.name, proof=admission.proof)))
        loop = asyncio.get_running_loop()
        tasks = [
            loop.create_task(work.run(), name=f"work of {self.name}"),
            loop.create_task(self._read(work), name=f"link of {self.name}"),
            loop.create_task(self._check_standing(admission.join), name=f"standing of {self.name}"),
            loop.create_task(self._over.wait(), name=f"end of {self.name}"),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            ended, _ = await asyncio.wait(tasks, timeout=GIVE_BACK_S)
            for task in ended:
                if not task.cancelled() and (error := task.exception()) is not None:
                    log.error("%s: %r", task.get_name(), error, extra={"action": "task_failed"})

    async def _read(self, work: GatewaySession) -> None:
        while (event := await self.peer.events.get()) is not None:
            match event:
                case ControlReceived(content):
                    work.on_control(content)
                case MessageReceived(message):
                    work.on_message(message)

    async def _check_standing(self, join: FirstJoin) -> None:
        """Ends the session once the registry says so."""
        while True:
            await asyncio.sleep(STANDING_S)
            try:
                standing = await self._devices.seen(join.name, join.fingerprint, join.session)
                if standing is DeviceStanding.REMOVED:
                    # Redis may have lost its data. Whoever is at work then makes its record anew.
                    standing = await self._devices.restore(join)
            except (*REDIS_DOWN, DamagedKey):
                # While nobody can be asked, what was allowed stays allowed.
                continue
            if standing is DeviceStanding.REMOVED:
                self._farewell = _REMOVED
                self.end(DeviceEvent.REMOVE)
            elif standing is DeviceStanding.REPLACED:
                self.end(DeviceEvent.REPLACE)

    def _tell(self, content: bytes) -> bool:
        if self.peer.is_gone or not self.peer.link.send_control(content):
            return False
        self._parts.endpoint.flush(self.peer)
        return True

    def _send(self, message: Message, left_s: float) -> bool:
        now = time.monotonic()
        if self.peer.is_gone or not self.peer.link.send(message, deadline=now + left_s, now=now):
            return False
        self._parts.endpoint.flush(self.peer)
        return True

    def _silence_s(self) -> float:
        return time.monotonic() - self.peer.heard_at

    def _changed(self, _: DeviceState, event: DeviceEvent, after: DeviceState) -> None:
        if self.name:
            log.info(
                "device %s: %s",
                self.name,
                event.value,
                extra={"action": f"device_{after.value}"},
            )
