"""One WebRTC peer on aiortc, with our receivers and senders in the place of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.rtcconfiguration import RTCBundlePolicy
from aiortc.rtcrtptransceiver import RTCRtpTransceiver
from aiortc.sdp import candidate_from_sdp

from app.errors import BadOffer, NoCandidate
from app.webrtc.guarded_transport import guard, set_route
from app.webrtc.ice import UNKNOWN_ROUTE, PeerRoute, RemoteCandidates, installed
from app.webrtc.packet_gate import PacketGate, Refusals
from app.webrtc.peer_state import PEER, PeerEvent, PeerState
from app.webrtc.sdp_answer import (
    codecs_for_aiortc,
    extensions_for_aiortc,
    offer_for_aiortc,
    write_answer,
)
from app.webrtc.sdp_offer import Offer
from app.webrtc.transport_offer import TransportOffer
from app.webrtc.trickle import SdpFragment
from wire.state_machine import StateMachine

CONNECT_S = 10.0
"""A peer that has not finished ICE and DTLS by then is let go."""

FIRST_CHECK_S = 4.0
"""A peer that sent no authentic check by then is let go: whoever can reach us does so as soon as it
has our answer, and whoever only posts offers must not hold sockets."""

_EVENTS = {
    "connected": PeerEvent.CONNECT,
    "failed": PeerEvent.FAIL,
    "closed": PeerEvent.CLOSE,
}
"""Events by aiortc's connection state."""


class Peer:
    """Answers one offer and owns its ICE and DTLS transports until ``close``.

    ``on_state`` gets each new state but those that ``answer`` and ``close`` bring about.
    ``refusals`` counts, for all peers, the packets that were not taken.
    """

    def __init__(
        self, on_state: Callable[[PeerState], None], refusals: Refusals | None = None
    ) -> None:
        # No STUN server by default: aiortc's own default is a public one.
        configuration = RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        self._connection = RTCPeerConnection(configuration)
        self._gate = PacketGate(Refusals() if refusals is None else refusals)
        self._remotes = RemoteCandidates(installed().addresses.reached)
        self._on_state = on_state
        self._life = StateMachine(PEER, owner="peer")
        self._connection.on("connectionstatechange", self._state_changed)
        self._closing: asyncio.Task[None] | None = None
        self._offered: TransportOffer | None = None
        self._first_check: asyncio.TimerHandle | None = None

    @property
    def is_pending(self) -> bool:
        """True while it may still connect."""
        return self.state in (PeerState.NEW, PeerState.CONNECTING)

    @property
    def state(self) -> PeerState:
        """The state of the connection."""
        return self._life.state

    @property
    def refused(self) -> dict[str, int]:
        """Counts of packets that were not taken, by reason."""
        return dict(self._gate.refused)

    def _state_changed(self) -> None:
        event = _EVENTS.get(self._connection.connectionState)
        if event is not None:
            self._tell(event)

    def _tell(self, event: PeerEvent) -> None:
        """Applies an event that came by itself; it may race with ``close``."""
        before = self.state
        if self._life.apply_if_accepted(event) and self.state is not before:
            self._on_state(self.state)

    def add_track(self, kind: str, direction: str) -> RTCRtpTransceiver:
        """Adds a track; to be called in the order of the offer's sections."""
        transceiver = self._connection.addTransceiver(kind, direction=direction)
        guard(transceiver.receiver.transport, self._gate, self._remotes)
        return transceiver

    async def answer(
        self, offer: Offer, *, start_kbps: int | None, route: PeerRoute = UNKNOWN_ROUTE
    ) -> str:
        """Returns the SDP answer with all candidates. Raises NoCandidate; a peer without one is
        closed.
        """
        connection = self._connection
        shown = RTCSessionDescription(offer_for_aiortc(offer), "offer")
        async with AsyncExitStack() as undo:
            undo.push_async_callback(self.close)
            await connection.setRemoteDescription(shown)
            for transceiver, section in zip(connection.getTransceivers(), offer.used, strict=True):
                set_route(transceiver.receiver.transport, route)
                # aiortc has taken the one codec that it was shown. What was really chosen from the
                # offer is put in its place before it writes the answer.
                transceiver._codecs = codecs_for_aiortc(section)
                transceiver._headerExtensions = extensions_for_aiortc(section)
            await connection.setLocalDescription(await connection.createAnswer())
            if "a=candidate:" not in connection.localDescription.sdp:
                raise NoCandidate
            undo.pop_all()
        # Its owner may have closed it meanwhile, or ICE may have failed at once.
        self._life.apply_if_accepted(PeerEvent.ANSWER)
        self._offered = offer.transport
        loop = asyncio.get_running_loop()
        self._first_check = loop.call_later(FIRST_CHECK_S, self._miss_check)
        return write_answer(offer, connection.localDescription.sdp, start_kbps=start_kbps)

    def _miss_check(self) -> None:
        # A peer whose checks arrive may take the rest of CONNECT_S for DTLS.
        if self.is_pending and not self._gate.has_checked:
            self._tell(PeerEvent.FAIL)

    async def trickle(self, fragment: SdpFragment) -> None:
        """Adds remote candidates. Raises BadOffer (422) where an ICE restart is asked for."""
        offered = self._offered
        if offered is None or fragment.is_restart(offered.ufrag, offered.password):
            raise BadOffer("ICE restart is not supported: begin a new session.", status=422)
        if not self.is_pending:
            return  # no other path is looked for
        # All sections share one transport, so any transceiver leads to it.
        ice = self._connection.getTransceivers()[0].receiver.transport.transport
        for candidate in fragment.candidates:
            await ice.addRemoteCandidate(candidate_from_sdp(candidate))

    async def close(self) -> None:
        """Ends ICE and DTLS; calling it twice is harmless."""
        self._life.apply(PeerEvent.CLOSE)
        if self._first_check is not None:
            self._first_check.cancel()
        # One task for all who close. The shield lets a caller be cancelled without stopping it
        # halfway, which would leave sockets open.
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(
                self._connection.close(), name="peer-close"
            )
        await asyncio.shield(self._closing)
