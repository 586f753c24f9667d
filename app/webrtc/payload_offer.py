"""Payload types of an offer: which of them an answer takes, and with which parameters."""

from __future__ import annotations

import dataclasses
import re

from app.errors import BadOffer
from app.webrtc.sdp_description import Section

NAMES = {"h264": "H264", "vp8": "VP8", "vp9": "VP9", "opus": "opus", "rtx": "rtx"}
"""Encoding names as answers write them, by their lower-case form."""

_RTPMAP = re.compile(
    r"(0|[1-9][0-9]{0,2}) +([A-Za-z0-9._-]{1,32})/([1-9][0-9]{0,5})(?:/([0-9]{1,2}))? *"
)
_FMTP = re.compile(r"(0|[1-9][0-9]{0,2}) +([ -~]{1,4096})")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,2}")
_FEEDBACK = ("nack", "nack pli", "goog-remb")
"""What our receiver sends and our sender understands."""


@dataclasses.dataclass(frozen=True, slots=True)
class Payload:
    """One payload type that the answer takes, under the offer's number."""

    number: int
    codec: str
    "Its encoding name in lower case; ``rtx`` for a retransmission."
    clock_rate: int
    parameters: str = ""
    "As offered."
    feedback: tuple[str, ...] = ()
    base: int | None = None
    "The payload type that a retransmission repairs."

    def rtpmap(self) -> str:
        """The value of ``a=rtpmap``."""
        channels = "/2" if self.codec == "opus" else ""  # RFC 7587 section 7
        return f"{self.number} {NAMES[self.codec]}/{self.clock_rate}{channels}"


def parse_parameters(text: str) -> dict[str, str]:
    """Format parameters by name in lower case; the first of a name counts."""
    found: dict[str, str] = {}
    for part in text.split(";"):
        name, _, value = part.strip().partition("=")
        found.setdefault(name.strip().lower(), value.strip())
    return found


def choose_payloads(section: Section, *, publishes: bool) -> tuple[Payload, ...]:
    """Returns the payload types of a section that we can use, in the order of preference.

    VP9 goes behind all others: everything plays H.264 and VP8, and a worker learns more from
    them. Raises BadOffer (422) where nothing can be used.
    """
    offered = _offered(section)
    if section.kind == "audio":
        found = [p for p in offered if p.codec == "opus" and p.clock_rate == 48_000]
        if not found:
            raise BadOffer("The sound must be offered as Opus (opus/48000/2).", status=422)
        return tuple(found)
    usable = [p for p in offered if p.clock_rate == 90_000]
    found = [p for p in usable if p.codec == "vp8" or (p.codec == "vp9" and _is_profile_0(p))]
    found += _h264(usable, publishes=publishes)
    if not found:
        raise BadOffer(_nothing(usable), status=422)
    taken = {p.number for p in found}
    found += [p for p in usable if p.codec == "rtx" and p.base in taken]
    late = {p.number for p in found if p.codec == "vp9"}
    order = {p.number: place for place, p in enumerate(offered)}
    found.sort(key=lambda p: (p.number in late or p.base in late, order[p.number]))
    return tuple(found)


def _nothing(usable: list[Payload]) -> str:
    if any(p.codec == "h264" for p in usable):
        return "H.264 is offered without packetization mode 1, and no other codec can be used."
    return "None of the offered codecs can be used: H.264, VP8 and VP9 of profile 0 can."


def _h264(usable: list[Payload], *, publishes: bool) -> list[Payload]:
    """RFC 6184 section 8.1: no mode means mode 0, and mode 2 interleaves.

    Received are modes 0 and 1, sent is mode 1. Players that name no mode at all (GStreamer) take
    it too, so they get it where they name mode 1 nowhere.
    """
    by_mode: dict[str, list[Payload]] = {}
    for payload in usable:
        if payload.codec == "h264":
            mode = parse_parameters(payload.parameters).get("packetization-mode", "")
            by_mode.setdefault(mode, []).append(payload)
    if publishes:
        return [p for mode in ("", "0", "1") for p in by_mode.get(mode, [])]
    return by_mode.get("1") or by_mode.get("", [])


def _is_profile_0(payload: Payload) -> bool:
    """RFC 9628 section 6: no parameter means profile 0."""
    return parse_parameters(payload.parameters).get("profile-id", "0") == "0"


def _offered(section: Section) -> list[Payload]:
    """Every known codec of the section, in the order of its media line."""
    maps = _numbered(section, "rtpmap", _RTPMAP)
    parameters = _numbered(section, "fmtp", _FMTP)
    feedback: dict[str, set[str]] = {}
    for value in section.values("rtcp-fb"):
        which, _, kind = value.partition(" ")
        feedback.setdefault(which, set()).add(" ".join(kind.split()))
    found: dict[int, Payload] = {}
    for entry in section.formats:
        number = int(entry) if _NUMBER.fullmatch(entry) else -1
        # RFC 5761 section 4: 64 to 95 cannot be told from RTCP.
        if number not in maps or number in found or not (0 <= number < 64 or 96 <= number < 128):
            continue
        match = maps[number]
        codec = match[2].lower()
        if codec not in NAMES:
            continue
        text = parameters[number][2].strip() if number in parameters else ""
        wished = feedback.get(str(number), set()) | feedback.get("*", set())
        base = parse_parameters(text).get("apt", "") if codec == "rtx" else ""
        found[number] = Payload(
            number,
            codec,
            int(match[3]),
            text,
            feedback=tuple(f for f in _FEEDBACK if f in wished) if codec != "rtx" else (),
            base=int(base) if _NUMBER.fullmatch(base) else None,
        )
    return list(found.values())


def _numbered(section: Section, name: str, form: re.Pattern[str]) -> dict[int, re.Match[str]]:
    """The well-formed values of an attribute by payload type.

    Raises BadOffer where two disagree: nobody can tell which of them the sender will mean.
    """
    found: dict[int, re.Match[str]] = {}
    for value in dict.fromkeys(section.values(name)):
        match = form.fullmatch(value)
        if match is None:
            continue
        number = int(match[1])
        if number in found:
            raise BadOffer(f"The offer has more than one a={name} for payload type {number}.")
        found[number] = match
    return found
