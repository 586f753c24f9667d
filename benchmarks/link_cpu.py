"""The processor time of a link's two ends on loopback: ``make bench-link``.

A gateway sends one stream's source to a device, the device sends its results back, and team
messages go both ways. Prints for each end its processor time for what belongs to one frame of the
source, and for one datagram.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import datetime
import multiprocessing
import pstats
import random
import sys
import time
from collections.abc import Coroutine
from multiprocessing.connection import Connection

import msgspec

from benchmarks.table import markdown_table
from wire.link.endpoint import Endpoint, LinkPeer
from wire.link.link import MessageReceived
from wire.link.message import Message
from wire.link.secure import make_identity
from wire.link.udp_socket import bound_socket

FPS = 30
SOURCE_BYTES = 800_000 // 8 // FPS
"""A frame of a small source, 800 kbit/s."""

RESULT_BYTES, RESULTS_PER_S = 15_000, 25
"""Results of 3 Mbit/s."""

TEAM_BYTES, TEAM_PER_S = 200, 60
"""Invitations, tasks and answers, each way."""

LEFT_S = 0.3
WARM_S = 1.0
"""The handshake and what is loaded at its first use do not count."""

CONNECT_S = 10.0


class Cost(msgspec.Struct, kw_only=True):
    """The cost of one end, and its work in that time."""

    end: str
    seconds: float
    cpu_s: float
    messages: int
    "Messages that arrived."
    datagrams: int
    "Datagrams that were sent and received."
    late: int
    "Messages that came too late, or not at all."
    loss: float
    "Loss of its datagrams, by the link's own measure."

    @property
    def frame_ms(self) -> float:
        """Processor time for what belongs to one frame, in ms."""
        return 1000 * self.cpu_s / (self.seconds * FPS)

    @property
    def datagram_us(self) -> float:
        """Processor time for one datagram, in us."""
        return 1e6 * self.cpu_s / max(1, self.datagrams)


def measure(seconds: float, *, is_profiled: bool = False) -> list[Cost]:
    """Runs both ends, each in a process of its own; returns the gateway's cost and the device's."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    device = context.Process(target=_device, args=(theirs, seconds, is_profiled), daemon=True)
    device.start()
    try:
        found = _run(_serve(ours, seconds), is_profiled=is_profiled)
        return [found, msgspec.json.decode(ours.recv_bytes(), type=Cost)]
    finally:
        device.join()


def _run(work: Coroutine[object, None, Cost], *, is_profiled: bool) -> Cost:
    if not is_profiled:
        return asyncio.run(work)
    with cProfile.Profile(time.process_time) as profile:
        found = asyncio.run(work)
    print(f"\n{found.end}")
    pstats.Stats(profile).sort_stats("tottime").print_stats(45)
    return found


def _device(pipe: Connection, seconds: float, is_profiled: bool) -> None:
    pipe.send_bytes(msgspec.json.encode(_run(_join(pipe, seconds), is_profiled=is_profiled)))


async def _open(*, is_server: bool, joined: asyncio.Queue[LinkPeer]) -> Endpoint:
    identity = make_identity(now=datetime.datetime.now(datetime.UTC))
    endpoint = Endpoint(identity, is_server=is_server, joined=joined.put_nowait)
    endpoint.open(bound_socket("127.0.0.1"))
    return endpoint


async def _serve(pipe: Connection, seconds: float) -> Cost:
    joined: asyncio.Queue[LinkPeer] = asyncio.Queue()
    endpoint = await _open(is_server=True, joined=joined)
    pipe.send(endpoint.port)
    peer = await asyncio.wait_for(joined.get(), CONNECT_S)
    return await _exchange("gateway", endpoint, peer, (SOURCE_BYTES, FPS), seconds)


async def _join(pipe: Connection, seconds: float) -> Cost:
    joined: asyncio.Queue[LinkPeer] = asyncio.Queue()
    endpoint = await _open(is_server=False, joined=joined)
    endpoint.connect(("127.0.0.1", pipe.recv()))
    peer = await asyncio.wait_for(joined.get(), CONNECT_S)
    return await _exchange("device", endpoint, peer, (RESULT_BYTES, RESULTS_PER_S), seconds)


async def _exchange(
    end: str, endpoint: Endpoint, peer: LinkPeer, flow: tuple[int, int], seconds: float
) -> Cost:
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(_send(endpoint, peer, 1, *flow), name="media"),
            group.create_task(_send(endpoint, peer, 2, TEAM_BYTES, TEAM_PER_S), name="team"),
        ]
        counted = [0]
        tasks.append(group.create_task(_receive(peer, counted), name="receive"))
        await asyncio.sleep(WARM_S)
        before = (time.process_time(), time.monotonic(), counted[0], endpoint.datagrams)
        await asyncio.sleep(seconds)
        used, took, messages, datagrams = (
            after - since
            for after, since in zip(
                (time.process_time(), time.monotonic(), counted[0], endpoint.datagrams),
                before,
                strict=True,
            )
        )
        figures = peer.link.figures()
        for task in tasks:
            task.cancel()
    # The other end measures until now, too.
    await asyncio.sleep(WARM_S)
    endpoint.close()
    return Cost(
        end=end,
        seconds=took,
        cpu_s=used,
        messages=int(messages),
        datagrams=int(datagrams),
        late=figures.incoming.late + figures.outgoing.late,
        loss=figures.loss,
    )


async def _send(endpoint: Endpoint, peer: LinkPeer, kind: int, size: int, per_s: int) -> None:
    content = random.Random(kind).randbytes(size)
    begun, serial = time.monotonic(), 0
    while True:
        now = time.monotonic()
        message = Message(kind, 0, serial % 65_536, content)
        peer.link.send(message, deadline=now + LEFT_S, now=now)
        endpoint.flush(peer)
        serial += 1
        await asyncio.sleep(max(0.0, begun + serial / per_s - time.monotonic()))


async def _receive(peer: LinkPeer, counted: list[int]) -> None:
    while (event := await peer.events.get()) is not None:
        counted[0] += isinstance(event, MessageReceived)


def main(argv: list[str] | None = None) -> int:
    """Measures and prints."""
    parser = argparse.ArgumentParser(prog="benchmarks.link_cpu", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="length of a run (10)")
    parser.add_argument("--runs", type=int, default=3, help="number of runs (3)")
    parser.add_argument("--profile", action="store_true", help="print where the time goes")
    options = parser.parse_args(argv)
    heads = ("end", "ms a frame", "us a datagram", "datagrams/s", "messages/s", "late", "loss")
    rows = [
        (
            cost.end,
            f"{cost.frame_ms:.2f}",
            f"{cost.datagram_us:.0f}",
            f"{cost.datagrams / cost.seconds:.0f}",
            f"{cost.messages / cost.seconds:.0f}",
            str(cost.late),
            f"{100 * cost.loss:.2f} %",
        )
        for _ in range(options.runs)
        for cost in measure(options.seconds, is_profiled=options.profile)
    ]
    print(markdown_table(heads, rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
