"""Two app nodes on one Redis: sessions, viewers and figures, whichever node is asked."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.app import coding
from tests.app.http.answers import check_problem, matches
from tests.app.http.conftest import ADMIN_TOKEN, MakeSite, Site
from tests.app.http.test_whep import Http, until_live
from tests.app.peers import publishing, until, watching
from tests.app.webrtc.offer_texts import offer
from wire import keys
from wire.connection import Redis, command

UNITS = coding.h264(98, 54, 10)
PLAY = "/whep/cam1?rendition=source"
FRAGMENT = "a=ice-ufrag:{}\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=end-of-candidates\r\n"


@pytest.fixture
async def sites(make_site: MakeSite) -> list[Site]:
    return [make_site(name=name, runs=True) for name in ("one", "two")]


async def until_listed(site: Site, count: int) -> list[dict[str, Any]]:
    """Returns the nodes as a site lists them, when they are so many."""
    async with asyncio.timeout(10):
        while True:
            listed = (await site.client.get("/api/v1/nodes")).json()["nodes"]
            if len(listed) == count:
                return list(listed)
            await asyncio.sleep(0.05)


async def until_viewers(site: Site, count: int) -> None:
    async with asyncio.timeout(10):
        while True:
            stream = (await site.client.get("/api/v1/streams/cam1")).json()
            if stream["viewers"] == count:
                assert [one["viewers"] for one in stream["renditions"]][0] == count
                return
            await asyncio.sleep(0.05)


async def patch(site: Site, location: str, ufrag: str, **headers: str) -> Any:
    headers = {"If-Match": "*", "Content-Type": "application/trickle-ice-sdpfrag"} | headers
    return await site.client.patch(location, content=FRAGMENT.format(ufrag), headers=headers)


async def test_one_stream_is_served_by_two_nodes(sites: list[Site]) -> None:
    one, two = sites
    publish = Http(one, "/whip/cam1")
    plays = [Http(one, PLAY), Http(two, PLAY)]
    await until_listed(one, 2)
    async with publishing(publish, UNITS) as publisher:
        await until_live(two)
        async with watching(plays[0]) as here, watching(plays[1]) as there:
            for viewer in (here, there):
                received = viewer.received["video"]
                await until(lambda r=received: len(r.timestamps) > 10)  # type: ignore[misc]
            for play, node in zip(plays, ("one", "two"), strict=True):
                assert play.locations[0].rpartition("/")[2].startswith(f"{node}.")
            for site in sites:
                await until_viewers(site, 2)
            # What only the publisher's node knows is told by the other one too.
            stream = (await two.client.get("/api/v1/streams/cam1")).json()
            assert stream["packets"].keys() == one.node.publishers.packets("cam1").keys()

            # Each session is ended through the node that does not have it.
            for location in (plays[0].locations[0], plays[1].locations[0]):
                check_problem(await two.client.delete(location.replace("cam1", "cam2")), 404)
            assert (await two.client.delete(plays[0].locations[0])).status_code == 200
            check_problem(await two.client.delete(plays[0].locations[0]), 404)
            await until(lambda: here.connection.connectionState == "closed")
            await until_viewers(one, 1)
            assert (await one.client.delete(plays[1].locations[0])).status_code == 200
            await until(lambda: there.connection.connectionState == "closed")
            await until_viewers(two, 0)
        assert (await two.client.delete(publish.locations[0])).status_code == 200
        check_problem(await two.client.delete(publish.locations[0]), 404)
        await until(lambda: one.node.publishers.ingest_session("cam1") is None)
        await until(lambda: publisher.connection.connectionState == "closed")


async def test_candidates_reach_a_session_through_another_node(sites: list[Site]) -> None:
    one, two = sites
    await until_listed(two, 2)
    location = (await one.post_offer("/whip/cam1", offer("obs"))).headers["location"]
    answers = [await patch(site, location, "") for site in sites]
    assert [answer.status_code for answer in answers] == [204, 204]
    for tag, status in (("", 428), ('"other"', 412)):
        answers = [await patch(site, location, "", **{"If-Match": tag}) for site in sites]
        assert len({check_problem(answer, status) for answer in answers}) == 1
    refused = [await patch(site, location, "other") for site in sites]
    assert len({check_problem(answer, 400) for answer in refused}) == 1  # no password
    tags = []
    for number, site in enumerate(sites):
        credentials = f"oth{number}\r\na=ice-pwd:{number}23456789012345678901{number}"
        answer = await patch(site, location, credentials)
        assert answer.status_code == 200
        assert "a=ice-pwd:" in answer.text
        tags.append(answer.headers["etag"])
    assert len(set(tags)) == 2
    check_problem(await patch(two, location + "x", ""), 404)


async def test_a_session_of_a_node_that_is_gone_is_not_found(
    sites: list[Site], redis_client: Redis
) -> None:
    one, two = sites
    await until_listed(one, 2)
    for address in (
        "three.secret",
        "secret",
        "one.",
        ".secret",
        "one.x",
        "o*e.x",
        "two." + 65 * "x",
    ):
        check_problem(await one.client.delete(f"/whep/cam1/{address}"), 404)
    location = (await two.post_offer("/whip/cam1", offer("obs"))).headers["location"]
    await two.stop()
    # It was here a moment ago: it may only be slow.
    answer = await one.client.delete(location)
    check_problem(answer, 503)
    assert int(answer.headers["retry-after"]) > 0
    await command(redis_client, "DEL", keys.app("two"))
    check_problem(await one.client.delete(location), 404)


async def test_a_node_that_is_killed_does_not_disturb_the_other(sites: list[Site]) -> None:
    one, two = sites
    await until_listed(one, 2)
    async with publishing(Http(one, "/whip/cam1"), UNITS):
        await until_live(two)
        async with watching(Http(one, PLAY)) as here, watching(Http(two, PLAY)) as there:
            for viewer in (here, there):
                received = viewer.received["video"]
                await until(lambda r=received: len(r.timestamps) > 10)  # type: ignore[misc]
            await until_viewers(one, 2)
            await two.stop()
            await there.connection.close()
            count = len(here.received["video"].timestamps)
            await until_listed(one, 1)  # its heartbeat expired
            await until(lambda: len(here.received["video"].timestamps) > count + 20)
            await until_viewers(one, 1)


async def test_nodes_are_listed_for_the_admin(make_site: MakeSite) -> None:
    site = make_site(admin_token=ADMIN_TOKEN, name="one", runs=True)
    check_problem(await site.client.get("/api/v1/nodes"), 401)
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    listing = (await site.client.get("/api/v1/nodes", headers=headers)).json()
    document = (await site.client.get("/openapi.json")).json()
    matches(listing, {"$ref": "#/components/schemas/NodeList"}, document)
    (node,) = listing["nodes"]
    assert (node["name"], node["answers"], node["publishers"]) == ("one", True, 0)
