"""Boxes of ISO/IEC 14496-12: a length, a type of four letters, and what is in them."""

from __future__ import annotations

import struct

UNITY_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
"""The transformation of movie and track headers that changes nothing (section 6.2.2)."""

_HEAD = struct.Struct(">I4s")
_FULL_HEAD = struct.Struct(">I4sI")


def box(kind: bytes, *parts: bytes) -> bytes:
    """Returns a box of the parts, which are joined."""
    return b"".join((_HEAD.pack(8 + sum(map(len, parts)), kind), *parts))


def full_box(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    """Returns a box that begins with a version (8 bits) and flags (24 bits)."""
    size = 12 + sum(map(len, parts))
    return b"".join((_FULL_HEAD.pack(size, kind, version << 24 | flags), *parts))
