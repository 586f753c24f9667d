"""A device's own link against the gateway: joining, work, a restart, a removal."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.gateway.gateway import Gateway
from tests.app.gateway.joining import SHARED, new_identity, running_gateway
from tests.app.peers import until
from wire.connection import Redis
from wire.devices import Devices
from wire.errors import ServerRefuses
from wire.jobs import JobQueue
from wire.remote.device_identity import KnownGateways
from wire.remote.device_link import DeviceLink, JoinOptions
from wire.remote.device_link_state import DeviceLinkState
from wire.remote.link_site import LinkSite

FIRST_S = 5.0


@contextlib.asynccontextmanager
async def device(
    port: int, folder: Path, *, token: str = SHARED, name: str = "dev1"
) -> AsyncIterator[tuple[LinkSite, DeviceLink]]:
    """A device that joins, and joins again, until the block ends."""
    site = LinkSite()
    options = JoinOptions("127.0.0.1", port, token, name)
    link = DeviceLink(site, options, new_identity(), KnownGateways(folder))
    task = asyncio.get_running_loop().create_task(link.run(), name="device")
    try:
        yield site, link
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_device_joins_and_takes_a_job(
    redis_client: Redis, gateway: Gateway, port: int, tmp_path: Path
) -> None:
    entry = await JobQueue(redis_client, consumer="x").enqueue("cam1", "enhanced", 7)
    async with device(port, tmp_path) as (site, link):
        assert await link.first_answer(FIRST_S)
        job = await site.jobs.next_job(block_ms=1000)
        assert job is not None
        assert (job.entry, job.stream) == (entry, "cam1")
        await site.jobs.release(job)
    await until(lambda: gateway.devices == [])


async def test_a_device_goes_on_with_its_job_after_a_restart_of_the_gateway(
    redis_client: Redis, tmp_path: Path
) -> None:
    await JobQueue(redis_client, consumer="x").enqueue("cam1", "enhanced", 7)
    async with contextlib.AsyncExitStack() as stack:
        async with running_gateway(redis_client) as gateway:
            port = gateway.address[1]
            site, link = await stack.enter_async_context(device(port, tmp_path))
            assert await link.first_answer(FIRST_S)
            job = await site.jobs.next_job(block_ms=1000)
            assert job is not None
        await until(lambda: link.state is DeviceLinkState.AWAY)
        async with running_gateway(redis_client, port=port) as gateway:
            await until(lambda: link.state is DeviceLinkState.UP)
            assert link.joins == 2
            assert gateway.devices == ["dev1"]
            assert await site.jobs.renew(job)


async def test_a_removed_device_stays_out(
    redis_client: Redis, gateway: Gateway, port: int, tmp_path: Path
) -> None:
    async with device(port, tmp_path) as (_, link):
        assert await link.first_answer(FIRST_S)
        assert await Devices(redis_client).remove("dev1")
        await until(lambda: gateway.refused["removed"] >= 1)
        assert gateway.devices == []
        assert link.joins == 1


async def test_a_device_with_a_wrong_token_hears_why(port: int, tmp_path: Path) -> None:
    async with device(port, tmp_path, token="another-token-of-letters") as (_, link):
        with pytest.raises(ServerRefuses, match="The token is not known here"):
            await link.first_answer(FIRST_S)
