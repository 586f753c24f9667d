"""The process of one end: ``python -m benchmarks.transport.end ROLE WAY SIZE SECONDS DRAIN``.

``ROLE`` is ``send`` or ``receive``. It prints its report (JSON) when the last frame is sent, or at
SIGTERM.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys

import msgspec

from benchmarks.transport.frames import Arrived, Collector, Feed, Sent
from benchmarks.transport.ways import WAYS


async def _send(name: str, size: int, seconds: float, drain_s: float) -> Sent:
    way = WAYS[name]
    feed = Feed(size, seconds, drain_s=drain_s)
    await way.load().send(feed, way.option)
    return feed.report()


async def _receive(name: str) -> Arrived:
    way = WAYS[name]
    collector = Collector()
    receiving = asyncio.create_task(way.load().receive(collector, way.option), name="receive")
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, receiving.cancel)
    # The report is made first: closing may take a library a while.
    receiving.add_done_callback(lambda _: None)
    with contextlib.suppress(asyncio.CancelledError):
        await receiving
    return collector.report()


def main() -> None:
    """Runs the end that the command line names."""
    role, name, size, seconds, drain_s = sys.argv[1:]
    report: Sent | Arrived
    if role == "send":
        report = asyncio.run(_send(name, int(size), float(seconds), float(drain_s)))
    else:
        report = asyncio.run(_receive(name))
    print(msgspec.json.encode(report).decode(), flush=True)


if __name__ == "__main__":
    main()
