"""STUN messages (RFC 8489): what ICE needs of them, parsed within bounds and written."""

from __future__ import annotations

import binascii
import dataclasses
import enum
import hashlib
import hmac
import ipaddress
import os
import struct
from collections.abc import Iterable, Mapping

COOKIE = b"\x21\x12\xa4\x42"
"""Magic cookie of every message (RFC 8489 section 5)."""

HEADER_BYTES = 20
MAX_MESSAGE_BYTES = 1500
"""Checks have some 100 bytes; this is what one packet of Ethernet holds."""

MAX_ATTRIBUTES = 32
"""Browsers' checks have about ten."""

MAX_USERNAME_BYTES = 513
"""RFC 8445 section 5.3: two fragments of at most 256 characters, and a colon."""

_HEAD = struct.Struct("!HH4s12s")
_ATTRIBUTE = struct.Struct("!HH")
_FINGERPRINT_MASK = 0x5354554E
"""Told from other checksums of the same bytes by this (RFC 8489 section 14.7)."""


class StunKind(enum.IntEnum):
    """Type of a Binding message (RFC 8489 section 5)."""

    REQUEST = 0x0001
    INDICATION = 0x0011
    RESPONSE = 0x0101
    ERROR = 0x0111


class Attribute(enum.IntEnum):
    """Attributes that are read or written; below 0x8000 they must be understood."""

    MAPPED_ADDRESS = 0x0001
    USERNAME = 0x0006
    MESSAGE_INTEGRITY = 0x0008
    ERROR_CODE = 0x0009
    UNKNOWN_ATTRIBUTES = 0x000A
    MESSAGE_INTEGRITY_SHA256 = 0x001C
    XOR_MAPPED_ADDRESS = 0x0020
    PRIORITY = 0x0024
    USE_CANDIDATE = 0x0025
    SOFTWARE = 0x8022
    FINGERPRINT = 0x8028
    ICE_CONTROLLED = 0x8029
    ICE_CONTROLLING = 0x802A


_KNOWN = frozenset(Attribute)
_DIGESTS = {
    Attribute.MESSAGE_INTEGRITY: hashlib.sha1,
    Attribute.MESSAGE_INTEGRITY_SHA256: hashlib.sha256,
}
_MIN_SHA256_BYTES = 16
"""RFC 8489 section 14.6 lets senders cut the longer digest down to this."""


@dataclasses.dataclass(frozen=True, slots=True)
class StunMessage:
    """A parsed message. Attributes behind the integrity do not count (RFC 8489 section 14.5)."""

    kind: StunKind
    transaction: bytes
    attributes: Mapping[int, bytes]
    "Values by type; of a type that comes twice the first (RFC 8489 section 14)."
    integrity: Attribute | None
    "The attribute that holds the digest of what stands before it; None without one."
    integrity_at: int
    "Its place in the message."

    @property
    def username(self) -> bytes:
        """The value of USERNAME, empty without one."""
        return self.attributes.get(Attribute.USERNAME, b"")

    @property
    def unknown(self) -> tuple[int, ...]:
        """Types that must be understood and are not (RFC 8489 section 6.3.1)."""
        return tuple(a for a in self.attributes if a < 0x8000 and a not in _KNOWN)

    @property
    def error_code(self) -> int:
        """The code of an error response, 0 without one."""
        value = self.attributes.get(Attribute.ERROR_CODE, b"")
        return (value[2] & 7) * 100 + value[3] if len(value) >= 4 else 0

    @property
    def mapped_address(self) -> tuple[str, int] | None:
        """The address that the sender of a response saw, None without one that can be read."""
        value = self.attributes.get(Attribute.XOR_MAPPED_ADDRESS, b"")
        size = {1: 4, 2: 16}.get(value[1] if len(value) > 1 else 0, 0)
        if not size or len(value) != 4 + size:
            return None
        mask = (COOKIE + self.transaction)[:size]
        host = ipaddress.ip_address(bytes(a ^ b for a, b in zip(value[4:], mask, strict=True)))
        return str(host), int.from_bytes(value[2:4], "big") ^ int.from_bytes(COOKIE[:2], "big")


def parse_message(data: bytes) -> StunMessage:
    """Parses one Binding message. Raises ValueError with the reason.

    A fingerprint that does not fit is an error; one that is absent is none.
    """
    if len(data) < HEADER_BYTES:
        raise ValueError("a STUN message has 20 bytes at least")
    kind, length, cookie, transaction = _HEAD.unpack_from(data)
    if cookie != COOKIE or length % 4 or length + HEADER_BYTES != len(data):
        raise ValueError("the STUN header does not fit the datagram")
    attributes: dict[int, bytes] = {}
    integrity, integrity_at = None, 0
    for count, (at, found, value) in enumerate(_attributes(data)):
        if count >= MAX_ATTRIBUTES:
            raise ValueError("a STUN message has too many attributes")
        if found == Attribute.FINGERPRINT:
            if value != _fingerprint(data[:at]) or at + 8 != len(data):
                raise ValueError("the fingerprint does not fit the STUN message")
        elif found in _DIGESTS:
            # Of two digests the last one covers the first (RFC 8489 section 14.6).
            attributes[found] = value
            integrity, integrity_at = Attribute(found), at
        elif integrity is None:
            attributes.setdefault(found, value)
    try:
        return StunMessage(StunKind(kind), transaction, attributes, integrity, integrity_at)
    except ValueError:
        raise ValueError("the STUN message is no Binding message") from None


