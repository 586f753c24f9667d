"""Loss at one viewer, and floods of key-frame requests and posts, as other viewers notice them."""

from __future__ import annotations

import asyncio
import itertools
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Sequence

from benchmarks.edge import feed_log, frame_viewer, signalling
from benchmarks.edge.servers import SERVERS, Server, lack
from benchmarks.server import environment
from benchmarks.table import markdown_table

_TIMEOUT_S = 60.0


def loss(names: Sequence[str], seconds: float, part: float = 0.05) -> str:
    """One viewer that loses a part of its packets at random, and asks for them again."""
    rows = []
    for name in _present(names):
        with SERVERS[name](1400) as server:
            process = frame_viewer.start(server.place, seconds, loss=part)
            found = frame_viewer.result(process, seconds + _TIMEOUT_S)
            whole = 100 * found["whole"] / max(1, found["sent"])
            rows.append(
                (
                    server.name, f"{found['lost']}", f"{found['resent']}", f"{found['sent']}",
                    f"{whole:.1f} %", f"{1000 * found['longest_gap_s']:.0f}",
                )
            )  # fmt: skip
    head = ("server", "packets lost", "sent again", "frames", "whole in time", "longest pause ms")
    return f"{100 * part:g} % loss\n\n" + markdown_table(head, rows)


def key_frames(names: Sequence[str], seconds: float, per_s: float = 1000.0) -> str:
    """One viewer asks for key frames; another one counts its frames."""
    rows = []
    for name in _present(names):
        with SERVERS[name](1400) as server:
            calm = frame_viewer.result(frame_viewer.start(server.place, seconds), _TIMEOUT_S)
            began = time.time_ns()
            asking = frame_viewer.start(server.place, seconds, pli=per_s)
            other = frame_viewer.result(frame_viewer.start(server.place, seconds), _TIMEOUT_S)
            sent = frame_viewer.result(asking, _TIMEOUT_S)["plis"]
            asked = [at for at in feed_log.read_log(server.log).asked if at >= began]
            rows.append(
                (
                    server.name, f"{sent / seconds:.0f}", f"{len(asked) / seconds:.1f}",
                    f"{calm['fps']:.1f}", f"{other['fps']:.1f}",
                    f"{1000 * other['longest_gap_s']:.0f}",
                )
            )  # fmt: skip
    head = (
        "server", "PLI a second", "of them at the publisher", "fps of another viewer before",
        "during", "longest pause ms",
    )  # fmt: skip
    return markdown_table(head, rows)


def posts(seconds: float = 10.0, per_s: float = 1000.0) -> str:
    """Posts to Sharpcast that a viewer's offer and garbage make up; a viewer counts its frames."""
    with SERVERS["sharpcast"](1400) as server:
        calm = frame_viewer.result(frame_viewer.start(server.place, seconds), _TIMEOUT_S)
        watching = frame_viewer.start(server.place, seconds + 1.0)
        time.sleep(frame_viewer.SETTLE_S + 1.0)
        answers = _flood(server, seconds - 1.0, per_s)
        during = frame_viewer.result(watching, _TIMEOUT_S)
    head = ("posts a second", "answers", "fps before", "fps during", "longest pause ms")
    row = (
        f"{per_s:g} for {seconds:g} s", answers, f"{calm['fps']:.1f}", f"{during['fps']:.1f}",
        f"{1000 * during['longest_gap_s']:.0f}",
    )  # fmt: skip
    return markdown_table(head, [row])


def _present(names: Sequence[str]) -> list[str]:
    for name in names:
        if why := lack(name):
            print(f"{name}: left out ({why})", flush=True)
    return [name for name in names if not lack(name)]


def _flood(server: Server, seconds: float, per_s: float) -> str:
    command = [sys.executable, "-m", "benchmarks.edge.floods", server.url, str(seconds), str(per_s)]
    process = subprocess.run(command, env=environment(), stdout=subprocess.PIPE, check=True)
    return process.stdout.decode().strip()


async def _post_many(url: str, seconds: float, per_s: float) -> str:
    peer = signalling.new_viewer()
    await peer.setLocalDescription(await peer.createOffer())
    offer = peer.localDescription.sdp.encode()
    requests = itertools.cycle(
        [_request("/whep/edge", offer), _request("/whep/edge", b"v=0 garbage"),
         _request("/whip/edge", offer), _request("/whip/edge", b"\xff" * 500)]
    )  # fmt: skip
    address = urllib.parse.urlsplit(url)
    answers: dict[int, int] = {}
    open_now: set[asyncio.Task[None]] = set()
    began, sent = time.monotonic(), 0
    while (passed := time.monotonic() - began) < seconds:
        while sent < passed * per_s and len(open_now) < 800:
            host, port = str(address.hostname), int(address.port or 80)
            task = asyncio.create_task(_post(host, port, next(requests), answers), name="post")
            open_now.add(task)
            task.add_done_callback(open_now.discard)
            sent += 1
        await asyncio.sleep(0.002)
    await asyncio.gather(*open_now)
    await peer.close()
    return ", ".join(f"{count} of {status}" for status, count in sorted(answers.items()))


def _request(path: str, body: bytes) -> bytes:
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/sdp\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


async def _post(host: str, port: int, request: bytes, answers: dict[int, int]) -> None:
    status = 0
    try:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(request)
        line = await asyncio.wait_for(reader.readline(), 5)
        status = int(line.split()[1]) if line else 0
        writer.close()
    except (OSError, TimeoutError):
        pass
    answers[status] = answers.get(status, 0) + 1


if __name__ == "__main__":
    print(asyncio.run(_post_many(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))))
