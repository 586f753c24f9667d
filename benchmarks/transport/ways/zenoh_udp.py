"""zenoh over UDP with best effort; it cuts frames into datagrams by itself."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import zenoh

from benchmarks.network.lab import ADDRESS
from benchmarks.transport.frames import Collector, Feed
from benchmarks.transport.ways import CONNECT_S, PORT
from benchmarks.waiting import until

_KEY = "frames"


def _config(part: str) -> zenoh.Config:
    config = zenoh.Config()
    config.insert_json5("mode", '"peer"')
    config.insert_json5("scouting/multicast/enabled", "false")
    # It would find out that both ends are on one machine, and leave the path out.
    config.insert_json5("transport/shared_memory/enabled", "false")
    config.insert_json5(f"{part}/endpoints", json.dumps([f"udp/{ADDRESS}:{PORT}?rel=0"]))
    other = "connect" if part == "listen" else "listen"
    config.insert_json5(f"{other}/endpoints", "[]")
    return config


def _is_heard(publisher: Any) -> bool:
    return bool(publisher.matching_status.matching)


async def send(feed: Feed, _: str) -> None:
    """Publishes each frame once somebody listens."""
    with zenoh.open(_config("listen")) as session:
        publisher = session.declare_publisher(
            _KEY,
            congestion_control=zenoh.CongestionControl.DROP,
            express=True,
        )
        await asyncio.to_thread(until, "a subscriber", lambda: _is_heard(publisher), CONNECT_S)
        async for frame in feed.frames():
            publisher.put(frame)


async def receive(collector: Collector, _: str) -> None:
    """Takes each frame in zenoh's own thread."""
    with zenoh.open(_config("connect")) as session:
        session.declare_subscriber(_KEY, lambda sample: collector.take(sample.payload.to_bytes()))
        await asyncio.get_running_loop().create_future()
