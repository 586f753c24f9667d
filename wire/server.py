"""One Redis server, or the master of a set of Sentinels: connections, time limits, errors.

A blocking read needs a connection of its own for its duration; the pool gives it one. Whoever
calls meets ``REDIS_DOWN`` while the server is away, full or refuses us, and tries again at its own
pace; that it is full or refuses is logged here, once in a while.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Any

import hiredis
import redis.asyncio
import redis.exceptions

from wire.address import Address, AddressKind
from wire.errors import DamagedKey, ServerAway, ServerFull, ServerRefuses
from wire.redis_errors import classed
from wire.sentinel import Master

log = logging.getLogger(__name__)

SCAN_PAGE = 200
"""Keys that the server examines in one step of a scan."""

SAY_AGAIN_S = 60.0
"""A refusal, or that the server is full, is logged at most this often."""

MANY_COMMANDS = 100
"""Commands that go out together: their answers are read and parsed in some 5 ms."""

Command = Sequence[bytes | str | int | float]

_ASKING = b"*1\r\n$6\r\nASKING\r\n"


class Redis:
    """A server's connections, each made when it is first needed. For one event loop.

    The library connects (TLS, passwords, Sentinels) and knows the errors; its own way of running
    a command takes five times as many calls, which a worker feels at thirty frames per second.
    ``command_s`` is how long a command may take, connecting and blocking included; then it meets
    ``TimeoutError``. ``most`` connections are open at once; a command that would need one more
    meets ``ServerAway``.
    """

    def __init__(
        self,
        address: Address,
        *,
        place: tuple[str, int] | None = None,
        prefix: str,
        command_s: float,
        most: int,
    ) -> None:
        self.prefix = prefix
        "Stands before the name of every key of this installation."
        self._command_s = command_s
        self._most = most
        self._in_cluster = address.kind is AddressKind.CLUSTER
        self._master = Master(address) if address.kind is AddressKind.SENTINEL else None
        self._pool: Any = _pool(address, place or (address.hosts or (("", 0),))[0])
        self._idle: list[Any] = []
        self._busy: dict[Any, tuple[float, asyncio.Task[Any]]] = {}
        "Deadline of each connection's command by the loop's clock, and its task; oldest first."
        self._overdue: set[asyncio.Task[Any]] = set()
        "Cancelled by us."
        self._timer: asyncio.TimerHandle | None = None
        self._said: dict[type[Exception], float] = {}
        "Time at which trouble of this class was logged, by the loop's clock."

    def key(self, name: str) -> str:
        """Returns the key of that name (``wire/keys.py``) in this installation."""
        return self.prefix + name

    async def time(self, name: str) -> tuple[bytes, bytes]:
        """Returns seconds and microseconds by the clock of the server that holds that key."""
        seconds, micros = await self.execute("TIME")
        return seconds, micros

    async def of_each_server(self, *args: bytes | str | int | float) -> list[Any]:
        """Returns the answers of all servers that hold keys to one command without any."""
        return [await server.execute(*args) for server in await self._servers()]

    async def scan(self, pattern: str) -> list[bytes]:
        """Returns whole keys of this installation whose names match; one may come twice."""
        found: list[bytes] = []
        for server in await self._servers():
            # A cursor holds for one server only, so each master of a cluster is scanned on its own.
            cursor = b"0"
            while True:
                cursor, names = await server.execute(
                    "SCAN", cursor, "MATCH", self.key(pattern), "COUNT", SCAN_PAGE
                )
                found += names
                if cursor == b"0":
                    break
        return found

    async def _servers(self) -> list[Redis]:
        """Returns the servers that hold keys."""
        return [self]

    async def execute(self, *args: bytes | str | int | float, asking: bool = False) -> Any:
        """Runs one command; raises what the server answers, if that is an error.

        ``asking`` is for a slot of a cluster that is on its way to the server.
        """
        packed: bytes = hiredis.pack_command(args)  # type: ignore[arg-type]  # It takes any number.
        return await self._exchange(packed, asking=asking)

    async def answers(self, commands: Sequence[Command]) -> AsyncIterator[Any]:
        """Yields the answers to commands, in order; DamagedKey for a key of another kind.

        ``MANY_COMMANDS`` at a time go out together, which costs a tenth of one by one, and the loop
        turns between them. Nothing says that all of them run. Raises what ``execute`` does.
        """
        for begin in range(0, len(commands), MANY_COMMANDS):
            for answer in await self._several(commands[begin : begin + MANY_COMMANDS]):
                yield answer

    async def _several(self, commands: Sequence[Command]) -> list[Any]:
        packed = b"".join(hiredis.pack_command(each) for each in commands)  # type: ignore[arg-type]
        found: list[Any] = await self._exchange(packed, answers=len(commands))
        return found

    async def _exchange(self, packed: bytes, *, answers: int = 0, asking: bool = False) -> Any:
        """Sends what is packed and returns the answer, or a list of so many."""
        task = asyncio.current_task()
        assert task is not None
        cancelling, connection = task.cancelling(), self._take(task)
        try:
            # What waits in an idle connection is the server's farewell.
            if connection.is_connected and await connection.can_read():
                await connection.disconnect(nowait=True)
            if self._master is not None and not connection.is_connected:
                await self._aim(connection, self._master)
            if asking:
                await connection.send_packed_command((_ASKING,), check_health=False)
                await connection.read_response()
            # Both close the connection if they fail or are cancelled, and sending opens it.
            await connection.send_packed_command((packed,), check_health=False)
            if answers:
                return await self._answers(connection, answers)
            return await connection.read_response()
        except asyncio.CancelledError:
            # Where somebody else cancelled the task as well, it must end: that is no time-out.
            if task in self._overdue and task.cancelling() - 1 <= cancelling:
                raise TimeoutError(f"no answer from Redis within {self._command_s} s") from None
            raise
        except redis.exceptions.RedisError as error:
            ours = classed(error, in_cluster=self._in_cluster)
            if ours is error:
                raise
            if self._master is not None and isinstance(ours, ServerAway):
                await connection.disconnect(nowait=True)  # it may be the master no longer
            self._say(ours)
            raise ours from error
        finally:
            if task in self._overdue:
                self._overdue.discard(task)
                task.uncancel()
            del self._busy[connection]
            self._idle.append(connection)

    async def _answers(self, connection: Any, count: int) -> list[Any]:
        """Reads answers; DamagedKey stands in its place, another error is raised."""
        found: list[Any] = []
        fault: Exception | None = None
        for _ in range(count):
            try:
                found.append(await connection.read_response())
            except redis.exceptions.ResponseError as error:
                ours = classed(error, in_cluster=self._in_cluster)
                found.append(ours)
                # The other answers are on their way, and the next command must not read them.
                if not isinstance(ours, (DamagedKey, redis.exceptions.AskError)):
                    fault = fault or error
        if fault is not None:
            raise fault
        return found

    async def aclose(self) -> None:
        """Closes all connections; a later command opens one again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for connection in (*self._idle, *self._busy):
            await connection.disconnect()
        if self._master is not None:
            await self._master.aclose()

    async def _aim(self, connection: Any, master: Master) -> None:
        """Points a closed connection at the master; closes the others that point elsewhere."""
        place = await master.find()
        connection.host, connection.port = place
        for other in (*self._idle, *self._busy):
            if other.is_connected and (other.host, other.port) != place:
                await other.disconnect(nowait=True)

    def _take(self, task: asyncio.Task[Any]) -> Any:
        if self._idle:
            connection = self._idle.pop()
        elif len(self._busy) < self._most:
            connection = self._pool.make_connection()
        else:
            raise ServerAway(f"{self._most} connections are in use")
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._command_s
        self._busy[connection] = (deadline, task)
        # One timer for all: what began first is overdue first.
        if self._timer is None:
            self._timer = loop.call_at(deadline, self._end_overdue, loop)
        return connection

    def say_full(self) -> None:
        """Logs that the server's memory is full, though a script of ours wrote all the same."""
        self._say(ServerFull("its memory; logs keep their last seconds only"))

    def _say(self, error: Exception) -> None:
        """Logs what an operator has to mend; a server that is away is its caller's affair."""
        if not isinstance(error, (ServerFull, ServerRefuses)):
            return
        now, kind = asyncio.get_running_loop().time(), type(error)
        if now - self._said.get(kind, -SAY_AGAIN_S) >= SAY_AGAIN_S:
            self._said[kind] = now
            is_full = kind is ServerFull
            text = f"Redis is full: {error}" if is_full else str(error)
            log.warning("%s", text, extra={"action": "redis_full" if is_full else "redis_refuses"})

    def _end_overdue(self, loop: asyncio.AbstractEventLoop) -> None:
        """Cancels overdue tasks as ``asyncio.Timeout`` does, which takes ten calls to set up."""
        self._timer = None
        now = loop.time()
        # All commands have the same limit and a dict keeps the order in which they began, so the
        # first that is not overdue ends the search.
        for deadline, task in self._busy.values():
            if deadline > now:
                self._timer = loop.call_at(deadline, self._end_overdue, loop)
                break
            if task not in self._overdue:
                self._overdue.add(task)
                task.cancel()


def _pool(address: Address, place: tuple[str, int]) -> Any:
    """Returns a pool that only makes connections; it never sends a command of its own accord."""
    if address.path:
        kind: Any = redis.asyncio.UnixDomainSocketConnection
        where: dict[str, Any] = {"path": address.path}
    else:
        kind = redis.asyncio.SSLConnection if address.is_tls else redis.asyncio.Connection
        where = {"host": place[0], "port": place[1]}
    return redis.asyncio.ConnectionPool(
        connection_class=kind,
        **where,
        **address.connection(),
        socket_connect_timeout=2.0,
        # ``command`` has the time limit. With one here the library wraps each write in
        # ``asyncio.wait_for``, which on Python 3.11 may swallow a cancellation (gh-86296).
        socket_timeout=None,
        health_check_interval=0,
        retry=None,
        retry_on_error=[],
        decode_responses=False,
        # With protocol 3 the answers to HGETALL and XREAD are maps, which no parser here expects.
        protocol=2,
        driver_info=None,  # or it would send CLIENT SETINFO, which a user may not be allowed
    )
