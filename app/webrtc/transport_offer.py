"""Reads the ICE and DTLS attributes of an offer: one transport for all sections (RFC 9143)."""

from __future__ import annotations

import dataclasses
import ipaddress
import re

from app.errors import BadOffer
from app.webrtc.sdp_description import Description, Section, only_value

UFRAG, PASSWORD = "ICE user name", "ICE password"
"""Names of the two credentials in sentences."""

MAX_CANDIDATES = 64
MAX_FINGERPRINTS = 8

_CREDENTIAL = re.compile(r"[!-9;-~]{1,256}")
"""RFC 8839 section 5.4 allows letters, digits, + and /; a colon would break the STUN user name."""

_CANDIDATE = re.compile(
    r"\S{1,32} [12] (?:udp|UDP) \d{1,10} (\S{1,64}) (\d{1,5}) typ (?:host|srflx|prflx|relay)\b",
    re.ASCII,
)
_FINGERPRINT = re.compile(r"([A-Za-z0-9-]{1,16}) +([0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})*)")
_DIGEST_BYTES = {"sha-256": 32, "sha-384": 48, "sha-512": 64}
"""RFC 8122 section 5 wants SHA-256 at least; weaker ones are not compared."""


@dataclasses.dataclass(frozen=True, slots=True)
class TransportOffer:
    """The offerer's end of the one transport."""

    ufrag: str
    password: str
    fingerprints: tuple[tuple[str, str], ...]
    "(algorithm in lower case, digest in upper case)"
    setup: str
    "``actpass``, ``active`` or ``passive``."
    candidates: tuple[str, ...]
    "Candidates that can be used, as ``a=candidate`` has them."


def read_transport(session: Description, tagged: Section) -> TransportOffer:
    """Reads the transport of the offerer-tagged section (RFC 9143 section 7.1). Raises BadOffer."""

    def inherited(name: str) -> tuple[str, ...]:
        return tagged.values(name) or session.values(name)

    if "ice-lite" in session.attributes:
        # RFC 8445 section 6.1.1 knows a pair of lite agents, but none of them checks anything, and
        # nobody would have consent to send (RFC 7675).
        raise BadOffer(
            "The offerer does ICE lite, as this server does: one must check.", status=422
        )
    fingerprints = inherited("fingerprint")
    if not any(fingerprints):
        raise BadOffer("The offer has no DTLS fingerprint.")
    return TransportOffer(
        ufrag=check_credential(only_value(inherited("ice-ufrag"), UFRAG), UFRAG),
        password=check_credential(only_value(inherited("ice-pwd"), PASSWORD), PASSWORD),
        fingerprints=_fingerprints(fingerprints),
        setup=_setup(only_value(inherited("setup"), "DTLS role")),
        candidates=usable_candidates(tagged.values("candidate")),
    )


def usable_candidates(values: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the first ``MAX_CANDIDATES`` that name a UDP port of an IP address.

    Names (mDNS) are not looked up: the peer's own checks make the pair.
    """
    # What cannot be used counts too, or the work would not be bounded.
    found = (cleaned for value in values[: 4 * MAX_CANDIDATES] if (cleaned := _candidate(value)))
    return tuple(dict.fromkeys(found))[:MAX_CANDIDATES]


def _candidate(value: str) -> str:
    match = _CANDIDATE.match(value)
    if match is None or not 1 <= int(match[2]) <= 65535:
        return ""
    try:
        ipaddress.ip_address(match[1])
    except ValueError:
        return ""
    return match[0]  # extensions such as ``generation`` are of no use here


def check_credential(value: str, what: str) -> str:
    """Returns an ICE user name fragment or password. Raises BadOffer where it is none."""
    if not value:
        raise BadOffer(f"The offer has no {what}.")
    if _CREDENTIAL.fullmatch(value) is None:
        raise BadOffer(f"The {what} is malformed.")
    return value


def _fingerprints(values: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    found: dict[tuple[str, str], None] = {}
    for value in values[:MAX_FINGERPRINTS]:
        match = _FINGERPRINT.fullmatch(value)
        if match is None:
            raise BadOffer("The DTLS fingerprint is malformed.")
        algorithm = match[1].lower()
        if algorithm not in _DIGEST_BYTES:
            continue
        if len(match[2]) != 3 * _DIGEST_BYTES[algorithm] - 1:
            raise BadOffer(f"The DTLS fingerprint is too short or too long for {algorithm}.")
        found[algorithm, match[2].upper()] = None
    if not found:
        raise BadOffer("A DTLS fingerprint by SHA-256, SHA-384 or SHA-512 is needed.", status=422)
    return tuple(found)


def _setup(value: str) -> str:
    if not value:
        # RFC 4145 section 4: without the attribute the offerer is active. The answer is then
        # "passive", which an offerer that meant actpass (RFC 8842) takes as well.
        return "active"
    if value == "holdconn":
        raise BadOffer("The DTLS role holdconn makes no connection.", status=422)
    if value not in ("actpass", "active", "passive"):
        raise BadOffer("The DTLS role (a=setup) must be actpass, active or passive.")
    return value
