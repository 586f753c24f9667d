"""The children of ``sharpcast up``, one by one."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import psutil
import pytest

from cli.processes import keep_composer, keep_redis, keep_worker
from wire.connection import command, connect
from wire.embedded import EmbeddedServer
from wire.errors import BadSettings
from wire.jobs import LEASE_MS, JobQueue
from wire.settings import PREFIX, Settings, load_settings

SETTINGS = load_settings({})


def at(redis_url: str) -> Settings:
    return SETTINGS.model_copy(update={"redis_url": redis_url})


async def first(found: str, *, but: int = 0) -> psutil.Process:
    """The first child whose command line ends so, and whose id is another one."""
    async with asyncio.timeout(20):
        while True:
            for child in psutil.Process().children():
                try:
                    if child.pid != but and child.cmdline()[-1:] == [found]:
                        return child
                except psutil.Error:
                    continue
            await asyncio.sleep(0.02)


async def test_a_first_worker_that_refuses_its_settings_ends_everything(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(f"{PREFIX}WORKER_THREADS", "many")
    with pytest.raises(BadSettings, match=r"^The worker cannot work with these settings\.$"):
        await keep_worker(SETTINGS, "redis://127.0.0.1:9", asyncio.Event())
    # The worker's own line says which one.
    assert "SHARPCAST_WORKER_THREADS" in capfd.readouterr().err


async def test_a_worker_of_the_site_is_not_to_join_a_gateway(
    redis_server: EmbeddedServer,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(f"{PREFIX}JOIN", "127.0.0.1:9")
    monkeypatch.setenv(f"{PREFIX}JOIN_TOKEN", "a-token-of-twenty-letters")
    with pytest.raises(BadSettings):
        await keep_worker(SETTINGS, redis_server.url, asyncio.Event())
    assert "unset it or SHARPCAST_REDIS_URL" in capfd.readouterr().err


async def test_nothing_is_started_after_a_stop(redis_server: EmbeddedServer) -> None:
    stop = asyncio.Event()
    stop.set()
    await keep_worker(SETTINGS, redis_server.url, stop)
    assert not [c for c in psutil.Process().children() if c.cmdline()[-1:] == ["work"]]


async def test_a_worker_is_ended_by_the_stop_and_by_whoever_cancels(
    redis_server: EmbeddedServer,
) -> None:
    stop = asyncio.Event()
    keeping = asyncio.create_task(keep_worker(SETTINGS, redis_server.url, stop))
    worker = await first("work")
    assert os.getpgid(worker.pid) != os.getpgid(0), "Ctrl-C in a terminal would reach it"
    keeping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await keeping
    assert not worker.is_running()


async def test_a_worker_that_dies_is_followed_by_another_one_at_once(
    redis_server: EmbeddedServer, caplog: pytest.LogCaptureFixture
) -> None:
    stop = asyncio.Event()
    keeping = asyncio.create_task(keep_worker(SETTINGS, redis_server.url, stop))
    worker = await first("work")
    began = time.monotonic()
    worker.send_signal(signal.SIGKILL)
    second = await first("work", but=worker.pid)
    assert time.monotonic() - began < 5
    (line,) = [r for r in caplog.records if getattr(r, "action", "") == "worker_died"]
    assert line.getMessage() == "the worker ended (SIGKILL); a new one starts at once"
    stop.set()
    await keeping
    assert not second.is_running()


async def test_what_a_dead_worker_held_is_free_at_once(redis_server: EmbeddedServer) -> None:
    stop, name = asyncio.Event(), SETTINGS.worker_name
    keeping = asyncio.create_task(keep_worker(SETTINGS, redis_server.url, stop))
    worker = await first("work")
    client = connect(redis_server.url, prefix=SETTINGS.redis_prefix)
    held, other = (JobQueue(client, consumer=each) for each in (name, "other"))
    for queue in (held, other):
        await queue.claim(block_ms=1)
    await held.enqueue("cam1", "enhanced", 1)
    assert await held.claim(block_ms=100) is not None
    worker.send_signal(signal.SIGKILL)
    killed_at = time.monotonic()
    async with asyncio.timeout(LEASE_MS / 1000):
        while await other.take_over() is None:  # noqa: ASYNC110 - Redis tells nobody
            await asyncio.sleep(0.01)
    assert time.monotonic() - killed_at < LEASE_MS / 1000
    await client.aclose()
    stop.set()
    await keeping


async def test_a_composer_has_a_name_and_a_role_of_its_own(
    redis_server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"{PREFIX}WORKER_NAME", "the-other-one")
    monkeypatch.setenv(f"{PREFIX}JOIN", "127.0.0.1:9")
    stop = asyncio.Event()
    keeping = asyncio.create_task(keep_composer(at(redis_server.url), stop))
    worker = await first("work")
    seen = worker.environ()
    assert seen[f"{PREFIX}WORKER_ROLE"] == "compose"
    assert seen[f"{PREFIX}WORKER_NAME"].startswith("composer-")
    assert seen[f"{PREFIX}REDIS_URL"] == redis_server.url
    assert seen[f"{PREFIX}JOIN"] == ""
    stop.set()
    await keeping
    assert not worker.is_running()


async def test_a_composer_that_refuses_its_settings_is_done_without(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(f"{PREFIX}WORKER_THREADS", "many")
    async with asyncio.timeout(20):
        await keep_composer(at("redis://127.0.0.1:9"), asyncio.Event())
    assert [r for r in caplog.records if getattr(r, "action", "") == "no_composer"]


async def test_a_redis_that_dies_comes_back_empty_at_the_same_place(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stop = asyncio.Event()
    with EmbeddedServer() as server:
        before = connect(server.url)
        await command(before, "SET", "a", "1")
        await before.aclose()
        keeping = asyncio.create_task(keep_redis(server, stop))
        pid = server.pid
        os.kill(pid, signal.SIGKILL)
        async with asyncio.timeout(10):
            while server.pid == pid:  # noqa: ASYNC110 - the server tells nobody
                await asyncio.sleep(0.02)
        after = connect(server.url)
        assert await command(after, "GET", "a") is None
        await after.aclose()
        stop.set()
        await keeping
    assert [getattr(r, "action", "") for r in caplog.records if r.name == "cli.processes"] == [
        "redis_restarted"
    ]


async def test_a_redis_that_is_well_is_left_alone() -> None:
    stop = asyncio.Event()
    with EmbeddedServer() as server:
        keeping = asyncio.create_task(keep_redis(server, stop))
        pid = server.pid
        await asyncio.sleep(0.5)  # more than two looks
        assert server.pid == pid
        stop.set()
        await keeping
