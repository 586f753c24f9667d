"""Asks a TURN server for a relay with a login, and gives it back at once (RFC 8656)."""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import hashlib
import hmac
import os
import socket
import struct
import time

from app.ice.stun import COOKIE, HEADER_BYTES

WAIT_S = 1.0
"""Seconds until a question is repeated."""

MAX_TRIES = 3
_READ_BYTES = 4096

_ALLOCATE, _REFRESH = 0x0003, 0x0004
_SUCCESS, _ERROR = 0x0100, 0x0110
_USERNAME, _INTEGRITY, _ERROR_CODE = 0x0006, 0x0008, 0x0009
_LIFETIME, _REALM, _NONCE, _TRANSPORT = 0x000D, 0x0014, 0x0015, 0x0019
_UDP = b"\x11\0\0\0"
"""REQUESTED-TRANSPORT: the protocol number of UDP."""

_HEAD = struct.Struct("!HH4s12s")


class TurnResult(enum.Enum):
    """Answer of a TURN server to a login."""

    RELAYS = "relays"
    SILENT = "does not answer"
    REFUSES = "refuses the login"
    OPEN = "gives a relay without a login"
    FAILS = "answers with an error"


@dataclasses.dataclass(frozen=True, slots=True)
class TurnServer:
    """Place of a TURN server and a login for it."""

    host: str
    port: int
    user: str
    password: str
    is_tcp: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class _Reply:
    kind: int
    attributes: dict[int, bytes]

    @property
    def error_code(self) -> int:
        value = self.attributes.get(_ERROR_CODE, b"")
        return (value[2] & 7) * 100 + value[3] if len(value) >= 4 else 0


def try_login(server: TurnServer) -> tuple[TurnResult, int]:
    """Asks for a relay as a browser does; returns the result and the error's code, 0 without one.

    Raises OSError where the server cannot be reached at all.
    """
    kind = socket.SOCK_STREAM if server.is_tcp else socket.SOCK_DGRAM
    family, _, _, _, address = socket.getaddrinfo(server.host, server.port, type=kind)[0]
    with socket.socket(family, kind) as link:
        link.settimeout(WAIT_S)
        link.connect(address)
        first = _ask(link, _ALLOCATE, [(_TRANSPORT, _UDP)], None, repeats=not server.is_tcp)
        if first is None:
            return TurnResult.SILENT, 0
        if first.kind == _ALLOCATE | _SUCCESS:
            return TurnResult.OPEN, 0
        if first.error_code != 401:
            return TurnResult.FAILS, first.error_code
        return _with_login(link, server, first)


def _with_login(link: socket.socket, server: TurnServer, first: _Reply) -> tuple[TurnResult, int]:
    realm, nonce = first.attributes.get(_REALM, b""), first.attributes.get(_NONCE, b"")
    login = [(_USERNAME, server.user.encode()), (_REALM, realm), (_NONCE, nonce)]
    # RFC 8489 section 9.2.2: MD5 is what the scheme has.
    key = hashlib.md5(
        f"{server.user}:{realm.decode(errors='replace')}:{server.password}".encode(),
        usedforsecurity=False,
    ).digest()
    reply = _ask(link, _ALLOCATE, [(_TRANSPORT, _UDP), *login], key, repeats=not server.is_tcp)
    if reply is None:
        return TurnResult.SILENT, 0
    if reply.kind == _ALLOCATE | _SUCCESS:
        _ask(link, _REFRESH, [(_LIFETIME, bytes(4)), *login], key, repeats=False)
        return TurnResult.RELAYS, 0
    # 401: the digest is wrong; 441 and 431 are said by older servers.
    refused = reply.error_code in (401, 431, 441)
    return (TurnResult.REFUSES if refused else TurnResult.FAILS), reply.error_code


def _ask(
    link: socket.socket,
    method: int,
    attributes: list[tuple[int, bytes]],
    key: bytes | None,
    *,
    repeats: bool,
) -> _Reply | None:
    transaction = os.urandom(12)
    message = _encode(method, transaction, attributes, key)
    for _ in range(MAX_TRIES if repeats else 1):
        with contextlib.suppress(OSError):
            link.send(message)
            if reply := _read(link, transaction):
                return reply
    return None


def _read(link: socket.socket, transaction: bytes) -> _Reply | None:
    deadline = time.monotonic() + WAIT_S
    data = b""
    while time.monotonic() < deadline:
        part = link.recv(_READ_BYTES)
        # A stream may cut a message; a datagram is one whole message each.
        is_stream = link.type == socket.SOCK_STREAM
        data = data + part if is_stream else part
        reply = _parse(data, transaction)
        if reply is not None:
            return reply
        if not part or len(data) > _READ_BYTES:
            return None
    return None


def _parse(data: bytes, transaction: bytes) -> _Reply | None:
    """Returns the reply to a transaction, None for anything else or a part of one."""
    if len(data) < HEADER_BYTES:
        return None
    kind, size, cookie, number = _HEAD.unpack_from(data)
    if cookie != COOKIE or number != transaction or len(data) < HEADER_BYTES + size:
        return None
    found: dict[int, bytes] = {}
    at, end = HEADER_BYTES, HEADER_BYTES + size
    while at + 4 <= end:
        name, length = struct.unpack_from("!HH", data, at)
        found.setdefault(name, data[at + 4 : min(at + 4 + length, end)])
        at += 4 + length + -length % 4
    return _Reply(kind, found)


def _encode(
    method: int, transaction: bytes, attributes: list[tuple[int, bytes]], key: bytes | None
) -> bytes:
    body = b"".join(_attribute(name, value) for name, value in attributes)
    if key is not None:
        # The length counts the digest in (RFC 8489 section 14.5).
        covered = _HEAD.pack(method, len(body) + 24, COOKIE, transaction) + body
        body += _attribute(_INTEGRITY, hmac.new(key, covered, hashlib.sha1).digest())
    return _HEAD.pack(method, len(body), COOKIE, transaction) + body


def _attribute(name: int, value: bytes) -> bytes:
    return struct.pack("!HH", name, len(value)) + value + bytes(-len(value) % 4)
