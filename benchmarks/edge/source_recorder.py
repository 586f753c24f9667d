"""The recording process: ``python -m benchmarks.edge.source_recorder REDIS_URL STREAM LOG``.

Prints one JSON line for each video unit of a source log until it is killed.
"""

from __future__ import annotations

import asyncio
import sys
import time

import msgspec

from benchmarks.edge.ingest_figures import Unit
from media.access_unit import Flags, Kind
from wire.connection import connect
from wire.log import LogReader
from wire.redis_errors import REDIS_DOWN

_PREFIX = "sharpcast:"
_BLOCK_MS = 500


async def _record(url: str, stream: str, log: str) -> None:
    reader = LogReader(connect(url, prefix=_PREFIX), stream=stream, rendition=log)
    while True:
        try:
            entries = await reader.read(block_ms=_BLOCK_MS)
        except REDIS_DOWN:
            await asyncio.sleep(0.1)
            continue
        for entry in entries:
            for unit in entry.batch.units:
                if unit.kind is not Kind.VIDEO:
                    continue
                line = Unit(
                    at_s=time.time(),
                    pts=unit.pts,
                    bytes=len(unit.payload),
                    width=unit.width,
                    is_key=unit.is_key,
                    is_gap=bool(unit.flags & Flags.DISCONTINUITY),
                )
                sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    asyncio.run(_record(*sys.argv[1:4]))
