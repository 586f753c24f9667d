"""Keeps a device's link to its gateway: joins, hands over what arrives, and joins again."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import random
import socket
import time
from collections.abc import AsyncIterator

from wire.errors import BadMessage, ServerRefuses, WireError
from wire.link.control_stream import MAX_CONTROL_BYTES
from wire.link.endpoint import Endpoint, LinkPeer
from wire.link.link import ControlReceived, MessageReceived
from wire.link.message import Message
from wire.link.secure import HANDSHAKE_S, Identity
from wire.remote import calls
from wire.remote.device_identity import KnownGateways
from wire.remote.device_link_state import DEVICE_LINK, DeviceLinkEvent, DeviceLinkState
from wire.remote.join import DEVICE, GATEWAY, check_proof, make_proof, token_id
from wire.remote.link_site import LinkSite
from wire.state_machine import StateMachine

log = logging.getLogger(__name__)

FIRST_PAUSE_S, MAX_PAUSE_S = 0.3, 10.0
"""Pauses between tries, doubled each time: a gateway that restarts is back within a second or two,
and one that is down for long is not flooded by all its devices."""

CALM_S = 10.0
"""A link that stood for so long is tried again soon after its end."""

WELCOME_S = 6.0
"""Time for the gateway's answer to a hello; its record of devices may take a moment."""


class LinkFailed(WireError):
    """There is no link to the gateway this time; the message says why."""


@dataclasses.dataclass(frozen=True, slots=True)
class JoinOptions:
    """Settings of a device that joins."""

    host: str
    port: int
    token: str
    name: str
    "Name that it asks for in the list of workers."


class _Uplink:
    """One connection, as the site uses it."""

    def __init__(self, endpoint: Endpoint, peer: LinkPeer) -> None:
        self._endpoint = endpoint
        self._peer = peer

    @property
    def rtt_s(self) -> float:
        return self._peer.link.rtt_s

    @property
    def sent_bytes(self) -> tuple[int, int]:
        counters = self._peer.link.figures().outgoing
        return counters.bytes, counters.parity_bytes

    @property
    def rate_bps(self) -> float:
        return self._peer.link.rate_bps

    def tell(self, content: bytes) -> bool:
        if self._peer.is_gone or len(content) > MAX_CONTROL_BYTES:
            return False
        if not self._peer.link.send_control(content):
            return False
        self._endpoint.flush(self._peer)
        return True

    def send(self, message: Message, left_s: float) -> bool:
        now = time.monotonic()
        if self._peer.is_gone:
            return False
        if not self._peer.link.send(message, deadline=now + left_s, now=now):
            return False
        self._endpoint.flush(self._peer)
        return True


