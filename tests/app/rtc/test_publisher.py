"""The publisher's side over real connections: ``publisher.py`` and ``receiver.py``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aioice.ice
import pytest
from aiortc.rtp import RtpPacket

from app.rtc import ice
from app.rtc.assembler import CodedUnit
from app.rtc.fragment import Head
from app.rtc.keyframe import nal_units
from app.rtc.offer import check_publish_offer
from app.rtc.publisher import PublisherEvents, PublisherPeer
from app.rtc.receiver import MAX_SOURCES
from app.rtc.vp9_frame import split_superframe
from tests.app import coding
from tests.app.peers import Publisher, no_tasks_but, until
from wire.batch import AccessUnit, Codec, Flags, Kind, Stage


@pytest.fixture(autouse=True, scope="module")
def loopback() -> None:
    ice.install(ice.IceAddresses(("127.0.0.1",), ()))


class Ingest:
    """A publisher's peer and what it told."""

    def __init__(self, timeout_s: float = 30.0) -> None:
        self.units: list[AccessUnit] = []
        self.ends: list[str] = []
        self.peer = PublisherPeer(
            PublisherEvents(on_unit=self.units.append, on_end=self.ends.append),
            timeout_s=timeout_s,
        )

    async def signal(self, sdp: str) -> str:
        return await self.peer.answer(check_publish_offer(sdp), start_kbps=1500, mapped=())

    def of(self, kind: Kind) -> list[AccessUnit]:
        return [unit for unit in self.units if unit.kind is kind]

    @property
    def video(self) -> list[AccessUnit]:
        return self.of(Kind.VIDEO)


@pytest.fixture
async def ingest() -> AsyncIterator[Ingest]:
    made = Ingest()
    yield made
    await made.peer.close()


@pytest.fixture
async def publisher() -> AsyncIterator[Publisher]:
    made = Publisher()
    yield made
    await made.close()


@pytest.mark.parametrize("codec", ["H264", "VP8", "VP9"])
async def test_units_arrive_as_they_were_coded(
    codec: str, ingest: Ingest, publisher: Publisher
) -> None:
    units = {"H264": coding.h264, "VP8": coding.vp8, "VP9": coding.vp9}[codec](480, 270, 4)
    await publisher.start(ingest.signal, codec)
    for index, unit in enumerate(units):
        publisher.video.put(unit, ticks=3000 * index)
        assert publisher.audio is not None
        publisher.audio.put(coding.OPUS_SILENCE, ticks=960 * index)
    await until(lambda: len(ingest.video) == 4 and len(ingest.of(Kind.AUDIO)) == 4)
    got = ingest.video
    if codec != "H264":
        assert tuple(unit.payload for unit in got) == units
    else:
        assert [list(nal_units(u.payload)) for u in got] == [list(nal_units(u)) for u in units]
    assert {unit.codec for unit in got} == {Codec[codec]}
    assert [unit.is_key for unit in got] == [True, False, False, False]
    assert {(unit.width, unit.height) for unit in got} == {(480, 270)}
    assert [unit.pts - got[0].pts for unit in got] == [0, 3000, 6000, 9000]
    assert [unit.sequence for unit in got] == [0, 1, 2, 3]
    audio = ingest.of(Kind.AUDIO)
    assert {unit.payload for unit in audio} == {coding.OPUS_SILENCE}
    assert all(unit.flags is Flags.KEY and unit.clock_rate == 48_000 for unit in audio)
    for unit in ingest.units:
        assert unit.capture_us <= unit.arrival_us
        assert unit.arrival_us <= (unit.stamp(Stage.ARRIVED) or 0)


async def test_lost_packets_come_back_by_retransmission(
    ingest: Ingest, publisher: Publisher
) -> None:
    units = coding.h264(480, 270, 3)
    publisher.lose(2, 3)
    await publisher.start(ingest.signal)
    for index, unit in enumerate(units):
        publisher.video.put(unit, ticks=3000 * index)
    await until(lambda: len(ingest.video) == 3)
    assert publisher.retransmitted >= 2
    assert [list(nal_units(u.payload)) for u in ingest.video] == [list(nal_units(u)) for u in units]
    assert not any(unit.flags & Flags.DISCONTINUITY for unit in ingest.video)
    assert ingest.peer.lost_packets == 0


