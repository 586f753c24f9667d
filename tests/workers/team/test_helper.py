"""Workers that help a lead: real nets, a real decoder and a real Redis; the lead is the test."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator, Iterator

import numpy as np
import pytest

from media.limits import MAX_SIDE
from tests.wire.link.virtual_path import Path
from tests.wire.remote.live_path import joined
from wire import keys
from wire.connection import Redis
from wire.log import LogWriter
from wire.team import Declined, Failed, Ready, Result
from workers.engines.registry import make_engine
from workers.process import jit_warmup
from workers.team.helper import MAX_TEAMS, STOPS, OwnWork
from workers.team.helper_session import INVITATION_S
from workers.team.residual_codec import decode_region
from workers.temporal.incremental_bicubic import IncrementalBicubic
from workers.temporal.padding import bordered
from workers.temporal.region_selection import Region
from workers.upscale.model_cache import ModelCache

from ..clips import Clip, units
from ..process.test_worker import until
from ..studio import Publisher
from .leading import EPOCH, Lead, decoded, helping, send_raw, whole

SIZE = (96, 72)
CLIP = Clip(width=SIZE[0], height=SIZE[1], frames=24, key_every=16)


@pytest.fixture(scope="module")
def live_nets() -> Iterator[ModelCache]:
    jit_warmup.warm_up()
    made = ModelCache(make_engine("openvino", threads=1), temporal=True)
    yield made
    made.close()


@pytest.fixture
async def lead(client: Redis) -> AsyncIterator[Lead]:
    made = Lead(client)
    async with made.listening():
        await asyncio.sleep(0.1)
        yield made


@pytest.fixture
async def publisher(client: Redis) -> Publisher:
    """One whose stream has no job: no worker here leads it."""
    made = Publisher(client)
    made.epoch = await made.registry.create("cam1", codec="h264", fps=30.0)
    made._writer = LogWriter(client, stream="cam1", rendition=keys.SOURCE, epoch=made.epoch)
    return made


def plain(luma: np.ndarray) -> np.ndarray:
    height, width = luma.shape
    enlarger = IncrementalBicubic(width, height, 2)
    enlarger.update(bordered(luma))
    return enlarger.large


async def ready(lead: Lead, *helpers: str) -> None:
    """Waits until workers take tasks."""
    for helper in helpers:
        await lead.until(Ready, sender=helper)


async def test_two_helpers_make_what_the_net_makes_of_the_whole_picture(
    client: Redis, live_nets: ModelCache, lead: Lead, publisher: Publisher
) -> None:
    clip = list(units(CLIP))
    await publisher.send(clip[0])
    top, low = Region(0, 0, 40, 96), Region(40, 0, 32, 96)
    async with (
        helping(client, live_nets, "a"),
        helping(client, live_nets, "b"),
        lead.inviting("a", "b", source_epoch=publisher.epoch),
    ):
        await ready(lead, "a", "b")
        for unit in clip[1:8]:
            await publisher.send(unit)
        numbers = [await lead.task("a", 7, top), await lead.task("b", 7, low)]
        answers = [await lead.answer(number) for number in numbers]
    luma = decoded(clip[:8])[7]
    expected, bicubic = whole(live_nets, luma), plain(luma)
    for answer, region in zip(answers, (top, low), strict=True):
        assert isinstance(answer, Result), answer
        rows = slice(2 * region.top, 2 * (region.top + region.height))
        made = decode_region(answer.coded[0], bicubic[rows])
        apart, without = (
            float(np.mean((each.astype(float) - expected[rows]) ** 2))
            for each in (made, bicubic[rows])
        )
        assert apart < 0.25 * without + 0.2
        assert 0.0 < answer.engine_ms <= answer.whole_ms and answer.late_ms == 0.0
    assert lead.all(Ready)[0].ms_per_megasample > 0.0
    assert 0.5 < lead.all(Ready)[0].free <= 1.0


async def test_frames_that_a_source_loses_end_their_tasks_and_later_ones_are_made(
    client: Redis, live_nets: ModelCache, lead: Lead, publisher: Publisher
) -> None:
    clip = list(units(CLIP))
    await publisher.send(clip[0])
    async with (
        helping(client, live_nets, "a") as worker,
        lead.inviting("a", source_epoch=publisher.epoch),
    ):
        await ready(lead, "a")
        region = Region(0, 0, 16, 16)
        numbers = {n: await lead.task("a", n, region) for n in (5, 6, 7, 17)}
        for unit in (*clip[1:6], *clip[7:20]):
            await publisher.send(unit)
        kinds = {n: type(await lead.answer(number)) for n, number in numbers.items()}
        outcomes = worker._team.helper.figures.outcomes
    # The sixth is lost, the seventh refers to it, and the sixteenth is a key frame.
    assert kinds == {5: Result, 6: Failed, 7: Failed, 17: Result}
    assert outcomes == {"made": 2, "gone": 2}


async def test_a_frame_that_never_comes_costs_the_deadline_and_no_more(
    client: Redis, live_nets: ModelCache, lead: Lead, publisher: Publisher
) -> None:
    clip = list(units(CLIP))
    await publisher.send(clip[0])
    async with (
        helping(client, live_nets, "a"),
        lead.inviting("a", source_epoch=publisher.epoch),
    ):
        await ready(lead, "a")
        never = await lead.task("a", 500, Region(0, 0, 16, 16), left_s=0.3)
        there = await lead.task("a", 0, Region(0, 0, 16, 16))
        assert isinstance(await lead.answer(there), Result)
        failed = await lead.answer(never)
    assert isinstance(failed, Failed) and "deadline" in failed.reason


async def test_hostile_tasks_are_refused_and_the_next_one_is_done(
    client: Redis, live_nets: ModelCache, lead: Lead, publisher: Publisher
) -> None:
    await publisher.send(next(units(CLIP)))
    async with (
        helping(client, live_nets, "a") as worker,
        lead.inviting("a", source_epoch=publisher.epoch),
    ):
        await ready(lead, "a")
        hostile = [
            await lead.task("a", 0, Region(0, 0, 8, MAX_SIDE // 8 * 8)),
            await lead.task("a", 0, *[Region(0, 0, 72, 96)] * 48),
            await lead.task("a", 0, Region(3, 0, 8, 8)),
            await lead.task("a", 0, Region(0, 0, 8, 8), epoch=EPOCH - 1),
            await lead.task("b", 0, Region(0, 0, 8, 8)),
        ]
        last = await lead.task("a", 0, Region(0, 0, 8, 8))
        assert isinstance(await lead.answer(last), Result)
        # Another worker's inbox is not read here.
        for each in hostile[:4]:
            assert isinstance(await lead.answer(each), Failed)
        # A message of 1000 regions, or with a negative one, is none.
        for damage in ([[0, 0, 8, 8]] * 1000, [[-8, 0, 8, 8]], [[0, 0, 0, 8]], []):
            await send_raw(client, "a", number=99, regions=damage)
        await until(lambda: worker._team.inbox.bad_messages == 4)
        assert isinstance(await lead.answer(await lead.task("a", 0, Region(0, 0, 8, 8))), Result)


async def test_a_worker_that_stops_says_so_and_still_answers_what_it_does(
    client: Redis, live_nets: ModelCache, lead: Lead, publisher: Publisher
) -> None:
    await publisher.send(next(units(CLIP)))
    async with (
        helping(client, live_nets, "a") as worker,
        lead.inviting("a", source_epoch=publisher.epoch),
    ):
        await ready(lead, "a")
        with live_nets.engine_lock.take():
            running = await lead.task("a", 0, Region(0, 0, 16, 16))
            # It waits for the engine by now, inside of its task.
            await until(lambda: not len(worker._team.helper._runner._queue))
            await asyncio.sleep(0.2)
            worker.stop()
            (declined,) = await lead.until(Declined)
        assert isinstance(await lead.answer(running), Result)
        assert declined.reason == STOPS
        await lead.invite("a", publisher.epoch)
    assert worker._team.helper.work() == []


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        ("nowhere", "no model 'nowhere'"),
        ("../live-s", "no model"),
        ("live-t", "needs all of each picture"),
        ("basicvsr-causal", "needs all of each picture"),
    ],
)
async def test_a_net_that_is_unknown_or_needs_whole_pictures_is_declined(
    client: Redis, live_nets: ModelCache, lead: Lead, publisher: Publisher, model: str, reason: str
) -> None:
    async with helping(client, live_nets, "a") as worker:
        await asyncio.sleep(0.1)
        await lead.invite("a", publisher.epoch, model=model)
        (declined,) = await lead.until(Declined)
        assert reason in declined.reason
        assert worker._team.helper.work() == [] and worker._team.helper.declined == 1


async def test_a_worker_that_is_full_declines(
    client: Redis, live_nets: ModelCache, lead: Lead, publisher: Publisher
) -> None:
    async with helping(client, live_nets, "a") as worker:
        worker._team.helper._own = OwnWork(load=lambda: 0.95, memory=lambda: 1 << 40)
        await asyncio.sleep(0.1)
        await lead.invite("a", publisher.epoch)
        (declined,) = await lead.until(Declined)
        assert "leave nothing free" in declined.reason
        # Memory is known to be short only once the size of the pictures is.
        worker._team.helper._own = OwnWork(load=lambda: 0.0, memory=lambda: 1 << 20)
        await publisher.send(next(units(CLIP)))
        await lead.invite("a", publisher.epoch)
        _, declined = await lead.until(Declined, 2)
        assert "do not fit" in declined.reason and worker._team.helper.work() == []


async def test_a_worker_helps_so_many_leads_and_decodes_each_source_once(
    client: Redis, live_nets: ModelCache, lead: Lead, publisher: Publisher
) -> None:
    await publisher.send(next(units(CLIP)))
    async with helping(client, live_nets, "a") as worker:
        await asyncio.sleep(0.1)
        for n in range(MAX_TEAMS + 1):
            lead.rendition = f"r{n}"
            await lead.invite("a", publisher.epoch)
        (declined,) = await lead.until(Declined)
        assert declined.rendition == f"r{MAX_TEAMS}"
        await lead.until(Ready, MAX_TEAMS)
        helper = worker._team.helper
        assert len(helper._sources) == 1 and len(helper.work()) == MAX_TEAMS
        (source,) = helper._sources.values()
        for n in range(MAX_TEAMS):
            lead.rendition = f"r{n}"
            await lead.dismiss("a")
        await until(lambda: not helper.work() and source.is_closed and not helper._sources)


async def test_who_is_not_invited_again_leaves(
    client: Redis, live_nets: ModelCache, lead: Lead, publisher: Publisher
) -> None:
    await publisher.send(next(units(CLIP)))
    async with helping(client, live_nets, "a") as worker:
        await asyncio.sleep(0.1)
        await lead.invite("a", publisher.epoch)
        await ready(lead, "a")
        (work,) = worker._team.helper.work()
        assert (work.stream, work.rendition, work.lead) == ("cam1", "enhanced", "lead")
        assert (work.state, work.model) == ("ready", "live-s")
        begun = time.monotonic()
        await until(lambda: not worker._team.helper.work())
        assert time.monotonic() - begun < INVITATION_S + 1.0
        # It left without a word: the lead did not ask for it.
        assert lead.all(Declined) == []
        failed = await lead.answer(await lead.task("a", 0, Region(0, 0, 8, 8)))
        assert isinstance(failed, Failed) and "not ready" in failed.reason


async def test_a_later_lead_of_a_rendition_takes_the_helper_over_with_its_source(
    client: Redis, live_nets: ModelCache, lead: Lead, publisher: Publisher
) -> None:
    await publisher.send(next(units(CLIP)))
    later = Lead(client, "later")
    async with helping(client, live_nets, "a") as worker, later.listening():
        await asyncio.sleep(0.1)
        await lead.invite("a", publisher.epoch)
        await ready(lead, "a")
        helper = worker._team.helper
        (source,) = helper._sources.values()
        # All of its time goes to a lead that has died: that must not count against its successor.
        (session,) = helper._sessions.values()
        session.busy = lambda *, now: 1.0  # type: ignore[method-assign]
        await later.invite("a", publisher.epoch, epoch=EPOCH + 1)
        await ready(later, "a")
        assert [work.lead for work in helper.work()] == ["later"]
        assert list(helper._sources.values()) == [source] and not source.is_closed
        assert later.all(Declined) == []


async def test_another_net_begins_anew(
    client: Redis, live_nets: ModelCache, lead: Lead, publisher: Publisher
) -> None:
    clip = list(units(CLIP))
    await publisher.send(clip[0])
    async with helping(client, live_nets, "a") as worker:
        await asyncio.sleep(0.1)
        await lead.invite("a", publisher.epoch)
        await ready(lead, "a")
        async with lead.inviting("a", source_epoch=publisher.epoch, model="live-m-x3"):
            await until(lambda: any(each.model == "live-m-x3" for each in lead.all(Ready)))
            number = await lead.task("a", 0, Region(8, 8, 16, 16))
            answer = await lead.answer(number)
        assert isinstance(answer, Result)
        (work,) = worker._team.helper.work()
        assert work.model == "live-m-x3" and work.outcomes == {"made": 1}


async def test_a_new_publisher_is_another_source(
    client: Redis, live_nets: ModelCache, lead: Lead, publisher: Publisher
) -> None:
    """Its units are not taken for those of the publisher that was invited for."""
    await publisher.send(next(units(CLIP)))
    async with helping(client, live_nets, "a") as worker:
        await asyncio.sleep(0.1)
        async with lead.inviting("a", source_epoch=publisher.epoch - 1):
            await until(lambda: worker._team.helper.work())
            await asyncio.sleep(0.5)
            assert lead.all(Ready) == []
        async with lead.inviting("a", source_epoch=publisher.epoch):
            await ready(lead, "a")


async def test_a_device_at_another_site_helps_over_a_link_that_loses(
    client: Redis, live_nets: ModelCache, lead: Lead, publisher: Publisher
) -> None:
    clip = list(units(dataclasses.replace(CLIP, frames=60, key_every=60)))
    await publisher.send(clip[0])
    down, up = (Path(delay_s=0.02, loss=0.02, rate_bps=20e6) for _ in range(2))
    async with (
        joined(client, "a", down=down, up=up) as device,
        helping(client, live_nets, "a", device.site),
        lead.inviting("a", source_epoch=publisher.epoch),
    ):
        await ready(lead, "a")
        numbers = []
        for unit in clip[1:]:
            await publisher.send(unit)
            numbers.append(await lead.task("a", unit.sequence, Region(8, 8, 32, 32), left_s=0.4))
            await asyncio.sleep(1 / 30)
        answers = [await lead.answer(number) for number in numbers]
    made = [each for each in answers if isinstance(each, Result)]
    assert len(made) > 0.9 * len(answers)
