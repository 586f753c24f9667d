"""The RTP packets of one track to one viewer: numbers, times, headers and retransmissions."""

from __future__ import annotations

import secrets
import time

from app.rtp.outgoing_times import OutgoingTimes
from app.rtp.send_queue import PacketizedFrame
from app.rtp.sent_groups import SentGroups
from app.rtp.sent_history import SentHistory, SentUnit
from app.webrtc.extension_map import MID, SEND_TIME, TRANSPORT_NUMBER
from app.webrtc.rtp_header import RtpHeader
from app.webrtc.sdp_answer import OwnSource
from app.webrtc.sdp_offer import MediaOffer
from media.codec import Codec


class TrackPackets:
    """Writes packets by what the viewer negotiated.

    A unit is numbered when its first packet leaves; its packets may leave in several parts.
    """

    def __init__(
        self, section: MediaOffer, source: OwnSource, sent: SentGroups, *, rtp_offset: int
    ) -> None:
        self._rtp_offset = rtp_offset
        self._sent = sent
        # The first payload type of a codec counts: they stand in the answer's order of preference.
        self._payload_types: dict[int, int] = {}
        self._rtx_types: dict[int, int] = {}
        for payload in section.payloads:
            if payload.codec is not None:
                self._payload_types.setdefault(payload.codec.codec, payload.number)
            elif payload.base is not None:
                self._rtx_types.setdefault(payload.base, payload.number)
        self._header = _header(section, source.ssrc)
        self._rtx_header = _header(section, source.rtx_ssrc)
        # RFC 3711 section 3.3.1: below the half, so that the first loss is no wrap-around.
        self._sequence = secrets.randbits(15)
        self._rtx_sequence = secrets.randbits(15)
        self._history = SentHistory()
        self._times = OutgoingTimes()
        self.report_base: tuple[int, int] | None = None
        """Time of capture in us of the last live unit, and its RTP time."""

    def can_send(self, codec: Codec) -> bool:
        """True if the viewer negotiated the codec."""
        return codec in self._payload_types

    def begin(self, unit: PacketizedFrame) -> SentUnit | None:
        """Gives a unit its numbers and its time; None if its codec was not negotiated."""
        payload_type = self._payload_types.get(unit.codec)
        if payload_type is None:
            return None
        pts = self._times.at(
            unit.pts,
            clock_rate=unit.clock_rate,
            is_key=unit.is_key or not unit.is_video,
            is_live=unit.is_live,
        )
        timestamp = (pts + self._rtp_offset) & 0xFFFFFFFF
        begun = SentUnit(unit.payloads, payload_type, timestamp, self._sequence)
        self._sequence = (self._sequence + len(unit.payloads)) & 0xFFFF
        # Kept before it is sent: a part of it may be missed while the rest is paced.
        if unit.is_video:
            self._history.add(begun)
        # A time that was moved does not belong to the moment of capture, so it is no base for a
        # report.
        if unit.is_live and pts == unit.pts:
            self.report_base = (unit.capture_us, timestamp)
        return begun

    def write(
        self, unit: SentUnit, begin: int, end: int, *, has_marker: bool, now: float
    ) -> list[bytes]:
        """Writes the packets of a part of a unit, which leave now."""
        payloads = unit.payloads
        is_last = end == len(payloads)
        if end - begin < len(payloads):
            payloads = payloads[begin:end]
        number = self._number(self._header, payloads, now)
        return self._header.pack_all(
            payloads,
            payload_type=unit.payload_type,
            marker=has_marker and is_last,
            sequence=(unit.first + begin) & 0xFFFF,
            timestamp=unit.timestamp,
            send_time=_send_time(),
            number=number,
        )

    def repeat(self, sequence: int, *, now: float) -> bytes | None:
        """Writes a packet again, as RTX where negotiated (RFC 4588), else as it was; None if it is
        too old.
        """
        found = self._history.find(sequence)
        if found is None:
            return None
        unit, place = found
        payload, marker = unit.payloads[place], place == len(unit.payloads) - 1
        header, payload_type, number = self._header, unit.payload_type, sequence
        rtx_type = self._rtx_types.get(payload_type)
        if rtx_type is not None:
            header, payload_type, number = self._rtx_header, rtx_type, self._rtx_sequence
            # RFC 4588 section 4: the original sequence number stands in front of the payload.
            payload = sequence.to_bytes(2, "big") + payload
            self._rtx_sequence = (self._rtx_sequence + 1) & 0xFFFF
        return header.pack_all(
            (payload,),
            payload_type=payload_type,
            marker=marker,
            sequence=number,
            timestamp=unit.timestamp,
            send_time=_send_time(),
            number=self._number(header, (payload,), now),
        )[0]

    def _number(self, header: RtpHeader, payloads: tuple[bytes, ...], now: float) -> int:
        """Notes packets for feedback; returns the transport-wide number of the first."""
        if not header.has_number:
            return 0
        head, count = header.size, len(payloads)
        size = head * count + sum(map(len, payloads))
        return self._sent.sent(count, size, head + len(payloads[0]), now=now)


def _header(section: MediaOffer, ssrc: int) -> RtpHeader:
    ids = {extension.uri: extension.id for extension in section.extensions}
    return RtpHeader(
        ssrc=ssrc,
        mid=section.mid,
        mid_id=ids.get(MID),
        time_id=ids.get(SEND_TIME),
        number_id=ids.get(TRANSPORT_NUMBER),
    )


def _send_time() -> int:
    # abs-send-time has 6 bits of seconds and 18 of their fraction; NTP's seconds begin a multiple
    # of 64 s before those of Unix.
    return int(time.time() * 262_144) & 0xFFFFFF
