"""A gateway's heartbeat: its address, the devices that are joined with their links, counters."""

from __future__ import annotations

from typing import Annotated

import msgspec

from wire import keys
from wire.connection import Redis, command
from wire.errors import BadMessage
from wire.heartbeat import BEAT, list_beats

EXPIRY_MS = 3_000
PERIOD_S = 1.0
"""Two may be missed."""

Count = Annotated[int, msgspec.Meta(ge=0)]


class HeldJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job that a device holds."""

    stream: str
    rendition: str


class JoinedDevice(msgspec.Struct, frozen=True, kw_only=True):
    """A joined device with its link, as the gateway measures it."""

    name: str
    address: str
    joined_us: Count
    "Begin of this session, Unix us."
    silent_ms: float
    "Time since it was heard."
    rtt_ms: float
    loss: float
    "Part of the packets to it that is lost, 0..1."
    rate_kbps: float
    "Rate at which may be sent to it."
    delivered_kbps: float
    "Rate at which data arrived at it lately."
    queue_ms: float
    "Delay that stands in queues on the way."
    queued_bytes: Count
    "Bytes that wait at the gateway."
    jobs: list[HeldJob] = msgspec.field(default_factory=list)
    messages: dict[str, Count] = msgspec.field(default_factory=dict)
    """Messages of this session: ``sent`` to it, ``received`` of it, ``restored`` by parity,
    ``late`` in both ways, ``refused`` since too many waited."""


class GatewayBeat(msgspec.Struct, frozen=True, kw_only=True):
    """One heartbeat of a gateway."""

    name: str
    host: str
    "Address on which it listens."
    port: int
    machine: str
    "Host name of the machine on which it runs."
    pid: int
    fingerprint: str
    "SHA-256 of its certificate, in hexadecimal."
    is_shared_token_set: bool
    devices: list[JoinedDevice] = msgspec.field(default_factory=list)
    refused: dict[str, Count] = msgspec.field(default_factory=dict)
    "Refusals since its start, by reason."
    joins: Count = 0
    "Devices that joined since its start."


def parse_gateway_beat(data: bytes) -> GatewayBeat:
    """Parses the heartbeat in ``data``. Raises BadMessage."""
    try:
        return msgspec.json.decode(data, type=GatewayBeat)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadMessage(f"gateway heartbeat: {error}") from error


class GatewayHeartbeats:
    """Writes one gateway's heartbeat, reads all."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    async def beat(self, beat: GatewayBeat) -> None:
        """Lists the gateway for ``EXPIRY_MS`` more."""
        args = [msgspec.json.encode(beat), EXPIRY_MS]
        await BEAT.run(self._client, [keys.gateway(beat.name)], args)

    async def leave(self, name: str) -> None:
        """Removes the gateway from the list at once."""
        await command(self._client, "DEL", self._client.key(keys.gateway(name)))

    async def list(self) -> list[GatewayBeat]:
        """Returns all gateways, by name. Heartbeats that cannot be read are left out."""
        return await list_beats(
            self._client, keys.GATEWAYS_PATTERN, parse_gateway_beat, lambda beat: beat.name
        )
