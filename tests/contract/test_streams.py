from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import pytest

from tests.contract.admin import command
from wire import keys
from wire.connection import Redis, wait_until_up
from wire.embedded import EmbeddedServer
from wire.errors import BadMessage, StreamBusy, StreamGone
from wire.streams import EXPIRY_MS, WATCH_MS, StreamRegistry

STREAM = "cam1"


@dataclasses.dataclass(frozen=True, slots=True)
class Live:
    """A registry with one live stream."""

    registry: StreamRegistry
    session: int


@pytest.fixture
async def live(client: Redis) -> Live:
    registry = StreamRegistry(client)
    session = await registry.create(STREAM, started_us=5, audio=True, model="live-s")
    return Live(registry, session)


async def time_left_ms(client: Redis) -> int:
    return int(await command(client, "PTTL", keys.record(STREAM)))


async def test_a_new_record_has_what_it_was_made_with_and_defaults(live: Live) -> None:
    record = await live.registry.get(STREAM)
    assert (record.id, record.session, record.state) == (STREAM, live.session, "live")
    assert (record.started_us, record.audio, record.model) == (5, True, "live-s")
    assert (record.enhance, record.epoch, record.lead, record.codec) == (True, 0, "", "")


async def test_a_record_expires_unless_it_is_touched(client: Redis, live: Live) -> None:
    assert EXPIRY_MS - 1_000 < await time_left_ms(client) <= EXPIRY_MS
    await command(client, "PEXPIRE", keys.record(STREAM), 1_000)
    await live.registry.touch(STREAM, live.session, codec="vp8", fps=29.97, enhance=False)
    assert await time_left_ms(client) > EXPIRY_MS - 1_000
    record = await live.registry.get(STREAM)
    assert (record.codec, record.fps, record.enhance) == ("vp8", 29.97, False)


async def test_an_expired_record_is_gone_for_everyone(client: Redis, live: Live) -> None:
    await command(client, "PEXPIRE", keys.record(STREAM), 1)
    await asyncio.sleep(0.02)
    with pytest.raises(StreamGone):
        await live.registry.get(STREAM)
    with pytest.raises(StreamGone):
        await live.registry.touch(STREAM, live.session)
    with pytest.raises(StreamGone):
        await live.registry.set_wish(STREAM, live.session, enhance=False)
    with pytest.raises(StreamGone):
        await live.registry.take_lead(STREAM, live.session, "a")
    await live.registry.drop_lead(STREAM, 7)
    assert await command(client, "KEYS", "*") == []


async def test_a_second_publisher_finds_the_stream_busy(live: Live) -> None:
    with pytest.raises(StreamBusy, match="cam1 already has a publisher"):
        await live.registry.create(STREAM)
    assert (await live.registry.get(STREAM)).session == live.session


async def test_of_many_publishers_at_once_one_gets_the_stream(client: Redis) -> None:
    registry = StreamRegistry(client)
    answers = await asyncio.gather(
        *(registry.create(STREAM) for _ in range(20)), return_exceptions=True
    )
    sessions = [answer for answer in answers if isinstance(answer, int)]
    assert sessions == [(await registry.get(STREAM)).session]
    assert sum(isinstance(answer, StreamBusy) for answer in answers) == 19


async def test_every_session_is_greater_than_the_one_before(client: Redis) -> None:
    registry = StreamRegistry(client)
    sessions = []
    for _ in range(50):
        sessions.append(await registry.create(STREAM))
        await registry.end(STREAM, sessions[-1], ())
    assert sessions == sorted(set(sessions))
    assert sessions[-1] < 2**53


async def test_another_session_can_neither_touch_nor_end_nor_lead(live: Live) -> None:
    other = live.session + 1
    with pytest.raises(StreamBusy, match="belongs to another publisher"):
        await live.registry.touch(STREAM, other, fps=1.0)
    with pytest.raises(StreamGone):
        await live.registry.take_lead(STREAM, other, "a")
    assert not await live.registry.end(STREAM, other, ())
    assert (await live.registry.get(STREAM)).fps == 0.0


async def test_a_wish_does_not_prolong_the_life_of_a_record(client: Redis, live: Live) -> None:
    await command(client, "PEXPIRE", keys.record(STREAM), 1_000)
    await live.registry.set_wish(STREAM, live.session, enhance=False, model="other")
    assert 0 < await time_left_ms(client) <= 1_000
    record = await live.registry.get(STREAM)
    assert (record.enhance, record.model) == (False, "other")


async def test_a_record_is_brought_back_with_its_session_after_the_server_lost_it(
    server: EmbeddedServer, client: Redis, live: Live
) -> None:
    server.restart()
    assert await wait_until_up(client, 5.0)
    with pytest.raises(StreamGone):
        await live.registry.touch(STREAM, live.session)
    assert await live.registry.create(STREAM, session=live.session, codec="h264") == live.session
    await live.registry.touch(STREAM, live.session)
    assert (await live.registry.get(STREAM)).codec == "h264"


async def test_a_record_is_not_brought_back_over_a_newer_publisher(
    server: EmbeddedServer, client: Redis, live: Live
) -> None:
    server.restart()
    assert await wait_until_up(client, 5.0)
    newer = await live.registry.create(STREAM)
    assert newer > live.session
    with pytest.raises(StreamBusy):
        await live.registry.create(STREAM, session=live.session)


