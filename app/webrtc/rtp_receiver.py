"""The receiver of one published track: RTP in, coded units out.

No decoder, no thread, no queue: a unit is handed over in the call that completes it.
"""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import random
import secrets
import time
from collections.abc import Callable, Sequence

from aiortc.rate import RemoteBitrateEstimator
from aiortc.rtp import (
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    AnyRtcpPacket,
    RtcpPsfbPacket,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtcpSrPacket,
    RtpPacket,
    unwrap_rtx,
)

from app.rtp.jitter_buffer import AudioJitterBuffer, CodedUnit, Packet
from app.rtp.retransmission import PACED_S
from app.rtp.ssrc_choice import SsrcChoice
from app.webrtc.layer_receivers import LayerReceivers
from app.webrtc.payload_offer import REMB, Payload
from app.webrtc.peer_transport import PacketTransport
from app.webrtc.picture_receiver import Media, PictureReceiver, Requests
from app.webrtc.reception_reports import ReceptionReports
from app.webrtc.remb import Remb
from app.webrtc.sdp_offer import MediaOffer
from app.webrtc.transport_reporter import TransportReporter
from media.codec import CodecDescriptor
from wire.clock import now_us

log = logging.getLogger(__name__)

MAX_RID = 32
"""Letters of a restriction identifier that count, as in offers."""


@dataclasses.dataclass(frozen=True, slots=True)
class ReceiverEvents:
    """Callbacks of a receiver; all are called on the event loop and must not block."""

    on_unit: Callable[[CodecDescriptor, int, CodedUnit], None]
    "(codec, clock rate in Hz, unit)"
    on_report: Callable[[int, int], None]
    "(64-bit NTP time, 32-bit RTP time) of a sender report"
    on_end: Callable[[str], None]
    "The publisher left; the text says how."
    on_sign: Callable[[], None] = lambda: None
    "Something came that is no media."


@dataclasses.dataclass(frozen=True, slots=True)
class LayerCallbacks:
    """Callbacks of a receiver of simulcast layers; these are by restriction identifier."""

    on_unit: Callable[[str, CodecDescriptor, int, CodedUnit], None]
    "(layer, codec, clock rate in Hz, unit)"
    on_report: Callable[[str, int, int], None]
    "(layer, 64-bit NTP time, 32-bit RTP time) of a sender report."
    is_wanted: Callable[[str], bool]
    "True if a loss of the layer is worth a key frame."


