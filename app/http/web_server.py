"""The web server of the process: its socket, its TLS, and uvicorn between them and the routes."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn

from app.http.certificate import Certificate
from app.http.edge.asgi import MAX_HEAD_BYTES, Edge
from app.http.edge.connections import ConnectionCounts
from app.http.edge.listener import Listener
from app.http.edge.protocol import TimedProtocol
from wire.errors import BadSettings
from wire.settings import Settings

_BACKLOG = 256
_HANDSHAKE_S = 10.0
_KEEP_ALIVE_S = 15


def bind(settings: Settings, counts: ConnectionCounts) -> Listener:
    """The listening socket. Raises BadSettings with one sentence if the port is taken."""
    listener = Listener.make(settings.http_host, counts)
    try:
        listener.bind((settings.http_host, settings.http_port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise BadSettings(
            f"SHARPCAST_HTTP_PORT: {settings.http_host}:{settings.http_port} cannot be "
            f"listened on: {error.strerror}."
        ) from error
    return listener


class WebServer(uvicorn.Server):
    """uvicorn without its own signal handling: we stop in our own order."""

    def __init__(self, app: Edge, certificate: Certificate | None) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                log_level="warning",
                access_log=False,
                lifespan="off",
                server_header=False,
                http=TimedProtocol,
                h11_max_incomplete_event_size=MAX_HEAD_BYTES,
                timeout_graceful_shutdown=1,
                timeout_keep_alive=_KEEP_ALIVE_S,
                # The edge reads X-Forwarded-For, of those proxies only that a setting names.
                proxy_headers=False,
            )
        )
        self._certificate = certificate

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves the signals to us."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's for given sockets, with a time limit for the TLS handshake."""
        await self.lifespan.startup()
        loop = asyncio.get_running_loop()
        tls: dict[str, Any] = {}
        if self._certificate is not None:
            tls = {"ssl": self._certificate.context, "ssl_handshake_timeout": _HANDSHAKE_S}
        protocol = functools.partial(
            TimedProtocol,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )
        self.servers = [
            await loop.create_server(protocol, sock=each, backlog=_BACKLOG, **tls)
            for each in sockets or []
        ]
        self.started = True
