"""The public keys of an issuer, parsed from a JWKS (RFC 7517 section 5); no I/O."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator
from typing import Any

import jwt
import pydantic_core
from pydantic import BaseModel, ConfigDict, Field, ValidationError

MAX_KEYS = 100
"""Keys of a JWKS. Issuers have two or three; a longer list is a mistake, or meant to cost time."""

MAX_BYTES = 256 << 10
"""Size of a JWKS: 100 keys with a certificate each."""

MAX_KEY_ID_LENGTH = 256

_RSA = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
_BY_KIND: dict[tuple[str, str], tuple[str, ...]] = {
    ("RSA", ""): _RSA,
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("OKP", "Ed25519"): ("EdDSA",),
}
"""Algorithms by type and curve of a key. A token never chooses more than among those of its key:
so HS256 with a public key as the secret, and ``none``, are no algorithms at all."""

ALGORITHMS = frozenset(name for names in _BY_KIND.values() for name in names)
"""All algorithms that are taken; each has a public and a private key."""

MIN_RSA_BITS = 2048
MAX_RSA_BITS = 8192
"""Sizes of RSA keys; the time of a check grows with the square."""


@dataclasses.dataclass(frozen=True, slots=True)
class VerificationKey:
    """One public key."""

    id: str
    "The ``kid``; empty: it has none."
    algorithms: frozenset[str]
    "Algorithms that it may be used with."
    key: Any = dataclasses.field(repr=False)
    "The key of the library ``cryptography``."


@dataclasses.dataclass(frozen=True, slots=True)
class KeySet:
    """All usable keys of a JWKS."""

    keys: tuple[VerificationKey, ...]
    digest: bytes
    "SHA-256 of the document, which tells whether it changed."


class _Jwk(BaseModel):
    """The members of a key that are looked at, each short enough to be parsed at once."""

    model_config = ConfigDict(extra="ignore", strict=True)

    kty: str = Field(max_length=16)
    kid: str = Field("", max_length=MAX_KEY_ID_LENGTH)
    use: str = Field("sig", max_length=16)
    key_ops: list[str] = Field(default=["verify"], max_length=16)
    alg: str = Field("", max_length=16)
    crv: str = Field("", max_length=16)
    n: str = Field("", max_length=MAX_RSA_BITS // 6 + 8)
    e: str = Field("", max_length=8)
    x: str = Field("", max_length=128)
    y: str = Field("", max_length=128)
    d: str = Field("", max_length=MAX_BYTES)


def parse_key_set(data: bytes) -> KeySet:
    """Parses a JWKS. Keys for other purposes and of other kinds are left out.

    Raises ValueError with the reason where nothing of it can be used.
    """
    if len(data) > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES >> 10} KiB")
    try:
        document = pydantic_core.from_json(data)
    except ValueError as error:
        raise ValueError("it is not JSON") from error
    found = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(found, list):
        raise ValueError("it is no JWKS: there is no list of keys")
    if len(found) > MAX_KEYS:
        raise ValueError(f"it has {len(found)} keys, and {MAX_KEYS} are the most")
    keys = tuple(key for each in found for key in _parsed(each))
    if not keys:
        raise ValueError(f"it has no public key for {', '.join(sorted(ALGORITHMS))}")
    return KeySet(keys, hashlib.sha256(data).digest())


def _parsed(member: object) -> Iterator[VerificationKey]:
    """Yields the key if it can be used."""
    try:
        jwk = _Jwk.model_validate(member)
    except ValidationError:
        return
    algorithms = _BY_KIND.get((jwk.kty, jwk.crv), ())
    if jwk.alg:
        algorithms = tuple(each for each in algorithms if each == jwk.alg)
    if not algorithms or jwk.use != "sig" or "verify" not in jwk.key_ops or jwk.d:
        # A private key in a public place protects nothing any more.
        return
    try:
        key = jwt.PyJWK(jwk.model_dump(include={"kty", "crv", "n", "e", "x", "y"}), algorithms[0])
    except (jwt.PyJWTError, ValueError):
        return
    if jwk.kty == "RSA" and not MIN_RSA_BITS <= key.key.key_size <= MAX_RSA_BITS:
        return
    yield VerificationKey(jwk.kid, frozenset(algorithms), key.key)