def _attributes(data: bytes) -> Iterable[tuple[int, int, bytes]]:
    """Yields (place, type, value). Raises ValueError where one does not end within the message."""
    at = HEADER_BYTES
    while at < len(data):
        if at + 4 > len(data):
            raise ValueError("a STUN attribute is cut off")
        found, size = _ATTRIBUTE.unpack_from(data, at)
        if at + 4 + size > len(data):
            raise ValueError("a STUN attribute is longer than its message")
        yield at, found, data[at + 4 : at + 4 + size]
        at += 4 + size + -size % 4


def username_of(data: bytes) -> bytes:
    """Returns the USERNAME of what may be a STUN request, b"" without one; no hash, no copies.

    Looks at few attributes: a stranger's datagram costs no more than this.
    """
    at = HEADER_BYTES
    for _ in range(MAX_ATTRIBUTES):
        if at + 4 > len(data):
            break
        found, size = _ATTRIBUTE.unpack_from(data, at)
        if found == Attribute.USERNAME:
            return data[at + 4 : at + 4 + size] if size <= MAX_USERNAME_BYTES else b""
        at += 4 + size + -size % 4
    return b""


def is_authentic(message: StunMessage, data: bytes, password: bytes) -> bool:
    """True if the digest of a message was made with the password (RFC 8489 section 14.5)."""
    if message.integrity is None:
        return False
    digest = message.attributes[message.integrity]
    expected = _digest(message.integrity, data[: message.integrity_at], len(digest), password)
    if message.integrity is Attribute.MESSAGE_INTEGRITY_SHA256:
        if not _MIN_SHA256_BYTES <= len(digest) <= len(expected):
            return False
        expected = expected[: len(digest)]
    return hmac.compare_digest(digest, expected)


def encode_message(
    kind: StunKind,
    transaction: bytes,
    attributes: Iterable[tuple[Attribute, bytes]] = (),
    *,
    password: bytes = b"",
    integrity: Attribute = Attribute.MESSAGE_INTEGRITY,
) -> bytes:
    """Writes a message with a fingerprint; with a password also with the digest ``integrity``."""
    body = b"".join(_encoded(name, value) for name, value in attributes)
    if password:
        size = _DIGESTS[integrity]().digest_size
        before = _HEAD.pack(kind, len(body), COOKIE, transaction) + body
        body += _encoded(integrity, _digest(integrity, before, size, password))
    data = _HEAD.pack(kind, len(body) + 8, COOKIE, transaction) + body
    return data + _encoded(Attribute.FINGERPRINT, _fingerprint(data))


def encode_address(host: str, port: int, transaction: bytes) -> bytes:
    """Returns the value of XOR-MAPPED-ADDRESS (RFC 8489 section 14.2)."""
    address = ipaddress.ip_address(host.partition("%")[0])
    # A socket for both versions tells IPv4 peers as mapped ones, and those are meant.
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    mask = COOKIE + transaction
    hidden = bytes(a ^ b for a, b in zip(address.packed, mask, strict=False))
    family = 1 if address.version == 4 else 2
    return struct.pack("!xBH", family, port ^ int.from_bytes(COOKIE[:2], "big")) + hidden


def encode_error(code: int, reason: str) -> bytes:
    """Returns the value of ERROR-CODE (RFC 8489 section 14.8)."""
    return struct.pack("!xxBB", code // 100, code % 100) + reason.encode()


def new_transaction() -> bytes:
    """Returns a transaction id: 96 bits that nobody guesses."""
    return os.urandom(12)


def _encoded(name: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(name, len(value)) + value + bytes(-len(value) % 4)


def _digest(integrity: Attribute, before: bytes, size: int, password: bytes) -> bytes:
    """Returns the digest of a message, whose length counts up to the end of the digest itself."""
    length = len(before) - HEADER_BYTES + 4 + size + -size % 4
    covered = before[:2] + length.to_bytes(2, "big") + before[4:]
    return hmac.new(password, covered, _DIGESTS[integrity]).digest()


def _fingerprint(before: bytes) -> bytes:
    """Returns the fingerprint of what stands before it; the header counts it in."""
    return (binascii.crc32(before) ^ _FINGERPRINT_MASK).to_bytes(4, "big")
