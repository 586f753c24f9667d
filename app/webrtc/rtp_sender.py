"""The sender of one track to one viewer: coded units in, RTP out.

RTP times follow the stream's one time line and sender reports pair them with the capture clock, so
that a browser aligns audio with video however long the enhancement took. It has no task: a unit
leaves in the call that brings it, and what has to wait is sent by a timer that all viewers share.
"""

from __future__ import annotations

import dataclasses
import logging
import random
import struct
import time
from collections.abc import Callable
from typing import Any

import pylibsrtp
from aiortc.rtp import (
    RTCP_PSFB_FIR,
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    AnyRtcpPacket,
    RtcpByePacket,
    RtcpPsfbPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSrPacket,
)

from app.rtp.pacer import Pacer
from app.rtp.send_queue import PacketizedFrame, SendQueue
from app.rtp.sent_groups import SentGroups
from app.rtp.sent_history import SentUnit
from app.token_bucket import TokenBucket
from app.webrtc.peer_transport import PacketTransport
from app.webrtc.remb import Remb, parse_remb
from app.webrtc.sdp_answer import OwnSource
from app.webrtc.sdp_offer import MediaOffer
from app.webrtc.sender_report import SenderReports
from app.webrtc.shared_timer import SharedTimer
from app.webrtc.track_packets import TrackPackets
from media.codec import Codec

log = logging.getLogger(__name__)

RESENDS_PER_S = 500.0
"""Packets sent again to one viewer, at once and per second: a NACK is small and must not
multiply."""

FIRST_REPORT_S = 0.2
"""A browser cannot align sound and picture before it has a report of each."""

MIN_REPORT_S, REPORT_SPREAD_S = 0.5, 1.0
"""Reports are half a second to one and a half apart, at random: RFC 3550 section 6.2."""

_UNSENDABLE = (ValueError, OverflowError, struct.error, pylibsrtp.Error)
"""Errors that packing and protecting raise for a unit that fits no packet: it is left out."""


@dataclasses.dataclass(frozen=True, slots=True)
class SenderEvents:
    """Callbacks of a sender, called on the event loop."""

    on_key_frame_needed: Callable[[], None]
    on_running: Callable[[], None]
    on_failed: Callable[[str], None]
    "Called at most once, with the reason as a sentence."


@dataclasses.dataclass(slots=True)
class _Begun:
    """A unit of which some packets have left."""

    unit: PacketizedFrame
    sent: SentUnit
    left: int = 0
    "Packets that have left."


