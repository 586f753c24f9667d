"""Packets in, over real connections: loss, jumps, other sources, requests: ``rtp_receiver.py``."""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from aiortc.rtp import HeaderExtensions, HeaderExtensionsMap, RtpPacket, unpack_remb_fci

from app.rtp.key_frame_pace import INTERVAL_S
from app.rtp.ssrc_choice import SILENT_S
from app.rtp.transport_feedback import (
    TransportFeedback,
    is_transport_feedback,
    parse_transport_feedback,
)
from app.webrtc.extension_map import TRANSPORT_NUMBER
from app.webrtc.rtp_receiver import RtpReceiver
from media.access_unit import Flags, Kind
from tests.app import coding
from tests.app.peers import Publisher, until
from tests.app.rtp.ingest import Ingest

UNITS = coding.h264(160, 90, 60, options="keyint=5")


class Stream:
    """A publisher that sends without end, and what arrives of it."""

    def __init__(self) -> None:
        self.ingest = Ingest()
        self.publisher = Publisher()

    @property
    def receiver(self) -> RtpReceiver:
        return self.ingest.peer._receivers["video"]

    async def more(self, count: int = 10) -> None:
        """Waits for so many more units of video."""
        had = len(self.ingest.video)
        await until(lambda: len(self.ingest.video) >= had + count)


@pytest.fixture
async def stream() -> AsyncIterator[Stream]:
    made = Stream()
    await made.publisher.start(made.ingest.signal)
    task = asyncio.get_running_loop().create_task(made.publisher.run(UNITS), name="publish")
    await made.more()
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await made.publisher.close()
    await made.ingest.peer.close()


def media(data: bytes, *, jump: int = 0, ssrc: int = 0) -> bytes:
    """A packet with another sequence number, and another SSRC if one is given."""
    _, _, sequence, timestamp, own = struct.unpack("!BBHII", data[:12])
    moved = struct.pack("!HII", (sequence + jump) & 0xFFFF, timestamp, ssrc or own)
    return data[:2] + moved + data[12:]


# Backwards is for the policy's own test: libsrtp's senders take it for an old packet.
@pytest.mark.parametrize("jump", [5000, 20_000])
async def test_sequence_numbers_that_jump_cost_no_picture(stream: Stream, jump: int) -> None:
    stream.publisher.rewrite = lambda data: media(data, jump=jump)
    started = time.monotonic()
    await stream.more(30)
    assert time.monotonic() - started < 5.0
    assert stream.ingest.ends == []
    jumps = [unit for unit in stream.ingest.video if unit.flags & Flags.DISCONTINUITY]
    assert len(jumps) == 1


async def test_another_source_in_mid_session_goes_on(stream: Stream) -> None:
    own = stream.publisher.connection.getSenders()[-1]._ssrc
    stream.publisher.rewrite = lambda data: media(data, jump=777, ssrc=own ^ 0x5A5A)
    started = time.monotonic()
    await stream.more(30)
    assert time.monotonic() - started < 4.0 + SILENT_S
    assert stream.receiver._source.ssrc == own ^ 0x5A5A
    assert stream.ingest.ends == []
    assert sum(bool(u.flags & Flags.DISCONTINUITY) for u in stream.ingest.video) == 1
    # Our PLI names the new source, which aiortc's sender does not know as its own.


async def test_two_sources_side_by_side_are_one_picture(stream: Stream) -> None:
    own = stream.publisher.connection.getSenders()[-1]._ssrc
    transport = stream.publisher.connection.getSenders()[-1].transport
    session: Any = transport._tx_srtp
    protect = session.protect

    def twice(data: bytes) -> bytes:
        if data[8:12] == own.to_bytes(4, "big"):
            copy = protect(media(data, ssrc=own ^ 1))
            asyncio.get_running_loop().create_task(transport.transport._send(copy))
        return bytes(protect(data))

    session.protect = twice
    await stream.more(50)
    assert stream.receiver._source.ssrc == own
    assert stream.receiver.unusable_packets["other_source"] > 20
    assert not any(unit.flags & Flags.DISCONTINUITY for unit in stream.ingest.video)


async def test_however_much_is_lost_key_frames_are_asked_for_twice_a_second(
    stream: Stream,
) -> None:
    sender = stream.publisher.connection.getSenders()[-1]

    async def forget(sequence: int) -> None:
        """A publisher that keeps no history."""

    sender._retransmit = forget  # type: ignore[method-assign, assignment]
    asked, started = stream.publisher.key_frames_asked, time.monotonic()
    stream.publisher.lose(*range(stream.publisher.video_packets, 100_000, 4))
    for _ in range(150):
        stream.ingest.peer.request_key_frame()  # viewers and workers want some, too
        await asyncio.sleep(0.01)
    took_s = time.monotonic() - started
    asked = stream.publisher.key_frames_asked - asked
    assert 2 <= asked <= took_s / 0.5 + 2


async def test_a_key_frame_that_comes_fulfils_a_request_that_waits(stream: Stream) -> None:
    asked = stream.publisher.key_frames_asked
    for _ in range(5):
        stream.ingest.peer.request_key_frame()
    await asyncio.sleep(2 * INTERVAL_S)  # a key frame comes each tenth of a second
    assert stream.publisher.key_frames_asked == asked + 1


