"""``api.py``, ``serializers.py``, ``schemas.py``, ``health.py``, ``metrics.py``, ``pages.py``."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from starlette.requests import Request

from app.http import schemas
from app.http.auth import Guard
from app.webrtc.ice import IceServer
from tests.app import coding
from tests.app.http.answers import check_problem, matches
from tests.app.http.conftest import ADMIN_TOKEN, MakeSite, Site
from tests.app.http.test_whep import Http, until_live
from tests.app.peers import publishing, until, watching
from tests.app.webrtc.offer_texts import offer
from tests.records import enhanced
from wire.connection import connect
from wire.heartbeat import Heartbeats, ModelInfo, StreamWork, WorkerBeat

UNITS = coding.h264(98, 54, 10)
ROUTES = {
    ("/whip/{stream}", "post"), ("/whip/{stream}/{session}", "delete"),
    ("/whep/{stream}", "post"), ("/whep/{stream}/{session}", "delete"),
    ("/api/v1/server", "get"), ("/api/v1/streams", "get"), ("/api/v1/models", "get"),
    ("/api/v1/streams/{stream}", "get"), ("/api/v1/streams/{stream}", "patch"),
    ("/api/v1/streams/{stream}", "delete"), ("/api/v1/workers", "get"),
    ("/api/v1/counters", "get"), ("/healthz", "get"), ("/readyz", "get"), ("/metrics", "get"),
}  # fmt: skip
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


async def test_the_openapi_document_lists_every_route(site: Site) -> None:
    paths = (await document(site))["paths"]
    found = {(path, method) for path, methods in paths.items() for method in methods}
    assert found >= ROUTES
    names = {operation["operationId"] for path in paths.values() for operation in path.values()}
    assert len(names) == len(found)


async def test_the_openapi_document_says_what_is_taken_and_answered(site: Site) -> None:
    whole = await document(site)
    assert "HTTPValidationError" not in str(whole)
    guarded = {
        (path, method)
        for path, methods in whole["paths"].items()
        for method, operation in methods.items()
        if operation.get("security")
    }
    assert guarded == {
        ("/whip/{stream}", "post"), ("/whip/{stream}/{session}", "delete"),
        ("/whip/{stream}/{session}", "patch"), ("/api/v1/workers", "get"), ("/api/v1/nodes", "get"),
        ("/api/v1/streams/{stream}", "patch"), ("/api/v1/streams/{stream}", "delete"),
        ("/api/v1/streams/{stream}/renditions/{name}", "put"),
        ("/api/v1/streams/{stream}/renditions/{name}", "delete"),
    }  # fmt: skip
    for path in ("/whip/{stream}", "/whep/{stream}"):
        operation = whole["paths"][path]["post"]
        assert list(operation["requestBody"]["content"]) == ["application/sdp"]
        assert list(operation["responses"]["201"]["content"]) == ["application/sdp"]
        assert "Location" in operation["responses"]["201"]["headers"]
    for path in ("/api/v1/nothing", "/api/v1/streams/-"):
        schema = whole["components"]["schemas"]["Problem"]
        matches((await site.client.get(path)).json(), schema, whole)


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
    }


async def test_a_quiet_server_lists_nothing(site: Site) -> None:
    assert await get(site, "/api/v1/streams") == {"streams": []}
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
            "enabled": True,
            "model": "live-s",
            "strength": 0.5,
            "adjustable": False,
            "state": "enhancing",
            "reason": "",
            "worker": "edge-1",
            "engine": "openvino",
        }
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


async def test_changes_and_workers_need_the_admin_token(make_site: MakeSite) -> None:
    site = make_site(admin_token=ADMIN_TOKEN)
    for method, path in (
        ("PATCH", "/api/v1/streams/cam1"),
        ("DELETE", "/api/v1/streams/cam1"),
        ("GET", "/api/v1/workers"),
    ):
        response = await site.client.request(method, path)
        check_problem(response, 401)
        assert response.headers["www-authenticate"].startswith("Bearer")
        wrong = {b"Authorization": "Bearer wr\u00f6ng".encode("latin-1")}
        check_problem(await site.client.request(method, path, headers=wrong), 401)
    assert (await site.client.get("/api/v1/workers", headers=ADMIN)).status_code == 200
    for open_path in ("/api/v1/streams", "/api/v1/models", "/api/v1/server"):
        assert (await site.client.get(open_path)).status_code == 200


def test_a_token_is_compared_in_constant_time_and_never_printed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    # The only way to see that no shortcut is taken before the comparison.
    monkeypatch.setattr("app.http.auth.hmac.compare_digest", compare)
    guard = Guard(SecretStr(ADMIN_TOKEN))
    header = [(b"authorization", f"Bearer {ADMIN_TOKEN}".encode())]
    guard(Request({"type": "http", "headers": header}))
    assert compared == [(ADMIN_TOKEN.encode(), ADMIN_TOKEN.encode())]
    assert ADMIN_TOKEN not in repr(vars(guard))
    assert not Guard(SecretStr("")).is_on


async def test_health_needs_nothing_and_readiness_needs_redis(
    site: Site, make_site: MakeSite
) -> None:
    assert (await get(site, "/healthz"))["status"] == "ok"
    ready = await get(site, "/readyz")
    assert (ready["status"], ready["workers"]) == ("ready", 0)
    assert 0 <= ready["redis_memory_percent"] < 100
    await Heartbeats(site.redis).beat(beat())
    assert (await get(site, "/readyz"))["workers"] == 1
    client = connect("unix:///nonexistent/redis.sock")
    away = make_site(redis=client)
    assert (await away.client.get("/healthz")).status_code == 200
    response = await away.client.get("/readyz")
    check_problem(response, 503)
    assert int(response.headers["retry-after"]) > 0
    for path in ("streams", "streams/cam1", "workers", "models", "counters"):
        check_problem(await away.client.get(f"/api/v1/{path}"), 503)
    assert (await away.client.get("/metrics")).status_code == 200
    await client.aclose()


async def test_metrics_can_be_parsed_and_count_what_happens(site: Site) -> None:
    async with publishing(Http(site, "/whip/cam1"), UNITS):
        await until_live(site)
        async with watching(Http(site, "/whep/cam1?rendition=source")) as viewer:
            await until(lambda: len(viewer.received["video"].timestamps) > 20)
            await Heartbeats(site.redis).beat(beat("cam1", 5))
            site.node.refusals["stranger"] += 3
            response = await site.client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain")
    families = {f.name: f for f in text_string_to_metric_families(response.text)}

    def value(name: str, **labels: str) -> float:
        samples = [s for f in families.values() for s in f.samples if s.name == name]
        return sum(s.value for s in samples if labels.items() <= s.labels.items())

    assert value("sharpcast_streams") == 1
    assert value("sharpcast_workers") == 1
    assert value("sharpcast_redis_memory_bytes") > 0
    assert value("sharpcast_requests_refused_total", limit="wrong_tokens") == 0
    assert value("sharpcast_engine_busy_ratio", worker="edge-1") == 0.25
    assert value("sharpcast_engine_given_ratio", worker="edge-1") == 0.62
    assert value("sharpcast_frames_total", stream="cam1", level="full", reason="best") == 7
    assert value("sharpcast_frames_total", level="bicubic") == 1
    assert value("sharpcast_viewers", stream="cam1", rendition="source") == 1
    assert value("sharpcast_units_in_total", stream="cam1") > 20
    assert value("sharpcast_loop_lag_seconds") == 0.0
    assert value("sharpcast_packets_refused_total", reason="stranger") == 3
    assert value("sharpcast_added_latency_seconds_count", rendition="source") > 0
    assert "process_resident_memory_bytes" in families


@pytest.mark.parametrize(
    "path", ["/", "/broadcast", "/watch/cam1", "/admin", "/favicon.ico", "/static/admin.html"]
)
async def test_pages_are_served_with_their_headers(path: str, site: Site) -> None:
    response = await site.client.get(path)
    assert response.status_code == 200
    policy = response.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe-inline" not in policy
    assert "object-src 'none'" in policy
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"


async def test_nothing_outside_the_static_folder_is_served(site: Site) -> None:
    for path in ("/static/../pyproject.toml", "/static/%2e%2e/pyproject.toml", "/static/nothing"):
        check_problem(await site.client.get(path), 404)


async def test_errors_carry_the_headers_too(site: Site) -> None:
    response = await site.client.get("/nothing")
    check_problem(response, 404)
    assert "content-security-policy" in response.headers
