"""The UDP socket of all peers, over loopback: ``udp_port.py``."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Iterator, Sequence

import pytest

from app.ice.lite_agent import Address, Path
from app.webrtc.udp_port import MAX_READS, MAX_WAITING_BYTES, UdpPort, bind_udp
from tests.app.peers import until
from wire.udp_segments import CAN_CUT


class Ends:
    """A port and a client's socket."""

    def __init__(self) -> None:
        self.taken: list[tuple[bytes, Path]] = []
        self.port = UdpPort(bind_udp("127.0.0.1", 0), self._take)
        self.client = bind_udp("127.0.0.1", 0)
        self.client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)

    def _take(self, data: bytes, path: Path, now: float) -> None:
        self.taken.append((data, path))

    @property
    def address(self) -> Address:
        return self.client.getsockname()  # type: ignore[no-any-return]

    @property
    def place(self) -> Address:
        return self.port.host, self.port.port

    def received(self) -> list[bytes]:
        """What came to the client so far."""
        found = []
        while True:
            try:
                found.append(self.client.recv(2000))
            except BlockingIOError:
                return found


@pytest.fixture
async def ends() -> Iterator[Ends]:  # type: ignore[misc]
    made = Ends()
    yield made
    made.port.close()
    made.client.close()


async def test_datagrams_are_handed_on_with_their_path(ends: Ends) -> None:
    ends.client.sendto(b"one", ends.place)
    ends.client.sendto(b"", ends.place)
    await until(lambda: len(ends.taken) == 2)
    assert ends.taken == [(b"one", (ends.port, ends.address)), (b"", (ends.port, ends.address))]


async def test_many_are_read_in_one_turn_but_not_all(ends: Ends) -> None:
    for number in range(MAX_READS + 10):
        ends.client.sendto(bytes([number]), ends.place)
    turns: list[int] = []
    async with asyncio.timeout(5):
        while len(ends.taken) < MAX_READS + 10:
            await asyncio.sleep(0)
            turns.append(len(ends.taken))
    assert MAX_READS in turns
    assert [data[0] for data, _ in ends.taken] == list(range(MAX_READS + 10))


async def test_what_is_longer_than_a_packet_is_seen_to_be(ends: Ends) -> None:
    ends.client.sendto(bytes(9000), ends.place)
    await until(lambda: ends.taken)
    assert len(ends.taken[0][0]) > 1500


@pytest.mark.parametrize(
    "sizes", [[10], [1200] * 20, [1200] * 20 + [7], [5, 1200, 1200, 30, 30, 30], [1400] * 60]
)
async def test_datagrams_leave_in_their_order(ends: Ends, sizes: list[int]) -> None:
    sent = [bytes([n % 251]) * size for n, size in enumerate(sizes)]
    ends.port.send(sent, ends.address)
    assert ends.received() == sent
    assert ends.port.unsent == 0


class Stubborn:
    """A socket that takes nothing, or no runs, for a while."""

    def __init__(self, real: socket.socket) -> None:
        self._real = real
        self.error: int | None = None
        self.only_runs = False
        self.calls = 0

    def _fail(self) -> None:
        self.calls += 1
        if self.error is not None:
            raise OSError(self.error, "no")

    def sendto(self, data: bytes, address: Address) -> int:
        if not self.only_runs:
            self._fail()
        return self._real.sendto(data, address)

    def sendmsg(self, run: Sequence[bytes], told: object, flags: int, address: Address) -> int:
        self._fail()
        return self._real.sendmsg(run, told, flags, address)  # type: ignore[arg-type]

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)


@pytest.fixture
def stubborn(ends: Ends) -> Stubborn:
    made = Stubborn(ends.port._udp)
    ends.port._udp = made  # type: ignore[assignment]
    return made


async def test_what_does_not_fit_leaves_later_in_its_order(ends: Ends, stubborn: Stubborn) -> None:
    stubborn.error = errno.EAGAIN
    ends.port.send([b"one", b"two"], ends.address)
    ends.port.send([b"three"], ends.address)
    assert ends.received() == []
    stubborn.error = None
    found: list[bytes] = []
    async with asyncio.timeout(5):
        while len(found) < 3:
            await asyncio.sleep(0.001)
            found += ends.received()
    assert found == [b"one", b"two", b"three"]
    assert ends.port.unsent == 0
    ends.port.send([b"four"], ends.address)
    assert ends.received() == [b"four"]


async def test_what_is_too_much_to_wait_is_dropped_and_counted(
    ends: Ends, stubborn: Stubborn
) -> None:
    stubborn.error = errno.EAGAIN
    batch = [bytes(1000)] * 100
    kept = MAX_WAITING_BYTES // 100_000
    for _ in range(kept + 3):
        ends.port.send(batch, ends.address)
    assert ends.port.unsent == 300
    assert ends.port._waiting_bytes == kept * 100_000


async def test_an_address_that_cannot_be_reached_costs_its_own_datagrams(ends: Ends) -> None:
    ends.port.send([b"x" * 10] * 3, ("127.0.0.1", 0))
    assert ends.port.unsent == 3
    ends.port.send([b"y" * 10] * 3, ends.address)
    assert ends.received() == [b"y" * 10] * 3
    assert ends.port._cuts is CAN_CUT


@pytest.mark.parametrize(("error", "goes_on"), [(errno.EMSGSIZE, True), (errno.EIO, False)])
async def test_where_runs_cannot_be_cut_datagrams_leave_one_by_one(
    ends: Ends, stubborn: Stubborn, error: int, goes_on: bool
) -> None:
    stubborn.error, stubborn.only_runs = error, True
    ends.port.send([b"x" * 10] * 5, ends.address)
    assert ends.received() == [b"x" * 10] * 5
    assert stubborn.calls == 1
    ends.port.send([b"x" * 10] * 5, ends.address)
    assert stubborn.calls == 1 + goes_on
    assert ends.port.unsent == 0


async def test_a_closed_port_reads_nothing_and_may_be_closed_again(ends: Ends) -> None:
    place = ends.place
    ends.port.close()
    ends.port.close()
    with bind_udp("127.0.0.1", place[1]) as again:
        assert again.getsockname() == place


def test_an_address_of_nobody_here_cannot_be_bound() -> None:
    with pytest.raises(OSError, match="assign"):
        bind_udp("192.0.2.77", 0)
    with bind_udp("127.0.0.1", 0) as taken, pytest.raises(OSError, match="in use"):
        bind_udp("127.0.0.1", taken.getsockname()[1])
