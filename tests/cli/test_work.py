"""``sharpcast work``: its check, and a worker that starts and stops alone."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from benchmarks.waiting import until
from tests.cli.command import SHARPCAST, Process, assert_one_sentence, environment, sharpcast
from tests.redis_servers import Server, free_ports, running
from wire.connection import connect
from wire.embedded import EmbeddedServer
from wire.heartbeat import Heartbeats, WorkerBeat


def test_a_worker_check_without_redis_fails_in_a_sentence(tmp_path: Path) -> None:
    result = sharpcast("work", "--check", redis_url=f"unix://{tmp_path}/nothing.sock")
    assert result.returncode == 1
    assert_one_sentence(result.stderr)


def test_a_worker_check_that_redis_refuses_says_what_to_set(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    with running(Server(tmp_path, port, "--requirepass", "secret")):
        result = sharpcast("work", "--check", redis_url=f"redis://127.0.0.1:{port}")
    assert result.returncode == 2
    last = result.stderr.strip().splitlines()[-1]
    assert last == "sharpcast: SHARPCAST_REDIS_URL: the Redis server asks for a password."


async def beats(url: str, prefix: str = "") -> list[WorkerBeat]:
    client = connect(url, prefix=prefix)
    try:
        return await Heartbeats(client).list()
    finally:
        await client.aclose()


@pytest.mark.e2e
def test_a_worker_alone_shows_itself_below_its_prefix_and_leaves_at_sigterm(
    tmp_path: Path, redis_server: EmbeddedServer
) -> None:
    settings = {"redis_url": redis_server.url, "redis_prefix": "west:", "worker_name": "w7"}
    worker = Process(tmp_path, "work", [*SHARPCAST, "work"], environment(**settings))
    try:

        def shown() -> list[WorkerBeat]:
            assert worker.popen.poll() is None, worker.text
            return asyncio.run(beats(redis_server.url, "west:"))

        (found,) = until("a heartbeat", shown)
        # Large pages are had by starting anew in place, so the process stays the same one.
        assert (found.name, found.pid) == ("w7", worker.popen.pid)
        assert asyncio.run(beats(redis_server.url)) == []
        check = sharpcast("work", "--check", **settings)
        assert (check.returncode, check.stdout) == (0, "w7\n"), check.stderr
        elsewhere = sharpcast("work", "--check", redis_url=redis_server.url)
        assert elsewhere.returncode == 1
        assert worker.end(signal.SIGTERM) == 0
        assert asyncio.run(beats(redis_server.url, "west:")) == []
    finally:
        worker.kill()
