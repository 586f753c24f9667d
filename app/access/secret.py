"""The secret of a stream key: its form, and what of it is kept.

A secret is ``sk_ID_RANDOM``. The id finds the key at once, so that a wrong secret costs one look
into a table and one hash, however many keys there are.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import re
import secrets

ID_BYTES = 5
"""Random bytes of an id; ids are public, and only have to differ."""

SECRET_BYTES = 32
"""Random bytes of a secret: 256 bits, which nobody can guess or try.

That is why SHA-256 alone protects what is kept. Slow hashes with salt (Argon2) are for passwords
that people choose, of which an attacker tries billions; here they would only let strangers spend
the server's time.
"""

MAX_SECRET_LENGTH = 128
"""Maximum number of characters that are looked at; ours have 57."""

_FORM = re.compile(r"sk_([0-9a-f]{10})_[A-Za-z0-9_-]{20,}\Z")


@dataclasses.dataclass(frozen=True, slots=True)
class NewSecret:
    """A secret that was just made: the only place where it stands."""

    id: str
    text: str


def make_secret(key_id: str = "") -> NewSecret:
    """Returns a new secret, of the key with this id or of a new one."""
    key_id = key_id or secrets.token_hex(ID_BYTES)
    return NewSecret(key_id, f"sk_{key_id}_{secrets.token_urlsafe(SECRET_BYTES)}")


def key_id_of(token: str) -> str:
    """Returns the id of the key that a token may be a secret of, "" for other tokens."""
    if len(token) > MAX_SECRET_LENGTH:
        return ""
    match = _FORM.match(token)
    return match[1] if match else ""


def hash_of(token: str) -> str:
    """Returns what is kept of a secret: its SHA-256 in hexadecimal."""
    return hashlib.sha256(token.encode()).hexdigest()


def is_hash_of(token: str, kept: str) -> bool:
    """True if ``kept`` is the hash of this secret; takes the same time for any two."""
    return hmac.compare_digest(hash_of(token).encode(), kept.encode())
