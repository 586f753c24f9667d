"""Debian's redis-server as people run it: with a password, TLS, Sentinels, a cluster."""

from __future__ import annotations

import contextlib
import shutil
import socket
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from benchmarks.redis_server import RedisServer
from benchmarks.waiting import until

_START_S = 30.0


def binary() -> str:
    """The server's program; skips the test where there is none."""
    found = shutil.which("redis-server")
    if found is None:
        pytest.skip("redis-server is not installed (make browser installs it)")
    return found


def free_ports(number: int) -> list[int]:
    """Ports that nobody listens on; below 55536, since a cluster's bus takes the port + 10000."""
    found: list[int] = []
    with contextlib.ExitStack() as stack:
        while len(found) < number:
            probe = stack.enter_context(socket.socket())
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
            bus = stack.enter_context(socket.socket())
            with contextlib.suppress(OSError, OverflowError):
                bus.bind(("127.0.0.1", port + 10_000))
                found.append(port)
    return found


class Server(RedisServer):
    """One process; the test is skipped where there is no program."""

    def start(self) -> None:
        binary()
        super().start()


def wait_for(condition: Callable[[], bool], timeout_s: float = _START_S) -> None:
    """Returns as soon as it is true."""
    until("what the servers are to do", condition, timeout_s)


@contextlib.contextmanager
def running(*servers: Server) -> Iterator[None]:
    """Runs all of them until the block ends."""
    try:
        for server in servers:
            server.start()
        for server in servers:
            server.until_up()
        yield
    finally:
        for server in servers:
            server.kill()


class Cluster:
    """Three masters, and a replica of each if ``replicas``."""

    def __init__(self, folder: Path, *, replicas: bool = False) -> None:
        options = (
            "--cluster-enabled",
            "yes",
            "--cluster-node-timeout",
            "1000",
            "--cluster-replica-validity-factor",
            "0",
            "--repl-diskless-sync-delay",
            "0",
        )
        ports = free_ports(6 if replicas else 3)
        self.servers = [Server(folder, port, *options) for port in ports]
        self.url = "redis+cluster://" + ",".join(f"127.0.0.1:{port}" for port in ports[:3])

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Runs it until the block ends, from when all slots are served."""
        with running(*self.servers):
            masters, replicas = self.servers[:3], self.servers[3:]
            bounds = [0, 5461, 10923, 16384]
            for number, server in enumerate(masters):
                server.ask("CONFIG", "SET", "cluster-require-full-coverage", "no")
                server.ask("CLUSTER", "SET-CONFIG-EPOCH", str(number + 1))
                first, end = bounds[number], bounds[number + 1]
                server.ask("CLUSTER", "ADDSLOTSRANGE", str(first), str(end - 1))
            for server in self.servers[1:]:
                server.ask("CLUSTER", "MEET", "127.0.0.1", str(masters[0].port))
            self._until_ok()
            for master, replica in zip(masters, replicas, strict=False):
                name = (master.ask("CLUSTER", "MYID") or "").split("\r\n")[1]
                wait_for(partial(_follows, replica, name))
            for replica in replicas:
                wait_for(partial(_is_in_step, replica))
            yield

    def _until_ok(self) -> None:
        def knows(server: Server) -> bool:
            said = server.ask("CLUSTER", "INFO") or ""
            return "cluster_state:ok" in said and f"nodes:{len(self.servers)}" in said

        for server in self.servers:
            wait_for(partial(knows, server))


def _follows(replica: Server, name: str) -> bool:
    return "OK" in (replica.ask("CLUSTER", "REPLICATE", name) or "")


def _is_in_step(replica: Server) -> bool:
    return "master_link_status:up" in (replica.ask("INFO") or "")


class Sentinels:
    """A master, a replica and three Sentinels that watch over them."""

    def __init__(self, folder: Path, *, down_ms: int = 600) -> None:
        ports = free_ports(5)
        fast = ("--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1")
        self.data = [
            Server(folder, ports[0], *fast),
            Server(folder, ports[1], *fast, "--replicaof", "127.0.0.1", str(ports[0])),
        ]
        self.sentinels = []
        for port in ports[2:]:
            config = folder / f"sentinel-{port}.conf"
            config.write_text(
                f"sentinel monitor main 127.0.0.1 {ports[0]} 2\n"
                f"sentinel down-after-milliseconds main {down_ms}\n"
                "sentinel failover-timeout main 3000\n"
                "sentinel parallel-syncs main 1\n"
            )
            self.sentinels.append(Server(folder, port, "--sentinel", config=config))
        hosts = ",".join(f"127.0.0.1:{port}" for port in ports[2:])
        self.url = f"redis+sentinel://{hosts}/main"

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Runs them from when the replica is in step and known to each Sentinel, and they to each
        other.
        """
        with running(*self.data, *self.sentinels):
            wait_for(partial(_is_in_step, self.data[1]))
            for sentinel in self.sentinels:
                wait_for(partial(self._is_ready, sentinel))
            yield

    @staticmethod
    def _is_ready(sentinel: Server) -> bool:
        said = sentinel.ask("INFO", "sentinel") or ""
        return "slaves=1,sentinels=3" in said
