"""An app node's heartbeat: its sessions, its viewers by rendition, latencies and counters."""

from __future__ import annotations

from typing import Annotated

import msgspec

from wire import keys
from wire.connection import Redis, command
from wire.errors import BadMessage
from wire.heartbeat import BEAT, list_beats

EXPIRY_MS = 3_000
PERIOD_S = 1.0
"""Two may be missed. Half as often as workers' beats: percentiles of latencies cost the loop that
moves packets most of a millisecond a stream."""

Count = Annotated[int, msgspec.Meta(ge=0)]


class StageFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Percentiles of one stage's latency, in ms."""

    name: str
    p50: float
    p95: float


class LatencyFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Latency that the server added to the units of a rendition that a node delivered last."""

    rendition: str
    samples: Count
    total: StageFigures
    stages: list[StageFigures] = msgspec.field(default_factory=list)
    "Stages in the order of travel."


class NodeStream(msgspec.Struct, frozen=True, kw_only=True):
    """One stream as a node has it: its publisher, its viewers, or both."""

    stream: str
    viewers: dict[str, int] = msgspec.field(default_factory=dict)
    "Playback sessions by the log they read."
    players: dict[str, int] = msgspec.field(default_factory=dict)
    "Players of HLS by the rendition that they read."
    people: list[str] = msgspec.field(default_factory=list)
    "Hashes of the random names of its viewers, each once however many sessions it has."
    more_people: Count = 0
    "Viewers beyond those that are named."
    latency: list[LatencyFigures] = msgspec.field(default_factory=list)
    is_publisher: bool = False
    "The publisher's session is this node's; what follows is empty otherwise."
    units_in: Count = 0
    "Video units that the publisher sent."
    bad_messages: Count = 0
    layer: str = ""
    "Simulcast layer that is taken."
    dropped: dict[str, int] = msgspec.field(default_factory=dict)
    "Units that did not reach the source log, by reason."
    refused: dict[str, int] = msgspec.field(default_factory=dict)
    "Pictures that were not taken, by reason."
    packets: dict[str, int] = msgspec.field(default_factory=dict)
    "Packets that became part of no unit, by reason."


class AppBeat(msgspec.Struct, frozen=True, kw_only=True):
    """One heartbeat of an app node."""

    node: str
    host: str
    pid: int
    started_us: Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
    streams: list[NodeStream] = msgspec.field(default_factory=list)
    counters: dict[str, int] = msgspec.field(default_factory=dict)
    "Requests forwarded to other nodes, messages refused and the like, by name."

    @property
    def publishers(self) -> int:
        """Publishers' sessions of the node."""
        return sum(each.is_publisher for each in self.streams)

    @property
    def viewers(self) -> int:
        """Playback sessions of the node."""
        return sum(sum(each.viewers.values()) for each in self.streams)

    def stream(self, name: str) -> NodeStream | None:
        """Returns what the node has of a stream, None if nothing."""
        return next((each for each in self.streams if each.stream == name), None)


def parse_app_beat(data: bytes) -> AppBeat:
    """Parses the heartbeat in ``data``. Raises BadMessage."""
    try:
        return msgspec.json.decode(data, type=AppBeat)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadMessage(f"app heartbeat: {error}") from error


class AppHeartbeats:
    """Writes one node's heartbeat, reads all."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    async def beat(self, beat: AppBeat) -> None:
        """Lists the node for ``EXPIRY_MS`` more."""
        args = [msgspec.json.encode(beat), EXPIRY_MS]
        await BEAT.run(self._client, [keys.app(beat.node)], args)

    async def leave(self, node: str) -> None:
        """Removes the node from the list at once."""
        await command(self._client, "DEL", self._client.key(keys.app(node)))

    async def is_there(self, node: str) -> bool:
        """Returns False for a node that is gone, or has not beaten for ``EXPIRY_MS``."""
        return bool(await command(self._client, "EXISTS", self._client.key(keys.app(node))))

    async def list(self) -> list[AppBeat]:
        """Returns all nodes, by name. Heartbeats that cannot be read are left out."""
        return await list_beats(
            self._client, keys.APPS_PATTERN, parse_app_beat, lambda beat: beat.node
        )
