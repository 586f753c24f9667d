"""The search for the master, with Sentinels that answer as the test tells them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

import hiredis
import pytest

from wire.address import parse_address
from wire.errors import ServerAway, ServerRefuses
from wire.sentinel import ANSWER_S, Master

PORT = 7000


def master_row(name: str = "main", *, port: int = PORT, flags: str = "master") -> list[str]:
    """One service as ``SENTINEL MASTERS`` shows it: names and values in turn."""
    fields = {
        "name": name, "ip": "10.0.0.7", "port": str(port), "flags": flags,
        "num-other-sentinels": "2", "num-slaves": "1", "quorum": "2",
    }  # fmt: skip
    return [word for pair in fields.items() for word in pair]


class SmallSentinel:
    """A server that speaks as much of the protocol as a Sentinel is asked for."""

    def __init__(self) -> None:
        self.rows = [master_row()]
        self.password = ""
        "What ``AUTH`` has to give; empty: the Sentinel has none."
        self.hangs = False
        self.asked = 0
        "Times that it was asked for masters."
        self.port = 0

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[SmallSentinel]:
        """Listens on a free port of loopback until the block ends."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        parser, is_in = hiredis.Reader(encoding="utf-8"), not self.password
        while data := await reader.read(4096):
            parser.feed(data)
            while words := parser.gets():
                if words[0].upper() == "AUTH":
                    is_in = words[-1] == self.password
                    writer.write(b"+OK\r\n" if is_in else b"-WRONGPASS invalid password\r\n")
                elif not is_in:
                    writer.write(b"-NOAUTH Authentication required.\r\n")
                elif words[0].upper() != "SENTINEL":
                    writer.write(b"+OK\r\n")
                else:
                    self.asked += 1
                    if not self.hangs:
                        writer.write(b"".join(_encoded(self.rows)))
        writer.close()


def _encoded(value: list[list[str]] | list[str] | str) -> Iterator[bytes]:
    if isinstance(value, str):
        yield f"${len(value)}\r\n{value}\r\n".encode()
        return
    yield f"*{len(value)}\r\n".encode()
    for each in value:
        yield from _encoded(each)


@contextlib.asynccontextmanager
async def asking(*ports: int, login: str = "") -> AsyncIterator[Master]:
    hosts = ",".join(f"127.0.0.1:{port}" for port in ports)
    master = Master(parse_address(f"redis+sentinel://{hosts}/main{login}"))
    try:
        yield master
    finally:
        await master.aclose()


async def test_the_master_of_the_service_is_found() -> None:
    sentinel = SmallSentinel()
    sentinel.rows = [master_row("other", port=1), master_row()]
    async with sentinel.running(), asking(sentinel.port) as master:
        assert await master.find() == ("10.0.0.7", PORT)


async def test_many_who_ask_at_once_or_soon_after_cost_one_question() -> None:
    sentinel = SmallSentinel()
    async with sentinel.running(), asking(sentinel.port) as master:
        found = await asyncio.gather(*(master.find() for _ in range(20)))
        found += [await master.find() for _ in range(3)]
        assert set(found) == {("10.0.0.7", PORT)}
        assert sentinel.asked == 1


async def test_after_a_fail_over_the_new_master_is_found() -> None:
    sentinel = SmallSentinel()
    async with sentinel.running(), asking(sentinel.port) as master:
        await master.find()
        sentinel.rows = [master_row(port=PORT + 1)]
        async with asyncio.timeout(5):
            while await master.find() != ("10.0.0.7", PORT + 1):  # noqa: ASYNC110 - time passes
                await asyncio.sleep(0.01)
        assert sentinel.asked == 2


async def test_whoever_is_cancelled_takes_the_answer_from_nobody() -> None:
    sentinel = SmallSentinel()
    async with sentinel.running(), asking(sentinel.port) as master:
        first = asyncio.ensure_future(master.find())
        second = asyncio.ensure_future(master.find())
        await asyncio.sleep(0)
        first.cancel()
        assert await second == ("10.0.0.7", PORT)
        assert first.cancelled() and sentinel.asked == 1


async def test_a_sentinel_that_is_gone_is_passed_over() -> None:
    sentinel = SmallSentinel()
    async with sentinel.running(), asking(1, sentinel.port) as master:
        assert await master.find() == ("10.0.0.7", PORT)


async def test_a_sentinel_that_hangs_costs_its_time_once() -> None:
    hanging, sentinel = SmallSentinel(), SmallSentinel()
    hanging.hangs = True
    loop = asyncio.get_running_loop()
    async with hanging.running(), sentinel.running(), asking(hanging.port, sentinel.port) as master:
        began = loop.time()
        assert await master.find() == ("10.0.0.7", PORT)
        assert ANSWER_S <= loop.time() - began < 3 * ANSWER_S
        await asyncio.sleep(0.15)
        # The one that answered is asked first from now on.
        assert await master.find() == ("10.0.0.7", PORT)
        assert (hanging.asked, sentinel.asked) == (1, 2)


@pytest.mark.parametrize("flags", ["master,s_down", "master,o_down,s_down", "slave"])
async def test_a_master_that_is_down_is_none(flags: str) -> None:
    sentinel = SmallSentinel()
    sentinel.rows = [master_row(flags=flags)]
    async with sentinel.running(), asking(sentinel.port) as master:
        with pytest.raises(ServerAway, match="no Sentinel knows a master named main"):
            await master.find()


async def test_an_unknown_service_is_named_and_found_once_it_is_there() -> None:
    sentinel = SmallSentinel()
    sentinel.rows = [master_row("other")]
    async with sentinel.running(), asking(sentinel.port) as master:
        with pytest.raises(ServerAway, match="a master named main"):
            await master.find()
        sentinel.rows.append(master_row())
        await asyncio.sleep(0.15)
        assert await master.find() == ("10.0.0.7", PORT)


async def test_without_any_sentinel_the_server_is_away() -> None:
    async with asking(1) as master:
        with pytest.raises(ServerAway):
            await master.find()


async def test_the_sentinels_own_login_gets_in() -> None:
    sentinel = SmallSentinel()
    sentinel.password = "s3cret"
    async with (
        sentinel.running(),
        asking(sentinel.port, login="?sentinel_password=s3cret") as master,
    ):
        assert await master.find() == ("10.0.0.7", PORT)


@pytest.mark.parametrize("login", ["", "?sentinel_password=wr0ng"])
async def test_a_refused_login_is_said_without_the_password(login: str) -> None:
    sentinel = SmallSentinel()
    sentinel.password = "s3cret"
    async with sentinel.running(), asking(sentinel.port, login=login) as master:
        with pytest.raises(ServerRefuses, match="the Sentinels refuse the login") as caught:
            await master.find()
        assert "sentinel_password=." in str(caught.value) and "wr0ng" not in str(caught.value)


async def test_closing_ends_a_question_that_hangs_and_may_be_done_twice() -> None:
    sentinel = SmallSentinel()
    sentinel.hangs = True
    async with sentinel.running(), asking(sentinel.port) as master:
        waiting = asyncio.ensure_future(master.find())
        while not sentinel.asked:  # noqa: ASYNC110 - a counter, no event
            await asyncio.sleep(0.005)
        await master.aclose()
        await master.aclose()
        with pytest.raises(asyncio.CancelledError):
            await waiting
