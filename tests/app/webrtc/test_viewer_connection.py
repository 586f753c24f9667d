"""The viewer's side over real connections: ``viewer_connection.py``."""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiortc.rtp import RTCP_RTPFB_NACK, RtcpRtpfbPacket, RtpPacket, unwrap_rtx

from app.rtp.capture_clock import ntp_to_us
from app.rtp.send_queue import PacketizedFrame
from app.webrtc.rtp_sender import RESENDS_PER_S
from app.webrtc.sdp_offer import check_play_offer
from app.webrtc.viewer_connection import ViewerConnection, ViewerEvents
from media.codec import Codec
from tests.app import coding
from tests.app.peers import Viewer, no_tasks_but, until
from tests.media.payloads import depacketize, packetize
from tests.media.payloads import joined as unit_of

CAPTURE_US = 1_800_000_000_000_000
RTP_OFFSET = 123_456_789


class Egress:
    """A viewer's peer and what it told."""

    def __init__(self) -> None:
        self.connects = 0
        self.key_frames_asked = 0
        self.ends: list[str] = []
        self.peer = ViewerConnection(
            ViewerEvents(
                on_connected=self._connected, on_key_frame_needed=self._ask, on_end=self.ends.append
            ),
            rtp_offset=RTP_OFFSET,
        )

    def _connected(self) -> None:
        self.connects += 1

    def _ask(self) -> None:
        self.key_frames_asked += 1

    async def signal(self, sdp: str) -> str:
        return await self.peer.answer(check_play_offer(sdp))


def video(index: int, unit: bytes, *, key: bool = False, live: bool = True) -> PacketizedFrame:
    return PacketizedFrame(
        payloads=tuple(packetize(Codec.H264, unit, picture_id=index)),
        codec=Codec.H264,
        pts=3000 * index,
        clock_rate=90_000,
        capture_us=CAPTURE_US + 1_000_000 * index // 30,
        is_video=True,
        is_key=key,
        is_live=live,
    )


def audio(index: int) -> PacketizedFrame:
    return PacketizedFrame(
        payloads=(coding.OPUS_SILENCE,),
        codec=Codec.OPUS,
        pts=1600 * index,
        clock_rate=48_000,
        capture_us=CAPTURE_US + 1_000_000 * index // 30,
        is_video=False,
        is_key=True,
    )


@pytest.fixture
async def egress() -> AsyncIterator[Egress]:
    made = Egress()
    yield made
    await made.peer.close()


@pytest.fixture
async def viewer(egress: Egress) -> AsyncIterator[Viewer]:
    """A connected viewer."""
    made = Viewer()
    await made.start(egress.signal)
    await until(lambda: egress.connects)
    yield made
    await made.close()


def joined(packets: list[RtpPacket], codec: Codec = Codec.H264) -> bytes:
    return b"".join(depacketize(codec, packet.payload).data for packet in packets)


async def test_units_arrive_whole_on_one_time_line(egress: Egress, viewer: Viewer) -> None:
    units = coding.h264(480, 270, 4)
    for index, unit in enumerate(units):
        egress.peer.push(video(index, unit, key=index == 0))
        egress.peer.push(audio(index))
    received = viewer.received["video"]
    await until(lambda: len(received.timestamps) == 4 and received.packets[-1].marker)
    assert received.timestamps == [3000 * i + RTP_OFFSET for i in range(4)]
    frames = [[p for p in received.packets if p.timestamp == at] for at in received.timestamps]
    assert coding.decode(Codec.H264, [joined(frame) for frame in frames]) == [(480, 270)] * 4
    assert all([p.marker for p in frame] == [0] * (len(frame) - 1) + [1] for frame in frames)
    numbers = [p.sequence_number for p in received.packets]
    assert numbers == [(numbers[0] + i) % 65536 for i in range(len(numbers))]
    sound = viewer.received["audio"]
    await until(lambda: len(sound.packets) == 4)
    assert [p.payload for p in sound.packets] == [coding.OPUS_SILENCE] * 4
    assert egress.connects == 1


