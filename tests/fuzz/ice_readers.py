"""Datagrams for the ICE agent of a peer: STUN, from its own address and from a stranger's."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from app.ice.credentials import Credentials, SessionCredentials
from app.ice.lite_agent import Address, AgentEvents, LiteAgent
from app.ice.peer_table import PeerTable
from app.ice.refusals import PacketRefusals, Refusals
from app.ice.stun import (
    Attribute,
    StunKind,
    encode_address,
    encode_error,
    encode_message,
    is_authentic,
    parse_message,
)

_CREDENTIALS = SessionCredentials(Credentials("user", "password"), Credentials("peer", "other"))


class _Outlet:
    """Sends nothing."""

    def send(self, datagrams: Sequence[bytes], address: Address) -> None:
        """Passes them over."""


def read(data: bytes) -> None:
    """Hands it to the table as from two addresses, and reads all that it may hold."""
    table, outlet = PeerTable(), _Outlet()
    events = AgentEvents(on_data=lambda data, now: None, on_state=lambda state: None)
    agent = LiteAgent(table, _CREDENTIALS, events, PacketRefusals(Refusals()), now=0.0)
    table.claim_path((outlet, ("192.0.2.1", 1)), agent, now=0.0)
    for host in ("192.0.2.1", "192.0.2.2"):
        table.take(data, (outlet, (host, 1)), now=0.0)
    with contextlib.suppress(ValueError):
        message = parse_message(data)
        is_authentic(message, data, b"password")
        _ = message.mapped_address, message.error_code, message.unknown


def seeds() -> list[bytes]:
    """Good messages of each kind."""
    transaction = bytes(12)
    address = (Attribute.XOR_MAPPED_ADDRESS, encode_address("192.0.2.9", 5, transaction))
    error = (Attribute.ERROR_CODE, encode_error(487, "Role Conflict"))
    role = [(Attribute.USERNAME, b"user:peer"), (Attribute.PRIORITY, bytes(4))]
    return [
        encode_message(StunKind.REQUEST, transaction, role, password=b"password"),
        encode_message(
            StunKind.REQUEST,
            transaction,
            [*role, (Attribute.USE_CANDIDATE, b"")],
            password=b"password",
            integrity=Attribute.MESSAGE_INTEGRITY_SHA256,
        ),
        encode_message(
            StunKind.RESPONSE,
            transaction,
            [address],
            password=b"other",
        ),
        encode_message(
            StunKind.ERROR,
            transaction,
            [error],
        ),
    ]
