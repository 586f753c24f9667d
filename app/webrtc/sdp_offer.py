"""Checks SDP offers and resolves them: inheritance, BUNDLE, codecs, extensions, simulcast.

RFC 9725 section 4 (WHIP), draft-ietf-wish-whep-04 section 4 (WHEP), RFC 8829, 8866, 9143. What
aiortc is shown of an offer, and what the answer says, is written by ``sdp_answer.py``.
"""

from __future__ import annotations

import dataclasses

from app.errors import BadOffer
from app.webrtc.extension_map import (
    MAX_ONE_BYTE_ID,
    MAX_ONE_BYTE_LENGTH,
    MAX_TWO_BYTE_ID,
    MID,
    REPAIRED_RID,
    RID,
    SEND_TIME,
    TRANSPORT_NUMBER,
    Extension,
    choose_extensions,
)
from app.webrtc.payload_offer import TRANSPORT_CC, Payload, choose_payloads, without_feedback
from app.webrtc.sdp_description import (
    MAX_OFFER_BYTES,
    MAX_TOKEN,
    Description,
    Section,
    is_token,
    only_value,
    parse_description,
)
from app.webrtc.simulcast_offer import SimulcastOffer, read_simulcast
from app.webrtc.transport_offer import TransportOffer, read_transport
from media.codec import CodecDescriptor
from media.fmtp import parse_parameters

__all__ = [
    "MAX_OFFER_BYTES",
    "MediaOffer",
    "Offer",
    "check_play_offer",
    "check_publish_offer",
]

_DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
_PROTOCOLS = frozenset(
    f"{lower}RTP/{profile}"
    for lower in ("UDP/TLS/", "TCP/TLS/", "")
    for profile in ("SAVPF", "SAVP")
) | {"RTP/AVPF", "RTP/AVP"}
"""RFC 8829 section 5.1.2: whichever of these is written, DTLS and feedback are used."""

_MAX_SSRCS = 2
"""A media stream and its retransmission; aiortc can use no more."""


@dataclasses.dataclass(frozen=True, slots=True)
class MediaOffer:
    """One media section of an offer, resolved."""

    kind: str
    protocol: str
    formats: tuple[str, ...]
    "Payload types as offered; a refused section repeats them."
    mid: str = ""
    payloads: tuple[Payload, ...] = ()
    "Payload formats that the answer takes; empty for a section that the offerer has disabled."
    extensions: tuple[Extension, ...] = ()
    simulcast: SimulcastOffer = SimulcastOffer()
    ssrcs: tuple[int, ...] = ()
    "SSRCs of the media and its retransmission, where the offer names just these."
    is_layered: bool = False
    "Several layers may come, by restriction identifiers or an SSRC group (SIM)."
    has_reduced_size: bool = False
    "RTCP of reduced size (RFC 5506) is offered."

    @property
    def is_used(self) -> bool:
        """False for a section of port 0 outside BUNDLE: the offerer has disabled it."""
        return bool(self.payloads)


@dataclasses.dataclass(frozen=True, slots=True)
class Offer:
    """A checked offer."""

    transport: TransportOffer
    sections: tuple[MediaOffer, ...]
    "All of them, in their order."
    bundle: tuple[str, ...]
    "The mids of the BUNDLE group in its order; empty where the offer has none."
    publishes: bool
    "The offerer sends (WHIP), else it receives (WHEP)."
    has_mixed_extensions: bool = False
    "``a=extmap-allow-mixed`` is offered and of use (RFC 8285 section 6)."

    @property
    def used(self) -> tuple[MediaOffer, ...]:
        """The sections that carry media."""
        return tuple(section for section in self.sections if section.is_used)

    def without_transport_feedback(self) -> Offer:
        """Returns the offer without transport-wide feedback, which costs a tenth of a millisecond
        each, ten times a second: whoever makes no use of it does not ask for it.
        """
        sections = (
            dataclasses.replace(
                section,
                payloads=without_feedback(section.payloads, TRANSPORT_CC),
                extensions=tuple(e for e in section.extensions if e.uri != TRANSPORT_NUMBER),
            )
            for section in self.sections
        )
        return dataclasses.replace(self, sections=tuple(sections))

    @property
    def kinds(self) -> tuple[str, ...]:
        """``audio`` and ``video`` in the order of the used sections."""
        return tuple(section.kind for section in self.used)

    @property
    def codecs(self) -> frozenset[str]:
        """The names of what can be taken."""
        return frozenset(described.name for described, _ in self.formats)

    @property
    def whole_codecs(self) -> frozenset[str]:
        """The names of those whose decoders have all tools that workers use."""
        return frozenset(
            described.name
            for described, parameters in self.formats
            if described.decodes_all(parse_parameters(parameters))
        )

    @property
    def formats(self) -> tuple[tuple[CodecDescriptor, str], ...]:
        """(codec, its parameters as offered) of every payload type with media."""
        return tuple(
            (p.codec, p.parameters) for s in self.used for p in s.payloads if p.codec is not None
        )

    @property
    def rids(self) -> tuple[str, ...]:
        """Restriction identifiers of the simulcast layers, in the offer's order."""
        return tuple(layer.rid for section in self.used for layer in section.simulcast.layers)

    @property
    def has_layers(self) -> bool:
        """The video may come in several simulcast layers."""
        return any(section.is_layered for section in self.used)


