"""Two links on a network path in real time, and a device at one end of it."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator

from tests.wire.link.virtual_path import Path
from wire.connection import Redis
from wire.link.link import ControlReceived, Event, Link, MessageReceived
from wire.link.message import Message
from wire.remote.device_jobs import DeviceJobs
from wire.remote.gateway_session import GatewaySession, Outlet
from wire.remote.link_site import LinkSite


class End:
    """One side of the path: an outlet at the gateway, an uplink at the device."""

    def __init__(self, path: LivePath, side: int) -> None:
        self._path = path
        self._side = side
        self.link = Link()
        self.sent: list[Message] = []

    @property
    def rtt_s(self) -> float:
        return self.link.rtt_s

    @property
    def sent_bytes(self) -> tuple[int, int]:
        counters = self.link.figures().outgoing
        return counters.bytes, counters.parity_bytes

    @property
    def rate_bps(self) -> float:
        return self.link.rate_bps

    def tell(self, content: bytes) -> bool:
        found = self.link.send_control(content)
        self._path.pump()
        return found

    def send(self, message: Message, left_s: float) -> bool:
        now = time.monotonic()
        self.sent.append(message)
        found = self.link.send(message, deadline=now + left_s, now=now)
        self._path.pump()
        return found

    def silence_s(self) -> float:
        heard = self.link.heard_at
        return 0.0 if heard is None else time.monotonic() - heard


class LivePath:
    """The gateway's and the device's link with datagrams on their way between them."""

    def __init__(self, down: Path, up: Path, *, seed: int = 1) -> None:
        self.paths = (down, up)
        self.ends = (End(self, 0), End(self, 1))
        self.events: tuple[list[Event], list[Event]] = ([], [])
        self._rng = random.Random(seed)
        self._timer: asyncio.TimerHandle | None = None
        self._handlers: list[object] = [None, None]
        self._is_closed = False

    def connect(self, session: GatewaySession, site: LinkSite) -> None:
        """Hands what arrives to both sides."""
        self._handlers = [session, site]

    def pump(self) -> None:
        """Puts what the links have to send on its way."""
        if self._is_closed:
            return
        loop, now = asyncio.get_running_loop(), time.monotonic()
        for side, end in enumerate(self.ends):
            while (data := end.link.next_datagram(now=now)) is not None:
                when = self.paths[side].arrival(len(data), now, self._rng)
                if when is not None:
                    loop.call_later(max(0.0, when - now), self._arrive, 1 - side, data)
        if self._timer is not None:
            self._timer.cancel()
        due = min(end.link.next_deadline(now=now) for end in self.ends)
        self._timer = loop.call_later(max(0.001, due - now), self.pump)

    def close(self) -> None:
        """Loses everything from now on."""
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()

    def _arrive(self, side: int, data: bytes) -> None:
        if self._is_closed:
            return
        link = self.ends[side].link
        link.receive(data, now=time.monotonic())
        while (event := link.next_event()) is not None:
            handler = self._handlers[side]
            assert isinstance(handler, GatewaySession | LinkSite)
            match event:
                case ControlReceived(content):
                    handler.on_control(content)
                case MessageReceived(message):
                    handler.on_message(message)
        self.pump()


class Device:
    """A device that has joined: its site, and the session that answers it."""

    def __init__(self, client: Redis, name: str = "dev1") -> None:
        self.client = client
        self.name = name
        self.site = LinkSite()
        self.session: GatewaySession
        self.path: LivePath
        self._task: asyncio.Task[None] | None = None

    async def join(
        self, down: Path | None = None, up: Path | None = None, jobs: DeviceJobs | None = None
    ) -> None:
        """Connects over a path; without one over a good one of 2 ms."""
        self.path = LivePath(down or Path(delay_s=0.001), up or Path(delay_s=0.001))
        end = self.path.ends[0]
        outlet = Outlet(end.tell, end.send, end.silence_s)
        self.session = GatewaySession(self.client, self.name, outlet, jobs)
        self.path.connect(self.session, self.site)
        self._task = asyncio.create_task(self.session.run(), name="gateway session")
        await asyncio.sleep(0)
        self.path.pump()
        await self.site.attach(self.path.ends[1])

    async def cut(self, *, is_replaced: bool = False) -> DeviceJobs:
        """Ends the connection at both ends; returns the jobs for the next one."""
        self.path.close()
        self.site.detach()
        jobs = self.session.replace() if is_replaced else self.session.jobs
        assert self._task is not None
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        return jobs


@contextlib.asynccontextmanager
async def joined(
    client: Redis, name: str = "dev1", *, down: Path | None = None, up: Path | None = None
) -> AsyncIterator[Device]:
    """A device that has joined, until the end of the block."""
    device = Device(client, name)
    await device.join(down, up)
    try:
        yield device
    finally:
        await device.cut()
