"""Many viewers in one process: ``python -m benchmarks.edge.counting_viewers "PLACE" FEED_LOG``.

It reads commands from its standard input, one JSON object a line, and answers each with one:
``{"grow": 30}`` joins up to that many viewers, ``{"measure": 8}`` counts for so many seconds.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.edge import feed_log, packet_filter, signalling
from benchmarks.edge.delays import Sample, delays_ms, expected_packets, percentile
from benchmarks.server import environment

if TYPE_CHECKING:
    from aiortc import RTCPeerConnection

_TOGETHER = 4
"""Viewers that join at the same time."""

_TRIES = 3
"""Times that a viewer tries to join."""

_HEAD = struct.Struct("!BBHII")


class CountingViewer:
    """One viewer whose media is counted and dropped in the kernel."""

    def __init__(self, number: int, peer: RTCPeerConnection, samples: list[Sample]) -> None:
        self._number = number
        self.peer = peer
        self._samples = samples
        self._let_through = 0
        # All sections share one transport; aiortc keeps the socket within.
        ice: Any = peer.getReceivers()[0].transport.transport._connection
        pair = next(iter(ice._nominated.values()))
        self._protocol = pair.protocol
        self._socket = socket.socket(
            fileno=os.dup(pair.protocol.transport.get_extra_info("socket").fileno())
        )
        packet_filter.attach(self._socket)
        # The loop reads in our way from now on: it would not tell the time of arrival.
        loop: Any = asyncio.get_running_loop()
        loop._add_reader(pair.protocol.transport._sock_fd, self._read)

    @property
    def packets(self) -> int:
        """RTP packets that came, since the filter is there."""
        return packet_filter.dropped(self._socket) + self._let_through

    def _read(self) -> None:
        while True:
            try:
                data, at_ns, sender = packet_filter.receive(self._socket)
            except (BlockingIOError, ConnectionError):
                return
            if len(data) < _HEAD.size or not 128 <= data[0] < 192:
                self._protocol.datagram_received(data, sender)
            elif not 192 <= data[1] <= 223:
                self._let_through += 1
                _, _, sequence, timestamp, ssrc = _HEAD.unpack_from(data)
                self._samples.append(Sample(self._number, ssrc, sequence, timestamp, at_ns))


class Group:
    """All viewers of this process."""

    def __init__(self, place: str, log: Path) -> None:
        self._place = place
        self._log = log
        self._viewers: list[CountingViewer] = []
        self._samples: list[Sample] = []
        self._failed = 0
        "Joins that came to nothing and were tried again."

    async def grow(self, count: int) -> dict[str, Any]:
        """Joins viewers until there are ``count``."""
        gate = asyncio.Semaphore(_TOGETHER)
        began = time.monotonic()

        async def one() -> None:
            async with gate:
                peer = await self._join()
                self._viewers.append(CountingViewer(len(self._viewers), peer, self._samples))

        async with asyncio.TaskGroup() as group:
            for index in range(count - len(self._viewers)):
                group.create_task(one(), name=f"viewer-{index}")
        took_s = time.monotonic() - began
        return {"viewers": len(self._viewers), "took_s": took_s, "failed": self._failed}

    async def _join(self) -> RTCPeerConnection:
        for left in reversed(range(_TRIES)):
            try:
                return await signalling.join(self._place)
            except TimeoutError:
                self._failed += 1
                if not left:
                    raise
        raise TimeoutError

    async def measure(self, seconds: float) -> dict[str, Any]:
        """Counts packets, and how long those that the filter let through took."""
        self._samples.clear()
        before, began = self._packets(), time.monotonic()
        cpu = time.process_time()
        await asyncio.sleep(seconds)
        took = time.monotonic() - began
        packets, samples = self._packets() - before, list(self._samples)
        cpu = time.process_time() - cpu
        delays = delays_ms(samples, feed_log.read_log(self._log).sent)
        alive = sum(viewer.peer.connectionState == "connected" for viewer in self._viewers)
        return {
            "viewers": len(self._viewers),
            "alive": alive,
            "seconds": took,
            "packets": packets,
            "expected": expected_packets(samples, took),
            "timed": len(delays),
            "p50_ms": percentile(delays, 0.50),
            "p99_ms": percentile(delays, 0.99),
            "worst_ms": percentile(delays, 1.0),
            "cpu": cpu / took,
        }

    def _packets(self) -> int:
        return sum(viewer.packets for viewer in self._viewers)


class Remote:
    """A group of viewers in a process of its own."""

    def __init__(self, place: str, log: Path) -> None:
        command = [sys.executable, "-m", "benchmarks.edge.counting_viewers", place, str(log)]
        self._process = subprocess.Popen(
            command, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def ask(self, **command: float) -> dict[str, Any]:
        """Sends a command and waits for its answer. Raises RuntimeError where the process ended."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("the viewers have no pipe")
        stdin.write(json.dumps(command) + "\n")
        stdin.flush()
        line = stdout.readline()
        if not line:
            raise RuntimeError("the viewers' process ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def __enter__(self) -> Remote:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends the process; its viewers are found to be gone by the server."""
        self._process.kill()
        with self._process:
            pass  # waits, and closes the pipes


async def _serve(place: str, log: str) -> None:
    signalling.allow_many_requests()
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    group = Group(place, Path(log))
    while line := await asyncio.to_thread(sys.stdin.readline):
        command = json.loads(line)
        if "grow" in command:
            answer = await group.grow(int(command["grow"]))
        else:
            answer = await group.measure(float(command["measure"]))
        print(json.dumps(answer), flush=True)
    # Whoever gave the commands is gone.
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], sys.argv[2]))
