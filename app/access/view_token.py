"""Tokens with which one stream can be watched until a time: signed, and kept nowhere.

A view token is ``vt_BODY.MAC``: the body is a JSON array of the stream, its end (Unix s) and the id
of the key of whoever made it; the MAC is HMAC-SHA-256 with the installation's signing secret.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import hmac

import msgspec

MAX_VIEW_TOKEN_LENGTH = 512
"""Maximum number of characters that are looked at; ours have 200 at most."""

_PREFIX = "vt_"


@dataclasses.dataclass(frozen=True, slots=True)
class ViewToken:
    """The content of a view token."""

    stream: str
    expires_s: int
    "Unix s."
    key_id: str = ""
    "Key of whoever made it, without which it is worth nothing; empty for an operator's."


_DECODER = msgspec.json.Decoder(tuple[str, int, str])


def end_of(life_s: int, key_expires_us: int, *, now_s: int) -> int:
    """Returns the end (Unix s) of a token for this time, at the latest its key's (0: never)."""
    ends_s = now_s + life_s
    return min(ends_s, key_expires_us // 1_000_000) if key_expires_us else ends_s


def make_view_token(token: ViewToken, signing: str) -> str:
    """Returns the token as text, signed by this secret."""
    body = _text(msgspec.json.encode((token.stream, token.expires_s, token.key_id)))
    return f"{_PREFIX}{body}.{_mac(body, signing)}"


def is_view_token(text: str) -> bool:
    """True if a text has the form of one."""
    return text.startswith(_PREFIX)


def parse_view_token(text: str, signing: str) -> ViewToken | None:
    """Returns what a token says if this secret signed it; its end is not looked at."""
    if not is_view_token(text) or len(text) > MAX_VIEW_TOKEN_LENGTH or not signing:
        return None
    body, _, mac = text.removeprefix(_PREFIX).partition(".")
    # Before the body is parsed: what a stranger wrote never gets to the parser.
    if not hmac.compare_digest(mac.encode(), _mac(body, signing).encode()):
        return None
    try:
        return ViewToken(*_DECODER.decode(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))))
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError):
        return None


def _mac(body: str, signing: str) -> str:
    # The words before it: nothing else that this secret may sign one day is a view token.
    message = f"sharpcast view token {body}".encode()
    return _text(hmac.digest(signing.encode(), message, hashlib.sha256))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
