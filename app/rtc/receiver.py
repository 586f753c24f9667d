"""The receiver of one published track: RTP in, coded units out.

Takes the place of aiortc's receiver under its transports. No decoder, no thread, no queue: a
unit is handed over in the call that completes it.
"""

from __future__ import annotations

import asyncio
import dataclasses
import random
import time
from collections.abc import Callable

from aiortc import clock as rtc_clock
from aiortc.codecs import is_rtx
from aiortc.rate import RemoteBitrateEstimator
from aiortc.rtcdtlstransport import RTCDtlsTransport
from aiortc.rtcrtpparameters import RTCRtpCodecParameters, RTCRtpReceiveParameters
from aiortc.rtcrtpreceiver import RTCRtpReceiver, StreamStatistics
from aiortc.rtp import (
    RTCP_PSFB_APP,
    AnyRtcpPacket,
    RtcpByePacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpSrPacket,
    RtpPacket,
    pack_remb_fci,
    unwrap_rtx,
)

from app.rtc.assembler import AudioAssembler, CodedUnit, Output, Packet, VideoAssembler
from app.rtc.payloads import CODEC_NAMES, depayload
from wire.batch import Codec
from wire.clock import now_us

MAX_SOURCES = 8
"""SSRCs a report speaks of; a publisher has two, media and retransmission."""


@dataclasses.dataclass(frozen=True, slots=True)
class ReceiverEvents:
    """Whom a receiver tells; all are called on the event loop and must not block."""

    on_unit: Callable[[Codec, int, CodedUnit], None]
    "(codec, clock rate in Hz, unit)"
    on_report: Callable[[int, int], None]
    "(64-bit NTP time, 32-bit RTP time) of a sender report"
    on_end: Callable[[str], None]
    "The publisher left; the text says how."


