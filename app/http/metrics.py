"""Prometheus metrics: what is counted as it happens, and what is read when it is scraped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Mapping

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

from app.http.counter_samples import Sample, by_counter, of_app, of_shared
from app.http.metrics_text import labelled, merged
from app.http.snapshot import Seen
from app.loop_lag import LoopLag
from app.node import AppNode
from wire import keys
from wire.counters import Counter
from wire.gateway_heartbeat import GatewayBeat
from wire.heartbeat import WorkerBeat
from wire.server_memory import ServerMemory
from wire.stream_record import StreamRecord

# Seconds. Dense below a tenth, where the latency of a server that keeps up lies; the wide ones
# count what an overloaded one delivers late.
_BUCKETS = (0.01, 0.02, 0.03, 0.04, 0.05, 0.066, 0.1, 0.15, 0.25, 0.5, 1.0)

_OTHER = "other"
_KINDS = (keys.SOURCE, keys.ENHANCED, _OTHER)
"""Kinds of renditions: the two that every stream has, and all that operators added."""


class Metrics:
    """The registry of this process."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self, node: AppNode, *, number: int = 0) -> None:
        """``number`` is that of this process among its siblings."""
        self.number = number
        # The library's own registry is one for the process, and two apps of a test would share it.
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        latency = Histogram(
            "sharpcast_added_latency_seconds",
            "Latency the server added to a unit, arrival to delivery, by kind of rendition",
            ["kind"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        # Operators name renditions as they like, and the library keeps each series for as long as
        # the process runs. So the series are by kind, and all there from the start.
        self._latency_of = {kind: latency.labels(kind) for kind in _KINDS}
        self.loop_lag = LoopLag()
        Gauge(
            "sharpcast_loop_lag_seconds",
            "How late the event loop was at most, in the last 15 seconds",
            registry=self._registry,
        ).set_function(lambda: self.loop_lag.longest_s(now=time.monotonic()))
        node.readers.observe = self.observe_latency
        # Streams, viewers and workers are read at each scrape. Gauges of the library would keep the
        # labels of streams that have ended.
        self._own = _OwnCollector(node)
        self._registry.register(self._own)
        self._shared = _SharedCollector()

    def observe_latency(self, rendition: str, seconds: float) -> None:
        """Counts a delivered unit by the latency that the server added."""
        name, _ = keys.rendition_of(rendition)
        kind = name if name in _KINDS else _OTHER
        self._latency_of[kind].observe(seconds)

    def count_refused(self, refused: Callable[[], dict[str, int]]) -> None:
        """Takes a function that returns the refused requests so far, by the limit that was met."""
        self._own.requests_refused = refused

    def own_samples(self) -> Iterator[Sample]:
        """Returns the values of the counters of this process."""
        return self._own.samples()

    def own_text(self, seen: Seen) -> str:
        """Returns the figures of this process alone. Call it on the event loop, whose tasks are
        counted.
        """
        # The library calls the collector without arguments, so what it shows is laid down here
        # first. Nothing else runs in between: both happen in one turn of the loop.
        self._own.tasks = len(asyncio.all_tasks())
        self._own.seen = seen
        return generate_latest(self._registry).decode()

    def exposition(self, seen: Seen, others: Mapping[int, str] | None = None) -> bytes:
        """Returns the text of ``/metrics``.

        ``others`` are the texts of sibling processes by number, None where there are no siblings;
        then no sample has the label of a process.
        """
        own = self.own_text(seen)
        self._shared.seen, self._shared.processes = seen, 1 + len(others or {})
        shared = generate_latest(self._shared).decode()
        if others is None:
            return merged((shared, own)).encode()
        texts = sorted({**others, self.number: own}.items())
        return merged((shared, *(labelled(text, number) for number, text in texts))).encode()


class _SharedCollector(Collector):
    """Collects the figures that all processes know: of records, workers, gateways and Redis."""

    def __init__(self) -> None:
        self.seen = Seen()
        self.processes = 1

    def collect(self) -> Iterable[Metric]:
        live = _live(self.seen)
        yield GaugeMetricFamily("sharpcast_streams", "Live streams", value=len(live))
        yield GaugeMetricFamily("sharpcast_workers", "Workers alive", value=len(self.seen.beats))
        devices = sum(len(beat.devices) for beat in self.seen.gateways)
        yield GaugeMetricFamily("sharpcast_devices", "Devices joined", value=devices)
        yield GaugeMetricFamily(
            "sharpcast_app_processes",
            "App processes of this server whose figures are in this answer",
            value=self.processes,
        )
        yield from _of_memory(self.seen.memory)
        yield from _of_engines(self.seen.beats)
        yield from _of_links(self.seen.gateways)
        fps = GaugeMetricFamily("sharpcast_source_fps", "Source frame rate", labels=["stream"])
        kbps = GaugeMetricFamily("sharpcast_source_kbps", "Source kbit/s", labels=["stream"])
        for record in live:
            fps.add_metric([record.id], record.fps)
            kbps.add_metric([record.id], record.kbps)
        yield from (fps, kbps)
        # All that are registered, also those of the app: a family that has no sample yet is there.
        for counter, samples in by_counter(of_shared(self.seen)).items():
            yield _family(counter, samples)


class _OwnCollector(Collector):
    """Collects the figures of this process alone: of its sessions, its loop, its counters."""

    def __init__(self, node: AppNode) -> None:
        self._node = node
        self.seen = Seen()
        self.tasks = 0
        self.requests_refused: Callable[[], dict[str, int]] = dict

    def collect(self) -> Iterable[Metric]:
        yield GaugeMetricFamily("sharpcast_tasks", "Tasks of the event loop", value=self.tasks)
        yield self._viewers()
        for counter, samples in by_counter(self.samples()).items():
            if samples:
                yield _family(counter, samples)

    def samples(self) -> Iterator[Sample]:
        """Yields the values of the counters of this process."""
        return of_app(self._node, self.requests_refused())

    def _viewers(self) -> Metric:
        viewers = GaugeMetricFamily(
            "sharpcast_viewers", "Viewers of this app", labels=["stream", "rendition"]
        )
        for record in _live(self.seen):
            here = self._node.viewers.counts(record.id)
            logs = [log for name in record.renditions for log in keys.logs_of(name)]
            # A log that nobody watches is shown with 0, so that its series does not break off.
            for rendition in dict.fromkeys((keys.SOURCE, *logs, *here)):
                viewers.add_metric([record.id, rendition], here.get(rendition, 0))
        return viewers


def _live(seen: Seen) -> list[StreamRecord]:
    return [record for record in seen.records if record.state == "live"]


def _family(counter: Counter, samples: dict[tuple[str, ...], float]) -> Metric:
    make = CounterMetricFamily if counter.only_grows else GaugeMetricFamily
    family = make(f"sharpcast_{counter.name}", counter.help, labels=counter.labels)
    for labels, value in samples.items():
        family.add_metric(labels, value)
    return family


def _of_memory(memory: ServerMemory | None) -> Iterable[Metric]:
    """Yields the memory of the fullest Redis server, nothing where it is not known."""
    if memory is None:
        return
    yield GaugeMetricFamily(
        "sharpcast_redis_memory_bytes", "Memory of the fullest Redis server", value=memory.used
    )
    yield GaugeMetricFamily(
        "sharpcast_redis_memory_limit_bytes", "What it may have; 0: no limit", value=memory.limit
    )


def _of_links(gateways: list[GatewayBeat]) -> Iterable[Metric]:
    """Yields the links of the joined devices, which are the same at every app."""
    rtt = GaugeMetricFamily(
        "sharpcast_link_rtt_seconds", "Round trip to a joined device", labels=["device"]
    )
    loss = GaugeMetricFamily(
        "sharpcast_link_loss_ratio", "Packets to a joined device that are lost", labels=["device"]
    )
    rate = GaugeMetricFamily(
        "sharpcast_link_rate_kbps", "What may be sent to a joined device", labels=["device"]
    )
    delivered = GaugeMetricFamily(
        "sharpcast_link_delivered_kbps", "What arrived at a joined device", labels=["device"]
    )
    for link in (each for beat in gateways for each in beat.devices):
        rtt.add_metric([link.name], link.rtt_ms / 1000.0)
        loss.add_metric([link.name], link.loss)
        rate.add_metric([link.name], link.rate_kbps)
        delivered.add_metric([link.name], link.delivered_kbps)
    yield from (rtt, loss, rate, delivered)


def _of_engines(beats: list[WorkerBeat]) -> Iterable[Metric]:
    """Yields the engine time of the workers, which is the same at every app."""
    engine = GaugeMetricFamily(
        "sharpcast_engine_busy_ratio", "Time that nets take of a worker's engine", labels=["worker"]
    )
    given = GaugeMetricFamily(
        "sharpcast_engine_given_ratio",
        "Time that nets may take of a worker's engine, by what its cores have left",
        labels=["worker"],
    )
    for beat in beats:
        engine.add_metric([beat.name], beat.engine_ms_per_s / 1000.0)
        given.add_metric([beat.name], beat.given_ms_per_s / 1000.0)
    yield from (engine, given)
