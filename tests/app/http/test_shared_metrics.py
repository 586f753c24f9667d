"""What all processes of a server tell alike: names, units, and no series of what has ended."""

from __future__ import annotations

import pytest
from prometheus_client.core import Metric

from app.http.shared_metrics import SharedCollector, counter_family, live_records
from app.http.snapshot import Seen
from tests.app.http.test_api import beat
from wire import counters
from wire.counters import COUNTERS
from wire.gateway_heartbeat import GatewayBeat, JoinedDevice
from wire.server_memory import ServerMemory
from wire.stream_record import StreamRecord

CAM = StreamRecord(id="cam1", epoch=5, state="live", fps=30.0, kbps=800.0, started_us=7_000_000)
UNITS = ("kbps", "mbps", "_ms", "_us", "fps", "percent", "_kb", "minutes")
"""Parts of names that are no base units."""


def collected(seen: Seen) -> dict[str, Metric]:
    return {family.name: family for family in SharedCollector(seen, 1).collect()}


def values(family: Metric) -> dict[str, float]:
    return {next(iter(s.labels.values()), ""): s.value for s in family.samples}


def gateway() -> GatewayBeat:
    link = JoinedDevice(
        name="attic",
        address="192.0.2.7:9443",
        joined_us=1,
        silent_ms=10.0,
        rtt_ms=25.0,
        loss=0.02,
        rate_kbps=8000.0,
        delivered_kbps=400.0,
        queue_ms=0.0,
        queued_bytes=0,
    )
    return GatewayBeat(
        name="gate",
        host="192.0.2.1",
        port=9443,
        machine="gate",
        pid=1,
        fingerprint="ab",
        is_shared_token_set=False,
        devices=[link],
    )


def test_names_have_base_units() -> None:
    for name in [*collected(Seen()), *(counter.name for counter in COUNTERS)]:
        assert [unit for unit in UNITS if unit in name] == [], name


def test_every_family_tells_what_it_is_and_has_one_name() -> None:
    families = list(SharedCollector(Seen(), 1).collect())
    assert len({family.name for family in families}) == len(families)
    assert all(family.documentation for family in families)
    assert all(family.name.startswith("sharpcast_") for family in families)


def test_a_source_is_told_in_frames_and_bytes_a_second() -> None:
    found = collected(Seen(records=[CAM]))
    assert values(found["sharpcast_source_frames_per_second"]) == {"cam1": 30.0}
    assert values(found["sharpcast_source_bytes_per_second"]) == {"cam1": 100_000.0}
    assert values(found["sharpcast_stream_start_time_seconds"]) == {"cam1": 7.0}
    assert values(found["sharpcast_streams"]) == {"": 1}


def test_what_is_not_live_has_no_series() -> None:
    waiting = StreamRecord(id="cam2", epoch=5, state="connecting")
    seen = Seen(records=[waiting])
    assert live_records(seen) == []
    found = collected(seen)
    assert values(found["sharpcast_streams"]) == {"": 0}
    assert values(found["sharpcast_source_frames_per_second"]) == {}


def test_workers_tell_load_capacity_and_engine_time() -> None:
    found = collected(Seen(beats=[beat("cam1", 5)]))
    assert values(found["sharpcast_worker_load_streams"]) == {"edge-1": 1.0}
    assert values(found["sharpcast_worker_capacity_streams"]) == {"edge-1": 2.0}
    assert values(found["sharpcast_engine_busy_ratio"]) == {"edge-1": 0.25}
    assert values(found["sharpcast_engine_given_ratio"]) == {"edge-1": 0.62}


def test_links_are_told_in_seconds_and_bytes() -> None:
    found = collected(Seen(gateways=[gateway()]))
    assert values(found["sharpcast_devices"]) == {"": 1}
    assert values(found["sharpcast_link_rtt_seconds"]) == {"attic": 0.025}
    assert values(found["sharpcast_link_loss_ratio"]) == {"attic": 0.02}
    assert values(found["sharpcast_link_rate_bytes_per_second"]) == {"attic": 1_000_000.0}
    assert values(found["sharpcast_link_delivered_bytes_per_second"]) == {"attic": 50_000.0}


@pytest.mark.parametrize("memory", [None, ServerMemory(used=10, limit=40)])
def test_the_memory_of_redis_is_there_where_it_is_known(memory: ServerMemory | None) -> None:
    found = collected(Seen(memory=memory))
    assert ("sharpcast_redis_memory_bytes" in found) is (memory is not None)


def test_a_counter_that_can_fall_is_a_gauge() -> None:
    grows = counter_family(counters.UNITS_IN, {("cam1",): 3})
    falls = counter_family(counters.VIEWER_STALLS, {(): 2})
    assert (grows.type, falls.type) == ("counter", "gauge")
    assert grows.samples[0].name == "sharpcast_units_in_total"
    assert falls.samples[0].name == "sharpcast_viewer_stalls"
