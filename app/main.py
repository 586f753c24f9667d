"""The app process: what starts and stops, in which order."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.metadata
import logging
import signal
import socket
import ssl
from collections.abc import Callable

import uvicorn

from app.http.auth import Guard
from app.http.context import Context
from app.http.edge.options import edge_options
from app.http.metrics import Metrics
from app.http.server import create_app
from app.http.views import Defaults
from app.rtc import ice
from app.rtc.turn import IceServerList
from app.streams.hub import HubOptions, StreamHub
from wire import stop_signals
from wire.connection import connect, wait_until_up
from wire.errors import BadSettings, NoRedisServer
from wire.settings import Settings

logger = logging.getLogger(__name__)

REDIS_START_S = 10.0


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling: we stop in our own order."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        """Leaves the signals to us."""
        yield


def bind(settings: Settings) -> socket.socket:
    """The listening socket. Raises BadSettings with one sentence if the port is taken."""
    family = socket.AF_INET6 if ":" in settings.http_host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.http_host, settings.http_port))
        listener.listen(256)
    except OSError as error:
        listener.close()
        raise BadSettings(
            f"SHARPCAST_HTTP_PORT: {settings.http_host}:{settings.http_port} cannot be "
            f"listened on: {error.strerror}."
        ) from error
    return listener


async def serve(
    settings: Settings,
    *,
    redis_url: str,
    stop: asyncio.Event,
    on_ready: Callable[[str], None],
) -> None:
    """Serves until ``stop``; ``on_ready`` gets the base address. Raises BadSettings, NoRedisServer.

    Stops in this order, within 5 s: accept nothing more, end publishers and viewers, close
    Redis, close the sockets.
    """
    check_tls(settings)
    client = connect(redis_url, prefix=settings.redis_prefix)
    listener = bind(settings)
    try:
        if not await wait_until_up(client, REDIS_START_S):
            raise NoRedisServer(f"No Redis server answers at {_without_password(redis_url)}.")
        addresses = ice.choose_addresses(settings.ice_addresses, loopback_only=settings.is_loopback)
        ice.install(addresses)
        hub = StreamHub(client, _hub_options(settings, addresses))
        server = _Server(_uvicorn_config(settings, create_app(_context(settings, client, hub))))
        loop = asyncio.get_running_loop()
        serving = loop.create_task(server.serve(sockets=[listener]), name="http")
        stopping = loop.create_task(stop.wait(), name="stop")
        try:
            on_ready(_address(settings, listener))
            await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            await hub.close()
            server.should_exit = True
            await serving
    finally:
        listener.close()
        await client.aclose()


def check_tls(settings: Settings) -> None:
    """Raises BadSettings with one sentence for a certificate and key that do not fit."""
    if settings.tls_cert is None or settings.tls_key is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(settings.tls_cert, settings.tls_key)
    except (ssl.SSLError, OSError) as error:
        raise BadSettings(
            f"SHARPCAST_TLS_CERT and SHARPCAST_TLS_KEY cannot be used together: {error}."
        ) from error


def _hub_options(settings: Settings, addresses: ice.IceAddresses) -> HubOptions:
    return HubOptions(
        max_streams=settings.max_streams,
        max_viewers=settings.max_viewers,
        start_bitrate_kbps=settings.start_bitrate_kbps,
        publisher_timeout_s=settings.publisher_timeout_s,
        mapped_addresses=addresses.mapped,
    )


def _context(settings: Settings, client: object, hub: StreamHub) -> Context:
    return Context(
        hub=hub,
        redis=client,  # type: ignore[arg-type]
        publish_guard=Guard(settings.publish_token),
        admin_guard=Guard(settings.admin_token),
        metrics=Metrics(hub),
        public_url=settings.public_url,
        ice_servers=IceServerList(
            tuple(ice.IceServer.parse(text) for text in settings.ice_servers),
            settings.turn_secret.get_secret_value(),
        ),
        defaults=Defaults(model=settings.model, strength=settings.strength),
        version=importlib.metadata.version("sharpcast"),
        edge=edge_options(settings),
    )


def _uvicorn_config(settings: Settings, app: object) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        log_config=None,  # to our handlers, which are limited
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
        timeout_keep_alive=15,
        h11_max_incomplete_event_size=16 * 1024,
        # The edge reads X-Forwarded-For, of those proxies only that a setting names.
        proxy_headers=False,
        ssl_certfile=str(settings.tls_cert) if settings.tls_cert else None,
        ssl_keyfile=str(settings.tls_key) if settings.tls_key else None,
    )


def _address(settings: Settings, listener: socket.socket) -> str:
    scheme = "https" if settings.tls_cert else "http"
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = "localhost"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def _without_password(url: str) -> str:
    head, at, place = url.rpartition("@")
    return f"{head.split('//')[0]}//...@{place}" if at else url


def run(settings: Settings, *, redis_url: str, on_ready: Callable[[str], None]) -> None:
    """The whole process, until SIGINT or SIGTERM."""

    async def main() -> None:
        stop = asyncio.Event()
        with stop_signals.heard((signal.SIGINT, signal.SIGTERM), stop.set):
            await serve(settings, redis_url=redis_url, stop=stop, on_ready=on_ready)

    asyncio.run(main())