class UnitReceiver(RTCRtpReceiver):
    """One track's receiver; ``lost_packets`` counts what no retransmission brought back."""

    def __init__(self, kind: str, transport: RTCDtlsTransport, events: ReceiverEvents) -> None:
        super().__init__(kind, transport)
        self._events = events
        self._video = VideoAssembler() if kind == "video" else None
        self._audio = AudioAssembler()
        self._estimator = RemoteBitrateEstimator() if kind == "video" else None
        self._codecs: dict[int, RTCRtpCodecParameters] = {}
        self._rtx_ssrcs: dict[int, int] = {}
        self._statistics: dict[int, StreamStatistics] = {}
        self._reports: dict[int, tuple[int, float]] = {}
        self._own_ssrc: int | None = None
        self._media_ssrc: int | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._started = False
        self.malformed_packets = 0

    @property
    def lost_packets(self) -> int:
        """Packets given up."""
        return self._video.lost if self._video else 0

    @property
    def late_packets(self) -> int:
        """Packets that came twice, or after they were given up."""
        return self._video.late if self._video else self._audio.late

    def request_key_frame(self) -> None:
        """Sends a PLI (RFC 4585 section 6.3.1) once the publisher's SSRC is known."""
        if self._media_ssrc is not None:
            self._spawn("pli", self._send_rtcp_pli(self._media_ssrc))

    # What aiortc's peer connection and transport call.

    def _set_rtcp_ssrc(self, ssrc: int) -> None:
        super()._set_rtcp_ssrc(ssrc)
        self._own_ssrc = ssrc

    async def receive(self, parameters: RTCRtpReceiveParameters) -> None:
        """Starts taking packets."""
        if self._started:
            return
        self._started = True
        self._codecs = {int(codec.payloadType or 0): codec for codec in parameters.codecs}
        for encoding in parameters.encodings:
            if encoding.rtx:
                self._rtx_ssrcs[encoding.rtx.ssrc] = encoding.ssrc
        self.transport._register_rtp_receiver(self, parameters)
        self._spawn("reports", self._run_reports())

    async def stop(self) -> None:
        """Stops; no event follows."""
        if self._started:
            self.transport._unregister_rtp_receiver(self)
            self._started = False
        if self._timer is not None:
            self._timer.cancel()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _handle_disconnect(self) -> None:
        self._events.on_end("the connection closed")

    async def _handle_rtcp_packet(self, packet: AnyRtcpPacket) -> None:
        if isinstance(packet, RtcpSrPacket):
            info = packet.sender_info
            self._reports[packet.ssrc] = (info.ntp_timestamp >> 16 & 0xFFFFFFFF, time.monotonic())
            if packet.ssrc == self._media_ssrc:
                self._events.on_report(info.ntp_timestamp, info.rtp_timestamp)
        elif isinstance(packet, RtcpByePacket) and self._media_ssrc in packet.sources:
            self._events.on_end("the publisher said goodbye")

    async def _handle_rtp_packet(self, packet: RtpPacket, arrival_time_ms: int) -> None:
        arrival_us = now_us()
        await self._estimate(packet, arrival_time_ms)
        codec = self._codecs.get(packet.payload_type)
        if codec is None:
            return
        if packet.ssrc not in self._statistics and len(self._statistics) < MAX_SOURCES:
            self._statistics[packet.ssrc] = StreamStatistics(codec.clockRate)
        if packet.ssrc in self._statistics:
            self._statistics[packet.ssrc].add(packet)
        if is_rtx(codec):
            restored = self._unwrap_rtx(packet, codec)
            if restored is None:
                return
            packet, codec = restored
        self._media_ssrc = packet.ssrc
        name = CODEC_NAMES.get(codec.name.lower())
        if name is None:
            return
        try:
            fragment = depayload(name, packet.payload)
        except ValueError:
            self.malformed_packets += 1
            return
        media = Packet(
            packet.sequence_number, packet.timestamp, bool(packet.marker), fragment.data,
            arrival_us, fragment.head,
        )  # fmt: skip
        if self._video is None:
            unit = self._audio.add(media)
            if unit is not None:
                self._events.on_unit(name, codec.clockRate, unit)
            return
        await self._carry_out(name, codec.clockRate, self._video.add(media, now=time.monotonic()))

    async def _carry_out(self, codec: Codec, clock_rate: int, out: Output) -> None:
        for unit in out.units:
            self._events.on_unit(codec, clock_rate, unit)
        if self._media_ssrc is not None:
            if out.nacks:
                await self._send_rtcp_nack(self._media_ssrc, out.nacks)
            if out.pli:
                await self._send_rtcp_pli(self._media_ssrc)
        self._set_timer(codec, clock_rate)

    def _set_timer(self, codec: Codec, clock_rate: int) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self._video.next_deadline() if self._video else None
        if deadline is not None and self._started:
            wait = max(0.0, deadline - time.monotonic())
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(wait, self._on_timer, codec, clock_rate)

    def _on_timer(self, codec: Codec, clock_rate: int) -> None:
        self._timer = None
        if self._video is not None:
            out = self._video.on_time(now=time.monotonic())
            self._spawn("repair", self._carry_out(codec, clock_rate, out))

    def _unwrap_rtx(
        self, packet: RtpPacket, codec: RTCRtpCodecParameters
    ) -> tuple[RtpPacket, RTCRtpCodecParameters] | None:
        """The original packet of a retransmission (RFC 4588 section 4)."""
        ssrc = self._rtx_ssrcs.get(packet.ssrc, self._media_ssrc)
        apt = codec.parameters.get("apt")
        if ssrc is None or not isinstance(apt, int) or apt not in self._codecs:
            return None
        if len(packet.payload) < 2:
            return None
        return unwrap_rtx(packet, payload_type=apt, ssrc=ssrc), self._codecs[apt]

    async def _estimate(self, packet: RtpPacket, arrival_ms: int) -> None:
        """Feeds the bandwidth estimate that tells a browser how much it may send."""
        if self._estimator is None or packet.extensions.abs_send_time is None:
            return
        estimate = self._estimator.add(
            abs_send_time=packet.extensions.abs_send_time,
            arrival_time_ms=arrival_ms,
            payload_size=len(packet.payload) + packet.padding_size,
            ssrc=packet.ssrc,
        )
        if estimate is not None and self._own_ssrc is not None:
            report = RtcpPsfbPacket(
                fmt=RTCP_PSFB_APP, ssrc=self._own_ssrc, media_ssrc=0, fci=pack_remb_fci(*estimate)
            )
            await self._send_rtcp(report)

    async def _run_reports(self) -> None:
        """Receiver reports at the randomized interval of RFC 3550 section 6.2."""
        while True:
            await asyncio.sleep(0.5 + random.random())
            reports = [self._report(ssrc, s) for ssrc, s in self._statistics.items()]
            if reports and self._own_ssrc is not None:
                await self._send_rtcp(RtcpRrPacket(ssrc=self._own_ssrc, reports=reports))

    def _report(self, ssrc: int, statistics: StreamStatistics) -> RtcpReceiverInfo:
        last_report, at = self._reports.get(ssrc, (0, 0.0))
        delay = int((time.monotonic() - at) * 65536) if last_report else 0
        return RtcpReceiverInfo(
            ssrc=ssrc,
            fraction_lost=statistics.fraction_lost,
            packets_lost=statistics.packets_lost,
            highest_sequence=statistics.max_seq or 0,
            jitter=statistics.jitter,
            lsr=last_report,
            dlsr=min(delay, 0xFFFFFFFF),
        )

    def _spawn(self, name: str, work: object) -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work, name=name)  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def ntp_now() -> int:
    """64-bit NTP time, for header extensions."""
    return rtc_clock.current_ntp_time()
