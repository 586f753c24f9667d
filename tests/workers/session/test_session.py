"""One stream's session without a worker: its lanes come and go, and its source is read once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from media.access_unit import AccessUnit, Kind
from wire import clock, control, keys
from wire.clock_offset import ClockOffset
from wire.connection import Redis
from wire.jobs import Job, JobQueue
from wire.site import Records, RedisSite
from workers.scheduling.handle import SharedScheduler
from workers.session.lane import RenditionLane
from workers.session.lane_parts import OtherLanes, WorkerParts
from workers.session.outcome import SessionOutcome
from workers.session.session import StreamSession
from workers.upscale.model_cache import ModelCache

from ...contract.units import audio
from ..clips import Clip, units
from ..process.test_worker import until
from ..studio import Publisher, lead_config

ALONE = OtherLanes(lambda: 0.0, lambda: 1 << 40)


class Place:
    """A session, its publisher, and the tasks that run it."""

    def __init__(self, client: Redis, nets: ModelCache) -> None:
        self.client = client
        self.publisher = Publisher(client)
        self.parts = WorkerParts(
            RedisSite(client, "w1"), nets, lead_config("w1"), SharedScheduler()
        )
        self.session: StreamSession
        self.outcomes: dict[str, SessionOutcome] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self, **fields: object) -> None:
        await self.publisher.begin(**fields)  # type: ignore[arg-type]
        self.session = StreamSession(self.parts, self.job(keys.ENHANCED), ClockOffset())
        self._spawn(self.session.run())

    def job(self, name: str) -> Job:
        publisher = self.publisher
        return Job(publisher.jobs[name], publisher.stream, name, publisher.epoch)

    async def claim(self, name: str) -> Job:
        """Takes the lease of a rendition's job, which is the next one in the queue."""
        queue, job = JobQueue(self.client, consumer="w1"), None
        async with asyncio.timeout(5):
            # The first call may only make the group of consumers.
            while job is None:
                job = await queue.claim(block_ms=100)
        assert job == self.job(name)
        return job

    async def lead(self, name: str = keys.ENHANCED) -> RenditionLane:
        """Takes the lead of a rendition and runs its lane."""
        publisher, job = self.publisher, await self.claim(name)
        epoch = await publisher.renditions.take_lead(
            job.stream, name, job.source_epoch, "w1", job=job.entry
        )
        records = Records(await publisher.registry.get(job.stream), await publisher.record(name))
        lane = self.session.add(job, epoch, records, ALONE)
        self._spawn(self._run(lane))
        return lane

    async def _run(self, lane: RenditionLane) -> None:
        try:
            self.outcomes[lane.job.rendition] = await lane.run()
        finally:
            self.session.remove(lane)

    def _spawn(self, work: object) -> None:
        task = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._tasks.add(task)

    async def send(self, *sent: AccessUnit) -> None:
        for unit in sent:
            await self.publisher.send(unit)

    async def close(self) -> None:
        for lane in self.session.lanes:
            lane.stop()
        self.session._closed.set()
        async with asyncio.timeout(10):
            await asyncio.gather(*self._tasks)


@pytest.fixture
async def place(client: Redis, nets: ModelCache) -> AsyncIterator[Place]:
    made = Place(client, nets)
    yield made
    with contextlib.suppress(AttributeError):
        await made.close()


async def test_a_session_ends_with_its_last_lane_and_takes_no_other(place: Place) -> None:
    await place.begin()
    await place.publisher.add("sharp")
    one, two = await place.lead(), await place.lead("sharp")
    assert place.session.lanes == [one, two]
    one.stop()
    await until(lambda: place.session.lanes == [two])
    assert not place.session.is_closed
    two.stop()
    await until(lambda: place.session.is_closed)
    assert place.outcomes == dict.fromkeys((keys.ENHANCED, "sharp"), SessionOutcome.RELEASED)
    assert place.session.lanes == []


async def test_video_is_decoded_once_for_all_lanes_and_audio_is_passed_over(place: Place) -> None:
    await place.begin()
    await place.publisher.add("sharp")
    one, two = await place.lead(), await place.lead("sharp")
    clip = list(units(Clip(frames=10)))
    await place.send(clip[0], audio(0), *clip[1:])
    await until(lambda: place.session.facts().decoded == 10)
    for lane in (one, two):
        await until(lambda lane=lane: lane.counters.read().frames_in == 10)  # type: ignore[misc]
    assert clip[0].kind is Kind.VIDEO
    assert place.session.facts().bad_entries == 0


async def test_a_unit_that_was_written_twice_is_taken_once(place: Place) -> None:
    await place.begin()
    lane = await place.lead()
    clip = list(units(Clip(frames=6)))
    await place.send(*clip[:4])
    await place.send(*clip[2:])
    await until(lambda: place.session.facts().decoded == 6)
    counts = lane.counters.read()
    assert counts.frames_in == 6 and counts.dropped == {"repeated": 2}