def check_publish_offer(sdp: str) -> Offer:
    """Checks a WHIP offer. Raises BadOffer with the sentence and status for the sender."""
    offer = _check(sdp, publishes=True)
    if "video" not in offer.kinds:
        raise BadOffer("The offer has no video section.", status=422)
    return offer


def check_play_offer(sdp: str, *, measures_path: bool = False) -> Offer:
    """Checks a WHEP offer; without transport-wide feedback unless that is of use. Raises
    BadOffer.
    """
    offer = _check(sdp, publishes=False)
    return offer if measures_path else offer.without_transport_feedback()


def _check(sdp: str, *, publishes: bool) -> Offer:
    session = parse_description(sdp)
    bundle = _bundle(session)
    mids = [only_value(section.values("mid"), "mid in a section") for section in session.sections]
    # RFC 3264 section 5.1: port 0 disables a section, unless it is bundled (RFC 9143 section 6).
    is_used = [
        bool(s.port) or mid in bundle or "bundle-only" in s.attributes
        for s, mid in zip(session.sections, mids, strict=True)
    ]
    used = [section for section, wanted in zip(session.sections, is_used, strict=True) if wanted]
    used_mids = [mid for mid, wanted in zip(mids, is_used, strict=True) if wanted]
    _check_kinds(used)
    _check_bundle(bundle, used_mids)
    # RFC 9143 section 7.1: the first mid of the group tags the section with the transport.
    tagged = used[used_mids.index(bundle[0])] if bundle else used[0]
    reader = _Reader(session, tagged, publishes)
    sections = tuple(
        reader.read(section, mid)
        if wanted
        else MediaOffer(section.kind, section.protocol, section.formats, mid)
        for section, mid, wanted in zip(session.sections, mids, is_used, strict=True)
    )
    _check_numbers(sections)
    return Offer(
        read_transport(session, tagged),
        sections,
        bundle,
        publishes,
        has_mixed_extensions=publishes and any(reader.allows_mixed(s) for s in used),
    )


def _bundle(session: Description) -> tuple[str, ...]:
    groups = [group.split() for group in session.values("group")]
    bundles = [group[1:] for group in groups if group and group[0] == "BUNDLE"]
    if len(bundles) > 1 or any(not group for group in bundles):
        raise BadOffer("All sections must be in one BUNDLE group.", status=422)
    return tuple(bundles[0]) if bundles else ()


def _check_kinds(used: list[Section]) -> None:
    media = [section.kind for section in used if section.kind in ("audio", "video")]
    if not media:
        raise BadOffer("The offer has no audio and no video section.")
    if len(media) != len(used):
        # RFC 9725 section 4.4.3: an answer never refuses single sections.
        raise BadOffer("Only audio and video sections can be answered.", status=422)
    for kind in ("audio", "video"):
        if media.count(kind) > 1:
            raise BadOffer(f"The offer has more than one {kind} section.", status=422)


def _check_bundle(bundle: tuple[str, ...], mids: list[str]) -> None:
    """Checks that the group names every section that is used (RFC 9725 section 4.4.1)."""
    for mid in mids:
        if len(mid) > MAX_TOKEN:
            raise BadOffer(
                f"The mid {mid[:20]!r}... has {len(mid)} characters; {MAX_TOKEN} are the most."
            )
        if mid and not is_token(mid):
            raise BadOffer(f"The mid {mid!r} is malformed: it is no token of RFC 8866.")
    if len(mids) > 1 or bundle:
        if not all(mids) or len(set(mids)) != len(mids):
            raise BadOffer("Every section needs a mid of its own.")
        if set(bundle) != set(mids) or len(set(bundle)) != len(bundle):
            raise BadOffer("All sections must be in one BUNDLE group.", status=422)


def _check_numbers(sections: tuple[MediaOffer, ...]) -> None:
    """Checks that a payload type means one thing in the bundle (RFC 9143 section 9.1)."""
    seen: set[int] = set()
    for section in sections:
        numbers = {payload.number for payload in section.payloads}
        if numbers & seen:
            raise BadOffer(f"Payload type {min(numbers & seen)} stands for audio and for video.")
        seen |= numbers


