"""The map of who made which part of a picture, and the requests for it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from app.errors import RedisAway
from app.http.team_maps import ASK_S, MapRequests
from app.http.team_schemas import TeamMapView
from tests.app import coding
from tests.app.http.answers import check_problem
from tests.app.http.conftest import Site
from tests.app.http.test_api import beat, get
from tests.app.http.test_whep import Http, until_live
from tests.app.peers import publishing
from tests.records import enhanced
from wire.connection import Redis, connect
from wire.control import MapRequest, to_lead
from wire.heartbeat import Heartbeats, TeamDevice, TeamWork, WorkerBeat
from wire.team_map import TeamMap

UNITS = coding.h264(98, 54, 10)
PATH = "/api/v1/streams/cam1/renditions/enhanced/map"
ROUTE = "/api/v1/streams/{stream}/renditions/{name}/map"
MAP = TeamMap(width=98, height=54, cell=32, devices=["edge-1", "dev1"], cells="0011.001")


async def shown(site: Site) -> Any:
    return await get(site, PATH, ROUTE)


def with_team(found: WorkerBeat, team_map: TeamMap | None) -> WorkerBeat:
    """The heartbeat with a helper and a map."""
    team = TeamWork(mode="regions", devices=[TeamDevice(name="dev1")])
    work = msgspec.structs.replace(found.streams[0], team=team, team_map=team_map)
    return msgspec.structs.replace(found, streams=[work])


async def test_whoever_looks_has_the_lead_asked_and_gets_what_it_tells(site: Site) -> None:
    mailbox, beats = to_lead(site.redis, "cam1"), Heartbeats(site.redis)
    await mailbox.read(block_ms=1)
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        assert await shown(site) == {"worker": "", "helpers": [], "map": None}
        asked = [one for one in await mailbox.read(block_ms=1) if isinstance(one, MapRequest)]
        assert asked == []  # there is no lead
        told = beat("cam1", (await enhanced(site.redis)).epoch)
        await beats.beat(told)
        assert await shown(site) == {"worker": "edge-1", "helpers": [], "map": None}
        assert MapRequest("enhanced") in await mailbox.read(block_ms=1000)
        await beats.beat(with_team(told, MAP))
        found = await shown(site)
        assert found["helpers"] == ["dev1"]
        assert found["map"] == {
            "width": 98, "height": 54, "cell": 32, "columns": 4, "rows": 2,
            "devices": ["edge-1", "dev1"], "cells": "0011.001",
        }  # fmt: skip
        TeamMapView.model_validate(found)
        await beats.beat(with_team(told, None))
        assert (await shown(site))["map"] is None


async def test_what_is_not_there_has_no_map(site: Site) -> None:
    check_problem(await site.client.get(PATH), 404)
    check_problem(await site.client.get(PATH.replace("cam1", "-")), 400)
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        for name in ("source", "no-such", "-", "%7B"):
            answer = await site.client.get(PATH.replace("enhanced", name))
            check_problem(answer, 404)
            assert "there is source and enhanced" in answer.json()["detail"]


async def test_a_lead_is_asked_once_a_second_however_many_look(redis_client: Redis) -> None:
    requests, mailbox = MapRequests(redis_client), to_lead(redis_client, "cam1")
    await mailbox.read(block_ms=1)
    for tenth in range(21):
        for name in ("enhanced", "small"):
            await requests.ask("cam1", name, now=tenth * ASK_S / 10)
    found = await mailbox.read(block_ms=1000)
    assert found.count(MapRequest("enhanced")) == 3 == found.count(MapRequest("small"))
    assert len(found) == 6


async def test_few_requests_are_remembered(redis_client: Redis) -> None:
    requests = MapRequests(redis_client, most=2)
    mailboxes = [to_lead(redis_client, f"cam{number}") for number in range(3)]
    for mailbox in mailboxes:
        await mailbox.read(block_ms=1)
    for _ in range(2):
        for number in (0, 1, 2, 2):
            await requests.ask(f"cam{number}", "enhanced", now=0.0)
    # A request that was forgotten is only repeated sooner.
    assert [len(await mailbox.read(block_ms=1)) for mailbox in mailboxes] == [2, 2, 2]


async def test_without_redis_it_is_away() -> None:
    client = connect("unix:///nonexistent/redis.sock")
    with pytest.raises(RedisAway):
        await MapRequests(client).ask("cam1", "enhanced", now=0.0)
    await client.aclose()