class RtpSender:
    """One track's sender. ``push`` is the only way in; it never waits."""

    def __init__(
        self,
        kind: str,
        transport: PacketTransport,
        source: OwnSource,
        events: SenderEvents,
        *,
        rtp_offset: int,
        timer: SharedTimer,
        sent: SentGroups,
    ) -> None:
        """``timer`` is that of all senders, ``sent`` that of the connection's tracks."""
        self.kind = kind
        self.source = source
        """Its numbers and names, as they stand in the answer."""
        self._transport = transport
        self._events = events
        self._rtp_offset = rtp_offset
        self._timer = timer
        self._sent = sent
        self._queue = SendQueue()
        self._pacer = Pacer() if kind == "video" else None
        self._begun: _Begun | None = None
        self._packets: TrackPackets | None = None
        "None before the connection stands, and once sending has ended."
        self._reports = SenderReports(source)
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
        return self._packets is not None

    @property
    def needs_key(self) -> bool:
        """True while video waits for a key frame."""
        return self._queue.needs_key

    def can_send(self, codec: Codec) -> bool:
        """True if the viewer negotiated the codec."""
        return self._packets is not None and self._packets.can_send(codec)

    def start(self, section: MediaOffer) -> None:
        """Starts sending by the section's payload types; the connection stands."""
        if self._packets is not None:
            return
        self._packets = TrackPackets(section, self.source, self._sent, rtp_offset=self._rtp_offset)
        self._timer.schedule(self._report, time.monotonic() + FIRST_REPORT_S)
        self._events.on_running()

    async def stop(self) -> None:
        """Says goodbye and stops."""
        if self._end():
            self._transport.send_control(bytes(RtcpByePacket(sources=[self.source.ssrc])))

    def _end(self) -> bool:
        """Sends nothing more; False if that was so already."""
        was_running, self._packets = self._packets is not None, None
        self._timer.cancel(self._serve)
        self._timer.cancel(self._report)
        return was_running

    def push(self, unit: PacketizedFrame) -> None:
        """Sends one unit or queues it, by the rules of ``SendQueue`` and at the pace of ``Pacer``.

        Nothing is taken before the connection stands.
        """
        if self._packets is None:
            return
        now = time.monotonic()
        if self._begun is None and self._queue.pass_by(unit, now=now):
            at = self._guarded(self._send, unit, now)
            if at is not None:
                self._timer.schedule(self._serve, at)
        else:
            self._queue.push(unit, now=now)
            self._serve_later(now)

    def limit(self, bps: float | None) -> None:
        """Sends video no faster than this until another limit; None: as usual."""
        if self._pacer is not None:
            self._pacer.limit(bps)

    def restart(self) -> None:
        """Drops video up to the next key frame: another rendition follows."""
        self._queue.restart()

    def _serve_later(self, now: float) -> None:
        # A unit of which a part has left has its own time already.
        if self._begun is None and (at := self._queue.next_deadline(now=now)) is not None:
            self._timer.schedule(self._serve, at)

    def _serve(self, now: float) -> float | None:
        """Sends what may leave of one unit; returns when it is worth calling again."""
        if self._begun is not None:
            at = self._guarded(self._go_on, self._begun, now)
        elif (unit := self._queue.pop(now=now)) is not None:
            at = self._guarded(self._send, unit, now)
        else:
            at = None
        if at is None and self._packets is not None:
            at = self._queue.next_deadline(now=now)
        return at

    def _guarded(
        self, step: Callable[[Any, float], float | None], of: Any, now: float
    ) -> float | None:
        """Does a step, whose errors concern this viewer alone."""
        try:
            return step(of, now)
        except Exception as error:
            # The border of one viewer: whoever pushes serves others with the same unit.
            log.exception("sending %s failed", self.kind, extra={"action": "sending_failed"})
            self._end()
            self._events.on_failed(f"sending {self.kind} failed: {error!r}")
            return None

    def _send(self, unit: PacketizedFrame, now: float) -> float | None:
        """Sends a unit, or what may leave of it; returns when it is to go on."""
        if self._packets is None:
            return None
        sent = self._packets.begin(unit)
        if sent is None:
            self._queue.dropped["codec"] += 1
            return None
        if self._pacer is None or self._pacer.take_unit(unit.size, now=now):
            self._leave(unit, sent, 0, len(unit.payloads), now)
            return None
        return self._go_on(_Begun(unit, sent), now)

    def _go_on(self, begun: _Begun, now: float) -> float | None:
        """Sends what the pacer lets leave; returns when the rest may follow."""
        rest = begun.unit.payloads[begun.left :]
        count, wait_s = len(rest), 0.0
        if self._pacer is not None:
            count, wait_s = self._pacer.take_all([len(payload) for payload in rest], now=now)
        self._begun = begun if wait_s else None
        if count:
            begin, begun.left = begun.left, begun.left + count
            self._leave(begun.unit, begun.sent, begin, begun.left, now)
        if self._begun is None:
            return None
        if self._pacer is not None:
            self._pacer.set_rate(self._queue.live_rate(now=now))
        return now + wait_s

    def _leave(
        self, unit: PacketizedFrame, sent: SentUnit, begin: int, end: int, now: float
    ) -> None:
        """Hands packets of a unit to the transport."""
        if self._packets is None:
            return
        try:
            self._transport.send_packets(
                self._packets.write(sent, begin, end, has_marker=unit.is_video, now=now)
            )
        except _UNSENDABLE:
            self._begun = None
            self._queue.on_unsendable(unit)
            return
        count = end - begin
        self.packets += count
        is_whole = count == len(unit.payloads)
        self.octets += unit.size if is_whole else sum(map(len, unit.payloads[begin:end]))

    def on_control(self, packet: AnyRtcpPacket) -> None:
        """Takes one RTCP packet of the viewer, whichever track it is for."""
        if (estimate := parse_remb(packet)) is not None:
            self._take_estimate(estimate)  # which names its sources itself
        elif isinstance(packet, RtcpRrPacket | RtcpSrPacket):
            self._take_reports(packet.reports, time.monotonic())
        elif not isinstance(packet, RtcpPsfbPacket | RtcpRtpfbPacket):
            return
        elif isinstance(packet, RtcpPsfbPacket) and packet.fmt == RTCP_PSFB_FIR:
            # RFC 5104 section 4.3.1: its sources stand behind the header.
            if packet.fci[:4] == self.source.ssrc.to_bytes(4, "big"):
                self._events.on_key_frame_needed()
        elif packet.media_ssrc != self.source.ssrc:
            return
        elif isinstance(packet, RtcpPsfbPacket):
            if packet.fmt == RTCP_PSFB_PLI:
                self._events.on_key_frame_needed()
        elif packet.fmt == RTCP_RTPFB_NACK:
            self._repeat(packet.lost, time.monotonic())

    def _take_estimate(self, estimate: Remb) -> None:
        if self.source.ssrc in estimate.ssrcs:
            now = time.monotonic()
            self._queue.on_bandwidth(estimate.bps, now=now)
            # What waits for a slower link may leave at once now.
            self._serve_later(now)

    def _take_reports(self, reports: list[RtcpReceiverInfo], now: float) -> None:
        for report in reports:
            if report.ssrc == self.source.ssrc:
                round_trip_s = self._reports.round_trip_s(report.lsr, report.dlsr, now=now)
                self._queue.on_report(report.fraction_lost / 256, round_trip_s, now=now)

    def _repeat(self, lost: list[int], now: float) -> None:
        """Answers a NACK as far as the rate of retransmissions allows."""
        packets = []
        for sequence in lost:
            if self._packets is None or not self._resends.take(now=now):
                break
            packet = self._packets.repeat(sequence, now=now)
            if packet is not None:
                packets.append(packet)
                if self._pacer is not None:
                    self._pacer.overdraw(len(packet))  # a packet that is missed waits for nothing
        if packets:
            self._transport.send_packets(packets)

    def _report(self, now: float) -> float | None:
        """Sends a report; returns when the next one is due."""
        if self._packets is None:
            return None
        base = self._packets.report_base
        if base is None:
            return now + FIRST_REPORT_S
        report = self._reports.write(base, packets=self.packets, octets=self.octets, now=now)
        self._transport.send_control(report)
        return now + MIN_REPORT_S + REPORT_SPREAD_S * random.random()
