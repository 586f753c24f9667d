"""Keys survive the end of a Redis that keeps nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.access.key_file import KeyFile
from app.access.key_store import KeyRequest, KeyStore
from tests.app.access.test_key_store import is_good
from tests.app.peers import until
from wire.connection import Redis, command
from wire.stream_keys import View


async def loaded(client: Redis) -> KeyStore:
    store = KeyStore(client)
    await store.load()
    return store


async def test_keys_and_permissions_come_back(redis_client: Redis, tmp_path: Path) -> None:
    store = await loaded(redis_client)
    made = await store.add(KeyRequest("cam1"))
    await store.set_view("cam1", View.TOKEN)
    await store.set_recording("cam1", "both")
    path = tmp_path / "deep" / "keys.json"
    await KeyFile(path).save(redis_client)
    assert path.stat().st_mode & 0o777 == 0o600
    assert made.secret not in path.read_text()

    await command(redis_client, "FLUSHALL")
    await KeyFile(path).load(redis_client)
    again = await loaded(redis_client)
    assert is_good(again, made.secret)
    assert again.tables.signing == store.tables.signing
    assert again.tables.views == {"cam1": View.TOKEN}
    assert again.recording_of("cam1") == "both"


async def test_a_file_of_before_there_were_choices_of_recording_is_read(
    redis_client: Redis, tmp_path: Path
) -> None:
    path = tmp_path / "f"
    path.write_text('{"version":1,"signing":"aa","keys":{},"views":{"cam1":"token"}}')
    path.chmod(0o600)
    await KeyFile(path).load(redis_client)
    again = await loaded(redis_client)
    assert (again.tables.views, again.tables.recordings) == ({"cam1": View.TOKEN}, {})


async def test_a_revoked_key_does_not_come_back(redis_client: Redis, tmp_path: Path) -> None:
    store, file = await loaded(redis_client), KeyFile(tmp_path / "f")
    made = await store.add(KeyRequest("cam1"))
    await file.save(redis_client)
    await store.revoke(made.key.id)
    await file.save(redis_client)
    await command(redis_client, "FLUSHALL")
    await file.load(redis_client)
    assert not is_good(await loaded(redis_client), made.secret)


async def test_a_redis_that_has_keys_is_left_as_it_is(redis_client: Redis, tmp_path: Path) -> None:
    store, path = await loaded(redis_client), tmp_path / "f"
    old = await store.add(KeyRequest("cam1"))
    await KeyFile(path).save(redis_client)
    await store.revoke(old.key.id)
    await KeyFile(path).load(redis_client)
    assert (await loaded(redis_client)).tables.keys == {}


async def test_it_is_written_only_when_something_changed(
    redis_client: Redis, tmp_path: Path
) -> None:
    store, path = await loaded(redis_client), tmp_path / "f"
    file = KeyFile(path)
    await file.save(redis_client)
    path.unlink()
    await file.save(redis_client)
    assert not path.exists()
    await store.add(KeyRequest("cam1"))
    await file.save(redis_client)
    assert path.exists()


async def test_an_empty_redis_leaves_the_file_as_it_is(redis_client: Redis, tmp_path: Path) -> None:
    path = tmp_path / "f"
    await loaded(redis_client)
    file = KeyFile(path)
    await file.save(redis_client)
    before = path.read_bytes()
    await command(redis_client, "FLUSHALL")
    await file.save(redis_client)
    assert path.read_bytes() == before


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"\xff", b'{"keys": 7}', b"{}"])
async def test_a_file_that_cannot_be_read_brings_nothing(
    redis_client: Redis, tmp_path: Path, text: bytes
) -> None:
    path = tmp_path / "f"
    path.write_bytes(text)
    await KeyFile(path).load(redis_client)
    assert (await loaded(redis_client)).tables.keys == {}
    await KeyFile(tmp_path / "none").load(redis_client)


async def test_while_it_runs_the_file_follows_and_is_written_at_the_end(
    redis_client: Redis, tmp_path: Path
) -> None:
    store, path = await loaded(redis_client), tmp_path / "f"
    task = asyncio.create_task(KeyFile(path).run(redis_client))
    await until(path.exists)
    made = await store.add(KeyRequest("cam1"))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert made.key.id in path.read_text()


async def test_a_folder_that_cannot_be_written_is_told_once(
    redis_client: Redis, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await loaded(redis_client)
    (tmp_path / "file").write_text("")
    file = KeyFile(tmp_path / "file" / "keys.json")
    for _ in range(3):
        await file.save(redis_client)
    assert len(caplog.records) == 1
