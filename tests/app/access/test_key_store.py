"""A node's copy of the keys, over a real Redis."""

from __future__ import annotations

import asyncio

import pytest

from app.access.key_store import KeyRequest, KeyStore
from app.access.policy import AccessPolicy, ServerTokens
from app.errors import (
    BadRequest,
    EntriesHeld,
    KeyNotFound,
    NotAuthorized,
    RecordingChoicesFull,
    RedisAway,
    ViewsFull,
)
from tests.app.peers import until
from wire.clock import now_us
from wire.connection import Redis, command, connect
from wire.recording_board import RecordMode
from wire.stream_keys import (
    MAX_RECORDING_CHOICES,
    MAX_VIEWS,
    OPERATORS_ENTRIES,
    AccessRegistry,
    AccessTables,
    KeyLimits,
    Setter,
    View,
)

POLICY = AccessPolicy(ServerTokens())


def is_good(store: KeyStore, secret: str, later_s: float = 0.0) -> bool:
    try:
        at = now_us() + round(later_s * 1_000_000)
        return POLICY.grant_of(secret, store.tables, now_us=at) is not None
    except NotAuthorized:
        return False


@pytest.fixture
async def store(redis_client: Redis) -> KeyStore:
    found = KeyStore(redis_client, refresh_s=0.02)
    await found.load()
    return found


async def test_a_key_is_made_once_and_its_secret_stands_nowhere(
    store: KeyStore, redis_client: Redis
) -> None:
    made = await store.add(KeyRequest("studio-*", "Studio", 60, View.TOKEN, KeyLimits(kbps=9)))
    assert is_good(store, made.secret)
    assert not is_good(store, made.secret, later_s=61)
    assert store.get(made.key.id) == made.key
    assert made.secret not in repr(made)
    kept = await command(redis_client, "HGETALL", "{access}:keys")
    assert all(made.secret[20:].encode() not in each for each in kept)


@pytest.mark.parametrize("streams", ["", "a/b", "x" * 65, "cam 1"])
async def test_a_key_for_no_name_is_refused(store: KeyStore, streams: str) -> None:
    with pytest.raises(BadRequest, match="pattern"):
        await store.add(KeyRequest(streams))
    assert store.tables.keys == {}


async def test_after_a_rotation_two_secrets_are_good_and_never_three(store: KeyStore) -> None:
    first = await store.add(KeyRequest("cam1"))
    second = await store.rotate(first.key.id, grace_s=100)
    assert is_good(store, first.secret)
    assert is_good(store, second.secret)
    assert not is_good(store, first.secret, later_s=101)
    third = await store.rotate(first.key.id)
    assert not is_good(store, first.secret)
    assert is_good(store, second.secret)
    assert is_good(store, third.secret)


async def test_a_rotation_without_grace_ends_the_old_secret(store: KeyStore) -> None:
    first = await store.add(KeyRequest("cam1"))
    second = await store.rotate(first.key.id, grace_s=0)
    assert not is_good(store, first.secret)
    assert is_good(store, second.secret)


async def test_a_revoked_key_is_none(store: KeyStore) -> None:
    made = await store.add(KeyRequest("cam1"))
    assert await store.revoke(made.key.id) == made.key
    assert not is_good(store, made.secret)
    for act in (store.revoke, store.rotate):
        with pytest.raises(KeyNotFound):
            await act(made.key.id)


async def test_other_nodes_know_at_once(store: KeyStore, redis_client: Redis) -> None:
    other = KeyStore(redis_client, refresh_s=0.02)
    await other.load()
    task = asyncio.create_task(other.run())
    made = await store.add(KeyRequest("cam1"))
    await until(lambda: is_good(other, made.secret))
    await store.set_view("cam1", View.TOKEN)
    await until(lambda: other.tables.views == {"cam1": View.TOKEN})
    await other.revoke(made.key.id)
    await store.load()
    assert not is_good(store, made.secret)
    # A change on top of one that this node does not know of is tried again.
    await other.set_view("cam1", View.UNLISTED)
    await store.set_view("cam1", View.PUBLIC)
    assert store.tables.views == {}  # public is the default
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_node_writes_its_copy_where_redis_lost_its_data(
    store: KeyStore, redis_client: Redis
) -> None:
    made, gone = await store.add(KeyRequest("cam1")), await store.add(KeyRequest("cam2"))
    await store.revoke(gone.key.id)
    await store.set_view("cam1", View.TOKEN)
    before = store.tables
    await command(redis_client, "FLUSHALL")
    await store.load()
    assert is_good(store, made.secret)
    assert not is_good(store, gone.secret)
    assert (store.tables.signing, store.tables.views) == (before.signing, before.views)
    other = KeyStore(redis_client)
    await other.load()
    assert other.tables == store.tables


async def test_a_change_right_after_redis_lost_its_data_loses_nothing(
    store: KeyStore, redis_client: Redis
) -> None:
    made, gone = await store.add(KeyRequest("cam1")), await store.add(KeyRequest("cam2"))
    await command(redis_client, "FLUSHALL")
    await store.revoke(gone.key.id)
    await command(redis_client, "FLUSHALL")
    more = await store.add(KeyRequest("cam3"))
    assert set(store.tables.keys) == {made.key.id, more.key.id}


async def test_two_new_nodes_agree_on_what_signs_view_tokens(redis_client: Redis) -> None:
    nodes = [KeyStore(redis_client) for _ in range(3)]
    await asyncio.gather(*(node.load() for node in nodes))
    assert len({node.tables.signing for node in nodes}) == 1
    assert len(nodes[0].tables.signing) == 64


