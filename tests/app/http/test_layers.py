"""Simulcast layers as renditions, over HTTP and real connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.app.http.answers import check_problem
from tests.app.http.conftest import Site
from tests.app.http.test_renditions import shown
from tests.app.http.test_whep import Http, until_live
from tests.app.peers import until, watching
from tests.app.webrtc.offer_texts import offer
from tests.app.webrtc.test_simulcast_peer import SIZES, LayeredPublisher
from wire import keys
from wire.connection import command


@pytest.fixture
async def publisher(site: Site) -> AsyncIterator[LayeredPublisher]:
    made = LayeredPublisher()
    await made.start(Http(site, "/whip/cam1"))
    task = asyncio.get_running_loop().create_task(made.run(), name="publish-layers")
    await until_live(site)
    async with asyncio.timeout(10):
        while True:
            if len(await shown(site)) == 5:
                break
            await asyncio.sleep(0.05)
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await made.peer.close()


async def test_layers_are_listed_and_can_be_watched(
    site: Site, publisher: LayeredPublisher
) -> None:
    found = await shown(site)
    assert list(found) == ["source", "source-h", "source-m", "source-l", "enhanced"]
    for rid, (width, height) in SIZES.items():
        view = found[f"source-{rid}"]
        assert (view["width"], view["height"], view["codec"]) == (width, height, "h264")
    async with watching(Http(site, "/whep/cam1?rendition=source-l&fallback=none")) as viewer:
        await until(lambda: len(viewer.received["video"].timestamps) > 10)
        (reader,) = [r for r in site.node.readers.all() if r.rendition == "source-l"]
        assert reader.size == SIZES["l"]
        assert (await shown(site))["source-l"]["viewers"] == 1
        steps = list(viewer.received["video"].timestamps)
        assert steps == sorted(steps)
    # Nobody of another node reads, so nothing is written.
    assert await command(site.redis, "XLEN", keys.log("cam1", "source-l")) == 0


async def test_a_layer_that_there_is_not_is_refused_with_those_that_are(
    site: Site, publisher: LayeredPublisher
) -> None:
    response = await site.post_offer("/whep/cam1?rendition=source-x", offer("chromium_play"))
    check_problem(response, 404)
    assert "source-h, source-m, source-l" in response.json()["detail"]


async def test_an_operator_cannot_take_the_name_of_a_layer(
    site: Site, publisher: LayeredPublisher
) -> None:
    response = await site.client.put("/api/v1/streams/cam1/renditions/source-h", json={})
    check_problem(response, 400)
