"""The ICE-lite agent of one peer (RFC 8445 sections 2.5 and 7.3): answers checks, is controlled.

The peer makes the pairs and nominates; the newest nomination is the selected pair. No I/O: answers
and requests are returned, and times are arguments in seconds of one clock.
"""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Callable, Sequence
from typing import Protocol

from app.ice.agent_state import AGENT, AgentEvent, AgentState
from app.ice.credentials import SessionCredentials
from app.ice.refusals import PacketRefusals
from app.ice.stun import (
    Attribute,
    StunKind,
    StunMessage,
    encode_address,
    encode_error,
    encode_message,
    is_authentic,
    new_transaction,
)
from app.token_bucket import TokenBucket
from wire.state_machine import StateMachine

Address = tuple[str, int]


class PortSocket(Protocol):
    """One of our sockets, by which a peer came; it is compared by identity."""

    def send(self, datagrams: Sequence[bytes], address: Address) -> None: ...


Path = tuple[PortSocket, Address]
"""(our socket, the peer's address as that socket tells it)."""

MAX_PATHS = 16
"""Addresses that one peer may have at a time: its interfaces, behind its NATs."""

CONSENT_S = 30.0
"""RFC 7675 section 5.1: nothing is sent when the last sign of consent is this old."""

RESTART_S = 30.0
"""A restart of ICE of which no pair is nominated by then is given up, and the old session stays."""

REQUEST_S = 5.0
"""Seconds between our own requests, which measure the round trip: the pace of consent checks."""

MAX_UNANSWERED = 3
"""Requests in a row without an answer, after which the path is asked no more. FFmpeg's whip muxer
answers none once it sends."""

MIN_TAKEOVER_S = 15.0
"""A path goes over to another peer once its owner was silent for this long: two or three consent
checks. A client that came back may have the address of the session that it left."""

_CHECKS_PER_S, _CHECK_BURST = 100.0, 200.0
_JOINS_PER_S = 0.5
"""Sixteen paths at once and one more every 2 s: a phone that moves about needs no more."""

_PRIORITY = (110 << 24 | 65535 << 8 | 255).to_bytes(4, "big")
"""RFC 8445 section 7.1.1: that of a peer-reflexive candidate of ours, by section 5.1.2.1."""


class PeerDirectory(Protocol):
    """Finds agents for datagrams; agents tell it their names and paths."""

    def add_name(self, name: bytes, agent: LiteAgent) -> None: ...

    def remove_name(self, name: bytes) -> None: ...

    def claim_path(self, path: Path, agent: LiteAgent, *, now: float) -> bool: ...

    def release_path(self, path: Path, agent: LiteAgent) -> None: ...


@dataclasses.dataclass(frozen=True, slots=True)
class AgentEvents:
    """Callbacks of an agent; they must not raise."""

    on_data: Callable[[bytes, float], None]
    "(datagram, now): one that is no STUN came on a path of the peer."
    on_state: Callable[[AgentState], None]
    "The state changed, but for CLOSED."
    on_check: Callable[[], None] = lambda: None
    "An authentic check came."
    on_restart: Callable[[], None] = lambda: None
    "The credentials of the restart are those of the session now."


