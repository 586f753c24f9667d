"""Workers that make one stream together: real nets, a real decoder, a real Redis."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from media.access_unit import AccessUnit
from models.manifest import load_manifest
from wire import keys
from wire.connection import Redis
from wire.heartbeat import Heartbeats, ModelInfo, StreamWork
from wire.jobs import Job
from wire.site import RedisSite
from wire.team import TeamMailbox
from workers.engines.registry import make_engine
from workers.media.frame_task import FrameTask
from workers.media.route import Route
from workers.process import jit_warmup
from workers.process.worker import Worker
from workers.runtime.frame_counters import FrameCounters
from workers.scheduling.admission import UNHELPED
from workers.scheduling.placement import Place
from workers.scheduling.scheduler import Standing
from workers.session.config import SessionConfig
from workers.session.mode import ALONE_REASON
from workers.team.inbox import TeamInbox
from workers.team.lane_team import TeamGoal
from workers.team.roster import Roster
from workers.team.team_lead import TeamLeads, TeamParts
from workers.upscale.model_cache import ModelCache

from ..clips import Clip, picture, units
from ..studio import Publisher, Viewer, lead_config, watching
from ..upscale.test_temporal_session import wait

SIZE = (160, 96)
MODEL = "live-s"
CLIP = Clip(width=SIZE[0], height=SIZE[1], frames=60, key_every=30)
CLIP_UNITS = list(units(CLIP))
FAR_MODEL = "live-l"
"""A net that sees 10 samples around each: thirds of a small picture cost 1.3 times the whole."""

BUSY_LOAD = 4.0
"""Load of a machine of two cores that has other work; that of these tests is 2 to 3."""

SMALL = (96, 64)
SMALL_UNITS = list(units(Clip(width=SMALL[0], height=SMALL[1], frames=60, key_every=1)))
"""Key frames alone, so that all of each is worth the net."""
GOAL = TeamGoal(MODEL, 0.0, 30.0, SIZE, Standing("full", 100.0, 5.0, 5.0), expected_ms=5.0)
ZOO = [
    ModelInfo(
        name=name, title=name, scale=2, licence="none", precisions=["fp32"],
        macs_per_pixel=load_manifest(name).macs_per_pixel, parameters=10,
    )
    for name in (MODEL, FAR_MODEL)
]  # fmt: skip


@pytest.fixture(scope="module")
def live_nets() -> Iterator[ModelCache]:
    jit_warmup.warm_up()
    made = ModelCache(make_engine("openvino", threads=1), temporal=True)
    made.load(MODEL, *SIZE)
    while made.ready_dynamic(MODEL, *SIZE) is None:
        time.sleep(0.01)
    yield made
    made.close()


def config(name: str, streams: float = 8.0, place: Place = Place.SITE) -> SessionConfig:
    made = dataclasses.replace(lead_config(name, streams=streams), place=place)
    macs, scales = {MODEL: 10, FAR_MODEL: 40}, {MODEL: 2, FAR_MODEL: 2}
    capacity = dataclasses.replace(made.capacity, model=MODEL, macs=macs, scales=scales)
    return dataclasses.replace(made, model=MODEL, capacity=capacity)


@contextlib.asynccontextmanager
async def working(
    client: Redis,
    nets: ModelCache,
    name: str,
    place: Place = Place.SITE,
    *,
    streams: float = 8.0,
) -> AsyncIterator[Worker]:
    site = RedisSite(client, name)
    worker = Worker(site, nets, config(name, streams, place), engines=["openvino"], zoo=ZOO)
    task = asyncio.create_task(worker.run(), name=f"worker {name}")
    try:
        yield worker
    finally:
        worker.stop()
        await asyncio.wait_for(task, 4)


def endless(clip: list[AccessUnit]) -> Iterator[AccessUnit]:
    """A clip again and again, 30 frames a second."""
    sequence = 0
    while True:
        for unit in clip:
            pts = sequence * unit.clock_rate // 30
            yield dataclasses.replace(unit, sequence=sequence, pts=pts)
            sequence += 1


class Site:
    """A stream that a worker ``lead`` makes, and somebody watches."""

    def __init__(self, client: Redis) -> None:
        self.client = client
        self.publisher, self.viewer = Publisher(client), Viewer(client)

    @contextlib.asynccontextmanager
    async def live(
        self,
        nets: ModelCache,
        place: Place = Place.SITE,
        clip: list[AccessUnit] = CLIP_UNITS,
        **record: Any,
    ) -> AsyncIterator[None]:
        async with working(self.client, nets, "lead", place):
            await self.publisher.begin(**record)
            async with watching(self.viewer, self.publisher):
                sending = asyncio.create_task(self.publisher.play(endless(clip)))
                try:
                    await self.viewer.until(10)
                    yield
                finally:
                    sending.cancel()
                    await asyncio.gather(sending, return_exceptions=True)

    async def work(self) -> StreamWork:
        while True:
            beats = {beat.name: beat for beat in await Heartbeats(self.client).list()}
            if "lead" in beats and beats["lead"].streams:
                return beats["lead"].streams[0]
            await asyncio.sleep(0.05)

    async def until(
        self, is_so: Callable[[StreamWork], bool], timeout_s: float = 30.0
    ) -> StreamWork:
        """Waits until the lead reports it."""
        deadline = time.monotonic() + timeout_s
        while not is_so(work := await self.work()):
            assert time.monotonic() < deadline, (
                work.team,
                work.net_samples,
                work.levels,
                work.team_results,
            )
            await asyncio.sleep(0.1)
        return work

    def gaps(self) -> list[float]:
        """Times between the units that the viewer got."""
        seen = self.viewer.seen_at
        return [later - before for before, later in zip(seen, seen[1:], strict=False)]


@contextlib.contextmanager
def unless_busy() -> Iterator[None]:
    """Skips a test that failed on a machine with other work, where three workers have no time: a
    lead takes regions then, or does without the net.
    """
    try:
        yield
    except AssertionError:
        if os.getloadavg()[0] < BUSY_LOAD:
            raise
        pytest.skip("this machine is too busy with other things for three workers")


def helped(work: StreamWork) -> int:
    """Samples that helpers made."""
    return sum(count for name, count in work.net_samples.items() if name != "lead")


@pytest.fixture
def site(client: Redis) -> Site:
    return Site(client)


async def test_helpers_come_and_go_and_no_frame_is_lost(
    client: Redis, live_nets: ModelCache, site: Site
) -> None:
    async with site.live(live_nets, team="on"):
        alone = await site.work()
        assert (alone.team.mode, alone.team.devices) == ("alone", [])
        assert alone.team_results == {}
        async with working(client, live_nets, "a"), working(client, live_nets, "b"):
            shared = await site.until(lambda work: work.levels.get("team", {}).get("best", 0) > 5)
            assert shared.team.mode == "regions" and shared.team.invited >= 1
            helpers = {device.name for device in shared.team.devices}
            assert helpers and helpers <= {"a", "b"}
            assert any(shared.net_samples.get(name, 0) > 0 for name in helpers)
            assert shared.net_samples["lead"] > 0
            assert shared.team_results["in_time"] > 5
            assert 0.0 < shared.team.playout_delay_ms <= 300.0
        await site.until(lambda work: work.team.mode == "alone")
        count = len(site.viewer.units)
        await site.viewer.until(count + 20)
        work = await site.work()
    # Every unit that the lead put out reached the log, whoever made it.
    assert work.dropped.get("late", 0) <= max(2, work.frames_in // 20)
    sequences = [unit.pts for unit in site.viewer.units]
    assert sequences == sorted(sequences)
    assert max(site.gaps()[10:]) < 1.0


async def test_a_composer_copies_alone_and_composes_what_a_device_makes(
    client: Redis, live_nets: ModelCache, site: Site
) -> None:
    async with site.live(live_nets, Place.COMPOSER):
        alone = await site.until(lambda work: work.state == "bypass")
        assert alone.reason == UNHELPED
        # Too weak to lead it: a worker that could would be handed the stream.
        async with working(client, live_nets, "dev", streams=0.1):
            shared = await site.until(lambda work: work.levels.get("team", {}).get("best", 0) > 5)
            assert shared.state == "enhancing"
            assert [device.name for device in shared.team.devices] == ["dev"]
            before = shared.net_samples
            made = await site.until(lambda work: work.net_samples["dev"] > 2 * before["dev"])
        grown = {name: made.net_samples[name] - before.get(name, 0) for name in made.net_samples}
        assert grown["dev"] > 5 * grown.get("lead", 0)
        await site.until(lambda work: work.state == "bypass")
    sequences = [unit.pts for unit in site.viewer.units]
    assert sequences == sorted(set(sequences))


async def test_an_operator_lets_one_worker_do_it_alone_or_excludes_one(
    client: Redis, live_nets: ModelCache, site: Site
) -> None:
    async with (
        site.live(live_nets, team="on", excluded="b"),
        working(client, live_nets, "a"),
        working(client, live_nets, "b"),
    ):
        shared = await site.until(lambda work: bool(work.team.devices))
        assert [device.name for device in shared.team.devices] == ["a"]
        epoch = site.publisher.epoch
        await site.publisher.renditions.set_config("cam1", keys.ENHANCED, epoch, team="off")
        off = await site.until(lambda work: work.team.mode == "off")
        assert off.team.reason == ALONE_REASON and off.team.devices == []


async def test_a_pinned_worker_helps_though_the_lead_lacks_no_time(
    client: Redis, live_nets: ModelCache, site: Site
) -> None:
    async with (
        site.live(live_nets, pinned="b,gone"),
        working(client, live_nets, "a"),
        working(client, live_nets, "b"),
    ):
        shared = await site.until(lambda work: bool(work.team.devices))
        assert [device.name for device in shared.team.devices] == ["b"]
        assert "gone is pinned, and does not run." in shared.team.reason
        await site.until(lambda work: work.net_samples.get("b", 0) > 0)


async def test_a_net_that_sees_far_is_farmed_by_whole_frames_where_they_are_small_and_new(
    client: Redis, live_nets: ModelCache, site: Site
) -> None:
    wait(live_nets, FAR_MODEL, SMALL)
    async with (
        site.live(live_nets, clip=SMALL_UNITS, model=FAR_MODEL, team="on", pinned="a,b"),
        working(client, live_nets, "a"),
        working(client, live_nets, "b"),
    ):
        with unless_busy():
            shared = await site.until(lambda work: work.team.mode == "frames")
            assert "sees 10 samples around each" in shared.team.reason
            # How many there are is the lead's choice, which makes most frames of earlier ones.
            done = await site.until(lambda work: helped(work) >= SMALL[0] * SMALL[1])
            assert done.team_results["in_time"] >= 1 and done.levels["team"]
        epoch = site.publisher.epoch
        await site.publisher.renditions.set_config("cam1", keys.ENHANCED, epoch, team="regions")
        words = "An operator pinned regions."
        pinned = await site.until(lambda work: words in work.team.reason)
        assert pinned.team.mode == "regions"


async def test_a_lead_that_lacks_no_time_asks_nobody(
    client: Redis, live_nets: ModelCache, site: Site
) -> None:
    async with site.live(live_nets), working(client, live_nets, "a"):
        for _ in range(15):
            await asyncio.sleep(0.1)
            work = await site.work()
            assert (work.team.mode, work.team.invited) == ("alone", 0)
        assert work.team.reason == "The lead does all of it alone."
    assert set(work.net_samples) == {"lead"} and "team" not in work.levels


async def test_without_helpers_a_frame_passes_as_it_is(
    client: Redis, live_nets: ModelCache
) -> None:
    mailbox = TeamMailbox(client, "lead")
    inbox = TeamInbox(mailbox, lambda received: None)
    parts = TeamParts("lead", mailbox, inbox, Roster(Heartbeats(client)), live_nets)
    lead = TeamLeads(parts).team(Job("1-0", "cam1", "enhanced", 1), 7, FrameCounters())
    task = FrameTask(CLIP_UNITS[0], Route.WORK, arrived=0.0, picture=picture(0, *SIZE))
    assert lead.offer(task) is task  # nothing is known yet
    lead.follow(GOAL)
    assert lead.offer(task) is task and lead.part() == 0.0
    assert lead.work().mode == "alone"
    lead.follow(dataclasses.replace(GOAL, model="live-t"))
    assert "needs all of each picture" in lead.work().reason
    lead.follow(dataclasses.replace(GOAL, obstacle="Nobody watches."))
    assert lead.work().reason == "Nobody watches."
