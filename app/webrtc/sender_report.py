"""Sender reports: an RTP time and the moment of its capture; and what answers to them tell."""

from __future__ import annotations

import struct

from app.rtp.capture_clock import us_to_ntp
from app.webrtc.sdp_answer import OwnSource

_REPORT = struct.Struct("!BBHIQIII")
_REPORT_TYPE, _REPORT_WORDS = 200, 6
_DESCRIPTION_TYPE, _CNAME = 202, 1
_ONE_CHUNK = 0x81
"""Version 2 and a count of one (RFC 3550 section 6.5)."""

_MAX_SENT = 8
"""Reports whose answers are waited for: viewers answer the last one or the one before."""


class SenderReports:
    """Writes the reports of one source; each comes with its name, as RFC 3550 6.1 wants."""

    def __init__(self, source: OwnSource) -> None:
        self._ssrc = source.ssrc
        self._sent: dict[int, float] = {}
        "Times of sending by the middle of the NTP time, which answers name."
        name = source.cname.encode()[:255]
        chunk = source.ssrc.to_bytes(4, "big") + bytes([_CNAME, len(name)]) + name
        # A zero byte ends the items, and further ones fill the word (RFC 3550 section 6.5).
        chunk += bytes(4 - len(chunk) % 4)
        words = len(chunk) // 4
        self._name = struct.pack("!BBH", _ONE_CHUNK, _DESCRIPTION_TYPE, words) + chunk

    def write(self, base: tuple[int, int], *, packets: int, octets: int, now: float) -> bytes:
        """Writes a report that leaves now; ``base`` is a time of capture in us, and the RTP time of
        the same instant.
        """
        # RFC 3550 section 6.4.1: both times name the same instant, here that of capture. Who wrote
        # the stamp decides what it says; it has 64 bits.
        capture_us, timestamp = base
        ntp = us_to_ntp(capture_us) & 0xFFFFFFFFFFFFFFFF
        self._sent[ntp >> 16 & 0xFFFFFFFF] = now
        if len(self._sent) > _MAX_SENT:
            del self._sent[next(iter(self._sent))]
        report = _REPORT.pack(
            0x80,
            _REPORT_TYPE,
            _REPORT_WORDS,
            self._ssrc,
            ntp,
            timestamp,
            packets & 0xFFFFFFFF,
            octets & 0xFFFFFFFF,
        )
        return report + self._name

    def round_trip_s(self, lsr: int, dlsr: int, *, now: float) -> float | None:
        """Returns the round trip by a reception report (RFC 3550 section 6.4.1), which names one of
        ours and how long ago it came, in 1/65536 s; None where it answers none.
        """
        sent_at = self._sent.get(lsr)
        return None if sent_at is None else max(0.0, now - sent_at - dlsr / 65536)