class DeviceLink:
    """The link of one device; ``run`` until cancelled. The site works while it is up."""

    def __init__(
        self, site: LinkSite, options: JoinOptions, identity: Identity, known: KnownGateways
    ) -> None:
        self._site = site
        self._options = options
        self._identity = identity
        self._known = known
        self._life = StateMachine(DEVICE_LINK, owner="the link to the gateway")
        self._answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._said = ""
        self._joins = 0

    @property
    def state(self) -> DeviceLinkState:
        """The state of the link."""
        return self._life.state

    @property
    def joins(self) -> int:
        """Times that the gateway took the device."""
        return self._joins

    async def first_answer(self, timeout_s: float) -> bool:
        """Returns True once the device has joined, False if it has not within the time. Raises
        ServerRefuses if the gateway refuses it: waiting would not help.
        """
        done, _ = await asyncio.wait([self._answered], timeout=timeout_s)
        for future in done:
            future.result()
        return bool(done)

    async def run(self) -> None:
        """Joins, and joins again whenever the link is gone."""
        pause_s = FIRST_PAUSE_S
        while True:
            begun = time.monotonic()
            try:
                await self._once()
            except LinkFailed as error:
                self._say(str(error))
            except OSError as error:
                self._say(f"{self._place} cannot be reached: {error.strerror or error}.")
            finally:
                self._site.detach()
                self._life.apply(DeviceLinkEvent.LOSE)
            if time.monotonic() > begun + CALM_S:
                pause_s = FIRST_PAUSE_S
            # Devices that lost the same gateway come back one by one.
            await asyncio.sleep(pause_s * random.uniform(0.7, 1.3))
            pause_s = min(2 * pause_s, MAX_PAUSE_S)

    @property
    def _place(self) -> str:
        return f"{self._options.host}:{self._options.port}"

    def _say(self, sentence: str) -> None:
        """Logs why there is no link, once for each reason."""
        if sentence != self._said:
            log.warning("%s", sentence, extra={"action": "gateway_away"})
        self._said = sentence

    async def _once(self) -> None:
        """Joins once, and serves the link until its end. Raises LinkFailed or OSError."""
        self._life.apply(DeviceLinkEvent.TRY)
        # The name is resolved anew each time: a gateway may have moved.
        async with self._connected() as (endpoint, peer):
            self._life.apply(DeviceLinkEvent.OPEN)
            await self._join(endpoint, peer)
            self._life.apply(DeviceLinkEvent.WELCOME)
            async with asyncio.TaskGroup() as group:
                attaching = group.create_task(self._attach(endpoint, peer), name="resume jobs")
                await self._serve(peer)
                attaching.cancel()
        raise LinkFailed(f"the link to the gateway at {self._place} is gone.")

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[tuple[Endpoint, LinkPeer]]:
        loop = asyncio.get_running_loop()
        host, port = self._options.host, self._options.port
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
        family, kind, protocol, _, address = found[0]
        udp = socket.socket(family, kind, protocol)
        endpoint = Endpoint(self._identity, is_server=False)
        try:
            udp.bind(("", 0))
            endpoint.open(udp)
            peer = endpoint.connect((str(address[0]), int(address[1])))
            try:
                async with asyncio.timeout(HANDSHAKE_S):
                    await peer.opened.wait()
            except TimeoutError:
                raise LinkFailed(f"there is no gateway at {self._place} that answers.") from None
            yield endpoint, peer
        finally:
            endpoint.close()
            udp.close()

    async def _join(self, endpoint: Endpoint, peer: LinkPeer) -> None:
        """Says hello and checks the answer. Raises LinkFailed."""
        options, exporter = self._options, peer.secure.exporter
        hello = calls.Hello(
            version=calls.VERSION,
            name=options.name,
            proof=make_proof(options.token, exporter, DEVICE),
            token=token_id(options.token),
        )
        peer.link.send_control(calls.encode(hello))
        endpoint.flush(peer)
        match await self._answer(peer):
            case calls.Welcome(name=name, proof=proof):
                self._check_gateway(peer, proof)
                self._joins += 1
                self._said = ""
                log.info(
                    "joined the gateway at %s as %s",
                    self._place,
                    name,
                    extra={"action": "joined"},
                )
            case calls.Refused(reason=reason):
                sentence = f"The gateway at {self._place} refuses this device: {reason}"
                if not self._answered.done():
                    self._answered.set_exception(ServerRefuses(sentence))
                    self._answered.exception()  # whoever does not wait for it need not be told
                raise LinkFailed(sentence)

    async def _answer(self, peer: LinkPeer) -> calls.FromGateway:
        try:
            async with asyncio.timeout(WELCOME_S):
                while (event := await peer.events.get()) is not None:
                    if not isinstance(event, ControlReceived):
                        continue
                    with contextlib.suppress(BadMessage):
                        message = calls.parse_from_gateway(event.content)
                        if isinstance(message, calls.Welcome | calls.Refused):
                            return message
        except TimeoutError:
            raise LinkFailed(f"the gateway at {self._place} does not answer a hello.") from None
        raise LinkFailed(f"the gateway at {self._place} closed the connection.")

    def _check_gateway(self, peer: LinkPeer, proof: bytes) -> None:
        """Takes the gateway if it holds the token, and remembers its key. Raises LinkFailed."""
        token, fingerprint = self._options.token, peer.secure.fingerprint
        if not check_proof(proof, token, peer.secure.exporter, GATEWAY):
            raise LinkFailed(
                f"the gateway at {self._place} does not know the token: it is not the one that "
                "SHARPCAST_JOIN_TOKEN was made for."
            )
        known = self._known.get(self._place)
        # The proof counts: a gateway whose Redis lost its data has a new key.
        if known and known != fingerprint:
            log.warning(
                "the gateway at %s has another key than before, and proved that it knows the token",
                self._place,
                extra={"action": "gateway_key_changed"},
            )
        self._known.keep(self._place, fingerprint)

    async def _attach(self, endpoint: Endpoint, peer: LinkPeer) -> None:
        try:
            await self._site.attach(_Uplink(endpoint, peer))
        except WireError as error:
            self._say(f"the gateway at {self._place} does not say which jobs go on: {error}")
            endpoint.close()
            return
        self._life.apply(DeviceLinkEvent.RESUME)
        if not self._answered.done():
            self._answered.set_result(None)

    async def _serve(self, peer: LinkPeer) -> None:
        """Hands over what arrives, until the link is gone."""
        while (event := await peer.events.get()) is not None:
            match event:
                case ControlReceived(content):
                    self._site.on_control(content)
                case MessageReceived(message):
                    self._site.on_message(message)