async def test_a_gap_asks_the_publisher_for_a_key_frame(place: Place) -> None:
    await place.begin()
    lane = await place.lead()
    collecting = asyncio.create_task(place.publisher.collect_requests())
    clip = list(units(Clip(frames=8, key_every=7)))
    await place.send(*clip[:3], *clip[4:7])
    await until(lambda: place.publisher.key_requests)
    assert place.session.facts().remark.startswith("Pictures were lost")
    await place.send(clip[7])
    await until(lambda: place.session.facts().remark == "")
    assert lane.counters.read().dropped == {"no_key_frame": 3}
    collecting.cancel()
    await asyncio.gather(collecting, return_exceptions=True)


async def test_a_session_rests_while_none_of_its_lanes_takes_units(place: Place) -> None:
    await place.begin(watched=False, width=64, height=48)
    lane = await place.lead()
    assert not lane.is_taking
    clip = list(units(Clip(frames=8)))
    await place.send(*clip[:4])
    await place.publisher.renditions.renew_watch("cam1", keys.ENHANCED, place.publisher.epoch)
    await control.to_lead(place.client, "cam1").send(control.RecordChanged())
    await until(lambda: lane.is_taking)
    # It begins at the last key frame, also of units that came while it rested.
    await place.send(*clip[4:])
    await until(lambda: place.session.facts().decoded == 8)


async def test_the_end_of_the_stream_ends_all_lanes(place: Place) -> None:
    await place.begin()
    await place.publisher.add("sharp")
    await place.lead()
    await place.lead("sharp")
    await place.publisher.end()
    await until(lambda: len(place.outcomes) == 2)
    assert set(place.outcomes.values()) == {SessionOutcome.ENDED}
    assert place.session.is_closed


async def test_another_publisher_of_the_stream_is_another_session(place: Place) -> None:
    await place.begin()
    await place.lead()
    await place.publisher.end()
    other = Publisher(place.client)
    await other.begin()
    assert other.epoch > place.publisher.epoch
    await until(lambda: place.outcomes)
    assert place.outcomes[keys.ENHANCED] in (SessionOutcome.ENDED, SessionOutcome.LOST)


async def test_an_error_of_the_decoding_thread_fails_all_lanes(place: Place) -> None:
    await place.begin()
    lane = await place.lead()
    await place.send(*units(Clip(frames=1)))
    await until(lambda: place.session.facts().decoded == 1)
    place.session._on_failure(ZeroDivisionError("of ours"))
    assert place.session.is_closed
    await until(lambda: place.outcomes)
    assert place.outcomes == {lane.job.rendition: SessionOutcome.FAILED}


async def test_lanes_that_share_the_decoder_have_longer_queues(place: Place) -> None:
    await place.begin()
    await place.publisher.add("sharp")
    one = await place.lead()
    alone = one.pipeline._decoded.limit
    two = await place.lead("sharp")
    assert one.pipeline._decoded.limit == two.pipeline._decoded.limit > alone
    two.stop()
    await until(lambda: place.session.lanes == [one])
    assert one.pipeline._decoded.limit == alone


async def test_a_session_goes_by_the_clock_of_its_server(place: Place) -> None:
    await place.begin()
    offset = ClockOffset()
    offset.learn(5_000_000, before_us=1_000_000, after_us=1_000_000)
    session = StreamSession(place.parts, place.job(keys.ENHANCED), offset)
    assert session.redis_us() - clock.now_us() == pytest.approx(4_000_000, abs=100_000)
    # Later comparisons of the worker's are not the session's.
    offset.learn(1_000_000, before_us=1_000_000, after_us=1_000_000)
    assert session.redis_us() - clock.now_us() == pytest.approx(4_000_000, abs=100_000)
    lane = await place.lead()
    assert lane.is_taking


async def test_only_the_rendition_that_is_asked_for_tells_who_made_its_picture(
    place: Place,
) -> None:
    await place.begin()
    await place.publisher.add("sharp")
    asked, other = await place.lead(), await place.lead("sharp")
    mailbox, clip = control.to_lead(place.client, place.publisher.stream), Clip(frames=600)
    playing = asyncio.create_task(place.publisher.play(units(clip)))
    try:
        await until(lambda: asked.counters.read().frames_out > 5)
        assert asked.work().team_map is None
        for rendition in ("source", "no-such", keys.ENHANCED):
            await mailbox.send(control.MapRequest(rendition=rendition))
        await until(lambda: asked.work().team_map is not None)
        found = asked.work().team_map
        assert found is not None
        assert (found.width, found.height) == (clip.width, clip.height)
        assert found.devices == ["w1"] and set(found.cells) <= {"0", "."}
        assert other.work().team_map is None
        # Nobody asks again, and it ends by itself.
        await until(lambda: asked.work().team_map is None)
    finally:
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
