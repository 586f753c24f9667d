from __future__ import annotations

import asyncio

import msgspec
import pytest

from tests.contract.test_heartbeat import MODEL
from wire.connection import Redis
from wire.free_workers import MAX_DRAWN
from wire.heartbeat import Heartbeats, WorkerBeat
from workers.team.roster import Roster


def beat(name: str, load: float = 0.0) -> WorkerBeat:
    return WorkerBeat(
        name=name, host="h", pid=1, started_us=1, engines=[], models=[MODEL], capacity=1.0,
        load=load, ms_per_frame=10.0, streams=[],
    )  # fmt: skip


def names(beats: list[WorkerBeat]) -> list[str]:
    return [each.name for each in beats]


async def test_it_shows_free_workers_and_those_that_are_named(client: Redis) -> None:
    heartbeats = Heartbeats(client)
    for each in (beat("free"), beat("full", 1.0), beat("busy", 1.0)):
        await heartbeats.beat(each)
    found = await Roster(heartbeats).beats({"full", "gone"}, MODEL.name)
    assert names(found) == ["free", "full"]
    assert [each.models for each in found] == [[MODEL], [MODEL]]
    assert [each.models for each in await Roster(heartbeats).beats((), "other")] == [[]]


async def test_what_was_read_serves_all_teams_for_a_while(client: Redis) -> None:
    heartbeats = Heartbeats(client)
    await heartbeats.beat(beat("a"))
    roster = Roster(heartbeats, max_age_s=60.0)
    lists = await asyncio.gather(*(roster.beats({"b"}, MODEL.name) for _ in range(5)))
    assert [names(found) for found in lists] == [["a"]] * 5
    await heartbeats.beat(beat("a", 0.5))
    await heartbeats.beat(beat("b"))
    (same,) = await roster.beats({"b"}, MODEL.name)
    assert (same.name, same.load) == ("a", 0.0)
    await heartbeats.beat(beat("c"))
    # Another name, and the same ones with another net, are not known yet.
    assert names(await roster.beats({"c"}, MODEL.name)) == ["a", "c"]
    assert names(await roster.beats({"b"}, "other")) == ["a", "b"]


async def test_what_is_old_is_read_anew(client: Redis) -> None:
    heartbeats = Heartbeats(client)
    roster = Roster(heartbeats, max_age_s=-1.0)
    assert await roster.beats((), MODEL.name) == []
    await heartbeats.beat(msgspec.structs.replace(beat("b"), load=0.5))
    (found,) = await roster.beats((), MODEL.name)
    assert (found.name, found.load) == ("b", 0.5)


@pytest.mark.parametrize("count", [20, 200])
async def test_its_cost_is_flat(client: Redis, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    heartbeats = Heartbeats(client, expiry_ms=60_000)
    for number in range(count):
        await heartbeats.beat(beat(f"w{number:03}"))
    sent: list[object] = []
    execute = client.execute

    async def counted(*args: bytes | str | int | float, asking: bool = False) -> object:
        sent.append(args[0])
        return await execute(*args, asking=asking)

    monkeypatch.setattr(client, "execute", counted)
    found = await Roster(heartbeats).beats({"w000"}, MODEL.name)
    assert MAX_DRAWN <= len(found) <= MAX_DRAWN + 1
    assert "SCAN" not in sent and len(sent) <= MAX_DRAWN + 3
