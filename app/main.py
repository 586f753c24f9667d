"""The app process: what starts and stops, in which order."""

from __future__ import annotations

import asyncio
import importlib.metadata
import logging
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

from app.access.audit import Audit
from app.access.key_store import KeyStore
from app.access.policy import ServerTokens
from app.errors import RedisAway
from app.external_access.external_access import ExternalAccess, ExternalOptions
from app.gateway.process import GATEWAY_CONNECTIONS, GatewayWork, opened_gateway
from app.http.access import Access
from app.http.app_state import AppState
from app.http.certificate import Certificate
from app.http.edge.connections import MAX_CONNECTIONS, ConnectionCounts
from app.http.edge.listener import Listener
from app.http.edge.options import edge_options
from app.http.metrics import Metrics
from app.http.process_figures import ProcessFigures
from app.http.serializers import Defaults
from app.http.server import create_app
from app.http.snapshot import Snapshot
from app.http.web_server import WebServer, bind
from app.node import AppNode, NodeOptions
from app.open_files import raise_limit
from app.recording.recorders import RecordingOptions
from app.recording.retention import RetentionRule
from app.siblings import ALONE, AppProcess, Siblings
from app.streams.publishers import PublisherOptions
from app.webhooks.webhooks import WebhookOptions
from app.webrtc import ice
from app.webrtc.peer_ports import opened_ports
from app.webrtc.tcp_port import MAX_CONNECTIONS as MAX_ICE_TCP
from app.webrtc.turn import IceServerList
from wire import stop_signals, supervisor, trace_export
from wire.address import parse_address
from wire.connection import REDIS_CONNECTIONS, Redis, connect, wait_until_up
from wire.errors import NoRedisServer
from wire.settings import Settings

log = logging.getLogger(__name__)

REDIS_START_S = 10.0
"""Maximum time in seconds to wait for Redis at the start, as it may be starting too."""

SWITCH_INTERVAL_S = 0.0005
"""Seconds for which a thread of Python may keep the event loop waiting, at each of its calls of the
system. With Python's own 5 ms, one text that is made on a thread holds up everybody's packets."""

_GATEWAY = "gateway"
"""Name of the task that serves devices."""

_OTHER_FILES = 88
"""Files that Python itself has open."""


async def serve(
    settings: Settings,
    *,
    redis_url: str,
    stop: asyncio.Event,
    on_ready: Callable[[str], None],
    reload: asyncio.Event | None = None,
    process: AppProcess = ALONE,
) -> None:
    """Serves until ``stop``; ``on_ready`` gets the base address. Raises BadSettings, NoRedisServer.

    The certificate is read again when its file changes, and when ``reload`` is set. ``process`` is
    the place of this process among several that share the port. Stops within 5 s: first publishers
    and viewers, then the web server, then the connections to Redis.
    """
    certificate = _certificate(settings)
    client = connect(
        redis_url, prefix=settings.redis_prefix, most=redis_connections(settings.max_streams)
    )
    counts = ConnectionCounts()
    # Before Redis is waited for: who starts a second server is told at once.
    listener = _listener(settings, process, counts)
    try:
        async with AsyncExitStack() as stack:
            gateway = stack.enter_context(opened_gateway(settings, redis_url=redis_url))
            await stack.enter_async_context(opened_ports(settings, number=process.number))
            await _wait_for_redis(client, redis_url)
            context = await _loaded(app_state(settings, client, certificate, process))
            (edge := create_app(context)).watch(counts)
            tasks = _side_tasks(context, certificate, gateway, stop=stop, reload=reload)
            await _serve_until_one_ends(
                WebServer(edge, certificate),
                listener,
                context.node,
                tasks,
                ready=lambda: on_ready(base_address(settings, listener)),
            )
    finally:
        listener.close()
        await client.aclose()


def _listener(settings: Settings, process: AppProcess, counts: ConnectionCounts) -> Listener:
    if process.listener >= 0:
        return Listener.adopt(process.listener, counts)
    return bind(settings, counts)


async def _wait_for_redis(client: Redis, redis_url: str) -> None:
    if not await wait_until_up(client, REDIS_START_S):
        raise NoRedisServer(f"No Redis server answers at {parse_address(redis_url).shown()}.")


async def _loaded(context: AppState) -> AppState:
    """Reads the stream keys: whoever comes first must find its own. Raises NoRedisServer."""
    try:
        await context.access.store.load()
    except RedisAway as error:
        raise NoRedisServer("Redis does not say which stream keys there are.") from error
    return context


