"""The recording process: ``python -m benchmarks.team.recorder REDIS_URL STREAM FILE``.

It reads the source log and the enhanced one beside Redis until it is killed, and watches the
rendition as a viewer's app does, since nothing is made that nobody watches.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import BinaryIO

from benchmarks.team.recording import ENHANCED_LOG, SOURCE_LOG, Received, encode
from media.access_unit import Kind
from wire import keys
from wire.connection import Redis, connect
from wire.control import RecordChanged, to_lead
from wire.errors import StreamGone
from wire.log import LogReader
from wire.redis_errors import REDIS_DOWN
from wire.rendition_record import RenditionRegistry
from wire.stream_record import StreamRegistry

_BLOCK_MS = 1000
_RENEW_S = 1.0
_RETRY_S = 0.2
_PREFIX = "sharpcast:"


async def _follow(client: Redis, stream: str, log: int, out: BinaryIO) -> None:
    name = keys.SOURCE if log == SOURCE_LOG else keys.ENHANCED
    reader = LogReader(client, stream=stream, rendition=name)
    while True:
        try:
            entries = await reader.read(block_ms=_BLOCK_MS)
        except REDIS_DOWN:
            await asyncio.sleep(_RETRY_S)
            continue
        now_us = time.time_ns() // 1000
        for entry in entries:
            for unit in entry.batch.units:
                if unit.kind is Kind.VIDEO:
                    out.write(encode(Received(log, now_us, unit)))
        out.flush()


async def _watch(client: Redis, stream: str) -> None:
    streams, renditions = StreamRegistry(client), RenditionRegistry(client)
    while True:
        again_s = _RENEW_S
        try:
            epoch = (await streams.get(stream)).epoch
            if await renditions.renew_watch(stream, keys.ENHANCED, epoch):
                await to_lead(client, stream).send(RecordChanged())
        except (StreamGone, *REDIS_DOWN):
            again_s = _RETRY_S
        await asyncio.sleep(again_s)


async def _record(url: str, stream: str, out: BinaryIO) -> None:
    client = connect(url, prefix=_PREFIX)
    await asyncio.gather(
        _follow(client, stream, SOURCE_LOG, out),
        _follow(client, stream, ENHANCED_LOG, out),
        _watch(client, stream),
    )


if __name__ == "__main__":
    with open(sys.argv[3], "wb") as file:
        asyncio.run(_record(sys.argv[1], sys.argv[2], file))
