"""Writes the offer that aiortc is shown, and the answer that the offerer gets.

aiortc makes ICE, DTLS and SRTP. Which payload types, extensions and layers are used is decided by
``sdp_offer.py`` and put into its transceivers, so it sees one codec per section and no more.
"""

from __future__ import annotations

import re
import secrets

from aiortc.codecs import CODECS
from aiortc.rtcrtpparameters import (
    RTCRtcpFeedback,
    RTCRtpCodecParameters,
    RTCRtpHeaderExtensionParameters,
)

from app.webrtc.payload_offer import RTX, Payload
from app.webrtc.sdp_description import Section, parse_description
from app.webrtc.sdp_offer import MediaOffer, Offer


def _any_codec(kind: str) -> str:
    """Returns any ``a=rtpmap`` value that aiortc takes without parameters."""
    codec = next(c for c in CODECS[kind] if not c.parameters)
    channels = f"/{codec.channels}" if codec.channels else ""
    return f"{codec.name}/{codec.clockRate}{channels}"


_ANY_CODEC = {kind: _any_codec(kind) for kind in ("audio", "video")}
_NO_ADDRESS = "IN IP4 0.0.0.0"
_MID_OF_NONE = "0"
"""aiortc needs a mid where the offer has none; nobody else sees it."""

_OFFERED_MSID = re.compile(r"[!-~]{1,64}(?: [!-~]{1,64})?")


def offer_for_aiortc(offer: Offer) -> str:
    """Returns the offer that aiortc is shown: one transport, and one codec per section."""
    transport = offer.transport
    common = [
        f"a={'sendonly' if offer.publishes else 'recvonly'}",
        f"a=ice-ufrag:{transport.ufrag}",
        f"a=ice-pwd:{transport.password}",
        *(f"a=fingerprint:{name} {digest}" for name, digest in transport.fingerprints),
        f"a=setup:{transport.setup}",
        "a=rtcp-mux",
        # No end-of-candidates: what the offer leaves out, mDNS names for one, the peer's own
        # checks bring.
        *(f"a=candidate:{value}" for value in transport.candidates),
    ]
    lines = ["v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=-", "t=0 0"]
    if transport.is_lite:
        lines.append("a=ice-lite")
    mids = [section.mid or _MID_OF_NONE for section in offer.used]
    # In the order of the sections, whichever leads the offer's: aiortc stops the transport that
    # all share where another than its first transceiver leads.
    lines.append("a=group:BUNDLE " + " ".join(mids))
    for section, mid in zip(offer.used, mids, strict=True):
        lines += [
            f"m={section.kind} 9 UDP/TLS/RTP/SAVPF 96",
            f"c={_NO_ADDRESS}",
            f"a=mid:{mid}",
            f"a=rtpmap:96 {_ANY_CODEC[section.kind]}",
            *common,
            *(f"a=ssrc:{ssrc} cname:-" for ssrc in section.ssrcs),
        ]
    return "\r\n".join(lines) + "\r\n"


def codecs_for_aiortc(section: MediaOffer) -> list[RTCRtpCodecParameters]:
    """Returns the section's codecs for a transceiver."""
    return [
        RTCRtpCodecParameters(
            mimeType=f"{section.kind}/{RTX}" if payload.codec is None else payload.codec.mime_type,
            clockRate=payload.clock_rate,
            channels=(payload.codec.channels or None) if payload.codec is not None else None,
            payloadType=payload.number,
            rtcpFeedback=[
                RTCRtcpFeedback(*feedback.split(" ", 1)) for feedback in payload.feedback
            ],
            parameters={"apt": payload.base} if payload.codec is None else {},
        )
        for payload in section.payloads
    ]


def extensions_for_aiortc(section: MediaOffer) -> list[RTCRtpHeaderExtensionParameters]:
    """Returns the section's header extensions for a transceiver."""
    return [RTCRtpHeaderExtensionParameters(id=e.id, uri=e.uri) for e in section.extensions]