async def test_lead_epochs_grow_at_each_takeover_and_after_a_restart(
    server: EmbeddedServer, client: Redis, live: Live
) -> None:
    epochs = [await live.registry.take_lead(STREAM, live.session, f"w{n}") for n in range(20)]
    record = await live.registry.get(STREAM)
    assert (record.epoch, record.lead) == (epochs[-1], "w19")
    server.restart()
    assert await wait_until_up(client, 5.0)
    await live.registry.create(STREAM, session=live.session)
    epochs.append(await live.registry.take_lead(STREAM, live.session, "late"))
    assert epochs == sorted(set(epochs))
    assert epochs[-1] < 2**53


async def test_a_lead_epoch_grows_even_if_the_servers_clock_went_back(live: Live) -> None:
    ahead = 2**52
    await live.registry.touch(STREAM, live.session, epoch=ahead)
    assert await live.registry.take_lead(STREAM, live.session, "a") == ahead + 1
    assert (await live.registry.get(STREAM)).epoch == ahead + 1


async def test_watching_lasts_for_a_while_and_tells_who_is_the_first(
    client: Redis, live: Live
) -> None:
    assert (await live.registry.get(STREAM)).watched_us == 0
    assert await live.registry.watch(STREAM, live.session)
    assert not await live.registry.watch(STREAM, live.session)
    seconds, micros = await command(client, "TIME")
    left_us = (await live.registry.get(STREAM)).watched_us - int(seconds) * 10**6 - int(micros)
    assert (WATCH_MS - 1000) * 1000 < left_us <= WATCH_MS * 1000
    await live.registry.touch(STREAM, live.session, **{"watched_us:enhanced": 5})
    assert await live.registry.watch(STREAM, live.session)


async def test_each_enhanced_rendition_is_watched_for_itself(client: Redis, live: Live) -> None:
    assert await live.registry.watch(STREAM, live.session, "enhanced")
    # Somebody watches the stream already, but not this rendition of it.
    assert await live.registry.watch(STREAM, live.session, "enhanced-vp8")
    assert not await live.registry.watch(STREAM, live.session, "enhanced-vp8")
    record = await live.registry.get(STREAM)
    assert record.watched_us == record.watched["enhanced-vp8"] >= record.watched["enhanced"] > 0
    now_us = record.watched["enhanced"]
    assert record.wanted(now_us=now_us - 1) == {"enhanced", "enhanced-vp8"}
    assert "enhanced" not in record.wanted(now_us=now_us)
    assert record.wanted(now_us=record.watched_us) == frozenset()
    await command(client, "HSET", keys.record(STREAM), "watched_us:enhanced", "soon")
    with pytest.raises(BadMessage):
        await live.registry.get(STREAM)


async def test_a_lead_says_in_what_it_encodes(live: Live) -> None:
    assert (await live.registry.get(STREAM)).output == ""
    await live.registry.take_lead(STREAM, live.session, "a", output="vp8")
    assert (await live.registry.get(STREAM)).output == "vp8"


async def test_what_is_gone_or_another_publishers_is_not_watched(client: Redis, live: Live) -> None:
    await command(client, "PEXPIRE", keys.record(STREAM), 1_000)
    with pytest.raises(StreamGone):
        await live.registry.watch(STREAM, live.session + 1)
    with pytest.raises(StreamGone):
        await live.registry.watch("nobody", live.session)
    await live.registry.watch(STREAM, live.session)
    # Watching keeps no record alive.
    assert await time_left_ms(client) <= 1_000
    assert await command(client, "KEYS", "*") == [keys.record(STREAM).encode()]


async def test_a_lead_that_leaves_is_removed_unless_another_took_over(live: Live) -> None:
    first = await live.registry.take_lead(STREAM, live.session, "a")
    second = await live.registry.take_lead(STREAM, live.session, "b")
    await live.registry.drop_lead(STREAM, first)
    assert (await live.registry.get(STREAM)).lead == "b"
    await live.registry.drop_lead(STREAM, second)
    record = await live.registry.get(STREAM)
    assert (record.lead, record.epoch) == ("", second)


async def test_all_records_are_listed_by_id_and_broken_ones_left_out(
    client: Redis, live: Live
) -> None:
    await live.registry.create("a.b-c_d")
    await command(client, "HSET", "stream:{broken}", "id", "broken", "session", "no number")
    await command(client, "HSET", "stream:{bytes}", "id", b"\xff", "session", "1")
    assert [record.id for record in await live.registry.list()] == ["a.b-c_d", STREAM]
    for name in ("broken", "bytes"):
        with pytest.raises(BadMessage):
            await live.registry.get(name)


async def test_fields_of_a_later_version_are_ignored(client: Redis, live: Live) -> None:
    await command(client, "HSET", keys.record(STREAM), "colour", "green")
    assert (await live.registry.get(STREAM)).session == live.session


@pytest.mark.parametrize("value", [0.0, 1e-7, 29.97, 123456.789])
async def test_floats_keep_their_value(live: Live, value: float) -> None:
    fields: dict[str, Any] = {"kbps": value}
    await live.registry.touch(STREAM, live.session, **fields)
    assert (await live.registry.get(STREAM)).kbps == value


async def test_an_ended_stream_leaves_no_key(client: Redis, live: Live) -> None:
    for key in (keys.log(STREAM, "source"), keys.log(STREAM, "enhanced"), keys.control(STREAM)):
        await command(client, "XADD", key, "*", "a", "b")
    assert await live.registry.end(STREAM, live.session, ("enhanced",))
    assert await command(client, "KEYS", "*") == []
    assert not await live.registry.end(STREAM, live.session, ("enhanced",))
