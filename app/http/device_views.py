"""Devices at other sites, made of the registry and of the gateways' heartbeats."""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from app.http import device_schemas as schemas
from app.http.serializers import iso
from wire.devices import DeviceRecord
from wire.gateway_heartbeat import GatewayBeat, JoinedDevice
from wire.join_tokens import JoinToken, NewToken

_EVERYWHERE = ("0.0.0.0", "::", "")
"""Addresses of all interfaces, at which nobody can be reached."""


def device_list(
    records: Iterable[DeviceRecord], tokens: Iterable[JoinToken], gateways: list[GatewayBeat]
) -> schemas.DeviceList:
    """Returns the whole list."""
    links = {link.name: (beat.name, link) for beat in gateways for link in beat.devices}
    return schemas.DeviceList(
        gateways=[_gateway(each) for each in gateways],
        devices=[_device(each, *links.get(each.name, ("", None))) for each in records],
        tokens=[
            schemas.WaitingToken(id=each.id, name=each.name, expires_at=iso(each.expires_us))
            for each in tokens
        ],
    )


def new_device(made: NewToken, name: str, place: str) -> schemas.NewDevice:
    """Returns what an operator is shown of a new token, once."""
    return schemas.NewDevice(
        id=made.id,
        name=name,
        expires_at=iso(made.expires_us),
        token=made.token,
        gateway=place,
        # The token may begin with a dash, so it stands behind an equals sign.
        command=f"sharpcast join {shlex.quote(place)} --token={shlex.quote(made.token)}",
    )


def place_of(beat: GatewayBeat, asked_host: str) -> str:
    """Returns HOST:PORT of a gateway for a device elsewhere; ``asked_host`` is the name by which
    the operator's browser reached this server.
    """
    host = asked_host if beat.host in _EVERYWHERE else beat.host
    return f"[{host}]:{beat.port}" if ":" in host else f"{host}:{beat.port}"


def _device(record: DeviceRecord, gateway: str, link: JoinedDevice | None) -> schemas.DeviceView:
    return schemas.DeviceView(
        name=record.name,
        state="away" if link is None else "joined",
        fingerprint=record.fingerprint,
        first_joined_at=iso(record.joined_us),
        seen_at=iso(record.seen_us),
        address=record.address,
        gateway=gateway,
        link=None if link is None else _link(link),
        jobs=[
            schemas.HeldJobView(stream=each.stream, rendition=each.rendition)
            for each in (link.jobs if link is not None else [])
        ],
    )


def _link(link: JoinedDevice) -> schemas.DeviceLinkView:
    return schemas.DeviceLinkView(
        rtt_ms=link.rtt_ms,
        loss=link.loss,
        rate_kbps=link.rate_kbps,
        delivered_kbps=link.delivered_kbps,
        queue_ms=link.queue_ms,
        queued_bytes=link.queued_bytes,
        silent_ms=link.silent_ms,
        messages=link.messages,
    )


def _gateway(beat: GatewayBeat) -> schemas.GatewayView:
    return schemas.GatewayView(
        name=beat.name,
        host=beat.host,
        port=beat.port,
        fingerprint=beat.fingerprint,
        shared_token=beat.is_shared_token_set,
        devices=len(beat.devices),
    )
