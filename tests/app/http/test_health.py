"""Health, readiness and the scrape."""

from __future__ import annotations

import re

import pytest

from app.access.view_token import ViewToken, make_view_token
from tests.app.http.answers import check_problem
from tests.app.http.conftest import ADMIN_TOKEN, PUBLISH_TOKEN, MakeSite, Site
from tests.app.http.test_api import beat, get
from tests.app.webrtc.offer_texts import offer
from wire.clock import now_us
from wire.connection import connect
from wire.heartbeat import Heartbeats
from wire.stream_keys import View


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


async def test_the_scrape_tells_of_this_process_while_redis_is_away(make_site: MakeSite) -> None:
    client = connect("unix:///nonexistent/redis.sock")
    away = make_site(redis=client)
    away.node.refusals["stranger"] += 2
    text = (await away.client.get("/metrics")).text
    assert 'sharpcast_packets_refused_total{reason="stranger"} 2.0' in text
    assert "sharpcast_streams 0.0" in text
    assert "sharpcast_redis_memory_bytes" not in text
    await client.aclose()


async def test_memory_is_told_as_a_part_of_the_limit(site: Site) -> None:
    memory = (await site.snapshot.get()).memory
    assert memory is not None
    ready = (await site.client.get("/readyz")).json()
    expected = 100 * memory.used / memory.limit if memory.limit else 0
    assert ready["redis_memory_percent"] == pytest.approx(expected, abs=2)


async def test_health_and_readiness_are_open_and_the_scrape_as_open_as_reading(
    guarded: Site,
) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert (await guarded.client.get(path)).status_code == 200
        assert (await guarded.client.get(path, headers={"Host": "a"})).status_code == (
            421 if path == "/metrics" else 200
        )


async def test_the_scrape_has_the_form_that_the_client_accepts(site: Site) -> None:
    wanted = "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.3"
    response = await site.client.get("/metrics", headers={"Accept": wanted})
    assert response.headers["content-type"].startswith("application/openmetrics-text")
    assert response.text.endswith("# EOF\n")
    response = await site.client.get("/metrics", headers={"Accept": "*/*"})
    assert response.headers["content-type"].startswith("text/plain")
    assert "# EOF" not in response.text


async def test_streams_that_no_list_has_are_in_no_figures_either(guarded: Site) -> None:
    for name, view in (("attic", View.TOKEN), ("cellar", View.UNLISTED)):
        await guarded.access.store.set_view(name, view)
    for name in ("attic", "cellar", "garden"):
        sent = await guarded.post_offer(f"/whip/{name}", offer("obs"), token=PUBLISH_TOKEN)
        assert sent.status_code == 201
    signing = guarded.access.store.tables.signing
    token = make_view_token(ViewToken("attic", now_us() // 1_000_000 + 60), signing)
    all_names = {"attic", "cellar", "garden"}
    for bearer, seen in (("", {"garden"}), ("wrong", {"garden"}), (ADMIN_TOKEN, all_names)):
        assert await named(guarded, bearer) == (seen, seen)
    assert await named(guarded, token) == ({"attic", "garden"}, {"attic", "garden"})


async def named(site: Site, token: str) -> tuple[set[str], set[str]]:
    """The names of streams in (metrics, counters) for who shows a token."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    text = (await site.client.get("/metrics", headers=headers)).text
    listed = (await site.client.get("/api/v1/counters", headers=headers)).json()
    samples = [each["labels"] for one in listed["counters"] for each in one["samples"]]
    found = {labels["stream"] for labels in samples if "stream" in labels}
    return set(re.findall(r'[{,]stream="([^"]*)"', text)), found
