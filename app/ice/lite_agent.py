"""The ICE-lite agent of one peer (RFC 8445 sections 2.5 and 7.3): answers checks, is controlled.

The peer makes the pairs and nominates; the newest nomination is the selected pair. Who is sent
media must show that it is there: a path carries it once it has answered a request of ours. No I/O:
answers and requests are returned, and times are arguments in seconds of one clock.
"""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Callable, Sequence
from typing import Protocol

from app.ice.agent_state import AGENT, AgentEvent, AgentState
from app.ice.credentials import SessionCredentials
from app.ice.path_record import CONSENT_S, PathRecord, encode_request
from app.ice.refusals import PacketRefusals
from app.ice.stun import (
    Attribute,
    StunKind,
    StunMessage,
    encode_address,
    encode_error,
    encode_message,
    is_authentic,
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

RESTART_S = 30.0
"""A restart of ICE of which no pair is nominated by then is given up, and the old session stays."""

MAX_UNPROVEN_BYTES = 16_384
"""Sent to a viewer, in all, along paths that have answered nothing yet: four flights of DTLS with
what is repeated of them. A source of checks may be forged."""

MIN_TAKEOVER_S = 15.0
"""A path goes over to another peer once its owner was silent for this long: two or three consent
checks. A client that came back may have the address of the session that it left."""

_CHECKS_PER_S, _CHECK_BURST = 100.0, 200.0
"""Requests that are answered, and of unknown paths those whose digest is computed."""

_JOINS_PER_S = 0.5
"""Sixteen paths at once and one more every 2 s: a phone that moves about needs no more."""


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
    on_answer: Callable[[], None] = lambda: None
    "The path that data is sent along answered a request of ours."
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
        """``media_is_consent``: it is sent no media, and whatever authentic it sends is consent."""
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
        self._paths: dict[Path, PathRecord] = {}
        "The newest path last."
        self._selected: Path | None = None
        self._nominated: Path | None = None
        "The newest nomination, if it has answered nothing yet and another path is in use."
        self._seen_at = now
        "Time of the last sign of life."
        self._granted_at = now
        "Time from which on it may be asked in vain for as long as consent lasts."
        self._unproven_bytes = MAX_UNPROVEN_BYTES
        self._media_is_consent = media_is_consent
        self._checks = TokenBucket(per_s=_CHECKS_PER_S, burst=_CHECK_BURST)
        self._strange_checks = TokenBucket(per_s=_CHECKS_PER_S, burst=_CHECK_BURST)
        self._joins = TokenBucket(per_s=_JOINS_PER_S, burst=float(MAX_PATHS))
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
        """The path in use: the selected pair, before there is one the newest that answered."""
        if self.state in (AgentState.EXPIRED, AgentState.CLOSED):
            return None
        if self._selected is not None:
            return self._selected
        newest = next(reversed(self._paths), None)
        return next((p for p in reversed(self._paths) if self._paths[p].is_proven), newest)

    @property
    def paths(self) -> tuple[Path, ...]:
        """Paths from which data is taken."""
        return tuple(self._paths)

    def path_for(self, datagrams: Sequence[bytes]) -> Path | None:
        """Returns the path that these datagrams may be sent along now, None if there is none.

        To a viewer on a path that has answered nothing only a handshake of DTLS is sent.
        """
        path = self.path
        if path is None or self._media_is_consent or self._paths[path].is_proven:
            return path
        size = sum(map(len, datagrams))
        # RFC 7983 section 7: 20 to 63 is DTLS.
        if size > self._unproven_bytes or not all(20 <= each[0] < 64 for each in datagrams):
            self.refusals.refuse("unproven")
            return None
        self._unproven_bytes -= size
        return path

    def may_check(self, path: Path, *, now: float) -> bool:
        """True if one more request is read, for which a digest is computed.

        A known path's always is, like its SRTP: strangers' requests cannot use up what it needs.
        """
        if path in self._paths or self._strange_checks.take(now=now):
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
        if not self._checks.take(now=now):
            self.refusals.refuse("stun_flood")
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

    def on_response(self, message: StunMessage, data: bytes, path: Path, *, now: float) -> None:
        """Takes the answer to a request of ours: it is consent, and measures the round trip."""
        password = self._credentials.remote.password.encode()
        record = self._paths.get(path)
        if record is None or not record.is_asked(message.transaction):
            self.refusals.refuse("stun_stranger")
        elif message.kind is StunKind.RESPONSE and is_authentic(message, data, password):
            self.round_trip_s = record.take_answer(message.transaction, now=now)
            self._seen_at = now
            if path == self._nominated:
                self._selected, self._nominated = path, None
            if path == self.path:
                self.events.on_answer()

    def on_media(self, *, now: float) -> None:
        """Notes authentic media: a publisher's sign of life where it answers no checks."""
        if self._media_is_consent:
            self._seen_at = now
            if self.state is AgentState.EXPIRED:
                self._apply(AgentEvent.RESUME)

    def on_time(self, *, now: float) -> list[tuple[bytes, Path]]:
        """Returns the requests that are due. To be called about once a second."""
        if self._offered is not None and now >= self._offered_until:
            self._directory.remove_name(self._offered.name)
            self._offered = None
        for path, record in list(self._paths.items()):
            record.on_time(now=now)
            if path != self._selected and now - record.checked_at >= CONSENT_S:
                self._forget(path)
        if now - self._consent_at() >= CONSENT_S and self._life.accepts(AgentEvent.EXPIRE):
            self._apply(AgentEvent.EXPIRE)
        asks = self.state is AgentState.SELECTED or not self._media_is_consent
        used = self.path
        if used is None or not asks:
            return []
        asked = [(self._due_request(p, now), p) for p in (used, self._nominated) if p is not None]
        return [(request, path) for request, path in asked if request is not None]

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
            following = None if path == self._nominated else self._nominated
            self._forget(path)
            if path == self._selected:
                self._selected, self._nominated = following, None
                self._granted_at = self._seen_at
                if following is None:
                    self._life.apply_if_accepted(AgentEvent.LOSE)

    def is_silent(self, *, now: float) -> bool:
        """True if another peer may take over a path of this one."""
        return now - self._seen_at >= MIN_TAKEOVER_S

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
            self._paths[path].checked_at = now
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
            self._forget(min(idle, key=lambda each: self._paths[each].checked_at))
        self._paths[path] = PathRecord(must_answer=not self._media_is_consent, now=now)
        return True

    def _take_check(
        self, message: StunMessage, credentials: SessionCredentials, path: Path, now: float
    ) -> None:
        self._seen_at = now
        nominates = Attribute.USE_CANDIDATE in message.attributes
        if self.state is AgentState.EXPIRED:
            if not self._media_is_consent and not (nominates and credentials is self._offered):
                return  # RFC 7675 section 5.1: only a restart brings a viewer's consent back
            if path != self._selected:
                self._selected = None  # whoever comes back from elsewhere is not where it was
        # RFC 8445 section 7.1.1 asks for PRIORITY, which is of no use here: old builds of FFmpeg
        # leave it out.
        event = AgentEvent.CHECK
        if nominates:
            if credentials is self._offered:
                self._directory.remove_name(self._credentials.name)
                self._credentials, self._offered = credentials, None
                self._granted_at = now
                self.events.on_restart()
            # A straggler of the old session nominates nothing, once there is a newer one.
            if credentials is self._credentials:
                event = AgentEvent.NOMINATE
                self._nominate(path, now)
        self._apply(event)
        self.events.on_check()

    def _nominate(self, path: Path, now: float) -> None:
        if path == self._selected:
            self._nominated = None
        elif path != self._nominated:
            record, used = self._paths[path], self._paths[self._selected or path]
            record.ask_soon(now=now)
            # What works is not left for an address that may be forged.
            if used.is_proven and not record.is_proven and not self._media_is_consent:
                self._nominated = path
            else:
                self._selected, self._nominated = path, None

    def _consent_at(self) -> float:
        if self._media_is_consent:
            return self._seen_at
        record = self._paths.get(self.path) if self.path else None
        return max(self._granted_at, record.answered_at if record else 0.0)

    def _due_request(self, path: Path, now: float) -> bytes | None:
        transaction = self._paths[path].due_transaction(now=now)
        if transaction is None:
            return None
        return encode_request(self._credentials, transaction, tie_breaker=self._tie_breaker)

    def _forget(self, path: Path) -> None:
        del self._paths[path]
        if path == self._nominated:
            self._nominated = None
        self._directory.release_path(path, self)

    def _apply(self, event: AgentEvent) -> None:
        before = self.state
        if self._life.apply(event) is not before:
            self.events.on_state(self.state)
