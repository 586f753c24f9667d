"""The routes of the admin API."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from app.http import schemas
from app.http.snapshot import Seen
from app.webrtc.ice import IceServer
from media.send_size import shipped_sizes
from tests.app import coding
from tests.app.http.answers import check_problem, matches
from tests.app.http.conftest import ADMIN_TOKEN, MakeSite, Site
from tests.app.http.test_whep import Http, until_live
from tests.app.peers import publishing, until, watching
from tests.app.webrtc.offer_texts import offer
from tests.records import enhanced
from wire.heartbeat import Heartbeats, HelperWork, ModelInfo, StreamWork, WorkerBeat

UNITS = coding.h264(98, 54, 10)
ADMIN = {"Authorization": f"Bearer {ADMIN_TOKEN}"}


def beat(stream: str = "", epoch: int = 0) -> WorkerBeat:
    """A worker, at work for one stream where one is named."""
    work = StreamWork(
        stream=stream,
        rendition="enhanced",
        epoch=epoch,
        state="enhancing",
        model="live-s",
        engine="openvino",
        width=196,
        height=108,
        fps=29.9712,
        kbps=812.345,
        frames_in=9,
        frames_out=8,
        enhanced=7,
        bicubic=1,
        dropped={"late": 1},
        levels={"full": {"best": 7}, "bicubic": {"late": 1}},
        level="full",
        allocation_ms=412.5,
        temporal_wanted=1.5,
        temporal_done=0.75,
    )
    model = ModelInfo(
        name="live-s",
        title="Live S",
        scale=2,
        macs_per_pixel=9000,
        parameters=9500,
        licence="Apache-2.0",
        precisions=["fp32", "int8"],
    )
    return WorkerBeat(
        name="edge-1",
        host="edge",
        pid=7,
        started_us=1_700_000_000_000_000,
        engines=["openvino"],
        models=[model],
        capacity=2.0,
        load=1.0,
        ms_per_frame=11.5,
        streams=[work] if stream else [],
        engine_ms_per_s=250.0,
        given_ms_per_s=620.0,
        cores=0.3,
        composes=True,
        helping=[
            HelperWork(
                stream="cam2",
                rendition="enhanced",
                lead="edge-2",
                state="ready",
                model="live-s",
                outcomes={"made": 7},
            )
        ],
        declined=2,
    )


async def document(site: Site) -> dict[str, Any]:
    response = await site.client.get("/openapi.json")
    assert response.status_code == 200
    found: dict[str, Any] = response.json()
    return found


async def get(site: Site, path: str, route: str = "") -> Any:
    """A GET whose answer is checked against the OpenAPI document."""
    response = await site.client.get(path, headers=ADMIN)
    assert response.status_code == 200, response.text
    whole = await document(site)
    answers = whole["paths"][route or path]["get"]["responses"]
    matches(response.json(), answers["200"]["content"]["application/json"]["schema"], whole)
    return response.json()


async def test_a_page_learns_what_the_server_needs(make_site: MakeSite) -> None:
    servers = (IceServer("stun:a"), IceServer("turn:b", "u", "p"))
    site = make_site(admin_token=ADMIN_TOKEN, ice_servers=servers)
    seen = await get(site, "/api/v1/server")
    assert len(seen.pop("instance")) == 8
    assert seen == {
        "version": "1.2.3",
        "publish_token_needed": False,
        "admin_token_needed": True,
        "ice_servers": [
            {"urls": "stun:a", "username": None, "credential": None},
            {"urls": "turn:b", "username": "u", "credential": "p"},
        ],
        "default_model": "live-s",
        "send_sizes": [],
    }


async def test_whoever_sends_learns_the_sizes_while_a_worker_enhances(site: Site) -> None:
    await Heartbeats(site.redis).beat(beat())
    sizes = (await get(site, "/api/v1/server"))["send_sizes"]
    assert [(each["fraction"], each["min_bpp"]) for each in sizes] == [
        (size.fraction, size.min_bpp) for size in shipped_sizes()
    ]


async def test_whoever_sends_gets_an_answer_while_redis_hangs(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = asyncio.Event()
    asked = 0
    read = site.snapshot.get

    async def hang() -> Seen:
        nonlocal asked
        asked += 1
        await answers.wait()
        return await read()

    await Heartbeats(site.redis).beat(beat())
    monkeypatch.setattr(site.snapshot, "get", hang)
    async with asyncio.timeout(5):
        for _ in range(2):
            assert (await get(site, "/api/v1/server"))["send_sizes"] == []
    assert asked == 1
    answers.set()
    assert (await get(site, "/api/v1/server"))["send_sizes"] != []


async def test_a_quiet_server_lists_nothing(site: Site) -> None:
    assert await get(site, "/api/v1/streams") == {"streams": [], "total": 0}
    assert await get(site, "/api/v1/workers") == {"workers": []}
    assert await get(site, "/api/v1/models") == {"models": []}
    check_problem(await site.client.get("/api/v1/streams/cam1"), 404)
    check_problem(await site.client.get("/api/v1/streams/-"), 400)
    check_problem(await site.client.get("/api/v1/nothing"), 404)


async def test_whoever_waits_for_a_picture_is_told_why(site: Site) -> None:
    sentence = "The picture is 1920x1104, and the server takes no more than 1920x1088."
    path, route = "/api/v1/streams/cam1", "/api/v1/streams/{stream}"
    async with publishing(Http(site, "/whip/cam1"), coding.h264(1920, 1104, options="qp=51")):
        async with asyncio.timeout(10):
            while (stream := await get(site, path, route))["reason"] != sentence:
                assert stream["reason"] == "No key frame has come from the publisher yet."
                await asyncio.sleep(0.05)
        assert stream["state"] == "connecting"
        assert stream["frames"]["dropped"]["ingest_too_large"] >= 1
        refused = await site.post_offer("/whep/cam1", offer("chromium_play"))
        check_problem(refused, 409)
        assert refused.json()["detail"] == sentence


async def test_a_live_stream_is_shown_with_what_is_done_for_it(site: Site) -> None:
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        waiting = await get(site, "/api/v1/streams/cam1", "/api/v1/streams/{stream}")
        assert (waiting["id"], waiting["state"], waiting["audio"]) == ("cam1", "live", True)
        assert waiting["reason"] == ""
        assert waiting["source"]["codec"] == "h264"
        assert (waiting["source"]["width"], waiting["source"]["height"]) == (98, 54)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", waiting["started_at"])
        assert waiting["enhancement"]["state"] == "waiting"
        assert waiting["enhancement"]["reason"].endswith(".")
        assert [r["name"] for r in waiting["renditions"]] == ["source", "enhanced"]
        assert waiting["renditions"][1]["state"] == "waiting"
        await Heartbeats(site.redis).beat(beat("cam1", (await enhanced(site.redis)).epoch))
        async with watching(Http(site, "/whep/cam1?rendition=source")) as viewer:
            await until(lambda: viewer.received["video"].packets)
            stream = await get(site, "/api/v1/streams/cam1", "/api/v1/streams/{stream}")
        assert stream["viewers"] == 1
        assert [r["name"] for r in stream["renditions"]] == ["source", "enhanced"]
        assert stream["renditions"][1]["width"] == 196
        assert stream["enhancement"] == {
            "allowed": True,
            "enabled": True,
            "label": "Enhanced by a neural net",
            "model": "live-s",
            "strength": 0.5,
            "adjustable": False,
            "state": "enhancing",
            "reason": "",
            "worker": "edge-1",
            "engine": "openvino",
            "tuning": "",
        }
        assert stream["team"]["mode"] == "alone" and waiting["team"] is None
        assert stream["frames"]["in"] == 9
        assert stream["frames"]["dropped"]["late"] == 1
        assert stream["frames"]["levels"] == {"full": {"best": 7}, "bicubic": {"late": 1}}
        assert waiting["frames"]["levels"] == {}
        assert (await get(site, "/api/v1/streams"))["streams"][0]["id"] == "cam1"
        schemas.Stream.model_validate(stream)


async def test_workers_and_models_are_shown(site: Site) -> None:
    await Heartbeats(site.redis).beat(beat("cam1", 5))
    (worker,) = (await get(site, "/api/v1/workers"))["workers"]
    assert (worker["name"], worker["capacity"]) == ("edge-1", 2.0)
    assert worker["streams"][0]["dropped"] == {"late": 1}
    assert (worker["engine_ms_per_s"], worker["streams"][0]["allocation_ms"]) == (250.0, 412.5)
    assert worker["given_ms_per_s"] == 620.0
    assert (worker["cores"], worker["composes"]) == (0.3, True)
    (help_,) = worker["helping"]
    assert (help_["lead"], help_["state"], help_["outcomes"]) == ("edge-2", "ready", {"made": 7})
    assert worker["declined"] == 2
    assert worker["streams"][0]["level"] == "full"
    assert (
        worker["streams"][0]["temporal_wanted"] == 2 * worker["streams"][0]["temporal_done"] == 1.5
    )
    (model,) = (await get(site, "/api/v1/models"))["models"]
    assert (model["name"], model["scale"]) == ("live-s", 2)


async def test_an_operator_changes_and_ends_a_stream(site: Site) -> None:
    path = "/api/v1/streams/cam1"
    check_problem(await site.client.patch(path, json={"enhance": False}), 404)
    check_problem(await site.client.delete(path), 404)
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        changed = await site.client.patch(path, json={"enhance": False})
        assert changed.status_code == 200
        assert changed.json()["enhancement"]["enabled"] is False
        check_problem(await site.client.patch(path, json={"model": "live-s"}), 400)
        await Heartbeats(site.redis).beat(beat())
        chosen = await site.client.patch(path, json={"model": "live-s", "enhance": True})
        assert chosen.json()["enhancement"]["model"] == "live-s"
        alone = await site.client.patch(path, json={"team": "off", "excluded": ["dev1", "dev2"]})
        spec = alone.json()["renditions"][1]["spec"]
        assert (spec["team"], spec["excluded"]) == ("off", ["dev1", "dev2"])
        framed = await site.client.patch(path, json={"team": "frames"})
        assert framed.json()["renditions"][1]["spec"]["team"] == "frames"
        again = await site.client.patch(path, json={"team": "auto", "excluded": []})
        spec = again.json()["renditions"][1]["spec"]
        assert (spec["team"], spec["excluded"]) == ("auto", [])
        check_problem(await site.client.patch(path, json={"excluded": ["a b"]}), 400)
        pinned = await site.client.patch(path, json={"pinned": ["dev1", "dev2"]})
        assert pinned.json()["renditions"][1]["spec"]["pinned"] == ["dev1", "dev2"]
        # The other list counts too, also where only one of them is changed.
        problem = check_problem(await site.client.patch(path, json={"excluded": ["dev2"]}), 400)
        assert "dev2 is both pinned and excluded" in problem
        moved = await site.client.patch(path, json={"pinned": ["dev1"], "excluded": ["dev2"]})
        spec = moved.json()["renditions"][1]["spec"]
        assert (spec["pinned"], spec["excluded"]) == (["dev1"], ["dev2"])
        crisper = await site.client.patch(path, json={"strength": 0.9})
        assert crisper.json()["enhancement"]["strength"] == 0.9
        crispest = await site.client.patch(path, json={"strength": 1})
        assert crispest.json()["enhancement"]["strength"] == 1.0
        bad: Any
        for bad in (
            {"enhance": "perhaps"},
            {"strength": 1.5},
            {"strength": True},
            {"strength": "0.5"},
            {"enhance": 1},
            {"enhance": "yes"},
            {"model": 1},
            {"other": 1},
            {"model": "x" * 65},
            [],
            "text",
        ):
            check_problem(await site.client.patch(path, json=bad), 422)
        ended = await site.client.delete(path)
        assert (ended.status_code, ended.content) == (204, b"")
        await until(lambda: site.node.publishers.ingest_session("cam1") is None)
    check_problem(await site.client.get(path), 404)
