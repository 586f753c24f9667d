"""Writes the answer to an offer, and the fragment that answers a restart of ICE.

Which payload types, extensions and layers are used is decided by ``sdp_offer.py``.
"""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Mapping

from app.ice.credentials import Credentials
from app.webrtc.payload_offer import Payload
from app.webrtc.sdp_offer import MediaOffer, Offer
from media.fmtp import without_junk

HEADER_PERCENT = 5
"""Headers of IP, UDP, RTP and SRTP beside packets of 1200 bytes: 58 bytes."""

_NO_ADDRESS = "IN IP4 0.0.0.0"

_ICE_LINES = ("a=ice-lite", "a=ice-options:trickle ice2")
"""RFC 8839 sections 5.3 and 5.6, RFC 8838 section 4.1.3: the same in every answer of a session."""


@dataclasses.dataclass(frozen=True, slots=True)
class OwnTransport:
    """Our end of the one transport."""

    credentials: Credentials
    fingerprint: str
    "The value of ``a=fingerprint``."
    setup: str
    "``active`` or ``passive``."
    candidates: tuple[str, ...]
    "Values of ``a=candidate``, the best first."

    def lines(self) -> list[str]:
        """Returns the attribute lines of ICE and DTLS."""
        return [
            *_ice(self.credentials, self.candidates),
            f"a=fingerprint:{self.fingerprint}",
            f"a=setup:{self.setup}",
        ]


@dataclasses.dataclass(frozen=True, slots=True)
class SendRates:
    """Rates that the answer asks a sender of video for."""

    start_kbps: int | None = None
    "Chromium begins to send at it; None leaves that out."
    max_kbps: int = 0
    "Most that it may send; 0: whatever the path carries."

    @property
    def first_kbps(self) -> int | None:
        """The rate to begin with, within the limit."""
        if self.start_kbps and self.max_kbps:
            return min(self.start_kbps, self.max_kbps)
        return self.start_kbps

    def lines(self) -> list[str]:
        """Returns the bandwidth lines: AS (RFC 8866) counts headers, TIAS (RFC 3890) does not.

        The limit is of coded pictures alone. Of several lines libwebrtc takes the last.
        """
        if not self.max_kbps:
            return []
        return [
            f"b=AS:{self.max_kbps + self.max_kbps * HEADER_PERCENT // 100}",
            f"b=TIAS:{self.max_kbps * 1000}",
        ]


NO_RATES = SendRates()
"""The rates of who sends nothing, or is told nothing."""


@dataclasses.dataclass(frozen=True, slots=True)
class OwnSource:
    """Numbers and names of a track that we send to a viewer."""

    ssrc: int
    rtx_ssrc: int
    "SSRC of its retransmissions."
    cname: str
    stream_id: str
    "Alike for all tracks of a viewer, which so become one stream (RFC 8830)."
    track_id: str

    @classmethod
    def make(cls, *, cname: str, stream_id: str) -> OwnSource:
        """Makes one with random numbers."""
        ssrc, rtx_ssrc = secrets.randbits(32), secrets.randbits(32)
        return cls(ssrc, rtx_ssrc, cname, stream_id, secrets.token_hex(16))

    def lines(self, *, has_rtx: bool) -> list[str]:
        """Returns the attribute lines of the sources (RFC 5576)."""
        both = [f"a=ssrc-group:FID {self.ssrc} {self.rtx_ssrc}"] if has_rtx else []
        numbers = (self.ssrc, self.rtx_ssrc) if has_rtx else (self.ssrc,)
        return both + [f"a=ssrc:{number} cname:{self.cname}" for number in numbers]


def _ice(credentials: Credentials, candidates: tuple[str, ...]) -> list[str]:
    return [
        f"a=ice-ufrag:{credentials.ufrag}",
        f"a=ice-pwd:{credentials.password}",
        *(f"a=candidate:{candidate}" for candidate in candidates),
        # All candidates are here, so the peer need not wait for others.
        "a=end-of-candidates",
    ]


