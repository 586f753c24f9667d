"""Datagrams of QUIC (RFC 9221) by aioquic, under its own congestion control."""

from __future__ import annotations

import asyncio
import datetime
import ssl

from aioquic.asyncio import QuicConnectionProtocol, connect, serve
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import DatagramFrameReceived
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from benchmarks.network.lab import ADDRESS
from benchmarks.transport.frames import Collector, Feed, Joiner, cut
from benchmarks.transport.ways import CONNECT_S, PORT
from wire.link.secure import make_identity

_MAX_FRAME_BYTES = 65_536


def _configuration(option: str, *, is_client: bool) -> QuicConfiguration:
    return QuicConfiguration(
        alpn_protocols=["frames"],
        congestion_control_algorithm=option,
        is_client=is_client,
        max_datagram_frame_size=_MAX_FRAME_BYTES,
        # The way is measured and not who is at its other end.
        verify_mode=ssl.CERT_NONE,
        # A frame's piece and its heads; aioquic's default of 1200 would not hold it.
        max_datagram_size=1280,
    )


async def send(feed: Feed, option: str) -> None:
    """Serves one client and sends to it."""
    identity = make_identity(now=datetime.datetime.now(datetime.UTC))
    configuration = _configuration(option, is_client=False)
    configuration.certificate = x509.load_pem_x509_certificate(identity.certificate_pem)
    configuration.private_key = serialization.load_pem_private_key(identity.key_pem, None)
    peers: asyncio.Queue[QuicConnectionProtocol] = asyncio.Queue()

    def admit(*arguments: object, **options: object) -> QuicConnectionProtocol:
        peer = QuicConnectionProtocol(*arguments, **options)
        peers.put_nowait(peer)
        return peer

    server = await serve(ADDRESS, PORT, configuration=configuration, create_protocol=admit)
    async with asyncio.timeout(CONNECT_S):
        peer = await peers.get()
        await peer.wait_connected()
    async for frame in feed.frames():
        for piece in cut(frame):
            peer._quic.send_datagram_frame(piece)
        peer.transmit()
    await feed.drain()
    server.close()


async def receive(collector: Collector, option: str) -> None:
    """Connects and joins what arrives."""
    joiner = Joiner()

    def take(event: object) -> None:
        if isinstance(event, DatagramFrameReceived):
            frame = joiner.take(event.data)
            if frame is not None:
                collector.take(frame)

    configuration = _configuration(option, is_client=True)
    async with connect(ADDRESS, PORT, configuration=configuration) as client:
        client.quic_event_received = take
        await asyncio.get_running_loop().create_future()