class RtpReceiver:
    """One track's receiver; ``lost_packets`` counts what no retransmission brought back."""

    def __init__(
        self,
        kind: str,
        transport: PacketTransport,
        events: ReceiverEvents,
        *,
        layers: LayerCallbacks | None = None,
        reporter: TransportReporter | None = None,
        max_bps: int = 0,
    ) -> None:
        """``layers`` take the units instead of ``events`` where the track has simulcast layers.

        ``reporter`` is told of each packet that bears a transport-wide number. The sender is told
        that it may send ``max_bps`` of video; 0: what the path carries.
        """
        self.kind = kind
        self._transport = transport
        self._events = events
        requests = Requests(send_nack=self._send_nack, send_pli=self._send_pli)
        self._pictures = PictureReceiver(requests, events.on_unit) if kind == "video" else None
        self._layer_callbacks = layers
        self._layers: LayerReceivers | None = None
        if layers is not None:
            self._layers = LayerReceivers(requests, layers.on_unit, layers.is_wanted)
        self._audio = AudioJitterBuffer()
        self._estimator = RemoteBitrateEstimator() if kind == "video" else None
        self._payloads: dict[int, Payload] = {}
        self._rtx_ssrcs: dict[int, int] = {}
        self._reports = ReceptionReports()
        self._reporter = reporter
        self._max_bps = max_bps if kind == "video" else 0
        self._takes_remb = False
        self._own_ssrc = secrets.randbits(32)
        self._source: SsrcChoice[Media] = SsrcChoice()
        self._tasks: set[asyncio.Task[None]] = set()
        self._started = False
        self._round_trip_s: float | None = None
        "The transport's last measurement."
        self.malformed_packets = 0

    @property
    def lost_packets(self) -> int:
        """Packets given up."""
        if self._layers is not None:
            return self._layers.lost
        return self._pictures.buffer.lost if self._pictures else 0

    @property
    def unusable_packets(self) -> dict[str, int]:
        """Packets that became part of no unit, by reason."""
        late = self._pictures.buffer.late if self._pictures else self._audio.late
        return {
            "lost": self.lost_packets,
            "late": self._layers.late if self._layers is not None else late,
            "oversize_audio": self._audio.oversize,
            "malformed": self.malformed_packets,
            "other_source": self._source.unheard,
        }

    def request_key_frame(self, layer: str = "") -> None:
        """Asks for a key frame once the publisher's SSRC is known, soon; of a simulcast layer where
        there are some.
        """
        if self._layers is not None:
            self._layers.request_key_frame(layer)
        elif self._pictures is not None:
            self._pictures.request_key_frame()

    def take_key_frame(self, layer: str = "") -> None:
        """Notes that the publisher sent a key frame: requests that wait are fulfilled."""
        if self._layers is not None:
            self._layers.take_key_frame(layer)
        elif self._pictures is not None:
            self._pictures.take_key_frame()

    def start(self, section: MediaOffer) -> None:
        """Starts taking packets of the section's payload types; the connection stands."""
        if self._started:
            return
        self._started = True
        # The connectivity checks have measured the path, so the first NACK needs no guess.
        self._note_round_trip()
        self._payloads = {payload.number: payload for payload in section.payloads}
        self._takes_remb = any(REMB in payload.feedback for payload in section.payloads)
        if self._reporter is not None:
            self._reporter.ssrc = self._own_ssrc
        if len(section.ssrcs) == 2:
            media, repair = section.ssrcs
            self._rtx_ssrcs[repair] = media
        self._spawn("reports", self._run_reports())

    async def stop(self) -> None:
        """Stops; no event follows."""
        self._started = False
        for pictures in (self._pictures, self._layers):
            if pictures is not None:
                pictures.stop()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def on_control(self, packet: AnyRtcpPacket) -> None:
        """Takes one RTCP packet of the publisher, whichever track it is for."""
        self._events.on_sign()
        if isinstance(packet, RtcpSrPacket):
            info = packet.sender_info
            ntp, now = info.ntp_timestamp, time.monotonic()
            self._reports.on_sender_report(packet.ssrc, ntp=ntp, now=now)
            layer = self._layers.layer_of(packet.ssrc) if self._layers is not None else ""
            if layer and self._layer_callbacks is not None:
                self._layer_callbacks.on_report(layer, ntp, info.rtp_timestamp)
            elif packet.ssrc == self._source.ssrc:
                self._events.on_report(ntp, info.rtp_timestamp)
        # A goodbye (RtcpByePacket) ends nothing: libwebrtc says it for a track that pauses. Who
        # leaves closes the connection, or gives no sign of life any more.

    def on_packet(self, packet: RtpPacket, arrival_ms: int) -> None:
        """Takes one RTP packet that was for this track."""
        payload = self._payloads.get(packet.payload_type)
        if payload is None or not self._started:
            return
        arrival_us = now_us()
        # Every packet takes bandwidth, so all count, also those that are of no further use.
        number = packet.extensions.transport_sequence_number
        if number is None:
            self._estimate(packet, arrival_ms)
        elif self._reporter is not None:
            self._reporter.add(number, _size(packet), packet.ssrc)
        self._reports.add(packet, payload.clock_rate)
        if self._layers is not None:
            self._note_layer(self._layers, packet)
        resent = payload.codec is None
        if resent:
            restored = self._unwrap_rtx(packet, payload)
            if restored is None:
                return
            packet, payload = restored
        media = self._depacketize(packet, payload, arrival_us, resent=resent)
        if media is None:
            return
        now = time.monotonic()
        if self._layers is not None:
            self._layers.take(packet.ssrc, media, now=now)
            return
        heard = self._source.take(packet.ssrc, media, now=now)
        if heard.is_new_source:
            self._restart(packet.ssrc)
        for each in heard.packets:
            self._take(packet.ssrc, each, now)

    def _depacketize(
        self, packet: RtpPacket, payload: Payload, arrival_us: int, *, resent: bool
    ) -> Media | None:
        """Returns the packet's part of a coded frame, None for one that has none."""
        if payload.codec is None:
            return None
        try:
            fragment = payload.codec.depacketize(packet.payload)
        except ValueError:
            self.malformed_packets += 1
            return None
        media = Packet(
            packet.sequence_number,
            packet.timestamp,
            bool(packet.marker),
            fragment.data,
            arrival_us,
            fragment.head,
        )
        return Media(payload.codec, payload.clock_rate, media, resent)

    def _note_layer(self, layers: LayerReceivers, packet: RtpPacket) -> None:
        """Senders name a layer until they know that it was heard (RFC 8852 section 3)."""
        rid, repaired = packet.extensions.rtp_stream_id, packet.extensions.repaired_rtp_stream_id
        # The text is cut, because it becomes the name of a counter.
        if rid:
            layers.names.call(packet.ssrc, str(rid)[:MAX_RID])
        if repaired:
            layers.names.call_repair(packet.ssrc, str(repaired)[:MAX_RID])

    def _restart(self, ssrc: int) -> None:
        """Begins with another source: its numbers and times are its own."""
        log.info("the %s goes on from another source", self.kind, extra={"action": "new_source"})
        self._audio.restart()
        if self._pictures is not None:
            self._pictures.restart(ssrc)
            # A source that follows another may begin in the middle of its group of pictures.
            self.request_key_frame()

    def _take(self, ssrc: int, media: Media, now: float) -> None:
        if self._pictures is not None:
            self._pictures.ssrc = ssrc
            self._pictures.take(media, now=now)
            return
        unit = self._audio.add(media.packet)
        if unit is not None:
            self._events.on_unit(media.codec, media.clock_rate, unit)

    def _note_round_trip(self) -> None:
        """Takes a new measurement of the transport, since without losses there is no other."""
        seconds = self._transport.round_trip_s
        if seconds is None or seconds == self._round_trip_s:
            return
        self._round_trip_s = seconds
        if self._layers is not None:
            self._layers.note_round_trip(seconds + PACED_S)
        elif self._pictures is not None:
            self._pictures.buffer.nacks.round_trip.add(seconds + PACED_S)

    def _unwrap_rtx(self, packet: RtpPacket, payload: Payload) -> tuple[RtpPacket, Payload] | None:
        """Returns the original packet of a retransmission (RFC 4588 section 4)."""
        # Without an SSRC in the offer a retransmission can only belong to the one source. Of
        # several layers the repaired-rid extension tells which.
        ssrc = self._rtx_ssrcs.get(packet.ssrc, self._source.ssrc)
        if self._layers is not None:
            ssrc = self._layers.repaired_by(packet.ssrc)
        base = payload.base
        if ssrc is None or base is None or base not in self._payloads:
            return None
        # Two bytes of original sequence number stand in front of the payload (RFC 4588 section 4).
        # A packet without them is padding.
        if len(packet.payload) < 2:
            return None
        return unwrap_rtx(packet, payload_type=base, ssrc=ssrc), self._payloads[base]

    def _estimate(self, packet: RtpPacket, arrival_ms: int) -> None:
        """Feeds the bandwidth estimate (REMB) of a sender without transport-wide numbers."""
        if self._estimator is None or packet.extensions.abs_send_time is None:
            return
        estimate = self._estimator.add(
            abs_send_time=packet.extensions.abs_send_time,
            arrival_time_ms=arrival_ms,
            payload_size=len(packet.payload) + packet.padding_size,
            ssrc=packet.ssrc,
        )
        if estimate is not None:
            self._send_remb(*estimate)

    def _send_remb(self, bps: int, ssrcs: list[int]) -> None:
        estimate = Remb(min(bps, self._max_bps or bps), ssrcs)
        self._send_feedback(estimate.encode(sender_ssrc=self._own_ssrc))

    def _send_nack(self, ssrc: int, lost: Sequence[int]) -> None:
        self._send_feedback(RtcpRtpfbPacket(RTCP_RTPFB_NACK, self._own_ssrc, ssrc, list(lost)))

    def _send_pli(self, ssrc: int) -> None:
        self._send_feedback(RtcpPsfbPacket(RTCP_PSFB_PLI, self._own_ssrc, ssrc))

    def _send_feedback(self, packet: AnyRtcpPacket) -> None:
        self._transport.send_control(bytes(packet))

    async def _run_reports(self) -> None:
        """Sends receiver reports at the randomized interval of RFC 3550 section 6.2."""
        while True:
            await asyncio.sleep(0.5 + random.random())
            self._note_round_trip()
            reports = self._reports.blocks(now=time.monotonic())
            if reports:
                self._send_feedback(RtcpRrPacket(ssrc=self._own_ssrc, reports=reports))
            # Transport-wide feedback leaves the estimate to the sender, and REMB bounds that too:
            # a limit that the answer told, once more for senders that read no bandwidth lines.
            if reports and self._max_bps and self._takes_remb:
                self._send_remb(self._max_bps, [report.ssrc for report in reports])

    def _spawn(self, name: str, work: object) -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work, name=name)  # type: ignore[arg-type]
        self._tasks.add(task)
        task.add_done_callback(self._task_done)

    def _task_done(self, task: asyncio.Task[None]) -> None:
        """Ends the publisher where a task died; it may come again."""
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        log.error(
            "%s of %s died",
            task.get_name(),
            self.kind,
            exc_info=error,
            extra={"action": "task_failed"},
        )
        self._events.on_end(f"receiving {self.kind} failed: {error!r}")


def _size(packet: RtpPacket) -> int:
    """Returns the bytes of a packet with a fixed header."""
    return 12 + len(packet.payload) + packet.padding_size