async def test_the_round_trip_is_measured_by_checks_and_requests(stream: Stream) -> None:
    nacks = stream.receiver._pictures.buffer.nacks  # type: ignore[union-attr]
    assert nacks.round_trip.smoothed_s < 0.05, "loopback is faster than what is assumed at first"
    before = nacks.round_trip.smoothed_s
    stream.publisher.lose(stream.publisher.video_packets + 2)
    await until(lambda: stream.publisher.retransmitted > 0)
    await stream.more()
    assert nacks.round_trip.smoothed_s != before


async def test_a_task_that_dies_ends_the_publisher_with_a_reason(
    stream: Stream, caplog: pytest.LogCaptureFixture
) -> None:
    async def die() -> None:
        raise ArithmeticError("of something unforeseen")

    stream.receiver._spawn("reports", die())
    await until(lambda: stream.ingest.ends)
    assert stream.ingest.ends == [
        "receiving video failed: ArithmeticError('of something unforeseen')"
    ]
    assert "reports of video died" in caplog.text


async def test_audio_goes_on_from_another_source_too(stream: Stream) -> None:
    sender = stream.publisher.connection.getSenders()[0]
    session: Any = sender.transport._tx_srtp
    protect = session.protect
    own = sender._ssrc

    def other(data: bytes) -> bytes:
        if data[8:12] == own.to_bytes(4, "big"):
            data = media(data, ssrc=own ^ 1)
        return bytes(protect(data))

    session.protect = other
    had = len(stream.ingest.of(Kind.AUDIO))
    await until(lambda: len(stream.ingest.of(Kind.AUDIO)) > had + 20)
    assert stream.ingest.ends == []


NUMBER_ID = 9


class NumberedPublisher(Publisher):
    """Numbers its packets for transport-wide congestion control and notes the feedback."""

    def __init__(self, *, feedback: str = "") -> None:
        super().__init__()
        self._feedback = feedback
        self.number = 0xFFF0
        self.told: list[TransportFeedback] = []
        self.estimates: list[tuple[int, list[int]]] = []
        "(bit/s, SSRCs) of each REMB."
        self._map = HeaderExtensionsMap()
        self._map.configure(
            RTCRtpParameters(
                headerExtensions=[
                    RTCRtpHeaderExtensionParameters(id=NUMBER_ID, uri=TRANSPORT_NUMBER)
                ]
            )
        )
        self.rewrite = self._add_number

    async def offer(self) -> str:
        """The offer with the extension and its feedback in both sections."""
        added = f"a=extmap:{NUMBER_ID} {TRANSPORT_NUMBER}\r\na=rtcp-fb:* transport-cc\r\n"
        added += self._feedback
        return (await super().offer()).replace("a=rtcp-mux\r\n", f"a=rtcp-mux\r\n{added}")

    def listen(self) -> None:
        """Notes what the other side tells from now on."""
        transport = self.connection.getSenders()[-1].transport
        handle = transport._handle_rtcp_data

        async def note(data: bytes) -> None:
            if is_transport_feedback(data):
                self.told.append(parse_transport_feedback(data))
            elif data[1] == 206 and data[0] & 31 == 15:
                self.estimates.append(unpack_remb_fci(data[12:]))
            await handle(data)

        transport._handle_rtcp_data = note  # type: ignore[method-assign]

    def _add_number(self, data: bytes) -> bytes:
        packet = RtpPacket.parse(data)
        packet.extensions = HeaderExtensions(transport_sequence_number=self.number & 0xFFFF)
        self.number += 1
        return packet.serialize(self._map)


async def test_each_packet_is_told_to_a_publisher_that_numbers_them() -> None:
    ingest, publisher = Ingest(), NumberedPublisher()
    await publisher.start(ingest.signal)
    publisher.listen()
    publisher.lose(20)
    task = asyncio.get_running_loop().create_task(publisher.run(UNITS), name="publish")
    await until(lambda: len(ingest.video) > 40)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await until(lambda: sum(len(each.arrivals) for each in publisher.told) > 40)
    await publisher.close()
    await ingest.peer.close()
    assert [each.count for each in publisher.told] == list(range(len(publisher.told)))
    assert publisher.told[0].base == 0xFFF0
    assert all(each.arrivals[-1] is not None for each in publisher.told)
    # A publisher that has this feedback needs no estimate of ours, which would limit it.
    assert publisher.estimates == []


async def told_limits(publisher: NumberedPublisher) -> list[tuple[int, list[int]]]:
    """What a publisher that may send 700 kbit/s is told by REMB in a while."""
    ingest = Ingest()
    ingest.max_kbps = 700
    await publisher.start(ingest.signal)
    publisher.listen()
    task = asyncio.get_running_loop().create_task(publisher.run(UNITS), name="publish")
    # Two reports of each track take three seconds at most.
    await until(lambda: len(publisher.estimates) > 1 or len(ingest.video) > 150)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await publisher.close()
    await ingest.peer.close()
    return publisher.estimates


async def test_a_limit_is_told_again_and_again_beside_transport_wide_feedback() -> None:
    told = await told_limits(NumberedPublisher(feedback="a=rtcp-fb:* goog-remb\r\n"))
    assert len(told) > 1
    # REMB has 18 bits for the number, so it is a little less.
    assert {round(bps / 1000) for bps, _ in told} == {700}
    assert all(len(ssrcs) == 1 for _, ssrcs in told)
