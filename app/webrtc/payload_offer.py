"""Payload types of an offer: which of them an answer takes, and with which parameters."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable

from app.errors import BadOffer
from app.webrtc.sdp_description import Section
from media.codec import CodecDescriptor
from media.codec_table import BY_NAME, TABLE
from media.fmtp import parse_parameters

RTX = "rtx"
"""Encoding name of retransmissions (RFC 4588 section 8.6)."""

VIDEO_CLOCK_RATE = 90_000
"""Clock rate of every video payload format of RTP, and of its retransmissions, in Hz."""

_RTPMAP = re.compile(
    r"(0|[1-9][0-9]{0,2}) +([A-Za-z0-9._-]{1,32})/([1-9][0-9]{0,5})(?:/([0-9]{1,2}))? *"
)
_FMTP = re.compile(r"(0|[1-9][0-9]{0,2}) +([ -~]{1,4096})")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,2}")
REMB = "goog-remb"
"""Feedback that tells a sender the most that it may send (draft-alvestrand-rmcat-remb-03)."""

TRANSPORT_CC = "transport-cc"
"""Feedback that needs a header extension too: ``extension_map.TRANSPORT_NUMBER``."""

_FEEDBACK = ("nack", "nack pli", REMB, TRANSPORT_CC)
"""Feedback that our receiver sends and our sender understands."""


@dataclasses.dataclass(frozen=True, slots=True)
class Payload:
    """One payload type that the answer takes, under the offer's number."""

    number: int
    codec: CodecDescriptor | None
    "None for a retransmission."
    clock_rate: int
    parameters: str = ""
    "The format parameters as offered."
    feedback: tuple[str, ...] = ()
    base: int | None = None
    "The payload type that a retransmission repairs."

    def rtpmap(self) -> str:
        """Returns the value of ``a=rtpmap``."""
        form = f"{RTX}/{self.clock_rate}" if self.codec is None else self.codec.rtpmap
        return f"{self.number} {form}"


def choose_payloads(section: Section, *, publishes: bool) -> tuple[Payload, ...]:
    """Returns the payload types of a section that we can use, in the order of preference.

    Codecs of a greater rank go behind all others. Raises BadOffer (422) where nothing can be used.
    """
    offered = [each for each in _offered(section) if _is_ours(each, section.kind)]
    found = _chosen([each for each in offered if each.codec is not None], publishes)
    if not found:
        raise BadOffer(_nothing(section.kind, offered), status=422)
    ranks = {p.number: p.codec.rank for p in found if p.codec is not None}
    repairs = [p for p in offered if p.codec is None and p.base in ranks]
    order = _order(offered, found)

    def place_of(payload: Payload) -> tuple[int, int]:
        """Returns the sort key: a retransmission goes with the payload type that it repairs."""
        repaired = payload.number if payload.base is None else payload.base
        return ranks[repaired], order[payload.number]

    return tuple(sorted((*found, *repairs), key=place_of))


def _order(offered: list[Payload], found: list[Payload]) -> dict[int, int]:
    """Returns the places of all payload types: as offered, but those of one codec share their
    places in that codec's own order.
    """
    order = {payload.number: place for place, payload in enumerate(offered)}
    for codec in {payload.codec for payload in found}:
        own = [payload.number for payload in found if payload.codec is codec]
        places = sorted(order[number] for number in own)
        order |= dict(zip(own, places, strict=True))
    return order


def _is_ours(payload: Payload, kind: str) -> bool:
    if payload.codec is None:
        return kind == "video" and payload.clock_rate == VIDEO_CLOCK_RATE
    return payload.codec.kind == kind and payload.clock_rate == payload.codec.clock_rate


def _chosen(offered: list[Payload], publishes: bool) -> list[Payload]:
    """Returns the payload types whose parameters their codecs accept."""
    found: list[Payload] = []
    for codec in TABLE:
        own = [payload for payload in offered if payload.codec is codec]
        parameters = [parse_parameters(payload.parameters) for payload in own]
        # A codec sees all of its payload types at once, since its choice may depend on the others.
        found += (own[place] for place in codec.choose(parameters, publishes))
    return found


def _nothing(kind: str, offered: list[Payload]) -> str:
    """Returns the sentence that refuses a section."""
    own = [each for each in TABLE if each.kind == kind]
    if len(own) == 1:
        return f"The {kind} must be offered as {own[0].title} ({own[0].rtpmap})."
    for payload in offered:
        if payload.codec is not None and payload.codec.unacceptable:
            codec = payload.codec
            return f"{codec.title} is offered {codec.unacceptable}, and no other codec can be used."
    *first, last = (each.acceptable or each.title for each in own)
    return f"None of the offered codecs can be used: {', '.join(first)} and {last} can."


def without_feedback(payloads: Iterable[Payload], kind: str) -> tuple[Payload, ...]:
    """Returns the payload types without one kind of feedback."""
    return tuple(
        dataclasses.replace(payload, feedback=tuple(f for f in payload.feedback if f != kind))
        for payload in payloads
    )


def _offered(section: Section) -> list[Payload]:
    """Returns every known codec of the section, in the order of its media line, each with those
    of the known kinds of feedback that are offered for it.
    """
    maps = _numbered(section, "rtpmap", _RTPMAP)
    parameters = _numbered(section, "fmtp", _FMTP)
    feedback: dict[str, set[str]] = {}
    for value in section.values("rtcp-fb"):
        which, _, kind = value.partition(" ")
        # An asterisk stands for all payload types of the section (RFC 4585 section 4.2).
        feedback.setdefault(which, set()).add(" ".join(kind.split()))
    found: dict[int, Payload] = {}
    for entry in section.formats:
        number = int(entry) if _NUMBER.fullmatch(entry) else -1
        # RFC 5761 section 4: 64 to 95 cannot be told from RTCP.
        if number not in maps or number in found or not (0 <= number < 64 or 96 <= number < 128):
            continue
        match = maps[number]
        name = match[2].lower()
        codec = BY_NAME.get(name)
        if codec is None and name != RTX:
            continue
        text = parameters[number][2].strip() if number in parameters else ""
        asked = feedback.get(str(number), set()) | feedback.get("*", set())
        base = parse_parameters(text).get("apt", "") if codec is None else ""
        found[number] = Payload(
            number,
            codec,
            int(match[3]),
            text,
            feedback=tuple(f for f in _FEEDBACK if f in asked) if codec is not None else (),
            base=int(base) if _NUMBER.fullmatch(base) else None,
        )
    return list(found.values())


def _numbered(section: Section, name: str, form: re.Pattern[str]) -> dict[int, re.Match[str]]:
    """Returns the well-formed values of an attribute by payload type.

    Raises BadOffer where two disagree: nobody can tell which of them the sender will mean.
    """
    found: dict[int, re.Match[str]] = {}
    # The same line twice says nothing new and is no contradiction.
    for value in dict.fromkeys(section.values(name)):
        match = form.fullmatch(value)
        if match is None:
            continue
        number = int(match[1])
        if number in found:
            raise BadOffer(f"The offer has more than one a={name} for payload type {number}.")
        found[number] = match
    return found