async def test_the_first_publisher_sets_a_permission_and_no_later_one(store: KeyStore) -> None:
    await store.set_first_view("cam1", None)
    await store.set_first_view("cam1", View.PUBLIC)
    assert store.tables.views == {}
    await store.set_first_view("cam1", View.TOKEN)
    await store.set_first_view("cam1", View.UNLISTED)
    assert store.tables.views == {"cam1": View.TOKEN}


async def test_a_first_permission_replaces_none_that_another_node_wrote(
    store: KeyStore, redis_client: Redis
) -> None:
    other = KeyStore(redis_client)
    await other.load()
    await other.set_view("cam1", View.TOKEN)
    assert store.tables.views == {}
    await store.set_first_view("cam1", View.UNLISTED)
    assert store.tables.views == {"cam1": View.TOKEN}
    await command(redis_client, "FLUSHALL")
    await store.set_first_view("cam2", View.UNLISTED)
    assert store.tables.views == {"cam1": View.TOKEN, "cam2": View.UNLISTED}


async def test_what_is_recorded_stays_until_it_is_changed_or_deleted(
    store: KeyStore, redis_client: Redis
) -> None:
    assert store.recording_of("cam1") is None
    await store.set_recording("cam1", None)
    await store.set_recording("cam1", "source")
    other = KeyStore(redis_client)
    await other.load()
    assert other.recording_of("cam1") == "source"
    await other.set_recording("cam1", "off")
    # On top of a change that this node does not know of, and where Redis lost its data.
    await store.set_recording("cam1", "both")
    await command(redis_client, "FLUSHALL")
    await store.set_recording("cam2", "source")
    assert store.tables.recordings == {"cam1": "both", "cam2": "source"}
    await command(redis_client, "FLUSHALL")
    await store.set_recording("cam1", None)
    assert store.tables.recordings == {"cam2": "source"}


async def test_a_choice_too_many_is_refused(store: KeyStore, redis_client: Redis) -> None:
    full: dict[str, RecordMode] = {f"cam{n}": "off" for n in range(MAX_RECORDING_CHOICES)}
    await command(redis_client, "FLUSHALL")
    await AccessRegistry(redis_client).restore(AccessTables(signing="aa", recordings=full))
    with pytest.raises(RecordingChoicesFull):
        await store.set_recording("more", "both")
    await store.set_recording("cam7", None)
    await store.set_recording("more", "both")
    assert store.recording_of("more") == "both"


async def test_public_has_an_entry_only_where_a_key_would_set_another(store: KeyStore) -> None:
    await store.set_view("cam1", View.PUBLIC)
    await store.set_view("cam2", View.TOKEN)
    await store.set_view("cam2", View.PUBLIC)
    assert store.tables.views == {}
    await store.set_view("cam3", View.PUBLIC, keeps_public=True)
    await store.add(KeyRequest("cam*", view=View.TOKEN))
    await store.set_view("cam1", View.PUBLIC)
    await store.set_first_view("cam1", View.TOKEN)
    assert store.tables.views == {"cam1": View.PUBLIC, "cam3": View.PUBLIC}
    await store.set_view("cam1", None)
    await store.set_view("cam1", None)
    assert store.tables.views == {"cam3": View.PUBLIC}


async def test_an_owner_has_so_many_names_and_the_others_go_on(store: KeyStore) -> None:
    ann, bob = Setter("key a", 2), Setter("key b", 2)
    for name in ("a1", "a2"):
        await store.set_view(name, View.TOKEN, by=ann)
        await store.set_recording(name, "both", by=ann)
    with pytest.raises(EntriesHeld):
        await store.set_view("a3", View.TOKEN, by=ann)
    with pytest.raises(EntriesHeld):
        await store.set_recording("a3", "both", by=ann)
    with pytest.raises(EntriesHeld):
        await store.set_first_view("a3", View.TOKEN, by=ann)
    await store.set_view("a1", View.UNLISTED, by=ann)  # one that it has
    await store.set_view("b1", View.TOKEN, by=bob)
    await store.set_view("a4", View.TOKEN)  # the operator
    await store.set_view("a2", View.PUBLIC, by=ann)
    await store.set_view("a3", View.TOKEN, by=ann)
    assert set(store.tables.views) == {"a1", "a3", "a4", "b1"}
    assert set(store.tables.recordings) == {"a1", "a2"}


async def test_owners_together_leave_room_for_the_operator(
    store: KeyStore, redis_client: Redis
) -> None:
    full = {f"cam{n}": View.TOKEN for n in range(MAX_VIEWS - OPERATORS_ENTRIES)}
    await command(redis_client, "FLUSHALL")
    await AccessRegistry(redis_client).restore(AccessTables(signing="aa", views=full))
    with pytest.raises(ViewsFull):
        await store.set_view("more", View.TOKEN, by=Setter("key a"))
    await store.set_view("more", View.TOKEN)
    assert store.tables.views["more"] is View.TOKEN


async def test_without_redis_keys_are_known_and_not_changed() -> None:
    store = KeyStore(connect("unix:///nowhere/redis.sock"), refresh_s=0.01)
    with pytest.raises(RedisAway):
        await store.load()
    with pytest.raises(RedisAway):
        await store.add(KeyRequest("cam1"))
    task = asyncio.create_task(store.run())
    await asyncio.sleep(0.05)
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
