"""The web server of the process: its socket, its TLS, and uvicorn between them and the routes."""

from __future__ import annotations

import asyncio
import contextlib
import errno
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

_BACKLOG = 1024
"""Connections that wait in the kernel while others have their turn."""
_ACCEPT_AT_A_TIME = 8
"""Connections accepted in a row; asyncio takes its backlog for it, and packets wait meanwhile."""
_HANDSHAKE_S = 10.0
"""Time limit of a TLS handshake in seconds; as long as a head may take without TLS."""
_KEEP_ALIVE_S = 15
"""Seconds that a connection may be quiet between two requests; pages ask every second."""


def bind(settings: Settings, counts: ConnectionCounts) -> Listener:
    """Returns the listening socket. Raises BadSettings with one sentence if it cannot be had."""
    listener = Listener.make(settings.http_host, counts)
    try:
        _listen(listener, settings, settings.http_port)
    except BadSettings:
        listener.close()
        raise
    return listener


def bind_shared(settings: Settings, count: int) -> list[socket.socket]:
    """Returns listening sockets of one port, one for each process. Raises BadSettings.

    The kernel gives each connection to one of them, by its addresses and ports. A process that
    inherits one may die: what is given to its socket waits for the next one.
    """
    # A second server is refused here, since sockets that share a port would let it in.
    with contextlib.closing(bind(settings, ConnectionCounts())) as probe:
        port = probe.getsockname()[1]
    sockets: list[socket.socket] = []
    try:
        for _ in range(count):
            sockets.append(Listener.make(settings.http_host, ConnectionCounts()))
            sockets[-1].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            _listen(sockets[-1], settings, port)
    except BadSettings:
        for each in sockets:
            each.close()
        raise
    return sockets


def _listen(listener: socket.socket, settings: Settings, port: int) -> None:
    """Binds a socket and lets it listen. Raises BadSettings with one sentence."""
    try:
        listener.bind((settings.http_host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        # Either of two settings may be wrong, and the sentence shall name that one.
        if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            raise BadSettings(
                f"SHARPCAST_HTTP_HOST: {settings.http_host} is no address of this machine: "
                f"{error.strerror}."
            ) from error
        raise BadSettings(
            f"SHARPCAST_HTTP_PORT: {settings.http_host}:{port} cannot be listened on: "
            f"{error.strerror}."
        ) from error


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
                # An upgrade must stay the request that it is: the edge checks nothing else.
                ws="none",
                server_header=False,
                http=TimedProtocol,
                h11_max_incomplete_event_size=MAX_HEAD_BYTES,
                # Seconds; the whole stop of the process has five.
                timeout_graceful_shutdown=1,
                timeout_keep_alive=_KEEP_ALIVE_S,
                # The edge reads X-Forwarded-For, of those proxies only that a setting names.
                proxy_headers=False,
            )
        )
        self._certificate = certificate
        self._penalties = app.penalties

    def _make_protocol(self) -> TimedProtocol:
        protocol = TimedProtocol(self.config, self.server_state, self.lifespan.state)
        protocol.penalties = self._penalties
        return protocol

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves the signals to the process, which stops in an order of its own."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Starts uvicorn on the given sockets, with a time limit for the TLS handshake."""
        await self.lifespan.startup()
        loop = asyncio.get_running_loop()
        tls: dict[str, Any] = {}
        if self._certificate is not None:
            tls = {"ssl": self._certificate.context, "ssl_handshake_timeout": _HANDSHAKE_S}
        self.servers = [
            await loop.create_server(
                self._make_protocol, sock=each, backlog=_ACCEPT_AT_A_TIME, **tls
            )
            for each in sockets or []
        ]
        for each in sockets or []:
            # asyncio has listened with the smaller number, which is also how many it accepts in a
            # row. A second call changes the kernel's queue alone.
            each.listen(_BACKLOG)
        self.started = True
