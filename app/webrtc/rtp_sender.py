"""The sender of one track to one viewer: coded units in, RTP out.

RTP times follow the stream's one time
line and sender reports pair them with the capture clock, so that a browser aligns audio with
video however long the enhancement took.
"""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
import struct
import time
from collections.abc import Callable

import pylibsrtp
from aiortc.clock import current_ntp_time
from aiortc.rtp import (
    RTCP_PSFB_APP,
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    AnyRtcpPacket,
    RtcpByePacket,
    RtcpPsfbPacket,
    RtcpRtpfbPacket,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSourceInfo,
    RtcpSrPacket,
    unpack_remb_fci,
)

from app.rtp.capture_clock import us_to_ntp
from app.rtp.outgoing_times import OutgoingTimes
from app.rtp.pacer import Pacer
from app.rtp.send_queue import PacketizedFrame, SendQueue
from app.token_bucket import TokenBucket
from app.webrtc.extension_map import MID, SEND_TIME
from app.webrtc.peer_transport import PacketTransport
from app.webrtc.rtp_header import RtpHeader
from app.webrtc.sdp_answer import OwnSource
from app.webrtc.sdp_offer import MediaOffer
from media.codec import Codec

log = logging.getLogger(__name__)

# 65,536 is a multiple of it, so numbers keep their places when they wrap around.
HISTORY = 1024
"""Packets kept for retransmission, a power of two."""

RESENDS_PER_S = 500.0
"""Packets sent again to one viewer, at once and per second: a NACK is small and must not
multiply."""

_UNSENDABLE = (ValueError, OverflowError, struct.error, pylibsrtp.Error)
"""Errors that packing and protecting raise for a unit that fits no packet: it is left out."""


