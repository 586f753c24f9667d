"""The figures of all app nodes, summed for the admin API."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable

from app.http import schemas
from wire.app_heartbeat import AppBeat, LatencyFigures, NodeStream, StageFigures


@dataclasses.dataclass(frozen=True, slots=True)
class NodeBeats:
    """The heartbeats of all nodes at one moment, this node's among them."""

    beats: tuple[AppBeat, ...] = ()

    @classmethod
    def merged(cls, own: AppBeat, others: Iterable[AppBeat]) -> NodeBeats:
        """Takes this node's figures as they are now, not as they were at its last beat."""
        # The node's own last heartbeat is up to a second old, and among the others too.
        found = {beat.node: beat for beat in others} | {own.node: own}
        return cls(tuple(found[name] for name in sorted(found)))

    def without(self, node: str) -> NodeBeats:
        """Returns those of the other nodes."""
        return NodeBeats(tuple(each for each in self.beats if each.node != node))

    def viewers(self, stream: str) -> dict[str, int]:
        """Returns playback sessions and players of HLS on all nodes, by the log they read."""
        found: Counter[str] = Counter()
        for each in self._streams(stream):
            found.update(each.viewers)
            found.update(each.players)
        return dict(found)

    def people(self, stream: str) -> int:
        """Returns how many people watch a stream, each once whatever it holds on whichever node."""
        named, more = self.audience(stream)
        return len(named) + more

    def audience(self, stream: str) -> tuple[set[str], int]:
        """Returns (hashes of the names of a stream's viewers, number of further ones)."""
        streams = list(self._streams(stream))
        named = {name for each in streams for name in each.people}
        return named, sum(each.more_people for each in streams)

    def publisher(self, stream: str) -> NodeStream:
        """Returns the figures of the node that holds the publisher; empty ones if none does."""
        found = (each for each in self._streams(stream) if each.is_publisher)
        return next(found, NodeStream(stream=stream))

    def latency(self, stream: str, renditions: Iterable[str]) -> LatencyFigures | None:
        """Returns the latency with the most samples of these renditions."""
        names = set(renditions)
        found = (figures for each in self._streams(stream) for figures in each.latency)
        fitting = (figures for figures in found if figures.rendition in names)
        # Percentiles of several nodes cannot be put together, so one node's figures stand for all.
        return max(fitting, key=lambda figures: figures.samples, default=None)

    def _streams(self, stream: str) -> Iterable[NodeStream]:
        found = (beat.stream(stream) for beat in self.beats)
        return (each for each in found if each is not None)


def latency_view(figures: LatencyFigures | None) -> schemas.Latency:
    """Returns a latency as the API shows it."""
    if figures is None:
        return schemas.Latency(samples=0, total=None, stages=[])
    return schemas.Latency(
        samples=figures.samples,
        total=schemas.Spread(p50=figures.total.p50, p95=figures.total.p95),
        stages=[_stage(each) for each in figures.stages],
    )


def _stage(figures: StageFigures) -> schemas.StageLatency:
    return schemas.StageLatency(name=figures.name, p50=figures.p50, p95=figures.p95)


def node_view(beat: AppBeat, *, own: str, started_at: str) -> schemas.Node:
    """Returns one node as the API shows it; ``own`` is the name of the node that answers."""
    return schemas.Node(
        name=beat.node,
        answers=beat.node == own,
        host=beat.host,
        pid=beat.pid,
        started_at=started_at,
        publishers=beat.publishers,
        viewers=beat.viewers,
        streams=[
            schemas.StreamOnNode(
                id=each.stream,
                publishes=each.is_publisher,
                viewers=each.viewers,
                players=each.players,
                latency_ms={one.rendition: latency_view(one) for one in each.latency},
            )
            for each in beat.streams
        ],
        counters=beat.counters,
    )