async def _serve_until_one_ends(
    server: WebServer,
    listener: Listener,
    node: AppNode,
    helpers: list[asyncio.Task[Any]],
    *,
    ready: Callable[[], None],
) -> None:
    """Serves pages until any task ends, then ends all; raises what that task died of."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    serving = asyncio.get_running_loop().create_task(server.serve([listener]), name="http")
    try:
        ready()
        done, _ = await asyncio.wait([serving, *helpers], return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            # A task that died must not look like a request to stop.
            task.result()
    finally:
        await _end(helpers, node)
        # uvicorn ends last: while the node says goodbye, clients can still end their sessions.
        server.should_exit = True
        await serving


async def _end(helpers: list[asyncio.Task[Any]], node: AppNode) -> None:
    """Ends the tasks beside the web server, then all sessions of the node."""
    # In this order: the node's next heartbeat would list it again after it has left.
    for helper in helpers:
        helper.cancel()
    # The gateway gives the jobs of its devices back meanwhile: both may take seconds.
    gateway = [helper for helper in helpers if helper.get_name() == _GATEWAY]
    await asyncio.gather(*(set(helpers) - set(gateway)), return_exceptions=True)
    await asyncio.gather(node.close(), asyncio.gather(*gateway, return_exceptions=True))


def _node(settings: Settings, client: Redis, access: Access) -> AppNode:
    """Returns the node, whose sockets are counted here."""
    raise_limit(files_needed(settings))
    return AppNode(client, _node_options(settings), recording_of=access.store.recording_of)


def _certificate(settings: Settings) -> Certificate | None:
    """Reads the certificate that the settings name, if they name one. Raises BadSettings."""
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    return Certificate(settings.tls_cert, settings.tls_key)


def _side_tasks(
    context: AppState,
    certificate: Certificate | None,
    gateway: GatewayWork | None,
    *,
    stop: asyncio.Event,
    reload: asyncio.Event | None,
) -> list[asyncio.Task[Any]]:
    """Starts what runs beside the web server; one that ends ends the process."""
    works: dict[str, Coroutine[Any, Any, Any]] = {
        "stop": stop.wait(),
        "loop-lag": context.metrics.loop_lag.run(),
        "node": context.node.run(),
        "keys": context.access.store.run(),
        "siblings": context.figures.run(),
    }
    if context.access.external.is_set:
        works["external-access"] = context.access.external.run()
    if gateway is not None:
        works[_GATEWAY] = gateway()
    if certificate is not None:
        works["certificate"] = certificate.run(reload or asyncio.Event())
    loop = asyncio.get_running_loop()
    return [loop.create_task(work, name=name) for name, work in works.items()]


def files_needed(settings: Settings) -> int:
    """Returns the files of all at once: the web's connections, the peers' by TCP, Redis'."""
    others = MAX_CONNECTIONS + redis_connections(settings.max_streams) + _OTHER_FILES
    if settings.gateway_host:
        others += GATEWAY_CONNECTIONS + 1
    if settings.ice_tcp_port:
        others += MAX_ICE_TCP
    return others


def redis_connections(streams: int) -> int:
    """Returns the connections to Redis that so many streams may need: each reads up to five keys
    at once, and writes. A server takes 10,000 clients unless it is told otherwise.
    """
    return min(9_000, max(REDIS_CONNECTIONS, 8 * streams))


def _node_options(settings: Settings) -> NodeOptions:
    publishers = PublisherOptions(
        max_streams=settings.max_streams,
        start_bitrate_kbps=settings.start_bitrate_kbps,
        publisher_timeout_s=settings.publisher_timeout_s,
        publisher_grace_s=settings.publisher_grace_s,
    )
    return NodeOptions(
        publishers=publishers,
        max_viewers=settings.max_viewers,
        name=settings.node_name,
        recording=RecordingOptions(
            settings.record_dir,
            settings.record,
            RetentionRule(settings.record_days, int(settings.record_max_gb * 1e9)),
        ),
        webhooks=WebhookOptions(settings.webhooks, settings.webhook_secret.get_secret_value()),
    )


def app_state(
    settings: Settings, client: Redis, certificate: Certificate | None, process: AppProcess
) -> AppState:
    """Builds what all routes share; nothing of it runs yet, and nothing is sent to Redis."""
    access = _access(settings, client)
    node = _node(settings, client, access)
    metrics, snapshot = Metrics(node, number=process.number), Snapshot(client, node)
    return AppState(
        node=node,
        redis=client,
        access=access,
        metrics=metrics,
        public_url=settings.public_url,
        ice_servers=IceServerList(
            tuple(ice.IceServer.parse(text) for text in settings.ice_servers),
            settings.turn_secret.get_secret_value(),
        ),
        defaults=Defaults(
            model=settings.model, strength=settings.strength, recording=settings.record
        ),
        version=importlib.metadata.version("sharpcast"),
        snapshot=snapshot,
        figures=ProcessFigures(metrics, snapshot, Siblings(process)),
        hls=settings.hls,
        edge=edge_options(settings, certificate),
        frame_ancestors=settings.frame_ancestors,
        instance=process.run or secrets.token_hex(8),
    )


def _access(settings: Settings, client: Redis) -> Access:
    tokens = ServerTokens(
        settings.publish_token.get_secret_value(), settings.admin_token.get_secret_value()
    )
    external = ExternalAccess(
        ExternalOptions(
            settings.jwt_issuer, settings.access_hook, settings.webhook_secret.get_secret_value()
        )
    )
    return Access(
        tokens,
        KeyStore(client),
        Audit(client),
        key_in_path=settings.key_in_path,
        external=external,
    )


def base_address(settings: Settings, listener: socket.socket) -> str:
    """Returns the address of the web server as a browser on this machine would write it."""
    scheme = "https" if settings.tls_cert else "http"
    host, port = listener.getsockname()[:2]
    # The address of all interfaces is none that a browser could open.
    if host in ("0.0.0.0", "::"):
        host = "localhost"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def run(
    settings: Settings,
    *,
    redis_url: str,
    on_ready: Callable[[str], None],
    beside: supervisor.Beside | None = None,
    process: AppProcess = ALONE,
) -> None:
    """Runs the whole process until SIGINT or SIGTERM; SIGHUP reads the certificate again.

    ``beside`` runs until the end of the server; ``process`` as in ``serve``.
    """

    async def main() -> None:
        stop = asyncio.Event()
        reload = asyncio.Event()
        request = stop_signals.StopRequest(stop)
        with (
            stop_signals.heard((signal.SIGHUP,), reload.set),
            stop_signals.heard((signal.SIGINT, signal.SIGTERM), request.repeat_to_end),
        ):
            async with supervisor.running_beside(beside, stop):
                await serve(
                    settings,
                    redis_url=redis_url,
                    stop=stop,
                    on_ready=on_ready,
                    reload=reload,
                    process=process,
                )

    with trace_export.running(settings, "sharpcast-app"):
        asyncio.run(main())