class _Reader:
    """Resolves the sections of one offer."""

    def __init__(self, session: Description, tagged: Section, publishes: bool) -> None:
        self._session = session
        self._tagged = tagged
        self._publishes = publishes

    def read(self, section: Section, mid: str) -> MediaOffer:
        """Reads one used section. Raises BadOffer."""
        self._check_direction(section)
        self._check_profile(section)
        payloads = choose_payloads(section, publishes=self._publishes)
        simulcast = SimulcastOffer()
        if self._publishes and section.kind == "video":
            numbers = {payload.number for payload in payloads}
            simulcast = read_simulcast(section, numbers)
        extensions = self._extensions(
            section,
            mid,
            has_layers=bool(simulcast.layers),
            has_transport_cc=any(TRANSPORT_CC in payload.feedback for payload in payloads),
        )
        if not any(extension.uri == TRANSPORT_NUMBER for extension in extensions):
            # Nothing could be told of packets that bear no number.
            payloads = without_feedback(payloads, TRANSPORT_CC)
        return MediaOffer(
            section.kind,
            section.protocol,
            section.formats,
            mid,
            payloads,
            extensions=extensions,
            simulcast=simulcast,
            ssrcs=_ssrcs(section),
            is_layered=len(simulcast.layers) > 1 or _has_sim_group(section),
            has_reduced_size="rtcp-rsize" in section.attributes,
        )

    def allows_mixed(self, section: Section) -> bool:
        """True if one-byte and two-byte extension headers may alternate."""
        name = "extmap-allow-mixed"
        return name in section.attributes or name in self._session.attributes

    def _check_direction(self, section: Section) -> None:
        # RFC 8866 section 6.7: the section's own, else the session's, else sendrecv.
        own = [name for name in _DIRECTIONS if name in section.attributes]
        own = own or [name for name in _DIRECTIONS if name in self._session.attributes]
        if len(own) > 1:
            raise BadOffer(f"The {section.kind} section has more than one direction.")
        direction = own[0] if own else "sendrecv"
        role, needs = ("publish", "sendonly") if self._publishes else ("play", "recvonly")
        if direction not in (needs, "sendrecv"):
            raise BadOffer(
                f"To {role}, the {section.kind} section must be {needs}, not {direction}.",
                status=422,
            )

    def _check_profile(self, section: Section) -> None:
        if section.protocol not in _PROTOCOLS:
            raise BadOffer(
                f"The transport {section.protocol} cannot be used: UDP/TLS/RTP/SAVPF is.",
                status=422,
            )
        # RFC 9725 section 4.4.1. A bundle-only section has it from the tagged one (RFC 9143).
        places = (section, self._tagged) if not section.port else (section,)
        names = ("rtcp-mux", "rtcp-mux-only")
        if not any(name in place.attributes for place in places for name in names):
            raise BadOffer("RTP and RTCP must share a port: a=rtcp-mux is missing.", status=422)

    def _extensions(
        self, section: Section, mid: str, *, has_layers: bool, has_transport_cc: bool
    ) -> tuple[Extension, ...]:
        wanted = [SEND_TIME] if section.kind == "video" else []
        if has_transport_cc:
            wanted.append(TRANSPORT_NUMBER)
        if 1 <= len(mid) <= MAX_ONE_BYTE_LENGTH:
            wanted.append(MID)
        if has_layers:
            wanted += [RID, REPAIRED_RID]
        # We send the one-byte form only; a sender needs leave to mix in the two-byte form.
        mixes = self._publishes and self.allows_mixed(section)
        return choose_extensions(
            (*section.values("extmap"), *self._session.values("extmap")),
            tuple(wanted),
            blocked="recvonly" if self._publishes else "sendonly",
            max_id=MAX_TWO_BYTE_ID if mixes else MAX_ONE_BYTE_ID,
        )


def _ssrcs(section: Section) -> tuple[int, ...]:
    """Returns the SSRCs of the section; aiortc can use one and that of its retransmissions."""
    found: dict[int, None] = {}
    for value in section.values("ssrc"):
        # Eleven digits suffice to see that a number is over 32 bits; longer texts cost ever more to
        # read.
        number = value.split(" ")[0]
        if number.isascii() and number.isdecimal() and int(number[:11]) < 2**32:
            found[int(number[:11])] = None
    return tuple(found) if len(found) <= _MAX_SSRCS else ()


def _has_sim_group(section: Section) -> bool:
    """True for simulcast as it was before RFC 8853: layers are known by their SSRCs alone."""
    return any(value.split()[:1] == ["SIM"] for value in section.values("ssrc-group"))
