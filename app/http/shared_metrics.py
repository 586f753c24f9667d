"""The metrics that every process of a server knows: of streams, workers, gateways and Redis."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.http.counter_samples import by_counter, of_shared
from app.http.snapshot import Seen
from wire.counter import Counter
from wire.gateway_heartbeat import GatewayBeat
from wire.heartbeat import WorkerBeat
from wire.server_memory import ServerMemory
from wire.stream_record import StreamRecord

_BITS_PER_BYTE = 8
_PER_KILO = 1000.0


class SharedCollector(Collector):
    """Collects them at each scrape, so that what has ended leaves no series."""

    def __init__(self, seen: Seen, processes: int) -> None:
        self._seen = seen
        self._processes = processes

    def collect(self) -> Iterable[Metric]:
        """Yields all families; one that has no sample yet is there too."""
        seen, live = self._seen, live_records(self._seen)
        devices = sum(len(beat.devices) for beat in seen.gateways)
        yield GaugeMetricFamily("sharpcast_streams", "Live streams", value=len(live))
        yield GaugeMetricFamily("sharpcast_workers", "Workers alive", value=len(seen.beats))
        yield GaugeMetricFamily("sharpcast_devices", "Devices joined", value=devices)
        yield GaugeMetricFamily(
            "sharpcast_app_processes",
            "App processes of this server whose figures are in this answer",
            value=self._processes,
        )
        yield from _of_memory(seen.memory)
        yield from _of_sources(live)
        yield from _of_workers(seen.beats)
        yield from _of_quality(seen.beats)
        yield from _of_links(seen.gateways)
        for counter, samples in by_counter(of_shared(seen)).items():
            yield counter_family(counter, samples)


def live_records(seen: Seen) -> list[StreamRecord]:
    """Returns the records of streams whose pictures come."""
    return [record for record in seen.records if record.state == "live"]


def counter_family(counter: Counter, samples: dict[tuple[str, ...], float]) -> Metric:
    """Returns a registered counter as a metric: a gauge where it can fall."""
    make = CounterMetricFamily if counter.only_grows else GaugeMetricFamily
    family = make(f"sharpcast_{counter.name}", counter.help, labels=counter.labels)
    for labels, value in samples.items():
        family.add_metric(labels, value)
    return family


def _bytes_per_second(kbps: float) -> float:
    return kbps * _PER_KILO / _BITS_PER_BYTE


def _gauge(name: str, text: str, label: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"sharpcast_{name}", text, labels=[label])


def _of_memory(memory: ServerMemory | None) -> Iterator[Metric]:
    """Yields the memory of the fullest Redis server, nothing where it is not known."""
    if memory is None:
        return
    yield GaugeMetricFamily(
        "sharpcast_redis_memory_bytes", "Memory of the fullest Redis server", value=memory.used
    )
    yield GaugeMetricFamily(
        "sharpcast_redis_memory_limit_bytes", "What it may have; 0: no limit", value=memory.limit
    )


def _of_sources(live: list[StreamRecord]) -> Iterator[Metric]:
    rate = _gauge("source_frames_per_second", "Frame rate of the source", "stream")
    size = _gauge("source_bytes_per_second", "Video that the publisher sends", "stream")
    started = _gauge("stream_start_time_seconds", "Unix time at which it began", "stream")
    for record in live:
        rate.add_metric([record.id], record.fps)
        size.add_metric([record.id], _bytes_per_second(record.kbps))
        started.add_metric([record.id], record.started_us / 1e6)
    yield from (rate, size, started)


def _of_links(gateways: list[GatewayBeat]) -> Iterator[Metric]:
    """Yields the links of the joined devices, which are the same at every app."""
    rtt = _gauge("link_rtt_seconds", "Round trip to a joined device", "device")
    loss = _gauge("link_loss_ratio", "Packets to a joined device that are lost", "device")
    rate = _gauge("link_rate_bytes_per_second", "What may be sent to a joined device", "device")
    delivered = _gauge(
        "link_delivered_bytes_per_second", "What arrived at a joined device", "device"
    )
    for link in (each for beat in gateways for each in beat.devices):
        rtt.add_metric([link.name], link.rtt_ms / 1000.0)
        loss.add_metric([link.name], link.loss)
        rate.add_metric([link.name], _bytes_per_second(link.rate_kbps))
        delivered.add_metric([link.name], _bytes_per_second(link.delivered_kbps))
    yield from (rtt, loss, rate, delivered)


def _of_quality(beats: list[WorkerBeat]) -> Iterator[Metric]:
    """Yields what enhanced pictures are worth, where it was measured of late."""
    labels = ["stream", "worker", "rendition"]
    consistency = GaugeMetricFamily(
        "sharpcast_quality_consistency_decibels",
        "PSNR of enhanced pictures, reduced to the source's size, to the decoded source",
        labels=labels,
    )
    sharpness = GaugeMetricFamily(
        "sharpcast_quality_sharpness_ratio",
        "Gradient energy of enhanced pictures over that of bicubic interpolation",
        labels=labels,
    )
    gain = GaugeMetricFamily(
        "sharpcast_quality_gain_decibels",
        "Estimated PSNR of enhanced pictures over bicubic interpolation",
        labels=labels,
    )
    for beat in beats:
        for work in beat.streams:
            if (found := work.quality) is None:
                continue
            lead = [work.stream, beat.name, work.rendition]
            consistency.add_metric(lead, found.consistency_db)
            sharpness.add_metric(lead, found.sharpness)
            if found.gain_db is not None:
                gain.add_metric(lead, found.gain_db)
    yield from (consistency, sharpness, gain)


def _of_workers(beats: list[WorkerBeat]) -> Iterator[Metric]:
    """Yields the load of the workers, which is the same at every app."""
    load = _gauge("worker_load_streams", "Load in streams of 480x270 at 30 fps", "worker")
    capacity = _gauge("worker_capacity_streams", "Capacity in the same unit", "worker")
    engine = _gauge("engine_busy_ratio", "Time that nets take of a worker's engine", "worker")
    given = _gauge(
        "engine_given_ratio",
        "Time that nets may take of a worker's engine, by what its cores have left",
        "worker",
    )
    for beat in beats:
        load.add_metric([beat.name], beat.load)
        capacity.add_metric([beat.name], beat.capacity)
        engine.add_metric([beat.name], beat.engine_ms_per_s / 1000.0)
        given.add_metric([beat.name], beat.given_ms_per_s / 1000.0)
    yield from (load, capacity, engine, given)
