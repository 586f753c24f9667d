"""The figures of one node for its heartbeat."""

from __future__ import annotations

import os
import socket
from collections import Counter

from app.audience import Audience
from app.delivery.viewers import Viewers
from app.session_router import SessionRouter
from app.streams.meters import LatencyMeter, Percentiles
from app.streams.publishers import Publishers
from app.streams.readers import RenditionReaders
from wire.app_heartbeat import AppBeat, LatencyFigures, NodeStream, StageFigures
from wire.clock import now_us


class NodeFigures:
    """Gathers the figures of a node's owners. Costs most of a millisecond for each stream."""

    def __init__(
        self,
        router: SessionRouter,
        publishers: Publishers,
        readers: RenditionReaders,
        viewers: Viewers,
        audience: Audience,
    ) -> None:
        self._router = router
        self._publishers = publishers
        self._readers = readers
        self._viewers = viewers
        self._audience = audience
        self._started_us = now_us()

    def beat(self) -> AppBeat:
        """Returns the node's next heartbeat."""
        # A node may have the publisher of a stream, viewers of it, or a reader that lingers.
        names = {session.stream for session in self._publishers.ingest_sessions()}
        names |= {reader.stream for reader in self._readers.all()} | self._viewers.streams()
        names |= self._audience.streams()
        return AppBeat(
            node=self._router.node,
            host=socket.gethostname(),
            pid=os.getpid(),
            started_us=self._started_us,
            streams=[self._stream(name) for name in sorted(names)],
            counters=self._counters(),
        )

    def _stream(self, name: str) -> NodeStream:
        readers = [reader for reader in self._readers.all() if reader.stream == name]
        latency = [
            found
            for reader in readers
            if (found := _latency(reader.rendition, reader.latency)) is not None
        ]
        viewers, players = self._viewers.counts(name), self._audience.players(name)
        people, more = self._audience.people(name)
        ingest = self._publishers.ingest_session(name)
        if ingest is None:
            return NodeStream(
                stream=name,
                viewers=viewers,
                players=players,
                people=people,
                more_people=more,
                latency=latency,
            )
        return NodeStream(
            stream=name,
            viewers=viewers,
            players=players,
            people=people,
            more_people=more,
            latency=latency,
            is_publisher=True,
            units_in=ingest.units_in,
            bad_messages=ingest.bad_messages,
            layer=self._publishers.layer(name),
            dropped=ingest.dropped,
            refused=self._publishers.refused(name),
            packets=self._publishers.packets(name),
        )

    def _counters(self) -> dict[str, int]:
        counters: Counter[str] = Counter()
        for reader in self._readers.all():
            counters["units_read"] += reader.units
            counters["units_skipped"] += reader.skipped
            counters["units_repeated"] += reader.repeated + reader.stale_units
            counters["entries_refused"] += reader.bad_entries
        for reason, count in self._viewers.dropped().items():
            counters[f"viewer_units_dropped_{reason}"] = count
        counters["viewer_stalls"] = self._viewers.stalls()
        counters["node_requests_forwarded"] = self._router.forwarded
        counters["node_messages_refused"] = self._router.bad_messages
        return dict(counters)


def _latency(rendition: str, meter: LatencyMeter) -> LatencyFigures | None:
    total = meter.total()
    # No unit was delivered yet, and an average of nothing is no figure.
    if total is None:
        return None
    return LatencyFigures(
        rendition=rendition,
        samples=len(meter),
        total=_figures("total", total),
        stages=[_figures(name, spread) for name, spread in meter.stages()],
    )


def _figures(name: str, spread: Percentiles) -> StageFigures:
    return StageFigures(name=name, p50=spread.p50, p95=spread.p95)