async def test_nothing_is_sent_before_a_key_frame(egress: Egress, viewer: Viewer) -> None:
    units = coding.h264(98, 54, 3)
    egress.peer.push(video(1, units[1]))
    assert egress.peer.needs_key
    egress.peer.push(video(2, units[0], key=True))
    received = viewer.received["video"]
    await until(lambda: received.packets)
    assert received.timestamps == [6000 + RTP_OFFSET]
    assert egress.peer.dropped == {"no_key": 1}


async def test_nacks_do_not_multiply(egress: Egress, viewer: Viewer) -> None:
    sender = egress.peer._senders["video"]
    resent: list[int] = []

    packets: Any = sender._packets
    packets.repeat = lambda sequence, *, now: resent.append(sequence)
    own = sender.source.ssrc
    nack = RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=1, media_ssrc=own, lost=list(range(400)))
    started = time.monotonic()
    for _ in range(10):
        sender.on_control(nack)
    took_s = time.monotonic() - started
    assert RESENDS_PER_S <= len(resent) <= RESENDS_PER_S * (1 + took_s)


async def test_a_nack_is_answered_by_rtx(egress: Egress, viewer: Viewer) -> None:
    egress.peer.push(video(0, coding.h264(480, 270)[0], key=True))
    received = viewer.received["video"]
    await until(lambda: received.packets and received.packets[-1].marker)
    count = len(received.packets)
    lost = received.packets[1]
    receiver = viewer.receiver("video")
    # A number that was never sent is passed over.
    unknown = (lost.sequence_number + 500) % 65536
    await receiver._send_rtcp_nack(lost.ssrc, [lost.sequence_number, unknown])
    await until(lambda: len(received.packets) > count)
    again = received.packets[count]
    assert again.ssrc != lost.ssrc
    assert again.payload_type != lost.payload_type
    restored = unwrap_rtx(again, payload_type=lost.payload_type, ssrc=lost.ssrc)
    assert (restored.sequence_number, restored.timestamp) == (lost.sequence_number, lost.timestamp)
    assert restored.payload == lost.payload
    assert len(received.packets) == count + 1


async def test_a_pli_asks_for_a_key_frame(egress: Egress, viewer: Viewer) -> None:
    egress.peer.push(video(0, coding.h264(98, 54)[0], key=True))
    received = viewer.received["video"]
    await until(lambda: received.packets)
    assert egress.key_frames_asked == 0
    await viewer.receiver("video")._send_rtcp_pli(received.packets[0].ssrc)
    await until(lambda: egress.key_frames_asked == 1)


async def test_reports_let_a_browser_align_late_video_with_audio(
    egress: Egress, viewer: Viewer
) -> None:
    unit = coding.h264(98, 54)[0]

    async def push_all() -> None:
        for index in range(400):
            egress.peer.push(audio(index))
            if index >= 9:  # enhancement took 300 ms
                egress.peer.push(video(index - 9, unit, key=True))
            await asyncio.sleep(1 / 30)

    task = asyncio.get_running_loop().create_task(push_all())
    try:
        await until(lambda: all(r.reports for r in viewer.received.values()))
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    for kind, rate, offset in (("video", 90_000, RTP_OFFSET), ("audio", 48_000, 0)):
        info = viewer.received[kind].reports[-1].sender_info
        media_us = (info.rtp_timestamp - offset) * 1_000_000 // rate
        assert abs(ntp_to_us(info.ntp_timestamp) - CAPTURE_US - media_us) <= 50
        assert info.packet_count > 0


