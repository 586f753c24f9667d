"""The ASGI application over a real node and a real Redis."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest

from app.access.audit import Audit
from app.access.key_store import KeyStore
from app.access.policy import ServerTokens
from app.external_access.external_access import ExternalAccess
from app.http.access import Access
from app.http.app_state import AppState
from app.http.edge.asgi import Edge, EdgeOptions
from app.http.edge.origins import Names, Origins
from app.http.metrics import Metrics
from app.http.process_figures import ProcessFigures
from app.http.serializers import Defaults
from app.http.server import create_app
from app.http.snapshot import Snapshot
from app.node import AppNode, NodeOptions
from app.recording.recorders import RecordingOptions
from app.siblings import ALONE, AppProcess, Siblings
from app.streams.publishers import PublisherOptions
from app.streams.readers import ReaderTimes
from app.webrtc import ice, peer_ports
from app.webrtc.ice import IceServer
from app.webrtc.turn import IceServerList
from wire.connection import Redis

PUBLISH_TOKEN = "publish-secret-9f3a"
ADMIN_TOKEN = "admin-secret-77c1"
BASE = "http://sharp.example:8080"


@dataclasses.dataclass
class Site:
    """One application and a client of it."""

    app: Edge
    node: AppNode
    redis: Redis
    client: httpx.AsyncClient
    snapshot: Snapshot
    access: Access
    work: asyncio.Task[None] | None = None
    "The node's, where it serves other nodes."

    async def stop(self) -> None:
        """Serves the other nodes no more, as a process that was killed."""
        if self.work is not None:
            self.work.cancel()
            await asyncio.gather(self.work, return_exceptions=True)

    async def post_offer(
        self, path: str, sdp: str | bytes, *, token: str = "", kind: str = "application/sdp"
    ) -> httpx.Response:
        """An offer as clients post it."""
        headers = {"Content-Type": kind}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return await self.client.post(path, content=sdp, headers=headers)


MakeSite = Callable[..., Site]
_TIMES = ReaderTimes()


async def _run(context: AppState) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(context.node.run())
        group.create_task(context.figures.run())


def _edge(public_url: str, tokens: ServerTokens) -> EdgeOptions:
    names = Names(public_url=public_url, others=("sharp.example",))
    publish, admin = bool(tokens.publish), bool(tokens.admin)
    return EdgeOptions(Origins(names, publish_token=publish, admin_token=admin))


@pytest.fixture
async def make_site(redis_client: Redis, tmp_path: Path) -> AsyncIterator[MakeSite]:
    """Sites over the shared server, closed at the end."""
    peer_ports.install(ice.IceAddresses(("127.0.0.1",), ()))
    made: list[Site] = []

    def make(
        *,
        publish_token: str = "",
        admin_token: str = "",
        public_url: str = "",
        ice_servers: tuple[IceServer, ...] = (),
        turn_secret: str = "",
        redis: Redis | None = None,
        max_streams: int = 4,
        max_viewers: int = 4,
        snapshot_age_s: float = 0.0,
        name: str = "",
        runs: bool = False,
        times: ReaderTimes = _TIMES,
        process: AppProcess = ALONE,
        hls: bool = True,
        key_in_path: bool = False,
        external: ExternalAccess | None = None,
    ) -> Site:
        redis = redis or redis_client
        recording = RecordingOptions(tmp_path / "recordings")
        publishers = PublisherOptions(max_streams, 1500, 10.0)
        store, audit = KeyStore(redis), Audit(redis)
        options = NodeOptions(publishers, max_viewers, name, times, recording)
        node = AppNode(redis, options, recording_of=store.recording_of)
        metrics = Metrics(node, number=process.number)
        snapshot = Snapshot(redis, node, max_age_s=snapshot_age_s)
        tokens = ServerTokens(publish_token, admin_token)
        access = Access(tokens, store, audit, key_in_path=key_in_path, external=external)
        context = AppState(
            node=node,
            redis=redis,
            access=access,
            metrics=metrics,
            public_url=public_url,
            ice_servers=IceServerList(ice_servers, turn_secret, lambda: "one"),
            defaults=Defaults(model="live-s", strength=0.5),
            version="1.2.3",
            snapshot=snapshot,
            figures=ProcessFigures(metrics, snapshot, Siblings(process)),
            hls=hls,
            edge=_edge(public_url, tokens),
        )
        app = create_app(context)
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE)
        work = asyncio.get_running_loop().create_task(_run(context), name="node") if runs else None
        made.append(Site(app, node, redis, client, context.snapshot, access, work))
        return made[-1]

    yield make
    for site in made:
        await site.client.aclose()
        await site.stop()
        await site.node.close()


@pytest.fixture
def site(make_site: MakeSite) -> Site:
    """A site without tokens."""
    return make_site()


@pytest.fixture
def guarded(make_site: MakeSite) -> Site:
    """A site with both tokens."""
    return make_site(publish_token=PUBLISH_TOKEN, admin_token=ADMIN_TOKEN)
