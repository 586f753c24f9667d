"""What the API and the metrics tell of the worth and the cost of enhanced pictures."""

from __future__ import annotations

import msgspec

from app.http.counter_samples import by_counter, of_shared
from app.http.shared_metrics import SharedCollector
from app.http.snapshot import Seen
from app.http.worth_schemas import Cost, Quality
from tests.app.http.test_api import beat
from wire import counters
from wire.heartbeat import CostWork, QualityWork, WorkerBeat

QUALITY = QualityWork(
    pictures=12, consistency_db=41.5, sharpness=1.21, gain_db=0.43, gain_error_db=0.29
)
COST = CostWork(cpu_s=18.5, energy_j=90.0, cpu_s_per_hour=1240.0, watt_hours_per_hour=2.1)


def told(quality: QualityWork | None = QUALITY, cost: CostWork = COST) -> WorkerBeat:
    """The heartbeat of a worker that leads one rendition."""
    own = beat("cam1", 5)
    work = msgspec.structs.replace(own.streams[0], quality=quality, cost=cost)
    return msgspec.structs.replace(own, streams=[work])


def gauges(quality: QualityWork | None) -> dict[str, list[float]]:
    collector = SharedCollector(Seen(beats=[told(quality)]), 1)
    return {
        family.name: [sample.value for sample in family.samples]
        for family in collector.collect()
        if "quality" in family.name
    }


def test_the_api_has_what_the_lead_tells() -> None:
    work = told().streams[0]
    assert Quality.of(work) == Quality(
        pictures=12, consistency_db=41.5, sharpness=1.21, gain_db=0.43, gain_error_db=0.29
    )
    assert Cost.of(work) == Cost(
        cpu_seconds=18.5, cpu_seconds_per_hour=1240.0, watt_hours_per_hour=2.1
    )


def test_without_a_lead_or_a_measurement_there_is_nothing() -> None:
    assert Quality.of(None) is None
    assert Cost.of(None) is None
    work = told(None, CostWork()).streams[0]
    assert Quality.of(work) is None
    cost = Cost.of(work)
    assert cost is not None
    assert (cost.cpu_seconds, cost.cpu_seconds_per_hour, cost.watt_hours_per_hour) == (
        0,
        None,
        None,
    )


def test_metrics_have_it_with_its_rendition() -> None:
    assert gauges(QUALITY) == {
        "sharpcast_quality_consistency_decibels": [41.5],
        "sharpcast_quality_sharpness_ratio": [1.21],
        "sharpcast_quality_gain_decibels": [0.43],
    }
    found = by_counter(of_shared(Seen(beats=[told()])))
    lead = ("cam1", "edge-1", "enhanced")
    assert found[counters.RENDITION_CPU_SECONDS] == {lead: 18.5}
    assert found[counters.RENDITION_ENERGY_JOULES] == {lead: 90.0}


def test_what_is_not_known_has_no_series() -> None:
    assert gauges(None) == dict.fromkeys(gauges(QUALITY), [])
    unknown = QualityWork(pictures=1, consistency_db=40.0, sharpness=1.0)
    assert gauges(unknown)["sharpcast_quality_gain_decibels"] == []
    found = by_counter(of_shared(Seen(beats=[told(cost=CostWork(cpu_s=1.0))])))
    assert found[counters.RENDITION_ENERGY_JOULES] == {}
