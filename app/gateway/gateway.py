"""The gateway: the UDP port, the sessions of its devices, its heartbeat."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import datetime
import errno
import logging
import os
import secrets
import socket

from app.gateway.device_session import GIVE_BACK_S, DeviceSession, SessionParts
from app.gateway.device_state import DeviceEvent, DeviceState
from app.gateway.doorkeeper import Doorkeeper
from app.gateway.join_limits import JoinLimits
from app.task_set import TaskSet
from wire.connection import REDIS_DOWN, RETRY_S, Redis
from wire.devices import Devices
from wire.errors import BadSettings
from wire.gateway_heartbeat import PERIOD_S, GatewayBeat, GatewayHeartbeats
from wire.link.endpoint import Endpoint, LinkPeer
from wire.link.secure import Identity, make_identity
from wire.link.udp_socket import bound_socket
from wire.settings import Settings
from wire.supervisor import keep_going

log = logging.getLogger(__name__)

STRANGER_EVENTS = 4
"""Messages of a device that has not joined that wait; it has to say no more than hello."""


@dataclasses.dataclass(frozen=True, slots=True)
class GatewayOptions:
    """Settings of one gateway."""

    host: str
    port: int
    shared_token: str = dataclasses.field(default="", repr=False)
    "Empty: devices join with tokens for one device each only."
    name: str = ""
    "Name of its heartbeat; empty: a random one."

    @classmethod
    def of(cls, settings: Settings) -> GatewayOptions | None:
        """Returns the options that the settings ask for, None for no gateway."""
        if not settings.gateway_host:
            return None
        token = settings.join_token.get_secret_value()
        return cls(settings.gateway_host, settings.gateway_port, token)


def bind_gateway(options: GatewayOptions) -> socket.socket:
    """Returns the UDP socket. Raises BadSettings with one sentence if it cannot be had."""
    place = f"{options.host}:{options.port}"
    try:
        return bound_socket(options.host, options.port)
    except OSError as error:
        # Either of two settings may be wrong, and the sentence shall name that one.
        if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            raise BadSettings(
                f"SHARPCAST_GATEWAY_HOST: {options.host} is no address of this machine: "
                f"{error.strerror}."
            ) from error
        raise BadSettings(
            f"SHARPCAST_GATEWAY_PORT: {place} cannot be listened on: {error.strerror}."
        ) from error


class Gateway:
    """Serves the devices of one UDP socket; ``run`` until cancelled."""

    def __init__(self, client: Redis, options: GatewayOptions, udp: socket.socket) -> None:
        self._client = client
        self._options = options
        self._udp = udp
        self.name = options.name or secrets.token_hex(4)
        self._limits = JoinLimits(self._opening)
        self._doorkeeper = Doorkeeper(client, self._limits, shared_token=options.shared_token)
        self._devices = Devices(client)
        self._heartbeats = GatewayHeartbeats(client)
        self._tasks = TaskSet()
        self._sessions: set[DeviceSession] = set()
        self._joined: dict[str, DeviceSession] = {}
        self._parts: SessionParts | None = None
        self._identity: Identity | None = None
        self._ended_bad_messages = 0
        self.refused: collections.Counter[str] = collections.Counter()
        """Devices that were refused, by reason."""
        self.joins = 0
        """Devices that joined."""

    @property
    def address(self) -> tuple[str, int]:
        """Host and port on which it listens."""
        host, port = self._udp.getsockname()[:2]
        return host, port

    @property
    def is_open(self) -> bool:
        """True while devices can join."""
        return self._parts is not None

    @property
    def sessions(self) -> list[DeviceSession]:
        """All connections, joined or not."""
        return list(self._sessions)

    @property
    def devices(self) -> list[str]:
        """Names of the devices that are joined."""
        return sorted(self._joined)

    async def run(self) -> None:
        """Serves until cancelled; then all devices are told, and their jobs given back."""
        self._identity = await self._find_identity()
        endpoint = Endpoint(
            self._identity, is_server=True, joined=self._peer_opened, limits=self._limits
        )
        endpoint.open(self._udp)
        self._parts = SessionParts(self._client, endpoint, self._doorkeeper, self)
        log.info(
            "gateway at %s, port %d",
            *self.address,
            extra={"action": "gateway_open"},
        )
        try:
            await keep_going("the gateway's heartbeat", self._beat, logger=log)
        finally:
            await self._close(endpoint)

    async def _find_identity(self) -> Identity:
        """Returns the key pair of all gateways, which the first one makes."""
        made = make_identity(now=datetime.datetime.now(datetime.UTC))
        while True:
            try:
                return await self._devices.keep_identity(made)
            except REDIS_DOWN:
                await asyncio.sleep(RETRY_S)

    async def _close(self, endpoint: Endpoint) -> None:
        # 1. No new device. 2. Those that are there end side by side, and give their jobs back.
        # 3. What has not ended by now is cancelled. 4. The socket.
        self._parts = None
        for session in list(self._sessions):
            session.end(DeviceEvent.STOP)
        await self._tasks.finish(GIVE_BACK_S)
        await self._tasks.cancel()
        endpoint.close()
        try:
            async with asyncio.timeout(0.5):
                await self._heartbeats.leave(self.name)
        except (TimeoutError, *REDIS_DOWN):
            log.debug("the gateway's heartbeat will expire", extra={"action": "beat_kept"})

    def _peer_opened(self, peer: LinkPeer) -> None:
        if self._parts is None:
            return
        peer.max_events = STRANGER_EVENTS
        session = DeviceSession(self._parts, peer)
        self._sessions.add(session)
        self._tasks.spawn(session.run(), f"device at {peer.address[0]}")

    def _opening(self) -> list[str]:
        """Returns the addresses of the connections that have not joined."""
        if self._parts is None:
            return []
        joined = {session.peer.address for session in self._joined.values()}
        peers = self._parts.endpoint.peers
        return [peer.address[0] for peer in peers if peer.address not in joined]

    # As ``Joins``.

    def welcome(self, session: DeviceSession) -> DeviceSession | None:
        """Takes the session of a device that may work; returns the one that it replaces."""
        older = self._joined.get(session.name)
        self._joined[session.name] = session
        self.joins += 1
        return older

    def leave(self, session: DeviceSession) -> None:
        """Forgets the session."""
        self._sessions.discard(session)
        self._ended_bad_messages += session.bad_messages
        if self._joined.get(session.name) is session:
            del self._joined[session.name]

    def count_refused(self, what: str) -> None:
        """Counts a device that was refused."""
        self.refused[what] += 1

    # The heartbeat.

    async def _beat(self) -> None:
        assert self._identity is not None
        while True:
            try:
                # Redis may have lost its data, and devices remember this key.
                await self._devices.keep_identity(self._identity)
                await self._heartbeats.beat(self._figures(self._identity))
            except REDIS_DOWN:
                log.debug("Redis is away", extra={"action": "redis_down"})
            await asyncio.sleep(PERIOD_S)

    def _figures(self, identity: Identity) -> GatewayBeat:
        assert self._parts is not None
        host, port = self.address
        bad = self._ended_bad_messages + sum(each.bad_messages for each in self._sessions)
        endpoint = self._parts.endpoint
        working = [each for each in self._joined.values() if each.state is DeviceState.JOINED]
        return GatewayBeat(
            name=self.name,
            host=host,
            port=port,
            machine=socket.gethostname(),
            pid=os.getpid(),
            fingerprint=identity.fingerprint,
            is_shared_token_set=bool(self._options.shared_token),
            devices=[each.link() for each in sorted(working, key=lambda each: each.name)],
            refused={
                **self.refused,
                "datagrams": endpoint.refused,
                "unsent": endpoint.unsent,
                "events": endpoint.dropped,
                "messages": bad,
            },
            joins=self.joins,
        )
