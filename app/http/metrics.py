"""Prometheus metrics: what is counted as it happens, and what is read when it is scraped."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import (
    CollectorRegistry,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.external_access.external_access import ExternalAccess
from app.http.counter_samples import Sample, by_counter, of_app, of_external
from app.http.metrics_form import PLAIN, Form
from app.http.metrics_text import labelled, merged
from app.http.shared_metrics import SharedCollector, counter_family, live_records
from app.http.snapshot import Seen
from app.loop_lag import LoopLag
from app.node import AppNode
from app.streams.meters import STAGE_NAMES, Delivered, stage_latencies
from media.access_unit import Checkpoint
from wire import keys

# Seconds. Dense below a tenth, where the latency of a server that keeps up lies; the wide ones
# count what an overloaded one delivers late.
_BUCKETS = (0.01, 0.02, 0.03, 0.04, 0.05, 0.066, 0.1, 0.15, 0.25, 0.5, 1.0)

# Most stages of a unit take a few milliseconds, or less.
_STAGE_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.033, 0.05, 0.1, 0.25, 1.0)

_OTHER = "other"
_KINDS = (keys.SOURCE, keys.ENHANCED, _OTHER)
"""Kinds of renditions: the two that every stream has, and all that operators added."""


class Metrics:
    """The registry of this process."""

    def __init__(self, node: AppNode, *, number: int = 0) -> None:
        """``number`` is that of this process among its siblings."""
        self.number = number
        # The library's own registry is one for the process, and two apps of a test would share it.
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        # Operators name renditions as they like, and the library keeps each series for as long as
        # the process runs. So the series are by kind, and all there from the start.
        latency, stages = self._histograms()
        self._latency_of = {kind: latency.labels(kind) for kind in _KINDS}
        self._stage_of = {
            (kind, stage): stages.labels(kind, stage)
            for kind in _KINDS
            for stage in STAGE_NAMES.values()
        }
        self.loop_lag = LoopLag()
        node.readers.observers.append(self.observe)
        # Streams, viewers and workers are read at each scrape. Gauges of the library would keep the
        # labels of streams that have ended.
        self._own = _OwnCollector(node, self.loop_lag)

    def _histograms(self) -> tuple[Histogram, Histogram]:
        """Returns those of the whole latency and of its stages."""
        latency = Histogram(
            "sharpcast_added_latency_seconds",
            "Latency the server added to a unit, arrival to delivery, by kind of rendition",
            ["kind"],
            buckets=_BUCKETS,
            registry=self._registry,
        )
        stages = Histogram(
            "sharpcast_stage_latency_seconds",
            "Latency of each stage on the way of a unit, by kind of rendition",
            ["kind", "stage"],
            buckets=_STAGE_BUCKETS,
            registry=self._registry,
        )
        return latency, stages

    def observe(self, delivered: Delivered) -> None:
        """Counts a delivered unit by the latency that the server added, in all and by stage."""
        unit, kind = delivered.unit, _kind(delivered.rendition)
        arrived, at_us = unit.stamp(Checkpoint.ARRIVED), unit.stamp(Checkpoint.DELIVERED)
        if arrived is None or at_us is None:
            return
        self._latency_of[kind].observe((at_us - arrived) / 1e6)
        # Stamps of machines whose clocks differ may go backwards a little.
        for stage, latency_us in stage_latencies(unit).items():
            self._stage_of[kind, stage].observe(max(0, latency_us) / 1e6)

    def count_refused(self, refused: Callable[[], dict[str, int]]) -> None:
        """Takes a function that returns the refused requests so far, by the limit that was met."""
        self._own.requests_refused = refused

    def count_external(self, access: ExternalAccess) -> None:
        """Takes what counts the rights that others give."""
        self._own.external = access

    def own_samples(self) -> Iterator[Sample]:
        """Returns the values of the counters of this process."""
        return self._own.samples()

    def collect(self, seen: Seen) -> Collected:
        """Returns the figures of this process alone. Call it on the event loop, whose tasks and
        sessions are counted; all else may be called anywhere.
        """
        here = {each.id: self._own.viewers(each.id) for each in live_records(seen)}
        return Collected(seen, here, list(self._own.collect()))

    def own_text(self, collected: Collected, *, form: Form = PLAIN) -> str:
        """Returns the text of what was collected."""
        return form.encode(_Both(self._registry, collected)).decode()

    def exposition(
        self, collected: Collected, others: Mapping[int, str] | None = None, *, form: Form = PLAIN
    ) -> bytes:
        """Returns the text of ``/metrics``. A thousand streams take a quarter of a second.

        ``others`` are the texts of sibling processes by number, None where there are no siblings;
        then no sample has the label of a process.
        """
        own = self.own_text(collected, form=form)
        shared = form.encode(SharedCollector(collected.seen, 1 + len(others or {}))).decode()
        if others is None:
            return (merged((shared, own)) + form.end).encode()
        texts = sorted({**others, self.number: own}.items())
        all_texts = (shared, *(labelled(text, number) for number, text in texts))
        return (merged(all_texts) + form.end).encode()


@dataclasses.dataclass(frozen=True, slots=True)
class Collected:
    """The figures of one process at one time."""

    seen: Seen
    here: dict[str, dict[str, int]]
    "Viewers of this process by stream and rendition."
    families: list[Metric]

    def viewers(self) -> Metric:
        """Returns the viewers of all live streams."""
        viewers = GaugeMetricFamily(
            "sharpcast_viewers", "Viewers of this app", labels=["stream", "rendition"]
        )
        for record in live_records(self.seen):
            here = self.here.get(record.id, {})
            logs = [log for name in record.renditions for log in keys.logs_of(name)]
            # A log that nobody watches is shown with 0, so that its series does not break off.
            for rendition in dict.fromkeys((keys.SOURCE, *logs, *here)):
                viewers.add_metric([record.id, rendition], here.get(rendition, 0))
        return viewers


class _Both(Collector):
    """The histograms of a registry, and what was collected."""

    def __init__(self, registry: CollectorRegistry, collected: Collected) -> None:
        self._registry = registry
        self._collected = collected

    def collect(self) -> Iterable[Metric]:
        yield from self._registry.collect()
        yield self._collected.viewers()
        yield from self._collected.families


class _OwnCollector:
    """Collects the figures of this process alone: of its sessions, its loop, its counters."""

    def __init__(self, node: AppNode, loop_lag: LoopLag) -> None:
        self._node = node
        self._loop_lag = loop_lag
        self.requests_refused: Callable[[], dict[str, int]] = dict
        self.external = ExternalAccess()

    def collect(self) -> Iterator[Metric]:
        """Yields all families but that of the viewers."""
        tasks = len(asyncio.all_tasks())
        yield GaugeMetricFamily("sharpcast_tasks", "Tasks of the event loop", value=tasks)
        yield GaugeMetricFamily(
            "sharpcast_loop_lag_seconds",
            "How late the event loop was at most, in the last 15 seconds",
            value=self._loop_lag.longest_s(now=time.monotonic()),
        )
        for counter, samples in by_counter(self.samples()).items():
            if samples:
                yield counter_family(counter, samples)

    def viewers(self, stream: str) -> dict[str, int]:
        """Returns the viewers of a stream here, by rendition."""
        return self._node.viewers.counts(stream)

    def samples(self) -> Iterator[Sample]:
        """Yields the values of the counters of this process."""
        yield from of_app(self._node, self.requests_refused())
        yield from of_external(self.external)


def _kind(rendition: str) -> str:
    name, _ = keys.rendition_of(rendition)
    return name if name in _KINDS else _OTHER
