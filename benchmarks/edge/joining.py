"""Viewers that join, see a first picture and leave: ``python -m benchmarks.edge.joining "PLACE"
PER_S SECONDS``. Prints how long each took, from making its offer to the decoded picture.
"""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.edge import signalling
from benchmarks.edge.delays import percentile
from benchmarks.edge.first_picture import FirstPicture, rtp_payload
from benchmarks.edge.servers import SERVERS, lack
from benchmarks.server import environment
from benchmarks.table import markdown_table

_PICTURE_S = 10.0


async def join_once(place: str) -> float:
    """Joins, decodes one picture and leaves; returns the seconds it took. Raises TimeoutError."""
    began = time.monotonic()
    done: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def has_picture() -> None:
        if not done.done():
            done.set_result(time.monotonic() - began)

    def joined(peer: Any) -> None:
        _take_first(peer, has_picture)

    peer = await signalling.join(place, on_made=joined)
    try:
        async with asyncio.timeout(_PICTURE_S):
            return await done
    finally:
        await peer.close()


def _take_first(peer: Any, on_picture: Callable[[], None]) -> None:
    import av

    picture = FirstPicture()
    transceiver = next(t for t in peer.getTransceivers() if t.kind == "video")
    transport, is_over = transceiver.receiver.transport, False

    async def take(data: bytes, arrival_time_ms: int = 0) -> None:
        nonlocal is_over
        video = {c.payloadType for c in transceiver._codecs if c.name == "H264"}
        if is_over or data[1] & 0x7F not in video:
            return
        number, stamp = int.from_bytes(data[2:4], "big"), int.from_bytes(data[4:8], "big")
        unit = picture.take(number, stamp, rtp_payload(data), marker=bool(data[1] & 0x80))
        if unit is not None:
            decoder: Any = av.CodecContext.create("h264", "r")
            decoder.thread_count = 1
            is_over = bool(decoder.decode(av.Packet(unit)) or decoder.decode(None))
            if is_over:
                on_picture()

    transport._handle_rtp_data = take


async def _join_many(place: str, per_s: float, seconds: float) -> dict[str, Any]:
    signalling.allow_many_requests()
    await join_once(place)  # what is loaded at the first use does not count
    chance, tasks = random.Random(2), []
    async with asyncio.TaskGroup() as group:
        began, due = time.monotonic(), 0.0
        while due < seconds:
            await asyncio.sleep(max(0.0, began + due - time.monotonic()))
            tasks.append(group.create_task(_try(place), name="join"))
            # People come independently of each other: the time between two is exponential.
            due += chance.expovariate(per_s)
    took = sorted(s for task in tasks if (s := task.result()) is not None)
    return {
        "joins": len(tasks),
        "failed": len(tasks) - len(took),
        "p50_s": percentile(took, 0.5),
        "p95_s": percentile(took, 0.95),
        "client_cpu": time.process_time() / (time.monotonic() - began),
    }


async def _try(place: str) -> float | None:
    try:
        return await join_once(place)
    except (OSError, TimeoutError):
        return None


def run(place: str, per_s: float, seconds: float) -> subprocess.Popen[bytes]:
    """Starts the joins in a process of their own."""
    command = [sys.executable, "-m", "benchmarks.edge.joining", place, str(per_s), str(seconds)]
    return subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE)


def measure(names: list[str], per_s: float, seconds: float) -> str:
    """Measures servers in turn; returns a table."""
    rows = []
    for name in names:
        if why := lack(name):
            print(f"{name}: left out ({why})", flush=True)
            continue
        with SERVERS[name](1400) as server:
            before, began = server.cpu_s(), time.monotonic()
            out, _ = run(server.place, per_s, seconds).communicate()
            cpu = (server.cpu_s() - before) / (time.monotonic() - began)
        found = json.loads(out)
        rows.append(
            (
                server.name, f"{found['joins']}", f"{found['failed']}",
                f"{1000 * found['p50_s']:.0f}", f"{1000 * found['p95_s']:.0f}",
                f"{cpu:.2f}", f"{found['client_cpu']:.2f}",
            )
        )  # fmt: skip
    head = ("server", "joins", "failed", "p50 ms", "p95 ms", "cores", "cores of the viewers")
    load = Path("/proc/loadavg").read_text().split()[0]
    return f"{per_s:g} joins a second, load {load}\n\n" + markdown_table(head, rows)


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_join_many(sys.argv[1], float(sys.argv[2]), float(sys.argv[3])))))
