"""A site on a real socket, and clients that write bytes of their own."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from app.http.certificate import Certificate
from app.http.edge.connections import ConnectionCounts
from app.http.web_server import WebServer, bind
from tests.app.http.conftest import MakeSite, Site
from wire.settings import load_settings


@dataclasses.dataclass
class Served:
    """A site that listens."""

    site: Site
    port: int
    counts: ConnectionCounts

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def ask(self, head: str, *parts: bytes) -> bytes:
        """All that is answered to a head, and a body in parts, until the server closes."""
        reader, writer = await self.connect()
        answer = asyncio.get_running_loop().create_task(self._read(reader))
        try:
            writer.write(head.replace("\n", "\r\n").encode())
            for part in parts:
                if answer.done():
                    break
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(0)
        except ConnectionError:
            pass  # it was refused, and the answer says why
        found = await answer
        writer.close()
        return found

    @staticmethod
    async def _read(reader: asyncio.StreamReader) -> bytes:
        found = bytearray()
        try:
            while part := await reader.read(65536):
                found += part
        except ConnectionError:
            pass
        return bytes(found)


Serve = Callable[..., AbstractAsyncContextManager[Served]]


@pytest.fixture
def serve(make_site: MakeSite) -> Serve:
    """Serves a site for a while."""

    @asynccontextmanager
    async def served(
        site: Site | None = None,
        *,
        counts: ConnectionCounts | None = None,
        certificate: Certificate | None = None,
        send_buffer: int = 0,
    ) -> AsyncIterator[Served]:
        site = site or make_site()
        counts = counts or ConnectionCounts()
        listener = bind(load_settings({"SHARPCAST_HTTP_PORT": "0"}), counts)
        if send_buffer:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        server = WebServer(site.app, certificate)
        task = asyncio.get_running_loop().create_task(server.serve(sockets=[listener]))
        try:
            yield Served(site, listener.getsockname()[1], counts)
        finally:
            server.should_exit = True
            await task
            listener.close()

    return served
