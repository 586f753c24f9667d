"""Datagrams that nobody should send: of every shape that shares a WebRTC port, and broken."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator, Sequence

from aioice import stun

COOKIE = b"\x21\x12\xa4\x42"


def _stun(of: random.Random, username: str) -> bytes:
    """STUN with right header and any attributes, also too short ones and a name that is known."""
    body = b""
    for _ in range(of.randrange(4)):
        kind = of.choice([*stun.ATTRIBUTES_BY_TYPE, of.randrange(65536)])
        value = of.randbytes(of.randrange(24))
        body += struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)
    name = f"{username}:x".encode()
    if of.random() < 0.5:
        body += struct.pack("!HH", 6, len(name)) + name + bytes(-len(name) % 4)
    kind = of.choice((0x0001, 0x0011, 0x0101, 0x0111, 0x0003, of.randrange(0x4000)))
    length = len(body) if of.random() < 0.9 else of.randrange(65536)
    return struct.pack("!HH", kind, length) + COOKIE + of.randbytes(12) + body


def _dtls(of: random.Random) -> bytes:
    """A record: alerts in clear, handshakes, application data."""
    body = of.choice((b"\x02\x28", b"\x01\x00", of.randbytes(of.randrange(200))))
    kind, epoch = of.choice((20, 21, 22, 23, 25)), of.choice((0, 1, of.randrange(65536)))
    head = struct.pack("!BHH", kind, of.choice((0xFEFD, 0xFEFF)), epoch)
    return head + of.randbytes(6) + struct.pack("!H", len(body)) + body


def _rtp(of: random.Random, ssrcs: Sequence[int]) -> bytes:
    ssrc = of.choice([*ssrcs, of.randrange(1 << 32)])
    head = struct.pack(
        "!BBHII", 0x80 | of.randrange(64), of.randrange(128), of.randrange(65536), 0, ssrc
    )
    return head + of.randbytes(of.randrange(1480))


def _rtcp(of: random.Random, ssrcs: Sequence[int]) -> bytes:
    ssrc = of.choice([*ssrcs, of.randrange(1 << 32)])
    return struct.pack(
        "!BBHI", 0x80 | of.randrange(64), of.randrange(192, 224), of.randrange(65536), ssrc
    ) + of.randbytes(of.randrange(200))


def _flipped(of: random.Random, data: bytes) -> bytes:
    """One bit of it the other way, or one of its ends missing."""
    if of.random() < 0.3:
        return data[: of.randrange(len(data))]
    at = of.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << of.randrange(8)]) + data[at + 1 :]


def datagrams(
    seed: int, count: int, *, real: Sequence[bytes], username: str, ssrcs: Sequence[int]
) -> Iterator[bytes]:
    """``count`` datagrams; ``real`` are packets of the session, to be replayed and damaged."""
    of = random.Random(seed)
    for number in range(count):
        kind = number % 10
        if kind == 0:
            yield b""
        elif kind == 1:
            yield bytes([of.choice((0, 22, 128, 200))]) * of.randrange(1501, 9000)
        elif kind == 2:
            yield of.randbytes(of.randrange(1, 1500))
        elif kind == 3:
            yield _stun(of, username)
        elif kind == 4:
            yield _dtls(of)
        elif kind == 5:
            yield _rtp(of, ssrcs)
        elif kind == 6:
            yield _rtcp(of, ssrcs)
        elif kind == 7:
            yield of.choice(real)
        else:
            yield _flipped(of, of.choice(real))
