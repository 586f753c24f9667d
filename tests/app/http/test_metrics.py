"""Metrics in Prometheus' text format."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from tests.app.http.conftest import Site
from tests.app.http.test_api import UNITS, beat
from tests.app.http.test_whep import Http, until_live
from tests.app.peers import publishing, until, watching
from wire.heartbeat import Heartbeats


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
