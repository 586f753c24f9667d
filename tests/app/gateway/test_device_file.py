"""Devices and tokens survive the end of a Redis that keeps nothing."""

from __future__ import annotations

import asyncio
import datetime
from pathlib import Path

import pytest

from app.gateway.device_file import DeviceFile
from tests.contract.test_devices import JOIN
from wire.connection import Redis, command, connect
from wire.devices import Devices
from wire.join_tokens import JoinTokens
from wire.link.secure import make_identity

IDENTITY = make_identity(now=datetime.datetime.now(datetime.UTC))


async def test_everything_about_devices_comes_back(redis_client: Redis, tmp_path: Path) -> None:
    devices, tokens = Devices(redis_client), JoinTokens(redis_client)
    await devices.keep_identity(IDENTITY)
    await devices.pin(JOIN)
    await devices.pin(JOIN)
    made = await tokens.make("attic")
    assert made is not None
    before = (await devices.list(), await tokens.list())
    path = tmp_path / "deep" / "gateway.json"
    await DeviceFile(path).save(redis_client)
    assert path.stat().st_mode & 0o777 == 0o600

    await command(redis_client, "FLUSHALL")
    await DeviceFile(path).load(redis_client)
    assert (await devices.list(), await tokens.list()) == before
    other = make_identity(now=datetime.datetime.now(datetime.UTC))
    assert await devices.keep_identity(other) == IDENTITY
    # The token still ends, a day after it was made.
    found = await tokens.get(made.id)
    assert found is not None
    left_ms = await command(redis_client, "PTTL", f"{{devices}}:token:{made.id}")
    assert 0 < left_ms <= 24 * 3600 * 1000


async def test_a_token_that_has_ended_does_not_come_back(
    redis_client: Redis, tmp_path: Path
) -> None:
    await Devices(redis_client).keep_identity(IDENTITY)
    made = await JoinTokens(redis_client, life_s=1.1).make()
    assert made is not None
    await DeviceFile(tmp_path / "f").save(redis_client)
    await command(redis_client, "FLUSHALL")
    await asyncio.sleep(1.2)
    await DeviceFile(tmp_path / "f").load(redis_client)
    assert await JoinTokens(redis_client).get(made.id) is None


async def test_a_redis_that_knows_a_gateway_is_left_as_it_is(
    redis_client: Redis, tmp_path: Path
) -> None:
    devices = Devices(redis_client)
    await devices.keep_identity(IDENTITY)
    await devices.pin(JOIN)
    await DeviceFile(tmp_path / "f").save(redis_client)
    assert await devices.remove(JOIN.name)
    await DeviceFile(tmp_path / "f").load(redis_client)
    assert await devices.list() == []


async def test_a_sign_of_life_alone_writes_nothing(redis_client: Redis, tmp_path: Path) -> None:
    devices, file = Devices(redis_client), DeviceFile(tmp_path / "f")
    await devices.pin(JOIN)
    await file.save(redis_client)
    (tmp_path / "f").unlink()
    await devices.seen(JOIN.name, JOIN.fingerprint, JOIN.session)
    await file.save(redis_client)
    assert not (tmp_path / "f").exists()
    await devices.remove(JOIN.name)
    await file.save(redis_client)
    assert (tmp_path / "f").exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"x": 3}', '{"jobs": {"fields": {"a": "b"}}}'])
async def test_a_damaged_file_brings_nothing_back(
    redis_client: Redis, tmp_path: Path, text: str
) -> None:
    (tmp_path / "f").write_text(text)
    await DeviceFile(tmp_path / "f").load(redis_client)
    assert await command(redis_client, "DBSIZE") == 0


async def test_what_cannot_be_read_or_written_stops_nothing(
    redis_client: Redis, tmp_path: Path
) -> None:
    away = connect("unix:///nonexistent/redis.sock")
    await DeviceFile(tmp_path / "f").save(away)
    await away.aclose()
    await Devices(redis_client).pin(JOIN)
    (tmp_path / "file").write_text("")
    await DeviceFile(tmp_path / "file" / "f").save(redis_client)


async def test_it_is_written_once_more_at_the_end(redis_client: Redis, tmp_path: Path) -> None:
    await Devices(redis_client).pin(JOIN)
    task = asyncio.get_running_loop().create_task(DeviceFile(tmp_path / "f").run(redis_client))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert JOIN.fingerprint in (tmp_path / "f").read_text()
