"""One WebRTC peer: its offer, ICE, DTLS and tracks, on the ports that all peers share."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from app.errors import BadOffer, NoCandidate
from app.ice.agent_state import AgentState
from app.ice.credentials import Credentials, SessionCredentials
from app.ice.lite_agent import AgentEvents, LiteAgent
from app.ice.refusals import PacketRefusals, Refusals
from app.webrtc.dtls_certificate import SharedCertificate
from app.webrtc.ice import UNKNOWN_ROUTE, PeerRoute
from app.webrtc.peer_ports import installed
from app.webrtc.peer_state import PEER, PeerEvent, PeerState
from app.webrtc.peer_transport import PeerTransport, Track
from app.webrtc.sdp_answer import (
    NO_RATES,
    OwnSource,
    OwnTransport,
    SendRates,
    write_answer,
    write_restart,
)
from app.webrtc.sdp_offer import Offer
from app.webrtc.transport_offer import PASSWORD, UFRAG, check_credential
from app.webrtc.trickle import SdpFragment
from wire.state_machine import StateMachine

log = logging.getLogger(__name__)

CONNECT_S = 10.0
"""A peer that has not finished ICE and DTLS by then is let go."""

FIRST_CHECK_S = 4.0
"""A peer that sent no authentic check by then is let go: whoever can reach us does so as soon as it
has our answer, and whoever only posts offers must not hold a place."""


def _ignore() -> None:
    """Does nothing: a check that nobody waits for."""


class Peer:
    """Answers one offer and owns its ICE agent and its transport until ``close``.

    ``on_state`` gets each new state but those that ``answer`` and ``close`` bring about.
    ``refusals`` counts, for all peers, the packets that were not taken. ``media_is_consent`` lets
    what arrives stand for the peer's consent: FFmpeg's whip muxer answers no checks once it sends,
    and we send such a peer nothing but feedback on its media.
    """

    def __init__(
        self,
        on_state: Callable[[PeerState], None],
        refusals: Refusals | None = None,
        *,
        media_is_consent: bool = False,
        on_check: Callable[[], None] = _ignore,
    ) -> None:
        self._on_state = on_state
        self._on_check = on_check
        self._media_is_consent = media_is_consent
        self._refusals = PacketRefusals(Refusals() if refusals is None else refusals)
        self._certificate = SharedCertificate.of_process()
        self.transport = PeerTransport(self._certificate, self._refusals, self._on_dtls_end)
        """The transport that its tracks send with."""
        self._ports = installed()
        self._holds_ports = False
        self._life = StateMachine(PEER, owner="peer")
        self._tracks: dict[str, Track] = {}
        self._sources: dict[str, OwnSource] = {}
        self._offer: Offer | None = None
        self._route = UNKNOWN_ROUTE
        self._agent: LiteAgent | None = None
        self._known_remotes: list[Credentials] = []
        "Credentials of the peer: of its offer, and of its last restart."
        self._answers = asyncio.Event()
        "The path in use has answered a request of ours."
        self._connecting: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
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
        return dict(self._refusals.refused)

    def add_track(self, kind: str, track: Track, source: OwnSource | None = None) -> None:
        """Adds the track of the offer's section of a kind; ``source`` for one that sends."""
        self._tracks[kind] = track
        if source is not None:
            self._sources[kind] = source

    async def answer(
        self, offer: Offer, *, rates: SendRates = NO_RATES, route: PeerRoute = UNKNOWN_ROUTE
    ) -> str:
        """Returns the SDP answer with all candidates. Raises NoCandidate; a peer without one is
        closed.
        """
        self._offer, self._route = offer, route
        self._ports.acquire()
        self._holds_ports = True
        candidates = tuple(self._ports.candidates(route))
        if not candidates:
            await self.close()
            raise NoCandidate
        for section in offer.used:
            if section.kind in self._tracks:
                track = self._tracks[section.kind]
                self.transport.add_track(track, section, receives=offer.publishes)
        remote = Credentials(offer.transport.ufrag, offer.transport.password)
        credentials = SessionCredentials(Credentials.make(), remote)
        self._known_remotes = [remote]
        self._start_agent(credentials)
        self._life.apply(PeerEvent.ANSWER)
        loop = asyncio.get_running_loop()
        self._first_check = loop.call_later(FIRST_CHECK_S, self._miss_check)
        setup = "active" if self._is_dtls_client(offer) else "passive"
        own = OwnTransport(credentials.local, self._certificate.fingerprint, setup, candidates)
        return write_answer(offer, own, self._sources, rates=rates)

    def _start_agent(self, credentials: SessionCredentials) -> None:
        events = AgentEvents(
            on_data=self.transport.take,
            on_state=self._on_ice,
            on_check=self._on_check,
            on_answer=self._answers.set,
        )
        self._agent = LiteAgent(
            self._ports.table,
            credentials,
            events,
            self._refusals,
            now=time.monotonic(),
            media_is_consent=self._media_is_consent,
        )
        self.transport.use(self._agent)

    @staticmethod
    def _is_dtls_client(offer: Offer) -> bool:
        # RFC 8842 section 5.3: the answerer chooses where it may, and then begins.
        return offer.transport.setup != "active"

    def _on_ice(self, state: AgentState) -> None:
        if state in (AgentState.CHECKED, AgentState.SELECTED):
            if self._connecting is None and self._offer is not None:
                work = self._connect(self._offer)
                loop = asyncio.get_running_loop()
                self._connecting = loop.create_task(work, name="peer-connect")
                self._connecting.add_done_callback(self._connect_done)
        elif state is AgentState.EXPIRED and not self._media_is_consent:
            self._tell(PeerEvent.FAIL)

    async def _connect(self, offer: Offer) -> None:
        """Does the DTLS handshake with whoever has checked, and starts the tracks."""
        is_client = self._is_dtls_client(offer)
        if not await self.transport.connect(offer.transport.fingerprints, is_client=is_client):
            self._tell(PeerEvent.FAIL)
            return
        if not self._media_is_consent:
            # Its first key frame would be lost: no media goes where nobody has answered.
            await self._answers.wait()
        self._tell(PeerEvent.CONNECT)
        for section in offer.used:
            if section.kind in self._tracks:
                self._tracks[section.kind].start(section)
        self.transport.take_early(now=time.monotonic())

    def _connect_done(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a peer failed", exc_info=error, extra={"action": "peer_failed"})
            self._tell(PeerEvent.FAIL)

    def _on_dtls_end(self) -> None:
        is_up = self.state is PeerState.CONNECTED
        self._tell(PeerEvent.CLOSE if is_up else PeerEvent.FAIL)

    def _tell(self, event: PeerEvent) -> None:
        """Applies an event that came by itself; it may race with ``close``."""
        before = self.state
        if self._life.apply_if_accepted(event) and self.state is not before:
            self._on_state(self.state)

    def _miss_check(self) -> None:
        # A peer whose checks arrive may take the rest of CONNECT_S for DTLS.
        if self.is_pending and self._agent and self._agent.state is AgentState.WAITING:
            self._tell(PeerEvent.FAIL)

    def is_restart(self, fragment: SdpFragment) -> bool:
        """True if a PATCH asks for a restart of ICE: ``restart`` answers it, else ``trickle``."""
        known = ((each.ufrag, each.password) for each in self._known_remotes)
        return all(fragment.is_restart(*each) for each in known)

    def trickle(self, fragment: SdpFragment) -> None:
        """Takes candidates that the peer found later; a PATCH that succeeds is 204.

        They are of no use to an agent that only answers. Raises BadOffer (422) where the fragment
        asks for a restart of ICE.
        """
        if self.is_restart(fragment):
            raise BadOffer("ICE restart is not supported: begin a new session.", status=422)

    def restart(self, fragment: SdpFragment) -> str:
        """Begins a restart of ICE (RFC 9725 section 4.3.3); returns the SDP fragment for the 200
        answer: new credentials of ours and all candidates. Raises BadOffer (400, 422).

        The old session stays as it is until the peer nominates a pair with the new credentials,
        for 30 s at most, and so also where this raises. Entity tags are the caller's matter.
        """
        agent, offer = self._agent, self._offer
        if (
            agent is None
            or offer is None
            or self.state
            not in (
                PeerState.CONNECTING,
                PeerState.CONNECTED,
            )
        ):
            raise BadOffer("There is no ICE session to restart: begin a new one.", status=422)
        remote = Credentials(
            check_credential(fragment.ufrag, UFRAG), check_credential(fragment.password, PASSWORD)
        )
        current = agent.credentials.remote
        if remote.ufrag == current.ufrag or remote.password == current.password:
            # RFC 8445 section 9: a restart changes both.
            raise BadOffer("A restart of ICE needs a new user name and password.", status=422)
        candidates = tuple(self._ports.candidates(self._route))
        credentials = SessionCredentials(Credentials.make(), remote)
        agent.restart(credentials, now=time.monotonic())
        self._known_remotes = [current, remote]
        return write_restart(offer, credentials.local, candidates)

    async def close(self) -> None:
        """Ends ICE and DTLS; calling it twice is harmless."""
        self._life.apply(PeerEvent.CLOSE)
        if self._first_check is not None:
            self._first_check.cancel()
        # One task for all who close. The shield lets a caller be cancelled without stopping it
        # halfway, which would leave the peer's name in the table.
        if self._closing is None:
            loop = asyncio.get_running_loop()
            self._closing = loop.create_task(self._close(), name="peer-close")
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.gather(self._connecting, return_exceptions=True)
        try:
            for track in self._tracks.values():
                await track.stop()
            await self.transport.stop()
        finally:
            # Whatever went wrong, the table must not keep the peer.
            if self._agent is not None:
                self._agent.close()
            if self._holds_ports:
                self._ports.release()
