"""Prometheus metrics of logs and renditions."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from app.node import AppNode
from wire.heartbeat import WorkerBeat


def of_logs(node: AppNode) -> Iterable[Metric]:
    """What this app reads of logs and mailboxes, and what its viewers get of it."""
    labels = ["stream", "rendition"]
    units = CounterMetricFamily("sharpcast_units_read", "Video units read of a log", labels=labels)
    skipped = CounterMetricFamily(
        "sharpcast_units_skipped", "Video units read that nobody could decode", labels=labels
    )
    bad = CounterMetricFamily(
        "sharpcast_entries_refused", "Entries of a log that are no batches", labels=labels
    )
    repeated = CounterMetricFamily(
        "sharpcast_units_repeated",
        "Units that stood in a log twice, or that a writer wrote too late",
        labels=labels,
    )
    for reader in node.readers.all():
        name = [reader.stream, reader.rendition]
        units.add_metric(name, reader.units)
        skipped.add_metric(name, reader.skipped)
        bad.add_metric(name, reader.bad_entries)
        repeated.add_metric(name, reader.repeated + reader.stale_units)
    messages = CounterMetricFamily(
        "sharpcast_messages_refused", "Entries of feedback that are no messages", labels=["stream"]
    )
    for publication in node.publishers.publications():
        messages.add_metric([publication.stream], publication.bad_messages)
    yield from (units, skipped, bad, repeated, messages)
    yield GaugeMetricFamily(
        "sharpcast_viewer_stalls",
        "How often the source stood in for present viewers",
        value=node.viewers.stalls(),
    )


def of_renditions(beats: list[WorkerBeat]) -> Iterable[Metric]:
    """What workers make, and what they could not read."""
    labels = ["stream", "worker", "rendition"]
    frames = CounterMetricFamily(
        "sharpcast_rendition_frames",
        "Frames of each enhanced rendition since a worker leads the stream",
        labels=labels,
    )
    encoded = CounterMetricFamily(
        "sharpcast_rendition_encoded",
        "Pictures that its encoder made, for all renditions of the codec",
        labels=labels,
    )
    left_out = CounterMetricFamily(
        "sharpcast_rendition_left_out",
        "Pictures that its encoder had no time for, while another one had",
        labels=labels,
    )
    refused = CounterMetricFamily(
        "sharpcast_lead_refused",
        "Entries of the source log and messages that a lead could not read",
        labels=["stream", "worker", "what"],
    )
    replayed = CounterMetricFamily(
        "sharpcast_lead_replayed",
        "Units that a lead only decoded, so that those after them could be",
        labels=["stream", "worker"],
    )
    for beat in beats:
        for work in beat.streams:
            refused.add_metric([work.stream, beat.name, "entries"], work.bad_entries)
            refused.add_metric([work.stream, beat.name, "messages"], work.bad_messages)
            refused.add_metric([work.stream, beat.name, "stale units"], work.stale_units)
            replayed.add_metric([work.stream, beat.name], work.replayed)
            for one in work.renditions:
                name = [work.stream, beat.name, one.name]
                frames.add_metric(name, one.frames)
                encoded.add_metric(name, one.encoded)
                left_out.add_metric(name, one.left_out)
    yield from (frames, encoded, left_out, refused, replayed)