async def test_rtp_times_never_go_back_and_such_units_are_no_base_for_reports(
    egress: Egress, viewer: Viewer
) -> None:
    unit = coding.h264(98, 54)[0]
    for index in (10, 11, 5, 6):
        egress.peer.push(video(index, unit, key=True))
    received = viewer.received["video"]
    await until(lambda: len(received.timestamps) == 4)
    assert [t - RTP_OFFSET for t in received.timestamps] == [30_000, 33_000, 33_090, 33_180]
    await until(lambda: received.reports)
    assert received.reports[0].sender_info.rtp_timestamp == 33_000 + RTP_OFFSET


async def test_a_codec_the_viewer_did_not_take_is_not_sent(egress: Egress, viewer: Viewer) -> None:
    assert egress.peer.can_send(Codec.H264)
    assert not egress.peer.can_send(Codec.VP8)


@pytest.mark.parametrize("codec", [Codec.VP9, Codec.AV1])
async def test_a_codec_that_is_only_passed_on_arrives_whole(egress: Egress, codec: Codec) -> None:
    made = Viewer("video")
    await made.start(egress.signal, codec.name)
    await until(lambda: egress.connects)
    assert [c for c in Codec if egress.peer.can_send(c)] == [codec]
    units = {Codec.VP9: coding.vp9, Codec.AV1: coding.av1}[codec](480, 270, 3)
    for index, unit in enumerate(units):
        payloads = tuple(packetize(codec, unit, picture_id=index))
        egress.peer.push(
            dataclasses.replace(video(index, b"", key=index == 0), payloads=payloads, codec=codec)
        )
    received = made.received["video"]
    await until(lambda: len(received.timestamps) == 3 and received.packets[-1].marker)
    frames = [[p for p in received.packets if p.timestamp == at] for at in received.timestamps]
    assert tuple(unit_of(codec, [p.payload for p in frame]) for frame in frames) == units
    await made.close()


async def test_a_viewer_of_video_alone_gets_no_audio(egress: Egress) -> None:
    made = Viewer("video")
    await made.start(egress.signal)
    await until(lambda: egress.connects)
    egress.peer.push(audio(0))
    egress.peer.push(video(0, coding.h264(98, 54)[0], key=True))
    await until(lambda: made.received["video"].packets)
    await made.close()
    await until(lambda: egress.ends)
    assert egress.ends == ["the connection closed"]


async def test_units_pushed_before_and_after_the_connection_are_lost_quietly() -> None:
    egress = Egress()
    egress.peer.push(video(0, coding.h264(98, 54)[0], key=True))
    made = Viewer()
    await made.start(egress.signal)
    await until(lambda: egress.connects)
    await egress.peer.close()
    await egress.peer.close()
    egress.peer.push(video(0, coding.h264(98, 54)[0], key=True))
    await made.close()
    assert egress.ends == []


async def test_no_task_is_left() -> None:
    before = asyncio.all_tasks()
    egress = Egress()
    made = Viewer()
    await made.start(egress.signal)
    await until(lambda: egress.connects)
    egress.peer.push(video(0, coding.h264(98, 54)[0], key=True))
    await until(lambda: made.received["video"].packets)
    await egress.peer.close()
    await made.close()
    await no_tasks_but(before)


async def test_a_unit_that_fits_no_packet_is_left_out_and_the_rest_goes_on(
    egress: Egress, viewer: Viewer
) -> None:
    key, *rest = coding.h264(98, 54, 4, options="keyint=2")
    whole = audio(0)
    egress.peer.push(dataclasses.replace(whole, payloads=(bytes(1450),)))
    egress.peer.push(audio(1))
    huge = video(0, key, key=True)
    egress.peer.push(dataclasses.replace(huge, payloads=(*huge.payloads, bytes(1450))))
    egress.peer.push(video(1, rest[0]))
    egress.peer.push(video(2, rest[1], key=True))
    await until(lambda: len(viewer.received["audio"].packets) == 1)
    await until(lambda: viewer.received["video"].packets)
    await until(lambda: viewer.received["video"].packets[-1].marker)
    assert egress.ends == []
    assert egress.peer.dropped == {"unsendable": 2, "no_key": 1}


