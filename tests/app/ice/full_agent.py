"""The other side of an ICE-lite agent: a peer that makes checks, and what it gets."""

from __future__ import annotations

from collections.abc import Sequence

from app.ice.agent_state import AgentState
from app.ice.credentials import Credentials, SessionCredentials
from app.ice.lite_agent import Address, AgentEvents, LiteAgent, Path
from app.ice.peer_table import PeerTable
from app.ice.refusals import PacketRefusals, Refusals
from app.ice.stun import (
    Attribute,
    StunKind,
    StunMessage,
    encode_message,
    new_transaction,
    parse_message,
)

ADDRESS = ("192.0.2.1", 5000)
OTHER = ("192.0.2.1", 5001)


class Outlet:
    """One of our sockets, which notes what is sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, Address]] = []

    def send(self, datagrams: Sequence[bytes], address: Address) -> None:
        self.sent += [(data, address) for data in datagrams]


class Session:
    """An agent of ours in a table, and the peer that it answers."""

    def __init__(
        self,
        table: PeerTable | None = None,
        *,
        name: str = "ours",
        media_is_consent: bool = False,
        now: float = 0.0,
    ) -> None:
        self.table = PeerTable() if table is None else table
        self.outlet = Outlet()
        self.totals = Refusals()
        self.data: list[bytes] = []
        self.states: list[AgentState] = []
        self.checks = self.restarts = self.answers = 0
        self.credentials = SessionCredentials(
            Credentials(name, "our-password"), Credentials("theirs", "their-password")
        )
        self.agent = LiteAgent(
            self.table,
            self.credentials,
            AgentEvents(
                on_data=lambda data, now: self.data.append(data),
                on_state=self.states.append,
                on_check=self._check,
                on_restart=self._restart,
                on_answer=self._answer,
            ),
            PacketRefusals(self.totals),
            now=now,
            media_is_consent=media_is_consent,
        )

    def _check(self) -> None:
        self.checks += 1

    def _restart(self) -> None:
        self.restarts += 1

    def _answer(self) -> None:
        self.answers += 1

    @property
    def refused(self) -> dict[str, int]:
        """Refused packets of this peer."""
        return dict(self.agent.refusals.refused)

    def path(self, address: Address = ADDRESS) -> Path:
        """The path of an address of the peer."""
        return (self.outlet, address)

    def request(
        self,
        *more: tuple[Attribute | int, bytes],
        nominates: bool = False,
        credentials: SessionCredentials | None = None,
        password: str | None = None,
        role: Attribute = Attribute.ICE_CONTROLLING,
    ) -> bytes:
        """A check of the peer."""
        known = credentials or self.credentials
        attributes: list[tuple[Attribute, bytes]] = [
            (Attribute.USERNAME, f"{known.local.ufrag}:{known.remote.ufrag}".encode()),
            (role, bytes(8)),
            (Attribute.PRIORITY, bytes(4)),
        ]
        if nominates:
            attributes.append((Attribute.USE_CANDIDATE, b""))
        attributes += [(name, value) for name, value in more]  # type: ignore[misc]
        secret = known.local.password if password is None else password
        return encode_message(
            StunKind.REQUEST, new_transaction(), attributes, password=secret.encode()
        )

    def take(self, data: bytes, address: Address = ADDRESS, *, now: float = 0.0) -> bytes | None:
        """Hands a datagram of an address to the table."""
        return self.table.take(data, self.path(address), now=now)

    def check(
        self, address: Address = ADDRESS, *, nominates: bool = False, now: float = 0.0
    ) -> StunMessage | None:
        """Sends a check; the answer, None for none."""
        answer = self.take(self.request(nominates=nominates), address, now=now)
        return None if answer is None else parse_message(answer)

    def answer(self, request: bytes, *, password: str = "their-password") -> bytes:
        """The peer's answer to a request of ours."""
        transaction = parse_message(request).transaction
        return encode_message(StunKind.RESPONSE, transaction, password=password.encode())

    def answer_all(self, *, now: float, paths: Sequence[Path] | None = None) -> list[Path]:
        """Answers the requests that are due, on these paths alone; returns where they were sent."""
        asked = self.agent.on_time(now=now)
        for request, path in asked:
            if paths is None or path in paths:
                self.table.take(self.answer(request), path, now=now)
        return [path for _, path in asked]
