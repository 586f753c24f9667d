"""Installations that share one server, told apart by their prefix."""

from __future__ import annotations

from tests.contract.admin import command
from tests.contract.test_heartbeat import beat
from tests.contract.units import batch, video
from tests.records import begin_stream, take_lead
from wire import keys
from wire.connection import Redis, connect
from wire.control import EndStream, to_lead, to_publisher
from wire.embedded import EmbeddedServer
from wire.heartbeat import Heartbeats
from wire.jobs import JobQueue
from wire.log import LogReader, LogWriter
from wire.stream_record import StreamRegistry
from wire.thumbnail import JPEG_START, Thumbnail, Thumbnails


async def live(client: Redis) -> tuple[int, str]:
    """One stream with all that belongs to it; its publisher's epoch and its job."""
    source_epoch = await begin_stream(client)
    job = await JobQueue(client).enqueue("cam1", keys.ENHANCED, source_epoch)
    epoch = await take_lead(client, source_epoch, job=job)
    for rendition, number in (
        (keys.SOURCE, source_epoch),
        (keys.ENHANCED, epoch),
    ):
        writer = LogWriter(client, stream="cam1", rendition=rendition, epoch=number)
        await writer.append(batch(number, video(0, key=True)), now_ms=1)
    await to_lead(client, "cam1").send(EndStream())
    await to_publisher(client, "cam1").send(EndStream())
    await Heartbeats(client).beat(beat("a"))
    await Thumbnails(client).put("cam1", source_epoch, Thumbnail(1, JPEG_START))
    return source_epoch, job


async def test_two_installations_on_one_server_do_not_see_each_other(
    server: EmbeddedServer, client: Redis
) -> None:
    one, two = connect(server.url, prefix="one:"), connect(server.url, prefix="two:")
    epoch, _ = await live(one)
    assert await StreamRegistry(two).list() == []
    assert await Heartbeats(two).list() == []
    queue = JobQueue(two, consumer="b")
    await queue.claim(block_ms=1)
    assert await queue.claim(block_ms=1) is None
    assert await queue.take_over(min_idle_ms=0) is None
    reader = LogReader(two, stream="cam1", rendition=keys.SOURCE)
    assert not await reader.seek_last_key_frame()
    assert await reader.read(block_ms=1) == []
    assert await StreamRegistry(two).create("cam1") > epoch
    assert (await StreamRegistry(one).get("cam1")).epoch == epoch
    # One ends its stream; the other's goes on.
    assert await StreamRegistry(one).end("cam1", epoch, (keys.ENHANCED,))
    assert [record.id for record in await StreamRegistry(two).list()] == ["cam1"]
    names = await command(client, "KEYS", "*")
    assert {name.split(b":")[0] for name in names} == {b"one", b"two"}
    for each in (one, two):
        await each.aclose()


async def test_every_key_has_the_prefix_and_keeps_its_slot(
    server: EmbeddedServer, client: Redis
) -> None:
    own = connect(server.url, prefix="studio/2:")
    await live(own)
    names = sorted(name.decode() for name in await command(client, "KEYS", "*"))
    assert names == [
        "studio/2:free-workers",
        "studio/2:jobs",
        "studio/2:stream:{cam1}",
        "studio/2:worker:a",
        "studio/2:{cam1}:control",
        "studio/2:{cam1}:feedback",
        "studio/2:{cam1}:r:enhanced",
        "studio/2:{cam1}:r:enhanced:spec",
        "studio/2:{cam1}:source",
        "studio/2:{cam1}:thumbnail",
    ]
    await own.aclose()
