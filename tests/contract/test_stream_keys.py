"""Stream keys, view permissions and choices of recording, on every kind of server."""

from __future__ import annotations

import msgspec

from wire import keys
from wire.connection import Redis, command
from wire.recording_board import RecordMode
from wire.stream_keys import (
    MAX_RECORDING_CHOICES,
    AccessRegistry,
    AccessTables,
    KeyLimits,
    PutResult,
    Setter,
    StreamKey,
    View,
)

KEY = StreamKey(
    id="0123456789",
    streams="studio-*",
    note="Studio 2",
    hash="ab" * 32,
    created_us=1_700_000_000_000_000,
    view=View.UNLISTED,
    limits=KeyLimits(streams=2, kbps=3000),
)


async def opened(client: Redis, *, max_keys: int = 100) -> AccessRegistry:
    """A registry over tables that are there."""
    registry = AccessRegistry(client, max_keys=max_keys)
    await registry.restore(AccessTables(signing="aa"))
    return registry


async def tables(client: Redis) -> AccessTables:
    found = await AccessRegistry(client).read()
    assert found is not None
    return found


async def test_a_new_server_has_none(client: Redis) -> None:
    assert await tables(client) == AccessTables()


async def test_a_key_is_written_read_and_removed(client: Redis) -> None:
    registry = await opened(client)
    assert await registry.put(KEY) is PutResult.DONE
    found = await tables(client)
    assert found.keys == {KEY.id: KEY}
    assert found.version > 1_700_000_000_000_000
    assert await registry.remove(KEY.id)
    assert not await registry.remove(KEY.id)
    later = await tables(client)
    assert later.keys == {}
    assert later.version > found.version


async def test_a_change_is_made_in_the_place_of_what_the_caller_knows(client: Redis) -> None:
    registry = await opened(client)
    await registry.put(KEY)
    other = msgspec.structs.replace(KEY, hash="cd" * 32)
    assert await registry.put(other) is PutResult.OTHER
    assert await registry.put(other, before=KEY) is PutResult.DONE
    assert await registry.put(KEY, before=KEY) is PutResult.OTHER
    await registry.remove(KEY.id)
    # What was revoked does not come back by a rotation that began before.
    assert await registry.put(KEY, before=other) is PutResult.OTHER
    assert (await tables(client)).keys == {}


async def test_there_are_only_so_many(client: Redis) -> None:
    registry = await opened(client, max_keys=1)
    second = msgspec.structs.replace(KEY, id="other")
    assert await registry.put(KEY) is PutResult.DONE
    assert await registry.put(second) is PutResult.FULL
    assert await registry.put(msgspec.structs.replace(KEY, note="x"), before=KEY) is PutResult.DONE


async def test_who_has_the_newest_version_is_told_nothing_more(client: Redis) -> None:
    registry = await opened(client)
    await registry.put(KEY)
    version = (await tables(client)).version
    assert await registry.read(version) is None
    await registry.set_view("cam1", View.TOKEN, before=None)
    found = await registry.read(version)
    assert found is not None
    assert found.views == {"cam1": View.TOKEN}
    assert found.version > version


async def test_a_view_permission_is_changed_by_compare_and_set(client: Redis) -> None:
    registry = await opened(client)
    assert await registry.set_view("cam1", View.TOKEN, before=None) is PutResult.DONE
    assert await registry.set_view("cam1", View.PUBLIC, before=None) is PutResult.OTHER
    assert await registry.set_view("cam1", View.PUBLIC, before=View.TOKEN) is PutResult.DONE


async def test_what_is_recorded_is_changed_and_removed(client: Redis) -> None:
    registry = await opened(client)
    assert await registry.set_recording("cam1", "both", before=None) is PutResult.DONE
    assert await registry.set_recording("cam1", "off", before=None) is PutResult.OTHER
    assert await registry.set_recording("cam1", "off", before="both") is PutResult.DONE
    found = await tables(client)
    assert found.recordings == {"cam1": "off"}
    assert await registry.remove_recording("cam1")
    assert not await registry.remove_recording("cam1")
    later = await tables(client)
    assert (later.recordings, later.version > found.version) == ({}, True)


async def test_entries_of_a_holder_are_counted_by_table(client: Redis) -> None:
    registry, ann = await opened(client), Setter("key a", 1)
    assert await registry.set_view("a1", View.TOKEN, before=None, by=ann) is PutResult.DONE
    assert await registry.set_view("a2", View.TOKEN, before=None, by=ann) is PutResult.HELD
    assert await registry.set_recording("a2", "both", before=None, by=ann) is PutResult.DONE
    assert (await tables(client)).holders == {"view a1": "key a", "recording a2": "key a"}
    other = Setter("key b", 1)
    assert await registry.set_view("a1", View.PUBLIC, before=View.TOKEN, by=other) is PutResult.DONE
    assert await registry.remove_view("a1")
    assert not await registry.remove_view("a1")
    assert await registry.remove_recording("a2")
    assert (await tables(client)).holders == {}
    assert await registry.set_view("a2", View.TOKEN, before=None, by=ann) is PutResult.DONE


async def test_choices_of_recording_are_bounded(client: Redis) -> None:
    chosen: dict[str, RecordMode] = {f"cam{n}": "off" for n in range(MAX_RECORDING_CHOICES)}
    registry = AccessRegistry(client)
    await registry.restore(AccessTables(signing="aa", recordings=chosen))
    assert (await tables(client)).recordings == chosen
    assert await registry.set_recording("more", "both", before=None) is PutResult.FULL
    assert await registry.set_recording("cam1", "both", before="off") is PutResult.DONE


async def test_nothing_is_changed_where_the_tables_are_gone(client: Redis) -> None:
    registry = AccessRegistry(client)
    assert await registry.put(KEY) is PutResult.OTHER
    assert await registry.set_view("cam1", View.TOKEN, before=None) is PutResult.OTHER
    assert await registry.set_recording("cam1", "both", before=None) is PutResult.OTHER
    assert not await registry.remove_recording("cam1")
    assert not await registry.remove(KEY.id)
    assert await tables(client) == AccessTables()
    assert await registry.restore(AccessTables(signing="aa"))


async def test_the_first_who_restores_wins(client: Redis) -> None:
    registry = AccessRegistry(client)
    ours = AccessTables(
        signing="aa",
        keys={KEY.id: KEY, "other": msgspec.structs.replace(KEY, id="other")},
        views={"cam1": View.TOKEN},
        recordings={"cam1": "both", "cam2": "off", "cam3": "source"},
        holders={"view cam1": "key a", "recording cam2": "key b"},
    )
    assert await registry.restore(ours)
    assert not await registry.restore(AccessTables(signing="bb"))
    found = await tables(client)
    assert found == msgspec.structs.replace(ours, version=found.version)
    assert found.version > 0


async def test_what_cannot_be_read_lets_nobody_in(client: Redis) -> None:
    registry = await opened(client)
    await registry.put(KEY)
    for name, text in (("a", "{"), ("b", msgspec.json.encode(KEY)), ("c", b"\xff")):
        await command(client, "HSET", client.key(keys.STREAM_KEYS), name, text)
    await command(client, "HSET", client.key(keys.VIEWS), "cam1", "whoever")
    await command(client, "HSET", client.key(keys.RECORDING_CHOICES), "cam1", "all", "cam2", "both")
    found = await tables(client)
    assert found.keys == {KEY.id: KEY}
    assert found.views == {"cam1": View.TOKEN}
    assert found.recordings == {"cam2": "both"}