def write_restart(offer: Offer, credentials: Credentials, candidates: tuple[str, ...]) -> str:
    """Returns the SDP fragment that answers a restart of ICE (RFC 9725 section 4.3.3)."""
    lines = list(_ICE_LINES)
    if offer.bundle:
        lines.append("a=group:BUNDLE " + " ".join(offer.bundle))
    tagged = next((s for s in offer.used if s.mid == (offer.bundle or ("",))[0]), offer.used[0])
    # RFC 8840 section 9: a pseudo media line, whose mid tells the transport.
    lines.append(f"m={tagged.kind} 9 {tagged.protocol} 0")
    if tagged.mid:
        lines.append(f"a=mid:{tagged.mid}")
    lines += _ice(credentials, candidates)
    return "\r\n".join(lines) + "\r\n"


def write_answer(
    offer: Offer,
    own: OwnTransport,
    sources: Mapping[str, OwnSource],
    *,
    rates: SendRates,
) -> str:
    """Returns the answer to ``offer``; ``sources`` by kind are those of tracks that we send.

    Sections stand in the offer's order with its mids, numbers and transport names; a section that
    the offer disables stays disabled (RFC 3264 section 6).
    """
    lines = [
        "v=0",
        # RFC 8829 section 5.2.1: a random number with the highest of 64 bits zero.
        f"o=- {secrets.randbits(62)} 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        *_ICE_LINES,
    ]
    if offer.bundle:
        lines.append("a=group:BUNDLE " + " ".join(offer.bundle))
    if offer.has_mixed_extensions:
        lines.append("a=extmap-allow-mixed")
    lines.append("a=msid-semantic:WMS *")
    for section in offer.sections:
        if section.is_used:
            lines += _section(offer, section, own, sources.get(section.kind), rates)
        else:
            lines += _disabled(section)
    return "\r\n".join(lines) + "\r\n"


def _disabled(section: MediaOffer) -> list[str]:
    formats = " ".join(section.formats)
    lines = [f"m={section.kind} 0 {section.protocol} {formats}", f"c={_NO_ADDRESS}", "a=inactive"]
    return [*lines, f"a=mid:{section.mid}"] if section.mid else lines


def _section(
    offer: Offer,
    section: MediaOffer,
    own: OwnTransport,
    source: OwnSource | None,
    rates: SendRates,
) -> list[str]:
    address, port = _default(own.candidates)
    formats = " ".join(str(payload.number) for payload in section.payloads)
    lines = [f"m={section.kind} {port} {section.protocol} {formats}", f"c={address}"]
    if section.kind == "video":
        lines += rates.lines()
    if section.mid:
        lines.append(f"a=mid:{section.mid}")
    lines.append(f"a={'recvonly' if offer.publishes else 'sendonly'}")
    lines += [f"a=extmap:{extension.line()}" for extension in section.extensions]
    if source is not None:
        lines.append(f"a=msid:{source.stream_id} {source.track_id}")
    lines += [f"a=rtcp:9 {_NO_ADDRESS}", "a=rtcp-mux", "a=rtcp-mux-only"]
    if section.has_reduced_size:
        lines.append("a=rtcp-rsize")
    if source is not None:
        has_rtx = any(payload.codec is None for payload in section.payloads)
        lines += source.lines(has_rtx=has_rtx)
    for payload in section.payloads:
        lines += _payload(payload, rates.first_kbps)
    return [*lines, *section.simulcast.lines(), *own.lines()]


def _payload(payload: Payload, start_kbps: int | None) -> list[str]:
    lines = [f"a=rtpmap:{payload.rtpmap()}"]
    lines += [f"a=rtcp-fb:{payload.number} {feedback}" for feedback in payload.feedback]
    parameters = answered_parameters(payload, start_kbps)
    return [*lines, f"a=fmtp:{payload.number} {parameters}"] if parameters else lines


def answered_parameters(payload: Payload, start_kbps: int | None) -> str:
    """Returns the parameters of one payload type in the answer."""
    if payload.codec is None:
        return without_junk(payload.parameters)
    answered = without_junk(payload.codec.answer(payload.parameters))
    if payload.codec.kind == "audio" or not start_kbps:
        return answered
    return ";".join(filter(None, (answered, f"x-google-start-bitrate={start_kbps}")))


def _default(candidates: tuple[str, ...]) -> tuple[str, int]:
    """Returns the default destination, the first candidate's (RFC 8839 section 4.2.1.2)."""
    if not candidates:
        return _NO_ADDRESS, 9
    address, port = candidates[0].split(" ")[4:6]
    return f"IN IP{6 if ':' in address else 4} {address}", int(port)