class LiteAgent:
    """Answers the checks of one peer, and knows where it is sent to."""

    def __init__(
        self,
        directory: PeerDirectory,
        credentials: SessionCredentials,
        events: AgentEvents,
        refusals: PacketRefusals,
        *,
        now: float,
        media_is_consent: bool = False,
    ) -> None:
        """``media_is_consent``: what arrives authentic stands for consent too (``on_media``)."""
        self.events = events
        self.refusals = refusals
        self.round_trip_s: float | None = None
        """Round trip of the last request that was answered."""
        self._directory = directory
        self._credentials = credentials
        self._offered: SessionCredentials | None = None
        "Credentials of a restart, of which no pair is nominated yet."
        self._offered_until = 0.0
        self._life = StateMachine(AGENT, owner="ICE agent")
        self._paths: dict[Path, float] = {}
        "Time of the last authentic check by path, the newest path last."
        self._selected: Path | None = None
        self._consent_at = now
        self._media_is_consent = media_is_consent
        self._checks = TokenBucket(per_s=_CHECKS_PER_S, burst=_CHECK_BURST)
        self._joins = TokenBucket(per_s=_JOINS_PER_S, burst=float(MAX_PATHS))
        self._request: tuple[bytes, float] | None = None
        "(transaction, time) of the request that is not answered."
        self._next_request_at = now
        self._unanswered = 0
        self._tie_breaker = secrets.token_bytes(8)
        directory.add_name(credentials.name, self)

    @property
    def state(self) -> AgentState:
        """The state after the last event."""
        return self._life.state

    @property
    def credentials(self) -> SessionCredentials:
        """Credentials of the session in use."""
        return self._credentials

    @property
    def path(self) -> Path | None:
        """The path that data is sent along: the selected pair, before there is one the newest."""
        if self.state in (AgentState.EXPIRED, AgentState.CLOSED):
            return None
        if self._selected is not None:
            return self._selected
        return next(reversed(self._paths), None)

    @property
    def paths(self) -> tuple[Path, ...]:
        """Paths from which data is taken."""
        return tuple(self._paths)

    def may_check(self, *, now: float) -> bool:
        """True if one more request is read: the digest is computed for so many a second."""
        if self._checks.take(now=now):
            return True
        self.refusals.refuse("stun_flood")
        return False

    def on_request(
        self, message: StunMessage, data: bytes, path: Path, *, now: float
    ) -> bytes | None:
        """Returns the answer to a request under one of our names, None where there is none.

        Who does not know our password gets no answer: its address may be forged.
        """
        credentials = self._credentials_of(message)
        if credentials is None or not is_authentic(
            message, data, credentials.local.password.encode()
        ):
            self.refusals.refuse("stun_stranger")
            return None
        if message.unknown:
            types = b"".join(each.to_bytes(2, "big") for each in message.unknown)
            return self._answer_error(
                message,
                credentials,
                420,
                "Unknown Attribute",
                (Attribute.UNKNOWN_ATTRIBUTES, types),
            )
        # RFC 8445 section 6.1.1: a lite agent is controlled by a full one, whatever the
        # tie-breakers say.
        if Attribute.ICE_CONTROLLED in message.attributes:
            return self._answer_error(message, credentials, 487, "Role Conflict")
        if not self._admit(path, now):
            return None
        self._take_check(message, credentials, path, now)
        host, port = path[1][:2]
        return encode_message(
            StunKind.RESPONSE,
            message.transaction,
            [(Attribute.XOR_MAPPED_ADDRESS, encode_address(host, port, message.transaction))],
            password=credentials.local.password.encode(),
            integrity=message.integrity or Attribute.MESSAGE_INTEGRITY,
        )

    def on_response(self, message: StunMessage, data: bytes, *, now: float) -> None:
        """Takes the answer to a request of ours: it is consent, and measures the round trip."""
        password = self._credentials.remote.password.encode()
        if self._request is None or message.transaction != self._request[0]:
            self.refusals.refuse("stun_stranger")
        elif message.kind is StunKind.RESPONSE and is_authentic(message, data, password):
            self.round_trip_s = max(now - self._request[1], 0.0)
            self._request = None
            self._unanswered = 0
            self._consent_at = now

    def on_media(self, *, now: float) -> None:
        """Notes authentic media: a publisher's sign of life where it answers no checks."""
        if self._media_is_consent:
            self._consent_at = now
            if self.state is AgentState.EXPIRED:
                self._apply(AgentEvent.RESUME)

    def on_time(self, *, now: float) -> list[tuple[bytes, Path]]:
        """Returns the requests that are due. To be called about once a second."""
        if self._offered is not None and now >= self._offered_until:
            self._directory.remove_name(self._offered.name)
            self._offered = None
        for path, checked_at in list(self._paths.items()):
            if path != self._selected and now - checked_at >= CONSENT_S:
                self._forget(path)
        if now - self._consent_at >= CONSENT_S and self._life.accepts(AgentEvent.EXPIRE):
            self._apply(AgentEvent.EXPIRE)
        if self.state is not AgentState.SELECTED or self._selected is None:
            return []
        request = self._due_request(now)
        return [(request, self._selected)] if request else []

    def restart(self, credentials: SessionCredentials, *, now: float) -> None:
        """Begins a restart of ICE (RFC 8445 section 9); the old session stays until the peer
        nominates a pair with the new credentials. A restart that was begun before is given up.
        """
        if self._offered is not None:
            self._directory.remove_name(self._offered.name)
        self._offered = credentials
        self._offered_until = now + RESTART_S
        self._directory.add_name(credentials.name, self)

    def lose(self, path: Path) -> None:
        """Forgets a path that is gone."""
        if path in self._paths:
            self._forget(path)
            if path == self._selected:
                self._selected = None
                self._life.apply_if_accepted(AgentEvent.LOSE)

    def is_silent(self, *, now: float) -> bool:
        """True if another peer may take over a path of this one."""
        return now - self._consent_at >= MIN_TAKEOVER_S

    def close(self) -> None:
        """Forgets all names and paths; calling it twice is harmless."""
        self._life.apply(AgentEvent.CLOSE)
        for each in (self._credentials, self._offered):
            if each is not None:
                self._directory.remove_name(each.name)
        self._offered = None
        for path in list(self._paths):
            self._forget(path)

    def _credentials_of(self, message: StunMessage) -> SessionCredentials | None:
        # RFC 8445 section 7.2.2: our fragment, a colon and the peer's fragment.
        ours, colon, _ = message.username.partition(b":")
        for each in (self._credentials, self._offered):
            if each is not None and colon and ours == each.name:
                return each
        return None

    def _answer_error(
        self,
        message: StunMessage,
        credentials: SessionCredentials,
        code: int,
        reason: str,
        *more: tuple[Attribute, bytes],
    ) -> bytes:
        return encode_message(
            StunKind.ERROR,
            message.transaction,
            [(Attribute.ERROR_CODE, encode_error(code, reason)), *more],
            password=credentials.local.password.encode(),
            integrity=message.integrity or Attribute.MESSAGE_INTEGRITY,
        )

    def _admit(self, path: Path, now: float) -> bool:
        """Takes the path of an authentic check, if the peer may have one more."""
        if path in self._paths:
            return True
        if not self._joins.take(now=now):
            self.refusals.refuse("addresses")
            return False
        if not self._directory.claim_path(path, self, now=now):
            self.refusals.refuse("address_taken")
            return False
        if len(self._paths) >= MAX_PATHS:
            # The selected pair carries the media, so its path is never forgotten.
            idle = [each for each in self._paths if each != self._selected]
            self._forget(min(idle, key=lambda each: self._paths[each]))
        return True

    def _take_check(
        self, message: StunMessage, credentials: SessionCredentials, path: Path, now: float
    ) -> None:
        self._paths[path] = now
        self._consent_at = now
        if self.state is AgentState.EXPIRED and path != self._selected:
            self._selected = None  # whoever comes back from elsewhere is not where it was
        # RFC 8445 section 7.1.1 asks for PRIORITY, which is of no use here: old builds of FFmpeg
        # leave it out.
        event = AgentEvent.CHECK
        if Attribute.USE_CANDIDATE in message.attributes:
            if credentials is self._offered:
                self._directory.remove_name(self._credentials.name)
                self._credentials, self._offered = credentials, None
                self.events.on_restart()
            # A straggler of the old session nominates nothing, once there is a newer one.
            if credentials is self._credentials:
                event = AgentEvent.NOMINATE
                if path != self._selected:
                    self._selected = path
                    self._unanswered = 0
                    self._next_request_at = now
        self._apply(event)
        self.events.on_check()

    def _due_request(self, now: float) -> bytes | None:
        if now < self._next_request_at or self._unanswered >= MAX_UNANSWERED:
            return None
        self._next_request_at = now + REQUEST_S
        self._unanswered += 1
        # Each request has an id of its own, so that an answer tells which one it answers.
        transaction = new_transaction()
        self._request = (transaction, now)
        local, remote = self._credentials.local, self._credentials.remote
        attributes = [
            (Attribute.USERNAME, f"{remote.ufrag}:{local.ufrag}".encode()),
            (Attribute.PRIORITY, _PRIORITY),
            (Attribute.ICE_CONTROLLED, self._tie_breaker),
        ]
        return encode_message(
            StunKind.REQUEST, transaction, attributes, password=remote.password.encode()
        )

    def _forget(self, path: Path) -> None:
        del self._paths[path]
        self._directory.release_path(path, self)

    def _apply(self, event: AgentEvent) -> None:
        before = self.state
        if self._life.apply(event) is not before:
            self.events.on_state(self.state)
