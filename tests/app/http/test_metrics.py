"""Metrics in Prometheus' text format."""

from __future__ import annotations

import asyncio
import dataclasses
import shutil
import subprocess
from collections.abc import Callable, Iterable

import msgspec
import pytest
from prometheus_client.core import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from app.http.metrics import Metrics
from app.http.metrics_form import OPEN
from app.http.snapshot import Seen
from app.streams.meters import Delivered
from media.access_unit import Checkpoint
from tests.app import fakes
from tests.app.conftest import MakeNode
from tests.app.http.conftest import Site
from tests.app.http.test_api import UNITS, beat
from tests.app.http.test_whep import Http, until_live
from tests.app.peers import publishing, until, watching
from wire import keys
from wire.heartbeat import Heartbeats
from wire.server_memory import ServerMemory
from wire.stream_record import StreamRecord


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
    assert value("sharpcast_added_latency_seconds_count", kind="source") > 0
    assert "process_resident_memory_bytes" in families


def samples(text: str) -> dict[str, float]:
    """Values by name and labels, as they stand in the text."""
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def delivered(rendition: str, seconds: float, *more: tuple[Checkpoint, int]) -> Delivered:
    """A unit that took so long from arrival to delivery, with further stamps between."""
    unit = dataclasses.replace(fakes.video(0), stamps=())
    for checkpoint, at_us in ((Checkpoint.ARRIVED, 10**12), *more):
        unit = unit.stamped(checkpoint, at_us)
    unit = unit.stamped(Checkpoint.DELIVERED, 10**12 + round(seconds * 1e6))
    return Delivered("cam1", rendition, 5, unit)


async def test_latency_is_counted_by_kind_and_in_buckets(make_node: MakeNode) -> None:
    metrics = Metrics(make_node())
    for seconds in (0.005, 0.03, 0.0301, 7.0):
        metrics.observe(delivered("enhanced", seconds))
    found = samples(metrics.exposition(metrics.collect(Seen())).decode())

    def below(bound: str) -> float:
        name = "sharpcast_added_latency_seconds_bucket"
        return found[f'{name}{{kind="enhanced",le="{bound}"}}']

    assert (below("0.01"), below("0.03"), below("0.04"), below("1.0")) == (1, 2, 3, 3)
    assert below("+Inf") == 4
    total = found['sharpcast_added_latency_seconds_sum{kind="enhanced"}']
    assert total == pytest.approx(7.0651)


async def test_each_stage_is_counted_that_the_unit_passed(make_node: MakeNode) -> None:
    metrics = Metrics(make_node())
    begin = 10**12
    stamps = ((Checkpoint.LOGGED, begin + 4000), (Checkpoint.FETCHED, begin + 3000))
    metrics.observe(delivered("enhanced", 0.05, *stamps))
    found = samples(metrics.exposition(metrics.collect(Seen())).decode())

    def stage(name: str, what: str) -> float:
        return found[f'sharpcast_stage_latency_seconds_{what}{{kind="enhanced",stage="{name}"}}']

    assert stage("ingest", "sum") == pytest.approx(0.004)
    # The clock of the worker's machine is a millisecond behind: its stage took no less than 0.
    assert (stage("queue", "sum"), stage("queue", "count")) == (0, 1)
    assert stage("deliver", "sum") == pytest.approx(0.047)
    assert stage("encode", "count") == 0


async def test_a_unit_without_its_stamps_is_not_counted(make_node: MakeNode) -> None:
    metrics = Metrics(make_node())
    unit = dataclasses.replace(fakes.video(0), stamps=())
    metrics.observe(Delivered("cam1", "source", 5, unit))
    found = samples(metrics.exposition(metrics.collect(Seen())).decode())
    assert found['sharpcast_added_latency_seconds_count{kind="source"}'] == 0


async def test_open_metrics_tell_when_histograms_began(make_node: MakeNode) -> None:
    metrics = Metrics(make_node())
    metrics.observe(delivered("source", 0.02))
    for others in (None, {1: _text_of(Metrics(make_node()))}):
        text = metrics.exposition(metrics.collect(Seen()), others, form=OPEN).decode()
        parse: Callable[[str], Iterable[Metric]] = openmetrics.text_string_to_metric_families
        families = {each.name: each for each in parse(text)}
        began = [s for s in families["sharpcast_added_latency_seconds"].samples if "_cre" in s.name]
        assert began and all(sample.value > 1.7e9 for sample in began)
        assert text.endswith("# EOF\n")
        assert text.count("# EOF") == 1


