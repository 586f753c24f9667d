"""Asks a STUN server for the address that it sees, from a socket of ours (RFC 8489)."""

from __future__ import annotations

import contextlib
import socket
import time

from app.ice.stun import StunKind, encode_message, new_transaction, parse_message

WAIT_S = 0.5
"""Seconds until a question is repeated."""

MAX_TRIES = 4
"""Questions until a server counts as silent: with 10 % loss both ways one in 800 looks so."""

_READ_BYTES = 2048


def ask(udp: socket.socket, server: tuple[str, int]) -> tuple[str, int] | None:
    """Returns our address as the server sees it, None where it does not answer.

    Raises OSError for a name that cannot be resolved, or a network without a way to it.
    """
    *_, address = resolve(server, udp.family)
    transaction = new_transaction()
    question = encode_message(StunKind.REQUEST, transaction)
    for _ in range(MAX_TRIES):
        # A refusal of an earlier question (ICMP) is told at the next call, and is no answer.
        with contextlib.suppress(ConnectionRefusedError):
            udp.sendto(question, address)
        if found := _answer(udp, transaction):
            return found
    return None


def resolve(server: tuple[str, int], family: int) -> list[tuple[str, int]]:
    """Returns addresses of a host and port that a socket of this family can reach."""
    found = socket.getaddrinfo(*server, family=family, type=socket.SOCK_DGRAM)
    return [(str(each[4][0]), int(each[4][1])) for each in found]


def _answer(udp: socket.socket, transaction: bytes) -> tuple[str, int] | None:
    deadline = time.monotonic() + WAIT_S
    while (left := deadline - time.monotonic()) > 0:
        udp.settimeout(left)
        try:
            data = udp.recv(_READ_BYTES)
        except (TimeoutError, ConnectionRefusedError):
            return None
        # What strangers send to an open port is no answer.
        with contextlib.suppress(ValueError):
            message = parse_message(data)
            if message.transaction == transaction and message.kind is StunKind.RESPONSE:
                return message.mapped_address
    return None
