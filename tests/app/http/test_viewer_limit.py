"""A publisher's limit of viewers holds for people, by WHEP and HLS together, on all nodes."""

from __future__ import annotations

import asyncio

import pytest

from app.audience import Audience
from app.errors import Full
from app.http.viewer_limit import ViewerLimit
from tests.app import coding
from tests.app.http.answers import check_problem
from tests.app.http.conftest import ADMIN_TOKEN, MakeSite, Site
from tests.app.http.test_whep import Http, until_live
from tests.app.peers import publishing, watching
from tests.app.webrtc.offer_texts import offer

UNITS = coding.h264(98, 54, 10)
ALL, INDEX = "/hls/cam1/index.m3u8", "/hls/cam1/source/index.m3u8"
PLAY = "/whep/cam1?rendition=source"


async def key(site: Site, viewers: int) -> str:
    """A key whose streams have so many viewers at most."""
    body = {"streams": "cam1", "limits": {"viewers": viewers}}
    bearer = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    made = await site.client.post("/api/v1/keys", json=body, headers=bearer)
    return str(made.json()["secret"])


async def status(site: Site, path: str) -> int:
    return (await site.client.get(path)).status_code


async def test_players_of_hls_count_and_are_told_why_they_are_refused(guarded: Site) -> None:
    token = await key(guarded, 2)
    async with publishing(Http(guarded, "/whip/cam1", token), UNITS):
        await until_live(guarded)
        async with watching(Http(guarded, f"{PLAY}&viewer=anna")):
            assert await status(guarded, f"{INDEX}?viewer=ben") == 200
            for path in (ALL, f"{INDEX}?viewer=carl", INDEX):
                refused = await guarded.client.get(path)
                check_problem(refused, 503)
                assert "as many viewers as its publisher may have (2)" in refused.json()["detail"]
                assert int(refused.headers["retry-after"]) > 0
            check_problem(await guarded.post_offer(PLAY, offer("chromium_play")), 503)
            # Who watches already goes on, by whichever way.
            for name in ("anna", "ben"):
                assert await status(guarded, f"{INDEX}?viewer={name}") == 200
                assert await status(guarded, f"{ALL}?viewer={name}") == 200
            async with watching(Http(guarded, f"{PLAY}&viewer=ben")):
                assert guarded.node.audience.people("cam1")[1] == 0


async def test_viewers_of_another_node_count(make_site: MakeSite) -> None:
    tokens = {"publish_token": "publish", "admin_token": ADMIN_TOKEN}
    one, two = (make_site(name=name, runs=True, **tokens) for name in ("one", "two"))
    token = await key(one, 1)
    async with publishing(Http(one, "/whip/cam1", token), UNITS):
        await until_live(two)
        assert await status(one, f"{INDEX}?viewer=anna") == 200
        async with asyncio.timeout(15):
            # The other node learns of it with the next heartbeat.
            while await status(two, f"{ALL}?viewer=ben") == 200:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        assert await status(two, f"{INDEX}?viewer=anna") == 200


async def test_offers_at_one_moment_do_not_exceed_it(guarded: Site) -> None:
    token = await key(guarded, 2)
    async with publishing(Http(guarded, "/whip/cam1", token), UNITS):
        await until_live(guarded)
        sdp = offer("chromium_play")
        answers = await asyncio.gather(*(guarded.post_offer(PLAY, sdp) for _ in range(5)))
        assert sorted(each.status_code for each in answers) == [201, 201, 503, 503, 503]


async def test_without_a_limit_or_a_stream_everybody_passes(site: Site) -> None:
    limit = ViewerLimit(site.node, site.snapshot)
    await limit.check("cam1", "anna")
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        for number in range(50):
            site.node.audience.note("cam1", "source", str(number))
        await limit.check("cam1", "anna")


async def test_the_words_say_what_helps(guarded: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Audience, "has_place", lambda *_, **__: False)
    token = await key(guarded, 3)
    async with publishing(Http(guarded, "/whip/cam1", token), UNITS):
        await until_live(guarded)
        with pytest.raises(Full, match="room again when one of them leaves"):
            await ViewerLimit(guarded.node, guarded.snapshot).check("cam1", "anna")