async def test_what_never_comes_back_is_marked_and_a_key_frame_asked_for(
    ingest: Ingest, publisher: Publisher
) -> None:
    units = coding.h264(480, 270, 8)
    await publisher.start(ingest.signal)
    publisher.video.put(units[0], ticks=0)
    await until(lambda: len(ingest.video) == 1)
    sender = publisher.connection.getSenders()[-1]

    async def forget(sequence: int) -> None:
        """A publisher that keeps no history."""

    sender._retransmit = forget  # type: ignore[method-assign]
    publisher.lose(publisher.video_packets + 1)
    for index in range(1, 8):
        publisher.video.put(units[index], ticks=3000 * index)
    await until(lambda: ingest.peer.lost_packets == 1 and publisher.key_frames_asked)
    await until(lambda: len(ingest.video) > 1)
    assert ingest.video[1].flags & Flags.DISCONTINUITY


async def test_a_wish_for_a_key_frame_reaches_the_publisher(
    ingest: Ingest, publisher: Publisher
) -> None:
    await publisher.start(ingest.signal)
    ingest.peer.request_key_frame()  # its SSRC is not known yet: no PLI, no error
    publisher.video.put(coding.h264(98, 54)[0], ticks=0)
    await until(lambda: ingest.video)
    asked = publisher.key_frames_asked
    ingest.peer.request_key_frame()
    await until(lambda: publisher.key_frames_asked > asked)


async def test_malformed_payloads_are_counted_and_passed_over(
    ingest: Ingest, publisher: Publisher
) -> None:
    await publisher.start(ingest.signal)
    publisher.video.put(b"\x00\x00\x01\x7eno such NAL type", ticks=0)
    publisher.video.put(coding.h264(98, 54)[0], ticks=3000)
    receiver = ingest.peer._receivers["video"]
    await until(lambda: receiver.malformed_packets == 1)
    await until(lambda: ingest.video)


