"""Several renditions of one stream, on one worker and on several."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from media.access_unit import AccessUnit
from media.codec import Codec
from wire import keys
from wire.connection import Redis, command
from wire.heartbeat import StreamWork
from workers.process.worker import Worker
from workers.upscale.model_cache import ModelCache

from ..clips import Clip, units
from ..process.test_worker import decodable, until
from ..studio import Publisher, Viewer, lead_config, watching, working

SHARP = "sharp"


@contextlib.asynccontextmanager
async def playing(publisher: Publisher, frames: int = 600) -> AsyncIterator[None]:
    """Sends a clip for the length of the block."""
    task = asyncio.create_task(publisher.play(list(units(Clip(frames=frames)))))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def works(worker: Worker) -> dict[str, StreamWork]:
    """What a worker says of its lanes, by rendition."""
    return {lead.job.rendition: lead.work() for lead in worker.leads}


def bits(found: list[AccessUnit]) -> float:
    """Bytes a unit, without the first key frame."""
    return sum(len(unit.payload) for unit in found[1:]) / max(1, len(found) - 1)


async def test_two_renditions_of_a_stream_on_one_worker_share_one_decode(
    client: Redis, nets: ModelCache
) -> None:
    publisher = Publisher(client)
    usual, sharp = Viewer(client), Viewer(client, rendition=SHARP)
    async with working(client, nets, lead_config("w1")) as worker, watching(usual, publisher):
        await publisher.begin(kbps=3000)
        await publisher.add(SHARP, model="other", codec="vp8", kbps=100)
        await until(lambda: len(worker.leads) == 2)
        async with playing(publisher), watching(sharp):
            await asyncio.gather(usual.until(60), sharp.until(60))
            before = works(worker)
            await asyncio.gather(usual.until(90), sharp.until(90))
            after = works(worker)
    assert after[SHARP].model == "other" and after[keys.ENHANCED].model == "tiny"
    assert {unit.codec for unit in usual.units} == {Codec.H264}
    assert {unit.codec for unit in sharp.units} == {Codec.VP8}
    assert decodable(usual.units) and decodable(sharp.units)
    assert (await publisher.record(SHARP)).output == "vp8"
    # Each picture was decoded once, whoever took it.
    decoded = after[SHARP].decoded - before[SHARP].decoded
    taken = [after[name].frames_in - before[name].frames_in for name in after]
    assert abs(decoded - max(taken)) <= 2
    assert max(taken) - min(taken) <= 2
    # They are pictures of two nets, at two bitrates.
    assert len(usual.units) > 60 and bits(usual.units) > 1.5 * bits(sharp.units)


async def test_a_rendition_that_is_removed_leaves_the_others_frames_uninterrupted(
    client: Redis, nets: ModelCache
) -> None:
    publisher = Publisher(client)
    usual, sharp = Viewer(client), Viewer(client, rendition=SHARP)
    async with working(client, nets, lead_config("w1")) as worker, watching(usual, publisher):
        await publisher.begin()
        await publisher.add(SHARP, model="other")
        await until(lambda: len(worker.leads) == 2)
        async with playing(publisher), watching(sharp):
            await asyncio.gather(usual.until(30), sharp.until(30))
            job = publisher.jobs[SHARP]
            await publisher.remove(SHARP)
            await until(lambda: len(worker.leads) == 1)
            await usual.until(len(usual.units) + 30)
            # And one that is added while the other one runs begins at once.
            again = Viewer(client, rendition="again")
            await publisher.add("again", strength=0.0)
            async with watching(again):
                await again.until(30)
            await usual.until(len(usual.units) + 10)
            work = works(worker)[keys.ENHANCED]
    assert decodable(usual.units) and decodable(again.units)
    numbers = [unit.sequence for unit in usual.units]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert len(set(usual.epochs)) == 1
    assert set(work.dropped) <= {"late"}  # by a machine that has other things to do
    assert await command(client, "XRANGE", client.key(keys.JOBS), job, job) == []
    assert await command(client, "EXISTS", client.key(keys.log("cam1", SHARP))) == 0


async def test_a_rendition_that_nobody_watches_costs_nothing_while_another_one_is_made(
    client: Redis, nets: ModelCache
) -> None:
    publisher, usual = Publisher(client), Viewer(client)
    async with working(client, nets, lead_config("w1")) as worker, watching(usual, publisher):
        await publisher.begin(width=64, height=48)
        await publisher.add(SHARP, watched=False)
        await until(lambda: len(worker.leads) == 2)
        async with playing(publisher):
            await usual.until(45)
            await until(lambda: works(worker)[SHARP].state == "idle")
            work = works(worker)[SHARP]
            assert work.frames_in == work.enhanced == work.bicubic == 0
            assert await command(client, "XLEN", client.key(keys.log("cam1", SHARP))) == 0
            sharp = Viewer(client, rendition=SHARP)
            async with watching(sharp):
                await sharp.until(20)
            assert works(worker)[SHARP].state == "enhancing"
            await usual.until(len(usual.units) + 10)
    assert sharp.units[0].is_key and decodable(sharp.units)
    numbers = [unit.sequence for unit in usual.units]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


async def test_a_rendition_that_nobody_has_watched_is_told_in_the_size_that_a_viewer_gets(
    client: Redis, nets: ModelCache
) -> None:
    nets.load("tiny3", 64, 48)
    publisher, large = Publisher(client), Viewer(client, rendition="large")
    async with working(client, nets, lead_config("w1")) as worker:
        await publisher.begin(watched=False, width=64, height=48)
        await publisher.add("large", watched=False, model="tiny3", factor=3)
        await publisher.add("same", watched=False, factor=1)
        await until(lambda: len(worker.leads) == 3)
        async with playing(publisher):
            await until(lambda: {work.state for work in works(worker).values()} == {"idle"})
            sizes = {name: (work.width, work.height) for name, work in works(worker).items()}
            async with watching(large):
                await large.until(10)
            work = works(worker)["large"]
            # The next viewer of the usual one will get another net's.
            await publisher.set(keys.ENHANCED, model="tiny3")
            await until(lambda: works(worker)[keys.ENHANCED].width == 192)
    assert sizes == {keys.ENHANCED: (128, 96), "large": (192, 144), "same": (64, 48)}
    assert (work.width, work.height) == (192, 144)
    assert {(unit.width, unit.height) for unit in large.units} == {(192, 144)}


async def test_one_rendition_is_copied_while_another_one_is_enhanced(
    client: Redis, nets: ModelCache
) -> None:
    publisher = Publisher(client)
    usual, plain = Viewer(client), Viewer(client, rendition="plain")
    async with working(client, nets, lead_config("w1")) as worker, watching(usual, publisher):
        await publisher.begin()
        await publisher.add("plain", enhance=False)
        await until(lambda: len(worker.leads) == 2)
        async with playing(publisher), watching(plain):
            await asyncio.gather(usual.until(40), plain.until(40))
            states = {name: work.state for name, work in works(worker).items()}
    assert states == {keys.ENHANCED: "enhancing", "plain": "off"}
    assert {(unit.width, unit.height) for unit in usual.units} == {(128, 96)}
    assert {(unit.width, unit.height) for unit in plain.units} == {(64, 48)}
    assert decodable(usual.units) and decodable(plain.units)


async def test_a_factor_that_the_net_has_not_is_said_and_the_source_copied(
    client: Redis, nets: ModelCache
) -> None:
    publisher, viewer = Publisher(client), Viewer(client)
    async with working(client, nets, lead_config("w1")) as worker, watching(viewer, publisher):
        await publisher.begin(factor=3)
        await until(lambda: worker.leads)
        async with playing(publisher):
            await viewer.until(10)
            work = works(worker)[keys.ENHANCED]
    assert work.state == "bypass"
    assert work.reason == (
        "tiny enlarges 2 times, and this rendition is to be 3 times as large as the source."
    )
    assert {(unit.width, unit.height) for unit in viewer.units} == {(64, 48)}


async def test_a_rendition_of_the_sources_size_stands_beside_the_enlarged_one(
    client: Redis, nets: ModelCache
) -> None:
    publisher = Publisher(client)
    usual, same = Viewer(client), Viewer(client, rendition="same")
    async with working(client, nets, lead_config("w1")) as worker, watching(usual, publisher):
        await publisher.begin()
        await publisher.add("same", factor=1)
        await until(lambda: len(worker.leads) == 2)
        async with playing(publisher), watching(same):
            await asyncio.gather(usual.until(20), same.until(20))
            work = works(worker)["same"]
    assert {(unit.width, unit.height) for unit in usual.units} == {(128, 96)}
    assert {(unit.width, unit.height) for unit in same.units} == {(64, 48)}
    assert (work.state, work.width, work.height) == ("enhancing", 64, 48)


async def test_a_change_of_the_codec_goes_on_in_the_new_one(
    client: Redis, nets: ModelCache
) -> None:
    publisher, viewer = Publisher(client), Viewer(client)
    async with working(client, nets, lead_config("w1")) as worker, watching(viewer, publisher):
        await publisher.begin()
        await until(lambda: worker.leads)
        async with playing(publisher):
            await viewer.until(10)
            await publisher.set(codec="vp8")
            await until(lambda: viewer.units[-1].codec is Codec.VP8)
    assert (await publisher.record()).output == "vp8"
    assert len(set(viewer.epochs)) == 2


async def test_two_workers_make_a_rendition_each_and_the_end_of_one_moves_only_its_own(
    client: Redis, nets: ModelCache
) -> None:
    publisher = Publisher(client)
    usual, sharp = Viewer(client), Viewer(client, rendition=SHARP)
    # Each worker holds one stream in time.
    one, two = (lead_config(name, streams=0.5) for name in ("w1", "w2"))
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(watching(usual, publisher))
        await stack.enter_async_context(watching(sharp))
        first = await stack.enter_async_context(working(client, nets, one))
        await publisher.begin(width=640, height=360)
        await until(lambda: len(first.leads) == 1)
        async with working(client, nets, two) as second:
            await publisher.add(SHARP, model="other")
            await until(lambda: len(second.leads) == 1)
            assert second.leads[0].job.rendition == SHARP
            await stack.enter_async_context(playing(publisher))
            await asyncio.gather(usual.until(30), sharp.until(30))
            assert set(works(first)) == {keys.ENHANCED} and set(works(second)) == {SHARP}
            count = len(sharp.units)
        # The second one is gone; the first one takes its rendition when it has room.
        epochs = set(usual.epochs)
        await usual.until(len(usual.units) + 30)
        assert set(usual.epochs) == epochs
        third = await stack.enter_async_context(
            working(client, nets, lead_config("w3", streams=0.5))
        )
        await until(lambda: len(first.leads) + len(third.leads) == 2)
        await sharp.until(count + 20)
        await usual.until(len(usual.units) + 10)
    assert len(set(usual.epochs)) == 1
    assert len(set(sharp.epochs)) == 2
    numbers = [unit.sequence for unit in usual.units]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
