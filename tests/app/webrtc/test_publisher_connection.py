"""The publisher's side over real connections: ``publisher_connection.py``."""

from __future__ import annotations

import asyncio
import base64
import itertools
from collections.abc import AsyncIterator

import aioice.ice
import pytest

from app.ice import lite_agent
from app.webrtc import peer_ports
from app.webrtc.publisher_connection import PAUSED
from media.access_unit import Checkpoint, Flags, Kind
from media.codec import Codec
from media.h264_stream import nal_units
from tests.app import coding
from tests.app.peers import Publisher, no_tasks_but, until
from tests.app.rtp.ingest import Ingest
from tests.media.h264_parts import PPS, SPS, of_kind, without

ENCODE = {"H264": coding.h264, "VP8": coding.vp8, "VP9": coding.vp9, "AV1": coding.av1}


@pytest.fixture
async def publisher() -> AsyncIterator[Publisher]:
    made = Publisher()
    yield made
    await made.close()


@pytest.mark.parametrize("codec", list(ENCODE))
async def test_units_arrive_as_they_were_coded(
    codec: str, ingest: Ingest, publisher: Publisher
) -> None:
    units = ENCODE[codec](480, 270, 4)
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
    for each in ingest.units:
        assert each.capture_us <= each.arrival_us
        assert each.arrival_us <= (each.stamp(Checkpoint.ARRIVED) or 0)


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
    assert ingest.peer.packets.get("lost", 0) == 0


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

    sender._retransmit = forget  # type: ignore[method-assign, assignment]
    publisher.lose(publisher.video_packets + 1)
    for index in range(1, 8):
        publisher.video.put(units[index], ticks=3000 * index)
    await until(lambda: ingest.peer.packets.get("lost") == 1 and publisher.key_frames_asked)
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
    await publisher.fall_silent()
    await until(lambda: ingest.ends)
    assert ingest.ends == ["nothing arrived for 0 s"]
    await ingest.peer.close()
    await ingest.peer.close()
    assert len(ingest.ends) == 1


async def test_a_publisher_that_pauses_stays_and_viewers_are_told(publisher: Publisher) -> None:
    """Its RTCP goes on: a still screen, a muted track."""
    ingest = Ingest(timeout_s=2.0)
    try:
        await publisher.start(ingest.signal)
        publisher.video.put(coding.h264(98, 54)[0], ticks=0)
        await until(lambda: ingest.reasons == [PAUSED])
        await asyncio.sleep(2.5)
        assert ingest.ends == []
        publisher.video.put(coding.h264(98, 54)[0], ticks=450_000)
        await until(lambda: ingest.reasons == [PAUSED, ""])
        await until(lambda: len(ingest.video) == 2)
        assert ingest.ends == []
    finally:
        await ingest.peer.close()


async def test_connectivity_checks_alone_are_signs_of_life(
    monkeypatch: pytest.MonkeyPatch, publisher: Publisher
) -> None:
    monkeypatch.setattr(aioice.ice, "CONSENT_INTERVAL", 0.2)
    ingest = Ingest(timeout_s=1.0)
    try:
        await publisher.start(ingest.signal)
        await publisher.fall_silent(checks=True)
        await asyncio.sleep(2.5)
        assert ingest.ends == []
    finally:
        await ingest.peer.close()


async def test_clocks_that_jump_either_way_end_and_freeze_nothing(
    ingest: Ingest, publisher: Publisher
) -> None:
    units = coding.h264(98, 54, 30)
    await publisher.start(ingest.signal)
    assert publisher.audio is not None
    for index, unit in enumerate(units):
        jump = (0, 2**31 + 5, -(2**30))[index // 10]
        publisher.video.put(unit, ticks=2**31 + 3000 * index + jump)
        publisher.audio.put(coding.OPUS_SILENCE, ticks=2**31 + 1600 * index - jump)
        await asyncio.sleep(1 / 30)
    await until(lambda: len(ingest.video) == 30 and len(ingest.of(Kind.AUDIO)) == 30)
    for kind, rate in ((Kind.VIDEO, 90_000), (Kind.AUDIO, 48_000)):
        times = [unit.pts for unit in ingest.of(kind)]
        steps = [b - a for a, b in itertools.pairwise(times)]
        assert all(0 < step < rate for step in steps), steps
    for each in ingest.units:
        assert each.arrival_us - 10_000_000 <= each.capture_us <= each.arrival_us


async def test_parameter_sets_in_the_offer_alone_and_a_marker_on_each_packet(
    ingest: Ingest, publisher: Publisher
) -> None:
    units = coding.h264(320, 180, 12, options="slices=4:keyint=6")
    sets = ",".join(base64.b64encode(nal).decode() for nal in of_kind(units[0], SPS, PPS))

    async def signal(sdp: str) -> str:
        return await ingest.signal(
            sdp.replace("packetization-mode=1", f"packetization-mode=1;sprop-parameter-sets={sets}")
        )

    publisher.rewrite = lambda data: data[:1] + bytes([data[1] | 0x80]) + data[2:]
    await publisher.start(signal)
    for index, unit in enumerate(units):
        publisher.video.put(without(unit, SPS, PPS), ticks=3000 * index)
        await asyncio.sleep(0.01)
    await until(lambda: len(ingest.video) == 12)
    assert [n for n, unit in enumerate(ingest.video) if unit.is_key] == [0, 6]
    assert coding.decode(Codec.H264, [u.payload for u in ingest.video]) == [(320, 180)] * 12
    assert coding.decode(Codec.H264, [u.payload for u in ingest.video[6:]]) == [(320, 180)] * 6


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


async def test_a_publisher_that_ignores_consent_checks_stays_while_it_sends(
    monkeypatch: pytest.MonkeyPatch, ingest: Ingest, publisher: Publisher
) -> None:
    # FFmpeg's whip muxer sends and answers no checks once it sends media.
    monkeypatch.setattr(lite_agent, "CONSENT_S", 0.5)
    monkeypatch.setattr(peer_ports, "TICK_S", 0.05)
    (unit,) = coding.vp8(96, 54, 1)
    await publisher.start(ingest.signal, "VP8")
    publisher.ignore_checks()
    publisher.stop_checks()
    for index in range(40):
        publisher.video.put(unit, ticks=3000 * index)
        await asyncio.sleep(0.05)
    await until(lambda: len(ingest.video) == 40)
    assert ingest.ends == []
