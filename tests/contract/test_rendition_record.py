"""Records of enhanced renditions, over each server."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from tests.contract.admin import command
from wire import keys
from wire.connection import Redis, wait_until_up
from wire.embedded import EmbeddedServer
from wire.errors import BadMessage, DuplicateJob, StreamGone, TooManyRenditions
from wire.hash_record import EXPIRY_MS
from wire.rendition_record import (
    MAX_RENDITIONS,
    PARDON,
    WATCH_LEASE_MS,
    RenditionRecord,
    RenditionRegistry,
    RenditionSpec,
)
from wire.stream_record import StreamRegistry

STREAM = "cam1"
SHARP = RenditionSpec(model="live-l", factor=2, strength=0.75, codec="vp8", kbps=900, enhance=False)


@dataclasses.dataclass(frozen=True, slots=True)
class Live:
    """A live stream with two renditions."""

    streams: StreamRegistry
    renditions: RenditionRegistry
    source_epoch: int

    async def sharp(self) -> RenditionRecord:
        return await self.renditions.get(STREAM, "sharp")

    async def take_lead(self, worker: str, **how: str) -> int:
        return await self.renditions.take_lead(STREAM, "sharp", self.source_epoch, worker, **how)

    async def watch(self, codec: str = "") -> bool:
        return await self.renditions.renew_watch(STREAM, "sharp", self.source_epoch, codec)


@pytest.fixture
async def live(client: Redis) -> Live:
    streams, renditions = StreamRegistry(client), RenditionRegistry(client)
    source_epoch = await streams.create(STREAM)
    for name, spec in (("sharp", SHARP), (keys.ENHANCED, RenditionSpec())):
        assert await renditions.ensure(STREAM, name, source_epoch, spec)
    return Live(streams, renditions, source_epoch)


async def test_a_new_record_has_its_specification_and_defaults(live: Live) -> None:
    record = await live.sharp()
    assert (record.stream, record.name, record.source_epoch) == (STREAM, "sharp", live.source_epoch)
    assert record.spec == SHARP
    assert (record.epoch, record.lead, record.job, record.output) == (0, "", "", "")
    assert (record.watched_us, record.watched, record.strikes) == (0, {}, 0)
    plain = await live.renditions.get(STREAM, keys.ENHANCED)
    assert plain.spec == RenditionSpec()


async def test_the_streams_record_names_its_renditions_the_default_one_first(live: Live) -> None:
    assert (await live.streams.get(STREAM)).renditions == (keys.ENHANCED, "sharp")
    found = await live.renditions.list(STREAM)
    assert [record.name for record in found] == [keys.ENHANCED, "sharp"]
    assert [record.name for record in await live.renditions.list_all([(STREAM, "sharp")])] == [
        "sharp"
    ]
    with pytest.raises(StreamGone):
        await live.renditions.list("nobody")


async def test_a_rendition_that_is_there_stays_as_it_is(client: Redis, live: Live) -> None:
    epoch = await live.take_lead("a")
    await command(client, "XADD", keys.log(STREAM, "sharp"), "*", "a", "b")
    assert not await live.renditions.ensure(STREAM, "sharp", live.source_epoch, RenditionSpec())
    record = await live.sharp()
    assert (record.spec, record.epoch) == (SHARP, epoch)
    assert await command(client, "EXISTS", keys.log(STREAM, "sharp")) == 1


async def test_a_stream_has_so_many_renditions_and_no_more(live: Live) -> None:
    for number in range(MAX_RENDITIONS - 2):
        await live.renditions.ensure(STREAM, f"r{number}", live.source_epoch, RenditionSpec())
    with pytest.raises(TooManyRenditions, match="cam1 has 8 renditions"):
        await live.renditions.ensure(STREAM, "more", live.source_epoch, RenditionSpec())
    assert not await live.renditions.ensure(STREAM, "sharp", live.source_epoch, SHARP)
    await live.renditions.remove(STREAM, "r0", live.source_epoch)
    assert await live.renditions.ensure(STREAM, "more", live.source_epoch, RenditionSpec())


async def test_of_many_that_are_added_at_once_no_more_than_allowed_are(live: Live) -> None:
    adding = (
        live.renditions.ensure(STREAM, f"r{number}", live.source_epoch, RenditionSpec())
        for number in range(20)
    )
    answers = await asyncio.gather(*adding, return_exceptions=True)
    assert answers.count(True) == MAX_RENDITIONS - 2
    assert len((await live.streams.get(STREAM)).renditions) == MAX_RENDITIONS


async def test_nothing_is_made_for_another_publisher_or_a_stream_that_is_gone(
    client: Redis, live: Live
) -> None:
    for stream, source_epoch in ((STREAM, live.source_epoch + 1), ("nobody", live.source_epoch)):
        for work in (
            live.renditions.ensure(stream, "new", source_epoch, SHARP),
            live.renditions.remove(stream, "sharp", source_epoch),
            live.renditions.set_config(stream, "sharp", source_epoch, enhance=True),
            live.renditions.set_job(stream, "sharp", source_epoch, before="", job="1-0"),
            live.renditions.take_lead(stream, "sharp", source_epoch, "a"),
            live.renditions.renew_watch(stream, "sharp", source_epoch),
        ):
            with pytest.raises(StreamGone):
                await work
    assert (await live.sharp()).spec == SHARP
    assert await command(client, "EXISTS", keys.rendition(STREAM, "new")) == 0


async def test_what_an_earlier_publishers_rendition_left_is_replaced(
    client: Redis, live: Live
) -> None:
    await live.take_lead("a")
    await command(client, "DEL", keys.record(STREAM))
    source_epoch = await live.streams.create(STREAM)
    await command(client, "XADD", keys.log(STREAM, "sharp-vp8"), "*", "a", "b")
    assert await live.renditions.ensure(STREAM, "sharp", source_epoch, RenditionSpec())
    record = await live.sharp()
    assert (record.source_epoch, record.epoch, record.model) == (source_epoch, 0, "")
    assert await command(client, "EXISTS", keys.log(STREAM, "sharp-vp8")) == 0


async def test_a_record_is_brought_back_with_its_specification_after_the_server_lost_it(
    server: EmbeddedServer, client: Redis, live: Live
) -> None:
    epoch = await live.take_lead("a")
    before = await live.sharp()
    server.restart()
    assert await wait_until_up(client, 5.0)
    await live.streams.create(STREAM, epoch=live.source_epoch)
    assert await live.renditions.ensure(
        STREAM, "sharp", live.source_epoch, before.spec, epoch=before.epoch
    )
    record = await live.sharp()
    assert (record.spec, record.spec.strength, record.epoch) == (SHARP, 0.75, epoch)
    assert await live.take_lead("b") > epoch


async def test_a_repair_brings_nothing_back_that_was_removed(live: Live) -> None:
    await live.renditions.remove(STREAM, "sharp", live.source_epoch)
    with pytest.raises(StreamGone):
        await live.renditions.ensure(STREAM, "sharp", live.source_epoch, SHARP, is_repair=True)
    await live.renditions.discard(STREAM, keys.ENHANCED)
    assert await live.renditions.ensure(
        STREAM, keys.ENHANCED, live.source_epoch, SHARP, is_repair=True
    )


async def test_a_removed_rendition_leaves_no_key_and_tells_its_job(
    client: Redis, live: Live
) -> None:
    await live.renditions.set_job(STREAM, "sharp", live.source_epoch, before="", job="1-7")
    for name in keys.logs_of("sharp"):
        await command(client, "XADD", keys.log(STREAM, name), "*", "a", "b")
    assert await live.renditions.remove(STREAM, "sharp", live.source_epoch) == "1-7"
    left = await command(client, "KEYS", "*")
    assert set(left) == {
        keys.record(STREAM).encode(), keys.rendition(STREAM, keys.ENHANCED).encode()
    }  # fmt: skip
    with pytest.raises(StreamGone):
        await live.renditions.remove(STREAM, "sharp", live.source_epoch)
    with pytest.raises(StreamGone):
        await live.sharp()


async def test_a_change_of_the_specification_does_not_prolong_the_life(
    client: Redis, live: Live
) -> None:
    key = keys.rendition(STREAM, "sharp")
    assert EXPIRY_MS - 1_000 < await command(client, "PTTL", key) <= EXPIRY_MS
    await command(client, "PEXPIRE", key, 1_000)
    await live.renditions.set_config(
        STREAM, "sharp", live.source_epoch, strength=0.25, enhance=True
    )
    assert 0 < await command(client, "PTTL", key) <= 1_000
    record = await live.sharp()
    assert (record.strength, record.enhance, record.kbps) == (0.25, True, 900)


async def test_the_leads_of_two_renditions_have_nothing_to_do_with_each_other(live: Live) -> None:
    first = await live.take_lead("a", output="h264")
    other = await live.renditions.take_lead(STREAM, keys.ENHANCED, live.source_epoch, "b")
    assert [(each.name, each.lead) for each in await live.renditions.list(STREAM)] == [
        (keys.ENHANCED, "b"),
        ("sharp", "a"),
    ]
    await live.renditions.drop_lead(STREAM, keys.ENHANCED, other)
    assert ((await live.sharp()).lead, (await live.sharp()).epoch) == ("a", first)


async def test_lead_epochs_grow_at_each_takeover_and_if_the_clock_went_back(live: Live) -> None:
    epochs = [await live.take_lead(f"w{number}") for number in range(20)]
    assert epochs == sorted(set(epochs))
    record = await live.sharp()
    assert (record.epoch, record.lead) == (epochs[-1], "w19")
    ahead = 2**52
    await live.renditions.set_config(STREAM, "sharp", live.source_epoch, epoch=ahead)
    assert await live.take_lead("a") == ahead + 1


async def test_a_lead_that_leaves_is_removed_unless_another_took_over(live: Live) -> None:
    first, second = await live.take_lead("a"), await live.take_lead("b")
    await live.renditions.drop_lead(STREAM, "sharp", first)
    assert (await live.sharp()).lead == "b"
    await live.renditions.drop_lead(STREAM, "sharp", second)
    assert ((await live.sharp()).lead, (await live.sharp()).epoch) == ("", second)


async def test_a_lead_says_in_what_it_encodes(live: Live) -> None:
    await live.take_lead("a", output="vp8")
    assert (await live.sharp()).output == "vp8"


async def test_of_two_jobs_made_for_one_rendition_one_is_led(live: Live) -> None:
    registry, epoch = live.renditions, live.source_epoch
    assert await registry.set_job(STREAM, "sharp", epoch, before="", job="1-1") == "1-1"
    assert await registry.set_job(STREAM, "sharp", epoch, before="", job="1-2") == "1-1"
    with pytest.raises(DuplicateJob):
        await live.take_lead("a", job="1-2")
    await live.take_lead("a", job="1-1")
    other = await registry.take_lead(STREAM, keys.ENHANCED, epoch, "a", job="2-1")
    record = await registry.get(STREAM, keys.ENHANCED)
    assert (record.job, record.epoch) == ("2-1", other)


async def test_a_watch_lease_lasts_for_a_while_and_tells_who_is_the_first(
    client: Redis, live: Live
) -> None:
    assert await live.watch()
    assert not await live.watch()
    seconds, micros = await command(client, "TIME")
    left_us = (await live.sharp()).watched_us - int(seconds) * 10**6 - int(micros)
    assert (WATCH_LEASE_MS - 1000) * 1000 < left_us <= WATCH_LEASE_MS * 1000
    lapsed = {"watched_us:any": 5}
    await live.renditions.set_config(STREAM, "sharp", live.source_epoch, **lapsed)
    assert await live.watch()
    assert (await live.renditions.get(STREAM, keys.ENHANCED)).watched_us == 0


async def test_each_codec_of_a_rendition_has_a_lease_of_its_own(client: Redis, live: Live) -> None:
    assert await live.watch()
    assert await live.watch("vp8")
    assert not await live.watch("vp8")
    record = await live.sharp()
    assert record.watched_us == record.watched["vp8"] >= record.watched[""] > 0
    now_us = record.watched[""]
    assert record.watched_logs(now_us=now_us - 1) == {"sharp", "sharp-vp8"}
    assert "sharp" not in record.watched_logs(now_us=now_us)
    assert record.watched_logs(now_us=record.watched_us) == frozenset()
    await command(client, "HSET", keys.rendition(STREAM, "sharp"), "watched_us:any", "soon")
    with pytest.raises(BadMessage):
        await live.sharp()


async def test_watching_keeps_no_record_alive(client: Redis, live: Live) -> None:
    key = keys.rendition(STREAM, "sharp")
    await command(client, "PEXPIRE", key, 1_000)
    await live.watch()
    assert await command(client, "PTTL", key) <= 1_000


async def test_a_pardon_forgives_all_strikes(live: Live) -> None:
    dead = {"strikes": 3, "struck": 7, "struck_us": 9}
    await live.renditions.set_config(STREAM, "sharp", live.source_epoch, **dead)
    assert (await live.sharp()).strikes == 3
    await live.renditions.set_config(STREAM, "sharp", live.source_epoch, **PARDON)
    record = await live.sharp()
    assert (record.strikes, record.struck, record.struck_us) == (0, 0, 0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("source_epoch", "-1"),
        ("epoch", "99999999999999999999"),
        ("strength", "2"),
        ("factor", "9"),
        ("kbps", "-1"),
        ("model", "m" * 5000),
        ("stream", "not/one"),
        ("name", "source"),
        ("model", b"\xff"),
    ],
)
async def test_a_record_that_cannot_be_read_harms_no_list(
    client: Redis, live: Live, field: str, value: str | bytes
) -> None:
    await command(client, "HSET", keys.rendition(STREAM, "sharp"), field, value)
    with pytest.raises(BadMessage):
        await live.sharp()
    assert [record.name for record in await live.renditions.list(STREAM)] == [keys.ENHANCED]


async def test_a_record_of_another_type_is_gone_and_made_anew(client: Redis, live: Live) -> None:
    key = keys.rendition(STREAM, "sharp")
    await command(client, "DEL", key)
    await command(client, "SET", key, "text")
    with pytest.raises(BadMessage):
        await live.sharp()
    for work in (
        live.take_lead("a"),
        live.watch(),
        live.renditions.set_config(STREAM, "sharp", live.source_epoch, enhance=True),
        live.renditions.set_job(STREAM, "sharp", live.source_epoch, before="", job="1-0"),
    ):
        with pytest.raises(StreamGone):
            await work
    await live.renditions.drop_lead(STREAM, "sharp", 5)
    assert await live.renditions.ensure(STREAM, "sharp", live.source_epoch, SHARP)
    assert (await live.sharp()).spec == SHARP


async def test_fields_of_a_later_version_are_ignored(client: Redis, live: Live) -> None:
    key = keys.rendition(STREAM, "sharp")
    await command(client, "HSET", key, "colour", "green", "watched_us:h277", "5")
    assert (await live.sharp()).watched == {}


async def test_records_outlive_a_full_server(client: Redis, live: Live) -> None:
    await command(client, "CONFIG", "SET", "maxmemory", "1")
    try:
        assert await live.renditions.ensure(STREAM, "new", live.source_epoch, SHARP)
        await live.take_lead("a")
        assert await live.watch()
        await live.renditions.set_config(STREAM, "sharp", live.source_epoch, kbps=5)
        await live.renditions.set_job(STREAM, "sharp", live.source_epoch, before="", job="1-0")
        assert await live.renditions.remove(STREAM, "new", live.source_epoch) == ""
    finally:
        await command(client, "CONFIG", "SET", "maxmemory", "512mb")
    assert ((await live.sharp()).kbps, (await live.sharp()).job) == (5, "1-0")