@pytest.mark.parametrize("capture_us", [-(1 << 62), -1, 1 << 62])
async def test_a_capture_time_that_cannot_be_ends_no_reports(
    egress: Egress, viewer: Viewer, capture_us: int
) -> None:
    wild = dataclasses.replace(video(0, coding.h264(98, 54)[0], key=True), capture_us=capture_us)
    egress.peer.push(wild)
    await until(lambda: viewer.received["video"].reports)
    assert egress.ends == []


async def test_a_sender_that_dies_ends_its_viewer_with_a_reason(
    egress: Egress, viewer: Viewer, caplog: pytest.LogCaptureFixture
) -> None:
    broken = dataclasses.replace(audio(0), pts=None)  # type: ignore[arg-type]
    egress.peer.push(broken)
    await until(lambda: egress.ends)
    assert len(egress.ends) == 1
    assert egress.ends[0].startswith("sending audio failed: TypeError")
    assert "sending audio failed" in caplog.text


async def test_a_viewer_to_whom_nothing_can_be_sent_is_let_go(
    egress: Egress, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(sender: object, section: object) -> None:
        """As where starting fails."""

    monkeypatch.setattr("app.webrtc.viewer_connection.CONNECT_S", 0.5)
    monkeypatch.setattr("app.webrtc.rtp_sender.RtpSender.start", never)
    made = Viewer()
    await made.start(egress.signal)
    await until(lambda: egress.ends)
    assert egress.ends == ["nothing can be sent on the connection that was made"]
    await made.close()


async def test_after_four_gigabytes_reports_go_on(egress: Egress, viewer: Viewer) -> None:
    """Counts of sender reports have 32 bits (RFC 3550 section 6.4.1) and wrap."""
    sender = egress.peer._senders["video"]
    sender.packets, sender.octets = 2**32 - 1, 2**32 - 1
    egress.peer.push(video(0, coding.h264(160, 90)[0], key=True))
    reports = viewer.received["video"].reports
    await until(lambda: reports)
    info = reports[0].sender_info
    assert info.packet_count < 100
    assert info.octet_count < 100_000


def group_of_packets(units: int, packets: int) -> list[PacketizedFrame]:
    """A group of pictures whose units have so many packets each."""
    made = []
    for index in range(units):
        payloads = tuple(bytes([0x41, index]) + bytes(1198) for _ in range(packets))
        unit = video(index, b"\x00\x00\x00\x01\x65\x00", key=index == 0, live=index == units - 1)
        made.append(dataclasses.replace(unit, payloads=payloads))
    return made


@pytest.mark.parametrize(("units", "packets"), [(60, 10), (250, 3), (1, 600)])
async def test_a_large_group_arrives_whole_in_a_socket_of_the_usual_size(
    egress: Egress, viewer: Viewer, units: int, packets: int
) -> None:
    """A hundred packets overflow it: what leaves faster than they are read is lost.

    Sender and viewer share a loop here, which reads one packet a turn: where the machine gives
    the process no core for a while, some are lost all the same, but not three times in a row.
    """
    asyncio.get_running_loop().set_debug(False)  # it takes more time than the viewer for a packet
    received, sound = viewer.received["video"], viewer.received["audio"]
    sender = egress.peer._senders["video"]
    found: list[int] = []
    while not found or (found[-1] < units * packets and len(found) < 3):
        received.packets.clear()
        sound.packets.clear()
        for unit in group_of_packets(units, packets):
            egress.peer.push(unit)
        egress.peer.push(audio(1))
        await until(lambda: sound.packets)
        assert len(received.packets) < units * packets // 2, "audio waits for no video"
        while sender.packets < (len(found) + 1) * units * packets:  # noqa: ASYNC110 - the sender has no event
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)  # until what arrived was read
        found.append(len(received.packets))
    assert found[-1] == units * packets, found
    assert egress.peer.dropped == {}
