"""The state that all routes share; made once at start."""

from __future__ import annotations

import dataclasses
import secrets

from app.http.access import Access
from app.http.edge.asgi import EdgeOptions
from app.http.metrics import Metrics
from app.http.process_figures import ProcessFigures
from app.http.qr_encoder import QrEncoder
from app.http.serializers import Defaults
from app.http.snapshot import Snapshot
from app.node import AppNode
from app.webrtc.turn import IceServerList
from wire.connection import Redis


@dataclasses.dataclass(frozen=True, slots=True)
class AppState:
    """The parts of the app that every router gets."""

    node: AppNode
    redis: Redis
    access: Access
    "Decides who may publish, watch and change what."
    metrics: Metrics
    public_url: str
    ice_servers: IceServerList
    defaults: Defaults
    version: str
    snapshot: Snapshot
    figures: ProcessFigures
    qr_codes: QrEncoder = dataclasses.field(default_factory=QrEncoder)
    hls: bool = True
    "HLS is served."
    edge: EdgeOptions = EdgeOptions()
    frame_ancestors: tuple[str, ...] = ("'self'",)
    "Pages that may show the player in a frame."
    instance: str = dataclasses.field(default_factory=lambda: secrets.token_hex(4))
    "Random name of this run of the server, the same in all of its app processes."
