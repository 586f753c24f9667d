"""A socket that counts media in the kernel, on loopback."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from benchmarks.edge import packet_filter

RTP = bytes([0x80, 96]) + bytes(30)
MARKED = bytes([0x80, 0x80 | 96]) + bytes(30)
RTCP = bytes([0x80, 200]) + bytes(30)
STUN = bytes([0, 1]) + bytes(18)
DTLS = bytes([22, 254]) + bytes(18)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A filtered receiver, and a sender to it."""
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with receiver, sender:
        receiver.bind(("127.0.0.1", 0))
        receiver.setblocking(False)
        packet_filter.attach(receiver)
        sender.connect(receiver.getsockname())
        yield receiver, sender


def received(receiver: socket.socket) -> list[bytes]:
    found: list[bytes] = []
    while True:
        try:
            data, at_ns, _ = packet_filter.receive(receiver)
        except BlockingIOError:
            return found
        assert abs(time.time_ns() - at_ns) < 10**10
        found.append(data)


def test_what_is_no_media_comes_through(pair: tuple[socket.socket, socket.socket]) -> None:
    receiver, sender = pair
    for data in (STUN, DTLS, RTCP, b"\xc0" * 20):
        sender.send(data)
    assert received(receiver) == [STUN, DTLS, RTCP, b"\xc0" * 20]
    assert packet_filter.dropped(receiver) == 0


@pytest.mark.parametrize("packet", [RTP, MARKED])
def test_media_is_counted_and_sampled(
    pair: tuple[socket.socket, socket.socket], packet: bytes
) -> None:
    receiver, sender = pair
    let_through = 0
    for _ in range(100):
        for _ in range(10):
            sender.send(packet)
        let_through += len(received(receiver))
    assert packet_filter.dropped(receiver) + let_through == 1000
    # A binomial of 1,000 and 1/16: 62 on average, 8 standard deviations on either side.
    assert 2 < let_through < 122


def test_no_packet_is_too_short_for_it(pair: tuple[socket.socket, socket.socket]) -> None:
    receiver, sender = pair
    for data in (b"", b"\x80", b"\x01"):
        sender.send(data)
    sender.send(STUN)
    assert STUN in received(receiver)
