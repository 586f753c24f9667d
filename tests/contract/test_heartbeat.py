"""Heartbeats of workers: ``wire/heartbeat.py`` on each kind of server."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract.admin import command
from wire import keys
from wire.connection import Redis
from wire.errors import BadMessage
from wire.free_workers import FreeWorker
from wire.heartbeat import (
    EXPIRY_MS,
    PERIOD_S,
    EngineTrial,
    Heartbeats,
    HelperWork,
    ModelInfo,
    RenditionWork,
    StreamWork,
    WorkerBeat,
    parse_beat,
)

MODEL = ModelInfo(
    name="live-s",
    title="Live S",
    scale=2,
    macs_per_pixel=9,
    parameters=9,
    licence="x",
    precisions=["fp32"],
)


def beat(name: str, *streams: StreamWork) -> WorkerBeat:
    return WorkerBeat(
        name=name,
        host="here",
        pid=1,
        started_us=2,
        engines=["openvino"],
        models=[MODEL],
        capacity=1.5,
        load=0.5,
        ms_per_frame=15.0,
        streams=list(streams),
    )


async def test_heartbeats_are_listed_by_name_as_they_were_sent(client: Redis) -> None:
    beats = Heartbeats(client)
    work = StreamWork(
        stream="cam1", rendition="enhanced", epoch=3, state="enhancing", dropped={"late": 2}
    )
    for name in ("b", "a"):
        await beats.beat(beat(name, work))
    assert await beats.list() == [beat("a", work), beat("b", work)]


async def test_a_heartbeat_expires_unless_it_is_repeated(client: Redis) -> None:
    beats = Heartbeats(client)
    key = keys.worker("a")
    await beats.beat(beat("a"))
    assert EXPIRY_MS - 1_000 < await command(client, "PTTL", key) <= EXPIRY_MS
    await command(client, "PEXPIRE", key, 500)
    await beats.beat(beat("a"))
    assert await command(client, "PTTL", key) > 500
    await command(client, "PEXPIRE", key, 1)
    await asyncio.sleep(0.01)
    assert await beats.list() == []


async def test_a_worker_that_leaves_is_not_listed(client: Redis) -> None:
    beats = Heartbeats(client)
    await beats.beat(beat("a"))
    await beats.leave("a")
    assert await beats.list() == []


async def test_heartbeats_that_cannot_be_read_are_left_out(client: Redis) -> None:
    beats = Heartbeats(client)
    await command(client, "HSET", keys.worker("x"), "beat", b"\xff")
    await command(client, "HSET", keys.worker("y"), "other", b"1")
    await command(client, "HSET", keys.worker("z"), "beat", b'{"name":"\xff"}')
    await beats.beat(beat("a"))
    assert [found.name for found in await beats.list()] == ["a"]


async def test_more_workers_than_one_scan_page_are_all_listed(client: Redis) -> None:
    beats = Heartbeats(client, expiry_ms=60_000)
    names = [f"w{number:03}" for number in range(250)]
    for name in names:
        await beats.beat(beat(name))
    assert [found.name for found in await beats.list()] == names


def test_two_beats_may_be_missed() -> None:
    assert 3 * PERIOD_S * 1000 <= EXPIRY_MS


def full_beat() -> WorkerBeat:
    """A heartbeat in which no field has its default."""
    log = RenditionWork(
        name="enhanced-vp8", codec="vp8", watched=True, width=960, height=540, fps=29.9,
        kbps=2500.5, frames=9, key_frames=1, encoded=8, refined=4, left_out=1, encode_ms=3.5,
    )  # fmt: skip
    work = StreamWork(
        stream="cam1", rendition="enhanced", epoch=2**53 - 1, state="bypass", reason="It rests.",
        levels={"full": {"best": 7}, "temporal": {"allocation": 2}}, dropped={"late": 2},
        temporal_wanted=0.5, temporal_done=0.25, renditions=[log],
        net_samples={"w": 5, "dev1": 7}, team_results={"in_time": 3},
    )  # fmt: skip
    trial = EngineTrial(engine="torch", ms=9.5, precision="fp32", reason="")
    help_ = HelperWork(
        stream="cam2", rendition="enhanced", lead="w2", state="ready", model="live-s",
        tasks_per_s=29.7, busy=0.4, outcomes={"made": 7, "late": 1}, engine_ms=8.5,
    )  # fmt: skip
    return msgspec.structs.replace(
        beat("w", work), trials=[trial], state="draining", bad_jobs=3, engine_ms_per_s=700.0,
        team_late=4, team_bad=1, team_unsent=2, team_unclaimed=5, declined=6, helped={"made": 7},
        helper_engine_ms=8.5, helping=[help_],
    )  # fmt: skip


def test_a_full_beat_survives_the_wire() -> None:
    assert parse_beat(msgspec.json.encode(full_beat())) == full_beat()


def test_fields_of_later_versions_are_ignored_and_missing_ones_have_defaults() -> None:
    fields = msgspec.to_builtins(beat("w"))
    for name in ("trials", "engine_ms_per_s", "given_ms_per_s", "state", "bad_jobs"):
        del fields[name]
    found = parse_beat(msgspec.json.encode(fields | {"colour": "green"}))
    assert found == beat("w") and found.state == "working"


@pytest.mark.parametrize("name", ["name", "pid", "started_us", "engines", "capacity", "streams"])
def test_a_beat_without_a_required_field_is_refused(name: str) -> None:
    fields = msgspec.to_builtins(beat("w"))
    del fields[name]
    with pytest.raises(BadMessage, match=f"heartbeat: .*{name}"):
        parse_beat(msgspec.json.encode(fields))


@pytest.mark.parametrize(
    ("started_us", "is_right"), [(0, True), (2**53 - 1, True), (2**53, False), (-1, False)]
)
def test_times_are_exact_as_doubles(started_us: int, is_right: bool) -> None:
    """JavaScript and Lua read numbers as doubles."""
    data = msgspec.json.encode(msgspec.to_builtins(beat("w")) | {"started_us": started_us})
    if is_right:
        assert parse_beat(data).started_us == started_us
    else:
        with pytest.raises(BadMessage):
            parse_beat(data)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.integers(0, 255))
def test_a_beat_with_a_wrong_byte_is_read_or_refused(place: int, byte: int) -> None:
    data = bytearray(msgspec.json.encode(full_beat()))
    data[place % len(data)] = byte
    try:
        found = parse_beat(bytes(data))
    except BadMessage:
        return
    assert isinstance(found, WorkerBeat)


async def test_another_type_of_key_hides_no_worker(client: Redis) -> None:
    beats = Heartbeats(client)
    await command(client, "SET", keys.worker("x"), "text")
    await beats.beat(beat("a"))
    assert [found.name for found in await beats.list()] == ["a"]


async def test_a_beat_takes_the_place_of_whatever_has_its_key(client: Redis) -> None:
    beats = Heartbeats(client)
    await command(client, "SET", keys.worker("a"), "text")
    await beats.beat(beat("a"))
    assert await beats.list() == [beat("a")]
    assert await command(client, "PTTL", keys.worker("a")) > 0


async def test_leaving_takes_nobody_else_off_the_list(client: Redis) -> None:
    beats = Heartbeats(client)
    await beats.beat(beat("a"))
    await beats.beat(beat("aa"))
    await beats.leave("a")
    await beats.leave("never-there")
    assert await beats.list() == [beat("aa")]


async def test_a_worker_with_free_capacity_is_drawn_until_it_is_full_or_leaves(
    client: Redis,
) -> None:
    beats = Heartbeats(client)
    await beats.beat(beat("a"))
    await beats.beat(msgspec.structs.replace(beat("b"), is_remote=True, rtt_ms=40.0))
    assert beats.free == 2
    drawn = {each.name: each for each in await beats.draw()}
    assert drawn["a"] == FreeWorker(name="a", capacity=1.5, load=0.5)
    assert drawn["b"].rtt_ms == 40.0
    await beats.beat(msgspec.structs.replace(beat("a"), load=1.5))
    assert [each.name for each in await beats.draw()] == ["b"]
    await beats.beat(msgspec.structs.replace(beat("b"), state="draining"))
    assert await beats.draw() == []
    await beats.beat(beat("b"))
    await beats.leave("b")
    assert await beats.draw() == []