class RtpSender:
    """One track's sender. ``push`` is the only way in; it never waits."""

    def __init__(
        self,
        kind: str,
        transport: PacketTransport,
        source: OwnSource,
        *,
        rtp_offset: int,
        on_key_frame_needed: Callable[[], None],
        on_running: Callable[[], None],
        on_failed: Callable[[str], None],
    ) -> None:
        self.kind = kind
        self.source = source
        """The numbers and names of it in the answer."""
        self._transport = transport
        self._queue = SendQueue()
        self._pacer = Pacer() if kind == "video" else None
        self._wake = asyncio.Event()
        self._rtp_offset = rtp_offset
        self._on_key_frame_needed = on_key_frame_needed
        self._on_running = on_running
        self._on_failed = on_failed
        self._payload_types: dict[int, int] = {}
        self._rtx_types: dict[int, int] = {}
        self._header: RtpHeader | None = None
        self._rtx_header: RtpHeader | None = None
        # RFC 3711 section 3.3.1: below the half, so that the first loss is no wrap-around.
        self._sequence = secrets.randbits(15)
        self._rtx_sequence = secrets.randbits(15)
        self._history: dict[int, tuple[int, int, bool, int, bytes]] = {}
        self._times = OutgoingTimes()
        self._report_base: tuple[int, int] | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._running = False
        self._resends = TokenBucket(per_s=RESENDS_PER_S, burst=RESENDS_PER_S)
        self.packets = 0
        self.octets = 0

    @property
    def dropped(self) -> dict[str, int]:
        """Units not sent, by reason."""
        return dict(self._queue.dropped)

    @property
    def is_running(self) -> bool:
        """True once the connection stands."""
        return self._running

    @property
    def needs_key(self) -> bool:
        """True while video waits for a key frame."""
        return self._queue.needs_key

    def can_send(self, codec: Codec) -> bool:
        """True if the viewer negotiated the codec."""
        return codec in self._payload_types

    def push(self, unit: PacketizedFrame) -> None:
        """Queues one unit by the rules of ``SendQueue``; nothing before the connection stands."""
        if self._running:
            self._queue.push(unit, now=time.monotonic())
            self._wake.set()

    def restart(self) -> None:
        """Drops video up to the next key frame: another rendition follows."""
        self._queue.restart()

    def start(self, section: MediaOffer) -> None:
        """Starts sending by the section's payload types; the connection stands."""
        if self._running:
            return
        self._running = True
        # The first payload type of a codec counts: they stand in the answer's order of preference.
        for payload in section.payloads:
            if payload.codec is not None:
                self._payload_types.setdefault(payload.codec.codec, payload.number)
            elif payload.base is not None:
                self._rtx_types.setdefault(payload.base, payload.number)
        ids = {extension.uri: extension.id for extension in section.extensions}
        mid, mid_id, time_id = section.mid, ids.get(MID), ids.get(SEND_TIME)
        source = self.source
        self._header = RtpHeader(ssrc=source.ssrc, mid=mid, mid_id=mid_id, time_id=time_id)
        self._rtx_header = RtpHeader(ssrc=source.rtx_ssrc, mid=mid, mid_id=mid_id, time_id=time_id)
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(self._run_media(), name=f"send-{self.kind}"),
            loop.create_task(self._run_reports(), name=f"reports-{self.kind}"),
        ]
        for task in self._tasks:
            task.add_done_callback(self._task_done)
        self._on_running()

    def _task_done(self, task: asyncio.Task[None]) -> None:
        """Lets the viewer go to whom nothing is sent any more, which it notices."""
        if task.cancelled() or not self._running:
            return
        error = task.exception()
        if error is None:
            self._on_failed("the connection closed")
            return
        log.error("%s died", task.get_name(), exc_info=error, extra={"action": "task_failed"})
        self._on_failed(f"sending {self.kind} failed: {error!r}")

    async def stop(self) -> None:
        """Says goodbye and stops."""
        if not self._running:
            return
        self._running = False
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._send_control([RtcpByePacket(sources=[self.source.ssrc])])

    def on_control(self, packet: AnyRtcpPacket) -> None:
        """Takes one RTCP packet of the viewer, whichever track it is for."""
        if isinstance(packet, RtcpPsfbPacket) and packet.fmt == RTCP_PSFB_APP:
            self._take_estimate(packet.fci)  # which names its sources itself
        elif not isinstance(packet, RtcpPsfbPacket | RtcpRtpfbPacket):
            return
        elif isinstance(packet, RtcpPsfbPacket) and packet.fmt == RTCP_PSFB_FIR:
            # RFC 5104 section 4.3.1: its sources stand behind the header.
            if packet.fci[:4] == self.source.ssrc.to_bytes(4, "big"):
                self._on_key_frame_needed()
        elif packet.media_ssrc != self.source.ssrc:
            return
        elif isinstance(packet, RtcpPsfbPacket):
            if packet.fmt == RTCP_PSFB_PLI:
                self._on_key_frame_needed()
        elif packet.fmt == RTCP_RTPFB_NACK:
            for sequence in packet.lost:
                if not self._resends.take(now=time.monotonic()):
                    break
                self._resend(sequence)

    def _take_estimate(self, fci: bytes) -> None:
        try:
            bps, ssrcs = unpack_remb_fci(fci)
        except ValueError:
            return
        if self.source.ssrc in ssrcs:
            self._queue.on_bandwidth(bps, now=time.monotonic())

    async def _run_media(self) -> None:
        while True:
            # Cleared before the queue is asked, so a unit that comes during the wait below is
            # noticed, and one that came while another was sent is found at once.
            self._wake.clear()
            now = time.monotonic()
            unit = self._queue.pop(now=now)
            if unit is not None:
                try:
                    await self._send_unit(unit)
                except _UNSENDABLE:
                    self._queue.on_unsendable(unit)
                continue
            deadline = self._queue.next_deadline(now=now)
            try:
                async with asyncio.timeout(None if deadline is None else deadline - now):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def _send_unit(self, unit: PacketizedFrame) -> None:
        payload_type = self._payload_types.get(unit.codec)
        if payload_type is None or self._header is None:
            self._queue.dropped["codec"] += 1
            return
        pts = self._times.at(
            unit.pts,
            clock_rate=unit.clock_rate,
            is_key=unit.is_key or not unit.is_video,
            is_live=unit.is_live,
        )
        timestamp = (pts + self._rtp_offset) & 0xFFFFFFFF
        last = len(unit.payloads) - 1
        for index, payload in enumerate(unit.payloads):
            if self._pacer is not None:
                await self._pace(self._pacer, len(payload))
            marker = unit.is_video and index == last
            header = self._header.pack(
                payload_type=payload_type,
                marker=marker,
                sequence=self._sequence,
                timestamp=timestamp,
                # abs-send-time has 6 bits of seconds and 18 of their fraction.
                send_time=current_ntp_time() >> 14 & 0xFFFFFF,
            )
            # Kept before it is sent: a NACK may come while this waits for the transport.
            if unit.is_video:
                kept = (self._sequence, payload_type, marker, timestamp, payload)
                self._history[self._sequence % HISTORY] = kept
            self._transport.send_packets([header + payload])
            self._sequence = (self._sequence + 1) & 0xFFFF
            self.packets += 1
            self.octets += len(payload)
            # A large key frame must not keep the loop from what comes for other peers.
            if index % 16 == 15:
                await asyncio.sleep(0)
        # A time that was moved does not belong to the moment of capture, so it is no base for a
        # report.
        if unit.is_live and pts == unit.pts:
            self._report_base = (unit.capture_us, timestamp)

    async def _pace(self, pacer: Pacer, size: int) -> None:
        """Waits until the next packet of video may leave; most times it does not wait."""
        while wait_s := pacer.take(size, now=time.monotonic()):
            pacer.set_rate(self._queue.live_rate(now=time.monotonic()))
            await asyncio.sleep(wait_s)

    def _resend(self, sequence: int) -> None:
        """Answers a NACK, by RTX where negotiated (RFC 4588), else by the packet itself."""
        kept = self._history.get(sequence % HISTORY)
        # Another packet may have the place by now.
        if kept is None or kept[0] != sequence or self._header is None or not self._rtx_header:
            return
        _, payload_type, marker, timestamp, payload = kept
        header, number = self._header, sequence
        rtx_type = self._rtx_types.get(payload_type)
        if rtx_type is not None:
            header, number, payload_type = self._rtx_header, self._rtx_sequence, rtx_type
            # RFC 4588 section 4: the original sequence number stands in front of the payload.
            payload = sequence.to_bytes(2, "big") + payload
            self._rtx_sequence = (self._rtx_sequence + 1) & 0xFFFF
        head = header.pack(
            payload_type=payload_type,
            marker=marker,
            sequence=number,
            timestamp=timestamp,
            send_time=current_ntp_time() >> 14 & 0xFFFFFF,
        )
        if self._pacer is not None:
            self._pacer.overdraw(len(payload))  # a packet that is missed waits for nothing
        self._transport.send_packets([head + payload])

    async def _run_reports(self) -> None:
        while True:
            # The first report is sent soon after the first unit, because a browser cannot align
            # sound and picture before it has one of each.
            await asyncio.sleep(0.2 if self._report_base is None else 0.5 + random.random())
            if self._report_base is None:
                continue
            # RFC 3550 section 6.4.1: both times name the same instant, here that of capture.
            capture_us, timestamp = self._report_base
            report = RtcpSrPacket(
                ssrc=self.source.ssrc,
                sender_info=RtcpSenderInfo(
                    # Who wrote the stamp decides what it says; it has 64 bits (RFC 3550 6.4.1).
                    ntp_timestamp=us_to_ntp(capture_us) & 0xFFFFFFFFFFFFFFFF,
                    rtp_timestamp=timestamp,
                    packet_count=self.packets & 0xFFFFFFFF,
                    octet_count=self.octets & 0xFFFFFFFF,
                ),
            )
            source = RtcpSourceInfo(ssrc=self.source.ssrc, items=[(1, self.source.cname.encode())])
            self._send_control([report, RtcpSdesPacket(chunks=[source])])

    def _send_control(self, packets: list[AnyRtcpPacket]) -> None:
        self._transport.send_control(b"".join(bytes(packet) for packet in packets))
