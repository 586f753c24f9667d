"""A viewer that comes back by itself: ``python -m benchmarks.faults.watcher URL FILE``.

It writes a line for each frame it decodes, until SIGTERM. Its socket holds as much as any other
program's; ``--large-buffer`` gives it 4 MiB, for machines that have too few cores for the bench.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import signal
import socket
import time
import urllib.request
from pathlib import Path
from typing import Any, TextIO

from benchmarks import stamps, whep
from benchmarks.faults.history import Seen

# Seconds between two attempts to join, and seconds that one may take.
_RETRY_S = 0.25
_JOIN_S = 5.0
_BUFFER_BYTES = 4 * 1024 * 1024
_SO_RCVBUFFORCE = 33
"""Linux, for root: more than the system's limit (socket(7))."""
_SILENCE_S = 1.0
"""Seconds without a frame after which the viewer asks whether its server is still the same."""


class Watcher:
    """A viewer of one stream; it runs until it is cancelled."""

    def __init__(self, url: str, out: TextIO) -> None:
        self._url = url
        self._out = out
        self._connection = 0
        self._last_at = 0.0
        self._server = ""
        "The server's run that was joined."

    async def run(self) -> None:
        """Watches, and joins again whenever the connection ends."""
        while True:
            with contextlib.suppress(OSError):
                await self._watch()
            await asyncio.sleep(_RETRY_S)

    async def _watch(self) -> None:
        peer = whep.new_peer()
        over = asyncio.Event()
        readers: list[asyncio.Task[None]] = []
        # A reader may begin before or after the join returns, which counts the connection.
        connection = self._connection + 1

        @peer.on("track")
        def on_track(track: Any) -> None:
            work = self._read(track, connection, over)
            readers.append(asyncio.get_running_loop().create_task(work, name=track.kind))

        @peer.on("connectionstatechange")
        def on_state() -> None:
            if peer.connectionState in ("failed", "closed"):
                over.set()

        try:
            peer.addTransceiver("video", direction="recvonly")
            await peer.setLocalDescription(await peer.createOffer())
            self._server = await asyncio.to_thread(_run_of, self._url)
            await whep.join(peer, self._url, _JOIN_S)
            self._connection = connection
            self._last_at = time.monotonic()
            await self._until_over(over)
        finally:
            for reader in readers:
                reader.cancel()
            await asyncio.gather(*readers, return_exceptions=True)
            await peer.close()

    async def _until_over(self, over: asyncio.Event) -> None:
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), 0.2)
            is_silent = time.monotonic() - self._last_at > _SILENCE_S
            if is_silent and await asyncio.to_thread(_run_of, self._url) not in ("", self._server):
                return  # a server that was started anew knows nothing of the session

    async def _read(self, track: Any, connection: int, over: asyncio.Event) -> None:
        from aiortc.mediastreams import MediaStreamError

        try:
            while True:
                self._take(await track.recv(), connection)
        except MediaStreamError:
            over.set()

    def _take(self, frame: Any, connection: int) -> None:
        self._last_at = time.monotonic()
        luma = frame.reformat(format="gray").to_ndarray()
        row = [self._last_at, frame.pts % 2**32, stamps.read(luma), frame.height, connection]
        self._out.write(json.dumps(row) + "\n")
        # Flushed by the line: the judge reads the file while the viewer runs, and the viewer may be
        # killed.
        self._out.flush()


def load(path: Path) -> list[Seen]:
    """Reads the frames that a watcher has written so far."""
    rows = path.read_text().splitlines() if path.exists() else []
    return [Seen(*json.loads(row)) for row in rows if row.endswith("]")]


def _run_of(url: str) -> str:
    """Asks the server for the name of its run; "" where it does not answer."""
    address = f"{url.partition('/whep/')[0]}/api/v1/server"
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:
            return str(json.load(answer)["instance"])
    except (OSError, ValueError, KeyError):
        return ""


def _enlarge_buffers(loop: asyncio.AbstractEventLoop) -> None:
    """Enlarges the buffers of sockets to come: the kernel drops less while this process waits."""
    create = loop.create_datagram_endpoint

    async def create_larger(*args: Any, **named: Any) -> Any:
        transport, protocol = await create(*args, **named)
        link = transport.get_extra_info("socket")
        # The first needs CAP_NET_ADMIN and may exceed the system's limit; the second is what others
        # may have.
        for option in (_SO_RCVBUFFORCE, socket.SO_RCVBUF):
            with contextlib.suppress(OSError):
                link.setsockopt(socket.SOL_SOCKET, option, _BUFFER_BYTES)
                break
        return transport, protocol

    loop.create_datagram_endpoint = create_larger  # type: ignore[method-assign]


async def _main(url: str, out: TextIO, *, large_buffer: bool) -> None:
    loop = asyncio.get_running_loop()
    if large_buffer:
        _enlarge_buffers(loop)
    task = loop.create_task(Watcher(url, out).run(), name="watch")
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("file")
    parser.add_argument("--large-buffer", action="store_true", help="receive into 4 MiB")
    options = parser.parse_args()
    with open(options.file, "w", encoding="ascii") as file:
        asyncio.run(_main(options.url, file, large_buffer=options.large_buffer))
