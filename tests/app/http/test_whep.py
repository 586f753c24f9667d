"""``whep.py``: watching by HTTP, with real connections."""

from __future__ import annotations

import asyncio

import pytest

from tests.app import coding
from tests.app.http.answers import check_problem
from tests.app.http.conftest import BASE, MakeSite, Site
from tests.app.peers import publishing, until, watching
from tests.app.webrtc.offer_texts import offer

UNITS = coding.h264(98, 54, 10)


class Http:
    """Signalling by HTTP; keeps the Locations."""

    def __init__(self, site: Site, path: str, token: str = "") -> None:
        self.site = site
        self.path = path
        self.token = token
        self.locations: list[str] = []

    async def __call__(self, sdp: str) -> str:
        response = await self.site.post_offer(self.path, sdp, token=self.token)
        assert response.status_code == 201, response.text
        self.locations.append(response.headers["location"])
        return response.text


async def until_live(site: Site, stream: str = "cam1", *, token: str = "") -> None:
    async with asyncio.timeout(15):
        while True:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            response = await site.client.get(f"/api/v1/streams/{stream}", headers=headers)
            if response.json().get("state") == "live":
                return
            await asyncio.sleep(0.02)


async def test_publishing_and_watching_by_http(site: Site) -> None:
    play = Http(site, "/whep/cam1?rendition=source")
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        async with watching(play) as viewer:
            await until(lambda: len(viewer.received["video"].timestamps) > 5)
            (location,) = play.locations
            assert location.startswith(f"{BASE}/whep/cam1/")
            stream = (await site.client.get("/api/v1/streams/cam1")).json()
            assert stream["viewers"] == 1
            check_problem(await site.client.delete("/whep/cam1/guess"), 404)
            check_problem(await site.client.delete(location.replace("cam1", "cam2")), 404)
            assert (await site.client.delete(location)).status_code == 200
            check_problem(await site.client.delete(location), 404)
            await until(lambda: viewer.connection.connectionState == "closed")


async def test_the_fallback_shows_the_source_while_nobody_enhances(site: Site) -> None:
    play = Http(site, "/whep/cam1?fallback=source")
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        async with watching(play) as viewer:
            await until(lambda: len(viewer.received["video"].timestamps) > 5)


@pytest.mark.parametrize("path", ["/whep/cam1", "/whep/cam1?rendition=source&fallback=source"])
async def test_nobody_publishes_means_409_and_come_back(path: str, site: Site) -> None:
    response = await site.post_offer(path, offer("chromium_play"))
    check_problem(response, 409)
    assert int(response.headers["retry-after"]) > 0
    assert site.node.readers.all() == []


@pytest.mark.parametrize(
    "path,sdp,kind,status",
    [
        ("/whep/cam1?rendition=5%20x", offer("chromium_play"), "application/sdp", 404),
        ("/whep/cam1?fallback=2x", offer("chromium_play"), "application/sdp", 400),
        ("/whep/-", offer("chromium_play"), "application/sdp", 400),
        ("/whep/cam1", "hello", "application/sdp", 400),
        ("/whep/cam1", offer("chromium_play"), "text/plain", 415),
        ("/whep/cam1", offer("obs"), "application/sdp", 422),
        ("/whep/cam1", "v=0\r\n" * 40_000, "application/sdp", 413),
    ],
)
async def test_what_cannot_be_answered_says_why(
    path: str, sdp: str, kind: str, status: int, site: Site
) -> None:
    response = await site.post_offer(path, sdp, kind=kind)
    check_problem(response, status)
    assert status != 406  # the draft keeps it for counter-offers
    assert site.node.viewers.counts("cam1") == {}


async def test_a_full_server_says_when_to_try_again(make_site: MakeSite) -> None:
    site = make_site(max_viewers=1)
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        play = Http(site, "/whep/cam1?rendition=source")
        async with watching(play):
            response = await site.post_offer("/whep/cam1", offer("chromium_play"))
            check_problem(response, 503)
            assert int(response.headers["retry-after"]) > 0


async def test_get_head_and_patch(site: Site) -> None:
    head = await site.client.head("/whep/cam1")
    assert (head.status_code, head.headers["content-type"]) == (200, "application/sdp")
    for path in ("/whep/cam1", "/whep/cam1/session"):
        assert (await site.client.get(path)).status_code == 204
    check_problem(await site.client.patch("/whep/cam1/session", content="a=x"), 415)
