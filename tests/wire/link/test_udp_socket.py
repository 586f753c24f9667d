"""Real sockets on loopback: datagrams by the batch, with the time at which they came."""

from __future__ import annotations

import contextlib
import socket
import sys
import time
from collections.abc import Iterator

import pytest

from wire.link.udp_socket import MAX_READS, Address, UdpSocket, bound_socket
from wire.udp_segments import MAX_SEGMENTS

Taken = list[tuple[bytes, Address, float]]
WAIT_S = 5.0


@contextlib.contextmanager
def pair() -> Iterator[tuple[UdpSocket, UdpSocket]]:
    one, other = (UdpSocket(bound_socket("127.0.0.1")) for _ in range(2))
    try:
        yield one, other
    finally:
        one.close()
        other.close()


def receive(udp: UdpSocket, count: int) -> Taken:
    """Takes until ``count`` datagrams are there."""
    taken: Taken = []
    until = time.monotonic() + WAIT_S
    while len(taken) < count and time.monotonic() < until:
        udp.receive(
            lambda data, address, at: taken.append((bytes(data), address, at)),
            now=time.monotonic(),
        )
    return taken


def place(udp: UdpSocket) -> Address:
    return "127.0.0.1", udp.port


@pytest.mark.parametrize(
    "sizes",
    [
        [10],
        [1200] * 5,
        [1200] * 5 + [300],
        [300] + [1200] * 5,
        [1200, 1200, 300, 300, 300, 1200, 5],
        [1200] * (2 * MAX_SEGMENTS + 1),
        [1] * 100,
    ],
)
def test_datagrams_arrive_as_they_were_sent(sizes: list[int]) -> None:
    sent = [bytes([number % 251]) * size for number, size in enumerate(sizes)]
    with pair() as (one, other):
        one.send(sent, place(other))
        taken = receive(other, len(sent))
        assert [data for data, _, _ in taken] == sent
        assert {address for _, address, _ in taken} == {place(one)}
        assert one.unsent == 0


def test_what_waited_to_be_read_tells_when_it_came() -> None:
    with pair() as (one, other):
        before = time.monotonic()
        one.send([b"early"], place(other))
        after = time.monotonic()
        time.sleep(0.05)
        one.send([b"late"], place(other))
        (_, _, early), (_, _, late) = receive(other, 2)
        if sys.platform == "linux":
            assert before - 0.001 <= early <= after + 0.001
        assert late >= early


def test_what_comes_after_the_turn_began_did_not_come_before_it_was_sent() -> None:
    with pair() as (one, other):
        turn = time.monotonic()
        time.sleep(0.03)
        sent_at = time.monotonic()
        one.send([b"x"], place(other))
        taken: Taken = []
        other.receive(lambda data, address, at: taken.append((bytes(data), address, at)), now=turn)
        # An arrival before its sending would be the shortest delay of this path for a minute.
        assert [at >= sent_at - 0.001 for _, _, at in taken] == [True] * len(taken)


def test_a_turn_reads_so_much_and_no_more() -> None:
    with pair() as (one, other):
        for number in range(MAX_READS + 5):
            one.send([bytes([number])], place(other))
        turns = [other.receive(lambda *_: None, now=time.monotonic()) for _ in range(3)]
        assert turns == [MAX_READS, 5, 0]


def test_a_system_that_cuts_no_datagrams_gets_them_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A segment of no bytes is refused, as all are by a system that knows none.
    monkeypatch.setattr("wire.udp_segments._SIZE", ZeroSize())
    sent = [b"a" * 50] * 4 + [b"b"]
    with pair() as (one, other):
        for _ in range(2):
            one.send(sent, place(other))
            assert [data for data, _, _ in receive(other, len(sent))] == sent
        assert one.unsent == 0


class ZeroSize:
    """Packs what the kernel does not take."""

    def pack(self, _: int) -> bytes:
        return b"\0"


def test_what_the_system_does_not_take_is_counted() -> None:
    with pair() as (one, other):
        one.send([bytes(70_000)], place(other))
        assert one.unsent == 1
        one.send([b"x"], ("127.0.0.1", 0))
        assert one.unsent == 2


def test_an_address_in_use_is_refused_and_leaves_no_socket() -> None:
    with bound_socket("127.0.0.1") as first, pytest.raises(OSError):
        bound_socket("127.0.0.1", first.getsockname()[1])
    with pytest.raises(socket.gaierror):
        bound_socket("no.such.host.invalid")
