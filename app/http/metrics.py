"""Prometheus metrics: what is counted as it happens, and what is read when it is scraped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable

from prometheus_client import (
    CollectorRegistry,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from app.http.rendition_metrics import of_logs, of_renditions
from app.http.snapshot import Seen
from app.loop_lag import LoopLag
from app.node import AppNode
from wire import keys
from wire.heartbeat import WorkerBeat
from wire.server_memory import ServerMemory

_BUCKETS = (0.01, 0.02, 0.03, 0.04, 0.05, 0.066, 0.1, 0.15, 0.25, 0.5, 1.0)


class Metrics:
    """The registry of this process."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self, node: AppNode) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        self._latency = Histogram(
            "sharpcast_added_latency_seconds",
            "Latency the server added to a unit, arrival to delivery, by rendition",
            ["rendition"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self.loop_lag = LoopLag()
        Gauge(
            "sharpcast_loop_lag_seconds",
            "How late the event loop was at most, in the last 15 seconds",
            registry=self._registry,
        ).set_function(lambda: self.loop_lag.longest_s(now=time.monotonic()))
        node.readers.observe = self.observe_latency
        self._streams = _StreamCollector(node)
        self._registry.register(self._streams)

    def observe_latency(self, rendition: str, seconds: float) -> None:
        """One delivered unit."""
        self._latency.labels(rendition).observe(seconds)

    def count_refused(self, refused: Callable[[], dict[str, int]]) -> None:
        """``refused`` gives what the web server refused so far, by the limit that was met."""
        self._streams.requests_refused = refused

    def exposition(self, seen: Seen) -> bytes:
        """The text of ``/metrics``. For the event loop, whose tasks are counted."""
        self._streams.tasks = len(asyncio.all_tasks())
        self._streams.seen = seen
        return generate_latest(self._registry)


class _StreamCollector(Collector):
    def __init__(self, node: AppNode) -> None:
        self._node = node
        self.seen = Seen()
        self.tasks = 0
        self.requests_refused: Callable[[], dict[str, int]] = dict

    def collect(self) -> Iterable[Metric]:
        live = [record for record in self.seen.records if record.state == "live"]
        yield GaugeMetricFamily("sharpcast_streams", "Live streams", value=len(live))
        yield GaugeMetricFamily("sharpcast_workers", "Workers alive", value=len(self.seen.beats))
        yield GaugeMetricFamily("sharpcast_tasks", "Tasks of the event loop", value=self.tasks)
        yield from _of_memory(self.seen.memory)
        yield from _of_workers(self.seen.beats)
        yield from of_renditions(self.seen.beats)
        refused = CounterMetricFamily(
            "sharpcast_requests_refused",
            "Requests, connections and sessions refused by a limit",
            labels=["limit"],
        )
        for limit, count in self.requests_refused().items():
            refused.add_metric([limit], count)
        yield refused
        viewers = GaugeMetricFamily(
            "sharpcast_viewers", "Viewers of this app", labels=["stream", "rendition"]
        )
        fps = GaugeMetricFamily("sharpcast_source_fps", "Source frame rate", labels=["stream"])
        kbps = GaugeMetricFamily("sharpcast_source_kbps", "Source kbit/s", labels=["stream"])
        units = CounterMetricFamily(
            "sharpcast_units_in", "Video units published here", labels=["stream"]
        )
        drops = CounterMetricFamily(
            "sharpcast_units_dropped", "Units not written to the log", labels=["stream", "reason"]
        )
        for record in live:
            for rendition in (keys.SOURCE, *keys.ALL_ENHANCED):
                count = self._node.viewers.counts(record.id).get(rendition, 0)
                viewers.add_metric([record.id, rendition], count)
            fps.add_metric([record.id], record.fps)
            kbps.add_metric([record.id], record.kbps)
            publication = self._node.publishers.publication(record.id)
            if publication is not None:
                units.add_metric([record.id], publication.units_in)
                for reason, count in publication.dropped.items():
                    drops.add_metric([record.id, reason], count)
        yield from (viewers, fps, kbps, units, drops)
        yield from of_logs(self._node)
        viewer_drops = GaugeMetricFamily(
            "sharpcast_viewer_units_dropped", "Units present viewers did not get", labels=["reason"]
        )
        for reason, count in self._node.viewers.dropped().items():
            viewer_drops.add_metric([reason], count)
        yield viewer_drops
        refused = CounterMetricFamily(
            "sharpcast_packets_refused", "UDP packets of any peer not taken", labels=["reason"]
        )
        for reason, count in self._node.refusals.items():
            refused.add_metric([reason], count)
        yield refused


def _of_memory(memory: ServerMemory | None) -> Iterable[Metric]:
    """The fullest Redis server; nothing where it is not known."""
    if memory is None:
        return
    yield GaugeMetricFamily(
        "sharpcast_redis_memory_bytes", "Memory of the fullest Redis server", value=memory.used
    )
    yield GaugeMetricFamily(
        "sharpcast_redis_memory_limit_bytes", "What it may have; 0: no limit", value=memory.limit
    )


def _of_workers(beats: list[WorkerBeat]) -> Iterable[Metric]:
    """What the workers tell of themselves, the same at every app."""
    engine = GaugeMetricFamily(
        "sharpcast_engine_busy_ratio", "Time that nets take of a worker's engine", labels=["worker"]
    )
    given = GaugeMetricFamily(
        "sharpcast_engine_given_ratio",
        "Time that nets may take of a worker's engine, by what its cores have left",
        labels=["worker"],
    )
    frames = CounterMetricFamily(
        "sharpcast_frames",
        "Frames since a worker leads the stream, by quality level and reason",
        labels=["stream", "worker", "level", "reason"],
    )
    bad_jobs = CounterMetricFamily(
        "sharpcast_bad_jobs",
        "Entries of the jobs stream that were no jobs, and were removed",
        labels=["worker"],
    )
    for beat in beats:
        bad_jobs.add_metric([beat.name], beat.bad_jobs)
        engine.add_metric([beat.name], beat.engine_ms_per_s / 1000.0)
        given.add_metric([beat.name], beat.given_ms_per_s / 1000.0)
        for work in beat.streams:
            for level, reasons in work.levels.items():
                for reason, count in reasons.items():
                    frames.add_metric([work.stream, beat.name, level, reason], count)
    yield from (engine, given, frames, bad_jobs)
