"""Joining: device and gateway prove to each other that they hold the same token.

SCRAM (RFC 5802) without its salt and its rounds, which protect words that people choose: a token is
random. What is proved is bound to the DTLS connection by its exporter (RFC 9266): whoever sits
between the two has two connections with two secrets, and can forward neither proof. The gateway
keeps no token, and what it keeps is not enough to join.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
from typing import Annotated

import msgspec

DEVICE = b"device"
GATEWAY = b"gateway"

PROOF_BYTES = 32
"""Length of a proof, that of SHA-256."""

EncodedSecret = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{128}$")]
"""A ``JoinSecret`` in a record."""

_CLIENT_KEY = b"sharpcast client key"
_SERVER_KEY = b"sharpcast server key"
_TOKEN_ID = b"sharpcast token id"


@dataclasses.dataclass(frozen=True, slots=True)
class JoinSecret:
    """Keys that the gateway keeps of a token (StoredKey and ServerKey of RFC 5802 section 3).

    Whoever reads it can pretend to be the gateway to a device that holds the token, but cannot
    join.
    """

    stored_key: bytes
    server_key: bytes

    @classmethod
    def of(cls, token: str) -> JoinSecret:
        """Derives it from a token."""
        return cls(hashlib.sha256(_client_key(token)).digest(), _digest(token, _SERVER_KEY))

    @classmethod
    def parse(cls, text: EncodedSecret) -> JoinSecret:
        """Reads what ``encode`` returned."""
        data = bytes.fromhex(text)
        return cls(data[:PROOF_BYTES], data[PROOF_BYTES:])

    def encode(self) -> EncodedSecret:
        """Returns both keys in hexadecimal."""
        return (self.stored_key + self.server_key).hex()

    def is_proved_by(self, proof: bytes, exporter: bytes) -> bool:
        """True if a device that sent this proof over this connection holds the token."""
        if len(proof) != PROOF_BYTES:
            return False
        client_key = _xor(proof, hmac.digest(self.stored_key, exporter, hashlib.sha256))
        return hmac.compare_digest(hashlib.sha256(client_key).digest(), self.stored_key)

    def gateway_proof(self, exporter: bytes) -> bytes:
        """Returns the proof of the gateway for the connection's secret."""
        return hmac.digest(self.server_key, exporter, hashlib.sha256)


def token_id(token: str) -> str:
    """Returns the name of a token, which tells nothing of it: 16 hexadecimal digits."""
    return _digest(token, _TOKEN_ID).hex()[:16]


def make_proof(token: str, exporter: bytes, side: bytes) -> bytes:
    """Returns the proof of a side, ``DEVICE`` or ``GATEWAY``, for the connection's secret."""
    secret = JoinSecret.of(token)
    if side == GATEWAY:
        return secret.gateway_proof(exporter)
    signature = hmac.digest(secret.stored_key, exporter, hashlib.sha256)
    return _xor(_client_key(token), signature)


def check_proof(proof: bytes, token: str, exporter: bytes, side: bytes) -> bool:
    """True if the other side, ``side``, holds the token. Takes the same time either way."""
    return hmac.compare_digest(proof, make_proof(token, exporter, side))


def _client_key(token: str) -> bytes:
    return _digest(token, _CLIENT_KEY)


def _digest(token: str, use: bytes) -> bytes:
    return hmac.digest(token.encode(), use, hashlib.sha256)


def _xor(first: bytes, second: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(first, second, strict=True))
