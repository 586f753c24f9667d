"""Whether a worker of this machine is alive."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cli.errors import CliError
from cli.healthcheck import check_worker
from tests.cli.beats import beat
from tests.redis_servers import Server, free_ports, running
from wire import keys
from wire.connection import Redis, command, connect
from wire.embedded import EmbeddedServer
from wire.errors import ServerRefuses
from wire.heartbeat import Heartbeats, WorkerBeat

HOST = socket.gethostname()
NONE_HERE = r"^No worker of this machine has a heartbeat\.$"


def show(server: EmbeddedServer, *beats: WorkerBeat, prefix: str = "") -> None:
    """Shows these workers and no others."""

    async def write() -> None:
        client = connect(server.url, prefix=prefix)
        await command(client, "FLUSHALL")
        for each in beats:
            await Heartbeats(client).beat(each)
        await client.aclose()

    asyncio.run(write())


def ended_process() -> int:
    """The id of a process that is no more."""
    with subprocess.Popen([sys.executable, "-c", ""]) as child:
        child.wait()
    return child.pid


def test_the_workers_whose_processes_run_here_are_printed(
    redis_server: EmbeddedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    show(
        redis_server,
        beat("b", host=HOST, pid=os.getpid()),
        beat("a", host=HOST, pid=os.getppid()),
        beat("far", host="elsewhere", pid=os.getpid()),
        beat("gone", host=HOST, pid=ended_process()),
    )
    check_worker(redis_server.url)
    assert capsys.readouterr().out == "a, b\n"


@pytest.mark.parametrize("place", ["nobody", "elsewhere", "ended"])
def test_nobody_here_is_a_failure(redis_server: EmbeddedServer, place: str) -> None:
    others = {
        "nobody": [],
        "elsewhere": [beat("far", host="elsewhere", pid=os.getpid())],
        "ended": [beat("gone", host=HOST, pid=ended_process())],
    }
    show(redis_server, *others[place])
    with pytest.raises(CliError, match=NONE_HERE):
        check_worker(redis_server.url)


def test_a_worker_of_another_prefix_does_not_count(redis_server: EmbeddedServer) -> None:
    show(redis_server, beat("w", host=HOST, pid=os.getpid()), prefix="west:")
    with pytest.raises(CliError, match=NONE_HERE):
        check_worker(redis_server.url)
    with pytest.raises(CliError, match=NONE_HERE):
        check_worker(redis_server.url, "east:")
    check_worker(redis_server.url, "west:")


async def test_a_heartbeat_that_cannot_be_read_hides_no_other(
    redis_server: EmbeddedServer, redis_client: Redis, capsys: pytest.CaptureFixture[str]
) -> None:
    await command(redis_client, "SET", redis_client.key(keys.worker("x")), "text")
    await command(redis_client, "HSET", redis_client.key(keys.worker("y")), "beat", "{")
    await Heartbeats(redis_client).beat(beat("z", host=HOST, pid=os.getpid()))
    await asyncio.to_thread(check_worker, redis_server.url)
    assert capsys.readouterr().out == "z\n"


def test_a_server_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CliError, match=r"^Redis does not answer\.$"):
        check_worker(f"unix://{tmp_path}/nothing.sock")


def test_a_server_that_asks_for_a_password_says_so(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    with running(Server(tmp_path, port, "--requirepass", "secret")):
        with pytest.raises(ServerRefuses, match="asks for a password"):
            check_worker(f"redis://127.0.0.1:{port}")
        with pytest.raises(CliError, match=NONE_HERE):
            check_worker(f"redis://:secret@127.0.0.1:{port}")