def faults(text: bytes) -> bytes:
    """What ``promtool check metrics`` says about a text."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    ran = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, timeout=60
    )
    return ran.stdout + ran.stderr


async def test_promtool_finds_no_fault(make_node: MakeNode) -> None:
    metrics = Metrics(make_node())
    seen = Seen(
        records=[StreamRecord(id="cam1", epoch=5, state="live", renditions=(keys.ENHANCED,))],
        beats=[beat("cam1", 5)],
        memory=ServerMemory(used=10, limit=40),
    )
    text = metrics.exposition(metrics.collect(seen))
    assert await asyncio.to_thread(faults, text) == b""


async def test_a_reader_reports_to_the_metrics(make_node: MakeNode) -> None:
    node = make_node()
    metrics = Metrics(node)
    for observe in node.readers.observers:
        observe(delivered("source", 0.02))
    found = samples(metrics.exposition(metrics.collect(Seen())).decode())
    assert found['sharpcast_added_latency_seconds_count{kind="source"}'] == 1


async def test_renditions_of_any_name_leave_no_series_of_latency(make_node: MakeNode) -> None:
    metrics = Metrics(make_node())
    before = samples(metrics.exposition(metrics.collect(Seen())).decode())
    added = [f"r{number}{suffix}" for number in range(50) for suffix in ("", "-vp8")]
    for name in (*added, keys.SOURCE, *keys.logs_of(keys.ENHANCED)):
        metrics.observe(delivered(name, 0.02))
    found = samples(metrics.exposition(metrics.collect(Seen())).decode())
    assert found.keys() == before.keys()
    count = "sharpcast_added_latency_seconds_count"
    assert found[f'{count}{{kind="other"}}'] == len(added)
    assert found[f'{count}{{kind="source"}}'] == 1
    assert found[f'{count}{{kind="enhanced"}}'] == len(keys.logs_of(keys.ENHANCED))


async def test_what_the_web_server_refused_is_asked_at_each_scrape(make_node: MakeNode) -> None:
    metrics = Metrics(make_node())
    refused = {"reads": 1}
    metrics.count_refused(lambda: refused)
    name = 'sharpcast_requests_refused_total{limit="reads"}'
    assert samples(metrics.exposition(metrics.collect(Seen())).decode())[name] == 1
    refused["reads"] = 5
    assert samples(metrics.exposition(metrics.collect(Seen())).decode())[name] == 5


async def test_logs_that_nobody_watches_are_shown_and_streams_that_ended_are_not(
    make_node: MakeNode,
) -> None:
    metrics = Metrics(make_node())
    record = StreamRecord(
        id="cam1", epoch=5, state="live", fps=29.97, kbps=800.0, renditions=(keys.ENHANCED,)
    )
    waiting = msgspec.structs.replace(record, id="cam2", state="connecting")
    found = samples(metrics.exposition(metrics.collect(Seen(records=[record, waiting]))).decode())
    assert found["sharpcast_streams"] == 1
    assert found['sharpcast_source_frames_per_second{stream="cam1"}'] == 29.97
    assert found['sharpcast_source_bytes_per_second{stream="cam1"}'] == 100_000
    for log in (keys.SOURCE, *keys.logs_of(keys.ENHANCED)):
        assert found[f'sharpcast_viewers{{rendition="{log}",stream="cam1"}}'] == 0
    assert "cam2" not in str(found)
    assert "cam1" not in str(samples(metrics.exposition(metrics.collect(Seen())).decode()))


async def test_the_memory_of_redis_is_left_out_where_it_is_not_known(make_node: MakeNode) -> None:
    metrics = Metrics(make_node())
    memory = ServerMemory(used=10, limit=40)
    found = samples(metrics.exposition(metrics.collect(Seen(memory=memory))).decode())
    assert found["sharpcast_redis_memory_bytes"] == 10
    assert found["sharpcast_redis_memory_limit_bytes"] == 40
    assert "redis_memory" not in metrics.exposition(metrics.collect(Seen())).decode()


async def test_two_apps_of_one_process_count_apart(make_node: MakeNode) -> None:
    one, two = Metrics(make_node()), Metrics(make_node())
    one.observe(delivered("source", 0.1))
    count = 'sharpcast_added_latency_seconds_count{kind="source"}'
    assert samples(one.exposition(one.collect(Seen())).decode())[count] == 1
    assert samples(two.exposition(two.collect(Seen())).decode())[count] == 0
    assert samples(one.exposition(one.collect(Seen())).decode())["sharpcast_tasks"] >= 1


def _text_of(other: Metrics) -> str:
    return other.own_text(other.collect(Seen()), form=OPEN)
