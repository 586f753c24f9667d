"""Signatures of webhooks by the Standard Webhooks specification; no I/O."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

PREFIX = "whsec_"
"""A secret that begins so is base64 behind it, as libraries of the specification make it."""


def key_of(secret: str) -> bytes:
    """Returns the key of a secret. Raises ValueError for base64 that is none."""
    if not secret.startswith(PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError(f"behind {PREFIX} the secret is not base64") from error


def signed_headers(key: bytes, *, event_id: str, at_s: int, body: bytes) -> dict[str, str]:
    """Returns the headers of a request: id, time and HMAC-SHA256 over both and the body."""
    signed = f"{event_id}.{at_s}.".encode() + body
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(at_s),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
