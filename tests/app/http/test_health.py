"""Health, readiness and the scrape."""

from __future__ import annotations

from tests.app.http.answers import check_problem
from tests.app.http.conftest import MakeSite, Site
from tests.app.http.test_api import beat, get
from wire.connection import connect
from wire.heartbeat import Heartbeats


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
