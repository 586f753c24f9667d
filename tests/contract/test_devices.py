"""The registry of devices, on every kind of server."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime

from wire import keys
from wire.connection import Redis, command
from wire.devices import Devices, DeviceStanding, FirstJoin, PinResult
from wire.join_tokens import JoinTokens
from wire.link.secure import make_identity
from wire.remote.join import JoinSecret

SECRET = JoinSecret.of("a-token-of-twenty-letters")
JOIN = FirstJoin(
    name="dev1",
    fingerprint="ab" * 32,
    token="shared",
    secret=SECRET,
    is_for_one=False,
    session="s1",
    address="192.0.2.7",
)
OTHER = dataclasses.replace(JOIN, name="dev2", fingerprint="cd" * 32)


async def test_a_key_is_pinned_with_its_name(client: Redis) -> None:
    devices = Devices(client)
    assert await devices.find(JOIN.fingerprint) is None
    assert await devices.pin(JOIN) is PinResult.PINNED
    record = await devices.find(JOIN.fingerprint)
    assert record is not None
    assert (record.name, record.address, record.session) == ("dev1", "192.0.2.7", "s1")
    assert record.joined_us == record.seen_us > 1_600_000_000_000_000
    assert JoinSecret.parse(record.secret) == SECRET
    assert await devices.get("dev1") == record
    assert await devices.get("dev2") is None


async def test_names_and_keys_belong_to_one_device(client: Redis) -> None:
    devices = Devices(client)
    assert await devices.pin(JOIN) is PinResult.PINNED
    for name, fingerprint in (("dev1", OTHER.fingerprint), ("dev2", JOIN.fingerprint)):
        join = dataclasses.replace(JOIN, name=name, fingerprint=fingerprint)
        assert await devices.pin(join) is PinResult.TAKEN
    assert await devices.pin(OTHER) is PinResult.PINNED
    assert [each.name for each in await devices.list()] == ["dev1", "dev2"]


async def test_of_two_devices_with_one_token_one_is_pinned(client: Redis) -> None:
    made = await JoinTokens(client).make()
    assert made is not None
    joins = [dataclasses.replace(each, token=made.id, is_for_one=True) for each in (JOIN, OTHER)]
    found = await asyncio.gather(*(Devices(client).pin(each) for each in joins))
    assert sorted(each.name for each in found) == ["PINNED", "USED"]
    assert await JoinTokens(client).get(made.id) is None
    assert await JoinTokens(client).list() == []


async def test_a_token_that_was_not_made_is_used_up(client: Redis) -> None:
    join = dataclasses.replace(JOIN, is_for_one=True)
    assert await Devices(client).pin(join) is PinResult.USED
    assert await Devices(client).list() == []


async def test_there_are_only_so_many_devices(client: Redis) -> None:
    devices = Devices(client, max_devices=1)
    assert await devices.pin(JOIN) is PinResult.PINNED
    assert await devices.pin(OTHER) is PinResult.FULL


async def test_the_newest_session_counts(client: Redis) -> None:
    devices = Devices(client)
    await devices.pin(JOIN)
    record = await devices.find(JOIN.fingerprint)
    assert record is not None
    seen = (JOIN.name, JOIN.fingerprint)
    assert await devices.seen(*seen, "s1") is DeviceStanding.CURRENT
    newer = JoinSecret.of("another-token-of-letters")
    begun = await devices.begin(record, session="s2", address="198.51.100.1", secret=newer)
    assert begun is DeviceStanding.CURRENT
    assert await devices.seen(*seen, "s1") is DeviceStanding.REPLACED
    assert await devices.seen(*seen, "s2") is DeviceStanding.CURRENT
    found = await devices.get("dev1")
    assert found is not None
    assert found.address == "198.51.100.1"
    assert found.seen_us > record.seen_us
    assert found.joined_us == record.joined_us
    assert JoinSecret.parse(found.secret) == newer


async def test_a_removed_key_is_refused_from_then_on(client: Redis) -> None:
    devices = Devices(client)
    await devices.pin(JOIN)
    record = await devices.find(JOIN.fingerprint)
    assert record is not None
    assert await devices.remove("dev1")
    assert not await devices.remove("dev1")
    assert await devices.is_removed(JOIN.fingerprint)
    assert await devices.find(JOIN.fingerprint) is None
    standing = await devices.seen("dev1", JOIN.fingerprint, "s1")
    assert standing is DeviceStanding.REMOVED
    begun = await devices.begin(record, session="s2", address="")
    assert begun is DeviceStanding.REMOVED
    assert await devices.get("dev1") is None
    assert await devices.pin(JOIN) is PinResult.REMOVED
    # The name is free, and another key under it leaves the old session removed.
    assert await devices.pin(dataclasses.replace(OTHER, name="dev1")) is PinResult.PINNED
    standing = await devices.seen("dev1", JOIN.fingerprint, "s1")
    assert standing is DeviceStanding.REMOVED


async def test_of_removed_keys_the_oldest_is_forgotten_first(client: Redis) -> None:
    devices = Devices(client, max_removed=2)
    for number in range(3):
        join = dataclasses.replace(JOIN, name=f"d{number}", fingerprint=f"{number:02x}" * 32)
        assert await devices.pin(join) is PinResult.PINNED
        assert await devices.remove(join.name)
    found = [await devices.is_removed(f"{number:02x}" * 32) for number in range(3)]
    assert found == [False, True, True]


async def test_a_worker_of_the_site_is_known_by_its_name(client: Redis) -> None:
    assert not await Devices(client).is_worker("dev1")
    await command(client, "HSET", client.key(keys.worker("dev1")), "beat", "x")
    assert await Devices(client).is_worker("dev1")


async def test_a_record_that_redis_lost_is_made_anew_and_a_removed_one_is_not(
    client: Redis,
) -> None:
    devices = Devices(client)
    join = dataclasses.replace(JOIN, is_for_one=True)
    # Its token was used up when it joined first.
    assert await devices.restore(join) is DeviceStanding.CURRENT
    found = await devices.find(JOIN.fingerprint)
    assert found is not None
    assert (found.name, found.session) == ("dev1", "s1")
    assert await devices.remove("dev1")
    assert await devices.restore(join) is DeviceStanding.REMOVED
    # Nor does it come back where another device has its name by now.
    await devices.pin(dataclasses.replace(OTHER, name="dev3"))
    lost = dataclasses.replace(join, name="dev3", fingerprint="ef" * 32)
    assert await devices.restore(lost) is DeviceStanding.REMOVED


async def test_a_damaged_record_is_no_device(client: Redis) -> None:
    devices = Devices(client)
    await devices.pin(JOIN)
    key = client.key(keys.device("dev1"))
    await command(client, "HSET", key, "secret", "none")
    assert await devices.find(JOIN.fingerprint) is None
    assert await devices.list() == []
    assert await devices.remove("dev1")


async def test_the_first_key_pair_of_a_gateway_is_kept(client: Redis) -> None:
    now = datetime.datetime.now(datetime.UTC)
    first, second = make_identity(now=now), make_identity(now=now)
    devices = Devices(client)
    assert await devices.keep_identity(first) == first
    assert await devices.keep_identity(second) == first
