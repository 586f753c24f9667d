"""SDP rules: what an offer must have, what aiortc is shown of it, what the answer says.

Sits in front of aiortc, which answers offers without a fingerprint, ``recvonly`` publishers and
garbage. RFC 9725 section 4 (WHIP), draft-ietf-wish-whep-03 section 4 (WHEP), RFC 8866 (SDP).
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re

from app.errors import BadOffer

MAX_OFFER_BYTES = 128 * 1024
MAX_SECTIONS = 8
MAX_CANDIDATES = 64

_RTPMAP = re.compile(r"a=rtpmap:(\d{1,3}) ([\w.-]+)/(\d+)")
_FMTP = re.compile(r"a=fmtp:(\d{1,3}) (.*)")
_PROFILE = re.compile(r"profile-level-id=([0-9a-fA-F]{6})")
_MODE = re.compile(r"packetization-mode=(\d)")
_VP9_PROFILE = re.compile(r"\bprofile-id=(\w*)")
_APT = re.compile(r"\s*apt=(\d{1,3})\s*")
_CANDIDATE = re.compile(
    r"a=candidate:\S{1,32} [12] (?:udp|UDP) \d{1,10} (\S+) (\d{1,5}) "
    r"typ (?:host|srflx|prflx|relay)"
)
_AS_AIORTC_WANTS = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
_DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")


@dataclasses.dataclass(frozen=True, slots=True)
class Offer:
    """A checked offer."""

    sdp: str
    "For aiortc: only what it understands, H.264 profiles written as the one it accepts, VP9 last."
    fmtp: dict[int, str]
    "H.264's and VP9's parameters as offered, by payload type; the answer repeats them."
    kinds: tuple[str, ...]
    "``audio`` and ``video`` in the order of the sections."
    codecs: frozenset[str] = frozenset()
    "Encoding names of what is offered, in lower case."


@dataclasses.dataclass(slots=True)
class _Section:
    kind: str
    lines: list[str]

    def direction(self, default: str) -> str:
        for line in self.lines:
            if line[2:] in _DIRECTIONS and line.startswith("a="):
                return line[2:]
        return default

    def has(self, prefix: str) -> bool:
        return any(line.startswith(prefix) for line in self.lines)


def check_publish_offer(sdp: str) -> Offer:
    """A WHIP offer. Raises BadOffer with the sentence and status for the sender."""
    return _check(sdp, wrong=("recvonly", "inactive"), role="publish", needs="sendonly")


def check_play_offer(sdp: str) -> Offer:
    """A WHEP offer. Raises BadOffer."""
    return _check(sdp, wrong=("sendonly", "inactive"), role="play", needs="recvonly")


def _check(sdp: str, *, wrong: tuple[str, ...], role: str, needs: str) -> Offer:
    session, sections = _split(sdp)
    default = _Section("session", session).direction("sendrecv")
    media = [section for section in sections if section.kind in ("audio", "video")]
    if not media:
        raise BadOffer("The offer has no audio and no video section.")
    if len(media) != len(sections):
        raise BadOffer("Only audio and video sections can be answered.", status=422)
    for kind in ("audio", "video"):
        if sum(section.kind == kind for section in media) > 1:
            raise BadOffer(f"The offer has more than one {kind} section.", status=422)
    if role == "publish" and not any(section.kind == "video" for section in media):
        raise BadOffer("The offer has no video section.", status=422)
    each = [[line for line in s.lines if line.startswith("a=mid:")] for s in media]
    mids = {found[0] for found in each if len(found) == 1}
    if len(mids) != len(media):
        raise BadOffer("Every section needs a mid of its own.")
    # RFC 9725 section 4.4.1: max-bundle. aiortc fails later, in a task, for a group that names
    # other sections than there are.
    groups = [line.split()[1:] for line in session if line.startswith("a=group:BUNDLE")]
    named = {mid.removeprefix("a=mid:") for mid in mids}
    if (len(media) > 1 and not groups) or groups[1:] or any(set(g) != named for g in groups):
        raise BadOffer("All sections must be in one BUNDLE group.", status=422)
    for section in media:
        if section.direction(default) in wrong:
            raise BadOffer(
                f"To {role}, the {section.kind} section must be {needs}, "
                f"not {section.direction(default)}.",
                status=422,
            )
        for what, prefix in (
            ("a DTLS fingerprint", "a=fingerprint:"),
            ("an ICE user name", "a=ice-ufrag:"),
            ("an ICE password", "a=ice-pwd:"),
        ):
            if not section.has(prefix) and not any(line.startswith(prefix) for line in session):
                raise BadOffer(f"The offer has no {what.split(' ', 1)[1]}.")
    fmtp: dict[int, str] = {}
    for section in media:
        _clean(section, fmtp, keep_mode_0=role == "publish")
    lines = session + [line for section in media for line in section.lines]
    codecs = frozenset(match[2].lower() for line in lines if (match := _RTPMAP.match(line)))
    kinds = tuple(section.kind for section in media)
    return Offer("\r\n".join(lines) + "\r\n", fmtp, kinds, codecs)


def _split(sdp: str) -> tuple[list[str], list[_Section]]:
    lines = [line.rstrip("\r") for line in sdp.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    if not lines or lines[0] != "v=0":
        raise BadOffer("The body is not an SDP offer: it does not begin with v=0.")
    session: list[str] = []
    sections: list[_Section] = []
    for number, line in enumerate(lines, 1):
        if len(line) < 2 or line[1] != "=" or not line[0].isalpha():
            raise BadOffer(f"Line {number} of the SDP is malformed.")
        if line.startswith("m="):
            if len(line.split(" ")) < 4:
                raise BadOffer(f"Line {number} of the SDP is malformed.")
            if len(sections) >= MAX_SECTIONS:
                raise BadOffer(f"The offer has more than {MAX_SECTIONS} media sections.")
            sections.append(_Section(line[2:].split(" ")[0], [line]))
        elif sections:
            sections[-1].lines.append(line)
        else:
            session.append(line)
    return session, sections


def _clean(section: _Section, fmtp: dict[int, str], *, keep_mode_0: bool) -> None:
    """Leaves what aiortc can take: known codecs it would misread rewritten, candidates checked."""
    codecs = {}
    for line in section.lines:
        match = _RTPMAP.match(line)
        if match:
            codecs[int(match[1])] = match[2].lower()
    kept: list[str] = []
    candidates = 0
    h264_types = set()
    for line in section.lines:
        if line.startswith("a=candidate:"):
            candidates += 1
            if candidates > MAX_CANDIDATES or not _is_usable(line):
                continue
        if line == "a=end-of-candidates":
            continue  # there are more: those that the peer checks from
        match = _FMTP.match(line)
        if match and codecs.get(int(match[1])) == "h264":
            payload_type = int(match[1])
            mode = _MODE.search(match[2])
            if not keep_mode_0 and (mode is None or mode[1] != "1"):
                continue
            h264_types.add(payload_type)
            fmtp[payload_type] = match[2].strip()
            line = f"a=fmtp:{payload_type} {_AS_AIORTC_WANTS}"
        kept.append(line)
    for payload_type, codec in codecs.items():
        # RFC 6184 section 8.1: no parameters mean profile 42 and mode 0.
        if codec == "h264" and payload_type not in h264_types and keep_mode_0:
            fmtp[payload_type] = ""
            kept.append(f"a=fmtp:{payload_type} {_AS_AIORTC_WANTS}")
    section.lines[:] = kept
    _place_vp9(section, fmtp, {number for number, codec in codecs.items() if codec == "vp9"})


def _place_vp9(section: _Section, fmtp: dict[int, str], offered: set[int]) -> None:
    """Takes out VP9 but for profile 0, which goes behind all other codecs.

    Everything plays H.264 and VP8, and a worker learns more from them.
    """
    parameters = {
        int(match[1]): match[2].strip() for line in section.lines if (match := _FMTP.match(line))
    }
    # RFC 9628 section 6: no parameters mean profile 0.
    profiles = {n: _VP9_PROFILE.search(parameters.get(n, "")) for n in offered}
    taken = {n for n, profile in profiles.items() if profile is None or profile[1] == "0"}
    fmtp.update({number: parameters.get(number, "") for number in taken})
    repairs = {
        number
        for number, text in parameters.items()
        if (apt := _APT.fullmatch(text)) and int(apt[1]) in taken
    }
    first: list[str] = []
    last: list[str] = []
    for line in section.lines:
        match = _RTPMAP.match(line) or _FMTP.match(line)
        number = int(match[1]) if match else -1
        if number not in offered - taken:
            (last if number in taken | repairs else first).append(line)
    section.lines[:] = first + last


def _is_usable(candidate: str) -> bool:
    """True for UDP at an IP address.

    Names (mDNS) are not looked up: the peer's own checks make the pair.
    """
    match = _CANDIDATE.match(candidate)
    if match is None or not 1 <= int(match[2]) <= 65535:
        return False
    try:
        ipaddress.ip_address(match[1])
    except ValueError:
        return False
    return True


def finish_answer(
    answer: str, offer: Offer, *, start_kbps: int | None, mapped: tuple[str, ...]
) -> str:
    """The answer as it is sent.

    Parameters as offered (RFC 6184 section 8.2.2, RFC 9628 section 6: profiles must be equal),
    Chromium's start bitrate, ``rtcp-mux-only`` (RFC 8858), candidates of mapped addresses.
    """
    lines: list[str] = []
    for line in answer.replace("\r\n", "\n").strip("\n").split("\n"):
        match = _FMTP.match(line)
        if match and int(match[1]) in offer.fmtp:
            payload_type = int(match[1])
            parameters = offer.fmtp[payload_type]
            if start_kbps:
                parameters = ";".join(
                    part for part in (parameters, f"x-google-start-bitrate={start_kbps}") if part
                )
            if parameters:
                lines.append(f"a=fmtp:{payload_type} {parameters}")
            continue
        if line.startswith("a=candidate:") and mapped:
            lines.extend(_mapped(line, mapped))
            continue
        lines.append(line)
        match = _RTPMAP.match(line)
        if match and match[2].lower() == "vp8" and start_kbps:
            lines.append(f"a=fmtp:{match[1]} x-google-start-bitrate={start_kbps}")
        if line == "a=rtcp-mux":
            lines.append("a=rtcp-mux-only")
    return "\r\n".join(lines) + "\r\n"


def _mapped(line: str, mapped: tuple[str, ...]) -> list[str]:
    """The candidate line once per mapped address of its own family, in its place."""
    parts = line.split(" ")
    is_v6 = ":" in parts[4]
    return [
        " ".join([*parts[:4], address, *parts[5:]])
        for address in mapped
        if (":" in address) == is_v6
    ]
