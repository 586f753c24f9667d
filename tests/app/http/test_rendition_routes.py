"""Renditions that an operator adds and removes: REST and WHEP, with real connections."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from app.streams.readers import ReaderTimes
from tests.app import coding
from tests.app.http.answers import check_problem
from tests.app.http.conftest import ADMIN_TOKEN, MakeSite, Site
from tests.app.http.test_api import beat, get
from tests.app.http.test_whep import Http, until_live
from tests.app.peers import publishing, until, watching
from tests.app.webrtc.offer_texts import offer
from wire.connection import command
from wire.heartbeat import Heartbeats
from wire.rendition_record import MAX_RENDITIONS, RenditionRegistry

UNITS = coding.h264(98, 54, 10)
PATH = "/api/v1/streams/cam1"
SPEC = {"model": "live-s", "factor": 2, "strength": 0.25, "codec": "vp8", "kbps": 900}


async def put(site: Site, name: str, **spec: Any) -> Any:
    return await site.client.put(f"{PATH}/renditions/{name}", json=spec)


async def shown(site: Site) -> dict[str, dict[str, Any]]:
    stream = await get(site, PATH, "/api/v1/streams/{stream}")
    return {rendition["name"]: rendition for rendition in stream["renditions"]}


async def test_a_rendition_is_added_changed_and_removed(site: Site) -> None:
    await Heartbeats(site.redis, expiry_ms=60_000).beat(beat())
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        assert (await put(site, "small", **SPEC)).status_code == 200
        found = await shown(site)
        assert list(found) == ["source", "enhanced", "small"]
        small = found["small"]
        assert small["spec"] == SPEC | {
            "enhance": True,
            "team": "auto",
            "pinned": [],
            "excluded": [],
        }
        assert small["team"] is None
        assert (small["state"], small["reason"]) == ("waiting", "No worker has taken it yet.")
        assert (small["codec"], small["strength"], small["of"]) == ("vp8", 0.25, "")
        assert found["source"]["spec"] is None
        record = await site.node.directory.record("cam1")
        assert record is not None
        registry = RenditionRegistry(site.redis)
        async with asyncio.timeout(10):  # its node makes the job
            while not (await registry.get("cam1", "small")).job:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

        assert (await put(site, "small", model="live-s")).status_code == 200
        spec = (await shown(site))["small"]["spec"]
        assert (spec["model"], spec["factor"], spec["strength"], spec["kbps"]) == (
            "live-s", 0, None, 0,
        )  # fmt: skip

        assert (await site.client.delete(f"{PATH}/renditions/small")).status_code == 204
        assert list(await shown(site)) == ["source", "enhanced"]
        problem = check_problem(await site.client.delete(f"{PATH}/renditions/small"), 404)
        assert problem == "cam1 has no rendition 'small'; there is source and enhanced."
        async with asyncio.timeout(10):
            while await command(site.redis, "XLEN", "jobs") != 1:  # noqa: ASYNC110
                await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("name", "spec", "status", "words"),
    [
        ("Small", {}, 400, "lower-case letters"),
        ("source", {}, 400, "it is not source"),
        ("fine-vp8", {}, 400, "does not end in -h264 or -vp8"),
        ("small", {"model": "huge"}, 400, "No running worker has a model 'huge'"),
        ("small", {"factor": 3}, 400, "live-s enlarges 2 times"),
        ("small", {"factor": 9}, 422, "factor"),
        ("small", {"factor": True}, 422, "factor"),
        ("small", {"team": "always"}, 422, "team"),
        ("small", {"excluded": ["no name"]}, 400, "'no name' is no name of a worker"),
        ("small", {"excluded": ["a" * 64] * 4}, 400, "longer than 256 characters"),
        ("small", {"excluded": ["a"] * 9}, 422, "excluded"),
        ("small", {"pinned": ["no name"]}, 400, "'no name' is no name of a worker"),
        ("small", {"pinned": ["a" * 64] * 4}, 400, "The pinned names are longer than 256"),
        ("small", {"pinned": ["a", "b"], "excluded": ["b"]}, 400, "b is both pinned and excluded"),
        ("small", {"strength": 1.5}, 422, "strength"),
        ("small", {"codec": "av1"}, 400, "encoded as h264 or vp8"),
        ("small", {"kbps": -1}, 422, "kbps"),
        ("small", {"colour": "red"}, 422, "colour"),
    ],
)
async def test_what_cannot_be_made_is_refused_in_a_sentence(
    site: Site, name: str, spec: dict[str, Any], status: int, words: str
) -> None:
    await Heartbeats(site.redis, expiry_ms=60_000).beat(beat())
    answer = await put(site, name, **spec)
    assert answer.status_code in (400, 422)
    assert words in check_problem(answer, answer.status_code)


async def test_a_stream_that_is_not_live_has_no_renditions(site: Site) -> None:
    check_problem(await put(site, "small"), 404)
    check_problem(await site.client.delete(f"{PATH}/renditions/small"), 404)


async def test_the_default_rendition_is_changed_but_not_removed(site: Site) -> None:
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        assert (await put(site, "enhanced", enhance=False)).status_code == 200
        assert (await shown(site))["enhanced"]["spec"]["enhance"] is False
        stream = (await site.client.get(PATH)).json()
        assert stream["enhancement"]["enabled"] is False
        for name in ("enhanced", "source"):
            check_problem(await site.client.delete(f"{PATH}/renditions/{name}"), 409)


async def test_a_net_whose_scale_is_not_the_factor_is_refused_on_both_ways(site: Site) -> None:
    tripling = msgspec.structs.replace(beat().models[0], name="live-m-x3", scale=3)
    models = [*beat().models, tripling]
    await Heartbeats(site.redis, expiry_ms=60_000).beat(
        msgspec.structs.replace(beat(), models=models)
    )
    sentence = (
        "live-m-x3 enlarges 3 times, and the rendition's factor is 2; it can be 3, 1 for the size "
        "of the source, 0 for what the net does, or below 0 for a smaller picture without a net."
    )
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        assert (await put(site, "enhanced", model="live-s", factor=2)).status_code == 200
        for answer in (
            await site.client.patch(PATH, json={"model": "live-m-x3"}),
            await put(site, "enhanced", model="live-m-x3", factor=2),
        ):
            assert check_problem(answer, 400) == sentence
        assert (await shown(site))["enhanced"]["spec"]["model"] == "live-s"
        # The default net is judged as a named one is.
        assert (await put(site, "enhanced", model="live-m-x3", factor=3)).status_code == 200
        check_problem(await site.client.patch(PATH, json={"model": ""}), 400)
        for factor in (0, 1):
            await put(site, "enhanced", model="live-s", factor=factor)
            answer = await site.client.patch(PATH, json={"model": "live-m-x3"})
            assert answer.status_code == 200


async def test_a_stream_has_so_many_renditions_and_no_more(site: Site) -> None:
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        answers = [(await put(site, f"r{n}")).status_code for n in range(MAX_RENDITIONS)]
        assert answers == [200] * (MAX_RENDITIONS - 1) + [409]
        assert len(await shown(site)) == MAX_RENDITIONS + 1


async def test_changes_need_the_admin_token(make_site: MakeSite) -> None:
    site = make_site(admin_token=ADMIN_TOKEN)
    check_problem(await put(site, "small"), 401)
    check_problem(await site.client.delete(f"{PATH}/renditions/small"), 401)


async def test_a_rendition_is_watched_by_its_name_until_it_is_removed(
    make_site: MakeSite,
) -> None:
    site = make_site(times=ReaderTimes(over_s=0.5, check_s=0.1))
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        missing = await site.post_offer("/whep/cam1?rendition=small", offer("chromium_play"))
        assert "there is source and enhanced" in check_problem(missing, 404)
        await put(site, "small")
        async with (
            watching(Http(site, "/whep/cam1?rendition=small")) as small,
            watching(Http(site, "/whep/cam1")) as usual,
        ):
            # No worker makes either: the source stands in for both.
            for viewer in (small, usual):
                received = viewer.received["video"]
                await until(lambda r=received: len(r.timestamps) > 5)  # type: ignore[misc]
            assert (await shown(site))["small"]["viewers"] == 1
            leases = await RenditionRegistry(site.redis).list("cam1")
            assert {record.name: bool(record.watched_us) for record in leases} == {
                "enhanced": True,
                "small": True,
            }
            await site.client.delete(f"{PATH}/renditions/small")
            await until(lambda: small.connection.connectionState == "closed")
            assert usual.connection.connectionState == "connected"
            assert site.node.viewers.counts("cam1") == {"enhanced": 1}


async def test_viewers_are_counted_by_rendition_in_metrics(site: Site) -> None:
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        await put(site, "small")
        async with watching(Http(site, "/whep/cam1?rendition=small"), "video"):
            text = (await site.client.get("/metrics")).text
            assert 'sharpcast_viewers{rendition="small",stream="cam1"} 1.0' in text
            assert 'sharpcast_viewers{rendition="enhanced",stream="cam1"} 0.0' in text