def write_answer(offer: Offer, local: str, *, start_kbps: int | None) -> str:
    """Returns the answer to ``offer``; ``local`` is aiortc's own, whose transport it takes over.

    Chromium begins to send at ``start_kbps``; None leaves that out.

    Sections stand in the offer's order with its mids, numbers and transport names; a section that
    the offer disables stays disabled (RFC 3264 section 6).
    """
    made = parse_description(local)
    lines = [
        "v=0",
        # RFC 8829 section 5.2.1: a random number with the highest of 64 bits zero.
        f"o=- {secrets.randbits(62)} 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
    ]
    if offer.bundle:
        lines.append("a=group:BUNDLE " + " ".join(offer.bundle))
    if offer.has_mixed_extensions:
        lines.append("a=extmap-allow-mixed")
    lines.append("a=msid-semantic:WMS *")
    own = iter(made.sections)
    for section in offer.sections:
        if section.is_used:
            lines += _section(offer, section, next(own), start_kbps)
        else:
            lines += _disabled(section)
    return "\r\n".join(lines) + "\r\n"


def _disabled(section: MediaOffer) -> list[str]:
    formats = " ".join(section.formats)
    lines = [f"m={section.kind} 0 {section.protocol} {formats}", f"c={_NO_ADDRESS}", "a=inactive"]
    return [*lines, f"a=mid:{section.mid}"] if section.mid else lines


def _section(offer: Offer, section: MediaOffer, own: Section, start_kbps: int | None) -> list[str]:
    candidates = list(own.values("candidate"))
    address, port = _default(candidates)
    formats = " ".join(str(payload.number) for payload in section.payloads)
    lines = [f"m={section.kind} {port} {section.protocol} {formats}", f"c={address}"]
    if section.mid:
        lines.append(f"a=mid:{section.mid}")
    lines.append(f"a={'recvonly' if offer.publishes else 'sendonly'}")
    lines += [f"a=extmap:{extension.line()}" for extension in section.extensions]
    if not offer.publishes:
        lines += [f"a=msid:{value}" for value in own.values("msid") if _OFFERED_MSID.match(value)]
    lines += [f"a=rtcp:9 {_NO_ADDRESS}", "a=rtcp-mux", "a=rtcp-mux-only"]
    if section.has_reduced_size:
        lines.append("a=rtcp-rsize")
    if not offer.publishes:
        has_rtx = any(payload.codec is None for payload in section.payloads)
        lines += [f"a=ssrc-group:{value}" for value in own.values("ssrc-group") if has_rtx]
        lines += [f"a=ssrc:{value}" for value in own.values("ssrc")]
    for payload in section.payloads:
        lines += _payload(payload, start_kbps)
    lines += section.simulcast.lines()
    lines += [f"a=candidate:{candidate}" for candidate in candidates]
    if candidates:
        # All candidates are in the answer, so the peer need not wait for others.
        lines.append("a=end-of-candidates")
    for name in ("ice-ufrag", "ice-pwd", "fingerprint", "setup"):
        lines += [f"a={name}:{value}" for value in own.values(name)]
    return lines


def _payload(payload: Payload, start_kbps: int | None) -> list[str]:
    lines = [f"a=rtpmap:{payload.rtpmap()}"]
    lines += [f"a=rtcp-fb:{payload.number} {feedback}" for feedback in payload.feedback]
    parameters = answered_parameters(payload, start_kbps)
    return [*lines, f"a=fmtp:{payload.number} {parameters}"] if parameters else lines


def answered_parameters(payload: Payload, start_kbps: int | None) -> str:
    """Returns the parameters of one payload type in the answer."""
    if payload.codec is None:
        return payload.parameters
    answered = payload.codec.answer(payload.parameters)
    if payload.codec.kind == "audio" or not start_kbps:
        return answered
    return ";".join(filter(None, (answered, f"x-google-start-bitrate={start_kbps}")))


def _default(candidates: list[str]) -> tuple[str, int]:
    """Returns the default destination, the first candidate's (RFC 8839 section 4.2.1.2)."""
    if not candidates:
        return _NO_ADDRESS, 9
    address, port = candidates[0].split(" ")[4:6]
    return f"IN IP{6 if ':' in address else 4} {address}", int(port)
