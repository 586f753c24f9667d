"""Parses SDP text into its sections and attributes (RFC 8866), within hard bounds.

Knows the syntax only. What the attributes mean is read by ``sdp_offer.py`` and what it uses.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping

from app.errors import BadOffer, BodyTooLarge

MAX_OFFER_BYTES = 128 * 1024
MAX_LINES = 4096
"""A browser's offer has some 400 lines; reading this many takes a few milliseconds."""
MAX_SECTIONS = 8
MAX_FORMATS = 128
"""There are 128 RTP payload types."""

_MEDIA = re.compile(
    r"m=([A-Za-z0-9.+_-]{1,32}) +([0-9]{1,5})(?:/[0-9]{1,5})? +([A-Za-z0-9/.-]{1,32}) +(.+)"
)
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
MAX_TOKEN = 64
"""Maximum number of characters in a token, for example in a mid; browsers use one to sixteen."""

_TOKEN = re.compile(r"[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]+")

_ASCII = frozenset(
    {
        "extmap",
        "fingerprint",
        "fmtp",
        "group",
        "ice-options",
        "ice-pwd",
        "ice-ufrag",
        "mid",
        "rid",
        "rtcp-fb",
        "rtpmap",
        "setup",
        "simulcast",
    }
)
"""Attributes that cannot be left out without changing what the rest means."""

Attributes = Mapping[str, tuple[str, ...]]
"""The values of each attribute by its name, in their order; an attribute without value has ""."""


@dataclasses.dataclass(frozen=True, slots=True)
class Section:
    """One media section (RFC 8866 section 5.14) with its own attributes."""

    kind: str
    "``audio``, ``video`` or another media type."
    port: int
    protocol: str
    formats: tuple[str, ...]
    attributes: Attributes

    def values(self, name: str) -> tuple[str, ...]:
        """Returns all values of an attribute."""
        return self.attributes.get(name, ())


@dataclasses.dataclass(frozen=True, slots=True)
class Description:
    """A session description: session attributes and media sections."""

    attributes: Attributes
    sections: tuple[Section, ...]

    def values(self, name: str) -> tuple[str, ...]:
        """Returns all values of a session attribute."""
        return self.attributes.get(name, ())


def is_token(text: str) -> bool:
    """True for a token of RFC 8866 section 9, with at most ``MAX_TOKEN`` characters."""
    return len(text) <= MAX_TOKEN and _TOKEN.fullmatch(text) is not None


def only_value(values: tuple[str, ...], what: str) -> str:
    """Returns an attribute's one value, "" if it is absent. Raises BadOffer where values differ."""
    if len(set(values)) > 1:
        raise BadOffer(f"The offer has more than one {what} where one is allowed.")
    return values[0] if values else ""


def attributes_of(text: str) -> Attributes:
    """Returns the attributes of an SDP fragment (RFC 8840 section 9), whatever their section.

    Raises BadOffer or BodyTooLarge.
    """
    found: dict[str, list[str]] = {}
    for number, line in enumerate(_lines(text), 1):
        _check_line(number, line)
        _note(line, found)
    return _frozen(found)


def parse_description(text: str) -> Description:
    """Parses the sections and attributes of an SDP text. Raises BadOffer or BodyTooLarge.

    Lines may end with CRLF or LF (RFC 8866 section 5).
    """
    lines = _lines(text)
    if not lines or lines[0] != "v=0":
        raise BadOffer("The body is not an SDP offer: it does not begin with v=0.")
    session: dict[str, list[str]] = {}
    media: list[tuple[re.Match[str], dict[str, list[str]]]] = []
    for number, line in enumerate(lines, 1):
        _check_line(number, line)
        # Attributes in front of the first media line are those of the session.
        _note(line, media[-1][1] if media else session)
        if line[0] == "m":
            if len(media) >= MAX_SECTIONS:
                raise BadOffer(f"The offer has more than {MAX_SECTIONS} media sections.")
            match = _MEDIA.fullmatch(line)
            if match is None:
                raise _malformed(number)
            media.append((match, {}))
    return Description(_frozen(session), tuple(_section(match, found) for match, found in media))


def _lines(text: str) -> list[str]:
    if len(text) > MAX_OFFER_BYTES:
        raise BodyTooLarge(f"An SDP offer may have {MAX_OFFER_BYTES // 1024} KiB at most.")
    lines = [line.removesuffix("\r") for line in text.rstrip("\r\n \t").split("\n")]
    if len(lines) > MAX_LINES:
        raise BadOffer(f"The SDP has more than {MAX_LINES} lines.")
    return lines if lines != [""] else []


def _note(line: str, found: dict[str, list[str]]) -> None:
    """Keeps an attribute. Raises BadOffer where one that means something here is not ASCII; others
    may hold any text, and are left out.
    """
    if line[0] != "a":
        return
    name, _, value = line[2:].partition(":")
    if line.isascii():
        found.setdefault(name, []).append(value.strip())
    elif name in _ASCII:
        raise BadOffer(f"The SDP has an attribute {name} with characters that are not ASCII.")


def _check_line(number: int, line: str) -> None:
    if line[1:2] != "=" or not ("a" <= line[0] <= "z") or _CONTROLS.search(line):
        raise _malformed(number)


def _malformed(number: int) -> BadOffer:
    return BadOffer(f"Line {number} of the SDP is malformed.")


def _section(match: re.Match[str], attributes: dict[str, list[str]]) -> Section:
    formats = tuple(filter(None, match[4].split(" ")))
    if int(match[2]) > 65535 or not 0 < len(formats) <= MAX_FORMATS:
        raise BadOffer(f"The media line {match[0][:40]!r} is malformed.")
    if not all(is_token(entry) for entry in formats):
        raise BadOffer(f"The media line {match[0][:40]!r} has malformed formats.")
    return Section(match[1], int(match[2]), match[3], formats, _frozen(attributes))


def _frozen(attributes: dict[str, list[str]]) -> Attributes:
    return {name: tuple(values) for name, values in attributes.items()}
