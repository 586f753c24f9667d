"""Streams as encoders send them, through app and log to a viewer or a worker's decoder."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from media.access_unit import AccessUnit, Kind
from media.codec import Codec
from tests.app import coding
from tests.app.conftest import MakeNode
from tests.app.peers import Publisher, publishing, until, watching
from tests.app.test_node import Into
from tests.media.h264_parts import PPS, SPS, without
from wire import keys
from wire.connection import Redis
from wire.log import LogReader
from workers.decode.decoder import UnitDecoder

FRAME = 3000


async def from_last_key_frame(client: Redis, count: int) -> list[AccessUnit]:
    """What a worker that takes the stream over reads."""
    reader = LogReader(client, stream="cam1", rendition=keys.SOURCE)
    found: list[AccessUnit] = []
    async with asyncio.timeout(10):
        while not await reader.seek_last_key_frame():  # noqa: ASYNC110 - Redis tells nobody
            await asyncio.sleep(0.05)
        while len(found) < count:
            for entry in await reader.read(block_ms=500):
                found += [unit for unit in entry.batch.units if unit.kind is Kind.VIDEO]
    while not found[0].is_key:
        found.pop(0)
    return found


@pytest.mark.parametrize("options", ["", "slices=4", "intra-refresh=1"])
@pytest.mark.parametrize("mark_all", [False, True])
async def test_a_worker_can_take_over_a_stream_whose_headers_came_once(
    make_node: MakeNode, redis_client: Redis, options: str, mark_all: bool
) -> None:
    first, *rest = coding.h264(98, 54, 40, options=f"keyint=10:{options}".rstrip(":"))
    units = (first, *(without(unit, SPS, PPS) for unit in rest))
    into = Into(make_node())
    publisher = Publisher(audio=False)
    if mark_all:
        publisher.rewrite = lambda data: data[:1] + bytes([data[1] | 0x80]) + data[2:]
    try:
        await publisher.start(into.publish)
        for index, unit in enumerate(units):
            publisher.video.put(unit, ticks=FRAME * index)
            await asyncio.sleep(0.02)
        await into.until_live()
        decoder, shown = UnitDecoder(Codec.H264), 0
        found = await from_last_key_frame(redis_client, 9)
        for each in found:
            shown += len(decoder.decode(each.payload, each.pts))
    finally:
        await publisher.close()
    # Gradual refresh is right only once all of the picture was refreshed.
    assert shown == len(found) or options == "intra-refresh=1"
    assert (found[0].width, found[0].height) == (98, 54)


async def test_b_frames_reach_a_viewer_of_the_source_with_their_own_times(
    make_node: MakeNode,
) -> None:
    coded = coding.h264_with_b_frames(98, 54, 60)
    into = Into(make_node())
    publisher = Publisher(audio=False)

    async def run() -> None:
        for index, (picture, unit) in enumerate(coded * 3):
            publisher.video.put(unit, ticks=FRAME * (picture + 60 * (index // 60)))
            await asyncio.sleep(1 / 60)

    try:
        await publisher.start(into.publish)
        running = asyncio.get_running_loop().create_task(run(), name="b-frames")
        await into.until_live()
        async with watching(into.play, "video") as viewer:
            received = viewer.received["video"]
            await until(lambda: len(received.timestamps) > 50)
            live = received.timestamps[-30:]
        record = await into.node.directory.record("cam1")
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    finally:
        await publisher.close()
    steps = [(after - before) // FRAME for before, after in itertools.pairwise(live)]
    assert all((after - before) % FRAME == 0 for before, after in itertools.pairwise(live))
    assert -2 in steps and set(steps) <= {-2, 1, 2, 3, 4}
    assert record is not None and "B-frames" in record.reason


async def test_a_unit_of_very_many_parts_reaches_no_viewer(make_node: MakeNode) -> None:
    good = coding.h264(98, 54, 3)
    bad = b"\x00\x00\x01\x41\x9a" * 3000
    into = Into(make_node())
    async with publishing(into.publish, (*good, bad, *good), audio=False):
        await into.until_live()
        async with watching(into.play, "video") as viewer:
            received = viewer.received["video"]
            await until(lambda: len(received.timestamps) > 20)
            sizes = [len(packet.payload) for packet in received.packets]
        counts = into.node.publishers.refused("cam1")
    # The bad unit alone has as many NAL units as ten of the good ones have packets.
    assert len(sizes) < 6 * len(received.timestamps)
    assert counts["too_many_parts"] > 0
