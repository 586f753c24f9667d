from __future__ import annotations

import asyncio

import msgspec

from wire.connection import Redis
from wire.heartbeat import Heartbeats, WorkerBeat
from workers.team.roster import Roster


def beat(name: str) -> WorkerBeat:
    return WorkerBeat(
        name=name, host="h", pid=1, started_us=1, engines=[], models=[], capacity=1.0, load=0.0,
        ms_per_frame=10.0, streams=[],
    )  # fmt: skip


async def test_it_lists_all_workers_and_reads_them_once_for_everybody(client: Redis) -> None:
    heartbeats = Heartbeats(client)
    await heartbeats.beat(beat("a"))
    roster = Roster(heartbeats, max_age_s=60.0)
    lists = await asyncio.gather(*(roster.beats() for _ in range(5)))
    assert [each.name for each in lists[0]] == ["a"]
    assert all(found is lists[0] for found in lists)
    await heartbeats.beat(beat("b"))
    assert await roster.beats() is lists[0]


async def test_a_list_that_is_old_is_read_anew(client: Redis) -> None:
    heartbeats = Heartbeats(client)
    roster = Roster(heartbeats, max_age_s=-1.0)
    assert await roster.beats() == []
    await heartbeats.beat(msgspec.structs.replace(beat("b"), load=0.5))
    (found,) = await roster.beats()
    assert (found.name, found.load) == ("b", 0.5)
