"""Measures a thousand streams on the admin page: its paint, and the delays of the app's loop."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
import urllib.request
from pathlib import Path

from benchmarks import browser
from benchmarks.redis_server import RedisServer
from benchmarks.server import RunningServer, free_port, running
from benchmarks.table import Row
from wire import connection, keys
from wire.rendition_record import RenditionRegistry, RenditionSpec
from wire.stream_record import StreamRegistry

STREAMS = 1000
_WATCH_S = 20.0
"""Longer than the window of which the app tells its longest delay."""
_KEPT_MS = 600_000

_ON_PAGE = 50
"""Streams that the page shows before it is asked for more."""

_NOTE_LIST = f"""
const look = () => {{
  if (document.querySelectorAll('#streams > *').length >= {_ON_PAGE}) {{
    window.listed = performance.now();
  }} else {{
    requestAnimationFrame(look);
  }}
}};
requestAnimationFrame(look);
"""
_PAINTED = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


async def seed(url: str, count: int) -> None:
    """Writes records of live streams as another node would, kept for the length of a run."""
    client = connection.connect(url, prefix=keys.PREFIX)
    streams, renditions = StreamRegistry(client), RenditionRegistry(client)
    try:
        for number in range(count):
            name = f"stream-{number:04}"
            epoch = await streams.create(
                name, codec="h264", width=480, height=270, fps=30.0, kbps=600.0
            )
            await renditions.ensure(name, keys.ENHANCED, epoch, RenditionSpec())
            for key in keys.of_stream(name, [keys.ENHANCED]):
                await connection.command(client, "PEXPIRE", client.key(key), _KEPT_MS)
    finally:
        await client.aclose()


def measure(count: int = STREAMS) -> list[Row]:
    """Returns first paint, the list, the answer's time, and the longest delay of the loop."""
    with tempfile.TemporaryDirectory() as folder:
        redis = RedisServer(Path(folder), free_port())
        redis.start()
        try:
            redis.until_up()
            # Seeded before: Playwright runs a loop of its own.
            asyncio.run(seed(redis.url, count))
            with running(redis_url=redis.url) as server, browser.chromium() as context:
                calm = _loop_lag_ms(server)
                page = context.new_page()
                page.add_init_script(_NOTE_LIST)
                page.goto(f"{server.url}/admin")
                listed = browser.until(page, "window.listed", 30.0)
                painted = page.evaluate(_PAINTED)
                page.wait_for_timeout(1000 * _WATCH_S)
                lag = _loop_lag_ms(server)
                answer = _answer_ms(server)
        finally:
            redis.kill()
    return [
        Row(f"admin page with {count} streams: first paint", painted, 500, "ms", True),
        Row(f"its first {_ON_PAGE} streams on the page", listed, None, "ms", True),
        Row(
            "longest delay of the app's loop while the page refreshes",
            lag,
            20,
            "ms",
            True,
            f"{calm:.0f} before the page was opened",
        ),
        Row(f"`GET /api/v1/streams?limit={count}`", answer, None, "ms", True),
    ]


def _loop_lag_ms(server: RunningServer) -> float:
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=10) as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith("sharpcast_loop_lag_seconds"):
                return 1000 * float(line.split()[-1])
    raise ValueError("The server tells no delay of its loop.")


def _answer_ms(server: RunningServer) -> float:
    """Returns the median time of five answers with all streams."""
    found = []
    for _ in range(5):
        began = time.monotonic()
        server.get(f"/api/v1/streams?limit={STREAMS}")
        found.append(1000 * (time.monotonic() - began))
    return statistics.median(found)