async def test_audio_and_video_share_the_publishers_clock(
    ingest: Ingest, publisher: Publisher
) -> None:
    """aiortc's sender reports name the time it sent; so units sent together map together."""
    task = asyncio.get_running_loop().create_task(publisher.run(coding.h264(98, 54, 2)))
    try:
        await publisher.start(ingest.signal)
        clock = ingest.peer._clock
        await until(lambda: all(track.report for track in clock._tracks.values()))
        count = len(ingest.units)
        await until(lambda: len(ingest.units) > count + 20)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    video = {unit.pts * 48 // 90: unit.capture_us for unit in ingest.video[-8:]}
    assert video
    for unit in ingest.units[-8:]:
        assert unit.capture_us <= unit.arrival_us
    newest = {kind: ingest.of(kind)[-1].capture_us for kind in Kind}
    assert abs(newest[Kind.VIDEO] - newest[Kind.AUDIO]) < 500_000


async def test_a_publisher_that_says_goodbye_is_gone_at_once(
    ingest: Ingest, publisher: Publisher
) -> None:
    await publisher.start(ingest.signal)
    publisher.video.put(coding.h264(98, 54)[0], ticks=0)
    await until(lambda: ingest.video)
    await publisher.close()
    await until(lambda: ingest.ends)
    assert len(ingest.ends) == 1


async def test_a_silent_publisher_is_gone_after_its_time(publisher: Publisher) -> None:
    ingest = Ingest(timeout_s=0.3)
    await publisher.start(ingest.signal)
    publisher.video.put(coding.h264(98, 54)[0], ticks=0)
    await until(lambda: ingest.ends)
    assert ingest.ends == ["nothing arrived for 0 s"]
    await ingest.peer.close()
    await ingest.peer.close()
    assert len(ingest.ends) == 1


async def test_closing_before_anybody_connects_tells_nobody(ingest: Ingest) -> None:
    publisher = Publisher()
    await ingest.signal(await publisher.offer())
    await ingest.peer.close()
    await publisher.close()
    assert ingest.ends == []


async def test_no_task_is_left(publisher: Publisher) -> None:
    before = asyncio.all_tasks()
    ingest = Ingest()
    other = Publisher()
    await other.start(ingest.signal)
    other.lose(1)
    other.video.put(coding.h264(480, 270)[0], ticks=0)
    await until(lambda: other.video_packets > 2)
    await ingest.peer.close()
    await other.close()
    await no_tasks_but(before)


async def test_many_sources_do_not_grow_the_statistics(
    ingest: Ingest, publisher: Publisher
) -> None:
    await publisher.start(ingest.signal)
    receiver = ingest.peer._receivers["video"]
    await until(lambda: receiver._codecs)
    payload_type = next(iter(receiver._codecs))
    for ssrc in range(40):
        packet = RtpPacket(payload_type=payload_type, sequence_number=1, timestamp=0, ssrc=ssrc)
        packet.payload = b"\x65x"
        await receiver._handle_rtp_packet(packet, arrival_time_ms=0)
    assert len(receiver._statistics) == MAX_SOURCES


def test_the_rest_of_a_key_frame_whose_head_was_lost_is_no_key_frame() -> None:
    (unit,) = coding.h264(480, 270, options="slices=4")
    slices = [nal for nal in nal_units(unit) if nal[0] & 0x1F == 5]
    rest = b"".join(b"\x00\x00\x01" + nal for nal in slices[1:])
    ingest = Ingest()
    ingest.peer._clock.add_track("video", 90_000)
    for discontinuity, data in ((False, unit), (True, rest), (True, unit)):
        ingest.peer._take("video", Codec.H264, 90_000, CodedUnit(0, data, 0, 0, discontinuity))
    assert [unit.is_key for unit in ingest.video] == [True, False, True]


def taken(codec: Codec, *coded: CodedUnit) -> list[AccessUnit]:
    """What a publisher's peer tells of units as the assembler makes them."""
    ingest = Ingest()
    ingest.peer._clock.add_track("video", 90_000)
    for unit in coded:
        ingest.peer._take("video", codec, 90_000, unit)
    return ingest.video


def test_a_vp9_key_frame_is_one_by_its_packets_and_by_its_bytes() -> None:
    key, delta = coding.vp9(98, 54, 2)
    units = taken(
        Codec.VP9,
        *(
            CodedUnit(0, data, 0, 0, False, head)
            for data in (key, delta)
            for head in (Head.KEY, Head.FRAME, Head.MIDDLE)
        ),
    )
    assert [unit.is_key for unit in units] == [True] + [False] * 5


def test_vp9_layers_become_a_superframe_of_the_last_ones_size() -> None:
    small, large = coding.vp9(98, 54)[0], coding.vp9(196, 108)[0]
    (unit,) = taken(
        Codec.VP9, CodedUnit(0, small + large, 0, 0, False, Head.KEY, cuts=(len(small),))
    )
    assert unit.is_key
    assert (unit.width, unit.height) == (196, 108)
    assert split_superframe(unit.payload) == [small, large]


def test_a_vp9_picture_may_change_its_size_between_key_frames() -> None:
    # Section 6.2 of the VP9 specification: a frame of no reference's size tells its own.
    bits = "10000110" + "0" * 25 + f"{639:016b}{359:016b}"
    resized = int(bits.ljust(80, "0"), 2).to_bytes(10, "big")
    key = coding.vp9(98, 54)[0]
    before, after = taken(
        Codec.VP9,
        CodedUnit(0, key, 0, 0, False, Head.KEY),
        CodedUnit(3000, resized, 0, 0, False, Head.FRAME),
    )
    assert (before.width, before.height) == (98, 54)
    assert (after.width, after.height, after.is_key) == (640, 360, False)


async def test_a_publisher_that_ignores_consent_checks_stays_while_it_sends(
    monkeypatch: pytest.MonkeyPatch, ingest: Ingest, publisher: Publisher
) -> None:
    # FFmpeg's whip muxer answers no checks once it sends; aioice would end it after half a
    # minute, here after about a second.
    monkeypatch.setattr(aioice.ice, "CONSENT_INTERVAL", 0.05)
    monkeypatch.setattr(aioice.ice, "CONSENT_FAILURES", 1)
    (unit,) = coding.vp8(96, 54, 1)
    await publisher.start(ingest.signal, "VP8")
    publisher.ignore_checks()
    for index in range(40):
        publisher.video.put(unit, ticks=3000 * index)
        await asyncio.sleep(0.05)
    await until(lambda: len(ingest.video) == 40)
    assert ingest.ends == []
